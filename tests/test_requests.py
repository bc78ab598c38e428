"""What each endpoint sends, as a value: no loop, no server."""

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs
import pytest

from skipup_async import Campaign, InvalidArgumentError, MeetingRequest, Page, Participant, Timeframe, WorkspaceMember
from skipup_async.core.request import Id, Operation, Request
from skipup_async.skipup.campaigns import Campaigns
from skipup_async.skipup.meeting_requests import MeetingRequests
from skipup_async.skipup.webhook_endpoints import WebhookEndpoints
from skipup_async.skipup.workspace_members import WorkspaceMembers

NINE, TEN = datetime(2026, 2, 16, 9, tzinfo=UTC), "2026-02-16T10:00:00+01:00"


@attrs.frozen(eq=False)
class Row:
    """A call, the request it must be, and what sending it twice would do."""

    built: Request[Any]
    expected: Request[Any]
    operation: Operation

    @property
    def title(self) -> str:
        """The route, and how much goes with it."""
        return f"{self.expected.route} {len(self.expected.query) + len(self.expected.body or {})}"


ROWS = [
    Row(
        MeetingRequests.list.build(),
        Request("GET", ("meeting_requests",), Page[MeetingRequest]),
        Operation.SAFE,
    ),
    Row(
        MeetingRequests.list.build(
            participant_email="b@example.com",
            organizer_email="a@example.com",
            status="active",
            created_after=NINE,
            created_before=TEN,
            limit=10,
            cursor="mr_0",
        ),
        Request(
            "GET",
            ("meeting_requests",),
            Page[MeetingRequest],
            query={
                "participant_email": "b@example.com",
                "organizer_email": "a@example.com",
                "status": "active",
                "created_after": "2026-02-16T09:00:00Z",
                "created_before": "2026-02-16T10:00:00+01:00",
                "limit": 10,
                "cursor": "mr_0",
            },
        ),
        Operation.SAFE,
    ),
    Row(
        MeetingRequests.get.build("mr_1"),
        Request("GET", ("meeting_requests", "mr_1"), MeetingRequest),
        Operation.SAFE,
    ),
    Row(
        MeetingRequests.create.build(organizer_email="a@example.com", participants=["b@example.com"]),
        Request(
            "POST",
            ("meeting_requests",),
            MeetingRequest,
            body={"organizer_email": "a@example.com", "participant_emails": ["b@example.com"]},
        ),
        Operation.KEYED,
    ),
    Row(
        MeetingRequests.create.build(
            organizer_email="a@example.com",
            participants=["b@example.com", Participant("c@example.com", "Carol", "Europe/London")],
            organizer_name="Alice",
            organizer_timezone="America/New_York",
            include_introduction=True,
            title="Kickoff",
            purpose="Discuss",
            description="Be brief",
            duration_minutes=45,
            timeframe=Timeframe(NINE, TEN),
            campaign_id="cmp_1",
            idempotency_key="key-1",
        ),
        Request(
            "POST",
            ("meeting_requests",),
            MeetingRequest,
            body={
                "organizer_email": "a@example.com",
                "participants": [
                    {"email": "b@example.com"},
                    {"email": "c@example.com", "name": "Carol", "timezone": "Europe/London"},
                ],
                "organizer_name": "Alice",
                "organizer_timezone": "America/New_York",
                "include_introduction": True,
                "context": {
                    "title": "Kickoff",
                    "purpose": "Discuss",
                    "description": "Be brief",
                    "duration_minutes": 45,
                    "timeframe": {"start": "2026-02-16T09:00:00Z", "end": "2026-02-16T10:00:00+01:00"},
                },
                "campaign_id": "cmp_1",
            },
            idempotency_key="key-1",
        ),
        Operation.KEYED,
    ),
    Row(
        MeetingRequests.cancel.build("mr_1"),
        Request("POST", ("meeting_requests", "mr_1", "cancel"), MeetingRequest, body={"notify": False}),
        Operation.GUARDED,
    ),
    Row(
        MeetingRequests.cancel.build("mr_1", notify=True),
        Request("POST", ("meeting_requests", "mr_1", "cancel"), MeetingRequest, body={"notify": True}),
        Operation.GUARDED,
    ),
    Row(
        MeetingRequests.pause.build("mr_1"),
        Request("POST", ("meeting_requests", "mr_1", "pause"), MeetingRequest),
        Operation.GUARDED,
    ),
    Row(
        MeetingRequests.resume.build("mr_1"),
        Request("POST", ("meeting_requests", "mr_1", "resume"), MeetingRequest),
        Operation.GUARDED,
    ),
    Row(
        MeetingRequests.change_organizer.build("mr_1", "d@example.com"),
        Request(
            "POST",
            ("meeting_requests", "mr_1", "change_organizer"),
            MeetingRequest,
            body={"new_organizer_email": "d@example.com"},
        ),
        Operation.GUARDED,
    ),
    Row(
        MeetingRequests.update_context.build("mr_1"),
        Request("POST", ("meeting_requests", "mr_1", "context"), MeetingRequest, body={}),
        Operation.ADDITIVE,
    ),
    Row(
        MeetingRequests.update_context.build(
            "mr_1",
            title="Kickoff",
            purpose=None,
            description="Be brief",
            duration_minutes=60,
            timeframe=Timeframe(end=TEN),
        ),
        Request(
            "POST",
            ("meeting_requests", "mr_1", "context"),
            MeetingRequest,
            body={
                "title": "Kickoff",
                "purpose": None,
                "description": "Be brief",
                "duration_minutes": 60,
                "timeframe": {"end": "2026-02-16T10:00:00+01:00"},
            },
        ),
        Operation.ADDITIVE,
    ),
    Row(
        WorkspaceMembers.list.build(email="a@example.com", role="admin", limit=100, cursor="mem_0"),
        Request(
            "GET",
            ("workspace_members",),
            Page[WorkspaceMember],
            query={"email": "a@example.com", "role": "admin", "limit": 100, "cursor": "mem_0"},
        ),
        Operation.SAFE,
    ),
    Row(
        Campaigns.list.build(active=True, limit=1, cursor="cmp_0"),
        Request("GET", ("campaigns",), Page[Campaign], query={"active": "true", "limit": 1, "cursor": "cmp_0"}),
        Operation.SAFE,
    ),
    Row(
        Campaigns.get.build("cmp_1"),
        Request("GET", ("campaigns", "cmp_1"), Campaign),
        Operation.SAFE,
    ),
    Row(
        Campaigns.create.build(name="NAA", team_id="tm_1", description=None, starts_at=NINE, ends_at=TEN),
        Request(
            "POST",
            ("campaigns",),
            Campaign,
            body={
                "name": "NAA",
                "team_id": "tm_1",
                "description": None,
                "starts_at": "2026-02-16T09:00:00Z",
                "ends_at": "2026-02-16T10:00:00+01:00",
            },
        ),
        Operation.ADDITIVE,
    ),
    Row(
        Campaigns.update.build("cmp_1", name="East", team_id="tm_2", description="x", starts_at=None, ends_at=NINE),
        Request(
            "PATCH",
            ("campaigns", "cmp_1"),
            Campaign,
            body={
                "name": "East",
                "team_id": "tm_2",
                "description": "x",
                "starts_at": None,
                "ends_at": "2026-02-16T09:00:00Z",
            },
        ),
        Operation.IDEMPOTENT,
    ),
    Row(
        Campaigns.deactivate.build("cmp_1"),
        Request("POST", ("campaigns", "cmp_1", "deactivate"), Campaign),
        Operation.GUARDED,
    ),
]
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.title)


@every_row
def test_an_endpoint_is_its_request(row: Row) -> None:
    """Method, path, query, body, key and what the answer becomes."""
    assert row.built == row.expected


@every_row
def test_an_endpoint_says_what_sending_it_twice_would_do(row: Row) -> None:
    """It decides when the call may be repeated."""
    assert row.built.operation is row.operation


@every_row
def test_exactly_a_guarded_endpoint_has_a_proof(row: Row) -> None:
    """What the service refuses the second time can be read back, and nothing else is."""
    assert (row.built.proof is not None) is (row.operation is Operation.GUARDED)


@every_row
def test_a_proof_reads_the_object_itself(row: Row) -> None:
    """By a GET of the same id, decoded to the same class."""
    proof = row.built.proof
    assert proof is None or proof.read == Request("GET", row.built.path[:2], row.built.returns)


@every_row
def test_an_id_in_a_path_is_marked_as_one(row: Row) -> None:
    """So that an answer can be held against it, and logs name the route."""
    marked = [segment for segment in row.built.path if isinstance(segment, Id)]
    assert marked == [segment for segment in row.built.path if segment in ("mr_1", "cmp_1")]


@pytest.mark.parametrize(
    ("request_", "asked"),
    [
        (Campaigns.get.build("cmp_1"), "cmp_1"),
        (MeetingRequests.pause.build("mr_1"), "mr_1"),
        (Campaigns.list.build(), None),
    ],
)
def test_a_request_knows_whom_it_is_about(request_: Request[Any], asked: str | None) -> None:
    """The id, or None for a list."""
    assert request_.asked_id == asked


#: What a caller without a type checker may pass.
NOTHING: Any = None


class _Word(str, Enum):  # noqa: UP042 - a StrEnum would go out right by itself
    ACTIVE = "active"
    ID = "mr_1"
    WHEN = "2026-02-16T09:00:00Z"


def test_text_of_an_enum_goes_out_as_what_it_holds() -> None:
    """`str()` of a member is its name, which nobody meant."""
    request = MeetingRequests.list.build(status=_Word.ACTIVE, created_after=_Word.WHEN)
    assert list(map(str, request.query.values())) == ["active", "2026-02-16T09:00:00Z"]
    assert [str(segment) for segment in MeetingRequests.get.build(_Word.ID).path] == ["meeting_requests", "mr_1"]


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: Campaigns.create.build(name=NOTHING, team_id="tm_1"), "name"),
        (lambda: Campaigns.update.build("cmp_1", team_id=NOTHING), "team_id"),
        (lambda: WebhookEndpoints.create.build(url=NOTHING, events=["x"]), "url"),
        (lambda: WebhookEndpoints.update.build("we_1", events=NOTHING), "events"),
        (lambda: WebhookEndpoints.update.build("we_1", enabled=NOTHING), "enabled"),
    ],
)
def test_none_is_refused_where_it_means_nothing(build: Callable[[], object], argument: str) -> None:
    """It would go out as null."""
    with pytest.raises(InvalidArgumentError, match=argument):
        build()


def test_a_request_can_be_copied_and_pickled() -> None:
    """A dry run hands it out, and a value goes wherever its holder likes."""
    request = Campaigns.get.build("cmp_1")
    for copied in (copy.deepcopy(request), pickle.loads(pickle.dumps(request))):
        assert copied == request


def test_a_route_hides_the_id() -> None:
    """Logs group by it."""
    assert MeetingRequests.pause.build("mr_1").route == "POST /meeting_requests/:id/pause"


CANCEL, PAUSE = MeetingRequests.cancel.build("mr_1"), MeetingRequests.pause.build("mr_1")
RESUME = MeetingRequests.resume.build("mr_1")
CHANGE = MeetingRequests.change_organizer.build("mr_1", "Dana@Example.com")


@pytest.mark.parametrize(
    ("request_", "status", "organizer", "expected"),
    [
        (CANCEL, "active", None, (False, True)),
        (CANCEL, "paused", None, (False, True)),
        (CANCEL, "booked", None, (False, False)),
        (CANCEL, "cancelled", None, (True, False)),
        (CANCEL, "added later", None, (False, False)),
        (PAUSE, "active", None, (False, True)),
        (PAUSE, "paused", None, (True, False)),
        (PAUSE, "booked", None, (False, False)),
        (PAUSE, "cancelled", None, (False, False)),
        (RESUME, "active", None, (True, False)),
        (RESUME, "paused", None, (False, True)),
        (RESUME, "booked", None, (False, False)),
        (RESUME, "cancelled", None, (False, False)),
        (CHANGE, "active", "Dana@example.COM", (True, True)),
        (CHANGE, "active", "dana@example.com", (False, True)),
        (CHANGE, "active", "alice@example.com", (False, True)),
        (CHANGE, "active", None, (False, True)),
        (CHANGE, "paused", "Dana@example.com", (False, False)),
        (CHANGE, "booked", "alice@example.com", (False, False)),
    ],
)
def test_a_proof_knows_the_states(
    request_: Request[MeetingRequest], status: str, organizer: str | None, expected: tuple[bool, bool]
) -> None:
    """Which state was asked for, and from which it can be reached."""
    proof, found = request_.proof, MeetingRequest("mr_1", status=status, organizer_email=organizer)
    assert proof is not None
    assert (proof.reached(found), proof.source(found)) == expected


STAMPED = MeetingRequest("mr_1", cancelled_at=NINE, paused_at=NINE.replace(hour=8), updated_at=NINE.replace(hour=7))


@pytest.mark.parametrize(
    ("request_", "hour"),
    [(CANCEL, 9), (PAUSE, 8), (RESUME, 7), (CHANGE, 7)],
)
def test_a_proof_is_dated_by_the_state_it_proves(request_: Request[MeetingRequest], hour: int) -> None:
    """`cancelled_at`, `paused_at`, or the latest change where the state has no time of its own."""
    proof = request_.proof
    assert proof is not None
    assert (proof.stamp(STAMPED), proof.changed(STAMPED)) == (NINE.replace(hour=hour), NINE.replace(hour=7))


@pytest.mark.parametrize(
    ("active", "expected"), [(True, (False, True)), (False, (True, False)), (None, (False, False))]
)
def test_a_deactivation_is_proved_by_the_campaign(active: bool | None, expected: tuple[bool, bool]) -> None:
    """By `active`, dated by `deactivated_at`."""
    proof, found = Campaigns.deactivate.build("cmp_1").proof, Campaign("cmp_1", active=active, deactivated_at=NINE)
    assert proof is not None
    assert (proof.reached(found), proof.source(found), proof.stamp(found)) == (*expected, NINE)
