"""Thareja: what each call sends, and what each documented answer becomes."""

from datetime import UTC, date
from typing import Any

import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    BadRequestError,
    ConfigurationError,
    InvalidArgumentError,
    ResponseError,
)
from skipup_async.thareja import PATHS, AsyncThareja, Meetings, Thareja
from tests.conftest import Driver
from tests.siblings.conftest import KEY, Colour, Service
from tests.siblings.thareja import DECODED, ITEM, LINK, TWO_O_CLOCK

CLIENTS = (AsyncThareja, Thareja)


@pytest.fixture
def driver(colour: Colour, service: Service) -> Driver:
    """A client of that server."""
    return colour.drive(CLIENTS, base_url=f"{service.url}/v3")


def sent(service: Service) -> tuple[str, str, Any]:
    """The latest request: method, path below the base URL and body."""
    return service.last.method, service.last.path.partition("/v3")[2], service.last.json


@pytest.mark.parametrize("when", ["2025-12-15 14:00:00", "2025-12-15T14:00:00", "next Monday at two"])
def test_a_date_in_words_goes_out_as_it_is(driver: Driver, service: Service, when: str) -> None:
    """Whatever the service can parse is the service's to parse."""
    service.answer(ITEM)
    driver.call(lambda c: c.meetings.create(recipient_id=5, team_id=1, date=when, link=LINK))
    body = {"user_id": 5, "team_id": 1, "date": when, "link": LINK}
    assert sent(service) == ("POST", "/meeting/create", body)


def test_the_documented_answer_tells_recipient_and_creator_apart(driver: Driver, service: Service) -> None:
    """`client_id` is the recipient and `user_id` the creator; times are aware; nothing is left over."""
    service.answer(ITEM, status=201)
    made = driver.call(lambda c: c.meetings.create(recipient_id=5, team_id=1, date="2025-12-15 14:00:00", link=LINK))
    assert made == DECODED
    assert not made.extra


def test_a_meeting_without_a_link_is_sent_without_one(driver: Driver, service: Service) -> None:
    """A naive datetime is wall time; what is left out is not sent; the token authorizes."""
    service.answer(ITEM)
    driver.call(lambda c: c.meetings.create(recipient_id=5, team_id=1, date=TWO_O_CLOCK))
    assert sent(service)[2] == {"user_id": 5, "team_id": 1, "date": "2025-12-15T14:00:00"}
    assert service.last.headers["Authorization"] == f"Bearer {KEY}"
    assert "Idempotency-Key" not in service.last.headers


def test_an_aware_datetime_is_refused_with_the_reason() -> None:
    """A zone of the caller's would be dropped unheard, so it is not accepted."""
    with pytest.raises(InvalidArgumentError, match="naive datetime: it is read as wall time in the recipient's zone"):
        Meetings.create.build(recipient_id=5, team_id=1, date=TWO_O_CLOCK.replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipient_id": 0},
        {"recipient_id": "5"},
        {"recipient_id": True},
        {"team_id": -1},
        {"date": date(2025, 12, 15)},
        {"link": 7},
    ],
    ids=repr,
)
def test_an_argument_that_cannot_be_right_is_refused(wrong: dict[str, Any]) -> None:
    """Ids are whole numbers above zero, and the error names the argument."""
    fields: dict[str, Any] = {"recipient_id": 5, "team_id": 1, "date": TWO_O_CLOCK, **wrong}
    with pytest.raises(InvalidArgumentError, match=f"^{next(iter(wrong))} must be"):
        Meetings.create.build(**fields)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            {"error": 400, "message": "user_id, team_id, and date are required"},
            "user_id, team_id, and date are required",
        ),
        ({"error": 400, "message": "task_name and project_id are required"}, "task_name and project_id are required"),
        ({"error": "team_id missing"}, "team_id missing"),
        ({"error": 400}, "Bad Request, without a message"),
    ],
)
def test_an_error_tells_its_message_whatever_error_holds(
    driver: Driver, service: Service, body: dict[str, Any], message: str
) -> None:
    """`error` is a number on one page and a text on another, and `message` may be missing."""
    service.answer(body, status=400)
    with pytest.raises(BadRequestError) as caught:
        driver.call(lambda c: c.meetings.create(recipient_id=5, team_id=1, date=TWO_O_CLOCK))
    assert caught.value.message == message


def test_an_error_under_a_status_of_success_is_no_meeting(driver: Driver, service: Service) -> None:
    """Nobody documents the status of an error, so a 200 with `error` is told with its message."""
    service.answer({"error": 400, "message": "user_id, team_id, and date are required"})
    with pytest.raises(ResponseError, match="user_id, team_id, and date are required"):
        driver.call(lambda c: c.meetings.create(recipient_id=5, team_id=1, date=TWO_O_CLOCK))


def test_a_lost_create_is_ambiguous_and_goes_out_once(driver: Driver, service: Service) -> None:
    """No idempotency is documented, so nothing is sent that may add a second meeting."""
    service.lose()
    with pytest.raises(AmbiguousOutcomeError) as caught:
        driver.call(lambda c: c.meetings.create(recipient_id=5, team_id=1, date=TWO_O_CLOCK))
    assert (len(service.seen), caught.value.maybe_applied, caught.value.idempotency_key) == (1, True, None)


@pytest.mark.parametrize("name", ["confirm", "reject", "cancel", "get"])
def test_an_operation_on_one_meeting_is_where_the_table_says(driver: Driver, service: Service, name: str) -> None:
    """Its answer is a meeting; a state passes through as the service spells it."""
    service.answer({**ITEM, "status": "confirmed", "link": LINK})
    meeting = driver.call(lambda c: getattr(c.meetings, name)(123))
    method, path = PATHS[name]
    assert sent(service) == (method, f"/{path.replace('{id}', '123')}", None)
    assert (meeting.id, meeting.status, meeting.link) == (123, "confirmed", LINK)


@pytest.mark.parametrize(("name", "arguments"), [("pending", ()), ("list", (5,))], ids=["pending", "list"])
def test_a_list_is_one_page(driver: Driver, service: Service, name: str, arguments: tuple[int, ...]) -> None:
    """No pagination is documented, so there is one request and no cursor."""
    service.answer([ITEM, ITEM])
    (page,) = driver.pages(lambda c: getattr(c.meetings, name)(*arguments))
    assert sent(service) == ("GET", f"/{PATHS[name][1].replace('{id}', '5')}", None)
    assert (page.items, page.has_more, page.next_cursor) == ((DECODED, DECODED), False, None)


@pytest.mark.parametrize("name", ["confirm", "reject", "cancel"])
def test_a_lost_change_of_a_meeting_is_ambiguous(driver: Driver, service: Service, name: str) -> None:
    """What a second confirmation would do, nobody documents."""
    service.lose()
    with pytest.raises(AmbiguousOutcomeError):
        driver.call(lambda c: getattr(c.meetings, name)(123))
    assert len(service.seen) == 1


def test_a_meeting_of_another_id_is_not_taken_for_the_one_asked_for(driver: Driver, service: Service) -> None:
    """The number in the answer is held against the number in the path."""
    service.answer({**ITEM, "id": 124})
    with pytest.raises(ResponseError, match="another object"):
        driver.call(lambda c: c.meetings.get(123))


def test_the_paths_can_be_set(colour: Colour, service: Service) -> None:
    """A subclass says where an operation is and by which method, and `with_options` keeps it."""
    paths = {**PATHS, "confirm": ("PUT", "/mobile/meeting/confirmMeeting/{id}")}
    kinds = tuple(type(kind.__name__, (kind,), {"paths": paths}) for kind in CLIENTS)
    driver = colour.drive((kinds[0], kinds[1]), base_url=f"{service.url}/v3")
    service.answer(ITEM)
    driver.call(lambda c: c.with_options(timeout=5.0).meetings.confirm(123))
    assert sent(service)[:2] == ("PUT", "/mobile/meeting/confirmMeeting/123")


def test_no_limit_is_kept(colour: Colour) -> None:
    """Thareja documents none."""
    assert colour.drive(CLIENTS, limiter=None).client.estimate(10**9) == 0.0


def test_a_meeting_goes_back_to_the_json_it_came_from() -> None:
    """`to_dict` gives the service's names, Unix times and all; microseconds that are zero are not shown."""
    shown = {**ITEM, "created_at": "2025-12-01T10:00:00Z", "updated_at": "2025-12-01T10:00:00Z"}
    assert DECODED.to_dict() == {**shown, "status": None, "link": None}


@pytest.mark.parametrize("kind", CLIENTS)
def test_the_token_may_come_from_the_environment(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`THAREJA_API_TOKEN` is named where it is missing, and used where it is set."""
    monkeypatch.delenv("THAREJA_API_TOKEN", raising=False)
    with pytest.raises(ConfigurationError, match="THAREJA_API_TOKEN"):
        kind()
    monkeypatch.setenv("THAREJA_API_TOKEN", KEY)
    assert KEY not in repr(kind())


def test_the_base_url_may_come_from_the_environment(
    colour: Colour, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`THAREJA_BASE_URL` leads to another place, such as the staging host."""
    monkeypatch.setenv("THAREJA_BASE_URL", f"{service.url}/v3")
    service.answer(ITEM)
    colour.drive(CLIENTS).call(lambda c: c.meetings.get(123))
    assert len(service.seen) == 1
