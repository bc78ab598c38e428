"""The items of a fan-out, one at a time, whoever asks."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Sized
from concurrent.futures import Executor
from typing import Any, Generic, TypeVar

from skipup_async.errors import InvalidArgumentError

__all__ = ["Source"]

I = TypeVar("I")  # noqa: E741 - an item
_END: Any = object()


class Source(Generic[I]):
    """Numbers the items of any iterable and hands each to one asker; holds none.

    With an *executor* a plain iterable is advanced there, since its code may
    block, or call the client itself. Raises InvalidArgumentError for what cannot be
    iterated over.
    """

    def __init__(self, items: AsyncIterable[I] | Iterable[I], executor: Executor | None = None) -> None:
        self._lock = asyncio.Lock()
        self._executor = executor
        self._index = -1
        self._ended = False
        self._async: AsyncIterator[I] | None = None
        self._plain: Iterator[I] = iter(())
        given: Any = items
        if isinstance(items, AsyncIterable):
            self._async = aiter(items)
        elif isinstance(given, Iterable) and not isinstance(given, str | bytes):
            self._plain = iter(items)
        else:
            msg = "items must be something to iterate over, such as a list or a generator"
            raise InvalidArgumentError(msg)
        #: How many items there are; None where they do not tell.
        self.total: int | None = len(given) if isinstance(given, Sized) else None

    async def next(self) -> tuple[int, I] | None:
        """The next item with its number; None at the end."""
        if self._async is None and self._executor is None:
            item = next(self._plain, _END)
        else:
            async with self._lock:
                item = _END if self._ended else await self._slow_next()
                self._ended = item is _END
        if item is _END:
            return None
        self._index += 1
        return self._index, item

    async def _slow_next(self) -> I:
        if self._async is not None:
            return await anext(self._async, _END)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, next, self._plain, _END)
