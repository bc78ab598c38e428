"""Request and Page: what a call is, before anything is sent, and one page of a list, once it is in."""

import enum
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Generic, Literal, TypeVar, cast

import attrs

from skipup_async.core.brief import brief, several
from skipup_async.core.table import html_of_many
from skipup_async.core.unset import given
from skipup_async.errors import InvalidArgumentError

__all__ = ["Id", "Method", "Operation", "Page", "Proof", "Request", "after", "identifier", "segment"]

#: The HTTP methods a request may have.
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_is_id = re.compile(r"[A-Za-z0-9_-]{1,128}").fullmatch


class Id(str):
    """The id of one object: `[A-Za-z0-9_-]{1,128}`, else an InvalidArgumentError that names the *argument*.

    A type of its own, so that an answer can be held against the id that was
    asked for, and logs can name the route and not the object. URL libraries
    resolve ``..`` and read ``?``; an allow-list leaves them nothing to read.
    """

    __slots__ = ()

    def __new__(cls, value: object, argument: str = "id") -> "Id":
        """*value* as an id."""
        return identifier(argument, value)


def identifier(name: str, value: object) -> Id:
    """*value* as the id that the argument *name* takes."""
    if not isinstance(value, str) or _is_id(value) is None:
        msg = f"{name} must be 1 to 128 of the characters A-Z a-z 0-9 _ -"
        raise InvalidArgumentError(msg)
    return str.__new__(Id, str.__str__(value))  # str() of a member of an enum is its name


def segment(text: str) -> str:
    """*text* as one segment of a path; InvalidArgumentError for those that URL libraries resolve."""
    if text in ("", ".", ".."):
        msg = f"path must not hold the segment {text!r}"
        raise InvalidArgumentError(msg)
    return text


class Operation(enum.Enum):
    """What sending a request twice would do; it decides when a request may be sent again."""

    SAFE = "reads only"
    KEYED = "the service does it once for each idempotency key"
    IDEMPOTENT = "a second time changes nothing more"
    GUARDED = "the service refuses it the second time, and the object can be read back"
    ADDITIVE = "a second time would add again"


@attrs.frozen
class Proof:
    """How to find out whether a lost state change happened: read the object back and look."""

    #: Reads the object back.
    read: "Request[Any]"
    #: Whether the object is in the state that was asked for.
    reached: Callable[[Any], bool]
    #: Whether the object is in a state the change may start from.
    source: Callable[[Any], bool]
    #: When the object came into the state that was asked for; None where the answer does not say.
    stamp: Callable[[Any], datetime | None]
    #: When the object last changed in any way; None where the answer does not say.
    changed: Callable[[Any], datetime | None]


_BY_METHOD: Mapping[str, Operation] = {
    "GET": Operation.SAFE,
    "PUT": Operation.IDEMPOTENT,
    "PATCH": Operation.IDEMPOTENT,
    "DELETE": Operation.IDEMPOTENT,
    "POST": Operation.ADDITIVE,
}


def _operation(request: "Request[Any]") -> Operation:
    return Operation.GUARDED if request.proof is not None else _BY_METHOD[request.method]


_no_query = cast("Callable[[], Mapping[str, Any]]", dict)


@attrs.define  # not frozen, for one is made for each call: that takes half the time
class Request(Generic[T_co]):
    """One call to a service, as a value nobody changes. Two are equal when the same goes over the wire."""

    #: The HTTP method.
    method: Method
    #: The segments below the base URL, not yet quoted.
    path: tuple[str, ...]
    #: What the answer is decoded to: a record, `Page` of records, `type(None)`, or `object` for plain JSON.
    returns: type[T_co]
    #: What stands after the ``?``.
    query: Mapping[str, Any] = attrs.field(factory=_no_query, kw_only=True)
    #: What goes out as JSON; None for no body.
    body: Mapping[str, Any] | None = attrs.field(default=None, kw_only=True)
    #: The key to send; None to let the session make one where the operation has one.
    idempotency_key: str | None = attrs.field(default=None, kw_only=True)
    #: How to find out what became of it when the answer is lost.
    proof: Proof | None = attrs.field(default=None, kw_only=True, eq=False, repr=False)
    #: What a second sending would do; read off the method, unless told.
    operation: Operation = attrs.field(
        default=attrs.Factory(_operation, takes_self=True), kw_only=True, eq=False, repr=False
    )
    #: Whether the endpoint is inferred and not documented, so that the service may not have it.
    provisional: bool = attrs.field(default=False, kw_only=True, eq=False, repr=False)

    @property
    def asked_id(self) -> Id | None:
        """The id of the object this request is about, or None."""
        for segment in reversed(self.path):
            if isinstance(segment, Id):
                return segment
        return None

    @property
    def route(self) -> str:
        """Method and path with `:id` for every id: fit for logs, where an id has no place."""
        unnamed = (isinstance(segment, Id) or _is_id(segment) is None for segment in self.path)
        path = "/".join(":id" if hidden else segment for hidden, segment in zip(unnamed, self.path, strict=True))
        return f"{self.method} /{path}"


@attrs.frozen(repr=False)
class Page(Generic[T]):
    """One page of a list."""

    #: The objects on it.
    items: tuple[T, ...]
    #: Whether another page follows.
    has_more: bool = False
    #: The cursor of the page that follows, or None.
    next_cursor: str | None = None

    def __repr__(self) -> str:
        cursor = brief(self.next_cursor)
        return f"Page(items=({several(self.items)}), has_more={self.has_more}, next_cursor={cursor})"

    def _repr_html_(self) -> str:
        return html_of_many(self.items, "; more on the next page" if self.has_more else "")


def after(request: Request[Page[T]], cursor: str, parameter: str) -> Request[Page[T]]:
    """*request* for the page that begins at *cursor*; *parameter* is the service's name for a cursor."""
    return attrs.evolve(request, query={**given(request.query), parameter: cursor})
