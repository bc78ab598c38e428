"""Campaigns over a socket."""

from __future__ import annotations

from typing import Any

import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio


async def test_a_campaign_is_created_with_every_documented_field(emulator: Emulator, api: Api) -> None:
    """201; the slug and the address come from its name, the team's name from the team."""
    team = emulator.team_id()
    body = {"name": "NAA 2026", "team_id": team, "starts_at": "2026-06-01T00:00:00Z", "ends_at": "2126-06-30T23:59:59Z"}
    reply = await api.post("/campaigns", body)
    data = reply.data
    assert reply.status == 201
    assert data.pop("id").startswith("cmp_")
    assert data.pop("created_at") == data.pop("updated_at")
    assert data == {
        **body,
        "slug": "naa-2026",
        "description": None,
        "email_address": "naa-2026.example@skipup.co",
        "team_name": "Sales",
        "active": True,
        "deactivated_at": None,
        "meeting_request_count": 0,
        "meetings_booked_count": 0,
        "booking_rate": 0.0,
    }


async def test_get_gives_what_create_gave(emulator: Emulator, api: Api) -> None:
    """The same object under its id."""
    created = (await api.post("/campaigns", {"name": "NAA", "team_id": emulator.team_id()})).data
    assert (await api.get(f"/campaigns/{created['id']}")).data == created


@pytest.mark.parametrize(
    ("names", "slugs"),
    [
        (["NAA 2026", "naa 2026", "NAA-2026!"], ["naa-2026", "naa-2026-2", "naa-2026-3"]),
        (["Über Größe"], ["uber-groe"]),
        (["日本", "!!!"], ["unnamed", "unnamed-2"]),
        (["x" * 200], ["x" * 60]),
    ],
)
async def test_a_slug_is_unique_in_its_workspace(
    emulator: Emulator, api: Api, names: list[str], slugs: list[str]
) -> None:
    """Derived from the name, numbered where it is taken."""
    team = emulator.team_id()
    made = [(await api.post("/campaigns", {"name": name, "team_id": team})).data["slug"] for name in names]
    assert made == slugs


async def test_two_workspaces_may_use_one_slug(emulator: Emulator, api: Api) -> None:
    """Unique per workspace, not beyond."""
    emulator.add_campaign("NAA", workspace="other")
    id = emulator.add_campaign("NAA")
    assert (await api.get(f"/campaigns/{id}")).data["slug"] == "naa"


async def test_requests_count_for_their_campaign(emulator: Emulator, api: Api) -> None:
    """And booked ones for its rate."""
    id = emulator.add_campaign("NAA")
    made = [(await api.post("/meeting_requests", {**MINIMAL, "campaign_id": id})).data["id"] for _ in range(3)]
    emulator.book(made[0])
    data = (await api.get(f"/campaigns/{id}")).data
    counts = (data["meeting_request_count"], data["meetings_booked_count"], data["booking_rate"])
    assert counts == (3, 1, 33.3)


async def test_a_request_keeps_the_description_its_campaign_had(emulator: Emulator, api: Api) -> None:
    """`campaign_source` is a snapshot."""
    id = emulator.add_campaign("NAA", description="Before")
    request = (await api.post("/meeting_requests", {**MINIMAL, "campaign_id": id})).data
    await api.patch(f"/campaigns/{id}", {"description": "After"})
    again = (await api.get(f"/meeting_requests/{request['id']}")).data
    assert (again["campaign_id"], again["campaign_source"]) == (id, "Before")


async def test_a_campaign_ends_with_its_end(emulator: Emulator, api: Api) -> None:
    """On the emulator's clock, without a call."""
    id = emulator.add_campaign("NAA", ends_at=(emulator.now().isoformat()))
    assert (await api.get(f"/campaigns/{id}")).data["active"] is False
    lasting = emulator.add_campaign("NAA", ends_at=emulator.now().replace(year=2999).isoformat())
    assert (await api.get(f"/campaigns/{lasting}")).data["active"] is True
    emulator.advance(days=400_000)
    assert (await api.get(f"/campaigns/{lasting}")).data["active"] is False


async def test_active_true_leaves_out_what_has_ended(emulator: Emulator, api: Api) -> None:
    """Deactivated or past its end; without the filter all are shown, newest first."""
    ended = emulator.add_campaign("Ended", ends_at="2020-01-01T00:00:00Z")
    stopped, running = emulator.add_campaign("Stopped"), emulator.add_campaign("Running")
    await api.post(f"/campaigns/{stopped}/deactivate")
    assert [item["id"] for item in (await api.get("/campaigns", active="true")).data] == [running]
    assert [item["id"] for item in (await api.get("/campaigns")).data] == [running, stopped, ended]


async def test_an_update_changes_what_it_names(emulator: Emulator, api: Api) -> None:
    """What is not sent stays, null clears, the slug stays."""
    id = emulator.add_campaign("NAA 2026", description="Conference", starts_at="2026-06-01T00:00:00Z")
    data = (await api.patch(f"/campaigns/{id}", {"name": "NAA 2026 East", "description": None})).data
    assert (data["name"], data["slug"], data["description"]) == ("NAA 2026 East", "naa-2026", None)
    assert data["starts_at"] == "2026-06-01T00:00:00Z"


async def test_a_campaign_moves_to_another_team(emulator: Emulator, api: Api) -> None:
    """With the team's name."""
    team = emulator.add_team("Support", members=["bob@example.com"])
    data = (await api.patch(f"/campaigns/{emulator.add_campaign('NAA')}", {"team_id": team})).data
    assert (data["team_id"], data["team_name"]) == (team, "Support")


async def test_deactivating_ends_a_campaign(emulator: Emulator, api: Api) -> None:
    """It is stamped and no longer active."""
    data = (await api.post(f"/campaigns/{emulator.add_campaign('NAA')}/deactivate")).data
    assert (data["active"], data["deactivated_at"]) == (False, data["updated_at"])


@pytest.mark.parametrize(("repeated", "status"), [("refuse", 422), ("accept", 200)])
async def test_deactivating_twice_is_as_the_profile_says(repeated: Any, status: int) -> None:
    """Undocumented; either way the first stamp stays."""
    async with Emulator(profile=Profile(repeated=repeated)) as emulator, Api(emulator) as api:
        path = f"/campaigns/{emulator.add_campaign('NAA')}"
        first = (await api.post(f"{path}/deactivate")).data
        emulator.advance(hours=1)
        assert (await api.post(f"{path}/deactivate")).status == status
        assert (await api.get(path)).data == first


WRONG: list[dict[str, Any]] = [
    {},
    {"name": None},
    {"name": ""},
    {"name": 7},
    {"team_id": None},
    {"team_id": "tm_unknown"},
    {"team_id": ["tm"]},
    {"description": {}},
    {"starts_at": "June"},
    {"ends_at": "2026-06-30"},
    {"starts_at": "2026-06-02T00:00:00Z", "ends_at": "2026-06-01T00:00:00Z"},
]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_field_is_a_validation_error(emulator: Emulator, api: Api, wrong: dict[str, Any]) -> None:
    """422 validation_error for a create and for an update, and nothing changes."""
    body = {"name": "NAA", "team_id": emulator.team_id(), **wrong} if wrong else {}
    assert (await api.post("/campaigns", body)).error == (422, "validation_error")
    assert (await api.get("/campaigns")).data == []
    if wrong:
        path = f"/campaigns/{emulator.add_campaign('NAA')}"
        before = (await api.get(path)).data
        assert (await api.patch(path, wrong)).error == (422, "validation_error")
        assert (await api.get(path)).data == before


async def test_an_update_cannot_turn_the_dates_around(emulator: Emulator, api: Api) -> None:
    """The date that stays counts too."""
    id = emulator.add_campaign("NAA", starts_at="2026-06-02T00:00:00Z")
    reply = await api.patch(f"/campaigns/{id}", {"ends_at": "2026-06-01T00:00:00Z"})
    assert reply.error == (422, "validation_error")


async def test_an_unknown_team_may_be_not_found() -> None:
    """The other way the service may behave."""
    async with Emulator(profile=Profile(unknown_reference=404)) as emulator, Api(emulator) as api:
        reply = await api.post("/campaigns", {"name": "NAA", "team_id": "tm_unknown"})
    assert reply.error == (404, "not_found")


async def test_another_workspaces_team_and_campaign_are_unknown(emulator: Emulator, api: Api) -> None:
    """They cannot be referred to."""
    team, campaign = emulator.team_id(workspace="other"), emulator.add_campaign("NAA", workspace="other")
    assert (await api.post("/campaigns", {"name": "NAA", "team_id": team})).error == (422, "validation_error")
    body = {**MINIMAL, "campaign_id": campaign}
    assert (await api.post("/meeting_requests", body)).error == (422, "validation_error")
    assert (await api.get(f"/campaigns/{campaign}")).error == (404, "not_found")
