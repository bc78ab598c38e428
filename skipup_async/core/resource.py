"""Resource, @endpoint, @paged, @composed: one declaration, two colours.

An endpoint is a plain method that builds a `Request`. Over a `Session` the
call is awaited, over a `BlockingSession` it blocks; the type checkers see both.
"""

import functools
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, get_args, overload

from skipup_async.core.blocking import BlockingSession
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
    """A method declared once; bound to a resource it is a function of that resource's colour."""

    def __init__(self, function: Callable[Concatenate[Any, P], Any]) -> None:
        self._function = function
        self._signatures: dict[Any, inspect.Signature] = {}
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._owner = owner

    def _declared(self) -> Any:
        """What the declaration says it returns."""
        return inspect.signature(self._function, eval_str=True).return_annotation

    def _result(self, pager: type) -> Any:
        """What a caller gets, for `help()`."""
        return self._declared()

    def told(self, call: Callable[..., Any], pager: type) -> Any:
        """*call* with the name, signature and docstring of the declaration, so that `help()` tells the truth."""
        if pager not in self._signatures:
            declared = inspect.signature(self._function, eval_str=True)
            parameters = list(declared.parameters.values())[1:]
            self._signatures[pager] = declared.replace(parameters=parameters, return_annotation=self._result(pager))
        named: Any = call
        named.__signature__ = self._signatures[pager]
        named.__doc__ = self._function.__doc__
        named.__name__ = self._function.__name__
        named.__qualname__ = self._function.__qualname__
        named.__module__ = self._function.__module__
        return named


class endpoint(Declared[P], Generic[P, T]):
    """Declare a call: the method builds its `Request`."""

    _function: Callable[Concatenate[Any, P], Request[T]]

    def __init__(self, function: Callable[Concatenate[Any, P], Request[T]]) -> None:
        super().__init__(function)

    def build(self, *args: P.args, **kwargs: P.kwargs) -> Request[T]:
        """The request the call would send."""
        return self._function(object.__new__(self._owner), *args, **kwargs)

    def _result(self, pager: type) -> Any:
        return get_args(self._declared())[0]

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        session, build = obj.sender, self._function

        async def awaited(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = await session.send(build(obj, *args, **kwargs))
            return result

        def blocking(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = session.send(build(obj, *args, **kwargs))
            return result

        return self.told(awaited, Pager) if isinstance(session, Session) else self.told(blocking, BlockingPager)


class paged(Declared[P], Generic[P, T]):
    """Declare a list: the method builds the `Request` for its first page, the caller gets a pager."""

    _function: Callable[Concatenate[Any, P], Request[Page[T]]]

    def __init__(self, function: Callable[Concatenate[Any, P], Request[Page[T]]]) -> None:
        super().__init__(function)

    def build(self, *args: P.args, **kwargs: P.kwargs) -> Request[Page[T]]:
        """The request for the first page."""
        return self._function(object.__new__(self._owner), *args, **kwargs)

    def _result(self, pager: type) -> Any:
        page = get_args(self._declared())[0]
        generic: Any = pager
        return generic[get_args(page)[0]]

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, Pager[T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, BlockingPager[T]]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        session, build = obj.sender, self._function
        pager: Any = Pager if isinstance(session, Session) else BlockingPager

        def pages(*args: P.args, **kwargs: P.kwargs) -> Any:
            return pager(session, build(obj, *args, **kwargs))

        return self.told(pages, pager)


class composed(Declared[P], Generic[P, T]):
    """Declare a method made of several calls, written once with `await`."""

    _function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]

    def __init__(self, function: Callable[Concatenate[Any, P], Coroutine[Any, Any, T]]) -> None:
        super().__init__(function)

    @overload
    def __get__(self, obj: None, owner: Any) -> Self: ...
    @overload
    def __get__(self, obj: Resource[Session], owner: Any) -> Callable[P, Coroutine[Any, Any, T]]: ...
    @overload
    def __get__(self, obj: Resource[BlockingSession], owner: Any) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: Resource[Any], owner: Any) -> Callable[P, Any]: ...
    def __get__(self, obj: Resource[Any] | None, owner: Any) -> Any:
        if obj is None:
            return self
        session, function = obj.sender, self._function
        if isinstance(session, Session):

            async def awaited(*args: P.args, **kwargs: P.kwargs) -> T:
                return await function(obj, *args, **kwargs)

            return self.told(awaited, Pager)
        twin = obj.awaited

        def blocking(*args: P.args, **kwargs: P.kwargs) -> T:
            result: T = session.wait_for(functools.partial(function, twin, *args, **kwargs))
            return result

        return self.told(blocking, BlockingPager)
