"""One call to a sibling, let in and read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol, cast

import attrs

from skipup_async.core.depth import is_deep
from skipup_async.emulator.call import Answer, Json, RefusedError
from skipup_async.emulator.received import Received


@attrs.frozen(kw_only=True)
class Asked:
    """What a sibling may read of a call. *path* is below the sibling's base URL, *now* seconds since 1970."""

    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Json
    #: Whose key it is.
    caller: str
    now: float
    #: Seconds on a clock that never jumps: limits are counted by it.
    steady: float
    #: What the work is done in: it takes as long as a fault on order wants, before the work or after it.
    around: Callable[[], AbstractAsyncContextManager[None]]

    @property
    def digest(self) -> str:
        """What two calls have in common that ask for the same."""
        asked = [self.method, self.path, sorted(self.query.items()), self.body]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class Sibling(Protocol):
    """A service beside SkipUp."""

    async def answer(self, asked: Asked) -> Answer:
        """The answer to a call; raises RefusedError."""
        ...

    def refusal(self, refused: RefusedError) -> Json:
        """The body of an error, as this service words it."""
        ...


def body_of(received: Received) -> Json:
    """The JSON object of a call, empty without a body. Raise 400 for all else."""
    try:
        value = received.json
        if is_deep(value):
            raise refused(400, "The body is nested too deeply")
        # What cannot be written again, such as half a surrogate pair, could be in no answer either.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise refused(400, "The body is not valid JSON") from None
    if value is None and not received.body:
        return {}
    if not isinstance(value, dict):
        raise refused(400, "The body must be a JSON object")
    return cast(Json, value)


def refused(status: int, message: str, headers: Mapping[str, str] | None = None) -> RefusedError:
    """An error of a sibling, which has no types."""
    return RefusedError(status, "", message, headers)
