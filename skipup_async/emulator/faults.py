"""Faults on order: the next calls fail as asked, before or after they have taken effect."""

from __future__ import annotations

import asyncio
import math
import re
import threading
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, get_args

import attrs

from skipup_async.emulator.call import Answer, Call
from skipup_async.emulator.router import API

Break = Literal["reset", "close", "silent", "truncate"]
"""How a connection fails: an RST, an end without an answer, no answer for ever, half of an answer."""

_LINE = re.compile(r"[^\r\n\0]*")
_TARGET = re.compile(r"(\*|[A-Z]+) +(\*|/\S*)")


@attrs.define(eq=False, kw_only=True)
class Fault:
    """One order. *hits* counts the calls it met; `release` lets those that it holds go on.

    *on* names the calls, *left* is how many more it meets, None for all. They get the *answer*, or lose the
    *connection*, before their effect or *after_commit*; with *delay* they take that many seconds longer, there too.
    """

    on: str
    left: int | None
    answer: Answer | None = None
    connection: Break | None = None
    after_commit: bool = False
    delay: float = 0.0
    hits: int = attrs.field(default=0, init=False)
    _gate: Gate | None = attrs.field(default=None, repr=False, alias="gate")
    _pattern: re.Pattern[str] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        self._pattern = _pattern(self.on)
        _check(self.left, self.connection, self.delay, self.answer)

    @property
    def fails(self) -> bool:
        """Whether it spoils the answer, and does not merely delay it."""
        return self.answer is not None or self.connection is not None

    def stand_in(self, call: Call) -> Answer:
        """Answer in a handler's place."""
        return self.answer or Answer(204)

    def matches(self, method: str, path: str) -> bool:
        """Whether this order is for that call."""
        return self.left != 0 and self._pattern.fullmatch(f"{method} {path}") is not None

    async def wait(self) -> None:
        """Take as long as ordered."""
        if self.delay:
            await asyncio.sleep(self.delay)
        if self._gate is not None:
            await self._gate.passed()

    @asynccontextmanager
    async def around(self) -> AsyncGenerator[None]:
        """Take as long as ordered before what is done in here, or after it if that is the order."""
        if not self.after_commit:
            await self.wait()
        try:
            yield
        finally:
            if self.after_commit:
                await self.wait()

    def release(self) -> None:
        """Let the calls that are held go on, and hold no more. Safe to call from any thread."""
        if self._gate is not None:
            self._gate.open()

    def cancel(self) -> None:
        """Fail no further call."""
        self.left = 0
        self.release()


class Gate:
    """Closed until opened, from any thread; waited for in the emulator's loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = False
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def passed(self) -> None:
        """Return when it is open."""
        event = asyncio.Event()
        with self._lock:
            if self._is_open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()

    def open(self) -> None:
        """Let through who waits, and all who come."""
        with self._lock:
            self._is_open = True
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)


class Faults:
    """The orders not yet used up, first come first served. Safe to use from any thread."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []
        self._lock = threading.Lock()
        self.end = Gate()

    def add(self, fault: Fault) -> Fault:
        """Put *fault* at the end of the queue, and give it back."""
        with self._lock:
            self._orders.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The order that this call meets, counted as used."""
        with self._lock:
            for fault in self._orders:
                if fault.matches(method, path):
                    fault.hits += 1
                    if fault.left is not None:
                        fault.left -= 1
                    return fault
        return None

    def clear(self) -> None:
        """Withdraw every order, and let go what is held."""
        with self._lock:
            orders, self._orders = self._orders, []
        for fault in orders:
            fault.cancel()

    def close(self) -> None:
        """End every wait: the emulator stops."""
        self.clear()
        self.end.open()


def failure(status: int, type: str | None, message: str | None, body: Any, headers: Mapping[str, str]) -> Answer:
    """The answer of a fault: *body* as it is, else the documented envelope around *type* and *message*."""
    if body is None:
        body = {"error": {"type": type or _TYPES.get(status, "server_error"), "message": message or "On order"}}
    return Answer(status, body.encode() if isinstance(body, str) else body, dict(headers))


_TYPES = {401: "unauthorized", 403: "forbidden", 404: "not_found", 422: "invalid_request", 429: "rate_limited"}


def _check(left: object, connection: object, delay: object, answer: Answer | None) -> None:
    """Raise `ValueError` for an order that could not be carried out, by the name that `fail` has for the argument."""
    if left is not None and not (isinstance(left, int) and left >= 1):
        raise ValueError(f"next must be None or a whole number of at least 1, not {left!r}")
    if connection is not None and connection not in get_args(Break):
        raise ValueError(f"connection is one of {', '.join(get_args(Break))}, not {connection!r}")
    if not (isinstance(delay, int | float) and 0 <= delay < math.inf):
        raise ValueError(f"delay must be a finite number of seconds, 0 or more, not {delay!r}")
    if answer is not None:
        _check_answer(answer.status, answer.headers)


def _check_answer(status: object, headers: Mapping[Any, Any]) -> None:
    if not (isinstance(status, int) and 200 <= status <= 599):
        raise ValueError(f"status must be a whole number from 200 to 599, not {status!r}")
    for name, value in headers.items():
        if not all(isinstance(text, str) and _LINE.fullmatch(text) for text in (name, value)):
            raise ValueError(f"headers must be text without line breaks, not {name!r}: {value!r}")


def _pattern(on: str) -> re.Pattern[str]:
    match = _TARGET.fullmatch("* *" if on == "*" else on)
    if match is None:
        raise ValueError(f'a fault is for "METHOD /path", with * for any and :id for one segment, not for {on!r}')
    method, path = match.groups()
    if path == API or path.startswith(f"{API}/"):
        raise ValueError(f"on names a path below {API}, without it: not {on!r}")
    segments = (r"[^/]+" if part.startswith(":") else re.escape(part).replace(r"\*", ".*") for part in path.split("/"))
    return re.compile((r"[A-Z]+" if method == "*" else method) + " " + "/".join(segments))
