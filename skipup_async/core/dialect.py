"""How one service differs from the next: a frozen record of names and functions."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

import attrs

from skipup_async.core.convert import WrongShapeError
from skipup_async.core.readable import readable

__all__ = ["Dialect", "ErrorParts", "enveloped", "error_parts", "members", "paged_by_cursor"]

_LONGEST_WAIT = 10**9

#: The items of one page, whether more follow, and the cursor to them, as they stand in the answer: core checks them.
PageParts = tuple[object, object, object]


def members(payload: object) -> dict[str, Any]:
    """The members of a JSON object; WrongShapeError where *payload* is none."""
    if isinstance(payload, dict):
        return cast("dict[str, Any]", payload)
    msg = "it is no object"
    raise WrongShapeError(msg)


def enveloped(payload: object) -> object:
    """The object in `{"data": …}`."""
    told: Any = payload
    try:
        return told["data"]
    except KeyError:
        msg = "the answer has no data"
    except TypeError:
        msg = "it is no object"
    raise WrongShapeError(msg)


def paged_by_cursor(payload: object) -> PageParts:
    """The parts of `{"data": […], "meta": {"has_more": …, "next_cursor": …}}`."""
    told = members(payload).get("meta")
    meta: dict[str, Any] = {} if told is None else members(told)
    more = meta.get("has_more")
    return enveloped(payload), False if more is None else more, meta.get("next_cursor")


class ErrorParts(NamedTuple):
    """What an error body says; None where it does not say."""

    #: The service's name for the error.
    type: str | None = None
    #: What happened, in the service's words.
    message: str | None = None
    #: The seconds to wait before another try.
    retry_after: float | None = None


def error_parts(payload: object) -> ErrorParts:
    """What an error body says.

    Reads `{"error": {"type", "message"}}`, `{"error": "text"}`,
    `{"error": 400, "message": "text"}`, each with or without `retryAfter`, and
    takes anything else for silence.
    """
    if not isinstance(payload, dict):
        return ErrorParts()
    body = cast("dict[str, object]", payload)
    error, wait = body.get("error"), body.get("retryAfter")
    seconds = float(wait) if isinstance(wait, int | float) and 0 < wait < _LONGEST_WAIT else None
    if isinstance(error, dict):
        inner = cast("dict[str, object]", error)
        return ErrorParts(_text(inner.get("type")), _text(inner.get("message")), seconds)
    return ErrorParts(None, _text(body.get("message")) or _text(error), seconds)


def _text(value: object) -> str | None:
    return readable(value) if isinstance(value, str) and value else None


@attrs.frozen(kw_only=True)
class Dialect:
    """What the core must know of a service to speak with it."""

    #: The service's name, for messages.
    name: str
    #: Where the service is when nobody says otherwise.
    base_url: str
    #: The environment variable for the key.
    key_variable: str
    #: The environment variable for another base URL.
    url_variable: str
    #: The environment variable that switches the log on; None for no such variable.
    log_variable: str | None = None
    #: The limits kept by default, each a number of requests and its seconds.
    limits: tuple[tuple[int, float], ...] = ()
    #: What keys begin with that act on real people; such a key goes to another host only when code says so.
    live_key_prefix: str | None = None
    #: The object in a single answer.
    item: Callable[[object], object] = enveloped
    #: The parts of a page, unchecked.
    page: Callable[[object], PageParts] = paged_by_cursor
    #: What an error body says.
    error: Callable[[object], ErrorParts] = error_parts
    #: The name of the cursor in a query.
    cursor_parameter: str = "cursor"
    #: The header that carries an idempotency key.
    key_header: str = "Idempotency-Key"
    #: Headers sent with every request besides the session's own.
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
