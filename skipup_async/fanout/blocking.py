"""BlockingFanOut: the same fan-out, for callers without an event loop."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, TypeVar

from skipup_async.core.blocking import BlockingSession
from skipup_async.fanout.engine import FanOut
from skipup_async.fanout.outcome import Outcome, Report
from skipup_async.fanout.plan import Plan

__all__ = ["BlockingFanOut"]

I = TypeVar("I")  # noqa: E741 - an item
T = TypeVar("T")
_END: Any = object()
_STEPS_OUT = 1000


class BlockingFanOut(Generic[I, T]):
    """Many calls at once, each in a thread: `report()` gives a `Report`, iterating gives `Outcome`s as they come.

    Nothing begins before that, and each time everything begins anew. Leaving
    the iteration early gives the calls under way up.
    """

    def __init__(self, session: BlockingSession, call: Callable[..., T], items: Iterable[I], plan: Plan) -> None:
        self._session = session
        self._call = call
        self._items = items
        self._plan = plan

    def _fan_out(self) -> FanOut[I, T]:
        return FanOut(self._call, self._items, self._plan, self._session.limiter, blocking=True)

    def report(self) -> Report[I, T]:
        """What became of all items."""

        async def run() -> Report[I, T]:
            return await self._fan_out().report()

        report: Report[I, T] = self._session.wait_for(run)
        return report

    def __iter__(self) -> Iterator[Outcome[I, T]]:
        async def begin() -> Any:
            return aiter(self._fan_out())

        outcomes = self._session.wait_for(begin)
        try:
            while (outcome := self._session.wait_for(_next, outcomes)) is not _END:
                yield outcome
        finally:
            self._session.wait_for(_close, outcomes)


async def _close(outcomes: Any) -> None:
    """End the iteration. After Ctrl-C its last step may be on its way out still, and is waited for."""
    for _ in range(_STEPS_OUT):
        try:
            await outcomes.aclose()
            return
        except RuntimeError:
            await asyncio.sleep(0)


async def _next(outcomes: Any) -> Any:
    return await anext(outcomes, _END)
