"""What an answer means: the object that was asked for, or the error that says why not. No I/O."""

import functools
import http
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from multidict import istr

from skipup_async.core.body import gunzip, load, too_deep
from skipup_async.core.convert import WrongShapeError, decode, decode_each
from skipup_async.core.depth import is_deep
from skipup_async.core.dialect import Dialect, ErrorParts
from skipup_async.core.headers import Headers, request_id, retry_after
from skipup_async.core.request import Page, Request
from skipup_async.core.statuses import status_error_class
from skipup_async.errors import APIStatusError, PaginationError, ResponseError

__all__ = ["Answer", "check_status", "interpret"]

T = TypeVar("T")

_CONTENT_ENCODING = istr("Content-Encoding")


@attrs.define
class Answer:
    """A status, its headers, and the body as it came off the wire."""

    status: int
    headers: Headers
    body: bytes


def check_status(status: int) -> None:
    """Refuse a *status* that no API call ends with, before its body is read: 1xx, a redirect, 600 and up."""
    if 200 <= status <= 299 or 400 <= status <= 599:
        return
    what = "a redirect, which is never followed" if 300 <= status <= 399 else "no answer to an API call"
    error = ResponseError(f"the service answered with status {status}: {what}")
    error.status_code = status
    raise error


def interpret(request: Request[T], answer: Answer, dialect: Dialect, largest: int) -> T:
    """The object *answer* holds; APIStatusError for an error status, ResponseError for what cannot be the object."""
    if answer.status >= 400:
        raise _status_error(request, answer, dialect, largest)
    nothing: Any = None
    if request.returns is type(None):
        return cast("T", nothing)
    try:
        if not answer.body and request.method == "DELETE" and request.returns is not object:
            return decode(request.returns, {})  # it is gone, and nothing more was said
        return _result(request, _payload(answer, largest), dialect)
    except WrongShapeError as fault:
        error = ResponseError(f"the answer to {request.route} does not fit: {fault}")
    except ResponseError as fault:
        error = fault
    if not answer.body and request.returns is object:
        return cast("T", None)
    error.status_code = answer.status
    raise error


def _payload(answer: Answer, largest: int) -> Any:
    encoding = answer.headers.get(_CONTENT_ENCODING)
    return load(answer.body if encoding is None else gunzip(answer.body, encoding, largest))


def _result(request: Request[T], payload: Any, dialect: Dialect) -> T:
    if request.returns is object:
        if is_deep(payload):
            raise too_deep()
        result: T = payload
        return result
    member = _member(request.returns)
    if member is not None:
        page: Any = _page(member, payload, dialect)
        paged: T = page
        return paged
    result = decode(request.returns, dialect.item(payload))
    asked = request.asked_id
    if asked is not None and str(getattr(result, "id", asked)) != asked:
        error = ResponseError(f"the answer to {request.route} speaks of another object")
        error.mismatched = True
        raise error
    return result


def _member_of(returns: Any) -> Any:
    """`X` of `Page[X]`; None for what is no page."""
    return get_args(returns)[0] if get_origin(returns) is Page else None


_member: Callable[[Any], Any] = functools.cache(_member_of)


def _page(member: type[T], payload: Any, dialect: Dialect) -> Page[T]:
    items, has_more, cursor = dialect.page(payload)
    if not isinstance(items, list) or not isinstance(has_more, bool):
        msg = "it is no list that says whether more follows"
        raise WrongShapeError(msg)
    if cursor is not None and not isinstance(cursor, str):
        msg = "the service's cursor is not text"
        raise PaginationError(msg)
    return Page(decode_each(member, cast("list[object]", items)), has_more, cursor)


def _status_error(request: Request[Any], answer: Answer, dialect: Dialect, largest: int) -> APIStatusError:
    """The error for an error status. Its body may be anything: what cannot be read says nothing."""
    try:
        parts = dialect.error(_payload(answer, largest))
    except ResponseError:
        parts = ErrorParts()
    message = parts.message or _phrase(answer.status)
    if request.provisional and answer.status in (404, 405):
        message = f"{message} ({request.route} is provisional: if it is elsewhere, use client.request(method, path))"
    wait = retry_after(answer.headers, datetime.now(UTC))
    return status_error_class(answer.status, parts.type)(
        message,
        status_code=answer.status,
        type=parts.type,
        request_id=request_id(answer.headers),
        retry_after=parts.retry_after if wait is None else wait,
    )


def _phrase(status: int) -> str:
    try:
        return f"{http.HTTPStatus(status).phrase}, without a message"
    except ValueError:
        return "an error without a message"
