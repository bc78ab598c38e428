"""The words of one call: who calls, what a handler works with, what goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs

from skipup_async.emulator.store.effects import record

if TYPE_CHECKING:
    from skipup_async.emulator.identifiers import Identifiers
    from skipup_async.emulator.profile import Profile
    from skipup_async.emulator.store import Store

Json = dict[str, Any]

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_SHOWN = 128  # characters of somebody's text in a message; no id is longer


@attrs.frozen(kw_only=True)
class Caller:
    """Who calls: one API key of one workspace."""

    key_id: str
    workspace: str
    scopes: frozenset[str]


@attrs.frozen(kw_only=True)
class Call:
    """A request that was let in: what its handler may read and use."""

    caller: Caller
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    now: float
    store: Store
    ids: Identifiers
    profile: Profile

    @property
    def at(self) -> int:
        """The moment of the call in whole seconds, the grain of every documented timestamp."""
        return int(self.now)

    @property
    def workspace(self) -> str:
        """The id of the workspace that the key belongs to."""
        return self.caller.workspace

    def record(self, effect: str, subject: str) -> None:
        """Write down, in the transaction of the call, that something happened to *subject*."""
        record(self.store, self.workspace, effect, subject, self.at)


@attrs.frozen
class Answer:
    """What goes back. A *payload* of `None` is an empty body, `bytes` go out as they are, all else as JSON."""

    status: int
    payload: Any = None
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])

    def with_headers(self, headers: Mapping[str, str]) -> Answer:
        """The same answer with more headers."""
        return attrs.evolve(self, headers={**self.headers, **headers}) if headers else self


class RefusedError(Exception):
    """A call is turned down, in the documented envelope (support.skipup.ai/api/errors)."""

    def __init__(self, status: int, type: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.type = type
        self.message = message
        self.headers = dict(headers or {})

    def answer(self) -> Answer:
        """The refusal as an answer."""
        return Answer(self.status, {"error": {"type": self.type, "message": self.message}}, self.headers)


def to_json(value: Any) -> str:
    """*value* as it goes out."""
    return _ENCODER.encode(value)


def invalid_value(message: str) -> RefusedError:
    """422 `validation_error`: a field is missing or has a value it cannot have."""
    return RefusedError(422, "validation_error", message)


def invalid_request(message: str) -> RefusedError:
    """422 `invalid_request`: the parameters make no sense together, or the state forbids it."""
    return RefusedError(422, "invalid_request", message)


def not_found(model: str, id: str) -> RefusedError:
    """404 `not_found`, for an unknown id and for another workspace's alike."""
    return RefusedError(404, "not_found", f"Couldn't find {model} with 'id'={id[:_SHOWN]}")
