"""Where the time of one call goes. No I/O."""

from collections.abc import Callable

from skipup_async.core.timing import CallTiming

__all__ = ["Account"]


class Account:
    """What a call has spent so far, counted up from the class's values: of most calls little is."""

    #: Seconds on a clock that never goes back; every moment is one on it.
    clock: Callable[[], float]
    #: When it began.
    began: float | None = None
    #: Since when it waits for its place in the limit; None while it does not.
    asked: float | None = None
    #: When its latest attempt went out.
    out: float
    #: Seconds of network and backoff so far.
    spent: float = 0.0
    #: Seconds so far of backoff alone, in the limiter, and of the network's those at the service.
    slept: float = 0.0
    queued: float = 0.0
    served: float = 0.0

    def ask(self) -> None:
        """Note that it waits for its place in the limit from now on."""
        self.asked = self.clock()
        if self.began is None:
            self.began = self.asked

    def unplaced(self) -> None:
        """Note that it waits for a place no more, if it did; what it has waited counts."""
        if self.asked is not None:
            self.queued += self.clock() - self.asked
            self.asked = None

    def over(self, served: float) -> None:
        """Note that its latest attempt is over; for *served* seconds of it the service had the request."""
        self.spent += self.clock() - self.out
        self.served += served

    def timing(self) -> CallTiming:
        """Where its time went until now."""
        now = self.clock()
        queued = self.queued if self.asked is None else self.queued + now - self.asked
        total = 0.0 if self.began is None else now - self.began
        return CallTiming(queued, max(0.0, self.spent - self.slept), self.served, self.slept, total)

    def take_over(self, other: "Account") -> None:
        """Go on with what *other* has spent."""
        self.spent, self.slept, self.served = other.spent, other.slept, other.served
        self.queued, self.asked = other.queued, other.asked
