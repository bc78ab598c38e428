"""The main job, end to end over a socket, awaited and blocking: a meeting request goes through its whole life."""

import pickle
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from skipup_async import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InvalidRequestError,
    MeetingRequest,
    NotFoundError,
    Participant,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    RetryPolicy,
    ServerError,
    SkipUpError,
    Timeframe,
    UnprocessableEntityError,
    ValidationError,
)
from skipup_async.emulator import Emulator, Profile
from tests.conftest import Driver, MakeDriver, Sleeper

ALICE, BOB, CAROL, DAVE = (f"{name}@example.com" for name in ("alice", "bob", "carol", "dave"))
NEXT_WEEK = Timeframe(datetime(2026, 2, 16, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC))


def created(driver: Driver, **fields: Any) -> MeetingRequest:
    """A new request of Alice's to Carol."""
    request: MeetingRequest = driver.call(
        lambda c: c.meeting_requests.create(**{"organizer_email": ALICE, "participants": [CAROL], **fields})
    )
    return request


def in_state(driver: Driver, emulator: Emulator, state: str) -> str:
    """The id of a request that is *state*."""
    id = created(driver).id
    if state == "booked":
        emulator.book(id)
    elif state != "active":
        driver.call(lambda c: getattr(c.meeting_requests, {"paused": "pause", "cancelled": "cancel"}[state])(id))
    return id


class TestLife:
    """Every step that a request can take."""

    def test_a_request_is_active_once_created(self, driver: Driver) -> None:
        """All that was told comes back, the participants as addresses."""
        request = created(
            driver,
            participants=[BOB, Participant(CAROL, "Carol", "Europe/London")],
            title="Kickoff",
            purpose="Discuss",
            description="Be brief",
            duration_minutes=45,
            timeframe=NEXT_WEEK,
            include_introduction=True,
        )
        assert request == MeetingRequest(
            id=request.id,
            status="active",
            organizer_email=ALICE,
            participant_emails=(BOB, CAROL),
            title="Kickoff",
            purpose="Discuss",
            description="Be brief",
            duration_minutes=45,
            timeframe=NEXT_WEEK,
            include_introduction=True,
            created_at=request.created_at,
            updated_at=request.created_at,
        )

    def test_what_answers_do_not_give_back_has_arrived(self, driver: Driver, emulator: Emulator) -> None:
        """Names and time zones go to the people."""
        created(
            driver,
            participants=[Participant(CAROL, "Carol", "Europe/London")],
            organizer_name="Alice",
            organizer_timezone="America/New_York",
        )
        people = {(each["email"], each["name"], each["timezone"]) for each in emulator.people()}
        assert {(ALICE, "Alice", "America/New_York"), (CAROL, "Carol", "Europe/London")} <= people

    def test_a_created_request_can_be_read(self, driver: Driver) -> None:
        """And is the same object."""
        request = created(driver, title="Kickoff")
        assert driver.call(lambda c: c.meeting_requests.get(request.id)) == request

    def test_a_created_request_is_listed_first(self, driver: Driver) -> None:
        """The newest before the older ones."""
        first, second = created(driver), created(driver)
        assert driver.items(lambda c: c.meeting_requests.list()) == [second, first]

    def test_another_organizer_takes_it_over(self, driver: Driver) -> None:
        """It stays active."""
        id = created(driver).id
        request = driver.call(lambda c: c.meeting_requests.change_organizer(id, BOB))
        assert (request.organizer_email, request.status) == (BOB, "active")

    def test_the_context_changes_where_it_is_told(self, driver: Driver) -> None:
        """What is left out stays, and None clears."""
        id = created(driver, title="Kickoff", purpose="Discuss", duration_minutes=30).id
        request = driver.call(
            lambda c: c.meeting_requests.update_context(id, title="Later", purpose=None, timeframe=NEXT_WEEK)
        )
        assert (request.title, request.purpose, request.duration_minutes, request.timeframe) == (
            "Later",
            None,
            30,
            NEXT_WEEK,
        )

    def test_it_is_paused_and_resumed(self, driver: Driver) -> None:
        """The time of the pause stands there, and goes."""
        id = created(driver).id
        paused = driver.call(lambda c: c.meeting_requests.pause(id))
        resumed = driver.call(lambda c: c.meeting_requests.resume(id))
        assert (paused.status, paused.paused_at, resumed.status, resumed.paused_at) == (
            "paused",
            paused.updated_at,
            "active",
            None,
        )

    def test_it_is_seen_booked(self, driver: Driver, emulator: Emulator) -> None:
        """That happens at the service, and is read."""
        id = created(driver).id
        emulator.book(id)
        request = driver.call(lambda c: c.meeting_requests.get(id))
        assert (request.status, request.booked_at) == ("booked", request.updated_at)

    @pytest.mark.parametrize("state", ["active", "paused"])
    def test_it_is_cancelled(self, driver: Driver, emulator: Emulator, state: str) -> None:
        """While it is active or paused."""
        id = in_state(driver, emulator, state)
        request = driver.call(lambda c: c.meeting_requests.cancel(id, notify=True))
        assert (request.status, request.cancelled_at) == ("cancelled", request.updated_at)

    def test_it_may_resume_by_itself(self, driver: Driver, emulator: Emulator) -> None:
        """A participant who writes about a time resumes what was paused."""
        id = in_state(driver, emulator, "paused")
        emulator.reply(id)
        assert driver.call(lambda c: c.meeting_requests.get(id)).status == "active"

    def test_the_whole_life(self, driver: Driver, emulator: Emulator) -> None:
        """One request from its creation to its booking, and another to its end."""
        id = created(driver, title="Kickoff").id
        driver.call(lambda c: c.meeting_requests.change_organizer(id, BOB))
        driver.call(lambda c: c.meeting_requests.update_context(id, title="Kickoff, moved"))
        driver.call(lambda c: c.meeting_requests.pause(id))
        driver.call(lambda c: c.meeting_requests.resume(id))
        emulator.book(id)
        other = created(driver).id
        driver.call(lambda c: c.meeting_requests.cancel(other))
        listed = driver.items(lambda c: c.meeting_requests.list())
        assert [(each.id, each.status, each.organizer_email, each.title) for each in listed] == [
            (other, "cancelled", ALICE, None),
            (id, "booked", BOB, "Kickoff, moved"),
        ]


class TestFilters:
    """Lists that leave something out."""

    @pytest.mark.parametrize("state", ["active", "paused", "booked", "cancelled"])
    def test_by_status(self, driver: Driver, emulator: Emulator, state: str) -> None:
        """Only those in that state."""
        ids = {each: in_state(driver, emulator, each) for each in ("active", "paused", "booked", "cancelled")}
        assert [each.id for each in driver.items(lambda c: c.meeting_requests.list(status=state))] == [ids[state]]

    def test_by_people(self, driver: Driver) -> None:
        """Only those of that organizer with that participant."""
        wanted = created(driver, organizer_email=BOB, participants=[CAROL, DAVE])
        created(driver, organizer_email=BOB)
        created(driver, participants=[DAVE])
        listed = driver.items(lambda c: c.meeting_requests.list(organizer_email=BOB, participant_email=DAVE))
        assert listed == [wanted]

    def test_by_time(self, driver: Driver, emulator: Emulator) -> None:
        """Both ends are inclusive."""
        times = [datetime(2026, 2, day, tzinfo=UTC) for day in (1, 2, 3)]
        ids = [emulator.add_meeting_request(created_at=time) for time in times]
        listed = driver.items(lambda c: c.meeting_requests.list(created_after=times[1], created_before=times[1]))
        assert [each.id for each in listed] == [ids[1]]

    @pytest.mark.parametrize("limit", [1, 2, 3, 100])
    def test_in_pages_of_any_size(self, driver: Driver, limit: int) -> None:
        """Every request once, newest first."""
        ids = [created(driver).id for _ in range(5)]
        listed = driver.items(lambda c: c.meeting_requests.list(limit=limit))
        assert [each.id for each in listed] == ids[::-1]


#: Which action is refused in which state, and what the service documents to say.
REFUSED = [
    ("cancel", "booked"),
    ("cancel", "cancelled"),
    ("pause", "paused"),
    ("pause", "booked"),
    ("pause", "cancelled"),
    ("resume", "active"),
    ("resume", "booked"),
    ("resume", "cancelled"),
    ("change_organizer", "paused"),
    ("change_organizer", "booked"),
    ("change_organizer", "cancelled"),
    ("update_context", "paused"),
    ("update_context", "booked"),
    ("update_context", "cancelled"),
]


class TestRefusals:
    """422: understood, and not possible."""

    @pytest.mark.parametrize(("action", "state"), REFUSED)
    def test_a_state_refuses_what_cannot_be_done_in_it(
        self, driver: Driver, emulator: Emulator, action: str, state: str
    ) -> None:
        """InvalidRequestError at the first answer: it is neither repeated nor read back, and nothing changes."""
        id = in_state(driver, emulator, state)
        arguments = {"change_organizer": {"new_organizer_email": BOB}, "update_context": {"title": "x"}}
        before = emulator.request_count, emulator.meeting_requests()
        with pytest.raises(InvalidRequestError) as raised:
            driver.call(lambda c: getattr(c.meeting_requests, action)(id, **arguments.get(action, {})))
        error = raised.value
        assert (error.status_code, error.type, error.attempts, error.maybe_applied) == (
            422,
            "invalid_request",
            1,
            False,
        )
        assert (emulator.request_count, emulator.meeting_requests()) == (before[0] + 1, before[1])

    @pytest.mark.parametrize(
        ("action", "state", "said"),
        [
            ("pause", "paused", "Cannot pause a request that is already paused"),
            ("resume", "active", "Cannot resume a request that is not paused"),
        ],
    )
    def test_the_documented_words_come_through(
        self, driver: Driver, emulator: Emulator, action: str, state: str, said: str
    ) -> None:
        """As support.skipup.ai/api/meeting-requests quotes them."""
        id = in_state(driver, emulator, state)
        with pytest.raises(InvalidRequestError) as raised:
            driver.call(lambda c: getattr(c.meeting_requests, action)(id))
        assert (raised.value.message, str(raised.value)) == (said, f"422 invalid_request: {said}")

    def test_an_organizer_must_be_a_member(self, driver: Driver) -> None:
        """Whoever is not is a ValidationError, on create."""
        with pytest.raises(ValidationError) as raised:
            created(driver, organizer_email="stranger@example.com")
        assert (raised.value.status_code, raised.value.type) == (422, "validation_error")

    def test_a_new_organizer_must_be_a_member(self, driver: Driver) -> None:
        """And on a change of the organizer."""
        id = created(driver).id
        with pytest.raises(ValidationError):
            driver.call(lambda c: c.meeting_requests.change_organizer(id, "stranger@example.com"))

    def test_an_id_that_is_not_there_is_not_found(self, driver: Driver) -> None:
        """404, in the service's words."""
        with pytest.raises(NotFoundError) as raised:
            driver.call(lambda c: c.meeting_requests.get("mr_nowhere"))
        assert (raised.value.type, raised.value.attempts) == ("not_found", 1)


class TestIdempotency:
    """One key, one request."""

    def test_a_key_creates_once(self, driver: Driver, emulator: Emulator) -> None:
        """The same key gives the same object."""
        first, second = created(driver, idempotency_key="key-1"), created(driver, idempotency_key="key-1")
        assert (first, len(emulator.meeting_requests())) == (second, 1)

    def test_calls_have_keys_of_their_own(self, driver: Driver, emulator: Emulator) -> None:
        """Two calls are two requests."""
        created(driver)
        created(driver)
        keys = {seen.headers["Idempotency-Key"] for seen in emulator.requests}
        assert (len(keys), len(emulator.meeting_requests())) == (2, 2)

    def test_a_key_counts_for_24_hours(self, driver: Driver, emulator: Emulator) -> None:
        """After that it is a new one."""
        created(driver, idempotency_key="key-1")
        emulator.advance(hours=24, seconds=1)
        created(driver, idempotency_key="key-1")
        assert len(emulator.meeting_requests()) == 2

    def test_a_lost_answer_creates_once(self, driver: Driver, emulator: Emulator) -> None:
        """The repeat carries the same key and the same bytes."""
        emulator.fail(on="POST /meeting_requests", connection="reset", after_commit=True)
        created(driver)
        first, second = emulator.requests
        assert (first.body, first.headers["Idempotency-Key"], len(emulator.meeting_requests())) == (
            second.body,
            second.headers["Idempotency-Key"],
            1,
        )

    def test_an_error_shows_the_key_to_go_on_with(self, driver: Driver, emulator: Emulator) -> None:
        """The next call with it is the same request."""
        fault = emulator.fail(on="POST /meeting_requests", status=500, next=None, after_commit=True)
        with pytest.raises(ServerError) as raised:
            created(driver)
        fault.cancel()
        created(driver, idempotency_key=raised.value.idempotency_key)
        assert len(emulator.meeting_requests()) == 1


class TestOthers:
    """Members and campaigns."""

    def test_the_members_are_listed(self, driver: Driver) -> None:
        """The one added last first."""
        listed = driver.items(lambda c: c.workspace_members.list())
        assert [(each.email, each.role, each.deactivated_at) for each in listed] == [
            (ALICE, "admin", None),
            (BOB, "member", None),
        ]

    @pytest.mark.parametrize(
        ("filters", "found"), [({"email": BOB}, [BOB]), ({"role": "admin"}, [ALICE]), ({"email": DAVE}, [])]
    )
    def test_members_are_filtered(self, driver: Driver, filters: dict[str, str], found: list[str]) -> None:
        """By address, by role; nobody is an empty list and no error."""
        assert [each.email for each in driver.items(lambda c: c.workspace_members.list(**filters))] == found

    def test_a_campaign_lives(self, driver: Driver, emulator: Emulator) -> None:
        """Created, read, listed, changed, deactivated."""
        team = emulator.team_id()
        campaign = driver.call(
            lambda c: c.campaigns.create(name="NAA 2026", team_id=team, starts_at=NEXT_WEEK.start, ends_at=None)
        )
        assert (campaign.slug, campaign.active, campaign.team_name, campaign.starts_at, campaign.booking_rate) == (
            "naa-2026",
            True,
            "Sales",
            NEXT_WEEK.start,
            0.0,
        )
        assert driver.call(lambda c: c.campaigns.get(campaign.id)) == campaign
        assert driver.items(lambda c: c.campaigns.list(active=True)) == [campaign]
        changed = driver.call(lambda c: c.campaigns.update(campaign.id, name="East", description="x"))
        assert (changed.name, changed.description, changed.team_id) == ("East", "x", team)
        ended = driver.call(lambda c: c.campaigns.deactivate(campaign.id))
        assert (ended.active, ended.deactivated_at) == (False, ended.updated_at)
        assert driver.items(lambda c: c.campaigns.list(active=True)) == []

    def test_a_campaign_counts_its_requests(self, driver: Driver, emulator: Emulator) -> None:
        """What was created for it, and what of that was booked."""
        id = emulator.add_campaign("NAA 2026")
        requests = [created(driver, campaign_id=id) for _ in range(3)]
        emulator.book(requests[0].id)
        campaign = driver.call(lambda c: c.campaigns.get(id))
        assert (campaign.meeting_request_count, campaign.meetings_booked_count, campaign.booking_rate) == (3, 1, 33.3)
        assert requests[0].campaign_id == id

    def test_a_campaign_ends_with_its_date(self, driver: Driver, emulator: Emulator) -> None:
        """It is active until then."""
        id = emulator.add_campaign("x", ends_at=(emulator.now() + timedelta(hours=1)).isoformat())
        emulator.advance(hours=2)
        assert driver.call(lambda c: c.campaigns.get(id)).active is False


def get(client: Any) -> Any:
    """A call that reads one object."""
    return client.meeting_requests.get("mr_1")


#: A status, the service's name for the error, and what class that is.
CLASSES: list[tuple[int, str, type[APIStatusError]]] = [
    (400, "bad_request", BadRequestError),
    (401, "unauthorized", AuthenticationError),
    (401, "authentication_error", AuthenticationError),
    (401, "invalid_request", AuthenticationError),
    (402, "payment_required", APIStatusError),
    (403, "forbidden", PermissionDeniedError),
    (404, "not_found", NotFoundError),
    (405, "method_not_allowed", APIStatusError),
    (409, "conflict", ConflictError),
    (410, "gone", APIStatusError),
    (413, "too_large", APIStatusError),
    (415, "unsupported", APIStatusError),
    (422, "invalid_request", InvalidRequestError),
    (422, "validation_error", ValidationError),
    (422, "added_later", UnprocessableEntityError),
    (429, "rate_limited", RateLimitError),
    (500, "server_error", ServerError),
    (501, "not_implemented", ServerError),
    (503, "validation_error", ServerError),
    (599, "x", ServerError),
]
#: Bodies an error may have, and what is said and named in them.
BODIES: list[tuple[Any, str, str | None]] = [
    ({"error": {"type": "forbidden", "message": "No scope"}}, "No scope", "forbidden"),
    ({"error": {"message": "No scope"}}, "No scope", None),
    ({"error": {"type": "forbidden"}}, "Forbidden, without a message", "forbidden"),
    ({"error": "No scope"}, "No scope", None),
    ({"error": 403, "message": "No scope"}, "No scope", None),
    ({"message": "No scope"}, "No scope", None),
    ({"error": {"type": 5, "message": ["x"]}}, "Forbidden, without a message", None),
    ({"error": None}, "Forbidden, without a message", None),
    ({}, "Forbidden, without a message", None),
    ([], "Forbidden, without a message", None),
    ("No scope", "Forbidden, without a message", None),
    ("", "Forbidden, without a message", None),
    ("<html><h1>403</h1></html>", "Forbidden, without a message", None),
    ('{"error": {"type": "forb', "Forbidden, without a message", None),
    ({"error": {"type": "forbidden", "message": "a\r\nb\x1b[31m"}}, "a\\r\\nb\\x1b[31m", "forbidden"),
]


class TestErrors:
    """What the service's errors become."""

    @pytest.mark.parametrize(("status", "type_", "kind"), CLASSES)
    def test_the_status_decides_the_class(
        self,
        make_driver: MakeDriver,
        emulator: Emulator,
        sleeper: Sleeper,
        status: int,
        type_: str,
        kind: type[APIStatusError],
    ) -> None:
        """The status first, then the type; a type nobody knows is the parent."""
        emulator.fail(status=status, type=type_, message="Because", next=None)
        policy = RetryPolicy(max_attempts=1, max_throttle_waits=0)
        driver = make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing, retry=policy)
        with pytest.raises(SkipUpError) as raised:
            driver.call(get)
        error: Any = raised.value
        assert (type(error), error.status_code, error.type, error.message) == (kind, status, type_, "Because")

    @pytest.mark.parametrize(("body", "said", "named"), BODIES)
    def test_a_body_may_be_anything(
        self, driver: Driver, emulator: Emulator, body: Any, said: str, named: str | None
    ) -> None:
        """An object, a plain string, nothing, HTML: the class is the same, and what can be read is read."""
        emulator.fail(status=403, body=body)
        with pytest.raises(PermissionDeniedError) as raised:
            driver.call(get)
        assert (raised.value.message, raised.value.type) == (said, named)

    def test_long_words_are_cut(self, driver: Driver, emulator: Emulator) -> None:
        """A page of text does not fill the log."""
        emulator.fail(status=403, message="x" * 10_000)
        with pytest.raises(PermissionDeniedError) as raised:
            driver.call(get)
        assert (len(raised.value.message) <= 500, len(repr(raised.value)) <= 1000) == (True, True)

    @pytest.mark.parametrize("form", ["unauthorized", "authentication_error", "string"])
    def test_every_documented_401_is_one_error(self, make_driver: MakeDriver, form: Any) -> None:
        """Two names and a plain string: the documents show all three."""
        with Emulator(profile=Profile(unauthorized=form)) as emulator:
            with pytest.raises(AuthenticationError) as raised:
                make_driver("sk_test_unknown", base_url=emulator.url).call(get)
            assert (raised.value.type, raised.value.attempts) == (None if form == "string" else form, 1)

    def test_a_missing_scope_is_permission_denied(self, make_driver: MakeDriver, emulator: Emulator) -> None:
        """403, and the service says which."""
        key = emulator.add_key(scopes=["meeting_requests.read"])
        with pytest.raises(PermissionDeniedError, match=r"meeting_requests\.write"):
            created(make_driver(key, base_url=emulator.url))

    def test_the_service_names_the_exchange(self, driver: Driver, emulator: Emulator) -> None:
        """`X-Request-Id` is quoted, for its support."""
        emulator.fail(status=404, message="No", headers={"X-Request-Id": "req_7"})
        with pytest.raises(NotFoundError) as raised:
            driver.call(get)
        assert (raised.value.request_id, "req_7" in str(raised.value)) == ("req_7", True)

    @pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
    def test_a_redirect_is_not_followed(self, driver: Driver, emulator: Emulator, status: int) -> None:
        """The key goes nowhere else."""
        emulator.fail(status=status, body="", headers={"Location": f"{emulator.url}/workspace_members"})
        with pytest.raises(ResponseError, match="redirect"):
            driver.call(get)
        assert emulator.request_count == 1

    @pytest.mark.parametrize(
        "body",
        [
            "<html>",
            "[]",
            "null",
            '"x"',
            "5",
            "{}",
            '{"data": null}',
            '{"data": []}',
            '{"data": {}}',
            '{"data": {"id": 5}}',
        ],
    )
    def test_an_answer_of_another_shape_is_an_error(self, driver: Driver, emulator: Emulator, body: str) -> None:
        """200 is not enough."""
        emulator.fail(status=200, body=body, next=None)
        with pytest.raises(ResponseError) as raised:
            driver.call(get)
        assert (raised.value.status_code, raised.value.maybe_applied) == (200, False)

    @pytest.mark.parametrize(("status", "type_", "kind"), CLASSES[1:4] + CLASSES[12:16])
    def test_an_error_goes_to_another_process_whole(
        self,
        make_driver: MakeDriver,
        emulator: Emulator,
        status: int,
        type_: str,
        kind: type[APIStatusError],
    ) -> None:
        """Pickled and back: class, words, status, type, attempts."""
        emulator.fail(status=status, type=type_, message="Because", next=None)
        driver = make_driver(emulator.api_key, base_url=emulator.url, retry=RetryPolicy(max_throttle_waits=0))
        with pytest.raises(kind) as raised:
            driver.call(get)
        copy: Any = pickle.loads(pickle.dumps(raised.value))
        assert (type(copy), str(copy), vars(copy)) == (kind, str(raised.value), vars(raised.value))
