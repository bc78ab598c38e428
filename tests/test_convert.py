"""JSON to objects and back: nothing is lost, nothing is coerced, and what does not fit is named."""

import copy
import json
import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skipup_async import Campaign, InvalidArgumentError, MeetingRequest, Participant, Timeframe, WorkspaceMember
from skipup_async.core.convert import WrongShapeError, decode
from skipup_async.core.record import Record

NINE = datetime(2026, 2, 16, 9, tzinfo=UTC)
MODELS = [MeetingRequest, WorkspaceMember, Campaign]
every_model = pytest.mark.parametrize("model", MODELS)

#: A slow machine is no failure.
unhurried = settings(deadline=None)
texts = st.text(st.characters(exclude_categories=["Cs"]))
offsets = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001 - the zone comes from the strategy
    max_value=datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC) | offsets,
)
numbers = st.integers(-(2**63), 2**64 - 1)
json_values = st.recursive(
    st.none() | st.booleans() | numbers | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)
timeframes = st.builds(Timeframe, start=st.none() | moments, end=st.none() | moments)

#: What each type of a field may hold.
VALUES: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    str | None: st.none() | texts,
    tuple[str, ...] | None: st.none() | st.lists(texts, max_size=4).map(tuple),
    bool | None: st.none() | st.booleans(),
    int | None: st.none() | numbers,
    float | None: st.none() | st.floats(allow_nan=False, allow_infinity=False),
    int | float | None: st.none() | numbers | st.floats(allow_nan=False, allow_infinity=False),
    Timeframe | None: st.none() | timeframes,
    datetime | None: st.none() | moments,
}


def records(model: type[Record]) -> st.SearchStrategy[Record]:
    """Objects of *model* with any value in any field."""
    fields = [field for field in attrs.fields(model) if field.name != "extra"]
    return st.builds(model, **{field.name: VALUES[field.type] for field in fields})


any_record = st.one_of([records(model) for model in MODELS])


def over_the_wire(record: Record) -> Record:
    """*record* as JSON and back."""
    return decode(type(record), json.loads(json.dumps(record.to_dict())))


@unhurried
@given(any_record)
def test_an_object_survives_the_wire(record: Record) -> None:
    """`to_dict` and decoding are each other's inverse."""
    assert over_the_wire(record) == record


@unhurried
@given(any_record)
def test_an_object_survives_pickle_and_copy(record: Record) -> None:
    """It can go to another process, and be copied either way."""
    copies = [pickle.loads(pickle.dumps(record)), copy.copy(record), copy.deepcopy(record)]
    assert copies == [record] * 3


@unhurried
@given(any_record)
def test_equal_objects_have_equal_hashes(record: Record) -> None:
    """They are one in a set."""
    assert {record, over_the_wire(record)} == {record}


@unhurried
@given(any_record, st.dictionaries(texts, json_values, max_size=4))
def test_fields_nobody_announced_are_kept(record: Record, more: dict[str, Any]) -> None:
    """They stand in `extra`, come back from `to_dict`, and change neither equality nor hash."""
    announced = record.to_dict()
    unknown = {name: value for name, value in more.items() if name not in announced}
    found = decode(type(record), {**announced, **unknown})
    assert (found, hash(found), set(found.extra), found.to_dict()) == (
        record,
        hash(record),
        set(unknown),
        {**announced, **unknown},
    )


@unhurried
@given(any_record, st.dictionaries(texts.map(lambda name: f"x-{name}"), json_values, min_size=1, max_size=3))
def test_unannounced_fields_survive_pickle(record: Record, more: dict[str, Any]) -> None:
    """With all that is inside them."""
    found = decode(type(record), {**record.to_dict(), **more})
    assert pickle.loads(pickle.dumps(found)).extra == found.extra


class TestExtra:
    """What is kept of fields nobody announced."""

    record = decode(MeetingRequest, {"id": "mr_1", "new": {"list": [1, {"deep": [2]}]}})

    def test_it_is_read_only(self) -> None:
        """At every depth: objects are mappings without a way in, and lists are tuples."""
        inner: Any = self.record.extra["new"]
        with pytest.raises(TypeError):
            inner["list"] = 1
        assert inner["list"] == (1, {"deep": (2,)})

    def test_it_does_not_follow_the_answer(self) -> None:
        """A change of the JSON it was made from does not reach it."""
        payload: dict[str, Any] = {"id": "mr_1", "new": [1]}
        record = decode(MeetingRequest, payload)
        payload["new"].append(2)
        assert record.extra == {"new": (1,)}

    def test_it_is_outside_equality_and_hash(self) -> None:
        """Two objects that differ only there are equal."""
        assert {self.record, MeetingRequest("mr_1")} == {MeetingRequest("mr_1")}

    def test_it_is_empty_where_everything_was_announced(self) -> None:
        """An empty mapping, and never None."""
        assert dict(decode(MeetingRequest, {"id": "mr_1"}).extra) == {}

    @pytest.mark.parametrize(
        "name", ["extra", "to_dict", "__class__", "_extra", "self", "cls", "", "id ", "ID", "é", "a b"]
    )
    def test_a_field_may_have_any_name(self, name: str) -> None:
        """One of ours as well, which does no harm to it."""
        found = decode(MeetingRequest, {"id": "mr_1", name: "x"})
        assert (found.id, found.extra[name]) == ("mr_1", "x")


class TestNull:
    """Absent, and `null`."""

    @every_model
    def test_both_are_none(self, model: Any) -> None:
        """A field that is not there and one that is null make equal objects."""
        names = [field.name for field in attrs.fields(model) if field.name not in ("id", "extra")]
        assert decode(model, {"id": "x", **dict.fromkeys(names)}) == decode(model, {"id": "x"}) == model("x")

    @every_model
    @pytest.mark.parametrize("payload", [{}, {"id": None}])
    def test_an_object_without_an_id_is_none(self, model: Any, payload: Any) -> None:
        """Only the id is required."""
        with pytest.raises(WrongShapeError, match=r"^id is missing$"):
            decode(model, payload)


#: A value of each kind JSON has, by what Python calls it.
KINDS: dict[str, Any] = {
    "str": "x",
    "int": 7,
    "float": 7.5,
    "bool": True,
    "list": ["x", 1],
    "dict": {"x": 1},
}
#: Which of them each type of a field takes; null is taken by all but the id.
TAKES: dict[Any, set[str]] = {
    str: {"str"},
    str | None: {"str"},
    tuple[str, ...] | None: set(),
    bool | None: {"bool"},
    int | None: {"int"},
    float | None: {"int", "float"},
    int | float | None: {"int", "float"},
    Timeframe | None: {"dict"},
    datetime | None: set(),
}
WRONG = [
    (model, field.name, kind)
    for model in MODELS
    for field in attrs.fields(model)
    if field.name != "extra"
    for kind in KINDS
    if kind not in TAKES[field.type]
]


@pytest.mark.parametrize(("model", "field", "kind"), WRONG)
def test_a_value_of_another_type_is_refused_by_the_fields_name(model: Any, field: str, kind: str) -> None:
    """Text is not made of numbers, nor numbers of text, nor truth of either."""
    with pytest.raises(WrongShapeError, match=rf"^{field}\b"):
        decode(model, {"id": "x", field: KINDS[kind]})


@pytest.mark.parametrize("value", [None, 1, "x", [], [{"id": "x"}], True, 1.5])
@every_model
def test_what_is_no_object_is_refused(model: Any, value: Any) -> None:
    """An object is needed, and nothing else looks like one."""
    with pytest.raises(WrongShapeError, match="expected an object"):
        decode(model, value)


@pytest.mark.parametrize(
    ("timeframe", "said"),
    [
        ({"start": 5}, r"^timeframe\.start is int, expected a time"),
        ({"end": "soon"}, r"^timeframe\.end is str, expected a time"),
        ({"start": "2026-02-16T09:00:00Z", "end": []}, r"^timeframe\.end is list"),
        ([], r"^timeframe is list, expected an object$"),
    ],
)
def test_a_field_inside_a_field_is_named_by_its_path(timeframe: Any, said: str) -> None:
    """From the outside in, with dots."""
    with pytest.raises(WrongShapeError, match=said):
        decode(MeetingRequest, {"id": "mr_1", "timeframe": timeframe})


@pytest.mark.parametrize("value", ["s3cret", {"s3cret": 1}, ["s3cret"]])
def test_an_error_shows_no_value(value: Any) -> None:
    """Values are people's names and addresses: only their type is told."""
    with pytest.raises(WrongShapeError) as raised:
        decode(MeetingRequest, {"id": "mr_1", "duration_minutes": value})
    text = str(raised.value)
    assert (text.startswith(f"duration_minutes is {type(value).__name__}"), "s3cret" in text) == (True, False)


@pytest.mark.parametrize("status", ["active", "booked", "ACTIVE", "added later", "", "é"])
def test_an_enumeration_is_open(status: str) -> None:
    """A value the service adds tomorrow is text like the others."""
    assert decode(MeetingRequest, {"id": "mr_1", "status": status}).status == status


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-02-16T09:00:00Z", NINE),
        ("2026-02-16T09:00:00+00:00", NINE),
        ("2026-02-16T09:00:00.000Z", NINE),
        ("2026-02-16T10:00:00+01:00", NINE),
        ("2026-02-16T03:15:00-05:45", NINE),
        ("2026-02-16T09:00:00", NINE),
        ("2026-02-16 09:00:00Z", NINE),
        ("2026-02-16T09:00Z", NINE),
        ("2026-02-16T09:00:00.250Z", NINE + timedelta(microseconds=250_000)),
        ("2026-02-16T09:00:00.123456789Z", NINE + timedelta(microseconds=123_456)),
    ],
)
def test_a_time_is_read_in_every_form(text: str, moment: datetime) -> None:
    """`Z`, an offset, a fraction; without an offset it is UTC, as SkipUp says all its times are."""
    found = decode(WorkspaceMember, {"id": "mem_1", "created_at": text}).created_at
    assert found is not None
    assert (found, found.tzinfo is None) == (moment, False)


@pytest.mark.parametrize(
    "text", ["", "soon", "2026", "2026-02-30T09:00:00Z", "09:00", "2026-02-16T25:00:00Z", "1771232400"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """By the field's name, and without the text."""
    with pytest.raises(WrongShapeError, match=r"^created_at is str, expected a time"):
        decode(WorkspaceMember, {"id": "mem_1", "created_at": text})


def test_the_offset_of_a_time_is_kept() -> None:
    """Who wrote 10:00+01:00 meant that clock."""
    found = decode(WorkspaceMember, {"id": "mem_1", "created_at": "2026-02-16T10:00:00+01:00"})
    assert found.to_dict()["created_at"] == "2026-02-16T10:00:00+01:00"


def test_lists_are_tuples() -> None:
    """An object that cannot change holds nothing that can."""
    assert decode(MeetingRequest, {"id": "mr_1", "participant_emails": ["a@b"]}).participant_emails == ("a@b",)


@every_model
def test_an_object_cannot_be_changed(model: Any) -> None:
    """Neither a field nor a new one."""
    record = model("x")
    for name in ("id", "nonsense"):
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            setattr(record, name, "y")


def test_a_repr_shows_what_is_there() -> None:
    """And leaves out what is None."""
    assert repr(MeetingRequest("mr_1", status="active")) == "MeetingRequest(id='mr_1', status='active')"


class TestTimeframe:
    """The one object that goes both ways."""

    @pytest.mark.parametrize("text", ["2026-02-16T09:00:00Z", "2026-02-16t09:00:00z", "2026-02-16 10:00:00+01:00"])
    def test_it_takes_text(self, text: str) -> None:
        """And is equal to one made of datetimes."""
        assert Timeframe(text) == Timeframe(NINE)

    @pytest.mark.parametrize("value", ["2026-02-16T09:00:00", NINE.replace(tzinfo=None), 5, "soon"])
    def test_it_refuses_what_has_no_offset(self, value: Any) -> None:
        """Where it is made, and by the name of the end."""
        with pytest.raises(InvalidArgumentError, match=r"^timeframe\.end must be"):
            Timeframe(end=value)

    def test_its_ends_may_be_in_any_order(self) -> None:
        """Whether that makes sense is for the service."""
        assert Timeframe(NINE, NINE - timedelta(days=1)).start == NINE


def test_a_participant_is_a_value() -> None:
    """Equal, hashable, picklable, and not to be changed."""
    bob = Participant("bob@example.com", "Bob", "Europe/London")
    assert {bob, pickle.loads(pickle.dumps(bob)), copy.deepcopy(bob)} == {bob}
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        bob.email = "x"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue] - the point
