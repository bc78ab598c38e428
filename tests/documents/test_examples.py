"""Every example of the documents: the call sends that request, and its answer decodes."""

import copy
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, cast

import attrs
import pytest

from skipup_async import Participant, Timeframe, UnprocessableEntityError
from skipup_async.core.record import Record
from tests.conftest import Driver, MakeDriver
from tests.documents.examples import DOCUMENTED_ERROR, EXAMPLES, Example
from tests.recorder import Recorder

KEY = "sk_test_documents"
REQUEST, CAMPAIGN, TEAM = "mr_01HQ8XK4ZB", "cmp_01HQ5RW9ME", "tm_01HQ6DY3FH"
FEBRUARY = Timeframe("2025-02-01T00:00:00Z", "2025-02-14T23:59:59Z")

#: The call that each example stands for. A list is asked for one page, as the examples show one.
CALLS: dict[str, Callable[[Any], Any]] = {
    "meeting_requests: list": lambda c: c.meeting_requests.list(status="active", limit=10).first_page(),
    "meeting_requests: get": lambda c: c.meeting_requests.get(REQUEST),
    "meeting_requests: create": lambda c: c.meeting_requests.create(
        organizer_email="alice@example.com",
        organizer_name="Alice Chen",
        organizer_timezone="America/New_York",
        participants=[Participant("bob@example.com", "Bob Lee", "America/Chicago"), "carol@example.com"],
        include_introduction=True,
        title="Project kickoff",
        purpose="Discuss Q2 roadmap and assign workstreams",
        description="Meeting with the RevOps team. Keep tone friendly and concise.",
        duration_minutes=45,
        timeframe=FEBRUARY,
    ),
    "meeting_requests: create with addresses alone": lambda c: c.meeting_requests.create(
        organizer_email="alice@example.com",
        participants=["bob@example.com", "carol@example.com"],
        title="Project kickoff",
        purpose="Discuss Q2 roadmap and assign workstreams",
        duration_minutes=45,
    ),
    "meeting_requests: create with an idempotency key": lambda c: c.meeting_requests.create(
        organizer_email="alice@example.com",
        participants=["bob@example.com"],
        idempotency_key="550e8400-e29b-41d4-a716-446655440000",
    ),
    "meeting_requests: cancel": lambda c: c.meeting_requests.cancel(REQUEST, notify=True),
    "meeting_requests: pause": lambda c: c.meeting_requests.pause(REQUEST),
    "meeting_requests: resume": lambda c: c.meeting_requests.resume(REQUEST),
    "meeting_requests: change organizer": lambda c: c.meeting_requests.change_organizer(REQUEST, "dana@example.com"),
    "meeting_requests: update context": lambda c: c.meeting_requests.update_context(
        REQUEST,
        title="Updated kickoff meeting",
        description="Carol is joining from the London office — suggest afternoon slots.",
        duration_minutes=60,
        timeframe=Timeframe("2025-02-10T00:00:00Z", "2025-02-21T23:59:59Z"),
    ),
    "reference: create": lambda c: c.meeting_requests.create(
        organizer_email="sarah@acme.com",
        participants=[Participant("alex@example.com", "Alex Chen", "America/New_York"), "priya@example.com"],
        include_introduction=True,
        title="Product demo walkthrough",
        purpose="Show the new dashboard features",
        duration_minutes=30,
        timeframe=Timeframe("2026-02-16T00:00:00Z", "2026-02-20T23:59:59Z"),
        idempotency_key="550e8400-e29b-41d4-a716-446655440000",
    ),
    "reference: cancel": lambda c: c.meeting_requests.cancel(REQUEST),
    "reference: pause": lambda c: c.meeting_requests.pause(REQUEST),
    "reference: resume": lambda c: c.meeting_requests.resume(REQUEST),
    "reference: list": lambda c: c.meeting_requests.list(limit=10).first_page(),
    "reference: get": lambda c: c.meeting_requests.get(REQUEST),
    "reference: list members": lambda c: c.workspace_members.list().first_page(),
    "campaigns: list": lambda c: c.campaigns.list(active=True).first_page(),
    "campaigns: get": lambda c: c.campaigns.get(CAMPAIGN),
    "campaigns: create": lambda c: c.campaigns.create(
        name="NAA 2026", team_id=TEAM, starts_at="2026-06-01T00:00:00Z", ends_at="2026-06-30T23:59:59Z"
    ),
    "campaigns: update": lambda c: c.campaigns.update(CAMPAIGN, name="NAA 2026 East"),
    "campaigns: deactivate": lambda c: c.campaigns.deactivate(CAMPAIGN),
}

every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=lambda example: example.title)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers as the documents do."""
    with Recorder() as running:
        yield running


@pytest.fixture
def driver(make_driver: MakeDriver, recorder: Recorder) -> Driver:
    """A client of it, once awaited and once blocking."""
    return make_driver(KEY, base_url=recorder.url)


def _made(driver: Driver, recorder: Recorder, example: Example) -> Any:
    """What the call of *example* gives when the documented answer comes back."""
    recorder.answer(example.response, status=example.status)
    return driver.call(CALLS[example.title])


#: How the JSON value of a field is read; a field that is not here is as it is in JSON.
READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(
        (
            "created_at",
            "updated_at",
            "booked_at",
            "cancelled_at",
            "paused_at",
            "deactivated_at",
            "starts_at",
            "ends_at",
        ),
        datetime.fromisoformat,
    ),
    "participant_emails": tuple,
    "timeframe": lambda ends: Timeframe(datetime.fromisoformat(ends["start"]), datetime.fromisoformat(ends["end"])),
}


def _value(name: str, value: Any) -> Any:
    """What the JSON *value* of the field *name* is in Python."""
    return None if value is None else READERS.get(name, lambda same: same)(value)


def _fields(record: Record) -> dict[str, Any]:
    return {field.name: getattr(record, field.name) for field in attrs.fields(type(record)) if field.name != "extra"}


def _expected(record: Record, payload: dict[str, Any]) -> dict[str, Any]:
    """The fields *record* must have: those of *payload* in their Python form, all others None."""
    return {name: _value(name, payload.get(name)) for name in _fields(record)}


def _records(result: Any) -> list[Record]:
    """The objects of a page, or the one object."""
    return list(getattr(result, "items", [result]))


def _payloads(response: Any) -> list[dict[str, Any]]:
    """The JSON objects of an answer."""
    data = response["data"]
    return cast("list[dict[str, Any]]", data) if isinstance(data, list) else [data]


def test_every_example_has_its_call() -> None:
    """No example is left out, and no call stands for an example that is not there."""
    assert set(CALLS) == set(EXAMPLES)


@every_example
def test_the_call_sends_the_documented_request(driver: Driver, recorder: Recorder, example: Example) -> None:
    """Method, path, query and body are those of the example; the body is equal as a JSON value."""
    _made(driver, recorder, example)
    sent = recorder.last
    assert (sent.method, sent.path, sent.query, sent.json) == (
        example.method,
        f"/api/v1{example.path}",
        example.query,
        example.body,
    )


@every_example
def test_the_call_sends_the_documented_headers(driver: Driver, recorder: Recorder, example: Example) -> None:
    """The bearer token and every header of the example go out; ours may have more."""
    _made(driver, recorder, example)
    wanted = {"Authorization": f"Bearer {KEY}", **example.headers}
    assert {name: recorder.last.headers.get(name) for name in wanted} == wanted


@every_example
def test_a_create_of_a_meeting_request_always_has_an_idempotency_key(
    driver: Driver, recorder: Recorder, example: Example
) -> None:
    """`POST /meeting_requests` carries a key even where the example has none, and nothing else carries one."""
    _made(driver, recorder, example)
    is_create = (example.method, example.path) == ("POST", "/meeting_requests")
    assert bool(recorder.last.headers.get("Idempotency-Key")) is is_create


@every_example
def test_a_request_without_a_body_says_nothing_of_its_type(
    driver: Driver, recorder: Recorder, example: Example
) -> None:
    """`Content-Type: application/json` stands exactly on what has a body."""
    _made(driver, recorder, example)
    assert recorder.last.headers.get("Content-Type") == (None if example.body is None else "application/json")


@every_example
def test_the_documented_answer_decodes(driver: Driver, recorder: Recorder, example: Example) -> None:
    """Every field that is there has its value, and every announced field that is absent is None."""
    records = _records(_made(driver, recorder, example))
    assert [_fields(record) for record in records] == [
        _expected(record, payload) for record, payload in zip(records, _payloads(example.response), strict=True)
    ]


@every_example
def test_the_documented_answer_has_no_field_nobody_announced(
    driver: Driver, recorder: Recorder, example: Example
) -> None:
    """The models name every field that the examples have."""
    records = _records(_made(driver, recorder, example))
    assert [dict(record.extra) for record in records] == [{} for _ in records]


@every_example
def test_a_field_added_to_the_documented_answer_is_kept_apart(
    driver: Driver, recorder: Recorder, example: Example
) -> None:
    """A field the service adds tomorrow stands in `.extra`, and the object is equal to the one without it."""
    plain = _made(driver, recorder, example)
    response = copy.deepcopy(example.response)
    for payload in _payloads(response):
        payload["added"] = [1]
    recorder.clear()
    recorder.answer(response, status=example.status)
    result = driver.call(CALLS[example.title])
    assert (result, [dict(record.extra) for record in _records(result)]) == (
        plain,
        [{"added": (1,)} for _ in _payloads(response)],
    )


@pytest.mark.parametrize("title", [title for title in EXAMPLES if title.partition(": ")[2].startswith("list")])
def test_the_documented_meta_of_a_list_is_that_of_its_page(driver: Driver, recorder: Recorder, title: str) -> None:
    """`has_more` and `next_cursor` of the answer are those of the page."""
    page = _made(driver, recorder, EXAMPLES[title])
    meta = EXAMPLES[title].response["meta"]
    assert (page.has_more, page.next_cursor) == (meta["has_more"], meta.get("next_cursor"))


def test_the_documented_error_envelope_is_read(driver: Driver, recorder: Recorder) -> None:
    """`type` and `message` of the error body are those of the exception."""
    recorder.answer(DOCUMENTED_ERROR, status=422)
    with pytest.raises(UnprocessableEntityError) as raised:
        driver.call(lambda c: c.meeting_requests.get(REQUEST))
    assert (raised.value.type, raised.value.message) == ("error_type", "Human-readable description")
