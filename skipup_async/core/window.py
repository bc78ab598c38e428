"""The permits of one key: each comes back a period after its answer arrived."""

from collections import OrderedDict, deque
from collections.abc import Callable

from skipup_async.core.gate import LONGEST_ATTEMPT, Gate

__all__ = ["Window"]


class Window(Gate):
    """*rate* permits, each of which comes back *per* seconds after its call was answered.

    The service saw a call no later than its answer reached us, so no window
    of *per* seconds at the service, fixed or sliding, holds more than *rate*
    of ours, however long either way took. Safe to use from any thread.
    """

    def __init__(self, rate: int, per: float, clock: Callable[[], float]) -> None:
        super().__init__(per, clock)
        self._rate = rate
        self._free = rate
        # Calls settle in the order of time, so that these two stay sorted by themselves.
        self._returns: deque[float] = deque()
        self._under_way: OrderedDict[object, float] = OrderedDict()

    @property
    def available(self) -> int:
        """How many permits are free now, whether or not the gate is open."""
        with self._lock:
            self._collect(self._clock())
            return self._free

    @property
    def idle(self) -> bool:
        """Whether nothing is owed: all permits are back, and no 429 is remembered."""
        return self.available == self._rate and not self.paused_for and not self.paced_for

    def start_of(self, number: int) -> float:
        """Return in how many seconds, at the earliest, the call *number* (from 1) in the queue can leave.

        Calls under way count as answered now.
        """
        with self._lock:
            now = self._clock()
            self._collect(now)
            rounds, place = divmod(max(number, 1) - 1, self._rate)
            start = now if place < self._free else now + self._per
            if 0 <= place - self._free < len(self._returns):
                start = self._returns[place - self._free]
            return max(start, self._opens_at) - now + rounds * self._per

    def take(self, call: object) -> float:
        """Let *call* leave and return 0.0, or return the seconds after which to ask again."""
        with self._lock:
            now = self._clock()
            if self.calm and self._free:
                self._free -= 1
                self._under_way[call] = now
                return 0.0
            return self._admit_or_delay(call, now)

    def settle(self, call: object) -> None:
        """Note that *call* is over: its permit comes back *per* seconds from now."""
        with self._lock:
            if self._under_way.pop(call, None) is not None:
                self._returns.append(self._clock() + self._per)

    def give_back(self, call: object) -> None:
        """Note that *call* was never sent: its permit is free at once."""
        with self._lock:
            if self._under_way.pop(call, None) is not None:
                self._free += 1

    def _delay(self, now: float) -> float:
        if not self.calm and (shut := super()._delay(now)):
            return shut
        if not self._free:
            self._collect(now)
        return 0.0 if self._free else self._next_return(now) - now

    def _admit(self, call: object, now: float) -> None:
        if not self.calm:
            super()._admit(call, now)
        self._free -= 1
        self._under_way[call] = now

    def _collect(self, now: float) -> None:
        while self._returns and self._returns[0] <= now:
            self._returns.popleft()
            self._free += 1
        # A loop that is blocked or gone settles nothing. What it sent has long arrived by then.
        while self._under_way and self._lost_at() <= now:
            self._under_way.popitem(last=False)
            self._free += 1

    def _next_return(self, now: float) -> float:
        # What is under way now cannot come back in less than a period.
        earliest = self._returns[0] if self._returns else now + self._per
        return min(earliest, self._lost_at()) if self._under_way else earliest

    def _lost_at(self) -> float:
        return next(iter(self._under_way.values())) + LONGEST_ATTEMPT + self._per
