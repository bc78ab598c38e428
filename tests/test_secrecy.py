"""The API key shows nowhere but on the wire. That no fault shows it, the fault matrix checks line by line."""

import asyncio
import copy
import io
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from skipup_async import AsyncSkipUp, ConfigurationError, InvalidArgumentError, SkipUp, SkipUpError, Unlimited
from skipup_async.core.secret import ApiKey
from skipup_async.emulator import Emulator
from tests.conftest import MakeDriver
from tests.faults.invariants import assert_secret, everything_shown
from tests.waiting import until

KEY = "sk_test_" + "Find0Me1Nowhere2" * 2
WRONG = {
    "a newline": KEY + "\n",
    "a blank before": " " + KEY,
    "a blank within": KEY[:20] + " " + KEY[20:],
    "a second header": KEY + "\r\nX-Evil: 1",
    "a NUL": KEY + "\0",
    "a letter beyond ASCII": KEY + "é",
    "bytes": KEY.encode(),
    "a list": [KEY],
    "10 kB": KEY * 300,
}


def shown(thing: object) -> str:
    """All that a debugger shows of an object and of what it holds, six levels deep."""
    seen: set[int] = set()
    lines: list[str] = []

    def look(value: Any, depth: int) -> None:
        if id(value) in seen or depth > 6 or isinstance(value, ApiKey):
            lines.append(repr(value))
            return
        seen.add(id(value))
        lines.extend((repr(value), str(value)))
        inside: dict[str, Any] = getattr(value, "__dict__", {})
        for inner in inside.values():
            look(inner, depth + 1)

    look(thing, 0)
    return "\n".join(lines)


def test_a_key_prints_as_nothing() -> None:
    """Neither its text nor a part of it."""
    key = ApiKey(KEY)
    text = f"{key} {key!r} {[key]} {vars(type(key)).keys()}"
    assert KEY not in text
    assert KEY[8:20] not in text
    assert not hasattr(key, "__dict__")


@pytest.mark.parametrize("copying", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_key_cannot_be_carried_away(copying: Callable[[object], object]) -> None:
    """A pickle of it would lie in a queue, or in a file."""
    with pytest.raises(TypeError, match="not pickled") as caught:
        copying(ApiKey(KEY))
    assert KEY not in str(caught.value)


def test_a_key_on_the_wire_is_what_it_was() -> None:
    """There alone it is told."""
    assert ApiKey(KEY).authorization == f"Bearer {KEY}"
    assert ApiKey(KEY).startswith("sk_test_")
    assert not ApiKey(KEY).startswith("sk_live_")
    assert ApiKey(KEY).digest == ApiKey(KEY).digest != ApiKey(KEY + "x").digest
    assert KEY not in ApiKey(KEY).digest


@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("kind", [AsyncSkipUp, SkipUp])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(kind: Callable[..., Any], value: Any) -> None:
    """The error tells where it came from."""
    with pytest.raises(ConfigurationError, match="api_key") as caught:
        kind(value)
    text = str(caught.value) + repr(caught.value) + repr(vars(caught.value))
    assert KEY[8:20] not in text


@pytest.mark.parametrize("kind", [AsyncSkipUp, SkipUp])
def test_a_client_shows_no_key(kind: Callable[..., Any]) -> None:
    """Nor does anything it holds, and neither can be pickled."""
    client = kind(KEY, base_url="http://127.0.0.1:9/api/v1", limiter=Unlimited())
    assert KEY not in shown(client)
    for held in (client, client.meeting_requests, client.sender):
        with pytest.raises(TypeError) as caught:
            pickle.dumps(held)
        assert KEY not in str(caught.value)


@pytest.mark.parametrize("base_url", ["http://example.com", "https://user:pw@example.com", "ftp://x", "https://x/?a=b"])
def test_a_wrong_base_url_shows_no_key(base_url: str) -> None:
    """What is wrong is told, and nothing beside."""
    with pytest.raises(ConfigurationError) as caught:
        AsyncSkipUp(KEY, base_url=base_url)
    assert KEY not in str(caught.value) + repr(caught.value)


def test_an_argument_that_is_refused_shows_no_key(make_driver: MakeDriver) -> None:
    """Nothing is sent either."""
    driver = make_driver(KEY, base_url="http://127.0.0.1:9/api/v1")
    with pytest.raises(InvalidArgumentError) as caught:
        driver.call(lambda client: client.meeting_requests.get("../" + "x"))
    assert_secret(KEY, caught.value)


def test_a_day_of_calls_leaves_no_key_in_any_log(make_driver: MakeDriver, caplog: pytest.LogCaptureFixture) -> None:
    """Nor an e-mail address, nor an id: at DEBUG, with every logger there is, and with asyncio's debug mode on."""
    caplog.set_level(logging.DEBUG)
    with Emulator(key=KEY) as emulator:
        driver = make_driver(KEY, base_url=emulator.url)
        made = driver.call(
            lambda client: client.meeting_requests.create(
                organizer_email="alice@example.com", participants=["carol.private@example.com"], title="Secret plans"
            )
        )
        driver.call(lambda client: client.meeting_requests.pause(made.id))
        driver.items(lambda client: client.meeting_requests.list())
        with pytest.raises(SkipUpError):
            driver.call(lambda client: client.meeting_requests.pause(made.id))
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name == "skipup_async")
    assert KEY not in caplog.text
    assert "POST /meeting_requests/:id/pause: 200" in ours
    for private in (made.id, "carol.private", "alice@", "Secret plans"):
        assert private not in ours


def _read(client: Any) -> Any:
    return client.teams.list().collect()


def _change(client: Any) -> Any:
    return client.meeting_requests.pause("mr_1")


async def _until(call: Awaitable[Any], over: asyncio.Event) -> None:
    async with asyncio.timeout(60) as timeout:
        waiting = asyncio.ensure_future(over.wait())
        waiting.add_done_callback(lambda _: timeout.reschedule(0))
        await call


async def _waiting_for(call: Awaitable[Any], over: asyncio.Event) -> None:
    task = asyncio.ensure_future(call)
    await over.wait()
    task.cancel()
    await task


@pytest.mark.anyio
@pytest.mark.parametrize("ending", [_until, _waiting_for])
@pytest.mark.parametrize("call", [_read, _change])
async def test_a_call_that_is_given_up_shows_no_key(ending: Callable[..., Any], call: Callable[[Any], Any]) -> None:
    """A caller's time-out or cancellation goes through frames of the HTTP library, which hold the header."""
    with Emulator(key=KEY) as emulator:
        fault = emulator.fail(hold=True)
        async with AsyncSkipUp(KEY, base_url=emulator.url, limiter=Unlimited()) as client:
            over = asyncio.Event()
            giving_up = asyncio.ensure_future(ending(call(client), over))
            await until(lambda: fault.hits == 1)
            over.set()
            with pytest.raises((TimeoutError, asyncio.CancelledError)) as caught:
                await giving_up
    assert_secret(KEY, caught.value)


@pytest.mark.anyio
async def test_the_detector_finds_what_a_bare_http_library_shows() -> None:
    """An error of aiohttp's own for a fault shows the header, so that this check can fail."""
    with Emulator(key=KEY) as emulator:
        emulator.fail(on="GET *", connection="close", next=None)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientError) as caught:
                await session.get(f"{emulator.url}/teams", headers=headers)
    error = caught.value
    del headers
    text = io.StringIO()
    traceback.TracebackException.from_exception(error, capture_locals=True).print(file=text)
    assert KEY in text.getvalue()
    with pytest.raises(AssertionError):
        assert_secret(KEY, error)
    assert KEY in everything_shown(error)
