"""API keys over a socket: listed, made, deleted."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import Api, Reply

pytestmark = pytest.mark.anyio


async def make(api: Api, **body: Any) -> dict[str, Any]:
    """A new key, with its secret."""
    reply = await api.post("/api_keys", {"name": "One", **body})
    assert reply.status == 201
    return dict(reply.data)


async def test_an_emulator_begins_with_its_own_key(emulator: Emulator, api: Api) -> None:
    """With every scope, and of the key its beginning alone."""
    (key,) = (await api.get("/api_keys")).data
    assert list(key) == ["id", "name", "key_prefix", "scopes", "expires_at", "last_used_at", "created_at"]
    assert key["key_prefix"] == f"{emulator.api_key[:12]}...."
    assert len(key["scopes"]) == 14


async def test_a_short_key_shows_nothing_of_itself() -> None:
    """A part of it would be most of it."""
    async with Emulator(key="sk_test_0123456789abcdef") as emulator, Api(emulator) as api:
        assert (await api.get("/api_keys")).data[0]["key_prefix"] == "...."


async def test_a_new_key_works_at_once_for_its_scopes(emulator: Emulator, api: Api) -> None:
    """It looks like a test's, and may do what it was made for."""
    made = await make(api, scopes=["teams.read"])
    assert made["key"].startswith("sk_test_")
    assert made["key_prefix"] == f"{made['key'][:12]}...."
    assert (made["scopes"], made["expires_at"], made["last_used_at"]) == (["teams.read"], None, None)
    async with Api(emulator, made["key"]) as new:
        assert (await new.get("/teams")).status == 200
        assert (await new.get("/campaigns")).error == (403, "forbidden")


async def test_a_new_key_without_scopes_may_do_nothing(emulator: Emulator, api: Api) -> None:
    """It is let in, to 403."""
    told: tuple[dict[str, Any], ...] = ({}, {"scopes": None}, {"scopes": []})
    for scopes in told:
        made = await make(api, **scopes)
        assert made["scopes"] == []
        async with Api(emulator, made["key"]) as new:
            assert (await new.get("/teams")).error == (403, "forbidden")


async def test_a_key_is_shown_once(api: Api) -> None:
    """The list has all the rest of it."""
    made = await make(api)
    assert (await api.get("/api_keys")).data[0] == {name: made[name] for name in made if name != "key"}


@pytest.mark.parametrize("routes", ["create", "every_post"])
async def test_a_key_is_kept_nowhere(tmp_path: Path, routes: Any) -> None:
    """Not in the file, and not under an Idempotency-Key either, with which a second call makes a second key."""
    file = tmp_path / "state.sqlite"
    async with Emulator(db=file, profile=Profile(idempotency_routes=routes)) as emulator, Api(emulator) as api:
        made = [(await api.post("/api_keys", {"name": "One"}, key="k-1")).data for _ in range(2)]
    connection = sqlite3.connect(file)
    stored = "\n".join(connection.iterdump())
    connection.close()
    assert made[0]["id"] != made[1]["id"]
    for key in made:
        assert key["id"] in stored
        assert key["key"] not in stored
        assert key["key"][12:-4] not in stored


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"name": None}, {"name": " "}, {"name": 1}, {"name": "a\0"}),
        *({"scopes": "teams.read"}, {"scopes": ["teams.delete"]}, {"scopes": ["teams.read", "*"]}, {"scopes": [1]}),
        *({"scopes": [None]}, {"scopes": ["teams.read campaigns.read"]}, {"scopes": [""]}),
        *({"expires_at": "tomorrow"}, {"expires_at": 1}, {"expires_at": "2001-01-01T00:00:00Z"}),
    ],
)
async def test_a_key_is_not_made_of_what_is_wrong(emulator: Emulator, api: Api, body: dict[str, Any]) -> None:
    """422 validation_error, and nothing has happened."""
    named = body if not body or "name" in body else {"name": "One", **body}
    assert (await api.post("/api_keys", named)).error == (422, "validation_error")
    assert len((await api.get("/api_keys")).data) == 1
    assert emulator.effects() == ()


async def test_an_expired_key_is_neither_let_in_nor_listed(emulator: Emulator, api: Api) -> None:
    """From the second on that it names."""
    at = (emulator.now() + timedelta(days=1)).replace(microsecond=0)
    made = await make(api, scopes=["teams.read"], expires_at=at.isoformat())
    assert made["expires_at"] == at.strftime("%Y-%m-%dT%H:%M:%SZ")
    async with Api(emulator, made["key"]) as new:
        assert (await new.get("/teams")).status == 200
        emulator.advance(days=1)
        assert (await new.get("/teams")).error == (401, "unauthorized")
    assert [key["name"] for key in (await api.get("/api_keys")).data] == ["Emulator"]


@pytest.mark.parametrize("form", ["unauthorized", "authentication_error", "string"])
async def test_a_deleted_key_is_refused_from_then_on(form: Any) -> None:
    """204; then 401 in the profile's form, gone from the list, and 404 for its id."""
    async with Emulator(profile=Profile(unauthorized=form)) as emulator, Api(emulator) as api:
        made = await make(api, scopes=["teams.read"])
        reply = await api.call("DELETE", f"/api_keys/{made['id']}")
        assert (reply.status, reply.body) == (204, None)
        async with Api(emulator, made["key"]) as deleted, Api(emulator, "wrong") as wrong:
            assert (await deleted.get("/teams")).body == (await wrong.get("/teams")).body
        assert made["id"] not in [key["id"] for key in (await api.get("/api_keys")).data]
        assert (await api.call("DELETE", f"/api_keys/{made['id']}")).error == (404, "not_found")


async def test_a_key_may_delete_itself_though_it_is_the_last(api: Api) -> None:
    """No document says otherwise."""
    (own,) = (await api.get("/api_keys")).data
    assert (await api.call("DELETE", f"/api_keys/{own['id']}")).status == 204
    assert (await api.get("/api_keys")).status == 401


async def test_an_emulator_lets_its_own_key_in_at_every_start(tmp_path: Path) -> None:
    """Deleted or not; what another key was stays as it was."""
    file = tmp_path / "state.sqlite"
    async with Emulator(db=file, key="sk_test_own") as emulator, Api(emulator) as api:
        kept, gone = await make(api, scopes=["teams.read"]), await make(api, scopes=["teams.read"])
        (own,) = [key for key in (await api.get("/api_keys")).data if key["name"] == "Emulator"]
        for id in (gone["id"], own["id"]):
            assert (await api.call("DELETE", f"/api_keys/{id}")).status == 204
    async with Emulator(db=file, key="sk_test_own") as emulator, Api(emulator) as api:
        assert {key["id"] for key in (await api.get("/api_keys")).data} == {own["id"], kept["id"]}
        for key, status in ((kept, 200), (gone, 401)):
            async with Api(emulator, key["key"]) as other:
                assert (await other.get("/teams")).status == status


async def test_a_page_of_keys_has_a_meta_of_its_own(api: Api) -> None:
    """No limit, and a cursor of null on the last page; the newest first, each once."""
    made = [(await make(api))["id"] for _ in range(3)]
    first = (await api.get("/api_keys", limit=2)).body
    assert first["meta"] == {"has_more": True, "next_cursor": made[1]}
    second: Reply = await api.get("/api_keys", limit=2, cursor=made[1])
    assert second.body["meta"] == {"has_more": False, "next_cursor": None}
    assert [key["id"] for key in first["data"] + second.data][:3] == made[::-1]


async def test_when_a_key_was_used_is_told_to_the_minute(emulator: Emulator, api: Api) -> None:
    """A call within a minute of the one that was noted is not noted."""

    async def used() -> str:
        return str((await api.get("/api_keys")).data[0]["last_used_at"])

    first = await used()
    emulator.advance(seconds=30)
    assert await used() == first
    emulator.advance(seconds=31)
    assert await used() > first
