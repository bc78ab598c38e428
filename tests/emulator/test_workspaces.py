"""Several workspaces in one emulator: none sees, changes or counts what is another's."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Any

import attrs
import pytest

from skipup_async.emulator import Emulator
from skipup_async.emulator.router import Route
from skipup_async.emulator.routes import ROUTES
from tests.emulator.conftest import Api

pytestmark = pytest.mark.anyio

WITH_ID = [route for route in ROUTES if ":id" in route.path]
LISTS = [route for route in ROUTES if route.method == "GET" and ":id" not in route.path]
#: The bodies with which a call on a thing of one's own succeeds.
BODIES: dict[str, Any] = {
    "POST /meeting_requests/:id/change_organizer": {"new_organizer_email": "bob@example.com"},
    "POST /meeting_requests/:id/context": {"title": "Changed"},
    "PATCH /campaigns/:id": {"name": "Changed"},
    "PATCH /teams/:id": {"name": "Changed"},
    "PATCH /webhook_endpoints/:id": {"enabled": False},
}


@attrs.frozen
class Two:
    """An emulator with two workspaces alike, a client in each, and the ids of what the second one has."""

    emulator: Emulator
    ours: Api
    theirs: Api
    ids: dict[str, str]


def fill(emulator: Emulator, workspace: str) -> dict[str, str]:
    """The ids of one of everything, made in *workspace*."""
    campaign = emulator.add_campaign("NAA 2026", workspace=workspace)
    return {
        "meeting_requests": emulator.add_meeting_request(workspace=workspace, campaign_id=campaign),
        "campaigns": campaign,
        "teams": emulator.team_id(workspace=workspace),
        "workspace_members": emulator.add_member(f"dana@{workspace}.example", workspace=workspace),
    }


@pytest.fixture
async def two() -> AsyncGenerator[Two]:
    """Both workspaces have one of everything."""
    async with Emulator() as emulator, Api(emulator) as ours:
        key = emulator.add_key(workspace="globex")
        async with Api(emulator, key) as theirs:
            for api in (ours, theirs):
                await api.post("/webhook_endpoints", {"url": "http://127.0.0.1:9"})
            made = [fill(emulator, workspace) for workspace in ("example", "globex")]
            endpoints = (await theirs.get("/webhook_endpoints")).data
            another_key = (await theirs.post("/api_keys", {"name": "Another"})).data
            ids = {**made[1], "webhook_endpoints": endpoints[0]["id"], "api_keys": another_key["id"]}
            yield Two(emulator, ours, theirs, ids)


def path_of(two: Two, route: Route) -> str:
    """The path of *route* for a thing of the second workspace."""
    return route.path.replace(":id", two.ids[route.path.split("/")[1]])


@pytest.mark.parametrize("route", WITH_ID, ids=lambda route: route.name)
async def test_what_is_anothers_is_not_found(two: Two, route: Route) -> None:
    """404, in the words for an id that never was, and nothing happens to it."""
    before = two.emulator.effects()
    path = path_of(two, route)
    reply = await two.ours.call(route.method, path, json=BODIES.get(route.name, {}))
    never = await two.ours.call(route.method, route.path.replace(":id", "x_1"), json=BODIES.get(route.name, {}))
    assert reply.error == (404, "not_found")
    assert reply.message == never.message.replace("x_1", path.split("/")[2])
    assert two.emulator.effects() == before


@pytest.mark.parametrize("route", WITH_ID, ids=lambda route: route.name)
async def test_what_is_ones_own_is_found(two: Two, route: Route) -> None:
    """The same call with the other key is answered."""
    reply = await two.theirs.call(route.method, path_of(two, route), json=BODIES.get(route.name, {}))
    # A request that is not paused cannot be resumed, an active member not reactivated: they were found all the same.
    assert reply.status in (200, 204) or (route.path.endswith("activate") or route.path.endswith("resume"))
    assert reply.status != 404


@pytest.mark.parametrize("route", LISTS, ids=lambda route: route.name)
async def test_a_list_has_ones_own_only(two: Two, route: Route) -> None:
    """No id of the other's is in it, whatever the cursor."""
    ours, theirs = (await two.ours.get(route.path)).data, (await two.theirs.get(route.path)).data
    assert ours
    assert theirs
    assert not {item["id"] for item in ours} & {item["id"] for item in theirs}
    beyond = await two.ours.get(route.path, cursor=two.ids[route.path[1:]])
    assert not {item["id"] for item in beyond.data} & {item["id"] for item in theirs}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/campaigns", {"name": "Theirs", "team_id": "teams"}),
        ("/meeting_requests", {"organizer_email": "alice@example.com", "campaign_id": "campaigns"}),
        ("/meeting_requests", {"organizer_email": "dana@globex.example"}),
    ],
)
async def test_what_is_anothers_cannot_be_referred_to(two: Two, path: str, body: dict[str, str]) -> None:
    """Neither a team nor a campaign nor a member of theirs: 422, and nothing is made."""
    before = two.emulator.effects()
    named = {name: two.ids.get(value, value) for name, value in body.items()}
    assert (await two.ours.post(path, {"participant_emails": ["a@b.co"], **named})).error == (422, "validation_error")
    assert two.emulator.effects() == before


async def test_ones_own_changes_leave_the_others_alone(two: Two) -> None:
    """Everything that can be called is called here, and there all is as it was."""

    async def state() -> str:
        return json.dumps([(await two.ours.get(route.path)).body for route in LISTS])

    before = await state()
    for route in WITH_ID:
        await two.theirs.call(route.method, path_of(two, route), json=BODIES.get(route.name, {}))
    assert await state() == before
