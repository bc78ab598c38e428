"""JSON to attrs with cattrs: the rules every service shares.

* A field that is absent or null is None; only fields without a default are required.
* Text, numbers and booleans are checked, never coerced: None does not become "None".
* Times are aware datetimes; one without an offset is UTC, as the services say all of theirs are.
* Lists become tuples. Fields nobody announced are kept in `extra`.
* An enumeration of the API is plain `str`, so a value added tomorrow passes through.
"""

import collections.abc
import types
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar, Union, cast, get_args, get_origin

import attrs
from cattrs import Converter

from skipup_async.core.record import CODEC, NO_EXTRA, Codec, Extra, Record, announced, frozen, wire_name

__all__ = ["WrongShapeError", "converter", "decode"]

T = TypeVar("T")
Hook = Callable[[Any, Any], Any]

#: What a hook or a codec raises for a value that does not fit; `WrongShapeError` is a ValueError itself.
_UNFIT = (ValueError, TypeError, AttributeError, OverflowError)


class WrongShapeError(ValueError):
    """A JSON value that is not what its field promises; says which field."""


def decode(cls: type[T], value: object) -> T:
    """*value*, decoded JSON, as an instance of *cls*; WrongShapeError names the field that does not fit."""
    try:
        result: T = converter.get_structure_hook(cls)(value, cls)
    except _UNFIT:
        raise WrongShapeError(_fault(cls, value)) from None
    return result


def _fault(cls: Any, value: object, path: str = "") -> str:
    """Which field of *value* does not fit *cls*: the slow second look, taken only after a failure."""
    kind = type(value).__name__
    if isinstance(value, dict) and _is_record(cls):
        fields = cast("dict[str, object]", value)
        for field in announced(cls):
            name = wire_name(field)
            member = fields.get(name)
            if member is None and field.default is attrs.NOTHING:
                return f"{path}{name} is missing"
            try:
                _field_hook(field)(member, field.type)
            except _UNFIT:
                return _fault(_core_type(field.type), member, f"{path}{name}.")
    return f"{path.rstrip('.') or 'it'} is {kind}, expected {_spelled(cls)}"


def _spelled(cls: Any) -> str:
    if _is_record(cls):
        return "an object"
    return "a time" if cls is datetime else str(getattr(cls, "__name__", cls))


def _core_type(cls: Any) -> Any:
    """`X` of `X | None`; any other type as it is."""
    members = [member for member in get_args(cls) if member is not type(None)]
    return members[0] if _is_union(cls) and len(members) == 1 else cls


def _is_union(cls: Any) -> bool:
    return get_origin(cls) in (Union, types.UnionType)


def _field_hook(field: "attrs.Attribute[Any]") -> Hook:
    codec: Codec | None = field.metadata.get(CODEC)
    if codec is None:
        return converter.get_structure_hook(field.type)
    return lambda value, _: None if value is None else codec.read(value)


def _time(value: Any, _: Any) -> datetime:
    """An aware datetime; every service here documents its times as UTC."""
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _exactly(*allowed: type) -> Hook:
    def check(value: Any, _: Any) -> Any:
        if type(value) not in allowed:
            raise WrongShapeError
        return value

    return check


def _union_hook(cls: Any) -> Hook:
    """`X | None` by X's own hook, resolved once; a union of numbers by its members."""
    members = [member for member in get_args(cls) if member is not type(None)]
    inner = converter.get_structure_hook(members[0]) if len(members) == 1 else _exactly(*members)
    if len(members) == len(get_args(cls)):
        return inner
    return lambda value, _: None if value is None else inner(value, members[0])


def _tuple_hook(cls: Any) -> Hook:
    member = get_args(cls)[0]
    inner = converter.get_structure_hook(member)

    def structure(value: Any, _: Any) -> tuple[Any, ...]:
        items: Iterable[Any] = value
        if type(value) is not list:
            raise WrongShapeError
        return tuple([inner(item, member) for item in items])

    return structure


def _record_hook(cls: type[Record]) -> Hook:
    """A function written for *cls*: one `get` and one check for each field, then the constructor, no loop."""
    names: dict[str, Any] = {"cls": cls, "known": set(), "NO_EXTRA": NO_EXTRA, "Extra": Extra, "wrong": WrongShapeError}
    reads: list[str] = []
    for position, field in enumerate(announced(cls)):
        names["known"].add(wire_name(field))
        names[f"type{position}"] = field.type
        names[f"hook{position}"] = _field_hook(field)
        reads.append(f"hook{position}(get({wire_name(field)!r}), type{position})")
    source = "\n".join(
        (
            "def structure(data, _):",
            "    if type(data) is not dict:",
            "        raise wrong",
            "    get = data.get",
            "    extra = NO_EXTRA if known >= data.keys() else Extra({k: data[k] for k in data.keys() - known})",
            f"    return cls({', '.join(reads)}, extra=extra)",
        )
    )
    exec(source, names)  # noqa: S102 - field names of our own classes, no input
    hook: Hook = names["structure"]
    return hook


def _object(value: Any, _: Any) -> Extra:
    if type(value) is not dict:
        raise WrongShapeError
    return Extra(cast("dict[str, Any]", value))


def _is_mapping(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is collections.abc.Mapping


def _is_tuple(cls: Any) -> bool:
    return get_origin(cls) is tuple


def _is_record(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Record)


def _make_converter() -> Converter:
    made = Converter(detailed_validation=False)
    for primitive in (str, bool, int):
        made.register_structure_hook(primitive, _exactly(primitive))
    made.register_structure_hook(float, _exactly(float, int))
    made.register_structure_hook(datetime, _time)
    made.register_structure_hook_func(lambda cls: cls is Any or cls is object, lambda value, _: frozen(value))
    made.register_structure_hook_func(_is_mapping, _object)
    made.register_structure_hook_func(lambda cls: cls is type(None), lambda _value, _: None)
    made.register_structure_hook_factory(_is_union, _union_hook)
    made.register_structure_hook_factory(_is_tuple, _tuple_hook)
    made.register_structure_hook_factory(_is_record, _record_hook)
    return made


#: The registry of every rule above.
converter = _make_converter()
