"""Who is let in, to what, and what everybody else is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("form", "missing", "wrong"),
    [
        ("unauthorized", "unauthorized", "unauthorized"),
        ("authentication_error", "authentication_error", "authentication_error"),
        ("string", "Missing authorization token", "Invalid or expired API key"),
    ],
)
async def test_a_401_has_one_of_its_three_documented_forms(form: Any, missing: str, wrong: str) -> None:
    """Two types in the envelope, or a plain string in its place."""
    async with Emulator(profile=Profile(unauthorized=form)) as emulator, Api(emulator, "wrong") as api:
        refused = await api.get("/meeting_requests")
        anonymous = await api.call("GET", "/meeting_requests", headers={"Authorization": ""})
    assert (refused.status, anonymous.status) == (401, 401)
    if form == "string":
        assert (anonymous.body, refused.body) == ({"error": missing}, {"error": wrong})
    else:
        assert (anonymous.error, refused.error) == ((401, missing), (401, wrong))
        assert refused.message == "Invalid or missing API key."


async def test_no_authorization_at_all_is_refused(emulator: Emulator) -> None:
    """401 before anything else is looked at."""
    async with aiohttp.request("GET", f"{emulator.url}/meeting_requests") as response:
        assert response.status == 401


async def test_the_scheme_is_read_in_any_case(emulator: Emulator, api: Api) -> None:
    """RFC 9110: the name of a scheme has no case."""
    headers = {"Authorization": f"bearer {emulator.api_key}"}
    assert (await api.call("GET", "/meeting_requests", headers=headers)).status == 200


async def test_two_authorizations_are_none(emulator: Emulator, api: Api) -> None:
    """Nobody can tell which counts."""
    headers = [("Authorization", f"Bearer {emulator.api_key}")] * 2
    assert (await api.call("GET", "/meeting_requests", headers=headers)).status == 401


SCOPES = [
    ("GET", "/meeting_requests", "meeting_requests.read"),
    ("GET", "/meeting_requests/{id}", "meeting_requests.read"),
    ("POST", "/meeting_requests", "meeting_requests.write"),
    ("POST", "/meeting_requests/{id}/cancel", "meeting_requests.write"),
    ("POST", "/meeting_requests/{id}/pause", "meeting_requests.write"),
    ("POST", "/meeting_requests/{id}/resume", "meeting_requests.write"),
    ("POST", "/meeting_requests/{id}/change_organizer", "meeting_requests.write"),
    ("POST", "/meeting_requests/{id}/context", "meeting_requests.write"),
    ("GET", "/workspace_members", "members.read"),
    ("POST", "/workspace_members", "members.write"),
    ("POST", "/workspace_members/{id}/deactivate", "members.write"),
    ("POST", "/workspace_members/{id}/reactivate", "members.write"),
    ("GET", "/campaigns", "campaigns.read"),
    ("GET", "/campaigns/{id}", "campaigns.read"),
    ("POST", "/campaigns", "campaigns.write"),
    ("PATCH", "/campaigns/{id}", "campaigns.write"),
    ("POST", "/campaigns/{id}/deactivate", "campaigns.write"),
    ("GET", "/teams", "teams.read"),
    ("GET", "/teams/{id}", "teams.read"),
    ("POST", "/teams", "teams.write"),
    ("PATCH", "/teams/{id}", "teams.write"),
    ("POST", "/teams/{id}/deactivate", "teams.write"),
    ("GET", "/webhook_endpoints", "webhooks.read"),
    ("GET", "/webhook_endpoints/{id}", "webhooks.read"),
    ("POST", "/webhook_endpoints", "webhooks.write"),
    ("PATCH", "/webhook_endpoints/{id}", "webhooks.write"),
    ("DELETE", "/webhook_endpoints/{id}", "webhooks.write"),
    ("GET", "/webhook_endpoints/{id}/deliveries", "webhooks.read"),
    ("GET", "/api_keys", "api_keys.read"),
    ("POST", "/api_keys", "api_keys.write"),
    ("DELETE", "/api_keys/{id}", "api_keys.write"),
]


@pytest.mark.parametrize(("method", "path", "scope"), SCOPES)
async def test_each_endpoint_needs_its_scope_and_no_other(
    emulator: Emulator, method: str, path: str, scope: str
) -> None:
    """With that one scope the call goes through; with all others it is 403 and names the one."""
    every = {scope for _, _, scope in SCOPES}
    target = path.format(id="mr_unknown")
    async with Api(emulator, emulator.add_key(scopes=[scope])) as allowed:
        assert (await allowed.call(method, target)).status != 403
    async with Api(emulator, emulator.add_key(scopes=every - {scope})) as refused:
        reply = await refused.call(method, target)
    assert reply.error == (403, "forbidden")
    assert reply.message == f"API key missing required scope: {scope}"


async def test_a_403_may_keep_the_scope_to_itself() -> None:
    """The other documented text."""
    profile = Profile(forbidden="generic")
    async with Emulator(profile=profile, scopes=["members.read"]) as emulator, Api(emulator) as api:
        reply = await api.get("/campaigns")
    assert reply.message == "This API key does not have the required scope."


async def test_another_workspaces_request_is_not_found(emulator: Emulator, api: Api) -> None:
    """404 as for an id that never was; the list does not show it either."""
    theirs = emulator.add_meeting_request(workspace="other")
    assert (await api.get(f"/meeting_requests/{theirs}")).error == (404, "not_found")
    assert (await api.post(f"/meeting_requests/{theirs}/cancel")).error == (404, "not_found")
    assert (await api.get("/meeting_requests")).data == []


async def test_another_workspace_begins_like_the_first(emulator: Emulator) -> None:
    """With two members and one team of its own."""
    async with Api(emulator, emulator.add_key(workspace="other")) as api:
        members = (await api.get("/workspace_members")).data
        assert [member["email"] for member in members] == ["alice@example.com", "bob@example.com"]
        assert [team["name"] for team in (await api.get("/teams")).data] == ["Sales"]
        assert (await api.post("/meeting_requests", MINIMAL)).status == 202


async def test_a_key_expires_on_the_emulators_clock(emulator: Emulator) -> None:
    """401 once its time has come."""
    key = emulator.add_key(expires_at=emulator.now() + timedelta(days=1))
    async with Api(emulator, key) as api:
        assert (await api.get("/teams")).status == 200
        emulator.advance(days=1, seconds=1)
        assert (await api.get("/teams")).status == 401


async def test_a_revoked_key_is_let_in_no_more(emulator: Emulator, api: Api) -> None:
    """401, as for one that never was."""
    emulator.revoke_key(emulator.api_key)
    assert (await api.get("/teams")).status == 401
