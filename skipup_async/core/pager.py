"""Lists, page by page: a pager for each colour, and the one set of rules both follow."""

from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, get_args

from skipup_async.core.blocking import BlockingSession
from skipup_async.core.collected import Collected, require_pandas
from skipup_async.core.request import Page, Request, after
from skipup_async.core.session import Session
from skipup_async.errors import InvalidArgumentError, PaginationError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["BlockingPager", "Pager"]

T = TypeVar("T")

# An empty page may come before a full one, but nobody has this many of them by chance.
_MOST_EMPTY_PAGES = 100


class _Trail(Generic[T]):
    """Where a list has been, and whether it goes on: follows cursors, and never in a circle."""

    def __init__(self, request: Request[Page[T]], parameter: str) -> None:
        #: The request for the page that comes next; None at the end.
        self.next: Request[Page[T]] | None = request
        self._parameter = parameter
        self._seen = {request.query.get(parameter)}
        self._empty = 0

    def advance(self, request: Request[Page[T]], page: Page[T]) -> None:
        """Go on from *page*. Raises PaginationError where its cursor leads nowhere."""
        self._empty = 0 if page.items else self._empty + 1
        if not page.has_more:
            self.next = None
            return
        cursor = page.next_cursor
        if not cursor:
            msg = "the service says that more follows and gives no cursor to it"
            raise PaginationError(msg)
        if cursor in self._seen:
            msg = "the service gave the same cursor twice: the list would never end"
            raise PaginationError(msg)
        if self._empty >= _MOST_EMPTY_PAGES:
            msg = f"the service sent {self._empty} empty pages in a row"
            raise PaginationError(msg)
        self._seen.add(cursor)
        self.next = after(request, cursor, self._parameter)


def _most(max_items: Any) -> int | None:
    if max_items is None:
        return None
    if isinstance(max_items, bool) or not isinstance(max_items, int) or max_items < 0:
        msg = "max_items must be a whole number of at least 0, or None for all"
        raise InvalidArgumentError(msg)
    return max_items


def _nothing(request: Request[Page[T]]) -> Collected[T]:
    """An empty list of what the pages of *request* hold."""
    return Collected(kind=get_args(request.returns)[0])


class Pager(Generic[T]):
    """A list to iterate over with `async for`: each object, or with `pages()` each page.

    Nothing is sent before the iteration begins, and each iteration begins anew.
    A page is fetched when its first object is wanted.
    """

    def __init__(self, session: Session, request: Request[Page[T]]) -> None:
        self._session = session
        self._request = request

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._request.route})"

    def _trail(self) -> _Trail[T]:
        return _Trail(self._request, self._session.dialect.cursor_parameter)

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Every page, with its items and the cursor to the next."""
        trail = self._trail()
        while (request := trail.next) is not None:
            page = await self._session.send(request)
            yield page
            trail.advance(request, page)

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async for page in self.pages():
            for item in page.items:
                yield item

    async def first_page(self) -> Page[T]:
        """The first page alone: one request."""
        return await self._session.send(self._request)

    async def collect(self, max_items: int | None = None) -> Collected[T]:
        """All objects, or the first *max_items*, in a list."""
        most, items = _most(max_items), _nothing(self._request)
        if most == 0:
            return items
        async for page in self.pages():
            items.extend(page.items)
            if most is not None and len(items) >= most:
                break
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
    A page is fetched when its first object is wanted.
    """

    def __init__(self, session: BlockingSession, request: Request[Page[T]]) -> None:
        self._session = session
        self._request = request

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._request.route})"

    def _trail(self) -> _Trail[T]:
        return _Trail(self._request, self._session.session.dialect.cursor_parameter)

    def pages(self) -> Iterator[Page[T]]:
        """Every page, with its items and the cursor to the next."""
        trail = self._trail()
        while (request := trail.next) is not None:
            page = self._session.send(request)
            yield page
            trail.advance(request, page)

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items

    def first_page(self) -> Page[T]:
        """The first page alone: one request."""
        return self._session.send(self._request)

    def collect(self, max_items: int | None = None) -> Collected[T]:
        """All objects, or the first *max_items*, in a list."""
        most, items = _most(max_items), _nothing(self._request)
        if most == 0:
            return items
        for page in self.pages():
            items.extend(page.items)
            if most is not None and len(items) >= most:
                break
        return items[:most]

    def to_rows(self, max_items: int | None = None) -> list[dict[str, Any]]:
        """All objects, or the first *max_items*, as dicts: what `to_dict()` gives for each."""
        return self.collect(max_items).to_rows()

    def to_pandas(self, max_items: int | None = None) -> "pd.DataFrame":
        """All objects, or the first *max_items*, as a `pandas.DataFrame`, times as times in UTC."""
        require_pandas()
        return self.collect(max_items).to_pandas()
