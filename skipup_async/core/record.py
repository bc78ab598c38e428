"""What every decoded object can do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, cast

import attrs

from skipup_async.core.brief import brief
from skipup_async.core.table import html_of_one

__all__ = [
    "CODEC",
    "NAME",
    "NO_EXTRA",
    "Codec",
    "Extra",
    "Record",
    "announced",
    "epoch",
    "frozen",
    "thawed",
    "wire_name",
]

#: Keys of a field's metadata: its name on the wire, and its `Codec`, where the service has ways of its own.
NAME, CODEC = "name", "codec"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Codec(NamedTuple):
    """How a value that is not null is read from JSON, and written back."""

    #: Makes the value of what stands in JSON.
    read: Callable[[Any], Any]
    #: Makes what stands in JSON of the value.
    write: Callable[[Any], Any]


def epoch(unit: timedelta) -> Codec:
    """Times that a service counts in *unit* since 1970, as aware datetimes; what is finer than *unit* is cut off."""

    def read(value: Any) -> datetime:
        if type(value) is not int:
            raise TypeError
        return _EPOCH + value * unit

    def write(moment: datetime) -> int:
        return (moment - _EPOCH) // unit

    return Codec(read, write)


def wire_name(field: "attrs.Attribute[Any]") -> str:
    """What the service calls *field*."""
    name: str = field.metadata.get(NAME, field.name)
    return name


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


#: The `extra` of an object all of whose fields were announced.
NO_EXTRA = Extra({})


def frozen(value: Any) -> Any:
    """A JSON *value* that nobody can change: objects as `Extra`, lists as tuples."""
    if isinstance(value, Mapping):
        return Extra(cast("Mapping[str, Any]", value))
    if isinstance(value, (list, tuple)):
        return tuple(frozen(member) for member in cast("Iterable[Any]", value))
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
        text = value.isoformat()
        return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
    return value


@attrs.frozen(repr=False, slots=False)
class Record:
    """An object of the service: frozen, hashable, picklable, equal by its announced fields."""

    #: The fields nobody announced, as they came. Outside equality and hash.
    extra: Mapping[str, Any] = attrs.field(default=NO_EXTRA, kw_only=True, eq=False)

    def to_dict(self) -> dict[str, Any]:
        """The object as JSON-ready values under the API's names, unannounced fields included."""
        own = {wire_name(field): _written(field, getattr(self, field.name)) for field in announced(type(self))}
        return {**own, **thawed(self.extra)}

    def __repr__(self) -> str:
        values = ((field.name, getattr(self, field.name)) for field in announced(type(self)) if field.repr)
        known = ", ".join(f"{name}={brief(value)}" for name, value in values if value is not None)
        return f"{type(self).__name__}({known})"

    def _repr_html_(self) -> str:
        return html_of_one(self)


def announced(cls: type[Record]) -> list["attrs.Attribute[Any]"]:
    """The fields of *cls* that the service documents: all but `extra`."""
    return [field for field in attrs.fields(attrs.resolve_types(cls)) if field.name != "extra"]


def _written(field: "attrs.Attribute[Any]", value: Any) -> Any:
    codec: Codec | None = field.metadata.get(CODEC)
    return thawed(value) if codec is None or value is None else codec.write(value)
