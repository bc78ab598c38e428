"""@streamed: an endless or long series, declared once as an async generator, for both colours."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from skipup_async.core.blocking import BlockingSession
from skipup_async.core.resource import Declared, Resource
from skipup_async.core.session import Session

__all__ = ["streamed"]

P = ParamSpec("P")
T = TypeVar("T")
_END: Any = object()


class streamed(Declared[P], Generic[P, T]):  # noqa: N801 - a decorator
    """Declare a series: an async generator, which blocking callers step through with `for`."""

    _function: Callable[Concatenate[Any, P], AsyncIterator[T]]

    def __init__(self, function: Callable[Concatenate[Any, P], AsyncIterator[T]]) -> None:
        super().__init__(function)

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        session, function = obj.sender, self._function
        if isinstance(session, Session):

            def awaited(*args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
                return function(obj, *args, **kwargs)

            return self.told(awaited, Session)
        twin = obj.awaited

        def blocking(*args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            return _stepped(session, function(twin, *args, **kwargs))

        return self.told(blocking, BlockingSession)


def _stepped(session: BlockingSession, series: AsyncIterator[T]) -> Iterator[T]:
    async def step() -> T:
        return await anext(series, _END)

    async def end() -> None:
        closing: Any = series
        await closing.aclose()

    try:
        while (item := session.wait_for(step)) is not _END:
            yield item
    finally:
        session.wait_for(end)
