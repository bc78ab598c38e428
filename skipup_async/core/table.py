"""Objects as an HTML table and as columns: what a notebook shows. Pure; knows attrs classes, no service."""

import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import islice
from operator import attrgetter
from typing import Any, NamedTuple, Union, cast, get_args, get_origin

import attrs

__all__ = ["Column", "cell", "columns", "html_of_many", "html_of_one"]

_LONGEST_TEXT = 80
_MOST_ROWS = 100
_MOST_MEMBERS = 5
_DEEPEST = 2
# The length of `2027-02-01 09:00:00`; the offset follows.
_TO_THE_SECOND = 19

# Jupyter takes `$…$` in a table for a formula, unless told not to.
_TABLE = '<table class="tex2jax_ignore mathjax_ignore">'
# Jupyter's own style sheet sets text to the right, and this alone is stronger.
_LEFT = ' style="text-align: left"'


class Column(NamedTuple):
    """One value that every object of a class has, or None in its place."""

    #: The path of attributes to it, such as ``timeframe.start``.
    name: str
    read: Callable[[Any], Any]
    #: Whether its values are times.
    is_time: bool = False


def columns(kinds: Iterable[type]) -> list[Column]:
    """The columns of objects of *kinds*; a nested object is spread over several.

    What a `repr` must not show, such as a secret, and what nobody announced
    (`extra`) is in none of them.
    """
    found = {column.name: column for kind in kinds for column in _columns(kind)}
    return list(found.values())


@cache
def _columns(kind: type) -> tuple[Column, ...]:
    if not attrs.has(kind):
        return (Column("value", _itself),)
    return tuple(_walk(kind, ""))


def _walk(kind: type[attrs.AttrsInstance], path: str) -> Iterator[Column]:
    for field in attrs.fields(attrs.resolve_types(kind)):
        inner = _core_type(field.type)
        if field.name == "extra" or not field.repr:
            continue
        if isinstance(inner, type) and attrs.has(inner):
            yield from _walk(inner, f"{path}{field.name}.")
        else:
            yield Column(f"{path}{field.name}", _reader(f"{path}{field.name}"), inner is datetime)


def _core_type(kind: Any) -> Any:
    """`X` of `X | None`; any other type as it is."""
    members = [member for member in get_args(kind) if member is not type(None)]
    return members[0] if get_origin(kind) in (Union, types.UnionType) and len(members) == 1 else kind


def _itself(item: Any) -> Any:
    return item


def _reader(path: str) -> Callable[[Any], Any]:
    get = attrgetter(path)

    def read(item: Any) -> Any:
        try:
            return get(item)
        except AttributeError:  # a part of the path is None, or *item* is of another class than its neighbours
            return None

    return read


def _escaped(text: str) -> str:
    from html import escape  # brings a large table of entities, which only notebooks need

    return escape(text)


def html_of_one(item: object) -> str:
    """*item* as a table of its fields, those left out that are None."""
    values = [(column.name, column.read(item)) for column in columns([type(item)])]
    rows = [
        f"<tr><th{_LEFT}>{_escaped(name)}</th>{_cell(name, value)}</tr>" for name, value in values if value is not None
    ]
    return _table(type(item).__name__, rows)


def html_of_many(items: Sequence[object], note: str = "") -> str:
    """*items* as a table, a row each, at most 100; a column without any value is left out, *note* ends the caption."""
    shown = items[:_MOST_ROWS]
    kinds = list(dict.fromkeys(map(type, items)))
    kept = [column for column in columns(kinds) if any(column.read(item) is not None for item in shown)]
    head = "".join(f"<th{_LEFT}>{_escaped(column.name)}</th>" for column in kept)
    body = ["".join(_cell(column.name, column.read(item)) for column in kept) for item in shown]
    rows = [f"<tr>{row}</tr>" for row in (head, *body) if row]
    return _table(_caption(kinds, len(items), len(shown)) + note, rows)


def _caption(kinds: Sequence[type], count: int, shown: int) -> str:
    names = " and ".join(kind.__name__ for kind in kinds)
    if not count:
        return "nothing"
    return f"{names}: {count:,}" if count == shown else f"{names}: the first {shown:,} of {count:,}"


def _table(caption: str, rows: Sequence[str]) -> str:
    return f"{_TABLE}<caption{_LEFT}>{_escaped(caption)}</caption>{''.join(rows)}</table>"


def _cell(name: str, value: object) -> str:
    text = cell(value)
    return f"<td{_LEFT}>{f'<strong>{text}</strong>' if name == 'status' else text}</td>"


def cell(value: object) -> str:
    """*value* as HTML that holds nothing but text: times in the reader's own zone with its offset, long text cut."""
    if isinstance(value, datetime):
        return f'<time datetime="{value.isoformat()}">{_local(value)}</time>'
    text = _text(value)
    return _escaped(text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…")


def _local(moment: datetime) -> str:
    """*moment* on the clock of the reader; one without an offset is wall time, and stays."""
    if moment.tzinfo is None:
        return moment.isoformat(" ", "seconds")
    try:
        there = moment.astimezone()
    except (OverflowError, ValueError):  # the first or the last day there is
        there = moment
    iso = there.isoformat(" ", "seconds")
    return f"{iso[:_TO_THE_SECOND]} {iso[_TO_THE_SECOND:]}"


def _text(value: object, depth: int = 0) -> str:
    if isinstance(value, Mapping):
        fields = list(cast("Mapping[str, object]", value).items())
        return _joined((f"{name}: {_text(member, depth + 1)}" for name, member in fields), len(fields), depth)
    if isinstance(value, (tuple, list)):
        members = cast("Sequence[object]", value)
        return _joined((_text(member, depth + 1) for member in members), len(members), depth)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)


def _joined(parts: Iterator[str], count: int, depth: int) -> str:
    if depth > _DEEPEST:
        return "…"
    more = [f"… {count - _MOST_MEMBERS:,} more"] if count > _MOST_MEMBERS else []
    return ", ".join([*islice(parts, _MOST_MEMBERS), *more])
