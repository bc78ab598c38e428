"""Teams, webhook endpoints and the changes to members: what is sent, what comes back, and what "provisional" means."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APIStatusError,
    AsyncSkipUp,
    InvalidArgumentError,
    InvalidRequestError,
    NotFoundError,
    Page,
    Team,
    ValidationError,
    WebhookDelivery,
    WebhookEndpoint,
    WorkspaceMember,
)
from skipup_async.core.convert import decode
from skipup_async.core.request import Operation, Request
from skipup_async.core.resource import endpoint, paged
from skipup_async.emulator import Emulator
from skipup_async.skipup.campaigns import Campaigns
from skipup_async.skipup.meeting_requests import MeetingRequests
from skipup_async.skipup.teams import Teams
from skipup_async.skipup.webhook_endpoints import WebhookEndpoints
from skipup_async.skipup.workspace_members import WorkspaceMembers
from tests.conftest import Driver

URL = "https://example.com/skipup"
ENDPOINT = ("webhook_endpoints", "we_1")
PLACE: dict[str, Any] = {"limit": 5, "cursor": "c"}

REQUESTS: list[tuple[Request[Any], Request[Any]]] = [
    (Teams.list.build(), Request("GET", ("teams",), Page[Team])),
    (Teams.list.build(**PLACE), Request("GET", ("teams",), Page[Team], query=PLACE)),
    (Teams.get.build("tm_1"), Request("GET", ("teams", "tm_1"), Team)),
    (WebhookEndpoints.list.build(), Request("GET", ("webhook_endpoints",), Page[WebhookEndpoint])),
    (
        WebhookEndpoints.list.build(**PLACE),
        Request("GET", ("webhook_endpoints",), Page[WebhookEndpoint], query=PLACE),
    ),
    (WebhookEndpoints.get.build("we_1"), Request("GET", ENDPOINT, WebhookEndpoint)),
    (
        WebhookEndpoints.create.build(url=URL),
        Request("POST", ("webhook_endpoints",), WebhookEndpoint, body={"url": URL}),
    ),
    (
        WebhookEndpoints.create.build(url=URL, events=("a.b",), description=None),
        Request(
            "POST", ("webhook_endpoints",), WebhookEndpoint, body={"url": URL, "events": ["a.b"], "description": None}
        ),
    ),
    (
        WebhookEndpoints.update.build("we_1", enabled=True),
        Request("PATCH", ENDPOINT, WebhookEndpoint, body={"enabled": True}),
    ),
    (
        WebhookEndpoints.update.build("we_1", url=URL, events=["a.b", "c.d"], description="d", enabled=False),
        Request(
            "PATCH",
            ENDPOINT,
            WebhookEndpoint,
            body={"url": URL, "events": ["a.b", "c.d"], "description": "d", "enabled": False},
        ),
    ),
    (WebhookEndpoints.delete.build("we_1"), Request("DELETE", ENDPOINT, type(None))),
    (
        WebhookEndpoints.list_deliveries.build("we_1", **PLACE),
        Request("GET", (*ENDPOINT, "deliveries"), Page[WebhookDelivery], query=PLACE),
    ),
    (
        WorkspaceMembers.add.build("a@example.com"),
        Request("POST", ("workspace_members",), WorkspaceMember, body={"email": "a@example.com"}),
    ),
    (
        WorkspaceMembers.add.build("a@example.com", name="Ann", role="admin"),
        Request(
            "POST",
            ("workspace_members",),
            WorkspaceMember,
            body={"email": "a@example.com", "name": "Ann", "role": "admin"},
        ),
    ),
    (
        WorkspaceMembers.deactivate.build("mem_1"),
        Request("POST", ("workspace_members", "mem_1", "deactivate"), WorkspaceMember),
    ),
    (
        WorkspaceMembers.reactivate.build("mem_1"),
        Request("POST", ("workspace_members", "mem_1", "reactivate"), WorkspaceMember),
    ),
]


@pytest.mark.parametrize(("built", "expected"), REQUESTS, ids=lambda request: request.route)
def test_each_method_builds_its_request(built: Request[Any], expected: Request[Any]) -> None:
    """Method, path, query, body and what the answer is decoded to."""
    assert built == expected


OPERATIONS = [
    (Teams.list.build(), Operation.SAFE),
    (WebhookEndpoints.list_deliveries.build("we_1"), Operation.SAFE),
    (WebhookEndpoints.create.build(url=URL), Operation.ADDITIVE),
    (WebhookEndpoints.update.build("we_1"), Operation.IDEMPOTENT),
    (WebhookEndpoints.delete.build("we_1"), Operation.IDEMPOTENT),
    (WorkspaceMembers.add.build("a@example.com"), Operation.ADDITIVE),
    (WorkspaceMembers.deactivate.build("mem_1"), Operation.ADDITIVE),
    (WorkspaceMembers.reactivate.build("mem_1"), Operation.ADDITIVE),
]


@pytest.mark.parametrize(("request_", "operation"), OPERATIONS, ids=lambda value: getattr(value, "route", ""))
def test_what_may_be_sent_again_is_decided_by_what_twice_would_do(request_: Request[Any], operation: Operation) -> None:
    """Secrets shown once and changes that nothing can prove are not repeated; absolute values and deletes are."""
    assert request_.operation is operation


FIVE: Any = 5
BAD_ARGUMENTS: list[Callable[[], Any]] = [
    lambda: Teams.get.build(".."),
    lambda: WebhookEndpoints.get.build("we/1"),
    lambda: WebhookEndpoints.delete.build(""),
    lambda: WebhookEndpoints.list_deliveries.build("we_1", limit=101),
    lambda: WebhookEndpoints.create.build(url=URL, events=[]),
    lambda: WebhookEndpoints.create.build(url=URL, events="meeting_request.booked"),
    lambda: WebhookEndpoints.create.build(url=URL, events=["a.b", FIVE]),
    lambda: WebhookEndpoints.create.build(url=FIVE),
    lambda: WebhookEndpoints.update.build("we_1", enabled=FIVE),
    lambda: WorkspaceMembers.add.build("not an address"),
    lambda: WorkspaceMembers.deactivate.build("mem 1"),
]


@pytest.mark.parametrize("build", BAD_ARGUMENTS, ids=range(len(BAD_ARGUMENTS)))
def test_what_cannot_be_right_is_refused_before_it_is_sent(build: Callable[[], Any]) -> None:
    """An InvalidArgumentError, and no request."""
    with pytest.raises(InvalidArgumentError):
        build()


RESOURCES = (MeetingRequests, WorkspaceMembers, Campaigns, Teams, WebhookEndpoints)
METHODS = [
    pytest.param(resource, name, id=f"{resource.__name__}.{name}")
    for resource in RESOURCES
    for name, declared in vars(resource).items()
    if isinstance(declared, (endpoint, paged))
]
REQUIRED: dict[str, Any] = {"participants": ["b@example.com"], "name": "n", "url": URL}


def _needed(call: Callable[..., Any]) -> dict[str, Any]:
    """Something for each argument that *call* requires."""
    parameters = inspect.signature(call).parameters.values()
    names = [each.name for each in parameters if each.default is each.empty]
    return {name: REQUIRED.get(name, "a@example.com" if name.endswith("email") else "x_1") for name in names}


@pytest.mark.parametrize(("resource", "name"), METHODS)
def test_a_method_is_provisional_if_its_docstring_says_so(resource: Any, name: str) -> None:
    """The docstring tells the user, the request tells the core, and the two agree."""
    call = getattr(resource(AsyncSkipUp("sk_test_1").sender), name)
    request = getattr(resource, name).build(**_needed(call))
    assert request.provisional == ("Provisional:" in call.__doc__)


@pytest.mark.parametrize("status", [404, 405])
def test_a_provisional_endpoint_that_is_not_there_says_what_to_do(
    driver: Driver, emulator: Emulator, status: int
) -> None:
    """The error is of the usual class, keeps what the service said, and names the way round."""
    emulator.fail(on="GET /teams", status=status, message="Nothing here")
    with pytest.raises(APIStatusError) as caught:
        driver.items(lambda c: c.teams.list())
    assert isinstance(caught.value, NotFoundError) == (status == 404)
    assert caught.value.status_code == status
    for part in ("Nothing here", "GET /teams is provisional", "client.request(method, path)"):
        assert part in str(caught.value)


def test_an_unknown_id_is_a_not_found_error_still(driver: Driver) -> None:
    """Where the endpoint is there and the object is not, the class and the service's words are the same."""
    with pytest.raises(NotFoundError, match="Couldn't find Team with 'id'=tm_nobody"):
        driver.call(lambda c: c.teams.get("tm_nobody"))


def test_a_documented_endpoint_says_nothing_of_that(driver: Driver, emulator: Emulator) -> None:
    """A 404 from a documented endpoint is what the service said and no more."""
    emulator.fail(on="GET /campaigns/:id", status=404, message="Nothing here")
    with pytest.raises(NotFoundError) as caught:
        driver.call(lambda c: c.campaigns.get("cmp_1"))
    assert "provisional" not in str(caught.value)


def test_other_errors_of_a_provisional_endpoint_are_as_usual(driver: Driver, emulator: Emulator) -> None:
    """Only 404 and 405 can mean that the endpoint is elsewhere."""
    emulator.fail(on="GET /teams/:id", status=422, message="No")
    with pytest.raises(APIStatusError) as caught:
        driver.call(lambda c: c.teams.get("tm_1"))
    assert "provisional" not in str(caught.value)


def test_teams_are_listed_and_read(driver: Driver, emulator: Emulator) -> None:
    """A list shows teams without members, `get` with them and with the one next in turn."""
    emulator.add_team("Support", mode="manual", members=["alice@example.com"])
    listed = driver.items(lambda c: c.teams.list(limit=1))
    assert [(team.name, team.mode, team.members) for team in listed] == [
        ("Support", "manual", None),
        ("Sales", "pool", None),
    ]
    team = driver.call(lambda c: c.teams.get(listed[1].id))
    assert {member["email"] for member in team.members} == {"alice@example.com", "bob@example.com"}
    assert team.next_assignee in team.members
    assert (team.active, team.member_count, hash(team) == hash(team)) == (True, 2, True)


def test_an_endpoint_lives(driver: Driver) -> None:
    """Created with a secret shown once, read, changed, listed, deleted."""
    made = driver.call(lambda c: c.webhook_endpoints.create(url=URL, events=["meeting_request.booked"]))
    assert (made.url, made.events, made.enabled) == (URL, ("meeting_request.booked",), True)
    assert made.secret
    assert made.secret not in repr(made)
    read = driver.call(lambda c: c.webhook_endpoints.get(made.id))
    assert (read.id, read.secret) == (made.id, None)
    changed = driver.call(lambda c: c.webhook_endpoints.update(made.id, description="d", enabled=False))
    assert (changed.description, changed.enabled, changed.events) == ("d", False, made.events)
    assert [each.id for each in driver.items(lambda c: c.webhook_endpoints.list())] == [made.id]
    assert driver.items(lambda c: c.webhook_endpoints.list_deliveries(made.id)) == []
    assert driver.call(lambda c: c.webhook_endpoints.delete(made.id)) is None
    assert driver.items(lambda c: c.webhook_endpoints.list()) == []


def test_a_delete_whose_answer_is_lost_is_done(driver: Driver, emulator: Emulator) -> None:
    """The second send finds nothing to delete, and that is what was asked for."""
    made = driver.call(lambda c: c.webhook_endpoints.create(url=URL))
    emulator.fail(on="DELETE /webhook_endpoints/:id", connection="reset", after_commit=True)
    assert driver.call(lambda c: c.webhook_endpoints.delete(made.id)) is None


def test_an_endpoint_whose_creation_is_lost_is_ambiguous(driver: Driver, emulator: Emulator) -> None:
    """Its secret is gone with the answer, and a second endpoint is nobody's wish."""
    emulator.fail(on="POST /webhook_endpoints", connection="reset", after_commit=True)
    with pytest.raises(AmbiguousOutcomeError):
        driver.call(lambda c: c.webhook_endpoints.create(url=URL))
    assert len(driver.items(lambda c: c.webhook_endpoints.list())) == 1


def test_a_member_is_added_and_taken_out_and_put_back(driver: Driver) -> None:
    """The list shows active members alone."""

    def emails() -> set[str]:
        return {member.email for member in driver.items(lambda c: c.workspace_members.list())}

    added = driver.call(lambda c: c.workspace_members.add("dana@example.com", name="Dana"))
    assert (added.email, added.name, added.deactivated_at) == ("dana@example.com", "Dana", None)
    assert "dana@example.com" in emails()
    assert driver.call(lambda c: c.workspace_members.deactivate(added.id)).deactivated_at is not None
    assert "dana@example.com" not in emails()
    with pytest.raises(ValidationError):
        driver.call(
            lambda c: c.meeting_requests.create(organizer_email="dana@example.com", participants=["b@example.com"])
        )
    assert driver.call(lambda c: c.workspace_members.reactivate(added.id)).deactivated_at is None
    assert "dana@example.com" in emails()


def test_a_second_deactivation_is_refused_as_the_service_refuses_it(driver: Driver, emulator: Emulator) -> None:
    """A 422 is an InvalidRequestError at once."""
    id = emulator.add_member("dana@example.com")
    driver.call(lambda c: c.workspace_members.deactivate(id))
    with pytest.raises(InvalidRequestError):
        driver.call(lambda c: c.workspace_members.deactivate(id))


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_deactivation_whose_answer_is_lost_is_ambiguous(
    driver: Driver, emulator: Emulator, after_commit: bool
) -> None:
    """No answer of the service could prove it, so it goes out once, and the error says that nobody can tell."""
    id = emulator.add_member("dana@example.com")
    before = emulator.request_count
    emulator.fail(on="POST /workspace_members/:id/deactivate", connection="reset", after_commit=after_commit)
    with pytest.raises(AmbiguousOutcomeError):
        driver.call(lambda c: c.workspace_members.deactivate(id))
    assert emulator.request_count == before + 1


def test_a_deactivation_refused_before_any_work_is_sent_again(driver: Driver, emulator: Emulator) -> None:
    """A 425 says that nothing was done: the call goes out again."""
    id = emulator.add_member("dana@example.com")
    emulator.fail(on="POST /workspace_members/:id/deactivate", status=425)
    assert driver.call(lambda c: c.workspace_members.deactivate(id)).deactivated_at is not None


def test_every_documented_field_is_a_field() -> None:
    """Answers with every documented field leave nothing in `extra`."""
    moment = "2026-09-21T14:13:20Z"
    team = decode(
        Team,
        {
            "id": "tm_1", "name": "n", "slug": "n", "description": None, "mode": "pool", "email_address": None,
            "member_count": 1, "stack_always_apply": False, "include_all_members": False, "introduce_member": True,
            "introduction_guidance": "g", "active": True, "deactivated_at": None, "created_at": moment,
            "updated_at": moment, "members": [{"id": "tmm_1"}], "next_assignee": {"id": "tmm_1"},
        },
    )  # fmt: skip
    webhook = decode(
        WebhookEndpoint,
        {
            "id": "we_1", "url": URL, "description": None, "enabled": False, "events": ["a.b"], "disabled_at": moment,
            "disabled_reason": "too_many_failures", "created_at": moment, "updated_at": moment,
        },
    )  # fmt: skip
    delivery = decode(
        WebhookDelivery,
        {
            "id": "d_1", "event_type": "a.b", "status": "failed", "payload": {"a": [1]}, "response_code": 500,
            "attempts": 3, "delivered_at": None, "last_attempted_at": moment, "created_at": moment,
        },
    )  # fmt: skip
    assert [dict(each.extra) for each in (team, webhook, delivery)] == [{}, {}, {}]
    assert delivery.to_dict()["payload"] == {"a": [1]}
    assert len({team, webhook, delivery}) == 3
