"""Who goes next, among the calls of one event loop that wait."""

import asyncio
import contextlib
import enum
from collections import OrderedDict

from aiolimiter import AsyncLimiter

__all__ = ["Line", "Rank"]

#: Of every four permits, bulk calls get at least one while they wait beside interactive ones.
_INTERACTIVE_IN_A_ROW = 3


class Rank(enum.Enum):
    """How urgent a call is, most urgent first."""

    RETRY = "retry"
    INTERACTIVE = "interactive"
    BULK = "bulk"


class Line:
    """The waiting calls of one event loop: one leads and looks for a permit, the others sleep.

    A retry goes first. Interactive calls overtake bulk ones three times in a
    row, then a bulk call has its turn. Within one rank it is first come, first
    served. A call that is cancelled, at whatever moment, hands its place on.
    """

    __slots__ = ("_alarm", "_buckets", "_in_a_row", "_loop", "_waiting", "led", "ticket")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[Rank, OrderedDict[asyncio.Future[None], None]] = {rank: OrderedDict() for rank in Rank}
        self._in_a_row = 0
        self._alarm: asyncio.Future[None] | None = None
        #: Whether a call leads: then nobody may pass the line by.
        self.led = False
        #: The permit that whoever leads asks for, where permits have names; the next one goes on with the same.
        self.ticket: str | None = None
        self._buckets: dict[tuple[float, float], AsyncLimiter] = {}

    @property
    def waiting(self) -> int:
        """How many calls wait, the one that leads among them."""
        return sum(map(len, self._waiting.values())) + self.led

    async def lead(self, rank: Rank, *, first: bool = False) -> None:
        """Wait until this call leads; *first* puts it before its equals."""
        if not self.led:
            self.led = True
            return
        turn = self._loop.create_future()
        equals = self._waiting[rank]
        equals[turn] = None
        if first:
            equals.move_to_end(turn, last=False)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                equals.pop(turn, None)
            else:  # it was this call's turn, in this very tick
                self.pass_on()
            raise

    def pass_on(self) -> None:
        """Let the next call lead."""
        rank = self._next_rank()
        while rank is not None:
            turn, _ = self._waiting[rank].popitem(last=False)
            if not turn.done():  # else cancelled, in this very tick
                turn.set_result(None)
                return
            rank = self._next_rank()
        self.led = False

    def count(self, rank: Rank) -> None:
        """Note that a call of *rank* got its permit."""
        if rank is Rank.BULK:
            self._in_a_row = 0
        elif rank is Rank.INTERACTIVE:
            self._in_a_row += 1

    def outranks(self, rank: Rank) -> bool:
        """Whether somebody who waits goes before a leader of *rank*."""
        return self._next_rank(leader=rank) is not rank

    def bucket(self, size: float, spacing: float) -> AsyncLimiter:
        """Return the loop's own bucket that lets *size* calls through at once and one more each *spacing* seconds."""
        bucket = self._buckets.get((size, spacing))
        if bucket is None:
            bucket = self._buckets[size, spacing] = AsyncLimiter(size, size * spacing)
        return bucket

    async def sleep(self, seconds: float) -> None:
        """Wait for *seconds*, or until `wake`."""
        self._alarm = self._loop.create_future()
        timer = self._loop.call_later(seconds, self._ring)
        try:
            await self._alarm
        finally:
            timer.cancel()
            self._alarm = None

    def wake(self) -> None:
        """Let the leader look again at once; may be called from any thread."""
        if self.led:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits there any more
                self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        if self._alarm is not None and not self._alarm.done():
            self._alarm.set_result(None)

    def _next_rank(self, leader: Rank | None = None) -> Rank | None:
        ranks = [rank for rank in Rank if rank is leader or self._waiting[rank]]
        if not ranks:
            return None
        if ranks[0] is Rank.INTERACTIVE and self._in_a_row >= _INTERACTIVE_IN_A_ROW:
            return ranks[-1]
        return ranks[0]
