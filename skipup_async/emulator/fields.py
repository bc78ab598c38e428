"""The fields of a JSON body, each checked as it is read. What is wrong is a 422 `validation_error`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast
from zoneinfo import available_timezones

from skipup_async.emulator.call import Json, RefusedError, invalid_value
from skipup_async.emulator.clock import to_seconds

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f-\x9f\ufeff]+@[^@\s\x00-\x1f\x7f-\x9f\ufeff]+")  # as in openapi.json
_EMAIL_LENGTH = 254
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?(Z|[+-]\d\d:?\d\d)", re.ASCII | re.IGNORECASE)


class Fields:
    """Named values of a JSON object. `null` reads as absent, `given` tells the two apart."""

    def __init__(self, values: Mapping[str, Any], prefix: str = "") -> None:
        self._values = values
        self._prefix = prefix

    def given(self, name: str) -> bool:
        """Whether the field was sent at all."""
        return name in self._values

    def required(self, name: str) -> None:
        """Raise unless the field holds more than blanks."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise invalid_value(f"{self._prefix}{name} can't be blank")

    def text(self, name: str, *, longest: int | None = None) -> str | None:
        """A string of at most *longest* characters."""
        value = self._values.get(name)
        if value is None:
            return None
        text = self._text(name, value)
        if longest is not None and len(text) > longest:
            raise self._wrong(name, f"is too long (maximum is {longest} characters)")
        return text

    def email(self, name: str) -> str | None:
        """An e-mail address: one `@` with something on both sides, nothing blank, at most 254 characters."""
        value = self._values.get(name)
        return None if value is None else self._email(name, value)

    def flag(self, name: str) -> bool | None:
        """`true` or `false`."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, "must be true or false")
        return value

    def whole(self, name: str, *, smallest: int, largest: int) -> int | None:
        """A whole number within both bounds; 30.0 is one, as in JSON Schema."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise self._wrong(name, "must be an integer")
        if not smallest <= value <= largest:
            raise self._wrong(name, f"must be between {smallest} and {largest}")
        return int(value)

    def choice(self, name: str, *values: str) -> str | None:
        """One of *values*."""
        value = self.text(name)
        if value is not None and value not in values:
            raise self._wrong(name, f"must be one of {', '.join(values)}")
        return value

    def instant(self, name: str) -> int | None:
        """An ISO 8601 time with its offset, as whole seconds since 1970."""
        value = self.text(name)
        if value is None:
            return None
        moment = instant(value)
        if moment is None:
            raise self._wrong(name, "must be an ISO 8601 timestamp with a UTC offset")
        return int(moment // 1)

    def zone(self, name: str) -> str | None:
        """An IANA time zone."""
        value = self.text(name)
        if value is not None and not _is_zone(value):
            raise self._wrong(name, "must be an IANA time zone")
        return value

    def nested(self, name: str) -> Fields | None:
        """A nested object's fields."""
        value = self._values.get(name)
        if value is None:
            return None
        return self._open(name, value)

    def nested_list(self, name: str) -> list[Fields] | None:
        """A list of objects."""
        items = self._items(name)
        return None if items is None else [self._open(f"{name}[{at}]", item) for at, item in enumerate(items)]

    def emails(self, name: str) -> list[str] | None:
        """A list of e-mail addresses."""
        items = self._items(name)
        return None if items is None else [self._email(f"{name}[{at}]", item) for at, item in enumerate(items)]

    def texts(self, name: str) -> list[str] | None:
        """A list of strings."""
        items = self._items(name)
        return None if items is None else [self._text(f"{name}[{at}]", item) for at, item in enumerate(items)]

    def _items(self, name: str) -> list[object] | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, list):
            raise self._wrong(name, "must be a list")
        return cast(list[object], value)

    def _text(self, name: str, value: object) -> str:
        if not isinstance(value, str):
            raise self._wrong(name, "must be a string")
        if not _is_storable(value):
            raise self._wrong(name, "must be valid text without NUL characters")
        return value

    def _email(self, name: str, value: object) -> str:
        text = self._text(name, value)
        if not is_email(text):
            raise self._wrong(name, "is not a valid email address")
        return text

    def _open(self, name: str, value: object) -> Fields:
        if not isinstance(value, dict):
            raise self._wrong(name, "must be an object")
        return Fields(cast(Json, value), f"{self._prefix}{name}.")

    def _wrong(self, name: str, what: str) -> RefusedError:
        return invalid_value(f"{self._prefix}{name} {what}")


def is_email(text: str) -> bool:
    """Whether *text* has the shape of an e-mail address."""
    return len(text) <= _EMAIL_LENGTH and _EMAIL.fullmatch(text) is not None


def fold(email: str) -> str:
    """What two spellings of one address have in common."""
    return email.lower()


def instant(text: str) -> float | None:
    """Seconds since 1970 of an ISO 8601 time with its offset, `None` if *text* is none."""
    if not _INSTANT.fullmatch(text):
        return None
    try:
        return to_seconds(datetime.fromisoformat(text.upper()))
    except ValueError:
        return None


def is_text(text: str) -> bool:
    """Whether *text* is without half surrogate pairs, which JSON and bad UTF-8 can bring in."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_storable(text: str) -> bool:
    return "\0" not in text and is_text(text)  # PostgreSQL stores no NUL


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_zone(name: str) -> bool:
    # A machine without time zone data cannot tell a good name from a bad one.
    return name in _zones() or not _zones()
