"""What every decoded object can do."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, cast

import attrs

__all__ = ["NO_EXTRA", "Extra", "Record", "frozen", "thawed"]


class Extra(Mapping[str, Any]):
    """The fields of an answer that nobody announced, read-only."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = {name: frozen(value) for name, value in fields.items()}

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return repr(self._fields)

    def __reduce__(self) -> tuple[type["Extra"], tuple[dict[str, Any]]]:
        return Extra, (self._fields,)


NO_EXTRA = Extra({})


def frozen(value: Any) -> Any:
    """A JSON *value* that nobody can change: objects as `Extra`, lists as tuples."""
    if isinstance(value, Mapping):
        fields: Mapping[str, Any] = value
        return Extra(fields)
    if isinstance(value, (list, tuple)):
        members: Iterable[Any] = value
        return tuple(frozen(member) for member in members)
    return value


def thawed(value: Any) -> Any:
    """*value* as JSON knows it: dicts, lists, text, numbers; times as ISO 8601."""
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {name: thawed(member) for name, member in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, tuple):
        return [thawed(member) for member in cast("Iterable[Any]", value)]
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


@attrs.frozen(repr=False)
class Record:
    """An object of the service: frozen, hashable, picklable, equal by its announced fields."""

    #: The fields nobody announced, as they came. Outside equality and hash.
    extra: Mapping[str, Any] = attrs.field(default=NO_EXTRA, kw_only=True, eq=False)

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON-ready values under the API's names, unannounced fields included."""
        own = {field.name: thawed(getattr(self, field.name)) for field in attrs.fields(type(self))}
        extra = own.pop("extra")
        return {**own, **extra}

    def __repr__(self) -> str:
        shown = (f"{f.name}={getattr(self, f.name)!r}" for f in attrs.fields(type(self)) if f.name != "extra")
        known = ", ".join(field for field in shown if not field.endswith("=None"))
        return f"{type(self).__name__}({known})"
