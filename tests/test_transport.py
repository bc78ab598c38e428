"""The two ways of a request through aiohttp: below its session, and through it where somebody listens there."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APIConnectionError,
    AsyncSkipUp,
    ClientClosedError,
    RetryPolicy,
    SkipUpError,
    Unlimited,
)
from skipup_async.core.request import Method
from tests.conftest import Driver, MakeDriver
from tests.faults.invariants import everything_shown
from tests.recorder import Recorder

KEY = "sk_test_s3cret-0123456789"
#: Method and body: a read, a change with a body, two without.
REQUESTS: list[tuple[Method, Any]] = [("GET", None), ("POST", {"name": "Zoë"}), ("POST", None), ("DELETE", None)]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers everything with an empty object."""
    with Recorder() as running:
        running.answer({})
        yield running


def recording(monkeypatch: pytest.MonkeyPatch, name: str = "_request") -> list[str]:
    """The methods of the requests that sessions send from now on, noted as recorders of HTTP note them."""
    noted: list[str] = []
    sending: Any = vars(aiohttp.ClientSession)[name]

    def noting(session: aiohttp.ClientSession, method: str, *rest: Any, **named: Any) -> Any:
        noted.append(method)
        return sending(session, method, *rest, **named)

    monkeypatch.setattr(aiohttp.ClientSession, name, noting)
    return noted


def _call(method: Method, body: Any) -> Callable[[Any], Any]:
    return lambda client: client.request(method, "/things", body=body)


def _all(driver: Driver) -> None:
    for method, body in REQUESTS:
        driver.call(_call(method, body))


def _driver(make_driver: MakeDriver, recorder: Recorder) -> Driver:
    return make_driver(KEY, base_url=recorder.url, limiter=Unlimited())


def test_a_session_nobody_listens_to_is_passed_by(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the versions of aiohttp that this was tried with; what a session does beside costs a third of a call."""
    prepared: list[Any] = []
    preparing: Any = vars(aiohttp.ClientSession)["_prepare_headers"]

    def noting(session: aiohttp.ClientSession, headers: Any) -> Any:
        prepared.append(headers)
        return preparing(session, headers)

    monkeypatch.setattr(aiohttp.ClientSession, "_prepare_headers", noting)
    _all(_driver(make_driver, recorder))
    assert len(recorder.seen) == len(REQUESTS)
    assert (not prepared) == aiohttp.__version__.startswith("3.14.")


@pytest.mark.parametrize("name", ["request", "_request"])
def test_a_recorder_in_aiohttps_place_sees_every_request(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Tests that play HTTP back put themselves where a session sends: there is no way past them."""
    noted = recording(monkeypatch, name)
    _all(_driver(make_driver, recorder))
    assert noted == [method for method, _ in REQUESTS]


def test_a_recorder_that_comes_later_sees_what_is_sent_from_then_on(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client may be older than the test that records it."""
    driver = _driver(make_driver, recorder)
    _all(driver)
    noted = recording(monkeypatch)
    _all(driver)
    assert noted == [method for method, _ in REQUESTS]


#: Monitoring wraps aiohttp before anybody else is imported, in an object that passes for the function it wraps.
WRAPPED_FIRST = """
import sys, types, aiohttp

class Wrapper:
    def __init__(self, wrapped):
        self.wrapped = wrapped
    __class__ = property(lambda self: types.FunctionType)
    def __getattr__(self, name):
        return getattr(self.wrapped, name)
    def __get__(self, session, owner):
        return lambda *rest, **named: noted.append(rest[0]) or self.wrapped(session, *rest, **named)

noted = []
aiohttp.ClientSession._request = Wrapper(aiohttp.ClientSession._request)

from skipup_async import SkipUp
with SkipUp("sk_test_1", base_url=sys.argv[1]) as client:
    client.request("GET", "/things")
print(noted)
"""


def test_a_wrapper_that_was_there_first_sees_every_request(recorder: Recorder) -> None:
    """Even one that says of itself that it is the function it wraps."""
    done = subprocess.run(
        [sys.executable, "-c", WRAPPED_FIRST, recorder.url], check=False, capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("['GET']\n", "")


class Lookalike:
    """A wrapper that is equal to what it wraps, as those of monitoring are."""

    def __init__(self, wrapped: Any, noted: list[str]) -> None:
        self._wrapped = wrapped
        self._noted = noted

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == other)

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def __get__(self, session: Any, _owner: object) -> Callable[..., Any]:
        def noting(method: str, *rest: Any, **named: Any) -> Any:
            self._noted.append(method)
            return self._wrapped(session, method, *rest, **named)

        return noting


def test_a_wrapper_that_equals_what_it_wraps_sees_every_request(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is another object all the same."""
    noted: list[str] = []
    monkeypatch.setattr(aiohttp.ClientSession, "_request", Lookalike(vars(aiohttp.ClientSession)["_request"], noted))
    _all(_driver(make_driver, recorder))
    assert noted == [method for method, _ in REQUESTS]


def test_another_class_in_the_sessions_place_sees_every_request(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that has but one method of its own."""
    noted: list[str] = []
    with pytest.warns(DeprecationWarning, match="Inheritance"):

        class Noting(aiohttp.ClientSession):
            async def _request(self, method: str, *rest: Any, **named: Any) -> aiohttp.ClientResponse:
                noted.append(method)
                return await super()._request(method, *rest, **named)

    monkeypatch.setattr(aiohttp, "ClientSession", Noting)
    _all(_driver(make_driver, recorder))
    assert noted == [method for method, _ in REQUESTS]


def opening_with(monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
    """Give every session that is opened from now on these *options*, as monitoring does."""
    opening: Any = aiohttp.ClientSession.__init__

    def opened(session: aiohttp.ClientSession, *rest: Any, **named: Any) -> None:
        opening(session, *rest, **named, **options)

    monkeypatch.setattr(aiohttp.ClientSession, "__init__", opened)


def test_whoever_traces_all_sessions_hears_of_every_request(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monitoring adds its tracing to each new session, ours among them."""
    heard: list[str] = []

    async def begun(_session: Any, _context: Any, told: aiohttp.TraceRequestStartParams) -> None:
        heard.append(told.method)

    tracing = aiohttp.TraceConfig()
    tracing.on_request_start.append(begun)
    opening_with(monkeypatch, trace_configs=[tracing])
    _all(_driver(make_driver, recorder))
    assert heard == [method for method, _ in REQUESTS]


def test_what_others_give_all_sessions_is_used(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a class of requests of their own."""
    made: list[str] = []

    class Noting(aiohttp.ClientRequest):
        def __init__(self, method: str, *rest: Any, **named: Any) -> None:
            made.append(method)
            super().__init__(method, *rest, **named)

    opening_with(monkeypatch, request_class=Noting)
    _all(_driver(make_driver, recorder))
    assert made == [method for method, _ in REQUESTS]


def test_a_wrapper_may_begin_at_once(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a task of its own, before anybody awaits what it gives back."""
    sending: Any = vars(aiohttp.ClientSession)["_request"]

    def at_once(session: aiohttp.ClientSession, *rest: Any, **named: Any) -> Any:
        return asyncio.ensure_future(sending(session, *rest, **named))

    monkeypatch.setattr(aiohttp.ClientSession, "_request", at_once)
    _all(_driver(make_driver, recorder))
    assert len(recorder.seen) == len(REQUESTS)


@pytest.mark.anyio
async def test_what_was_sent_by_a_way_unknown_to_us_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change that somebody in aiohttp's place sends through a session of its own is not sent again."""
    seen = 0

    async def unanswered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        await reader.readuntil(b"\r\n\r\n")
        seen += 1
        writer.close()

    opened: Any = aiohttp.ClientSession
    sending: Any = vars(aiohttp.ClientSession)["_request"]

    async def elsewhere(_session: aiohttp.ClientSession, *rest: Any, **named: Any) -> Any:
        async with opened() as session:
            return await sending(session, *rest, **named)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", elsewhere)
    async with served(unanswered) as url, _client(url, RetryPolicy(backoff=0.0)) as client:
        with pytest.raises(AmbiguousOutcomeError):
            await client.request("POST", "/things")
    assert seen == 1


def test_nobody_in_aiohttps_place_is_given_the_key(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a recorder keeps of the arguments can be printed."""
    given: list[str] = []
    sending: Any = vars(aiohttp.ClientSession)["_request"]

    def noting(session: aiohttp.ClientSession, *rest: Any, **named: Any) -> Any:
        given.append(repr((rest, named)))
        return sending(session, *rest, **named)

    monkeypatch.setattr(aiohttp.ClientSession, "_request", noting)
    _all(_driver(make_driver, recorder))
    assert len(given) == len(REQUESTS)
    assert KEY not in "".join(given)
    assert {seen.headers["Authorization"] for seen in recorder.seen} == {f"Bearer {KEY}"}


def test_the_same_goes_out_either_way(
    make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Method, path, headers and body."""

    def sent() -> list[Any]:
        recorder.seen.clear()
        _all(_driver(make_driver, recorder))
        return [(seen.method, seen.path, sorted(seen.headers.items()), seen.body) for seen in recorder.seen]

    below = sent()
    recording(monkeypatch)
    assert sent() == below
    assert len(below) == len(REQUESTS)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
both_ways = pytest.mark.parametrize("through", [False, True], ids=["below the session", "through the session"])
ONCE = RetryPolicy(max_attempts=1)
#: How many connections a client has at most.
CONNECTIONS = 120


@asynccontextmanager
async def served(handle: Handler) -> AsyncGenerator[str]:
    """The base URL of a server that leaves each connection to *handle*, and takes in little that is not read there."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0, backlog=400, limit=1024)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
    finally:
        server.close()


def _client(url: str, retry: RetryPolicy = ONCE) -> AsyncSkipUp:
    return AsyncSkipUp(KEY, base_url=url, limiter=Unlimited(), retry=retry)


@both_ways
@pytest.mark.anyio
async def test_an_answer_that_breaks_off_in_its_head_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, through: bool
) -> None:
    """It may echo what was sent."""
    if through:
        recording(monkeypatch)

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + head.partition(b"\r\n")[2].removesuffix(b"\r\n"))
        writer.close()

    async with served(echo) as url, _client(url) as client:
        for method, _ in REQUESTS:
            with pytest.raises(SkipUpError) as caught:
                await client.request(method, "/things")
            assert KEY not in everything_shown(caught.value)


@both_ways
@pytest.mark.anyio
async def test_a_read_whose_connection_breaks_is_left_to_us(monkeypatch: pytest.MonkeyPatch, through: bool) -> None:
    """aiohttp would send a GET again, past every count and limit."""
    if through:
        recording(monkeypatch)
    seen = 0

    async def second_unanswered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b""):
            await reader.readuntil(b"\r\n\r\n")
            seen += 1
            writer.write(answer)
        writer.close()

    async with served(second_unanswered) as url, _client(url) as client:
        assert await client.request("GET", "/things") == {}
        with pytest.raises(APIConnectionError):
            await client.request("GET", "/things")
    assert seen == 2


@both_ways
@pytest.mark.anyio
async def test_to_connect_takes_none_of_the_services_time(monkeypatch: pytest.MonkeyPatch, through: bool) -> None:
    """Where nobody listens, nothing was sent, and the service had no time at all."""
    if through:
        recording(monkeypatch)
    async with _client("http://127.0.0.1:1/api/v1") as client:
        with pytest.raises(APIConnectionError) as caught:
            await client.request("POST", "/things")
    assert caught.value.timing.network > 0.0
    assert (caught.value.timing.server, caught.value.maybe_applied) == (0.0, False)


@both_ways
@pytest.mark.anyio
async def test_those_who_wait_for_a_connection_hear_that_the_client_is_closed(
    monkeypatch: pytest.MonkeyPatch, through: bool
) -> None:
    """Nobody cancelled them: aiohttp does, and a cancellation nobody asked for ends more than a call."""
    if through:
        recording(monkeypatch)
    arrived, all_arrived = 0, asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal arrived
        await reader.readuntil(b"\r\n\r\n")
        arrived += 1
        if arrived == CONNECTIONS:
            all_arrived.set()
        await reader.read()
        writer.close()

    async with served(silent) as url:
        client = _client(url, RetryPolicy(backoff=0.0, quota=None))
        calls = [asyncio.ensure_future(client.request("GET", "/things")) for _ in range(CONNECTIONS + 10)]
        await asyncio.wait_for(all_arrived.wait(), timeout=30)
        await client.aclose()
        ends = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), timeout=30)
    assert {type(end) for end in ends} == {ClientClosedError}


@pytest.mark.filterwarnings("ignore:Sending a large body")
@pytest.mark.anyio
async def test_closing_does_not_wait_for_a_server_to_read_what_it_refused() -> None:
    """A body of which most was not taken off our hands is dropped."""
    done = threading.Event()

    def refuse(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1024)
            connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")
            done.wait(timeout=5)

    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as thread:
        refusing = thread.submit(refuse, listener)
        client = _client(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1")
        with pytest.raises(SkipUpError, match="413"):
            await client.request("POST", "/things", body={"text": "x" * 20_000_000})
        await client.aclose()
        assert refusing.running()
        done.set()
