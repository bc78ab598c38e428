"""The emulator as a test holds it: in a loop, in a thread, and what it can be asked."""

from __future__ import annotations

import asyncio
import http.client
import json
import threading
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio


def post(emulator: Emulator, path: str, body: Any) -> int:
    """The status of a blocking POST, without any loop."""
    parts = urlsplit(emulator.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    headers = {"Authorization": f"Bearer {emulator.api_key}", "Content-Type": "application/json"}
    connection.request("POST", parts.path + path, json.dumps(body), headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_it_runs_in_a_thread_for_blocking_code() -> None:
    """`with` needs no loop, and its methods are plain."""
    with Emulator() as emulator:
        assert post(emulator, "/meeting_requests", MINIMAL) == 202
        (made,) = emulator.meeting_requests()
        assert emulator.book(made["id"])["status"] == "booked"


def test_it_cannot_be_started_twice() -> None:
    """And the attempt leaves the running one as it is."""
    with Emulator() as emulator:
        with pytest.raises(RuntimeError, match="running already"):
            emulator.__enter__()
        assert post(emulator, "/meeting_requests", MINIMAL) == 202


def test_its_methods_are_safe_in_many_threads() -> None:
    """Eight threads create, book and move the clock; nothing is lost."""

    def work() -> None:
        for _ in range(10):
            assert post(emulator, "/meeting_requests", MINIMAL) == 202
            emulator.book(emulator.add_meeting_request())
            emulator.advance(seconds=1)

    with Emulator() as emulator:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = [request["status"] for request in emulator.meeting_requests()]
    assert (statuses.count("booked"), statuses.count("active"), emulator.request_count) == (80, 80, 80)


async def test_two_run_side_by_side() -> None:
    """Each with its own port, key and state."""
    async with Emulator() as one, Emulator() as two, Api(one) as api:
        await api.post("/meeting_requests", MINIMAL)
        assert one.url != two.url
        assert one.api_key != two.api_key
        assert (len(one.meeting_requests()), len(two.meeting_requests())) == (1, 0)


async def test_it_leaves_nothing_behind() -> None:
    """No task, no thread, and its port is free."""
    before = (asyncio.all_tasks(), threading.active_count())
    async with Emulator() as emulator, Api(emulator) as api:
        await api.get("/teams")
        parts = urlsplit(emulator.url)
    with Emulator():
        pass
    assert (asyncio.all_tasks(), threading.active_count()) == before
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(parts.hostname, parts.port)


async def test_a_port_in_use_is_an_os_error() -> None:
    """And the second emulator can be dropped without a warning."""
    async with Emulator() as one:
        port = urlsplit(one.url).port or 0
        with pytest.raises(OSError, match="in use"):
            await Emulator(port=port).__aenter__()


async def test_what_does_not_run_says_so() -> None:
    """Before the start and after the end."""
    emulator = Emulator()
    with pytest.raises(RuntimeError, match="not running"):
        emulator.url  # noqa: B018
    async with emulator:
        with pytest.raises(RuntimeError, match="running already"):
            await emulator.__aenter__()
    with pytest.raises(RuntimeError, match="not running"):
        emulator.meeting_requests()


async def test_what_was_received_is_recorded(emulator: Emulator, api: Api) -> None:
    """Method, path, query, headers, body and the status answered, in order; also after the end."""
    await api.get("/teams", limit=5)
    await api.post("/meeting_requests", {"a": 1}, key="k-1")
    first, second = emulator.requests
    assert (first.method, first.path, first.query, first.status) == ("GET", "/api/v1/teams", {"limit": "5"}, 200)
    assert (second.json, second.body, second.status) == ({"a": 1}, b'{"a": 1}', 422)
    assert second.headers["idempotency-key"] == "k-1"
    assert second.headers["Authorization"] == f"Bearer {emulator.api_key}"
    assert first.arrived <= second.arrived


async def test_only_the_latest_requests_are_kept() -> None:
    """All are counted."""
    async with Emulator(keep_requests=2) as emulator, Api(emulator) as api:
        for limit in (1, 2, 3):
            await api.get("/teams", limit=limit)
        kept = [received.query["limit"] for received in emulator.requests]
    assert (kept, emulator.request_count) == (["2", "3"], 3)


async def test_no_repr_shows_a_key(emulator: Emulator, api: Api) -> None:
    """Not the emulator's, not a request's, not its headers'."""
    await api.get("/teams")
    shown = f"{emulator!r} {emulator.requests!r} {emulator.requests[0].headers!r}"
    assert emulator.api_key not in shown
    assert "[hidden]" in shown


async def test_a_live_key_that_gets_here_is_refused_and_not_kept(emulator: Emulator) -> None:
    """401, and no trace of it in what was received."""
    async with Api(emulator, "sk_live_0123456789") as api:
        assert (await api.get("/teams")).status == 401
    assert "0123456789" not in str(list(emulator.requests[0].headers.items()))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "sk_live_0123456789"}, "looks live"),
        ({"key": ""}, "visible ASCII"),
        ({"key": "sk test"}, "visible ASCII"),
        ({"host": "0.0.0.0"}, "allow_remote"),
        ({"host": "example.com"}, "allow_remote"),
        ({"profile": "nonsense"}, "there are default, sparse"),
        ({"keep_requests": 0}, "keep_requests"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options: dict[str, Any], message: str) -> None:
    """At once, and without the key in the text."""
    with pytest.raises(ValueError, match=message) as refused:
        Emulator(**options)
    assert "0123456789" not in str(refused.value)


async def test_a_live_key_can_be_allowed() -> None:
    """For those who know what they do."""
    async with Emulator(key="sk_live_0123456789", allow_live_key=True) as emulator, Api(emulator) as api:
        assert (await api.get("/teams")).status == 200


async def test_an_unknown_scope_is_refused() -> None:
    """A typo would look like a missing right."""
    with pytest.raises(ValueError, match=r"no such scope: team\.read"):
        await Emulator(scopes=["team.read"]).__aenter__()


async def test_the_clock_goes_forward_only(emulator: Emulator) -> None:
    """By what `advance` is told, and never back."""
    before = emulator.now()
    emulator.advance(days=1, hours=2, minutes=3, seconds=4)
    assert 93784 <= (emulator.now() - before).total_seconds() < 93794
    with pytest.raises(ValueError, match="forward"):
        emulator.advance(seconds=-1)


@pytest.mark.parametrize("step", [{"seconds": float("inf")}, {"seconds": float("nan")}, {"days": 1e12}, {"days": 1e7}])
async def test_the_clock_goes_no_further_than_dates(emulator: Emulator, step: dict[str, float]) -> None:
    """A step that leads nowhere is the one error, and moves nothing."""
    with pytest.raises(ValueError):  # noqa: PT011 - the type is what is promised
        emulator.advance(**step)
    assert emulator.now().year < 9999


async def test_booking_follows_the_rules(emulator: Emulator) -> None:
    """Unknown ids and other statuses are errors of the test, not silently passed over."""
    with pytest.raises(LookupError, match="mr_1"):
        emulator.book("mr_1")
    id = emulator.add_meeting_request()
    emulator.book(id)
    with pytest.raises(ValueError, match="already booked"):
        emulator.book(id)


async def test_what_is_added_from_inside_is_no_request(emulator: Emulator, api: Api) -> None:
    """It counts for nothing but itself, may lie in the past, and is checked as by the API."""
    at = datetime.fromisoformat("2020-02-02T02:02:02Z")
    id = emulator.add_meeting_request(created_at=at, context={"title": "Old"})
    newer = emulator.add_meeting_request()
    assert emulator.request_count == 0
    assert [item["id"] for item in (await api.get("/meeting_requests")).data] == [newer, id]
    assert (await api.get(f"/meeting_requests/{id}")).data["created_at"] == "2020-02-02T02:02:02Z"
    with pytest.raises(ValueError, match="active workspace member"):
        emulator.add_meeting_request(organizer_email="nobody@example.com")


async def test_every_change_of_state_is_an_effect(emulator: Emulator, api: Api) -> None:
    """Of campaigns, members and endpoints too, once each; a refusal is none."""
    campaign = (await api.post("/campaigns", {"name": "NAA", "team_id": emulator.team_id()})).data["id"]
    await api.patch(f"/campaigns/{campaign}", {"name": "NAA East"})
    member = (await api.post("/workspace_members", {"email": "dana@example.com"})).data["id"]
    endpoint = (await api.post("/webhook_endpoints", {"url": "https://hooks.example.com"})).data["id"]
    await api.patch(f"/webhook_endpoints/{endpoint}", {"enabled": False})
    await api.call("DELETE", f"/webhook_endpoints/{endpoint}")
    for path in (f"/campaigns/{campaign}/deactivate", f"/workspace_members/{member}/deactivate"):
        await api.post(path)
        await api.post(path)
    await api.post(f"/workspace_members/{member}/reactivate")
    assert [(effect.type, effect.subject_id) for effect in emulator.effects()] == [
        ("campaign.created", campaign),
        ("campaign.updated", campaign),
        ("workspace_member.added", member),
        ("webhook_endpoint.created", endpoint),
        ("webhook_endpoint.updated", endpoint),
        ("webhook_endpoint.deleted", endpoint),
        ("campaign.deactivated", campaign),
        ("workspace_member.deactivated", member),
        ("workspace_member.reactivated", member),
    ]


async def test_a_naive_time_is_refused(emulator: Emulator) -> None:
    """It is no moment on any clock."""
    naive = datetime(2025, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="no time zone"):
        emulator.add_meeting_request(created_at=naive)
    with pytest.raises(ValueError, match="no time zone"):
        emulator.add_key(expires_at=naive)


def test_a_switch_has_its_own_values_only() -> None:
    """A typo is told, not read as the default."""
    with pytest.raises(ValueError, match="answers is one of 'full', 'sparse', not 'spares'"):
        Profile(answers="spares")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


def test_a_named_profile_is_a_profile() -> None:
    """The four names and what they stand for."""
    assert Profile.named("default") == Profile()
    assert Profile.named("sparse").answers == Profile.named("terse").answers == "sparse"
    assert Profile.named("strict").idempotency_other_body == 422
