"""What the headers of an answer say: how long to wait, what time the server has, how the exchange is called."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from multidict import istr

from skipup_async.core.readable import readable

__all__ = ["Headers", "exhausted_for", "rate_limit_headers", "request_id", "retry_after", "server_time"]

_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]+)?")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_WEEKDAY = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_DATE_FORMS = (
    re.compile(rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_CLOCK} GMT"),
    re.compile(rf"{_WEEKDAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_CLOCK} GMT"),
    re.compile(rf"{_DAY} {_MONTH} (?P<day>[ 0-9][0-9]) {_CLOCK} (?P<year>[0-9]{{4}})"),
)


# Every answer is asked for them, and `istr` need not be folded each time.
_REMAINING_AND_RESET = (
    (istr("RateLimit-Remaining"), "RateLimit-Reset"),
    (istr("X-RateLimit-Remaining"), "X-RateLimit-Reset"),
)
_OF_THE_LIMIT = ("ratelimit", "x-ratelimit-", "retry-after")
_EARLIEST_UNIX_TIME = 10**8
_RESET = re.compile(r"[0-9]{1,10}(\.[0-9]+)?")
# Years of two digits count from the birth of HTTP's ancestors: the standard's own example is of 1994.
_FIRST_YEAR = 70


class Headers(Protocol):
    """The headers of an answer; names in any case, several lines under one name."""

    def get(self, key: str, /) -> str | None:
        """The first value of *key*, or None."""
        ...

    def getall(self, key: str, default: Iterable[str], /) -> Iterable[str]:
        """Every value of *key*."""
        ...

    def items(self) -> Iterable[tuple[str, str]]:
        """Every name and value, line by line."""
        ...


def _http_date(text: str) -> datetime | None:
    """One of the three date forms of RFC 9110 section 5.6.7, read strictly; None for anything else."""
    found = next((match for form in _DATE_FORMS if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    year = int(found["year"])
    if len(found["year"]) == 2:
        year += 1900 if year >= _FIRST_YEAR else 2000
    clock = (int(found["hour"]), int(found["minute"]), int(found["second"]))
    try:
        return datetime(year, _MONTHS.index(found["month"]) + 1, int(found["day"]), *clock, tzinfo=UTC)
    except ValueError:
        return None


def server_time(headers: Headers) -> datetime | None:
    """What time the server had when it answered, by its Date header."""
    return _http_date(headers.get("Date") or "")


def retry_after(headers: Headers, now: datetime) -> float | None:
    """Seconds the server asks to wait, above zero, or None; *now* measures a date where the server's Date cannot.

    Only the forms of RFC 9110 count (and one decimal fraction): Python itself
    would also read ``1_0``, ``inf`` or the 31st of February. Of several lines
    the longest wait counts.
    """
    anchor = server_time(headers) or now
    waits = (_wait(line.strip(" \t"), anchor) for line in headers.getall("Retry-After", ()))
    return max((wait for wait in waits if wait is not None and wait > 0), default=None)


def _wait(text: str, anchor: datetime) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    date = _http_date(text)
    return None if date is None else (date - anchor).total_seconds()


def exhausted_for(headers: Headers) -> float | None:
    """Seconds until the limit resets where the headers say that nothing remains of it; else None.

    Reads `RateLimit-Remaining` and `-Reset`, with or without `X-`. A reset is
    seconds from now, or a Unix time; which one, its size tells.
    """
    for remaining_name, reset_name in _REMAINING_AND_RESET:
        remaining = headers.get(remaining_name)
        if remaining is None or remaining.strip() != "0":
            continue
        reset = (headers.get(reset_name) or "").strip()
        if not _RESET.fullmatch(reset):
            continue
        seconds = float(reset)
        if seconds > _EARLIEST_UNIX_TIME:
            seconds -= (server_time(headers) or datetime.now(UTC)).timestamp()
        return seconds if seconds > 0 else None
    return None


def request_id(headers: Headers) -> str | None:
    """The server's name for this exchange, fit to print; None where it gives none."""
    name = headers.get("X-Request-Id") or headers.get("Request-Id")
    return None if name is None else readable(name)[:200]


def rate_limit_headers(headers: Headers) -> dict[str, str]:
    """What the headers say of the limit, fit to print: by their names in lower case, the first line of several."""
    lines = ((name.lower(), value) for name, value in reversed(list(headers.items())))
    return {name: readable(value)[:200] for name, value in lines if name.startswith(_OF_THE_LIMIT)}
