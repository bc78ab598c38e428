"""Faults on order: which calls they meet, and whether the call has had its effect."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest

from skipup_async.emulator import Emulator
from tests.emulator.conftest import MINIMAL, Api, until

pytestmark = pytest.mark.anyio

CREATE = "POST /meeting_requests"


async def test_the_next_call_fails_and_the_one_after_does_not(emulator: Emulator, api: Api) -> None:
    """503 unless told otherwise, before any effect."""
    emulator.fail()
    assert (await api.post("/meeting_requests", MINIMAL)).error == (503, "server_error")
    assert emulator.meeting_requests() == []
    assert (await api.post("/meeting_requests", MINIMAL)).status == 202


async def test_a_fault_meets_only_what_it_is_for(emulator: Emulator, api: Api) -> None:
    """Method and path, in order of the orders, so many times each."""
    fault = emulator.fail(next=2, on="GET /meeting_requests/:id", status=500)
    emulator.fail(on="* /teams", status=502)
    paths = ["/meeting_requests", "/meeting_requests/mr_1", "/teams", "/teams"] + ["/meeting_requests/mr_1"] * 2
    assert [(await api.get(path)).status for path in paths] == [200, 500, 502, 200, 500, 404]
    assert (fault.hits, fault.left) == (2, 0)


@pytest.mark.parametrize(
    ("on", "met"),
    [("*", True), ("GET *", True), ("POST *", False), ("GET /teams", True), ("GET /team", False), ("GET /:any", True)],
)
async def test_a_fault_names_calls_by_pattern(emulator: Emulator, api: Api, on: str, met: bool) -> None:
    """`*` is anything, `:name` one segment."""
    emulator.fail(on=on, status=500)
    assert (await api.get("/teams")).status == (500 if met else 200)


@pytest.mark.parametrize("on", ["", "GET", "get /teams", "/teams", "GET teams"])
async def test_a_fault_that_would_meet_nothing_is_refused(emulator: Emulator, on: str) -> None:
    """A typo is told at once."""
    with pytest.raises(ValueError, match="METHOD /path"):
        emulator.fail(on=on)


async def test_a_failure_after_the_commit_has_had_its_effect(emulator: Emulator, api: Api) -> None:
    """The answer says 500 and the request is there; its key replays it."""
    emulator.fail(on=CREATE, status=500, after_commit=True)
    assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).status == 500
    (made,) = emulator.meeting_requests()
    assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).data == made
    assert len(emulator.meeting_requests()) == 1


@pytest.mark.parametrize("after_commit", [False, True])
@pytest.mark.parametrize("how", ["reset", "close"])
async def test_a_connection_ends_before_or_after_the_effect(
    emulator: Emulator, api: Api, how: Any, after_commit: bool
) -> None:
    """By RST or by FIN; the caller cannot tell, the emulator can."""
    emulator.fail(on=CREATE, connection=how, after_commit=after_commit)
    error = aiohttp.ClientOSError if how == "reset" else aiohttp.ServerDisconnectedError
    with pytest.raises(error):
        await api.post("/meeting_requests", MINIMAL)
    assert len(emulator.meeting_requests()) == after_commit
    assert emulator.requests[-1].status is None


async def test_an_answer_is_cut_in_the_middle(emulator: Emulator, api: Api) -> None:
    """The real answer, after its effect."""
    emulator.fail(on=CREATE, connection="truncate")
    with pytest.raises(aiohttp.ClientPayloadError):
        await api.post("/meeting_requests", MINIMAL)
    assert len(emulator.meeting_requests()) == 1


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_silent_connection_never_answers(after_commit: bool) -> None:
    """Until the emulator ends, which does not take long."""
    async with Emulator() as emulator, Api(emulator) as api:
        fault = emulator.fail(on=CREATE, connection="silent", after_commit=after_commit)
        call = asyncio.create_task(api.post("/meeting_requests", MINIMAL))
        await until(lambda: fault.hits == 1 and len(emulator.meeting_requests()) == after_commit)
        assert not call.done()
        await emulator.__aexit__(None, None, None)
        with pytest.raises(aiohttp.ClientError):
            await call


async def test_a_held_call_takes_effect_when_released(emulator: Emulator, api: Api) -> None:
    """The lost request that still runs."""
    fault = emulator.fail(on=CREATE, hold=True)
    call = asyncio.create_task(api.post("/meeting_requests", MINIMAL))
    await until(lambda: fault.hits == 1)
    assert emulator.meeting_requests() == []
    fault.release()
    assert (await call).status == 202


async def test_a_held_call_runs_even_when_its_caller_has_left(emulator: Emulator, api: Api) -> None:
    """As a real server does."""
    fault = emulator.fail(on=CREATE, hold=True)
    call = asyncio.create_task(api.post("/meeting_requests", MINIMAL))
    await until(lambda: fault.hits == 1)
    call.cancel()
    fault.release()
    await until(lambda: len(emulator.meeting_requests()) == 1)


async def test_a_delayed_call_is_answered_later(emulator: Emulator, api: Api) -> None:
    """As usual, after so many seconds."""
    emulator.fail(delay=0.01)
    assert (await api.post("/meeting_requests", MINIMAL)).status == 202


async def test_a_fault_says_what_it_is_told(emulator: Emulator, api: Api) -> None:
    """Type, message and headers; or a body of any kind."""
    emulator.fail(status=429, message="Slow down", headers={"Retry-After": "7"})
    reply = await api.get("/teams")
    assert (reply.error, reply.message, reply.headers["Retry-After"]) == ((429, "rate_limited"), "Slow down", "7")
    emulator.fail(status=200, body={"data": []})
    assert (await api.get("/unknown")).body == {"data": []}
    emulator.fail(status=502, body="<h1>Bad gateway</h1>", headers={"Content-Type": "text/html"})
    async with aiohttp.request("GET", emulator.url) as response:
        shown = (response.status, response.content_type, await response.text())
    assert shown == (502, "text/html", "<h1>Bad gateway</h1>")


async def test_all_faults_can_be_withdrawn(emulator: Emulator, api: Api) -> None:
    """What is held goes on."""
    emulator.fail(next=None, on="GET /teams", status=500)
    held = emulator.fail(next=None, on=CREATE, hold=True)
    call = asyncio.create_task(api.post("/meeting_requests", MINIMAL))
    await until(lambda: held.hits == 1)
    emulator.clear_faults()
    assert ((await call).status, (await api.get("/teams")).status) == (202, 200)


async def test_a_standing_fault_ends_when_cancelled(emulator: Emulator, api: Api) -> None:
    """`next=None` is for all calls until then."""
    fault = emulator.fail(next=None, status=500)
    assert {(await api.get("/teams")).status for _ in range(5)} == {500}
    fault.cancel()
    assert (await api.get("/teams")).status == 200


@pytest.mark.parametrize("status", [None, 503])
async def test_a_call_can_be_held_after_its_effect(emulator: Emulator, api: Api, status: int | None) -> None:
    """Done, but the answer comes too late; so long its key is in use, and afterwards it gives the answer again."""
    fault = emulator.fail(on=CREATE, hold=True, after_commit=True, status=status)
    call = asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1"))
    await until(lambda: len(emulator.meeting_requests()) == 1)
    again = asyncio.create_task(api.post("/meeting_requests", MINIMAL, key="k-1"))
    await until(lambda: emulator.request_count == 2)
    await asyncio.sleep(0.02)
    assert [call.done(), again.done()] == [False, False]
    fault.release()
    assert ((await call).status, (await again).status) == (status or 202, 202)
    assert len(emulator.meeting_requests()) == 1


async def test_a_refusal_after_the_commit_is_as_late(emulator: Emulator, api: Api) -> None:
    """What has no effect is slow as well."""
    fault = emulator.fail(on=CREATE, hold=True, after_commit=True)
    call = asyncio.create_task(api.post("/meeting_requests", {}))
    await until(lambda: fault.hits == 1)
    await asyncio.sleep(0.02)
    assert not call.done()
    fault.release()
    assert (await call).status == 422


@pytest.mark.parametrize(
    ("name", "order"),
    [
        *(("next", {"next": value}) for value in (0, -1, 1.5, "2")),
        ("connection", {"connection": "rest"}),
        *(("delay", {"delay": value}) for value in (-1, float("nan"), float("inf"), "1")),
        *(("status", {"status": value}) for value in (0, 199, 600, "503")),
        *(
            ("headers", {"status": 429, "headers": value})
            for value in ({"A": "b\nc"}, {"A\r": "b"}, {"Retry-After": 7})
        ),
        *(("on", {"on": value}) for value in ("GET /api/v1", "GET /api/v1/meeting_requests")),
    ],
)
async def test_an_order_that_cannot_be_carried_out_is_refused(
    emulator: Emulator, api: Api, name: str, order: dict[str, Any]
) -> None:
    """By the name of the argument; nothing is ordered."""
    with pytest.raises(ValueError, match=f"^{name} "):
        emulator.fail(**order)
    assert (await api.get("/teams")).status == 200


@pytest.mark.parametrize("path", ["/meeting_requests/", "//meeting_requests", "/meeting_requests//"])
async def test_a_route_has_one_spelling(emulator: Emulator, api: Api, path: str) -> None:
    """Under another one neither a key nor a fault would be met: 404, and nothing is created."""
    assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).status == 202
    assert (await api.post(path, MINIMAL, key="k-1")).error == (404, "not_found")
    assert len(emulator.meeting_requests()) == 1
