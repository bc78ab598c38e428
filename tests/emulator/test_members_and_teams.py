"""Workspace members and teams over a socket."""

from __future__ import annotations

from typing import Any

import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio


async def test_a_workspace_begins_with_two_members(api: Api) -> None:
    """Alice and Bob of the documents' example, active."""
    page = (await api.get("/workspace_members")).body
    shown = [(item["email"], item["name"], item["role"], item["deactivated_at"]) for item in page["data"]]
    assert shown == [
        ("alice@example.com", "Alice Johnson", "admin", None),
        ("bob@example.com", "Bob Smith", "member", None),
    ]
    assert page["meta"] == {"limit": 25, "has_more": False}


async def test_members_have_the_documented_fields(api: Api) -> None:
    """No more and no fewer."""
    item = (await api.get("/workspace_members")).data[0]
    assert list(item) == ["id", "email", "name", "role", "deactivated_at", "created_at"]


@pytest.mark.parametrize(
    ("query", "emails"),
    [
        ({"email": "BOB@example.com"}, ["bob@example.com"]),
        ({"email": "bob"}, []),
        ({"role": "admin"}, ["alice@example.com"]),
        ({"role": "admin", "email": "bob@example.com"}, []),
    ],
)
async def test_members_are_filtered(api: Api, query: dict[str, str], emails: list[str]) -> None:
    """By exact address and by role; nothing found is an empty page."""
    assert [item["email"] for item in (await api.get("/workspace_members", **query)).data] == emails


async def test_an_added_member_can_organize(api: Api) -> None:
    """201 and the member, first in the list."""
    reply = await api.post("/workspace_members", {"email": "dana@example.com", "name": "Dana"})
    assert (reply.status, reply.data["role"]) == (201, "member")
    assert (await api.get("/workspace_members")).data[0] == reply.data
    assert (await api.post("/meeting_requests", {**MINIMAL, "organizer_email": "dana@example.com"})).status == 202


@pytest.mark.parametrize(
    "body",
    [{}, {"email": ""}, {"email": "dana"}, {"email": 1}, {"email": "d@e.co", "name": 1}, {"email": "Bob@Example.com"}],
)
async def test_a_member_needs_an_address_of_its_own(api: Api, body: dict[str, Any]) -> None:
    """422 validation_error for none, a wrong one, and one that is taken."""
    assert (await api.post("/workspace_members", body)).error == (422, "validation_error")
    assert len((await api.get("/workspace_members")).data) == 2


async def test_a_deactivated_member_is_gone_until_reactivated(api: Api) -> None:
    """Out of the list and no organizer; then both again."""
    bob = (await api.get("/workspace_members", email="bob@example.com")).data[0]
    body = {**MINIMAL, "organizer_email": "bob@example.com"}
    gone = (await api.post(f"/workspace_members/{bob['id']}/deactivate")).data
    assert gone["deactivated_at"] is not None
    assert (await api.get("/workspace_members", email="bob@example.com")).data == []
    assert (await api.post("/meeting_requests", body)).error == (422, "validation_error")
    assert (await api.post(f"/workspace_members/{bob['id']}/reactivate")).data == bob
    assert (await api.post("/meeting_requests", body)).status == 202


@pytest.mark.parametrize(("repeated", "status"), [("refuse", 422), ("accept", 200)])
async def test_a_repeated_step_is_as_the_profile_says(repeated: Any, status: int) -> None:
    """Undocumented; either way nothing changes."""
    async with Emulator(profile=Profile(repeated=repeated)) as emulator, Api(emulator) as api:
        id = (await api.get("/workspace_members")).data[0]["id"]
        assert (await api.post(f"/workspace_members/{id}/reactivate")).status == status
        first = (await api.post(f"/workspace_members/{id}/deactivate")).data
        emulator.advance(hours=1)
        again = await api.post(f"/workspace_members/{id}/deactivate")
    assert again.status == status
    assert status != 200 or again.data == first


async def test_an_unknown_member_is_not_found(api: Api) -> None:
    """With the text the documents quote."""
    reply = await api.post("/workspace_members/123/deactivate")
    assert reply.error == (404, "not_found")
    assert reply.message == "Couldn't find WorkspaceMembership with 'id'=123"


async def test_a_workspace_begins_with_one_team(emulator: Emulator, api: Api) -> None:
    """Sales, of both members, in turns."""
    (team,) = (await api.get("/teams")).data
    assert team.pop("created_at") == team.pop("updated_at")
    assert team == {
        "id": emulator.team_id(),
        "name": "Sales",
        "slug": "sales",
        "description": None,
        "mode": "pool",
        "email_address": "sales.example@skipup.co",
        "member_count": 2,
        "stack_always_apply": False,
        "include_all_members": False,
        "introduce_member": False,
        "introduction_guidance": None,
        "active": True,
        "deactivated_at": None,
    }


async def test_a_team_shows_its_members_and_who_is_next(emulator: Emulator, api: Api) -> None:
    """In a pool somebody is next in turn."""
    team = (await api.get(f"/teams/{emulator.team_id()}")).data
    assert {member["email"] for member in team["members"]} == {"alice@example.com", "bob@example.com"}
    assert team["next_assignee"] in team["members"]


async def test_a_manual_team_has_no_address_and_nobody_next(emulator: Emulator, api: Api) -> None:
    """It assigns nobody by itself."""
    team = (await api.get(f"/teams/{emulator.add_team('Desk', mode='manual', members=['bob@example.com'])}")).data
    assert (team["email_address"], team["next_assignee"], team["member_count"]) == (None, None, 1)


async def test_a_team_is_made_of_a_name(api: Api) -> None:
    """201 and the team: of nobody yet, taking turns, with an address of its own; the first of the list."""
    reply = await api.post("/teams", {"name": "Sales"})
    team = reply.data
    assert (reply.status, team["mode"], team["slug"], team["members"]) == (201, "pool", "sales-2", [])
    assert team["email_address"] == "sales-2.example@skipup.co"
    shown = (await api.get("/teams")).data[0]
    assert {**shown, "members": []} == team
    assert (await api.get(f"/teams/{team['id']}")).data == {**team, "next_assignee": None}
    assert (await api.post("/campaigns", {"name": "Spring", "team_id": team["id"]})).status == 201


@pytest.mark.parametrize(("routes", "made"), [("create", 2), ("every_post", 1)])
async def test_a_team_is_made_once_under_a_key_where_every_post_is(routes: Any, made: int) -> None:
    """The documents name the create of a meeting request alone."""
    async with Emulator(profile=Profile(idempotency_routes=routes)) as emulator, Api(emulator) as api:
        ids = {(await api.post("/teams", {"name": "Support"}, key="k-1")).data["id"] for _ in range(2)}
        assert len(ids) == len((await api.get("/teams")).data) - 1 == made


async def test_a_team_is_made_of_all_that_is_told(api: Api) -> None:
    """Every field comes back."""
    told = {
        "name": "Founders",
        "mode": "stack",
        "description": "Both of them",
        "stack_always_apply": True,
        "include_all_members": True,
        "introduce_member": True,
        "introduction_guidance": "Be brief.",
    }
    team = (await api.post("/teams", told)).data
    assert {name: team[name] for name in told} == told


async def test_of_a_team_only_what_is_sent_changes(emulator: Emulator, api: Api) -> None:
    """The members and the slug stay; null clears what may be empty; nothing sent changes nothing."""
    path = f"/teams/{emulator.team_id()}"
    before = (await api.get(path)).data
    emulator.advance(hours=1)
    assert (await api.patch(path, {})).data == {name: before[name] for name in before if name != "next_assignee"}
    changed = (await api.patch(path, {"name": "Field", "mode": "manual", "description": "Far"})).data
    assert (changed["name"], changed["slug"], changed["members"]) == ("Field", "sales", before["members"])
    assert changed["updated_at"] > before["updated_at"]
    cleared = (await api.patch(path, {"description": None})).data
    assert cleared == {**changed, "description": None}


@pytest.mark.parametrize(
    "body",
    [
        *({"name": ""}, {"name": 1}, {"name": None}, {"name": "a\0"}),
        *(
            {"name": "x", "mode": "round_robin"},
            {"name": "x", "introduce_member": "yes"},
            {"name": "x", "description": 1},
        ),
    ],
)
async def test_a_team_is_neither_made_nor_changed_by_what_is_wrong(
    emulator: Emulator, api: Api, body: dict[str, Any]
) -> None:
    """422 validation_error, and nothing has happened."""
    before = emulator.effects()
    for reply in (await api.post("/teams", body), await api.patch(f"/teams/{emulator.team_id()}", body)):
        assert reply.error == (422, "validation_error")
    assert (await api.post("/teams", {})).error == (422, "validation_error")
    assert emulator.effects() == before


@pytest.mark.parametrize("field", ["mode", "stack_always_apply", "include_all_members", "introduce_member"])
async def test_what_a_team_always_has_cannot_be_cleared(emulator: Emulator, api: Api, field: str) -> None:
    """422 for a null in a change; a create reads it as absent."""
    path = f"/teams/{emulator.team_id()}"
    assert (await api.patch(path, {field: None})).error == (422, "validation_error")
    assert (await api.post("/teams", {"name": "x", field: None})).status == 201


@pytest.mark.parametrize(("repeated", "status"), [("refuse", 422), ("accept", 200)])
async def test_a_team_is_deactivated_once(repeated: Any, status: int) -> None:
    """It stays in the list, active no more; the second time is as the profile says."""
    async with Emulator(profile=Profile(repeated=repeated)) as emulator, Api(emulator) as api:
        path = f"/teams/{emulator.team_id()}"
        team = (await api.post(f"{path}/deactivate")).data
        assert (team["active"], team["deactivated_at"]) == (False, team["updated_at"])
        assert (await api.get("/teams")).data == [team]
        assert (await api.post(f"{path}/deactivate")).status == status
        assert [effect.type for effect in emulator.effects(team["id"])] == ["team.deactivated"]


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/teams/tm_1"), ("POST", "/teams/tm_1/deactivate")])
async def test_an_unknown_team_is_not_changed(api: Api, method: str, path: str) -> None:
    """404 in the envelope."""
    assert (await api.call(method, path, json={"name": "x"})).error == (404, "not_found")


async def test_an_unknown_team_is_not_found(api: Api) -> None:
    """404 in the envelope."""
    assert (await api.get("/teams/tm_unknown")).error == (404, "not_found")
