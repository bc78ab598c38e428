"""@streamed: an endless or long series, declared once as an async generator, for both colours."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, get_args, overload

from skipup_async.core.blocking import BlockingSession
from skipup_async.core.resource import Declared, Resource
from skipup_async.core.session import Session
from skipup_async.core.stepped import stepped

__all__ = ["streamed"]

P = ParamSpec("P")
T = TypeVar("T")


class streamed(Declared[P], Generic[P, T]):  # noqa: N801 - a decorator
    """Declare a series: an async generator, which blocking callers step through with `for`."""

    _function: Callable[Concatenate[Any, P], AsyncIterator[T]]

    def __init__(self, function: Callable[Concatenate[Any, P], AsyncIterator[T]]) -> None:
        super().__init__(function)

    def _result(self, awaited: bool) -> Any:
        series: Any = AsyncIterator if awaited else Iterator
        return series[get_args(self._declared())[0]]

    def _awaited(self) -> Callable[..., Any]:
        function = self._function

        def series(resource: Resource[Session], *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[T]:
            return function(resource, *args, **kwargs)

        return series

    def _blocking(self) -> Callable[..., Any]:
        function = self._function

        def series(resource: Resource[BlockingSession], *args: P.args, **kwargs: P.kwargs) -> Iterator[T]:
            return stepped(resource.sender, function(resource.awaited, *args, **kwargs))

        return series

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, AsyncIterator[T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, Iterator[T]]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        return self if obj is None else self.in_colour_of(obj)
