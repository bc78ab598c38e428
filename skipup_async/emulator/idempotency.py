"""The answers kept under `Idempotency-Key` for 24 hours (support.skipup.ai/api/meeting-requests#idempotency)."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from skipup_async.emulator.call import Answer, Caller, Json, RefusedError, invalid_request, to_json
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.store import Store

_KEPT_SECONDS = 24 * 60 * 60
_LONGEST_KEY = 255


@attrs.frozen
class Claim:
    """One call under a key: whose key it is, for which route, and what it asks."""

    owner: str
    route: str
    key: str
    request: str


def claim(caller: Caller, route: str, key: str, body: Json, profile: Profile) -> Claim:
    """The claim of a call. Raise 422 `invalid_request` for a key that no header should hold."""
    if not 1 <= len(key) <= _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise invalid_request(f"Idempotency-Key must be 1 to {_LONGEST_KEY} printable characters of ASCII")
    owner = caller.key_id if profile.idempotency_scope == "api_key" else caller.workspace
    return Claim(owner, route, key, _digest(body))


def _digest(body: Json) -> str:
    """What two spellings of one JSON value have in common."""
    try:
        return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    except RecursionError:
        raise invalid_request("The body is nested too deeply") from None


class Answers:
    """What was answered to each key. `recall` and `keep` belong into the transaction of the effect."""

    def __init__(self, store: Store, profile: Profile) -> None:
        self._store = store
        self._profile = profile
        self._running: dict[tuple[str, str, str], asyncio.Event] = {}

    @asynccontextmanager
    async def running(self, claim: Claim | None) -> AsyncGenerator[None]:
        """Let one call of a key run at a time. Raise a 409 for a second one if the profile says so."""
        if claim is None:
            yield
            return
        name = (claim.owner, claim.route, claim.key)
        while (other := self._running.get(name)) is not None:
            if self._profile.idempotency_in_flight != "wait":
                raise RefusedError(409, "conflict", "A request with this Idempotency-Key is still being processed")
            await other.wait()
        done = self._running[name] = asyncio.Event()
        try:
            yield
        finally:
            del self._running[name]
            done.set()

    def recall(self, claim: Claim, now: float) -> Answer | None:
        """The answer kept for this claim. Raise as the profile says if the key came with another body."""
        row = self._store.one(
            "SELECT request, status, answer, headers FROM idempotency"
            " WHERE owner = :owner AND route = :route AND key = :key AND created_at > :oldest",
            owner=claim.owner,
            route=claim.route,
            key=claim.key,
            oldest=now - _KEPT_SECONDS,
        )
        if row is None:
            return None
        if row["request"] != claim.request and self._profile.idempotency_other_body != "replay":
            status = self._profile.idempotency_other_body
            type = "conflict" if status == 409 else "invalid_request"
            raise RefusedError(status, type, "This Idempotency-Key was used with another request")
        return Answer(row["status"], row["answer"] or None, json.loads(row["headers"]))

    def keep(self, claim: Claim, answer: Answer, now: float) -> None:
        """Keep an answer, if it is one that the profile keeps, and drop those that are too old."""
        if answer.status >= 400 and self._profile.idempotency_keeps == "successes":
            return
        self._store.run("DELETE FROM idempotency WHERE created_at <= :oldest", oldest=now - _KEPT_SECONDS)
        self._store.insert(
            "idempotency",
            owner=claim.owner,
            route=claim.route,
            key=claim.key,
            request=claim.request,
            status=answer.status,
            answer=_bytes(answer.payload),
            headers=json.dumps(dict(answer.headers)),
            created_at=now,
        )


def _bytes(payload: Any) -> bytes:
    """A payload as it goes out, which a fault's may do as it is."""
    if payload is None:
        return b""
    return payload if isinstance(payload, bytes) else to_json(payload).encode()
