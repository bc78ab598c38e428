"""A service that keeps a rate limit, and a fan-out against it over a jittery network, on virtual time."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import attrs

from skipup_async.core.limits import Rank, RankedLimiter
from skipup_async.emulator.windows import Kind, RateLimit, Verdict, Window, window
from tests.virtual_loop import run_virtually

__all__ = ["FixedByTheClock", "Outcome", "Peer", "Ranked", "Service", "Strategy", "fan_out"]

#: Seconds that a request or an answer is under way, at most.
JITTER = 0.3


class FixedByTheClock:
    """Windows that begin when the clock says so, whether or not a request comes."""

    def __init__(self, limit: RateLimit, phase: float) -> None:
        self._limit = limit
        self._phase = phase
        self._number = -math.inf
        self._count = 0

    def admit(self, now: float) -> Verdict:
        """Judge a request that arrives at *now*, in seconds, and count it if it is let in."""
        place = (now + self._phase) / self._limit.per
        if math.floor(place) != self._number:
            self._number, self._count = math.floor(place), 0
        allowed = self._count < self._limit.limit
        self._count += allowed
        return Verdict(allowed, int(self._limit.limit) - self._count, (1 - place % 1) * self._limit.per)


class Service:
    """Answers at once, 429 where its window is full, and remembers what it saw."""

    def __init__(self, kind: Kind, rate: int, per: float, chance: random.Random) -> None:
        limit = RateLimit(rate, per=per, window=kind)
        self._window: Window | FixedByTheClock = (
            FixedByTheClock(limit, chance.uniform(0, per)) if kind == "fixed" else window(limit)
        )
        #: When each request that was let in arrived.
        self.let_in: list[float] = []
        #: How many requests met a 429.
        self.refused = 0

    def answer(self, now: float) -> float | None:
        """Return None if a request that arrives at *now* is let in, else the Retry-After of its 429, in seconds."""
        verdict = self._window.admit(now)
        if verdict.allowed:
            self.let_in.append(now)
            return None
        self.refused += 1
        return float(max(1, math.ceil(verdict.wait)))


class Strategy(Protocol):
    """How one call keeps the limit: what surrounds each of its sends, and what it does after a 429."""

    def slot(self, sends: int) -> AbstractAsyncContextManager[object]:
        """Return what surrounds the next send, after *sends* refused ones."""
        ...

    def refused(self, sends: int, retry_after: float) -> Awaitable[None]:
        """Wait, or have others wait, after the 429 that send number *sends* met."""
        ...


#: Makes the strategy of one fan-out, in its loop.
Peer = Callable[[random.Random], Strategy]


class Ranked:
    """A limiter of ours, used as a client uses it."""

    def __init__(self, limiter: RankedLimiter, chance: random.Random) -> None:
        self._limiter = limiter
        self._chance = chance

    def slot(self, sends: int) -> AbstractAsyncContextManager[object]:
        """Return a slot, for a retry at the head of the line."""
        return self._limiter.slot(Rank.RETRY if sends else Rank.BULK)

    async def refused(self, sends: int, retry_after: float) -> None:
        """Close the gate for everyone, never for less than *retry_after*."""
        self._limiter.pause(retry_after + self._chance.uniform(0, min(1.0, 0.1 * retry_after)))


@attrs.frozen
class Outcome:
    """What became of a fan-out."""

    #: How many requests met a 429, and how many calls at least one.
    refusals: int
    refused_calls: int
    #: Virtual seconds until the last answer.
    finished: float
    #: Microseconds of CPU for each call, the simulation's own included.
    cpu: float
    #: When the service let each request in, in virtual seconds.
    let_in: list[float]


@attrs.define
class _FanOut:
    strategy: Strategy
    service: Service
    chance: random.Random
    refusals: int = 0
    refused_calls: int = 0

    async def call(self) -> None:
        sends = 0
        while True:
            async with self.strategy.slot(sends):
                retry_after = await self._exchange()
            if retry_after is None:
                return
            sends += 1
            self.refusals += 1
            self.refused_calls += sends == 1
            await self.strategy.refused(sends, retry_after)

    async def rival(self, every: float) -> None:
        """Send one request each *every* seconds for ever, come what may."""
        await asyncio.sleep(self.chance.uniform(0, every))
        while True:
            self.service.answer(asyncio.get_running_loop().time())
            await asyncio.sleep(every)

    async def _exchange(self) -> float | None:
        await asyncio.sleep(self.chance.uniform(0, JITTER))
        retry_after = self.service.answer(asyncio.get_running_loop().time())
        await asyncio.sleep(self.chance.uniform(0, JITTER))
        return retry_after


def fan_out(
    peer: Peer, kind: Kind, *, seed: int, calls: int = 600, rate: int = 120, per: float = 60.0, rival: float = 0.0
) -> Outcome:
    """Make *calls* calls at once against a service of this *kind* and return what became of them.

    *rival* is how many requests another program spends on the same key in each period.
    """

    async def main() -> Outcome:
        chance = random.Random(seed)
        service = Service(kind, rate, per, chance)
        run = _FanOut(peer(chance), service, chance)
        other = asyncio.create_task(run.rival(per / rival)) if rival else None
        begun = time.process_time()
        await asyncio.gather(*(run.call() for _ in range(calls)))
        cpu = (time.process_time() - begun) / calls * 1e6
        if other is not None:
            other.cancel()
        finished = asyncio.get_running_loop().time()
        return Outcome(run.refusals, run.refused_calls, finished, cpu, service.let_in)

    return run_virtually(main())
