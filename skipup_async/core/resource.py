"""Resource, @endpoint, @paged, @composed: one declaration, two colours.

An endpoint is a plain method that builds a `Request`. Over a `Session` the
call is awaited, over a `BlockingSession` it blocks; the type checkers see both.
"""

import functools
import inspect
from collections.abc import Callable, Coroutine, Mapping
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, get_args, overload

from skipup_async.core.blocking import BlockingSession
from skipup_async.core.described import OfInstances, described, shown
from skipup_async.core.pager import BlockingPager, Pager
from skipup_async.core.request import Page, Request
from skipup_async.core.session import Session

__all__ = ["Declared", "Resource", "composed", "endpoint", "paged"]

P = ParamSpec("P")
T = TypeVar("T")
S_co = TypeVar("S_co", bound=Session | BlockingSession, covariant=True)


class Resource(Generic[S_co]):
    """The calls about one kind of object, over a session that gives them their colour."""

    def __init__(self, session: S_co) -> None:
        #: What the calls go through.
        self.sender = session
        self._twin: Any = None

    @property
    def awaited(self) -> Any:
        """This resource over a `Session`: itself, or over a `BlockingSession` the twin that its loop runs."""
        if isinstance(self.sender, Session):
            return self
        if self._twin is None:
            kind: Any = type(self)
            self._twin = kind(self.sender.session)
        return self._twin


class Declared(Generic[P]):
    """A method declared once; bound to a resource it is a method of that resource's colour."""

    def __init__(self, function: Callable[Concatenate[Any, P], Any]) -> None:
        self._function = function
        #: The function for either colour, made when it is first asked for.
        self._made: dict[bool, Callable[..., Any]] = {}
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def in_colour_of(self, resource: Resource[Any]) -> Any:
        """The method, bound to *resource*: to be awaited, or blocking."""
        awaited = isinstance(resource.sender, Session)
        function = self._made.get(awaited)
        if function is None:
            call = self._awaited() if awaited else self._blocking()
            function = self._made[awaited] = described(call, self._function, self._result(awaited))
        return MethodType(function, resource)

    def _awaited(self) -> Callable[..., Any]:
        """The function of a resource and the caller's arguments, for a caller who awaits."""
        raise NotImplementedError

    def _blocking(self) -> Callable[..., Any]:
        """The same for a caller who blocks."""
        raise NotImplementedError

    def _declared(self) -> Any:
        """What the declaration says it returns."""
        return inspect.signature(self._function, eval_str=True).return_annotation

    def _result(self, awaited: bool) -> Any:
        """What a caller gets, for `help()`."""
        return self._declared()

    @OfInstances
    def __signature__(self) -> inspect.Signature:
        """For `help()` of the class: what a call gives in the one colour, or in the other."""
        return shown(self._function, self._result(True) | self._result(False))

    def __call__(self, resource: Resource[Any], *args: P.args, **kwargs: P.kwargs) -> Any:
        """The call on *resource*, as any function in a class can be called."""
        return self.in_colour_of(resource)(*args, **kwargs)


class endpoint(Declared[P], Generic[P, T]):
    """Declare a call: the method builds its `Request`."""

    _function: Callable[Concatenate[Any, P], Request[T]]

    def __init__(self, function: Callable[Concatenate[Any, P], Request[T]]) -> None:
        super().__init__(function)

    def build(self, *args: P.args, **kwargs: P.kwargs) -> Request[T]:
        """The request the call would send."""
        return self._function(object.__new__(self._owner), *args, **kwargs)

    def _result(self, awaited: bool) -> Any:
        return get_args(self._declared())[0]

    def _awaited(self) -> Callable[..., Any]:
        build = self._function

        async def call(resource: Resource[Session], *args: P.args, **kwargs: P.kwargs) -> T:
            result: T = await resource.sender.send(build(resource, *args, **kwargs))
            return result

        return call

    def _blocking(self) -> Callable[..., Any]:
        build = self._function

        def call(resource: Resource[BlockingSession], *args: P.args, **kwargs: P.kwargs) -> T:
            return resource.sender.send(build(resource, *args, **kwargs))

        return call

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        return self if obj is None else self.in_colour_of(obj)


class paged(Declared[P], Generic[P, T]):
    """Declare a list: the method builds the `Request` for its first page, the caller gets a pager.

    An argument `prefetch` of the method's is the pager's, and no part of the request.
    """

    _function: Callable[Concatenate[Any, P], Request[Page[T]]]

    def __init__(self, function: Callable[Concatenate[Any, P], Request[Page[T]]]) -> None:
        super().__init__(function)

    def build(self, *args: P.args, **kwargs: P.kwargs) -> Request[Page[T]]:
        """The request for the first page."""
        return self._function(object.__new__(self._owner), *args, **kwargs)

    def _result(self, awaited: bool) -> Any:
        member = get_args(get_args(self._declared())[0])[0]
        pager: Any = Pager if awaited else BlockingPager
        return pager[member]

    def _awaited(self) -> Callable[..., Any]:
        build = self._function

        def pages(resource: Resource[Session], *args: P.args, **kwargs: P.kwargs) -> Pager[T]:
            return Pager(resource.sender, build(resource, *args, **kwargs), _prefetch(kwargs))

        return pages

    def _blocking(self) -> Callable[..., Any]:
        build = self._function

        def pages(resource: Resource[BlockingSession], *args: P.args, **kwargs: P.kwargs) -> BlockingPager[T]:
            return BlockingPager(resource.sender, build(resource, *args, **kwargs), _prefetch(kwargs))

        return pages

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, Pager[T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, BlockingPager[T]]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        return self if obj is None else self.in_colour_of(obj)


def _prefetch(arguments: Mapping[str, Any]) -> int:
    prefetch: int = arguments.get("prefetch", 0)
    return prefetch


class composed(Declared[P], Generic[P, T]):
    """Declare a method made of several calls, written once with `await`."""

    _function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        super().__init__(function)

    def _awaited(self) -> Callable[..., Any]:
        function = self._function

        async def call(resource: Resource[Session], *args: P.args, **kwargs: P.kwargs) -> T:
            return await function(resource, *args, **kwargs)

        return call

    def _blocking(self) -> Callable[..., Any]:
        function = self._function

        def call(resource: Resource[BlockingSession], *args: P.args, **kwargs: P.kwargs) -> T:
            work = functools.partial(function, resource.awaited, *args, **kwargs)
            result: T = resource.sender.wait_for(work)
            return result

        return call

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        return self if obj is None else self.in_colour_of(obj)
