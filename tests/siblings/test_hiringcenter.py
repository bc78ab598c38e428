"""HiringCenter: what each call sends, and what each documented answer, new and old, becomes."""

import copy
import pickle
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from skipup_async import (
    ConfigurationError,
    ConflictError,
    InvalidArgumentError,
    PaginationError,
    RateLimitError,
    ResponseError,
    RetryPolicy,
)
from skipup_async.core.record import Extra
from skipup_async.hiringcenter import AsyncHiringCenter, Deletion, HiringCenter, Meeting, Meetings
from tests.conftest import Driver
from tests.siblings.conftest import KEY, Colour, Service
from tests.siblings.hiringcenter import (
    CALLERS_KEY,
    DECODED,
    ITEM,
    MEETING,
    NEW,
    OLD,
    OWNER,
    PROSPECT,
    REQUIRED,
    REQUIRED_ON_THE_WIRE,
    TOKEN,
)

#: What a caller without a type checker may pass.
NOTHING: Any = None
CLIENTS = (AsyncHiringCenter, HiringCenter)
CHANGES: dict[str, Callable[[Any, str], Any]] = {
    "create": lambda c, key: c.meetings.create(**REQUIRED, idempotency_key=key),
    "update": lambda c, key: c.meetings.update(MEETING, notes="Bring a pen", idempotency_key=key),
    "delete": lambda c, key: c.meetings.delete(MEETING, idempotency_key=key),
}

both_envelopes = pytest.mark.parametrize("envelope", [NEW, OLD], ids=["new", "old"])


@pytest.fixture
def driver(colour: Colour, service: Service) -> Driver:
    """A client of that server."""
    return colour.drive(CLIENTS, base_url=f"{service.url}/v2")


def sent(service: Service) -> tuple[str, str, dict[str, str], Any]:
    """The latest request: method, path below the base URL, query and body."""
    seen = service.last
    return seen.method, seen.path.partition("/v2")[2], seen.query, seen.json


def create(**fields: Any) -> Any:
    """The request for a meeting with *fields* in place of the usual ones."""
    merged: dict[str, Any] = {**REQUIRED, **fields}
    return Meetings.create.build(**merged)


def test_get_asks_for_one_meeting(driver: Driver, service: Service) -> None:
    """`get` is a GET of the meeting's path, authorized by the key."""
    service.answer(NEW)
    driver.call(lambda c: c.meetings.get(MEETING))
    assert sent(service) == ("GET", f"/meetings/{MEETING}", {}, None)
    assert service.last.headers["Authorization"] == f"Bearer {KEY}"


@both_envelopes
def test_the_documented_item_is_decoded_from_either_envelope(
    driver: Driver, service: Service, envelope: dict[str, Any]
) -> None:
    """An item is read where it stands today, and where it stood before, and nothing of it is left over."""
    service.answer(envelope)
    meeting = driver.call(lambda c: c.meetings.get(MEETING))
    assert meeting == DECODED
    assert not meeting.extra


def test_create_sends_the_documented_body(driver: Driver, service: Service) -> None:
    """Names go out in camelCase and an aware datetime in milliseconds, whatever its zone."""
    service.answer(NEW, status=201)
    new_york = timezone(timedelta(hours=-4))
    fields: dict[str, Any] = {**REQUIRED, "meeting_date": datetime(2024, 5, 31, 11, 40, tzinfo=new_york)}
    made = driver.call(lambda c: c.meetings.create(**fields, user_id=OWNER, location="Zoom", notes=None))
    body = {**REQUIRED_ON_THE_WIRE, "userId": OWNER, "location": "Zoom", "notes": None}
    assert sent(service) == ("POST", "/meetings", {}, body)
    assert made == DECODED


@both_envelopes
def test_update_sends_what_is_given_and_null_to_clear(
    driver: Driver, service: Service, envelope: dict[str, Any]
) -> None:
    """What is left out is not sent; None clears location and notes."""
    service.answer(envelope)
    updated = driver.call(
        lambda c: c.meetings.update(
            MEETING, user_id=OWNER, meeting_date="2024-05-31T15:40:00Z", location=None, notes=None
        )
    )
    body = {"userId": OWNER, "meetingDate": "2024-05-31T15:40:00Z", "location": None, "notes": None}
    assert sent(service) == ("PATCH", f"/meetings/{MEETING}", {}, body)
    assert updated == DECODED


def test_delete_gives_the_services_words(driver: Driver, service: Service) -> None:
    """The documented answer to a deletion is its message."""
    service.answer({"success": True, "message": "Meeting deleted"})
    deletion = driver.call(lambda c: c.meetings.delete(MEETING))
    assert sent(service) == ("DELETE", f"/meetings/{MEETING}", {}, None)
    assert deletion == Deletion("Meeting deleted")


@pytest.mark.parametrize("status", [200, 204])
def test_a_deletion_may_be_answered_with_nothing(driver: Driver, service: Service, status: int) -> None:
    """It was done, and is not asked for again."""
    service.answer(b"", status=status)
    assert driver.call(lambda c: c.meetings.delete(MEETING)) == Deletion()
    assert len(service.seen) == 1


def test_list_sends_every_documented_filter(driver: Driver, service: Service) -> None:
    """Each filter goes out under its documented name; times as milliseconds, strings as they are."""
    service.answer({"success": True, "items": [], "pagination": {}})
    driver.items(
        lambda c: c.meetings.list(
            prospect_id=PROSPECT,
            owner_id=OWNER,
            meeting_type="virtual",
            meeting_date_after=datetime(2024, 5, 31, 15, 40, tzinfo=UTC),
            meeting_date_before="2024-06-30T00:00:00Z",
            limit=25,
            page_token=TOKEN,
        )
    )
    query = {
        "prospectId": PROSPECT,
        "ownerId": OWNER,
        "meetingType": "virtual",
        "meetingDateAfter": "1717170000000",
        "meetingDateBefore": "2024-06-30T00:00:00Z",
        "limit": "25",
        "pageToken": TOKEN,
    }
    assert sent(service) == ("GET", "/meetings", query, None)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ({"pagination": {"nextPageToken": TOKEN, "totalCount": 2}}, {"pagination": {"totalCount": 2}}),
        ({"nextPageToken": TOKEN}, {"nextPageToken": None}),
        ({"pagination": {"nextPageToken": TOKEN}}, {}),
        ({"nextPageToken": TOKEN, "pagination": None}, {"nextPageToken": ""}),
        ({"nextPageToken": TOKEN, "pagination": {"totalCount": 2}}, {"pagination": {"totalCount": 2}}),
    ],
    ids=["new", "old", "without pagination at the end", "mixed", "beside pagination"],
)
def test_a_list_goes_on_by_its_page_token(
    driver: Driver, service: Service, first: dict[str, Any], last: dict[str, Any]
) -> None:
    """The token is followed wherever it stands, and its absence is the end."""
    service.answer({"success": True, "items": [ITEM], **first})
    service.answer({"success": True, "items": [ITEM], **last})
    assert driver.items(lambda c: c.meetings.list(limit=1)) == [DECODED, DECODED]
    assert [seen.query for seen in service.seen] == [{"limit": "1"}, {"limit": "1", "pageToken": TOKEN}]


def test_a_page_token_that_is_no_text_is_a_pagination_error(driver: Driver, service: Service) -> None:
    """No number is taken for a token."""
    service.answer({"success": True, "items": [], "pagination": {"nextPageToken": 7}})
    with pytest.raises(PaginationError):
        driver.items(lambda c: c.meetings.list())


@pytest.mark.parametrize(
    "answer", [{"success": False, "item": ITEM}, {"success": True, "item": []}, {"success": True}, [ITEM], None]
)
def test_an_answer_without_success_or_item_is_a_response_error(driver: Driver, service: Service, answer: Any) -> None:
    """A 200 that does not hold what was asked for is not taken for it."""
    service.answer(answer)
    with pytest.raises(ResponseError):
        driver.call(lambda c: c.meetings.get(MEETING))


@pytest.mark.parametrize("key", [CALLERS_KEY, "k" * 512], ids=["documented", "longest"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_callers_key_goes_out_in_the_documented_header(
    driver: Driver, service: Service, change: Callable[[Any, str], Any], key: str
) -> None:
    """Each change carries `X-Idempotency-Key`, up to 512 characters of it."""
    service.answer(NEW)
    driver.call(lambda c: change(c, key))
    assert service.last.headers["X-Idempotency-Key"] == key
    assert "Idempotency-Key" not in service.last.headers


def test_a_lost_create_goes_out_again_with_the_same_key_and_bytes(driver: Driver, service: Service) -> None:
    """The key a call makes for itself, and its body, are the same in every attempt."""
    service.lose()
    service.answer({"error": "Conflict", "message": "The original request is still running"}, status=409)
    service.answer(NEW, status=201)
    assert driver.call(lambda c: c.meetings.create(**REQUIRED)) == DECODED
    assert len({(seen.headers["X-Idempotency-Key"], seen.body) for seen in service.seen}) == 1
    assert len(service.seen) == 3


def test_a_key_in_use_for_another_body_is_a_conflict_in_the_end(driver: Driver, service: Service) -> None:
    """A 409 that stays is told, with the service's words and the key."""
    service.answer({"error": "Conflict", "message": "Key reused with another payload"}, status=409)
    with pytest.raises(ConflictError) as caught:
        driver.call(lambda c: c.meetings.create(**REQUIRED, idempotency_key=CALLERS_KEY))
    assert (caught.value.message, caught.value.idempotency_key) == ("Key reused with another payload", CALLERS_KEY)
    assert caught.value.attempts == 4


def test_the_documented_429_tells_how_long_to_wait(driver: Driver, service: Service) -> None:
    """The body's `retryAfter` counts where there is no header."""
    message = "Minute limit exceeded. Please try again later."
    service.answer({"error": "Too many requests", "message": message, "retryAfter": 30}, status=429)
    impatient = RetryPolicy(max_retry_after=10)
    with pytest.raises(RateLimitError) as caught:
        driver.call(lambda c: c.with_options(retry=impatient).meetings.get(MEETING))
    assert (caught.value.message, caught.value.retry_after) == (message, 30.0)


def test_an_exhausted_limit_holds_the_next_call(colour: Colour, service: Service) -> None:
    """`RateLimit-Remaining: 0` closes the limiter until `RateLimit-Reset`."""
    driver = colour.drive(CLIENTS, base_url=service.url, limiter=None, api_key=str(uuid.uuid4()))
    service.answer(NEW, headers={"RateLimit-Limit": "500", "RateLimit-Remaining": "0", "RateLimit-Reset": "30"})
    driver.call(lambda c: c.meetings.get(MEETING))
    assert 25 < driver.client.rate_limit.next_slot <= 30


@pytest.mark.parametrize(("calls", "seconds"), [(501, 60.0), (10_001, 3600.0)])
def test_both_documented_limits_are_kept(colour: Colour, calls: int, seconds: float) -> None:
    """500 requests a minute, and 10,000 an hour."""
    client = colour.drive(CLIENTS, limiter=None).client
    assert client.estimate(calls - 1) < seconds
    assert client.estimate(calls) >= seconds


def test_the_update_verb_can_be_set(colour: Colour, service: Service) -> None:
    """A subclass says which verb the account's service wants, and `with_options` keeps it."""
    kinds = tuple(type(kind.__name__, (kind,), {"update_method": "PUT"}) for kind in CLIENTS)
    driver = colour.drive((kinds[0], kinds[1]), base_url=service.url)
    service.answer(NEW)
    driver.call(lambda c: c.with_options(timeout=5.0).meetings.update(MEETING, notes="Bring a pen"))
    assert service.last.method == "PUT"


@pytest.mark.parametrize(
    "call",
    [
        lambda: Meetings.get.build("../auth"),
        lambda: create(prospect_id="a/b"),
        lambda: create(owner_id=""),
        *[lambda name=name: create(**{name: None}) for name in REQUIRED],
        lambda: Meetings.update.build(MEETING, time_zone=NOTHING),
        lambda: create(meeting_date=datetime(2024, 5, 31)),  # noqa: DTZ001
        lambda: create(meeting_date="tomorrow"),
        lambda: create(time_zone="New York"),
        lambda: create(idempotency_key="k" * 513),
        lambda: Meetings.list.build(limit=201),
        lambda: Meetings.list.build(limit=0),
    ],
)
def test_an_argument_that_cannot_be_right_is_refused(call: Any) -> None:
    """Nothing is sent for it: there is not even a request."""
    with pytest.raises(InvalidArgumentError):
        call()


def test_an_error_names_the_argument_as_python_does() -> None:
    """The caller wrote `meeting_date`, not `meetingDate`."""
    with pytest.raises(InvalidArgumentError, match=r"^meeting_date_after must be"):
        Meetings.list.build(meeting_date_after="soon")


def test_a_meeting_goes_back_to_the_json_it_came_from() -> None:
    """`to_dict` gives the service's names and milliseconds."""
    assert DECODED.to_dict() == ITEM


def test_a_meeting_with_a_review_can_be_hashed_and_pickled() -> None:
    """The review, of whatever shape, is compared, and stands in no one's way."""
    reviewed = Meeting(id=MEETING, review=Extra({"stars": 5}))
    assert pickle.loads(pickle.dumps(reviewed)) == reviewed
    assert hash(reviewed) == hash(copy.copy(reviewed))
    assert reviewed != Meeting(id=MEETING)


@pytest.mark.parametrize("value", ["soon", 1.5, True, 10**18, {}])
def test_a_time_that_is_none_is_a_response_error(driver: Driver, service: Service, value: Any) -> None:
    """What is not a whole number of milliseconds within the calendar is named, and not guessed at."""
    service.answer({"success": True, "item": {**ITEM, "meetingDate": value}})
    with pytest.raises(ResponseError, match="meetingDate"):
        driver.call(lambda c: c.meetings.get(MEETING))


@pytest.mark.parametrize("kind", CLIENTS)
def test_the_key_may_come_from_the_environment(kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`HIRINGCENTER_API_KEY` is named where it is missing, and used where it is set."""
    monkeypatch.delenv("HIRINGCENTER_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="HIRINGCENTER_API_KEY"):
        kind()
    monkeypatch.setenv("HIRINGCENTER_API_KEY", KEY)
    assert KEY not in repr(kind())


def test_the_base_url_may_come_from_the_environment(
    colour: Colour, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`HIRINGCENTER_BASE_URL` leads to another place."""
    monkeypatch.setenv("HIRINGCENTER_BASE_URL", f"{service.url}/v2")
    service.answer(NEW)
    colour.drive(CLIENTS).call(lambda c: c.meetings.get(MEETING))
    assert len(service.seen) == 1
