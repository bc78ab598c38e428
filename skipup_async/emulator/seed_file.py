"""Seed data: what a fresh emulator begins with, as a JSON file says it.

Every entry is the body that the API's own call takes, so it is checked by the API's own handler. What is added to it
are the times and states that a call cannot set, and names in place of ids, which nobody knows beforehand.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from skipup_async.emulator.call import Json, RefusedError

#: A field at the beginning of a refusal, as in `context.title must be a string`.
_FIELD = re.compile(r"[a-z_]+(\[\d+\]|\.[a-z_]+)* ")


class Entry(dict[str, Any]):
    """One object of the file. It knows its place, and which of its names nobody has asked for."""

    def __init__(self, place: str, values: Mapping[str, Any]) -> None:
        super().__init__({name: _placed(_inner(place, name), value) for name, value in values.items()})
        self.place = place
        self._unread = set(values)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of that name, which means something from now on."""
        self._unread.discard(name)
        return super().get(name, default)

    def completed(self, **values: Any) -> Entry:
        """The same entry with some *values* more. Raise `ValueError` if it holds one of them already."""
        for name in values.keys() & self.keys():
            raise ValueError(f"{self.at(name)} is made when the file is read: give a name instead")
        entry = Entry(self.place, {})
        entry.update(self, **values)
        entry._unread = self._unread
        return entry

    def at(self, name: str) -> str:
        """The place of one of its values."""
        return _inner(self.place, name)

    def entries(self, name: str) -> list[Entry]:
        """The objects in the list of that name. Raise `ValueError` if it is anything else."""
        values = self.get(name)
        if values is None:
            return []
        if not isinstance(values, list):
            raise ValueError(f"{self.at(name)} must be a list")
        for at, value in enumerate(cast(list[object], values)):
            if not isinstance(value, Entry):
                raise ValueError(f"{self.at(name)}[{at}] must be an object")
        return cast(list[Entry], values)

    @contextmanager
    def judged(self) -> Generator[None]:
        """Raise a refusal of the API as a `ValueError` that names the place."""
        try:
            yield
        except RefusedError as refusal:
            message = refusal.message
            between = "." if self.place and _FIELD.match(message) else ": " if self.place else ""
            raise ValueError(f"{self.place}{between}{message}") from None

    def unread(self) -> Iterator[str]:
        """The places of all names in it that mean nothing."""
        for name, value in self.items():
            if name in self._unread:
                yield self.at(name)
            else:
                for inner in _entries_in(value):
                    yield from inner.unread()


def read(seed: str | os.PathLike[str] | Mapping[str, Any]) -> Entry:
    """The content of a file, or of what was decoded already. Raise `ValueError` for what is no JSON object."""
    if isinstance(seed, Mapping):
        return _decoded("the seed", _encoded(seed))
    path = Path(seed)
    try:
        return _decoded(str(path), path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8") from None


def _encoded(seed: Mapping[str, Any]) -> str:
    try:
        return json.dumps(dict(seed))
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"the seed is not JSON: {error}") from None


def _decoded(name: str, text: str) -> Entry:
    try:
        content = json.loads(text, parse_constant=_refuse_constant)
        if isinstance(content, dict):
            return Entry("", cast(Json, content))
    except json.JSONDecodeError as error:
        raise ValueError(f"{name} is not JSON: {error}") from None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{name} is not JSON that can be used: {error}") from None
    raise ValueError(f"{name} must hold a JSON object")


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _inner(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _placed(place: str, value: object) -> object:
    if isinstance(value, dict):
        return Entry(place, cast(Json, value))
    if isinstance(value, list):
        return [_placed(f"{place}[{at}]", inner) for at, inner in enumerate(cast(list[object], value))]
    return value


def _entries_in(value: object) -> list[Entry]:
    values = cast(list[object], value) if isinstance(value, list) else [value]
    return [inner for inner in values if isinstance(inner, Entry)]
