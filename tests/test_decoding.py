"""The function written for each class of records decodes as a plain loop over the fields would."""

import re
import types
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Union, get_args, get_origin

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skipup_async import Campaign, MeetingRequest, Timeframe, WorkspaceMember
from skipup_async.core.convert import WrongShapeError, decode, decode_each
from skipup_async.core.record import CODEC, NAME, Extra, Record, announced, epoch, frozen, wire_name
from skipup_async.hiringcenter import Meeting as HiringMeeting
from skipup_async.skipup.teams import Team
from skipup_async.skipup.webhook_endpoints import WebhookDelivery, WebhookEndpoint
from skipup_async.thareja import Meeting as TharejaMeeting

#: A slow machine is no failure.
unhurried = settings(deadline=None, max_examples=300)


class UnfitError(Exception):
    """A value that does not fit."""


def reference(kind: Any, value: Any) -> Any:
    """*value*, decoded JSON, as *kind*, by the rules and nothing else."""
    if kind is Any:
        return frozen(value)
    if get_origin(kind) in (Union, types.UnionType):
        kinds = get_args(kind)
        if value is None and type(None) in kinds:
            return None
        members = [each for each in kinds if each is not type(None)]
        return reference(members[0], value) if len(members) == 1 else primitive(set(members), value)
    if get_origin(kind) is tuple:
        return tuple(reference(get_args(kind)[0], each) for each in of_type(list, value))
    if get_origin(kind) is not None:
        return Extra(of_type(dict, value))
    if kind is datetime:
        return time(value)
    if issubclass(kind, Record):
        return record(kind, of_type(dict, value))
    return primitive({int, float} if kind is float else {kind}, value)


def of_type(kind: Any, value: Any) -> Any:
    """*value*, where it is of *kind* exactly."""
    if type(value) is not kind:
        raise UnfitError
    return value


def primitive(kinds: set[Any], value: Any) -> Any:
    """*value*, where it is of one of *kinds* exactly: a truth is no number."""
    if type(value) not in kinds:
        raise UnfitError
    return value


def time(value: Any) -> datetime:
    """An aware datetime; one without an offset is UTC."""
    try:
        moment = datetime.fromisoformat(of_type(str, value))
    except ValueError:
        raise UnfitError from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def coded(field: Any, value: Any) -> Any:
    """*value* as the field's codec reads it."""
    try:
        return None if value is None else field.metadata[CODEC].read(value)
    except (TypeError, ValueError, OverflowError):
        raise UnfitError from None


def record(cls: Any, data: dict[str, Any]) -> Any:
    """An object of *cls*, made by its constructor; UnfitError says the first field that does not fit."""
    values: dict[str, Any] = {}
    for field in announced(cls):
        value = data.get(wire_name(field))
        try:
            values[field.name] = coded(field, value) if CODEC in field.metadata else reference(field.type, value)
        except UnfitError:
            raise UnfitError(wire_name(field)) from None
    known = {wire_name(field) for field in announced(cls)}
    return cls(**values, extra=Extra({name: value for name, value in data.items() if name not in known}))


def stripped(text: str) -> str:
    """*text*, stripped."""
    return text.strip()


@attrs.frozen(repr=False)
class Slotted(Record):
    """A record with slots, as `attrs.frozen` makes it."""

    id: str
    name: str | None = None
    since: datetime | None = attrs.field(default=None, metadata={NAME: "sinceWhen"})


@attrs.frozen(repr=False, slots=False)
class Swapped(Record):
    """A record each of whose fields is called as another one on the wire."""

    first: str = attrs.field(metadata={NAME: "second"})
    second: int | None = attrs.field(default=None, metadata={NAME: "first"})
    data: float | None = attrs.field(default=None, metadata={NAME: "found"})
    found: str | int | None = attrs.field(default=None, metadata={NAME: "v"})
    v: tuple[int, ...] | None = attrs.field(default=None, metadata={NAME: "data"})
    at: datetime | None = attrs.field(default=None, metadata={CODEC: epoch(timedelta(seconds=1))})


@attrs.frozen(repr=False, slots=False)
class Demanding(Record):
    """A record every field of which is required."""

    at: datetime
    names: tuple[str, ...]
    window: Timeframe
    share: float
    on: bool
    more: Mapping[str, Any]
    windows: tuple[Timeframe, ...]


CLASSES: list[Any] = [
    *(MeetingRequest, Timeframe, Campaign, WorkspaceMember, Team, WebhookEndpoint, WebhookDelivery),
    *(HiringMeeting, TharejaMeeting, Slotted, Swapped, Demanding),
]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
times = st.sampled_from(["2026-02-16T09:00:00Z", "2026-02-16T09:00:00", "2026-02-16 10:00+01:00", "2026-02-30", "soon"])
scalars = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | texts | times
windows = st.fixed_dictionaries({}, optional={"start": times | scalars, "end": times, "more": scalars})
values = scalars | st.lists(scalars, max_size=3) | st.lists(texts, max_size=3) | windows | st.lists(windows, max_size=2)


def fitting(kind: Any) -> st.SearchStrategy[Any]:
    """Values that often fit *kind*."""
    members = get_args(kind) if get_origin(kind) in (Union, types.UnionType) else (kind,)
    of = {str: texts, bool: st.booleans(), int: st.integers(), float: st.floats(allow_nan=False), datetime: times}
    known: list[st.SearchStrategy[Any]] = [of[member] for member in members if member in of]
    return st.one_of(*known, st.none(), values)


def payloads(cls: Any) -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects with any of the fields of *cls* or none, most of which fit, and with others."""
    fields = {wire_name(field): fitting(field.type) for field in announced(cls)}
    required = {name: fields.pop(name) for name in ("id", "second") if name in fields}
    own = st.fixed_dictionaries(required, optional=fields)
    return st.tuples(st.dictionaries(texts, values, max_size=3), own).map(lambda parts: {**parts[0], **parts[1]})


@unhurried
@given(st.sampled_from(CLASSES).flatmap(lambda cls: st.tuples(st.just(cls), payloads(cls))))
def test_it_decodes_as_a_loop_would(case: tuple[Any, dict[str, Any]]) -> None:
    """The same object with the same extras, or a refusal that names the same field; what came is not changed."""
    cls, payload = case
    before = repr(payload)
    try:
        expected = record(cls, payload)
    except UnfitError as fault:
        with pytest.raises(WrongShapeError, match=rf"^{re.escape(str(fault))}[ .]"):
            decode(cls, payload)
    else:
        found = decode(cls, payload)
        assert (found, dict(found.extra), type(found)) == (expected, dict(expected.extra), cls)
        assert [type(getattr(found, field.name)) for field in announced(cls)] == [
            type(getattr(expected, field.name)) for field in announced(cls)
        ]
        assert found.to_dict() == expected.to_dict()
    assert repr(payload) == before


@pytest.mark.parametrize("cls", CLASSES)
def test_an_object_that_was_decoded_is_like_one_that_was_made(cls: Any) -> None:
    """The same attributes and no others, and as little to be changed."""
    whole: dict[str, Any] = {
        "at": "2026-02-16T09:00:00Z",
        "names": [],
        "window": {},
        "share": 1,
        "on": True,
        "more": {},
        "windows": [],
    }
    payload: dict[str, Any] = whole if cls is Demanding else {"id": "x", "second": "x", "at": None}
    if cls is TharejaMeeting:
        payload = {"id": 1}
    found, made = decode(cls, payload), record(cls, payload)
    assert (found, hash(made) if cls is not Demanding else 0) == (made, hash(found) if cls is not Demanding else 0)
    assert attrs.asdict(found, recurse=False) == attrs.asdict(made, recurse=False)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(found, "id", "y")  # noqa: B010 - mypy knows that it cannot be


@pytest.mark.parametrize(("more", "extra"), [({}, {}), ({"x": 1}, {"x": 1}), ({"title": None, "x": 1}, {"x": 1})])
def test_an_unknown_field_beside_an_absent_one_is_kept(more: dict[str, Any], extra: dict[str, Any]) -> None:
    """As many fields as were announced prove nothing: which ones counts."""
    names = [wire_name(field) for field in announced(MeetingRequest)]
    payload = {name: None for name in names if name != "title"} | {"id": "mr_1"} | more
    assert decode(MeetingRequest, payload).extra == extra


def test_unknown_fields_keep_their_order() -> None:
    """That in which they came."""
    payload = {"z": 1, "id": "mr_1", "b": 2, "a": 3}
    assert list(decode(MeetingRequest, payload).extra) == ["z", "b", "a"]


@attrs.frozen(repr=False, slots=False)
class Validated(Record):
    """A record whose constructor does more than store."""

    id: str = attrs.field(validator=attrs.validators.max_len(3))


@attrs.frozen(repr=False, slots=False)
class Finished(Record):
    """A record that looks at itself once it is made."""

    id: str

    def __attrs_post_init__(self) -> None:
        """Refuse the one id there must not be."""
        if self.id == "no":
            raise ValueError(self.id)


@attrs.frozen(repr=False, slots=False)
class Converted(Record):
    """A record whose text is stripped, whoever writes it."""

    id: str = attrs.field(converter=stripped)


def test_a_constructor_that_does_more_than_store_is_called() -> None:
    """Validators, converters and `__attrs_post_init__` see what the service wrote too."""
    for cls, wrong in ((Validated, "xxxx"), (Finished, "no")):
        with pytest.raises(WrongShapeError):
            decode(cls, {"id": wrong})
    assert decode(Validated, {"id": "xxx"}) == Validated("xxx")
    assert decode(Converted, {"id": " x "}) == Converted("x")


def test_the_first_object_of_many_that_does_not_fit_is_named() -> None:
    """By its field."""
    assert decode_each(WorkspaceMember, [{"id": "a"}, {"id": "b"}]) == (WorkspaceMember("a"), WorkspaceMember("b"))
    with pytest.raises(WrongShapeError, match=r"^email is int, expected str$"):
        decode_each(WorkspaceMember, [{"id": "a"}, {"id": "b", "email": 1}, {"id": None}])
