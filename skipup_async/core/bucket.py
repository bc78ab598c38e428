"""The limiters that keep their permits in this process: the bucket with its window, and no limit at all."""

import asyncio
import math
import sys
import time
from collections.abc import Callable

from skipup_async.core.gate import Gate
from skipup_async.core.limiter import QueueLimiter, RateLimit, Slot, never_sent
from skipup_async.core.line import Line
from skipup_async.core.window import Window
from skipup_async.errors import ConfigurationError

__all__ = ["CROWDED", "PACED", "RELEASE", "TokenBucket", "Unlimited", "positive", "whole"]

#: After a 429 calls leave this much further apart than the limit asks: at exactly its rate, jitter on the way would
#: now and then put one too many into a period.
PACED = 1.01
#: And this much, once evenly spaced calls were refused too: somebody else spends on the same key.
CROWDED = 1.5
#: Calls that had to wait leave this many times as fast as the limit, not at one moment: the first 429 is back before
#: the last of them is out.
RELEASE = 30


def positive(name: str, value: object) -> float:
    """Return *value* as a float, or raise a `ConfigurationError` that names it unless it is finite and above zero."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value <= sys.float_info.max:
        raise ConfigurationError(f"{name} must be a finite number above zero, not {value!r}")
    return float(value)


def whole(name: str, value: object) -> int:
    """Return *value* as a whole number of requests, or raise a `ConfigurationError` that names it."""
    number = positive(name, value)
    if not number.is_integer():
        raise ConfigurationError(f"{name} must be a whole number of requests, not {value!r}: give a longer per instead")
    return int(number)


class _LocalLimiter(QueueLimiter):
    """A limiter whose permits are kept in this process; where it *bursts*, calls may leave at the same moment."""

    def __init__(self, gate: Gate, per: float, *, bursts: bool = True) -> None:
        super().__init__(per)
        self._gate = gate
        self._bursts = bursts

    def pause(self, seconds: float) -> None:
        """Let no request leave for *seconds*, then one, and the rest once it is answered: the service said 429."""
        self._gate.pause(seconds)
        self.wake()  # whoever waits for a probe's answer waits for another one now

    def hold(self, seconds: float) -> None:
        """Let no request leave for *seconds*: the service said that none is left until then."""
        self._gate.hold(seconds)

    def enter_at_once(self, slot: Slot) -> bool:
        """Let *slot* in without waiting, if nobody else waits and nothing holds calls apart."""
        gate = self._gate
        return gate.calm and self._bursts and not (self._lines and self._led) and not gate.take(slot)

    async def take(self, line: Line, slot: Slot) -> float:
        """Let *slot*, which leads *line*, in and return 0.0, or return the seconds after which to ask again."""
        return self._gate.take(slot)

    def leave(self, slot: Slot, error: BaseException | None) -> None:
        """Give the permit of *slot* back: at once if it was never sent, else a period from now."""
        if error is not None and never_sent(error):
            self._gate.give_back(slot)
            self.wake()
        else:
            self._gate.settle(slot)
        if not self._gate.calm and self._gate.is_probe(slot):
            # A 429 is told in this tick, by `pause`, which makes this call a probe no more.
            asyncio.get_running_loop().call_soon(self._end_probe, slot, error is None)

    def _end_probe(self, slot: Slot, passed: bool) -> None:
        self._gate.end_probe(slot, passed=passed)
        self.wake()


class TokenBucket(_LocalLimiter):
    """At most *rate* requests in any *per* seconds, counted as the service counts them.

    A permit comes back *per* seconds after its answer arrived, so that no
    window at the service holds more than *rate* requests; *burst* (None means
    *rate*) of them may leave at the same moment. One object serves any number
    of clients, event loops and threads. *clock* tells the time in seconds;
    *window* is that of another bucket, to draw on the same permits. Raise a
    `ConfigurationError` for numbers that make no sense.
    """

    def __init__(
        self,
        rate: float,
        per: float = 60.0,
        burst: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        window: Window | None = None,
    ) -> None:
        self.rate = whole("rate", rate)
        self.burst = self.rate if burst is None else whole("burst", burst)
        if self.burst > self.rate:
            raise ConfigurationError(f"burst must not be above rate: {self.burst} > {self.rate}")
        self.window = Window(self.rate, positive("per", per), clock) if window is None else window
        super().__init__(self.window, float(per), bursts=self.burst == self.rate)

    def __repr__(self) -> str:
        return f"TokenBucket({self.rate}, per={self.per}, burst={self.burst})"

    async def take(self, line: Line, slot: Slot) -> float:
        """Let *slot*, which leads *line*, in and return 0.0, or return the seconds after which to ask again."""
        if delay := self.window.delay():
            return delay
        await line.bucket(*self._shape()).acquire()
        return self.window.take(slot)

    def snapshot(self) -> RateLimit:
        """Return how the limiter stands now."""
        return RateLimit(
            limit=self.rate,
            per=self.per,
            available=self.window.available,
            waiting=self.waiting,
            next_slot=self.window.delay(),
            paused_for=self.window.paused_for,
        )

    def estimate(self, calls: int) -> float:
        """Return the seconds until *calls* more calls are answered, behind those that wait already.

        The service's own time to answer comes on top.
        """
        number = self.waiting + calls
        size, spacing = self._shape()
        shaped = max(0.0, number - size) * spacing
        if self.window.paced_for:
            shaped = min(self.window.paused_for + shaped, self.window.paced_for)
        return max(self.window.start_of(number), shaped)

    def _shape(self) -> tuple[float, float]:
        """Return how many of the calls that wait may leave at once, and the seconds between those that follow."""
        spacing = self.per / self.rate
        if self.window.paced_for:
            return 1, spacing * (CROWDED if self.window.crowded else PACED)
        if self.burst < self.rate:
            return self.burst, spacing
        return 1, spacing / RELEASE


class Unlimited(_LocalLimiter):
    """No limit of our own; after a 429 calls wait all the same, and one goes before the rest."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(Gate(0.0, clock), per=60.0)

    def __repr__(self) -> str:
        return "Unlimited()"

    def snapshot(self) -> RateLimit:
        """Return how the limiter stands now."""
        shut = self._gate.paused_for
        return RateLimit(math.inf, 0.0, math.inf, self.waiting, self._gate.delay(), shut)

    def estimate(self, calls: int) -> float:
        """Return the seconds until calls may leave again: 0.0, except after a 429."""
        return self._gate.paused_for
