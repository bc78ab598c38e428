"""What a caller may pass: each function takes an argument's name and value and gives what goes over the wire.

Whatever cannot be right is an InvalidArgumentError that names the argument;
whatever only the service can judge (does this address exist?) is left to it.
"""

import json
import operator
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, SupportsIndex, TypeGuard, TypeVar, cast

from skipup_async.core.body import load
from skipup_async.core.depth import is_deep
from skipup_async.core.unset import UNSET, Unset
from skipup_async.errors import InvalidArgumentError, ResponseError

__all__ = [
    "email",
    "filters",
    "flag",
    "idempotency_key",
    "json_object",
    "many",
    "moment",
    "needed",
    "number",
    "optional",
    "page_limit",
    "query",
    "seconds",
    "text",
    "time_zone",
]

T = TypeVar("T")

_LARGEST_INTEGER = 2**63 - 1
_LONGEST_EMAIL = 254
_MINUTE = timedelta(minutes=1)
_SPACE_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")
_TIME_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*")
_OFFSET = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?[0-5]\d)", re.ASCII | re.IGNORECASE)


def _refuse(name: str, rule: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{name} must be {rule}")


def optional(check: Callable[[str, object], T], name: str, value: object) -> T | Unset | None:
    """*value* through *check*, unless it is left out or None: what these mean is for the place they go to."""
    return value if value is None or isinstance(value, Unset) else check(name, value)


def needed(check: Callable[[str, object], T], name: str, value: object) -> T | Unset:
    """*value* through *check*, unless it is left out; None has no meaning here."""
    return value if isinstance(value, Unset) else check(name, value)


def text(name: str, value: object, *, longest: int | None = None) -> str:
    """Any text that UTF-8 can carry, as it is; of a subclass of `str`, such as a member of an enum, what it holds."""
    if not isinstance(value, str):
        raise _refuse(name, f"text (a str), not {type(value).__name__}")
    value = str.__str__(value)
    if longest is not None and len(value) > longest:
        raise _refuse(name, f"at most {longest:,} characters; it has {len(value):,}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _refuse(name, "text that UTF-8 can carry: it holds half of a surrogate pair") from None
    return value


def email(name: str, value: object) -> str:
    """An e-mail address, no stricter than its one sure rule: one `@`, no blank or control character."""
    address = text(name, value)
    if address.count("@") != 1 or len(address) > _LONGEST_EMAIL or _SPACE_OR_CONTROL.search(address):
        raise _refuse(name, "an e-mail address: one @, no blanks, at most 254 characters")
    return address


def time_zone(name: str, value: object) -> str:
    """The form of an IANA time zone name; whether the zone exists is for the service, whose list may be newer."""
    zone = text(name, value, longest=64)
    if _TIME_ZONE.fullmatch(zone) is None:
        raise _refuse(name, "an IANA time zone such as America/New_York")
    return zone


def moment(name: str, value: object) -> str:
    """An aware datetime, or an ISO 8601 string with an offset, as ISO 8601; a string goes out as it is."""
    if isinstance(value, datetime):
        return _iso(name, value)
    if not isinstance(value, str) or _OFFSET.fullmatch(value) is None:
        raise _refuse(name, "an aware datetime, or ISO 8601 with an offset such as 2026-02-16T09:00:00Z")
    try:
        datetime.fromisoformat(value.upper())
    except ValueError:
        raise _refuse(name, "a date and time that exist") from None
    return str.__str__(value)


def _iso(name: str, value: datetime) -> str:
    offset = value.utcoffset()
    if offset is None:
        raise _refuse(name, "an aware datetime; this one has no time zone (tzinfo=timezone.utc, say)")
    if offset % _MINUTE:  # as local times had before time zones; ISO 8601 has no seconds in an offset
        try:
            value = value.astimezone(UTC)
        except OverflowError:
            raise _refuse(name, "a date and time that exist in UTC") from None
    return value.isoformat().replace("+00:00", "Z")


def number(name: str, value: object) -> int:
    """A whole number above zero."""
    whole = _whole(name, value)
    if not 1 <= whole <= _LARGEST_INTEGER:
        raise _refuse(name, "a whole number above zero")
    return whole


def page_limit(name: str, value: object, *, most: int = 100) -> int:
    """How many objects a page may hold: 1 to *most*."""
    whole = _whole(name, value)
    if not 1 <= whole <= most:
        raise _refuse(name, f"1 to {most}")
    return whole


def _whole(name: str, value: object) -> int:
    if isinstance(value, bool):
        raise _refuse(name, "a whole number, not a bool")
    if not hasattr(value, "__index__"):
        raise _refuse(name, f"a whole number (an int), not {type(value).__name__}")
    return operator.index(cast("SupportsIndex", value))


def seconds(name: str, value: object) -> float:
    """A number of seconds above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        raise _refuse(name, "a number of seconds above zero")
    return value


def flag(name: str, value: object) -> bool:
    """True or False, and nothing that merely counts as one of them."""
    if not isinstance(value, bool):
        raise _refuse(name, f"True or False, not {type(value).__name__}")
    return value


def idempotency_key(value: object, *, longest: int = 255) -> str | None:
    """The key a caller chose, or None for one made by the session.

    Visible ASCII only: anything else is sent as it is and trimmed or refused
    on the way, and a trimmed key is another key.
    """
    if isinstance(value, Unset):
        return None
    if not isinstance(value, str) or not value or len(value) > longest or not all("!" <= c <= "~" for c in value):
        raise _refuse("idempotency_key", f"1 to {longest} visible ASCII characters (a str), without blanks")
    return str.__str__(value)


def many(name: str, value: object) -> tuple[Any, ...]:
    """The members of a list, tuple or any other iterable that is not itself a text or a mapping."""
    if not _is_list(value):
        raise _refuse(name, f"a list, not {type(value).__name__}")
    return tuple(value)


def _is_list(value: object) -> TypeGuard[Iterable[Any]]:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def query(**values: Any) -> dict[str, str | int]:
    """The filters of a list that were given, in the form a query string carries; None filters nothing."""
    return {
        name: ("true" if value else "false") if isinstance(value, bool) else value
        for name, value in values.items()
        if value is not UNSET and value is not None
    }


def filters(values: object) -> dict[str, str | int]:
    """*values* in the form a query string carries."""
    plain = json_object("query", values)
    if any(isinstance(value, (dict, list)) for value in plain.values()):
        msg = "query must hold text, numbers, True, False or None, neither lists nor mappings"
        raise InvalidArgumentError(msg)
    return query(**plain)


def json_object(name: str, value: object) -> dict[str, Any]:
    """A copy of *value* as JSON knows it; what JSON cannot say is refused, by whatever library it would be sent.

    So are integers beyond 64 bits, and more than 200 levels.
    """
    msg = f"{name} must be a mapping that JSON can carry"
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(msg)
    fields = dict(cast("Mapping[str, Any]", value))
    try:
        plain: dict[str, Any] = load(json.dumps(fields, ensure_ascii=False, allow_nan=False).encode())
    except (TypeError, ValueError, RecursionError, ResponseError):
        pass
    else:
        if not is_deep(plain):
            return plain
    raise InvalidArgumentError(msg)
