"""The emulator's siblings, called by their own clients: life cycles, errors, limits, idempotency, faults."""

import base64
import http.client
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    RetryPolicy,
    UnprocessableEntityError,
)
from skipup_async.emulator import Emulator, RateLimit
from skipup_async.hiringcenter import AsyncHiringCenter, HiringCenter
from skipup_async.thareja import AsyncThareja, Thareja
from tests.conftest import Driver
from tests.siblings.conftest import Colour
from tests.siblings.hiringcenter import MEETING, OWNER, PROSPECT, REQUIRED
from tests.siblings.thareja import LINK, TWO_O_CLOCK

WHEN = datetime(2030, 1, 1, 12, tzinfo=UTC)
MINUTE_OVER = "Minute limit exceeded. Please try again later."
ONCE = RetryPolicy(max_attempts=1)


@pytest.fixture
def hiringcenter(colour: Colour, emulator: Emulator) -> Driver:
    """A client of the emulated HiringCenter."""
    clients = (AsyncHiringCenter, HiringCenter)
    return colour.drive(clients, api_key=emulator.api_key, base_url=emulator.hiringcenter_url)


@pytest.fixture
def thareja(colour: Colour, emulator: Emulator) -> Driver:
    """A client of the emulated Thareja."""
    return colour.drive((AsyncThareja, Thareja), api_key=emulator.api_key, base_url=emulator.thareja_url)


def ask(client: Any, **fields: Any) -> Any:
    """Ask the user of the documents' example for a meeting."""
    return client.meetings.create(**{"recipient_id": 5, "team_id": 1, "date": TWO_O_CLOCK, **fields})


def create(hiringcenter: Driver, **fields: Any) -> Any:
    """Create the meeting of the documents' example, with *fields* in place of its own."""
    return hiringcenter.call(lambda c: c.meetings.create(**{**REQUIRED, **fields}))


def test_a_hiringcenter_meeting_lives_as_documented(hiringcenter: Driver) -> None:
    """Created, read, changed, cleared and deleted: each answer is the meeting as it then is."""
    made = create(hiringcenter, user_id=OWNER, notes="Bring a pen")
    assert (made.prospect_id, made.meeting_date, made.created_by) == (PROSPECT, REQUIRED["meeting_date"], OWNER)
    assert hiringcenter.call(lambda c: c.meetings.get(made.id)) == made
    moved = hiringcenter.call(lambda c: c.meetings.update(made.id, meeting_date=WHEN, notes=None))
    assert (moved.meeting_date, moved.notes, moved.meeting_type) == (WHEN, None, "virtual")
    assert hiringcenter.call(lambda c: c.meetings.delete(made.id)).message == "Meeting deleted"
    with pytest.raises(NotFoundError, match="Meeting not found"):
        hiringcenter.call(lambda c: c.meetings.get(made.id))


def test_a_meeting_nobody_is_named_for_was_made_by_the_api(hiringcenter: Driver) -> None:
    """Without `user_id` the key is what created it."""
    made = create(hiringcenter)
    assert (made.created_by, made.created_by_api) == (None, True)
    assert made.created_by_api_key_id is not None


def test_the_furthest_out_comes_first_page_by_page(hiringcenter: Driver) -> None:
    """The list is ordered by date, latest first, and its token leads through all of it."""
    days = [WHEN + timedelta(days=number) for number in (1, 4, 0, 3, 2)]
    for day in days:
        create(hiringcenter, meeting_date=day)
    pages = hiringcenter.pages(lambda c: c.meetings.list(limit=2))
    assert [len(page.items) for page in pages] == [2, 2, 1]
    assert [meeting.meeting_date for page in pages for meeting in page.items] == sorted(days, reverse=True)


def test_a_list_holds_what_fits_every_filter(hiringcenter: Driver) -> None:
    """Prospect, owner and type must be equal, the date within its bounds."""
    for number, kind in enumerate(("phone", "virtual", "phone")):
        create(hiringcenter, meeting_type=kind, meeting_date=WHEN + timedelta(days=number))
    found = hiringcenter.items(
        lambda c: c.meetings.list(
            prospect_id=PROSPECT,
            owner_id=OWNER,
            meeting_type="phone",
            meeting_date_after=WHEN + timedelta(days=1),
            meeting_date_before="2030-02-01T00:00:00Z",
        )
    )
    assert [meeting.meeting_date for meeting in found] == [WHEN + timedelta(days=2)]


def test_one_key_creates_one_meeting(hiringcenter: Driver) -> None:
    """The same request under the same key gives the first answer again, and another request a 409."""
    first = create(hiringcenter, idempotency_key="once")
    assert create(hiringcenter, idempotency_key="once") == first
    assert hiringcenter.items(lambda c: c.meetings.list()) == [first]
    with pytest.raises(ConflictError, match="used with another request"):
        create(hiringcenter, meeting_type="phone", idempotency_key="once")


def test_a_refused_request_leaves_its_key_free(hiringcenter: Driver) -> None:
    """Nothing was done under the key, so a corrected request may have it."""
    with pytest.raises(BadRequestError, match="meetingType is required"):
        create(hiringcenter, meeting_type="", idempotency_key="again")
    assert create(hiringcenter, idempotency_key="again").meeting_type == "virtual"


def test_an_answer_lost_after_the_work_is_asked_for_again(hiringcenter: Driver, emulator: Emulator) -> None:
    """The retry finds the answer under its key: one meeting, and no error."""
    emulator.fail(on="POST /hiringcenter/v2/meetings", connection="reset", after_commit=True)
    made = create(hiringcenter)
    assert hiringcenter.items(lambda c: c.meetings.list()) == [made]


def test_a_key_whose_first_request_still_runs_is_a_conflict(
    hiringcenter: Driver, colour: Colour, emulator: Emulator
) -> None:
    """While the first request runs, a second one with its key is turned away; later it has the first one's answer."""
    held = emulator.fail(on="POST *", hold=True)
    url, clients = emulator.hiringcenter_url, (AsyncHiringCenter, HiringCenter)
    hasty = colour.drive(clients, api_key=emulator.api_key, base_url=url, timeout=0.2, retry=ONCE)
    with pytest.raises(APITimeoutError):
        create(hasty, idempotency_key="slow")
    with pytest.raises(ConflictError, match="still being processed"):
        create(hasty, idempotency_key="slow")
    held.release()
    made = create(hiringcenter, idempotency_key="slow")
    assert hiringcenter.items(lambda c: c.meetings.list()) == [made]


@pytest.mark.parametrize("verb", ["PATCH", "PUT", "POST"])
def test_an_update_may_come_by_any_verb(colour: Colour, emulator: Emulator, verb: str) -> None:
    """The page has lost the verb, so the emulator takes whichever a client is set to."""
    kinds = tuple(type(k.__name__, (k,), {"update_method": verb}) for k in (AsyncHiringCenter, HiringCenter))
    driver = colour.drive((kinds[0], kinds[1]), api_key=emulator.api_key, base_url=emulator.hiringcenter_url)
    made = create(driver)
    assert driver.call(lambda c: c.meetings.update(made.id, location="Room 5")).location == "Room 5"


def read_meetings(emulator: Emulator, times: int) -> tuple[list[int], dict[str, str], Any]:
    """Ask for HiringCenter's meetings by no client of ours: the statuses, and the last answer's headers and body."""
    place = urlsplit(emulator.hiringcenter_url)
    connection = http.client.HTTPConnection(place.netloc)
    headers: dict[str, str] = {}
    body: Any = None
    for _ in range(times):
        connection.request("GET", f"{place.path}/meetings", headers={"Authorization": f"Bearer {emulator.api_key}"})
        answer = connection.getresponse()
        headers, body = dict(answer.headers), json.loads(answer.read())
    connection.close()
    return [received.status or 0 for received in emulator.requests], headers, body


def test_the_501st_request_of_a_minute_is_refused_as_documented() -> None:
    """An emulator that limits keeps HiringCenter's own numbers, and says which window is over and for how long."""
    with Emulator(rate_limit=RateLimit()) as emulator:
        statuses, headers, body = read_meetings(emulator, 501)
    assert statuses == [200] * 500 + [429]
    wait = int(headers["Retry-After"])
    assert body == {"error": "Too many requests", "message": MINUTE_OVER, "retryAfter": wait}
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("500", "0")
    assert 0 < wait <= 60


def test_a_thareja_meeting_is_answered_as_documented(thareja: Driver) -> None:
    """Wall time in the recipient's zone becomes UTC, an hour long; the answer has the documented fields alone."""
    made = thareja.call(lambda c: ask(c, link=LINK))
    assert (made.recipient_id, made.team_id, made.timezone) == (5, 1, "America/New_York")
    assert made.creator_id != made.recipient_id
    assert (made.start, made.end) == (datetime(2025, 12, 15, 19, tzinfo=UTC), datetime(2025, 12, 15, 20, tzinfo=UTC))
    assert (made.booking_date, made.status, made.link, dict(made.extra)) == ("2025-12-15 19:00:00", None, None, {})


def test_a_recipient_of_unknown_zone_is_in_utc(thareja: Driver) -> None:
    """As documented for a zone that is not valid."""
    assert thareja.call(lambda c: ask(c, recipient_id=9)).start == datetime(2025, 12, 15, 14, tzinfo=UTC)


def test_a_meeting_is_pending_confirmed_and_completed(thareja: Driver, emulator: Emulator) -> None:
    """The documented states in their order; the last one comes by itself."""
    made = thareja.call(lambda c: ask(c, date=(emulator.now() + timedelta(days=1)).replace(tzinfo=None), link=LINK))
    assert [each.status for each in thareja.items(lambda c: c.meetings.pending())] == ["pending"]
    assert thareja.call(lambda c: c.meetings.confirm(made.id)).status == "confirmed"
    assert thareja.items(lambda c: c.meetings.pending()) == []
    emulator.advance(days=2)
    found = thareja.call(lambda c: c.meetings.get(made.id))
    assert (found.status, found.link) == ("completed", LINK)


@pytest.mark.parametrize(("name", "state"), [("reject", "rejected"), ("cancel", "cancelled")])
def test_a_meeting_that_is_over_stays_so(thareja: Driver, name: str, state: str) -> None:
    """What was rejected or cancelled cannot be confirmed; the error is a text where others are a number."""
    made = thareja.call(ask)
    assert thareja.call(lambda c: getattr(c.meetings, name)(made.id)).status == state
    with pytest.raises(UnprocessableEntityError, match=f"This meeting is {state}"):
        thareja.call(lambda c: c.meetings.confirm(made.id))


def test_a_users_meetings_are_those_on_either_side(thareja: Driver) -> None:
    """The recipient's list and the creator's hold the same meeting, a stranger's does not."""
    made = thareja.call(ask)
    recipients = thareja.items(lambda c: c.meetings.list(5))
    assert [each.id for each in recipients] == [made.id]
    assert thareja.items(lambda c: c.meetings.list(made.creator_id)) == recipients
    assert thareja.items(lambda c: c.meetings.list(99)) == []


def test_a_lost_create_may_have_made_a_meeting(thareja: Driver, emulator: Emulator) -> None:
    """The client says that nobody knows, and sends it once: there is one meeting."""
    emulator.fail(on="POST /thareja/api/v3/meeting/create", connection="reset", after_commit=True)
    with pytest.raises(AmbiguousOutcomeError):
        thareja.call(ask)
    assert len(thareja.items(lambda c: c.meetings.list(5))) == 1


@pytest.mark.parametrize("profile", ["default", "strict"])
def test_a_fault_on_order_comes_before_the_work(colour: Colour, profile: str) -> None:
    """An error ordered for a sibling is its answer, whatever the profile keeps, and nothing has happened."""
    with Emulator(profile=profile) as emulator:
        thareja = colour.drive((AsyncThareja, Thareja), api_key=emulator.api_key, base_url=emulator.thareja_url)
        emulator.fail(on="POST *", status=500, body={"error": "On order"})
        with pytest.raises(AmbiguousOutcomeError, match="On order"):
            thareja.call(ask)
        assert thareja.items(lambda c: c.meetings.list(5)) == []


WRONG: dict[str, tuple[str, Callable[[Any], Any], type[APIStatusError], str]] = {
    "hiringcenter: nothing": ("hc", lambda c: c.request("POST", "/meetings", body={}), BadRequestError, "prospectId"),
    "hiringcenter: no time": (
        "hc",
        lambda c: c.request("POST", f"/meetings/{MEETING}", body={"meetingDate": "soon"}),
        BadRequestError,
        "meetingDate must be",
    ),
    "hiringcenter: no text": (
        "hc",
        lambda c: c.request("POST", f"/meetings/{MEETING}", body={"timeZone": None}),
        BadRequestError,
        "timeZone must be a string",
    ),
    "hiringcenter: page too large": (
        "hc",
        lambda c: c.request("GET", "/meetings", query={"limit": 201}),
        BadRequestError,
        "limit must be 1 to 200",
    ),
    "hiringcenter: strange token": (
        "hc",
        lambda c: c.meetings.list(page_token="e30=").first_page(),
        BadRequestError,
        "pageToken",
    ),
    "hiringcenter: no such path": ("hc", lambda c: c.request("GET", "/prospects"), NotFoundError, "No route matches"),
    "thareja: nothing": (
        "th",
        lambda c: c.request("POST", "/meeting/create", body={}),
        BadRequestError,
        "user_id, team_id, and date are required",
    ),
    "thareja: no date": ("th", lambda c: ask(c, date="some day"), BadRequestError, "date could not be parsed"),
    "thareja: no number": (
        "th",
        lambda c: c.request("POST", "/meeting/create", body={"user_id": "5", "team_id": 1, "date": "2030-01-01"}),
        BadRequestError,
        "user_id must be an integer",
    ),
    "thareja: no meeting": ("th", lambda c: c.meetings.get(1), NotFoundError, "Meeting not found"),
    "thareja: no such path": ("th", lambda c: c.request("GET", "/project"), NotFoundError, "No route matches"),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_call_is_told_in_the_services_words(
    hiringcenter: Driver, thareja: Driver, wrong: tuple[str, Callable[[Any], Any], type[APIStatusError], str]
) -> None:
    """Each error has its status, and its message arrives."""
    service, call, kind, message = wrong
    with pytest.raises(kind, match=message):
        (hiringcenter if service == "hc" else thareja).call(call)


def test_a_wrong_key_is_not_let_in(colour: Colour, emulator: Emulator) -> None:
    """The siblings have SkipUp's keys, and words of their own for the others."""
    hiringcenter = colour.drive((AsyncHiringCenter, HiringCenter), base_url=emulator.hiringcenter_url)
    thareja = colour.drive((AsyncThareja, Thareja), base_url=emulator.thareja_url)
    with pytest.raises(AuthenticationError, match="Invalid or missing API key"):
        hiringcenter.call(lambda c: c.meetings.get(MEETING))
    with pytest.raises(AuthenticationError, match="Invalid or missing API key"):
        thareja.call(lambda c: c.meetings.get(1))


def test_a_meeting_made_but_answered_too_late_is_there(
    hiringcenter: Driver, thareja: Driver, colour: Colour, emulator: Emulator
) -> None:
    """A call held after its effect: who asks meanwhile finds the meeting, and its key still in use."""
    held = emulator.fail(on="POST *", next=2, hold=True, after_commit=True)
    url, clients = emulator.hiringcenter_url, (AsyncHiringCenter, HiringCenter)
    hasty = colour.drive(clients, api_key=emulator.api_key, base_url=url, timeout=0.2, retry=ONCE)
    with pytest.raises(APITimeoutError):
        create(hasty, idempotency_key="slow")
    (made,) = hiringcenter.items(lambda c: c.meetings.list())
    with pytest.raises(ConflictError, match="still being processed"):
        create(hasty, idempotency_key="slow")
    held.release()
    assert create(hiringcenter, idempotency_key="slow") == made
    late = emulator.fail(on="POST *", hold=True, after_commit=True)
    url, kinds = emulator.thareja_url, (AsyncThareja, Thareja)
    rash = colour.drive(kinds, api_key=emulator.api_key, base_url=url, timeout=0.2, retry=ONCE)
    with pytest.raises(AmbiguousOutcomeError):
        rash.call(ask)
    assert len(thareja.items(lambda c: c.meetings.list(5))) == 1
    late.release()


def token(text: str) -> str:
    """A query whose page token holds *text*."""
    return f"pageToken={base64.urlsafe_b64encode(text.encode()).decode()}"


def sent(emulator: Emulator, method: str, url: str, body: str | None = None) -> int:
    """The status of a call by no client of ours."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.netloc)
    headers = {"Authorization": f"Bearer {emulator.api_key}", "X-Idempotency-Key": "k-1"}
    connection.request(method, url.removeprefix(f"http://{place.netloc}"), body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


MANY = "1" * 5000
STRANGE = {
    "two signs": "meetingDateAfter=--5",
    "a date of many digits": f"meetingDateAfter={MANY}",
    "a limit of many digits": f"limit={MANY}",
    "a token without an end": token('{"at": Infinity}'),
    "a token too large": token('{"at": 1e999}'),
    "a token too deep": token("[" * 5000),
}


@pytest.mark.parametrize("query", STRANGE.values(), ids=STRANGE)
def test_a_strange_query_is_the_callers_mistake(emulator: Emulator, query: str) -> None:
    """400, whatever a number or a token is made of."""
    assert sent(emulator, "GET", f"{emulator.hiringcenter_url}/meetings?{query}") == 400


@pytest.mark.parametrize(
    "value",
    [r'"\ud800"', "NaN", "1e999", *("[" * depth + "]" * depth for depth in (200, 970, 976, 990))],
    ids=["surrogate", "nan", "infinity", "200", "970", "976", "990"],
)
def test_what_no_answer_could_hold_is_not_taken(emulator: Emulator, value: str) -> None:
    """400, and the lists are as they were."""
    hiringcenter = '"prospectId": "p", "meetingDate": 1, "timeZone": "UTC", "meetingType": "phone", "ownerId": "o"'
    thareja = '"user_id": 5, "team_id": 1, "date": "2027-02-01T14:00"'
    url, other = f"{emulator.hiringcenter_url}/meetings", emulator.thareja_url
    for extra in ("notes", "unknown"):
        assert sent(emulator, "POST", url, f'{{{hiringcenter}, "{extra}": {value}}}') == 400
    assert sent(emulator, "POST", f"{other}/meeting/create", f'{{{thareja}, "link": {value}}}') == 400
    assert (sent(emulator, "GET", url), sent(emulator, "GET", f"{other}/meeting/pending")) == (200, 200)


@pytest.mark.parametrize("id", [MANY, "0" * 20])
def test_an_id_of_many_digits_is_no_meetings(emulator: Emulator, id: str) -> None:
    """404."""
    assert sent(emulator, "GET", f"{emulator.thareja_url}/meeting/{id}") == 404
