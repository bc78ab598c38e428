"""API keys: made, known by their hash alone, and checked call by call (support.skipup.ai/api/authentication)."""

from __future__ import annotations

import hashlib
import re
import secrets
import sqlite3
from collections.abc import Iterable

from skipup_async.emulator.call import Answer, Caller, RefusedError
from skipup_async.emulator.identifiers import Identifiers
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.store import Store

SCOPES = frozenset(
    f"{resource}.{right}"
    for resource in ("meeting_requests", "members", "campaigns", "teams", "webhooks", "api_keys", "seats")
    for right in ("read", "write")
)
LIVE_PREFIX = "sk_live_"

_BEARER = re.compile(r"bearer +([\x21-\x7e]+)", re.IGNORECASE)
_KEY = re.compile(r"[\x21-\x7e]{1,256}")
_LONG = 16  # characters: four fewer are still too many to guess
_LONGER = 32  # and so are sixteen fewer
_USED_SECONDS = 60  # the grain of `last_used_at`: a write at every call would make every read one


class UnauthorizedError(RefusedError):
    """401, in the one of its three documented bodies that the profile asks for."""

    def __init__(self, profile: Profile, *, missing: bool) -> None:
        super().__init__(401, profile.unauthorized, "Invalid or missing API key.", {"WWW-Authenticate": "Bearer"})
        self._text = "Missing authorization token" if missing else "Invalid or expired API key"
        self._as_string = profile.unauthorized == "string"

    def answer(self) -> Answer:
        """The refusal as an answer."""
        return Answer(401, {"error": self._text}, self.headers) if self._as_string else super().answer()


class Keys:
    """The API keys of every workspace."""

    def __init__(self, store: Store, ids: Identifiers, profile: Profile) -> None:
        self._store = store
        self._ids = ids
        self._profile = profile

    def add(
        self,
        key: str,
        *,
        workspace: str,
        scopes: Iterable[str] | None,
        now: float,
        name: str = "Emulator",
        expires: int | None = None,
    ) -> str:
        """Let *key* in, for all scopes if *scopes* is `None`; give its id. A key that is known is set anew."""
        known = self.find(key)
        id = self._ids.make("key", now) if known is None else str(known["id"])
        self._store.run(
            "INSERT INTO api_keys"
            " (id, workspace_id, name, hash, beginning, ending, scopes, created_at, expires_at)"
            " VALUES (:id, :workspace, :name, :hash, :beginning, :ending, :scopes, :now, :expires)"
            " ON CONFLICT (hash) DO UPDATE SET workspace_id = :workspace, scopes = :scopes,"
            " expires_at = :expires, revoked_at = NULL",
            id=id,
            workspace=workspace,
            name=name,
            hash=_hash(key),
            beginning=beginning(key),
            ending=ending(key),
            scopes=" ".join(sorted(_known(scopes))),
            now=int(now),
            expires=expires,
        )
        return id

    def find(self, key: str) -> sqlite3.Row | None:
        """What is known of *key*, `None` if it was never let in."""
        return self._store.one("SELECT * FROM api_keys WHERE hash = :hash", hash=_hash(key))

    def revoke(self, key: str, now: float) -> bool:
        """Let *key* in no more. Say whether it was known."""
        changed = self._store.run(
            "UPDATE api_keys SET revoked_at = :now WHERE hash = :hash", now=int(now), hash=_hash(key)
        )
        return changed > 0

    def authenticate(self, authorization: list[str], now: float) -> Caller:
        """Who sent these *Authorization* headers. Raise a 401 unless it is one valid key."""
        if not any(authorization):
            raise UnauthorizedError(self._profile, missing=True)
        key = bearer(authorization)
        if key is None:
            raise UnauthorizedError(self._profile, missing=False)
        row = self._store.one(
            "SELECT id, workspace_id, scopes, last_used_at FROM api_keys WHERE hash = :hash AND revoked_at IS NULL"
            " AND (expires_at IS NULL OR expires_at > :now)",
            hash=_hash(key),
            now=now,
        )
        if row is None:
            raise UnauthorizedError(self._profile, missing=False)
        if row["last_used_at"] is None or row["last_used_at"] + _USED_SECONDS <= now:
            self._store.update("api_keys", row["id"], last_used_at=int(now))
        return Caller(key_id=row["id"], workspace=row["workspace_id"], scopes=frozenset(row["scopes"].split()))

    def require(self, caller: Caller, scope: str) -> None:
        """Raise a 403 if the key lacks *scope* (support.skipup.ai/api/errors)."""
        if scope in caller.scopes:
            return
        if self._profile.forbidden == "named":
            raise RefusedError(403, "forbidden", f"API key missing required scope: {scope}")
        raise RefusedError(403, "forbidden", "This API key does not have the required scope.")


def bearer(authorization: list[str]) -> str | None:
    """The key in these *Authorization* headers, `None` unless there is one header and it holds one."""
    match = _BEARER.fullmatch(authorization[0]) if len(authorization) == 1 else None
    return match and match[1]


def ending(key: str) -> str:
    """What may be shown of *key*, so that its owner knows it again: its last four characters, none of a short one."""
    return key[-4:] if len(key) >= _LONG else ""


def beginning(key: str) -> str:
    """What the API shows of *key*, masked as the documents do it: its first twelve characters, none of a short one."""
    return f"{key[:12] if len(key) >= _LONGER else ''}...."


def minted_key() -> str:
    """A key as the API makes one, except that it is for tests; its beginning tells it from others."""
    return f"sk_test_{secrets.token_urlsafe(24)}"


def new_key() -> str:
    """A key of its own for one emulator, clearly a test's."""
    return f"sk_test_emulator_{secrets.token_urlsafe(24)}"


def check_key(key: str, *, allow_live: bool = False) -> str:
    """*key*, if an emulator may have it. Raise `ValueError`, without the key, if not."""
    if not _KEY.fullmatch(key):
        raise ValueError("an API key is 1 to 256 visible ASCII characters")
    if key.startswith(LIVE_PREFIX) and not allow_live:
        raise ValueError(f"this key looks live ({LIVE_PREFIX}…): an emulator wants a test key")
    return key


def _known(scopes: Iterable[str] | None) -> frozenset[str]:
    wanted = SCOPES if scopes is None else frozenset(scopes)
    unknown = ", ".join(sorted(wanted - SCOPES))
    if unknown:
        raise ValueError(f"no such scope: {unknown}")
    return wanted


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
