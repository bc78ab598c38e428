"""Every field, parameter, limit and null of the documents' tables, one by one."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import attrs
import pytest

from skipup_async import Campaign, InvalidArgumentError, MeetingRequest, Participant, Timeframe, WorkspaceMember
from tests.conftest import Driver, MakeDriver
from tests.recorder import Recorder, Seen

TIME = "2025-01-20T14:30:00Z"
MOMENT = datetime(2025, 1, 20, 14, 30, tzinfo=UTC)

#: Every field of the documents' three objects: a JSON value of its type, and what it is in Python.
FIELDS: dict[type, dict[str, tuple[Any, Any]]] = {
    MeetingRequest: {
        "organizer_email": ("alice@example.com", "alice@example.com"),
        "participant_emails": (["bob@example.com", "carol@example.com"], ("bob@example.com", "carol@example.com")),
        "status": ("active", "active"),
        "title": ("Kickoff", "Kickoff"),
        "purpose": ("Discuss", "Discuss"),
        "description": ("Be brief", "Be brief"),
        "include_introduction": (True, True),
        "duration_minutes": (30, 30),
        "timeframe": ({"start": TIME, "end": TIME}, Timeframe(MOMENT, MOMENT)),
        "created_at": (TIME, MOMENT),
        "updated_at": (TIME, MOMENT),
        "booked_at": (TIME, MOMENT),
        "cancelled_at": (TIME, MOMENT),
        "paused_at": (TIME, MOMENT),
    },
    WorkspaceMember: {
        "email": ("alice@example.com", "alice@example.com"),
        "name": ("Alice", "Alice"),
        "role": ("admin", "admin"),
        "deactivated_at": (TIME, MOMENT),
        "created_at": (TIME, MOMENT),
    },
    Campaign: {
        "name": ("NAA 2026", "NAA 2026"),
        "slug": ("naa-2026", "naa-2026"),
        "description": ("A conference", "A conference"),
        "email_address": ("naa-2026.acme@skipup.co", "naa-2026.acme@skipup.co"),
        "team_id": ("tm_1", "tm_1"),
        "team_name": ("Sales", "Sales"),
        "active": (False, False),
        "starts_at": (TIME, MOMENT),
        "ends_at": (TIME, MOMENT),
        "deactivated_at": (TIME, MOMENT),
        "meeting_request_count": (42, 42),
        "meetings_booked_count": (18, 18),
        "booking_rate": (42.9, 42.9),
        "created_at": (TIME, MOMENT),
        "updated_at": (TIME, MOMENT),
    },
}
#: Fields of no documented table, which the models mark as provisional.
INFERRED = {MeetingRequest: {"campaign_id", "campaign_source"}, WorkspaceMember: set[str](), Campaign: set[str]()}
READS: dict[type, Callable[[Any], Any]] = {
    MeetingRequest: lambda c: c.meeting_requests.get("x_1"),
    WorkspaceMember: lambda c: c.workspace_members.list().collect(),
    Campaign: lambda c: c.campaigns.get("x_1"),
}

every_field = pytest.mark.parametrize(
    ("model", "field"), [(model, field) for model, fields in FIELDS.items() for field in fields]
)
every_model = pytest.mark.parametrize("model", FIELDS)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers what a test tells it."""
    with Recorder() as running:
        yield running


@pytest.fixture
def driver(make_driver: MakeDriver, recorder: Recorder) -> Driver:
    """A client of it, once awaited and once blocking."""
    return make_driver("sk_test_fields", base_url=recorder.url)


def _read(driver: Driver, recorder: Recorder, model: type, payload: dict[str, Any]) -> Any:
    """The object that *payload* is read as."""
    is_listed = model is WorkspaceMember
    recorder.answer({"data": [payload] if is_listed else payload})
    result = driver.call(READS[model])
    return result[0] if is_listed else result


@every_model
def test_the_model_has_the_documented_fields(model: type) -> None:
    """Each field of the table is announced, and nothing else but what is marked as inferred."""
    announced = {field.name for field in attrs.fields(model)} - {"id", "extra"}
    assert announced == set(FIELDS[model]) | INFERRED[model]


@every_field
def test_a_field_is_read(driver: Driver, recorder: Recorder, model: type, field: str) -> None:
    """One field beside the id is read as what its table says it is."""
    value, expected = FIELDS[model][field]
    assert getattr(_read(driver, recorder, model, {"id": "x_1", field: value}), field) == expected


@every_field
def test_a_field_that_is_null_is_none(driver: Driver, recorder: Recorder, model: type, field: str) -> None:
    """`null` is None, in every field but the id."""
    assert getattr(_read(driver, recorder, model, {"id": "x_1", field: None}), field) is None


@every_model
def test_an_object_may_be_its_id_alone(driver: Driver, recorder: Recorder, model: Any) -> None:
    """Only the id is required: the documents' own examples leave the rest out."""
    assert _read(driver, recorder, model, {"id": "x_1"}) == model(id="x_1")


@pytest.mark.parametrize("status", ["active", "paused", "booked", "cancelled", "rescheduling"])
def test_a_status_is_text(driver: Driver, recorder: Recorder, status: str) -> None:
    """The four documented statuses, and one that the service may add, come through as they are."""
    assert _read(driver, recorder, MeetingRequest, {"id": "x_1", "status": status}).status == status


@pytest.mark.parametrize(
    ("timeframe", "expected"),
    [
        ({"start": TIME}, Timeframe(start=MOMENT)),
        ({"end": TIME}, Timeframe(end=MOMENT)),
        ({"start": TIME, "end": None}, Timeframe(start=MOMENT)),
        ({}, Timeframe()),
    ],
)
def test_a_timeframe_may_lack_either_end(
    driver: Driver, recorder: Recorder, timeframe: dict[str, Any], expected: Timeframe
) -> None:
    """An end that is absent or null is None."""
    assert _read(driver, recorder, MeetingRequest, {"id": "x_1", "timeframe": timeframe}).timeframe == expected


@pytest.mark.parametrize("rate", [0.0, 0, 42.9, 100])
def test_a_booking_rate_may_be_whole(driver: Driver, recorder: Recorder, rate: float) -> None:
    """A percentage without a fraction may come as an integer; 0.0 where there are no requests yet."""
    assert _read(driver, recorder, Campaign, {"id": "x_1", "booking_rate": rate}).booking_rate == rate


@pytest.mark.parametrize("minutes", [1, 30, 30.0, 22.5])
def test_a_duration_may_have_a_fraction(driver: Driver, recorder: Recorder, minutes: float) -> None:
    """One page calls it an integer and another a number: both are read."""
    assert _read(driver, recorder, MeetingRequest, {"id": "x_1", "duration_minutes": minutes}).duration_minutes == (
        minutes
    )


PLUS_TWO = datetime(2025, 1, 20, 16, 30, tzinfo=timezone(timedelta(hours=2)))

#: Every filter of the three lists: whose it is, what the call is given, and what the query says.
FILTERS: list[tuple[str, str, Any, str]] = [
    ("meeting_requests", "participant_email", "bob+1@example.com", "bob+1@example.com"),
    ("meeting_requests", "organizer_email", "alice@example.com", "alice@example.com"),
    ("meeting_requests", "status", "active", "active"),
    ("meeting_requests", "status", "paused", "paused"),
    ("meeting_requests", "status", "booked", "booked"),
    ("meeting_requests", "status", "cancelled", "cancelled"),
    ("meeting_requests", "status", "added-later", "added-later"),
    ("meeting_requests", "created_after", MOMENT, TIME),
    ("meeting_requests", "created_after", PLUS_TWO, "2025-01-20T16:30:00+02:00"),
    ("meeting_requests", "created_before", TIME, TIME),
    ("meeting_requests", "created_before", "2025-01-20T16:30:00.250+02:00", "2025-01-20T16:30:00.250+02:00"),
    ("meeting_requests", "limit", 1, "1"),
    ("meeting_requests", "limit", 100, "100"),
    ("meeting_requests", "cursor", "mr_01HP7TN2QA", "mr_01HP7TN2QA"),
    ("workspace_members", "email", "alice@example.com", "alice@example.com"),
    ("workspace_members", "role", "admin", "admin"),
    ("workspace_members", "limit", 25, "25"),
    ("workspace_members", "cursor", "mem_01H9KQ2W7D", "mem_01H9KQ2W7D"),
    ("campaigns", "active", True, "true"),
    ("campaigns", "active", False, "false"),
    ("campaigns", "limit", 99, "99"),
    ("campaigns", "cursor", "cmp_01HQ5RW9ME", "cmp_01HQ5RW9ME"),
]
LISTS = ["meeting_requests", "workspace_members", "campaigns"]


def _sent(driver: Driver, recorder: Recorder, call: Callable[[Any], Any], answer: Any) -> Seen:
    """The request that *call* sends."""
    recorder.answer(answer)
    driver.call(call)
    return recorder.last


def _query(driver: Driver, recorder: Recorder, resource: str, **filters: Any) -> dict[str, str]:
    """The query that a list with *filters* sends."""
    return _sent(driver, recorder, lambda c: getattr(c, resource).list(**filters).first_page(), {"data": []}).query


@pytest.mark.parametrize(("resource", "name", "given", "sent"), FILTERS)
def test_a_filter_is_sent_under_its_name(
    driver: Driver, recorder: Recorder, resource: str, name: str, given: Any, sent: str
) -> None:
    """One filter is one parameter of the query, and nothing else is sent."""
    assert _query(driver, recorder, resource, **{name: given}) == {name: sent}


@pytest.mark.parametrize("resource", LISTS)
def test_a_list_without_filters_sends_no_query(driver: Driver, recorder: Recorder, resource: str) -> None:
    """The service's own defaults apply: nothing is sent for what was left out."""
    assert _query(driver, recorder, resource) == {}


@pytest.mark.parametrize(("resource", "name"), sorted({(resource, name) for resource, name, _, _ in FILTERS}))
def test_a_filter_that_is_none_filters_nothing(driver: Driver, recorder: Recorder, resource: str, name: str) -> None:
    """A query has no null: None is as good as left out."""
    assert _query(driver, recorder, resource, **{name: None}) == {}


@pytest.mark.parametrize("limit", [0, 101])
@pytest.mark.parametrize("resource", LISTS)
def test_a_limit_outside_the_documented_bounds_is_refused(driver: Driver, resource: str, limit: int) -> None:
    """A page holds 1 to 100 objects."""
    with pytest.raises(InvalidArgumentError, match="limit must be 1 to 100"):
        driver.call(lambda c: getattr(c, resource).list(limit=limit).first_page())


ORGANIZER, BOB = "alice@example.com", "bob@example.com"

#: Every optional field of a new meeting request: what the call is given, and what the body has more.
CREATED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"organizer_name": "Alice Chen"}, {"organizer_name": "Alice Chen"}),
    ({"organizer_timezone": "America/New_York"}, {"organizer_timezone": "America/New_York"}),
    ({"include_introduction": True}, {"include_introduction": True}),
    ({"include_introduction": False}, {"include_introduction": False}),
    ({"title": "Kickoff"}, {"context": {"title": "Kickoff"}}),
    ({"purpose": "Discuss"}, {"context": {"purpose": "Discuss"}}),
    ({"description": "x" * 5000}, {"context": {"description": "x" * 5000}}),
    ({"duration_minutes": 45}, {"context": {"duration_minutes": 45}}),
    ({"timeframe": Timeframe(start=MOMENT)}, {"context": {"timeframe": {"start": TIME}}}),
    ({"timeframe": Timeframe(end=TIME)}, {"context": {"timeframe": {"end": TIME}}}),
    ({"timeframe": Timeframe(TIME, TIME)}, {"context": {"timeframe": {"start": TIME, "end": TIME}}}),
    ({"campaign_id": "cmp_1"}, {"campaign_id": "cmp_1"}),
    *(
        ({name: None}, {name: None})
        for name in ("organizer_name", "organizer_timezone", "include_introduction", "campaign_id")
    ),
    *(
        ({name: None}, {"context": {name: None}})
        for name in ("title", "purpose", "description", "duration_minutes", "timeframe")
    ),
]
#: Every field of a context update, likewise.
CONTEXT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"title": "Kickoff"}, {"title": "Kickoff"}),
    ({"purpose": "Discuss"}, {"purpose": "Discuss"}),
    ({"description": "Be brief"}, {"description": "Be brief"}),
    ({"duration_minutes": 60}, {"duration_minutes": 60}),
    ({"timeframe": Timeframe(start=TIME)}, {"timeframe": {"start": TIME}}),
    ({"timeframe": Timeframe(end=TIME)}, {"timeframe": {"end": TIME}}),
    *(({name: None}, {name: None}) for name in ("title", "purpose", "description", "duration_minutes", "timeframe")),
]
#: Every optional field of a new campaign, likewise.
CAMPAIGN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"description": "A conference"}, {"description": "A conference"}),
    ({"starts_at": MOMENT}, {"starts_at": TIME}),
    ({"ends_at": TIME}, {"ends_at": TIME}),
    *(({name: None}, {name: None}) for name in ("description", "starts_at", "ends_at")),
]


@pytest.mark.parametrize(("given", "body"), CREATED)
def test_a_field_of_a_new_meeting_request_is_sent_in_its_place(
    driver: Driver, recorder: Recorder, given: dict[str, Any], body: dict[str, Any]
) -> None:
    """A field that is given stands where the table has it, None as null; the others are left out."""
    seen = _sent(
        driver,
        recorder,
        lambda c: c.meeting_requests.create(organizer_email=ORGANIZER, participants=[BOB], **given),
        {"data": {"id": "x_1"}},
    )
    assert seen.json == {"organizer_email": ORGANIZER, "participant_emails": [BOB], **body}


@pytest.mark.parametrize(
    ("participants", "body"),
    [
        ([BOB], {"participant_emails": [BOB]}),
        ([Participant(BOB)], {"participants": [{"email": BOB}]}),
        ([Participant(BOB, name="Bob")], {"participants": [{"email": BOB, "name": "Bob"}]}),
        ([Participant(BOB, timezone="Asia/Tokyo")], {"participants": [{"email": BOB, "timezone": "Asia/Tokyo"}]}),
        ([ORGANIZER, Participant(BOB)], {"participants": [{"email": ORGANIZER}, {"email": BOB}]}),
    ],
)
def test_participants_go_out_in_one_of_the_two_forms(
    driver: Driver, recorder: Recorder, participants: list[Any], body: dict[str, Any]
) -> None:
    """Addresses alone are `participant_emails`; with a `Participant` among them all are `participants`."""
    seen = _sent(
        driver,
        recorder,
        lambda c: c.meeting_requests.create(organizer_email=ORGANIZER, participants=participants),
        {"data": {"id": "x_1"}},
    )
    assert seen.json == {"organizer_email": ORGANIZER, **body}


@pytest.mark.parametrize(("given", "body"), CONTEXT)
def test_a_field_of_a_context_update_is_sent_at_the_top(
    driver: Driver, recorder: Recorder, given: dict[str, Any], body: dict[str, Any]
) -> None:
    """Only what is given is sent, and not inside a `context`."""
    seen = _sent(driver, recorder, lambda c: c.meeting_requests.update_context("x_1", **given), {"data": {"id": "x_1"}})
    assert seen.json == body


@pytest.mark.parametrize(("given", "body"), [({}, {"notify": False}), ({"notify": True}, {"notify": True})])
def test_a_cancel_says_whether_to_notify(
    driver: Driver, recorder: Recorder, given: dict[str, Any], body: dict[str, Any]
) -> None:
    """`notify` is false unless told."""
    seen = _sent(driver, recorder, lambda c: c.meeting_requests.cancel("x_1", **given), {"data": {"id": "x_1"}})
    assert seen.json == body


@pytest.mark.parametrize(("given", "body"), CAMPAIGN)
def test_a_field_of_a_new_campaign_is_sent_under_its_name(
    driver: Driver, recorder: Recorder, given: dict[str, Any], body: dict[str, Any]
) -> None:
    """Name and team go with whatever else is given."""
    seen = _sent(
        driver,
        recorder,
        lambda c: c.campaigns.create(name="NAA", team_id="tm_1", **given),
        {"data": {"id": "x_1"}},
    )
    assert seen.json == {"name": "NAA", "team_id": "tm_1", **body}


@pytest.mark.parametrize(
    ("given", "body"), [*CAMPAIGN, ({"name": "East"}, {"name": "East"}), ({"team_id": "tm_2"}, {"team_id": "tm_2"})]
)
def test_a_field_of_a_campaign_update_is_sent_alone(
    driver: Driver, recorder: Recorder, given: dict[str, Any], body: dict[str, Any]
) -> None:
    """What is left out is not sent, so it stays."""
    seen = _sent(driver, recorder, lambda c: c.campaigns.update("x_1", **given), {"data": {"id": "x_1"}})
    assert seen.json == body
