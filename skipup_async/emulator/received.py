"""What was received: a record for assertions in tests, bounded so that a long run does not fill the memory."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import attrs

_KEPT_BYTES = 64 * 1024 * 1024
_SECRET = frozenset({"authorization", "proxy-authorization", "cookie"})


class Headers(Mapping[str, str]):
    """Request headers: names in any case, the last of several values. The repr hides the API key."""

    __slots__ = ("_lines",)

    def __init__(self, lines: tuple[tuple[str, str], ...]) -> None:
        # Blanks around a value are no part of it (RFC 9110, 5.5); some versions of aiohttp leave those at its end.
        self._lines = tuple((name, value.strip(" \t")) for name, value in lines)

    def __getitem__(self, name: str) -> str:
        values = self.all(name)
        if not values:
            raise KeyError(name)
        return values[-1]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self._lines))

    def __len__(self) -> int:
        return len(dict.fromkeys(name for name, _ in self._lines))

    def __repr__(self) -> str:
        shown = {name: "[hidden]" if name.lower() in _SECRET else value for name, value in self._lines}
        return f"Headers({shown!r})"

    def all(self, name: str) -> list[str]:
        """Every value of that header, in the order sent."""
        wanted = name.lower()
        return [value for given, value in self._lines if given.lower() == wanted]


@attrs.define(eq=False, kw_only=True)
class Received:
    """One request that reached the emulator.

    *method*, *path*, *query*, *headers* and *body* are what came over the wire. *arrived* is monotonic, in seconds;
    *status* is `None` until an answer was sent, and stays so if none was.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Headers
    body: bytes = attrs.field(repr=False)
    arrived: float
    status: int | None = None

    @property
    def json(self) -> Any:
        """The decoded body, `None` without one. Raise `ValueError` if it is not JSON."""
        return json.loads(self.body) if self.body else None


class Log:
    """The latest requests in the order they arrived, and the count of all."""

    def __init__(self, keep: int) -> None:
        if keep < 1:
            raise ValueError(f"keep_requests must be at least 1, not {keep}")
        self._kept: deque[Received] = deque(maxlen=keep)
        self._bytes = 0
        self.count = 0

    def add(self, received: Received) -> None:
        """Keep *received*, and let the oldest go where it would be too much."""
        self.count += 1
        if len(self._kept) == self._kept.maxlen:
            self._bytes -= len(self._kept[0].body)
        self._kept.append(received)
        self._bytes += len(received.body)
        while self._bytes > _KEPT_BYTES:
            self._bytes -= len(self._kept.popleft().body)

    def latest(self, number: int) -> list[Received]:
        """At most *number* requests, the latest first."""
        return list(islice(reversed(self._kept), number))

    def __iter__(self) -> Iterator[Received]:
        return iter(tuple(self._kept))
