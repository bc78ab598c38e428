"""JSON to attrs with cattrs: the rules every service shares.

* A field that is absent or null is None; only fields without a default are required.
* Text, numbers and booleans are checked, never coerced: None does not become "None".
* Times are aware datetimes; one without an offset is UTC, as the services say all of theirs are.
* Lists become tuples. Fields nobody announced are kept in `extra`.
* An enumeration of the API is plain `str`, so a value added tomorrow passes through.
"""

import collections.abc
import functools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import Converter

from skipup_async.core.depth import DEEPEST, is_deep
from skipup_async.core.hook import Hook, WrongShapeError, core_type, is_nullable, is_tuple, is_union, kept, record_hook
from skipup_async.core.record import CODEC, Codec, Extra, Record, announced, wire_name

__all__ = ["WrongShapeError", "converter", "decode", "decode_each"]

T = TypeVar("T")

#: What a hook or a codec raises for a value that does not fit; `WrongShapeError` is a ValueError itself.
_UNFIT = (ValueError, TypeError, AttributeError, OverflowError)


def decode(cls: type[T], value: object) -> T:
    """*value*, decoded JSON, as an instance of *cls*; WrongShapeError names the field that does not fit."""
    try:
        result: T = _hook(cls)(value, cls)
    except _UNFIT:
        raise WrongShapeError(_fault(cls, value)) from None
    return result


def decode_each(cls: type[T], values: Iterable[object]) -> tuple[T, ...]:
    """Each of *values* as an instance of *cls*; WrongShapeError names the first field that does not fit."""
    hook = _hook(cls)
    try:
        return tuple([hook(value, cls) for value in values])
    except _UNFIT:
        pass
    return tuple([decode(cls, value) for value in values])


def _fault(cls: Any, value: object, path: str = "") -> str:
    """Which field of *value* does not fit *cls*: the slow second look, taken only after a failure."""
    kind = type(value).__name__
    if isinstance(value, dict) and _is_record(cls):
        fields = cast("dict[str, object]", value)
        for field in announced(cls):
            name = wire_name(field)
            member = fields.get(name)
            if member is None and is_nullable(field):
                continue
            if member is None and field.default is attrs.NOTHING:
                return f"{path}{name} is missing"
            try:
                _field_hook(field)(member, field.type)
            except _UNFIT:
                return _fault(core_type(field.type), member, f"{path}{name}.")
    if is_deep(value):
        return f"{path.rstrip('.') or 'it'} nests deeper than {DEEPEST} levels"
    return f"{path.rstrip('.') or 'it'} is {kind}, expected {_spelled(cls)}"


def _spelled(cls: Any) -> str:
    if _is_record(cls):
        return "an object"
    return "a time" if cls is datetime else str(getattr(cls, "__name__", cls))


def _field_hook(field: "attrs.Attribute[Any]") -> Hook:
    """What decodes a value of *field* that is not null."""
    codec: Codec | None = field.metadata.get(CODEC)
    if codec is None:
        return converter.get_structure_hook(core_type(field.type))
    return lambda value, _: codec.read(value)


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
    return record_hook(cls, _field_hook)


def _object(value: Any, _: Any) -> Extra:
    if type(value) is not dict:
        raise WrongShapeError
    return kept(cast("dict[str, Any]", value))


def _anything(value: Any, _: Any) -> Any:
    return kept({"": value})[""]


def _is_mapping(cls: Any) -> bool:
    origin: Any = get_origin(cls)
    return origin is collections.abc.Mapping


def _is_record(cls: Any) -> bool:
    return isinstance(cls, type) and issubclass(cls, Record)


def _make_converter() -> Converter:
    made = Converter(detailed_validation=False)
    for primitive in (str, bool, int):
        made.register_structure_hook(primitive, _exactly(primitive))
    made.register_structure_hook(float, _exactly(float, int))
    made.register_structure_hook(datetime, _time)
    made.register_structure_hook_func(lambda cls: cls is Any or cls is object, _anything)
    made.register_structure_hook_func(_is_mapping, _object)
    made.register_structure_hook_func(lambda cls: cls is type(None), lambda _value, _: None)
    made.register_structure_hook_factory(is_union, _union_hook)
    made.register_structure_hook_factory(is_tuple, _tuple_hook)
    made.register_structure_hook_factory(_is_record, _record_hook)
    return made


#: The registry of every rule above.
converter = _make_converter()
# What the registry finds, kept: it takes longer to look there than to decode some of its classes.
_hook: Callable[[Any], Hook] = functools.cache(converter.get_structure_hook)
