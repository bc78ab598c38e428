"""FanOut: many calls at once, bounded, each accounted for."""

import contextlib
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Generator, Iterable
from typing import Any, Generic, TypeVar

from skipup_async.core.limits import Limiter, RankedLimiter
from skipup_async.fanout.outcome import Outcome, Report
from skipup_async.fanout.plan import Plan
from skipup_async.fanout.run import Run

__all__ = ["FanOut"]

I = TypeVar("I")  # noqa: E741 - an item
T = TypeVar("T")


class FanOut(Generic[I, T]):
    """Many calls at once: await it for a `Report`, or iterate over it with `async for` for `Outcome`s as they come.

    Nothing begins before that, and each time everything begins anew. Leaving
    the iteration early gives the calls under way up.
    """

    def __init__(
        self,
        call: Callable[..., Any],
        items: AsyncIterable[I] | Iterable[I],
        plan: Plan,
        limiter: Limiter,
        *,
        blocking: bool = False,
    ) -> None:
        self._make_run: Callable[[], Run] = lambda: Run(call, items, plan, limiter, blocking=blocking)
        self._keep = plan.keep
        self._limiter = limiter

    def __await__(self) -> Generator[Any, Any, Report[I, T]]:
        return self.report().__await__()

    async def report(self) -> Report[I, T]:
        """What became of all items."""
        limit = self._limiter.snapshot() if isinstance(self._limiter, RankedLimiter) else None
        report: Report[I, T] = Report([] if self._keep else None, limit=limit)
        begun, run = time.monotonic(), self._make_run()
        async with contextlib.aclosing(run.outcomes()) as outcomes:
            async for outcome in outcomes:
                report.add(outcome)
        report.finish(time.monotonic() - begun, run.stopped)
        return report

    def __aiter__(self) -> AsyncIterator[Outcome[I, T]]:
        return self._make_run().outcomes()
