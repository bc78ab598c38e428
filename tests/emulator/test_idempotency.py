"""The same `Idempotency-Key` twice: one meeting request, and what the profile says of the rest."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import MINIMAL, Api, until

pytestmark = pytest.mark.anyio

OTHER = {**MINIMAL, "participant_emails": ["dan@example.com"]}


async def test_the_same_key_gives_the_first_answer_again(emulator: Emulator, api: Api) -> None:
    """Also when the request has changed since: the answer was kept, not made anew."""
    first = await api.post("/meeting_requests", MINIMAL, key="k-1")
    await api.post(f"/meeting_requests/{first.data['id']}/cancel")
    again = await api.post("/meeting_requests", MINIMAL, key="k-1")
    assert (again.status, again.body) == (first.status, first.body)
    assert len(emulator.meeting_requests()) == 1


async def test_a_create_without_a_key_is_always_new(emulator: Emulator, api: Api) -> None:
    """So is one with another key."""
    for key in (None, None, "k-1", "k-2"):
        await api.post("/meeting_requests", MINIMAL, key=key)
    assert len(emulator.meeting_requests()) == 4


async def test_a_key_lasts_24_hours_on_the_emulators_clock(emulator: Emulator, api: Api) -> None:
    """A second less and it is replayed, after that it is new."""
    await api.post("/meeting_requests", MINIMAL, key="k-1")
    emulator.advance(hours=23, minutes=59)
    await api.post("/meeting_requests", MINIMAL, key="k-1")
    assert len(emulator.meeting_requests()) == 1
    emulator.advance(minutes=2)
    await api.post("/meeting_requests", MINIMAL, key="k-1")
    assert len(emulator.meeting_requests()) == 2


async def test_the_same_body_in_another_spelling_is_the_same(emulator: Emulator) -> None:
    """What counts is the JSON value, not its bytes."""
    async with Emulator(profile=Profile(idempotency_other_body=422)) as strict, Api(strict) as api:
        await api.post("/meeting_requests", MINIMAL, key="k-1")
        again = await api.post("/meeting_requests", dict(reversed(MINIMAL.items())), key="k-1")
    assert again.status == 202


@pytest.mark.parametrize("other_body", ["replay", 409, 422])
async def test_the_same_key_with_another_body_is_as_the_profile_says(other_body: Any) -> None:
    """Replayed (the literal reading of the documents) or refused; never a second request."""
    async with Emulator(profile=Profile(idempotency_other_body=other_body)) as emulator, Api(emulator) as api:
        first = await api.post("/meeting_requests", MINIMAL, key="k-1")
        second = await api.post("/meeting_requests", OTHER, key="k-1")
        created = len(emulator.meeting_requests())
    expected = (202, first.body) if other_body == "replay" else (other_body, second.body)
    assert (second.status, second.body) == expected
    assert created == 1


@pytest.mark.parametrize(("scope", "created"), [("api_key", 2), ("workspace", 1)])
async def test_two_api_keys_meet_under_one_key_or_not(scope: Any, created: int) -> None:
    """As the profile says."""
    async with Emulator(profile=Profile(idempotency_scope=scope)) as emulator:
        for key in (emulator.api_key, emulator.add_key()):
            async with Api(emulator, key) as api:
                await api.post("/meeting_requests", MINIMAL, key="k-1")
        assert len(emulator.meeting_requests()) == created


async def test_two_workspaces_never_meet(emulator: Emulator) -> None:
    """Not even where the key is the workspace's."""
    async with Emulator(profile=Profile(idempotency_scope="workspace")) as shared:
        for key in (shared.api_key, shared.add_key(workspace="other")):
            async with Api(shared, key) as api:
                await api.post("/meeting_requests", MINIMAL, key="k-1")
        assert len(shared.meeting_requests()) == 2


@pytest.mark.parametrize(("routes", "statuses"), [("create", [200, 422]), ("every_post", [200, 200])])
async def test_other_routes_look_at_the_key_or_not(routes: Any, statuses: list[int]) -> None:
    """Documented for the create only; the profile can have it for every POST."""
    async with Emulator(profile=Profile(idempotency_routes=routes)) as emulator, Api(emulator) as api:
        path = f"/meeting_requests/{emulator.add_meeting_request()}/pause"
        assert [(await api.post(path, key="k-1")).status for _ in range(2)] == statuses


async def test_fifty_at_once_are_one_request(emulator: Emulator, api: Api) -> None:
    """The same key, 50 calls in flight: one meeting request, 50 equal answers."""
    replies = await asyncio.gather(*(api.post("/meeting_requests", MINIMAL, key="k-1") for _ in range(50)))
    assert len(emulator.meeting_requests()) == 1
    assert all((reply.status, reply.body) == (202, replies[0].body) for reply in replies)


async def test_fifty_at_once_are_one_request_where_a_duplicate_is_a_conflict() -> None:
    """Each of the 50 gets that one request or a 409; after that all get it."""
    async with Emulator(profile=Profile(idempotency_in_flight=409)) as emulator, Api(emulator) as api:
        slow = emulator.fail(on="POST /meeting_requests", hold=True)
        calls = [asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1")) for _ in range(50)]
        await until(lambda: sum(call.done() for call in calls) == 49)
        slow.release()
        replies = await asyncio.gather(*calls)
        assert sorted(reply.status for reply in replies) == [202] + [409] * 49
        (made,) = emulator.meeting_requests()
        assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).data == made


@pytest.mark.parametrize(("scope", "created"), [("api_key", 2), ("workspace", 1)])
async def test_fifty_at_once_by_two_api_keys(scope: Any, created: int) -> None:
    """25 each: as many requests as the profile sees owners, and equal answers to each."""
    async with Emulator(profile=Profile(idempotency_scope=scope)) as emulator:
        async with Api(emulator) as one, Api(emulator, emulator.add_key()) as other:
            calls = [api.post("/meeting_requests", MINIMAL, key="k-1") for _ in range(25) for api in (one, other)]
            replies = await asyncio.gather(*calls)
        ids = {item["id"] for item in emulator.meeting_requests()}
    assert len(ids) == created
    assert {reply.data["id"] for reply in replies} == ids
    assert len({reply.data["id"] for reply in replies[::2]}) == 1


@pytest.mark.parametrize("other_body", ["replay", 409, 422])
async def test_another_body_waits_for_the_one_in_flight_too(other_body: Any) -> None:
    """Then it is judged as any other body under a key that was used: one request, whoever came first."""
    async with Emulator(profile=Profile(idempotency_other_body=other_body)) as emulator, Api(emulator) as api:
        slow = emulator.fail(on="POST /meeting_requests", hold=True)
        first = asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1"))
        await until(lambda: slow.hits == 1)
        second = asyncio.create_task(api.post("/meeting_requests", OTHER, key="k-1"))
        await until(lambda: emulator.request_count == 2)
        slow.release()
        assert (await first).status == 202
        assert (await second).status == (202 if other_body == "replay" else other_body)
        assert [item["participant_emails"] for item in emulator.meeting_requests()] == [["carol@example.com"]]


async def test_a_key_means_nothing_on_another_route() -> None:
    """Where every POST looks at it, each route has its own: no answer of one is given by another."""
    async with Emulator(profile=Profile(idempotency_routes="every_post")) as emulator, Api(emulator) as api:
        made = await api.post("/meeting_requests", MINIMAL, key="k-1")
        paths = [f"/meeting_requests/{made.data['id']}/{action}" for action in ("pause", "resume", "cancel")]
        statuses = [(await api.post(path, key="k-1")).data["status"] for path in paths]
        assert statuses == ["paused", "active", "cancelled"]
        assert (await api.post("/workspace_members", {"email": "dana@example.com"}, key="k-1")).status == 201


async def test_a_duplicate_waits_for_the_one_in_flight(emulator: Emulator, api: Api) -> None:
    """The second gets the first's answer, however long that takes."""
    slow = emulator.fail(on="POST /meeting_requests", hold=True)
    first = asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1"))
    await until(lambda: slow.hits == 1)
    second = asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1"))
    await until(lambda: emulator.request_count == 2)
    slow.release()
    assert (await first).body == (await second).body
    assert len(emulator.meeting_requests()) == 1


async def test_a_duplicate_in_flight_may_be_a_conflict() -> None:
    """The other way the service may behave."""
    async with Emulator(profile=Profile(idempotency_in_flight=409)) as emulator, Api(emulator) as api:
        slow = emulator.fail(on="POST /meeting_requests", hold=True)
        first = asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1"))
        await until(lambda: slow.hits == 1)
        assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).error == (409, "conflict")
        slow.release()
        assert (await first).status == 202


@pytest.mark.parametrize(("keeps", "status"), [("successes", 202), ("all", 422)])
async def test_a_refusal_is_kept_or_not(keeps: Any, status: int) -> None:
    """Where errors are kept, a key that once met one gets it again though the cause is gone."""
    async with Emulator(profile=Profile(idempotency_keeps=keeps)) as emulator, Api(emulator) as api:
        body = {**MINIMAL, "organizer_email": "new@example.com"}
        assert (await api.post("/meeting_requests", body, key="k-1")).status == 422
        emulator.add_member("new@example.com")
        assert (await api.post("/meeting_requests", body, key="k-1")).status == status
        assert len(emulator.meeting_requests()) == (status == 202)


@pytest.mark.parametrize(("keeps", "status"), [("successes", 202), ("all", 500)])
async def test_a_failure_of_the_service_is_kept_or_not(keeps: Any, status: int) -> None:
    """A 500 is an error like others."""
    async with Emulator(profile=Profile(idempotency_keeps=keeps)) as emulator, Api(emulator) as api:
        emulator.fail(on="POST /meeting_requests", status=500)
        assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).status == 500
        assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).status == status


async def test_no_depth_of_a_body_is_too_much(api: Api) -> None:
    """Whatever the parser lets through can be compared, or is refused."""
    depths = range(100, 3000, 50)
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k-1"}
    bodies = ('{"a":' + "[" * depth + "]" * depth + "}" for depth in depths)
    replies = [await api.call("POST", "/meeting_requests", data=body, headers=headers) for body in bodies]
    assert {reply.status for reply in replies} == {422}


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "é", "😀"])
async def test_a_key_that_is_none_is_refused(api: Api, key: str) -> None:
    """422 invalid_request: 1 to 255 printable characters of ASCII."""
    assert (await api.post("/meeting_requests", MINIMAL, key=key)).error == (422, "invalid_request")


@pytest.mark.parametrize("body", ["<html>busy</html>", "", {"busy": "caf\u00e9"}, b"\xff"])
async def test_a_kept_failure_is_kept_as_it_was(body: Any) -> None:
    """Whatever its body is, and with its headers."""
    async with Emulator(profile="strict") as emulator, aiohttp.ClientSession() as session:
        emulator.fail(on="POST /meeting_requests", status=429, body=body, headers={"Retry-After": "7", "X-Of": "one"})
        headers = {"Authorization": f"Bearer {emulator.api_key}", "Idempotency-Key": "k-1"}
        answers: list[tuple[Any, ...]] = []
        for _ in range(2):
            async with session.post(f"{emulator.url}/meeting_requests", json=MINIMAL, headers=headers) as answer:
                named = [answer.headers.get(name) for name in ("Retry-After", "X-Of", "Content-Type")]
                answers.append((answer.status, await answer.read(), *named))
        assert answers[0] == answers[1]
        assert answers[0][0] == 429
        assert answers[0][2:4] == ("7", "one")
        assert emulator.meeting_requests() == []
