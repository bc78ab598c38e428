"""What a limiter is, and how a call enters and leaves one."""

import abc
import asyncio
import logging
import math
import threading
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Protocol

import attrs

from skipup_async.core.line import Line, Rank
from skipup_async.errors import APIConnectionError

__all__ = ["Limiter", "QueueLimiter", "RankedLimiter", "RateLimit", "Slot", "never_sent"]

_log = logging.getLogger("skipup_async")


class Limiter(Protocol):
    """How many requests may leave, and when."""

    def slot(self) -> AbstractAsyncContextManager[object]:
        """Return what is entered before a request is sent and left when its answer is in."""
        ...

    def pause(self, seconds: float) -> None:
        """Let no request leave for *seconds*: the service said 429."""
        ...


@attrs.frozen
class RateLimit:
    """A limiter at one moment; every time is in seconds from then."""

    #: How many requests may leave in each period; infinite where nothing limits them.
    limit: float
    #: The length of a period; 0.0 where there is none.
    per: float
    #: How many requests could leave now.
    available: float
    #: How many calls wait.
    waiting: int
    #: When the next request may leave; 0.0 is now.
    next_slot: float
    #: How long a 429, or a `RateLimit-Remaining` of 0, still keeps everyone waiting.
    paused_for: float


class RankedLimiter(abc.ABC):
    """A limiter that knows which calls go first, and can tell how it stands."""

    @abc.abstractmethod
    def slot(self, rank: Rank = Rank.BULK) -> AbstractAsyncContextManager[object]:
        """Return what is entered before a request is sent and left when its answer is in."""

    @abc.abstractmethod
    def pause(self, seconds: float) -> None:
        """Let no request leave for *seconds*, then one, and the rest once it is answered: the service said 429."""

    @abc.abstractmethod
    def hold(self, seconds: float) -> None:
        """Let no request leave for *seconds*: the service said that none is left until then."""

    def serve(self, key_hash: str) -> None:  # noqa: B027 - most limiters need not know
        """Learn whose limit this is: a client that uses the limiter tells the hash of its API key."""

    async def aclose(self) -> None:  # noqa: B027 - most limiters hold nothing
        """Close what the limiter holds open in this event loop; a later call opens it again."""

    @abc.abstractmethod
    def snapshot(self) -> RateLimit:
        """Return how the limiter stands now."""

    @abc.abstractmethod
    def estimate(self, calls: int) -> float:
        """Return the seconds until *calls* more calls are answered, behind those that wait already.

        The service's own time to answer comes on top.
        """


class Slot:
    """One request's way through a limiter: waits on entering, settles on leaving."""

    __slots__ = ("_limiter", "permit", "rank")

    def __init__(self, limiter: "QueueLimiter", rank: Rank) -> None:
        self._limiter = limiter
        #: How urgent the call is.
        self.rank = rank
        #: By what a limiter that keeps its permits elsewhere knows this one.
        self.permit: object = None

    async def __aenter__(self) -> None:
        if not self._limiter.enter_at_once(self):
            await self._limiter.enter(self)

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        settling = self._limiter.leave(self, exc)
        if settling is not None:
            await settling


def never_sent(error: BaseException | None) -> bool:
    """Whether *error* says that the request did not reach the service."""
    return isinstance(error, APIConnectionError) and not error.maybe_applied


class QueueLimiter(RankedLimiter):
    """A limiter whose calls wait in one line for each event loop, where only the first looks for a permit.

    A loop that is blocked thus holds up nobody in another. *per* is how many
    seconds pass between two log lines that say that calls wait.
    """

    def __init__(self, per: float) -> None:
        self.per = per
        self._lines: dict[asyncio.AbstractEventLoop, Line] = {}
        self._lines_lock = threading.Lock()
        self._told_at = -math.inf

    def slot(self, rank: Rank = Rank.BULK) -> Slot:
        """Return what is entered before a request is sent and left when its answer is in."""
        return Slot(self, rank)

    @abc.abstractmethod
    def enter_at_once(self, slot: Slot) -> bool:
        """Let *slot* in without waiting, if nobody else waits and it may leave now."""

    @abc.abstractmethod
    async def take(self, line: Line, slot: Slot) -> float:
        """Let *slot*, which leads *line*, in and return 0.0, or return the seconds after which to ask again."""

    @abc.abstractmethod
    def leave(self, slot: Slot, error: BaseException | None) -> Awaitable[None] | None:
        """Settle *slot*, whose request was answered or ended with *error*; return what to await for it, if anything."""

    async def enter(self, slot: Slot) -> None:
        """Wait until *slot* may go."""
        line = self.line()
        starts_line = not line.led
        again = False
        while True:
            await line.lead(slot.rank, first=again)
            try:
                if await self._find_permit(line, slot, starts_line=starts_line):
                    line.count(slot.rank)
                    return
            finally:
                line.pass_on()
            again = True  # a more urgent call came meanwhile

    def line(self) -> Line:
        """Return the line of the running loop."""
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        return self._open_line(loop) if line is None else line

    @property
    def _led(self) -> bool:
        """Whether somebody waits in the running loop."""
        line = self._lines.get(asyncio.get_running_loop())
        return line is not None and line.led

    def wake(self) -> None:
        """Let whoever leads, in whichever loop, look again."""
        for line in list(self._lines.values()):
            line.wake()

    @property
    def waiting(self) -> int:
        """How many calls wait, in all loops."""
        return sum(line.waiting for line in list(self._lines.values()))

    async def _find_permit(self, line: Line, slot: Slot, *, starts_line: bool) -> bool:
        while delay := await self.take(line, slot):
            if starts_line:
                self._tell(delay)
            await line.sleep(delay)
            if line.outranks(slot.rank):
                return False
        return True

    def _open_line(self, loop: asyncio.AbstractEventLoop) -> Line:
        with self._lines_lock:
            for closed in [known for known in self._lines if known.is_closed()]:
                del self._lines[closed]
            return self._lines.setdefault(loop, Line(loop))

    def _tell(self, delay: float) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_at >= self.per:
            self._told_at = now
            _log.info("the rate limit is used up: calls wait, the next one for %.1f s", delay)
