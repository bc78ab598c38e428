"""An async generator for callers who block."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from skipup_async.core.blocking import BlockingSession

__all__ = ["stepped"]

T = TypeVar("T")
_END: Any = object()


def stepped(session: BlockingSession, series: AsyncIterator[T]) -> Iterator[T]:
    """What the async generator *series* gives, one call into the session's loop for each."""
    generator: Any = series

    async def step() -> T:
        return await anext(series, _END)

    async def end() -> None:
        while generator.ag_running:  # noqa: ASYNC110 - a step that Ctrl-C has cancelled is on its way out
            await asyncio.sleep(0)
        await generator.aclose()

    try:
        while (item := session.wait_for(step)) is not _END:
            yield item
            del item
    finally:
        session.end(end)
