"""How long an attempt takes, and its end when that is too long: one timer for all that is under way in a loop.

Nearly every time-out is never needed, and two timers for each attempt, one
for the whole and one for each silence, would cost a tenth of its time.
"""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, TypeVar

from skipup_async.core.bounds import Bounds

__all__ = ["SentTwiceError", "Watch", "Watchdog"]

R = TypeVar("R")
A = TypeVar("A")


class SentTwiceError(Exception):
    """The connection broke, and the HTTP library was about to send once more."""


class Watch:
    """One attempt of the running task under watch: a `with` block that ends in TimeoutError once it takes too long."""

    __slots__ = (
        "_bounds",
        "_cancelling",
        "_clock",
        "_dog",
        "_ends",
        "_expired",
        "_out",
        "_task",
        "_transport",
        "due",
        "had_connection",
        "loop",
        "waited",
    )

    def __init__(self, dog: "Watchdog", bounds: Bounds, clock: Callable[[], float] = time.monotonic) -> None:
        self._dog = dog
        self._bounds = bounds
        self._clock = clock
        self._expired = False
        #: Whether there ever was a connection; without one nothing has left.
        self.had_connection = False
        self._transport: asyncio.Transport | None = None
        #: Since when, on *clock*, there is a connection and no head of an answer; None before and after.
        self._out: float | None = None
        #: Seconds on *clock* with a connection, and without the head of an answer.
        self.waited = 0.0

    def __enter__(self) -> "Watch":
        loop = self._dog.loop
        if loop is None:
            loop = self._dog.loop = asyncio.get_running_loop()
        task = asyncio.current_task(loop)
        if task is None:
            msg = "a call is made in a task: await it there"
            raise RuntimeError(msg)
        self._task: asyncio.Task[Any] = task
        self._cancelling = task.cancelling()
        #: The loop it runs in.
        self.loop = loop
        now = loop.time()
        self._ends = now + self._bounds.total
        #: When it is to end, on the loop's clock, unless something is heard before.
        self.due = now + self._bounds.silence
        self._dog.watched.add(self)
        if self.due < self._dog.wakes:
            self._dog.wake_at(self.due)
        return self

    def send_once(self, request: R, send: Callable[[R], Awaitable[A]]) -> Awaitable[A]:
        """*send* the *request*; SentTwiceError at the second time, past the limiter and every count.

        Counted as connected from here on: a session of the caller's does not tell when it is.
        """
        if self.had_connection:
            raise SentTwiceError
        self.connected()
        return send(request)

    def connected(self, transport: asyncio.Transport | None = None) -> None:
        """Note that the attempt has a connection."""
        self.had_connection = True
        self._transport = transport
        self._out = self._clock()
        due = self.loop.time() + self._bounds.silence
        self.due = due if due < self._ends else self._ends  # noqa: FURB136 - min() takes three times as long

    def answered(self) -> None:
        """Note that the head of the answer is in."""
        if self._out is not None:
            self.waited, self._out = self._clock() - self._out, None

    def heard(self) -> None:
        """Note that the attempt came on, and that something else is waited for: its silence begins anew."""
        self.due = min(self._ends, self.loop.time() + self._bounds.silence)

    @property
    def is_cancelled(self) -> bool:
        """Whether somebody cancelled the task since the attempt began, or it took too long."""
        return self._task.cancelling() > self._cancelling

    def hang_up(self, *, for_good: bool) -> None:
        """Cut the connection if it is being closed, or is used no more *for_good*.

        To wait for the server's goodbye over TLS, or until it has read all it
        refused already, may outlast the loop.
        """
        if self._transport is not None and (for_good or self._transport.is_closing()):
            self._transport.abort()

    def expire(self) -> None:
        """End the attempt."""
        self.due = math.inf
        self._expired = True
        self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._dog.watched.remove(self)
        if self._out is not None:
            self.waited = self._clock() - self._out
        # A cancellation that came from elsewhere, if only in the same moment, goes on as one.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error


class Watchdog:
    """Ends the attempts of one event loop that are overdue."""

    def __init__(self) -> None:
        #: The loop, once an attempt was made: to look for the running one takes a system call each time.
        self.loop: asyncio.AbstractEventLoop | None = None
        #: What is under way.
        self.watched: set[Watch] = set()
        #: When the timer rings, on the loop's clock.
        self.wakes = math.inf
        self._timer: asyncio.TimerHandle | None = None

    def wake_at(self, when: float) -> None:
        """Set the timer to *when*, on the loop's clock; it stays set when nothing is under way any more."""
        if self._timer is not None:
            self._timer.cancel()
        self.wakes = when
        self._timer = None if when == math.inf else asyncio.get_running_loop().call_at(when, self._look)

    def rest(self) -> None:
        """Stop the timer, if nothing is under way."""
        if not self.watched:
            self.wake_at(math.inf)

    def _look(self) -> None:
        # A timer may ring a moment early, by the resolution of the loop's clock.
        now = max(self.wakes, asyncio.get_running_loop().time())
        for watch in self.watched:
            if watch.due <= now:
                watch.expire()
        self.wake_at(min((watch.due for watch in self.watched), default=math.inf))
