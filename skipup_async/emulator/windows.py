"""Four ways a server may count a rate limit. Pure: the time is an argument."""

from __future__ import annotations

import math
from collections import deque
from math import inf
from typing import Literal, Protocol, get_args

import attrs

Kind = Literal["fixed", "sliding", "token", "weighted"]

_FRACTION = 1e-9  # what a sum of many small fractions may be off by


@attrs.frozen
class RateLimit:
    """*limit* requests in *per* seconds for each API key.

    SkipUp documents 120 a minute and not how they are counted; *window* says how this emulator does.
    """

    limit: int = attrs.field(default=120, validator=attrs.validators.ge(1))
    per: float = attrs.field(default=60.0, validator=[attrs.validators.gt(0), attrs.validators.lt(inf)], kw_only=True)
    window: Kind = attrs.field(default="fixed", validator=attrs.validators.in_(get_args(Kind)), kw_only=True)


@attrs.frozen
class Verdict:
    """Whether a request is let in, how many more would be, and the seconds until a refused one would be."""

    allowed: bool
    remaining: int
    wait: float


@attrs.frozen
class Fill:
    """How much of a limit is used, and the seconds until nothing of it is, if nothing more comes."""

    used: int
    wait: float


_EMPTY = Fill(0, 0.0)


class Window(Protocol):
    """Counts the requests of one API key."""

    def admit(self, now: float) -> Verdict:
        """Judge a request that arrives at *now*, in seconds, and count it if it is let in."""
        ...

    def fill(self, now: float) -> Fill:
        """Look at the count without adding to it."""
        ...


class FixedWindow:
    """A window opens with the first request and ends *per* seconds later, whatever came in between."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._opened = -inf
        self._count = 0

    def admit(self, now: float) -> Verdict:
        """See `Window.admit`."""
        if now - self._opened >= self._limit.per:
            self._opened, self._count = now, 0
        wait = self._opened + self._limit.per - now
        if self._count >= self._limit.limit:
            return Verdict(False, 0, wait)
        self._count += 1
        return Verdict(True, self._limit.limit - self._count, wait)

    def fill(self, now: float) -> Fill:
        """See `Window.fill`."""
        wait = self._opened + self._limit.per - now
        return Fill(self._count, wait) if wait > 0 else _EMPTY


class SlidingWindow:
    """No *per* seconds, wherever they begin, hold more than *limit* requests."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._times: deque[float] = deque()

    def admit(self, now: float) -> Verdict:
        """See `Window.admit`."""
        while self._times and now - self._times[0] >= self._limit.per:
            self._times.popleft()
        allowed = len(self._times) < self._limit.limit
        if allowed:
            self._times.append(now)
        return Verdict(allowed, self._limit.limit - len(self._times), self._times[0] + self._limit.per - now)

    def fill(self, now: float) -> Fill:
        """See `Window.fill`."""
        times = [time for time in self._times if now - time < self._limit.per]
        return Fill(len(times), times[-1] + self._limit.per - now) if times else _EMPTY


class TokenWindow:
    """A bucket of *limit* tokens that fills evenly, *limit* in *per* seconds."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._rate = limit.limit / limit.per
        self._tokens = float(limit.limit)
        self._filled = 0.0

    def admit(self, now: float) -> Verdict:
        """See `Window.admit`."""
        self._tokens, self._filled = self._tokens_at(now), now
        allowed = self._tokens >= 1 - _FRACTION
        if allowed:
            self._tokens = max(0.0, self._tokens - 1)
        return Verdict(allowed, int(self._tokens), max(0.0, (1 - self._tokens) / self._rate))

    def fill(self, now: float) -> Fill:
        """See `Window.fill`."""
        spent = self._limit.limit - self._tokens_at(now)
        return Fill(math.ceil(spent - _FRACTION), spent / self._rate)

    def _tokens_at(self, now: float) -> float:
        return min(self._limit.limit, self._tokens + (now - self._filled) * self._rate)


class WeightedWindow:
    """Two counters: this window's, and the last one's in the share that still reaches into the last *per* seconds."""

    def __init__(self, limit: RateLimit) -> None:
        self._limit = limit
        self._opened = -inf
        self._count = self._before = 0

    def admit(self, now: float) -> Verdict:
        """See `Window.admit`."""
        self._opened, self._count, self._before = self._turned(now)
        left = 1 - (now - self._opened) / self._limit.per
        estimate = self._count + self._before * left
        if estimate + 1 > self._limit.limit:
            return Verdict(False, 0, self._wait(left))
        self._count += 1
        return Verdict(True, int(self._limit.limit - estimate - 1), self._limit.per * left)

    def fill(self, now: float) -> Fill:
        """See `Window.fill`."""
        opened, count, before = self._turned(now)
        left = opened + self._limit.per - now
        used = math.ceil(count + before * left / self._limit.per) if count or before else 0
        return Fill(used, left + self._limit.per if count else left) if used else _EMPTY

    def _turned(self, now: float) -> tuple[float, int, int]:
        """When the window that holds *now* opened, its count, and the count of the one before."""
        passed = now - self._opened
        if passed >= 2 * self._limit.per:
            return now, 0, 0
        if passed >= self._limit.per:
            return self._opened + self._limit.per, 0, self._count
        return self._opened, self._count, self._before

    def _wait(self, left: float) -> float:
        free = self._limit.limit - 1
        if self._count <= free and self._before:  # the old window has to fade
            return max(0.0, left - (free - self._count) / self._before) * self._limit.per
        # This window is full: the next one has to come, and then this one to fade.
        return (left + max(0.0, 1 - free / self._count)) * self._limit.per


_WINDOWS: dict[Kind, type[FixedWindow] | type[SlidingWindow] | type[TokenWindow] | type[WeightedWindow]] = {
    "fixed": FixedWindow,
    "sliding": SlidingWindow,
    "token": TokenWindow,
    "weighted": WeightedWindow,
}


def window(limit: RateLimit) -> Window:
    """An empty window of the kind *limit* asks for."""
    return _WINDOWS[limit.window](limit)
