"""Lists, page by page: a pager for each colour, and the one set of rules both follow."""

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from skipup_async.core.blocking import BlockingSession
from skipup_async.core.collected import Collected, require_pandas
from skipup_async.core.request import Page, Request
from skipup_async.core.session import Session
from skipup_async.core.stepped import stepped
from skipup_async.core.trail import Trail, each_page
from skipup_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BlockingPager", "Pager"]

T = TypeVar("T")


def _most(max_items: Any) -> int | None:
    if max_items is None:
        return None
    if isinstance(max_items, bool) or not isinstance(max_items, int) or max_items < 0:
        msg = "max_items must be a whole number of at least 0, or None for all"
        raise InvalidArgumentError(msg)
    return max_items


def _checked(prefetch: Any) -> int:
    if type(prefetch) is int and prefetch in (0, 1):
        return prefetch
    msg = "prefetch must be 0 or 1: how many pages are fetched before they are wanted"
    raise InvalidArgumentError(msg)


def _nothing(request: Request[Page[T]]) -> Collected[T]:
    """An empty list of what the pages of *request* hold."""
    return Collected(kind=get_args(request.returns)[0])


class Pager(Generic[T]):
    """A list to iterate over with `async for`: each object, or with `pages()` each page.

    Nothing is sent before the iteration begins, and each iteration begins anew.
    A page is fetched when its first object is wanted; with *prefetch* 1, while
    the page before it is in use, and never more than that one.
    """

    def __init__(self, session: Session, request: Request[Page[T]], prefetch: int = 0) -> None:
        self._session = session
        self._request = request
        self._prefetch = _checked(prefetch)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._request.route})"

    def _pages(self, most: int | None = None) -> AsyncGenerator[Page[T], None]:
        trail = Trail(self._request, self._session.dialect.cursor_parameter, most)
        return each_page(self._session, trail, self._prefetch)

    def pages(self) -> AsyncGenerator[Page[T], None]:
        """Every page, with its items and the cursor to the next."""
        return self._pages()

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async with contextlib.aclosing(self._pages()) as pages:
            async for page in pages:
                for item in page.items:
                    yield item
                del page

    async def first_page(self) -> Page[T]:
        """The first page alone: one request."""
        return await self._session.send(self._request)

    async def collect(self, max_items: int | None = None) -> Collected[T]:
        """All objects, or the first *max_items*, in a list."""
        most, items = _most(max_items), _nothing(self._request)
        if most == 0:
            return items
        async with contextlib.aclosing(self._pages(most)) as pages:
            async for page in pages:
                items.extend(page.items)
        return items[:most]

    async def to_rows(self, max_items: int | None = None) -> list[dict[str, Any]]:
        """All objects, or the first *max_items*, as dicts: what `to_dict()` gives for each."""
        return (await self.collect(max_items)).to_rows()

    async def to_pandas(self, max_items: int | None = None) -> "pd.DataFrame":
        """All objects, or the first *max_items*, as a `pandas.DataFrame`, times as times in UTC."""
        require_pandas()
        return (await self.collect(max_items)).to_pandas()


class BlockingPager(Generic[T]):
    """A list to iterate over with `for`: each object, or with `pages()` each page.

    Nothing is sent before the iteration begins, and each iteration begins anew.
    A page is fetched when its first object is wanted; with *prefetch* 1, while
    the page before it is in use, and never more than that one.
    """

    def __init__(self, session: BlockingSession, request: Request[Page[T]], prefetch: int = 0) -> None:
        self._session = session
        self._request = request
        self._prefetch = _checked(prefetch)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._request.route})"

    def _pages(self, most: int | None = None) -> Iterator[Page[T]]:
        session = self._session.session
        trail = Trail(self._request, session.dialect.cursor_parameter, most)
        if self._prefetch:
            yield from stepped(self._session, each_page(session, trail, self._prefetch))
            return
        while (request := trail.next()) is not None:
            page = self._session.send(request)
            trail.advance(page)
            yield page
            del page  # nothing here holds a page while the next one is waited for

    def pages(self) -> Iterator[Page[T]]:
        """Every page, with its items and the cursor to the next."""
        return self._pages()

    def __iter__(self) -> Iterator[T]:
        for page in self._pages():
            yield from page.items
            del page

    def first_page(self) -> Page[T]:
        """The first page alone: one request."""
        return self._session.send(self._request)

    def collect(self, max_items: int | None = None) -> Collected[T]:
        """All objects, or the first *max_items*, in a list."""
        most, items = _most(max_items), _nothing(self._request)
        if most == 0:
            return items
        for page in self._pages(most):
            items.extend(page.items)
        return items[:most]

    def to_rows(self, max_items: int | None = None) -> list[dict[str, Any]]:
        """All objects, or the first *max_items*, as dicts: what `to_dict()` gives for each."""
        return self.collect(max_items).to_rows()

    def to_pandas(self, max_items: int | None = None) -> "pd.DataFrame":
        """All objects, or the first *max_items*, as a `pandas.DataFrame`, times as times in UTC."""
        require_pandas()
        return self.collect(max_items).to_pandas()
