"""The OpenAPI document says what the emulator answers and what the SDK sends and reads: no more, no less."""

from __future__ import annotations

import inspect
import json
import types
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any, Union, get_args, get_origin

import aiohttp
import attrs
import pytest
from jsonschema import Draft202012Validator, FormatChecker

from skipup_async.core.convert import decode
from skipup_async.core.record import Record, announced, wire_name
from skipup_async.core.request import Request
from skipup_async.core.resource import Resource, endpoint, paged
from skipup_async.core.session import Session
from skipup_async.emulator import PROFILES, Emulator, RateLimit
from skipup_async.emulator.router import Route
from skipup_async.emulator.routes import ROUTES
from skipup_async.errors import AuthenticationError
from skipup_async.skipup.campaigns import Campaign, Campaigns
from skipup_async.skipup.client import SkipUp
from skipup_async.skipup.meeting_request import MeetingRequest, Participant, Timeframe
from skipup_async.skipup.meeting_requests import MeetingRequests
from skipup_async.skipup.teams import Team, Teams
from skipup_async.skipup.webhook_endpoints import WebhookDelivery, WebhookEndpoint, WebhookEndpoints
from skipup_async.skipup.workspace_members import WorkspaceMember, WorkspaceMembers
from tests.emulator.conftest import MINIMAL, Api, Reply

#: Every object of the document, however deep.
OBJECTS: list[dict[str, Any]] = []


def collected(item: dict[str, Any]) -> dict[str, Any]:
    """*item*, remembered."""
    OBJECTS.append(item)
    return item


TEXT = files("skipup_async.emulator").joinpath("openapi.json").read_text("utf-8")
DOCUMENT: dict[str, Any] = json.loads(TEXT, object_hook=collected)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
OPERATIONS: dict[tuple[str, str], dict[str, Any]] = {
    (method.upper(), path): operation for path, item in DOCUMENT["paths"].items() for method, operation in item.items()
}
RECORDS: dict[str, type[Record]] = {
    "MeetingRequest": MeetingRequest,
    "Timeframe": Timeframe,
    "WorkspaceMember": WorkspaceMember,
    "Campaign": Campaign,
    "Team": Team,
    "WebhookEndpoint": WebhookEndpoint,
    "WebhookDelivery": WebhookDelivery,
}
#: Operations that no resource of the SDK has a method for.
WITHOUT_ENDPOINT = ("createTeam", "updateTeam", "deactivateTeam", "listApiKeys", "createApiKey", "deleteApiKey")
RESOURCES: tuple[type[Resource[Any]], ...] = (MeetingRequests, WorkspaceMembers, Campaigns, Teams, WebhookEndpoints)


TIMES = FormatChecker(())


@TIMES.checks("date-time", ValueError)
def is_moment(value: object) -> bool:
    """Whether *value*, if it is text, is a time with its offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def validate(value: object, schema: Mapping[str, Any]) -> None:
    """Raise unless *value* fits *schema*, which may refer to the components of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    validator: Any = Draft202012Validator(whole, format_checker=TIMES)
    validator.validate(value)


def resolved(item: dict[str, Any]) -> dict[str, Any]:
    """What *item* refers to, or *item* itself."""
    if "$ref" not in item:
        return item
    found: Any = DOCUMENT
    for step in item["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return dict(found)


def of(route: Route) -> dict[str, Any]:
    """The operation of *route*."""
    path = "/".join(f"{{{part[1:]}}}" if part.startswith(":") else part for part in route.path.split("/"))
    return OPERATIONS[route.method, path]


def parameters(operation: dict[str, Any], place: str) -> set[str]:
    """The names of the parameters in *place*."""
    found = map(resolved, operation.get("parameters", []))
    return {parameter["name"] for parameter in found if parameter["in"] == place}


# The router.


def test_the_document_has_the_routes_of_the_router_and_no_other() -> None:
    """Both ways round."""
    routed = {(route.method, route.path.replace(":id", "{id}")) for route in ROUTES}
    assert set(OPERATIONS) == routed


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_an_operation_says_what_its_route_asks_for(route: Route) -> None:
    """The scope, the ids in the path, and whether it takes an Idempotency-Key."""
    operation = of(route)
    assert operation["x-scope"] == route.scope
    assert parameters(operation, "path") == ({"id"} if ":id" in route.path else set())
    assert parameters(operation, "header") == ({"Idempotency-Key"} if route.keyed else set())


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation["operationId"])
def test_every_operation_has_the_answers_that_every_call_can_get(operation: dict[str, Any]) -> None:
    """One success, and the errors that come before a handler."""
    statuses = set(operation["responses"])
    assert len({status for status in statuses if status.startswith("2")}) == 1
    assert {"400", "401", "403", "408", "413", "417", "422", "429"} <= statuses


def test_what_is_inferred_is_marked_and_says_so() -> None:
    """`x-provisional` for programs, the word for people."""
    marked = {name for name, operation in OPERATIONS.items() if operation.get("x-provisional")}
    said = {name for name, operation in OPERATIONS.items() if "Provisional: " in operation.get("description", "")}
    assert marked == said


# The records.


@pytest.mark.parametrize("name", RECORDS)
def test_a_schema_has_the_fields_of_its_record_and_no_other(name: str) -> None:
    """Under their names on the wire."""
    assert set(SCHEMAS[name]["properties"]) == {wire_name(field) for field in announced(RECORDS[name])}
    assert SCHEMAS[name]["additionalProperties"] is False


FIELDS = [
    pytest.param(field.type, SCHEMAS[name]["properties"].get(wire_name(field), {}), id=f"{name}.{field.name}")
    for name, record in RECORDS.items()
    for field in announced(record)
]


@pytest.mark.parametrize(("hint", "schema"), FIELDS)
def test_a_property_has_the_type_of_its_field(hint: Any, schema: dict[str, Any]) -> None:
    """Each JSON type of the schema is one that the field takes, null included; times are said to be times."""
    allowed = json_types(hint)
    assert schema_types(schema)
    assert schema_types(schema) <= allowed
    assert (schema.get("format") == "date-time") == (datetime in members(hint))


@pytest.mark.parametrize("name", RECORDS)
def test_an_example_is_read_whole(name: str) -> None:
    """It fits its schema, and its record knows every field of it and gives it back as it came."""
    for example in SCHEMAS[name].get("examples", [{"start": "2025-02-01T00:00:00Z"}]):
        record = decode(RECORDS[name], example)
        assert not record.extra
        assert {field: value for field, value in record.to_dict().items() if field in example} == example


def members(hint: Any) -> tuple[Any, ...]:
    """`X` and `Y` of `X | Y`, and `X` of `X`."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def json_types(hint: Any) -> set[str]:
    """The JSON types that a field of that annotation takes."""
    names: dict[Any, set[str]] = {
        str: {"string"},
        bool: {"boolean"},
        int: {"integer"},
        float: {"number", "integer"},
        datetime: {"string"},
        type(None): {"null"},
        tuple: {"array"},
        Mapping: {"object"},
    }
    found: set[str] = set()
    for member in members(hint):
        plain = get_origin(member) or member
        found |= {"object"} if attrs.has(plain) else next(names[key] for key in names if issubclass(plain, key))
    return found


def schema_types(schema: dict[str, Any]) -> set[str]:
    """The JSON types that *schema* allows."""
    if "anyOf" in schema:
        return set[str]().union(*map(schema_types, schema["anyOf"]))
    named = resolved(schema)["type"]
    return {named} if isinstance(named, str) else set(named)


# The SDK.

#: An argument of every name that goes over the wire; the tests below notice one that is missing here.
ARGUMENTS: dict[str, Any] = {
    "id": "mr_1",
    "participant_email": "bob@example.com",
    "organizer_email": "alice@example.com",
    "new_organizer_email": "bob@example.com",
    "email": "dana@example.com",
    "status": "active",
    "created_after": "2025-02-01T00:00:00Z",
    "created_before": "2025-02-01T00:00:00Z",
    "limit": 10,
    "cursor": "mr_01JHXV0F2QW9Z6A0V3M8K5T7PD",
    "participants": ["carol@example.com", Participant("bob@example.com", "Bob Lee", "America/Chicago")],
    "organizer_name": "Alice",
    "organizer_timezone": "America/New_York",
    "include_introduction": True,
    "title": "Kickoff",
    "purpose": "Roadmap",
    "description": "Short.",
    "duration_minutes": 30,
    "timeframe": Timeframe(start="2025-02-01T00:00:00Z", end="2025-02-02T00:00:00Z"),
    "campaign_id": "cmp_1",
    "idempotency_key": "k-1",
    "notify": True,
    "role": "member",
    "name": "Spring",
    "active": True,
    "team_id": "tm_1",
    "starts_at": "2025-02-01T00:00:00Z",
    "ends_at": None,
    "url": "https://example.com/hooks",
    "events": ["meeting_request.booked"],
    "enabled": False,
}


def requests() -> Iterator[Any]:
    """What every endpoint of every resource sends, with all its arguments."""
    for resource in RESOURCES:
        for name, function in vars(resource).items():
            if isinstance(function, endpoint | paged):
                build: Any = function.build
                told = inspect.signature(getattr(resource(object.__new__(Session)), name))
                request = build(**{one: ARGUMENTS[one] for one in told.parameters if one in ARGUMENTS})
                yield pytest.param(request, id=f"{resource.__name__}.{name}")


EVERY_REQUEST = list(requests())


def asked(request: Request[Any]) -> dict[str, Any]:
    """The operation that *request* asks for."""
    method, path = request.route.split(" ")
    return OPERATIONS[method, path.replace(":id", "{id}")]


def test_every_operation_has_its_endpoint_in_the_sdk() -> None:
    """One endpoint each, but for those that `client.request` alone reaches."""
    reached = [asked(parameter.values[0])["operationId"] for parameter in EVERY_REQUEST]
    assert sorted([*reached, *WITHOUT_ENDPOINT]) == sorted(
        operation["operationId"] for operation in OPERATIONS.values()
    )


def test_what_has_no_endpoint_is_reached_by_a_plain_request() -> None:
    """`client.request`, with the decoded JSON as it came; the new key is one for a client."""
    with Emulator() as emulator, SkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        team = skipup.request("POST", "/teams", body={"name": "Support"})["data"]
        assert skipup.request("PATCH", f"/teams/{team['id']}", body={"name": "Help"})["data"]["name"] == "Help"
        assert skipup.request("POST", f"/teams/{team['id']}/deactivate")["data"]["active"] is False
        made = skipup.request("POST", "/api_keys", body={"name": "Reader", "scopes": ["teams.read"]})["data"]
        assert skipup.request("GET", "/api_keys", query={"limit": 1})["data"][0]["id"] == made["id"]
        with SkipUp(made["key"], base_url=emulator.url) as reader:
            assert [found.name for found in reader.teams.list()] == ["Help", "Sales"]
            assert skipup.request("DELETE", f"/api_keys/{made['id']}") is None
            with pytest.raises(AuthenticationError):
                reader.teams.get(team["id"])


@pytest.mark.parametrize("request_", EVERY_REQUEST)
def test_the_document_knows_all_that_the_sdk_sends(request_: Request[Any]) -> None:
    """Query parameters, headers, and every field of a body."""
    operation = asked(request_)
    assert set(request_.query) == parameters(operation, "query")
    assert (request_.idempotency_key is not None) == ("Idempotency-Key" in parameters(operation, "header"))
    assert bool(operation.get("x-provisional")) == request_.provisional
    assert (request_.body is not None) == ("requestBody" in operation)
    if request_.body is not None:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        validate(request_.body, schema)
        # Of the two forms of participants one alone is sent at a time.
        assert set(request_.body) == set(resolved(schema)["properties"]) - {"participant_emails"}


@pytest.mark.parametrize("request_", EVERY_REQUEST)
def test_the_sdk_reads_what_the_document_promises(request_: Request[Any]) -> None:
    """A record of the schema, a page of them, or nothing."""
    answers = asked(request_)["responses"]
    ((_, success),) = [(status, answer) for status, answer in answers.items() if status.startswith("2")]
    if request_.returns is type(None):
        assert "content" not in success
        return
    data = success["content"]["application/json"]["schema"]["properties"]["data"]
    page: Any = get_args(request_.returns)
    shown = data["items"] if page else data
    name = next(iter(shown.get("allOf", [shown])))["$ref"].rpartition("/")[2]
    assert RECORDS[name] is (page[0] if page else request_.returns)


# The examples.


def examples() -> Iterator[Any]:
    """Each example and default of the document, with the schema that it is one of."""
    for item in OBJECTS:
        if "schema" in item and "examples" in item:  # a media type
            for name, example in item["examples"].items():
                yield pytest.param(example["value"], item["schema"], id=name)
        elif "examples" in item:
            for example in item["examples"]:
                yield pytest.param(example, item)
        if "default" in item:
            yield pytest.param(item["default"], item)


@pytest.mark.parametrize(("value", "schema"), list(examples()))
def test_an_example_fits_its_schema(value: object, schema: dict[str, Any]) -> None:
    """In a body, in an answer, in a schema: a reader may copy any of them."""
    validate(value, schema)


# The emulator.


@pytest.mark.anyio
@pytest.mark.parametrize("profile", PROFILES)
async def test_what_is_answered_is_in_the_document(profile: str) -> None:
    """Every kind of object, and an error of every kind, by every profile."""
    async with Emulator(profile=profile, rate_limit=RateLimit(20)) as emulator, Api(emulator) as api:
        team, campaign = emulator.team_id(), emulator.add_campaign("Spring")
        await expect(api, "POST", "/meeting_requests", {**MINIMAL, "campaign_id": campaign})
        await expect(api, "GET", "/meeting_requests", query="?limit=1")
        for action in ("pause", "pause", "resume", "change_organizer", "context", "cancel"):
            await expect(api, "POST", "/meeting_requests/{id}/" + action, {}, id=emulator.meeting_requests()[0]["id"])
        for path, id in (("/campaigns", campaign), ("/teams", team)):
            await expect(api, "GET", path)
            await expect(api, "GET", path + "/{id}", id=id)
            await expect(api, "GET", path + "/{id}", id="nothing")
        made = await expect(api, "POST", "/webhook_endpoints", {"url": "http://localhost:1/"})
        emulator.add_meeting_request()
        await expect(api, "GET", "/webhook_endpoints/{id}/deliveries", id=made.data["id"])
        await expect(api, "DELETE", "/webhook_endpoints/{id}", id=made.data["id"])
        statuses = [(await expect(api, "GET", "/workspace_members")).status for _ in range(5)]
        assert (statuses[0], statuses[-1]) == (200, 429)
        async with Api(emulator, "wrong") as stranger:
            await expect(stranger, "GET", "/workspace_members")


async def expect(api: Api, method: str, path: str, body: Any = None, *, id: str = "", query: str = "") -> Reply:
    """The answer to a call, which has to be one of those in the document."""
    reply = await api.call(method, path.format(id=id) + query, json=body)
    described = resolved(OPERATIONS[method, path]["responses"][str(reply.status)])
    assert ("content" in described) == (reply.body is not None)
    if reply.body is not None:
        validate(reply.body, described["content"]["application/json"]["schema"])
    needed = {name for name, header in described.get("headers", {}).items() if resolved(header).get("required")}
    assert needed <= set(reply.headers)
    return reply


@pytest.mark.anyio
@pytest.mark.parametrize("profile", PROFILES)
async def test_what_is_answered_of_teams_and_keys_is_in_the_document(profile: str) -> None:
    """Those that the SDK has no method for, by every profile."""
    async with Emulator(profile=profile) as emulator, Api(emulator) as api:
        team = (await expect(api, "POST", "/teams", {"name": "Support"})).data["id"]
        for changes in ({"name": "Help"}, {}, {"mode": "no mode"}):
            await expect(api, "PATCH", "/teams/{id}", changes, id=team)
        for id in (team, team, "nothing"):
            await expect(api, "POST", "/teams/{id}/deactivate", id=id)
        made = await expect(api, "POST", "/api_keys", {"name": "One", "expires_at": "2999-01-01T00:00:00Z"})
        for body in ({}, {"name": "Two", "scopes": ["no.scope"]}, {"name": "Three", "expires_at": "2001-01-01T00:00Z"}):
            assert (await expect(api, "POST", "/api_keys", body)).status == 422
        for query in ("", "?limit=1"):
            await expect(api, "GET", "/api_keys", query=query)
        for _ in range(2):
            await expect(api, "DELETE", "/api_keys/{id}", id=made.data["id"])


@pytest.mark.anyio
async def test_the_document_is_served_to_everybody_and_not_counted(emulator: Emulator) -> None:
    """Without a key, not among the requests, and with this emulator as its server."""
    async with aiohttp.request("GET", emulator.url.replace("/api/v1", "/openapi.json")) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        served = await response.json()
    assert served == {**DOCUMENT, "servers": [{"url": emulator.url}]}
    assert emulator.request_count == 0


@pytest.mark.anyio
async def test_the_document_can_only_be_read(emulator: Emulator) -> None:
    """HEAD has the headers of GET; all else is 405 with Allow, also without a body to read."""
    target = emulator.url.replace("/api/v1", "/openapi.json")
    async with aiohttp.request("HEAD", target) as head, aiohttp.request("GET", target) as get:
        assert (head.status, head.headers["Content-Length"]) == (200, str(len(await get.read())))
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        async with aiohttp.request(method, target, data=b"{}") as response:
            assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")
            assert (await response.json())["error"]["type"] == "method_not_allowed"


@pytest.mark.anyio
async def test_the_server_of_the_document_is_the_one_that_was_called(emulator: Emulator) -> None:
    """By the name that the caller has for it; a foreign name is refused as everywhere."""
    target = emulator.url.replace("/api/v1", "/openapi.json")
    async with aiohttp.request("GET", target, headers={"Host": "localhost:1234"}) as response:
        assert (await response.json())["servers"] == [{"url": "http://localhost:1234/api/v1"}]
    async with aiohttp.request("GET", target, headers={"Host": "evil.example"}) as response:
        assert response.status == 403
