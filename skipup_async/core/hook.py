"""The function that decodes one class of records, written out field by field, since a loop takes twice as long."""

import types
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Union, get_args, get_origin

import attrs

from skipup_async.core.depth import is_deep
from skipup_async.core.record import CODEC, NO_EXTRA, Extra, Record, announced, wire_name

__all__ = ["Hook", "WrongShapeError", "core_type", "is_nullable", "is_tuple", "is_union", "kept", "record_hook"]

#: What cattrs calls with a value and the type to make of it.
Hook = Callable[[Any, Any], Any]

_PRIMITIVES = {str, bool, int, float}
# To take values out one by one is faster up to here, and all at once beyond.
_FEW = 4


class WrongShapeError(ValueError):
    """A JSON value that is not what its field promises; says which field."""


def core_type(cls: Any) -> Any:
    """`X` of `X | None`; any other type as it is."""
    members = [member for member in get_args(cls) if member is not type(None)]
    return members[0] if is_union(cls) and len(members) == 1 else cls


def is_union(cls: Any) -> bool:
    """Whether *cls* is `X | Y`, however it is written."""
    return get_origin(cls) in (Union, types.UnionType)


def is_tuple(cls: Any) -> bool:
    """Whether *cls* is `tuple[…]`."""
    return get_origin(cls) is tuple


def is_nullable(field: "attrs.Attribute[Any]") -> bool:
    """Whether null is None for *field*, and nothing to decode."""
    return CODEC in field.metadata or type(None) in get_args(field.type)


def record_hook(cls: type[Record], field_hook: Callable[["attrs.Attribute[Any]"], Hook]) -> Hook:
    """A function written for *cls*: it checks each field where it stands, and calls nothing that it can do itself.

    *field_hook* gives what decodes a value of a field that is not null.
    """
    fields, filled = announced(cls), _is_filled(cls)
    names: dict[str, Any] = {
        "cls": cls,
        "absent": dict.fromkeys(map(wire_name, fields)),
        "NO_EXTRA": NO_EXTRA,
        "part": _part,
        "wrong": WrongShapeError,
        "fromisoformat": datetime.fromisoformat,
        "UTC": UTC,
        "new": object.__new__,
        "fill": vars(Record)["__dict__"].__set__,
    }
    lines = ["found = absent | data", f"extra = NO_EXTRA if len(found) == {len(fields)} else part(found, absent)"]
    if len(fields) > _FEW:  # they stand in the order they were announced in
        lines.append(f"{', '.join(f'v{position}' for position in range(len(fields)))} = found.values()")
    else:
        lines += [f"v{position} = found[{wire_name(field)!r}]" for position, field in enumerate(fields)]
    for position, field in enumerate(fields):
        names[f"hook{position}"], names[f"kind{position}"] = field_hook(field), core_type(field.type)
        names[f"convert{position}"] = _converter(field)
        lines += _reading(field, position, filled)
    # As locals they are found sooner than as globals.
    near = ", ".join(f"{name}={name}" for name in ("type", "str", "fromisoformat"))
    source = "\n    ".join((f"def structure(data, _, {near}):", *lines, *_making(fields, filled)))
    exec(source, names)  # noqa: S102 - field names of our own classes, no input
    hook: Hook = names["structure"]
    return hook


def _part(found: dict[str, Any], announced: Mapping[str, Any]) -> Extra:
    """The fields of *found* that nobody announced, which stand after the others, taken out of it."""
    return kept({name: found.pop(name) for name in list(found)[len(announced) :]})


def kept(fields: dict[str, Any]) -> Extra:
    """*fields* as they are kept where nobody knows them; WrongShapeError where they nest too deep to be walked."""
    if is_deep(fields):
        raise WrongShapeError
    return Extra(fields)


def _reading(field: "attrs.Attribute[Any]", position: int, filled: bool) -> list[str]:
    """The lines that check the value of *field*, and put what it is decoded to into its place."""
    place, kind, value = f"found[{wire_name(field)!r}]", core_type(field.type), f"v{position}"
    coded = CODEC in field.metadata
    unfit = None if coded else _unfit(kind, value)
    if unfit is not None:
        lines = [f"if {f'{value} is not None and ' if is_nullable(field) else ''}{unfit}:", "    raise wrong"]
    else:
        own = None if coded else _decoding(kind, value)
        lines = [*(own or [f"{value} = hook{position}({value}, kind{position})"]), f"{place} = {value}"]
        if is_nullable(field):
            lines = [f"if {value} is not None:", *(f"    {line}" for line in lines)]
    # A time is decoded whole, and a converter beside it is for what callers give.
    if filled and _converter(field) is not None and kind is not datetime:
        lines.append(f"{place} = convert{position}({value})")
    return lines


def _decoding(kind: Any, value: str) -> list[str] | None:
    """The lines that decode a time, or a list of primitives, in the variable *value*; None for another *kind*."""
    if kind is datetime:
        return [
            f"{value} = fromisoformat({value})",
            f"if {value}.tzinfo is None:",
            f"    {value} = {value}.replace(tzinfo=UTC)",
        ]
    unfit = _unfit(get_args(kind)[0], "item") if is_tuple(kind) else None
    if unfit is None:
        return None
    checks = [f"for item in {value}:", f"    if {unfit}:", "        raise wrong"]
    return [f"if type({value}) is not list:", "    raise wrong", *checks, f"{value} = tuple({value})"]


def _unfit(kind: Any, name: str) -> str | None:
    """When the variable *name* holds no primitive of this *kind*; None where *kind* is none."""
    kinds: set[Any] = set(get_args(kind)) - {type(None)} if is_union(kind) else {kind}
    if kind is float:
        kinds.add(int)
    if not kinds <= _PRIMITIVES:
        return None
    return " and ".join(f"type({name}) is not {kind.__name__}" for kind in sorted(kinds, key=str))


def _converter(field: "attrs.Attribute[Any]") -> Any:
    told: Any = field
    return told.converter


def _making(fields: list["attrs.Attribute[Any]"], filled: bool) -> list[str]:
    """The lines that make the object of what was found."""
    if not filled:
        values = ", ".join(f"{field.alias}=found[{wire_name(field)!r}]" for field in fields)
        return [f"return cls({values}, extra=extra)"]
    if any(field.name != wire_name(field) for field in fields):
        own = ", ".join(f"{field.name!r}: found[{wire_name(field)!r}]" for field in fields)
        renaming = [f"found = {{{own}}}"]
    else:
        renaming = []
    return ["made = new(cls)", *renaming, "found['extra'] = extra", "fill(made, found)", "return made"]


def _is_filled(cls: type[Record]) -> bool:
    """Whether nothing is lost when an object of *cls* gets its fields at once, past a constructor that only stores.

    That is an attrs class without slots, of its own constructor, validators
    and `__attrs_post_init__`. The constructor of a frozen class takes longer
    than all checks together.
    """
    steps = ("__attrs_init__", "__attrs_pre_init__", "__attrs_post_init__")
    if "__attrs_attrs__" not in vars(cls) or any(hasattr(cls, step) for step in steps):
        return False
    return all(
        field.init
        and field.validator is None
        and isinstance(_converter(field), types.FunctionType | None)
        and not hasattr(cls, field.name)
        for field in attrs.fields(cls)
    )
