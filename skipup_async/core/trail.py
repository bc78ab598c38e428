"""The pages of a list one after the other, and the next one ahead of its time for who wants that."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, Generic, TypeVar

from skipup_async.core.request import Page, Request, after
from skipup_async.core.session import Session
from skipup_async.errors import PaginationError

__all__ = ["Trail", "each_page"]

T = TypeVar("T")

# An empty page may come before a full one, but nobody has this many of them by chance.
_MOST_EMPTY_PAGES = 100


class Trail(Generic[T]):
    """Where a list has been, and whether it goes on: follows cursors, never in a circle, until *most* objects came."""

    def __init__(self, request: Request[Page[T]], parameter: str, most: int | None = None) -> None:
        self._request = request
        self._parameter = parameter
        self._left = most
        self._seen = {request.query.get(parameter)}
        self._empty = 0
        self._step: Request[Page[T]] | PaginationError | None = request

    def next(self) -> Request[Page[T]] | None:
        """The request for the page that comes next; None at the end. PaginationError for a cursor to nowhere."""
        if isinstance(self._step, PaginationError):
            raise self._step
        return self._step

    def foreseen(self) -> Request[Page[T]] | None:
        """The same, with None in place of an error: it is raised to who gets there, and not before."""
        return None if isinstance(self._step, PaginationError) else self._step

    def advance(self, page: Page[T]) -> None:
        """Go on from *page*."""
        self._empty = 0 if page.items else self._empty + 1
        if self._left is not None:
            self._left -= len(page.items)
        done = not page.has_more or (self._left is not None and self._left <= 0)
        self._step = None if done else self._beyond(page.next_cursor)

    def _beyond(self, cursor: str | None) -> Request[Page[T]] | PaginationError:
        if not cursor:
            return PaginationError("the service says that more follows and gives no cursor to it")
        if cursor in self._seen:
            return PaginationError("the service gave the same cursor twice: the list would never end")
        if self._empty >= _MOST_EMPTY_PAGES:
            return PaginationError(f"the service sent {self._empty} empty pages in a row")
        self._seen.add(cursor)
        return after(self._request, cursor, self._parameter)


async def each_page(session: Session, trail: Trail[T], prefetch: int) -> AsyncGenerator[Page[T], None]:
    """The pages along *trail*; with *prefetch* each is fetched while the one before it is in use."""
    coming: asyncio.Task[Page[T]] | None = None
    try:
        while (request := trail.next()) is not None:
            # On another loop the task would never end, and the session says what is wrong.
            page = await (coming if coming is not None and _is_here(coming) else session.send(request))
            trail.advance(page)
            coming = None
            if prefetch and (request := trail.foreseen()) is not None:
                coming = asyncio.create_task(session.send(request))
                coming.add_done_callback(_heed)
                # The request leaves before the page is given, for who computes leaves the loop no other turn.
                await asyncio.sleep(0)
            yield page
            del page  # nothing here holds a page while the next one is waited for
    finally:
        if coming is not None and _is_here(coming) and not coming.done():
            coming.cancel()
            await asyncio.wait([coming])


def _is_here(task: "asyncio.Task[Any]") -> bool:
    return task.get_loop() is asyncio.get_running_loop()


def _heed(task: "asyncio.Task[Any]") -> None:
    """Take note of what *task* ended in: asyncio complains of an error that nobody came for."""
    if not task.cancelled():
        task.exception()
