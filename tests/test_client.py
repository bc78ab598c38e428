"""The two clients: how they are made, shared, and kept from showing their key."""

import asyncio
import copy
import inspect
import logging
import pickle
import pydoc
import re
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    AsyncSkipUp,
    ClientClosedError,
    ConfigurationError,
    InvalidArgumentError,
    RetryPolicy,
    SkipUp,
    SkipUpError,
    Team,
    TokenBucket,
    Unlimited,
)
from skipup_async.core.request import Request
from skipup_async.emulator import Emulator
from tests.conftest import Driver, MakeDriver
from tests.recorder import Recorder

KEY = "sk_test_s3cret-0123456789"
SECRET = "s3cret"

Kind = type[AsyncSkipUp] | type[SkipUp]
both_clients = pytest.mark.parametrize("kind", [AsyncSkipUp, SkipUp])


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers everything with an empty list."""
    with Recorder() as running:
        running.answer({"data": []})
        yield running


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own settings."""
    monkeypatch.delenv("SKIPUP_API_KEY", raising=False)
    monkeypatch.delenv("SKIPUP_BASE_URL", raising=False)


def members(client: Any) -> Any:
    """A call that reads."""
    return client.workspace_members.list().first_page()


def create(client: Any) -> Any:
    """A call that writes."""
    return client.meeting_requests.create(organizer_email="alice@example.com", participants=["bob@example.com"])


def teams(client: Any) -> Any:
    """A call of one's own."""
    return client.request("GET", "/teams")


class TestMaking:
    """What the constructor takes, and where from."""

    @both_clients
    def test_the_constructor_is_the_documented_one(self, kind: Kind) -> None:
        """One positional argument, the rest by name, with the defaults of the documentation."""
        parameters = inspect.signature(kind).parameters.values()
        assert [(each.name, each.default) for each in parameters] == [
            ("api_key", None),
            ("base_url", None),
            ("timeout", 30.0),
            ("deadline", 120.0),
            ("retry", RetryPolicy()),
            ("limiter", None),
            ("session", None),
            ("hooks", None),
        ]

    @both_clients
    def test_only_the_key_may_stand_without_its_name(self, kind: Any) -> None:
        """Two strings in a row could be swapped unseen."""
        with pytest.raises(TypeError):
            kind(KEY, "https://api.skipup.ai/api/v1")

    def test_the_retry_policy_has_the_documented_defaults(self) -> None:
        """What is promised is what a plain policy is."""
        assert RetryPolicy() == RetryPolicy(
            max_attempts=4, backoff=0.5, max_backoff=8.0, max_retry_after=60.0, max_throttle_waits=6, quota=500
        )

    @both_clients
    def test_the_limit_is_kept_unless_told_otherwise(self, kind: Kind) -> None:
        """120 a minute, for each key."""
        assert kind(KEY).rate_limit == TokenBucket(120, per=60.0).snapshot()

    def test_key_and_place_may_come_from_the_environment(
        self, make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """`SKIPUP_API_KEY` and `SKIPUP_BASE_URL` are used where nothing is given."""
        monkeypatch.setenv("SKIPUP_API_KEY", KEY)
        monkeypatch.setenv("SKIPUP_BASE_URL", recorder.url)
        make_driver(None).call(members)
        assert recorder.last.headers["Authorization"] == f"Bearer {KEY}"

    def test_arguments_win_over_the_environment(
        self, make_driver: MakeDriver, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What is given is used, whatever the environment says."""
        monkeypatch.setenv("SKIPUP_API_KEY", "sk_test_other")
        monkeypatch.setenv("SKIPUP_BASE_URL", "http://127.0.0.1:9/nowhere")
        make_driver(KEY, base_url=recorder.url).call(members)
        assert recorder.last.headers["Authorization"] == f"Bearer {KEY}"

    @both_clients
    def test_without_a_key_the_error_names_both_places(self, kind: Kind) -> None:
        """Who has no key learns where it may be put."""
        with pytest.raises(ConfigurationError, match=r"api_key.* SKIPUP_API_KEY"):
            kind()

    @pytest.mark.parametrize("key", ["", " ", f"{KEY}\n", f"Bearer {KEY}"])
    @both_clients
    def test_a_bad_key_of_the_environment_is_named_and_not_shown(
        self, kind: Kind, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The variable is named, and its value kept."""
        monkeypatch.setenv("SKIPUP_API_KEY", key)
        with pytest.raises(ConfigurationError, match=r"^SKIPUP_API_KEY must") as raised:
            kind()
        assert SECRET not in repr(raised.value)

    @both_clients
    def test_a_bad_place_of_the_environment_is_named(self, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
        """The variable is named."""
        monkeypatch.setenv("SKIPUP_BASE_URL", "http://example.com")
        with pytest.raises(ConfigurationError, match=r"^SKIPUP_BASE_URL must begin with https://"):
            kind(KEY)

    @both_clients
    def test_the_environment_alone_sends_no_live_key_elsewhere(
        self, kind: Kind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A key that acts on real people leaves for another host only when code says so."""
        monkeypatch.setenv("SKIPUP_BASE_URL", "https://example.com/api/v1")
        with pytest.raises(ConfigurationError, match=r"SKIPUP_BASE_URL would send a live key to example.com"):
            kind("sk_live_0123456789")

    @both_clients
    def test_code_may_send_a_live_key_elsewhere(self, kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy of one's own is passed as base_url=."""
        monkeypatch.setenv("SKIPUP_BASE_URL", "https://example.org/api/v1")
        kind("sk_live_0123456789", base_url="https://example.com/api/v1")


class TestLife:
    """Opening, closing, and what lies between."""

    def test_nothing_is_opened_before_the_first_call(self) -> None:
        """Making a client starts no thread and needs no loop."""
        before = threading.active_count()
        clients = AsyncSkipUp(KEY), SkipUp(KEY)
        assert (threading.active_count(), len(clients)) == (before, 2)

    def test_a_with_block_closes_the_client(self, recorder: Recorder) -> None:
        """After the block a blocking client is closed."""
        with SkipUp(KEY, base_url=recorder.url, limiter=Unlimited()) as client:
            members(client)
        with pytest.raises(ClientClosedError, match="closed"):
            members(client)

    @pytest.mark.anyio
    async def test_an_async_with_block_closes_the_client(self, recorder: Recorder) -> None:
        """After the block an async client is closed."""
        async with AsyncSkipUp(KEY, base_url=recorder.url, limiter=Unlimited()) as client:
            await members(client)
        with pytest.raises(ClientClosedError, match="closed"):
            await members(client)

    @pytest.mark.parametrize("call", [members, create, teams])
    def test_a_closed_client_sends_nothing(self, driver: Driver, emulator: Emulator, call: Any) -> None:
        """Neither reads nor writes nor requests of one's own."""
        driver.call(members)
        driver.call(_closing)
        with pytest.raises(ClientClosedError):
            driver.call(call)
        assert emulator.request_count == 1

    def test_a_closed_client_may_be_closed_again(self, recorder: Recorder) -> None:
        """Closing twice, and closing what was never used, does no harm."""
        client = SkipUp(KEY, base_url=recorder.url)
        client.close()
        client.close()
        with pytest.raises(ClientClosedError):
            members(client)

    @pytest.mark.anyio
    async def test_a_closed_async_client_may_be_closed_again(self, recorder: Recorder) -> None:
        """The same for the awaited one."""
        client = AsyncSkipUp(KEY, base_url=recorder.url)
        await client.aclose()
        await client.aclose()
        with pytest.raises(ClientClosedError):
            await members(client)

    def test_an_async_client_belongs_to_the_loop_of_its_first_call(self, recorder: Recorder) -> None:
        """Another loop is refused, before anything is sent."""
        client = AsyncSkipUp(KEY, base_url=recorder.url, limiter=Unlimited())

        async def run(close: bool) -> None:
            try:
                await members(client)
            finally:
                if close:
                    await client.aclose()

        with asyncio.Runner() as first, asyncio.Runner() as second:
            first.run(run(close=False))
            with pytest.raises(ClientClosedError, match="another event loop"):
                second.run(run(close=False))
            first.run(run(close=True))
        assert len(recorder.seen) == 2

    def test_a_blocking_client_may_be_used_from_many_threads(self, recorder: Recorder) -> None:
        """One client, one loop, whoever calls."""
        with SkipUp(KEY, base_url=recorder.url, limiter=Unlimited()) as client:
            threads = [threading.Thread(target=members, args=(client,)) for _ in range(20)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(recorder.seen) == 20

    @pytest.mark.anyio
    async def test_a_blocking_client_works_inside_a_running_loop(self, recorder: Recorder) -> None:
        """As in a notebook, whose cells run in a loop."""
        with SkipUp(KEY, base_url=recorder.url, limiter=Unlimited()) as client:
            assert members(client).items == ()


def _closing(client: Any) -> Any:
    """Closes a client of either colour; the awaited one when awaited."""
    return client.close() if isinstance(client, SkipUp) else client.aclose()


class TestOptions:
    """`with_options`: the same client, another patience."""

    def test_the_limiter_is_the_same(self, driver: Driver) -> None:
        """What one uses up, the other lacks."""
        assert driver.client.with_options(timeout=1).sender.limiter is driver.client.sender.limiter

    def test_the_connections_are_the_same(self, make_driver: MakeDriver, recorder: Recorder) -> None:
        """A read of the one goes over the connection of the other."""
        driver = make_driver(KEY, base_url=recorder.url)
        driver.call(members)
        driver.call(lambda c: members(c.with_options(timeout=1)))
        first, second = recorder.seen
        assert first.port == second.port

    def test_closing_one_closes_the_other(self, recorder: Recorder) -> None:
        """They are one client: a closed one can do nothing under other options."""
        client = SkipUp(KEY, base_url=recorder.url)
        sibling = client.with_options(timeout=1)
        client.close()
        with pytest.raises(ClientClosedError):
            members(sibling)

    def test_the_first_client_keeps_its_options(self, make_driver: MakeDriver, recorder: Recorder) -> None:
        """Only the new one has the new ones."""
        client = make_driver(KEY, base_url=recorder.url, timeout=5).client
        client.with_options(timeout=1, deadline=2, retry=RetryPolicy(max_attempts=1))
        assert client.sender.options.timeout == 5

    def test_what_is_left_out_stays(self, make_driver: MakeDriver, recorder: Recorder) -> None:
        """An option that is not named is that of the first client; None is a value."""
        client = make_driver(KEY, base_url=recorder.url, timeout=5, deadline=7).client
        options = client.with_options(timeout=None).sender.options
        assert (options.timeout, options.deadline, options.retry) == (None, 7, RetryPolicy())

    def test_other_options_count(self, driver: Driver, emulator: Emulator) -> None:
        """A policy of one attempt sends once where the other would send four times."""
        emulator.fail(next=None, status=503)
        with pytest.raises(SkipUpError) as raised:
            driver.call(lambda c: members(c.with_options(retry=RetryPolicy(max_attempts=1))))
        assert (raised.value.attempts, emulator.request_count) == (1, 1)


class TestRequest:
    """`client.request`: endpoints the package does not know."""

    def test_the_answer_is_the_whole_json(self, driver: Driver) -> None:
        """Envelope included, since nobody here knows what it is."""
        answer = driver.call(lambda c: c.request("GET", "/workspace_members"))
        assert (len(answer["data"]), answer["meta"]["limit"]) == (2, 25)

    def test_body_and_query_go_out(self, make_driver: MakeDriver, recorder: Recorder) -> None:
        """As JSON, and as a query whose booleans are words and whose None is left out."""
        driver = make_driver(KEY, base_url=recorder.url)
        query = {"a": "x y", "b": True, "c": 3, "d": None, "e": 1.5}
        driver.call(lambda c: c.request("POST", "/things/1/do", body={"x": [1, None, {"y": "é"}]}, query=query))
        seen = recorder.last
        assert (seen.method, seen.path, seen.json, seen.query) == (
            "POST",
            "/api/v1/things/1/do",
            {"x": [1, None, {"y": "é"}]},
            {"a": "x y", "b": "true", "c": "3", "e": "1.5"},
        )

    @pytest.mark.parametrize("path", ["things", "/things"])
    def test_a_path_may_begin_with_a_slash(self, make_driver: MakeDriver, recorder: Recorder, path: str) -> None:
        """It is below the base URL either way."""
        make_driver(KEY, base_url=recorder.url).call(lambda c: c.request("GET", path))
        assert recorder.last.path == "/api/v1/things"

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_an_answer_without_a_body_is_none(self, make_driver: MakeDriver, recorder: Recorder, method: str) -> None:
        """204, or 200 and nothing in it."""
        recorder.clear()
        recorder.answer(b"", status=204 if method == "DELETE" else 200)
        driver = make_driver(KEY, base_url=recorder.url)
        assert driver.call(lambda c: c.request(method, "/things")) is None

    def test_a_get_is_tried_again(self, driver: Driver, emulator: Emulator) -> None:
        """It reads only."""
        emulator.fail(status=503)
        driver.call(lambda c: c.request("GET", "/workspace_members"))
        assert emulator.request_count == 2

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
    def test_nothing_else_is_tried_again(self, driver: Driver, emulator: Emulator, method: str) -> None:
        """Nobody here can know what a second time would do."""
        emulator.fail(status=503)
        with pytest.raises(AmbiguousOutcomeError):
            driver.call(lambda c: c.request(method, "/workspace_members"))
        assert emulator.request_count == 1

    @pytest.mark.parametrize("segment", ["", ".", ".."])
    def test_one_made_by_hand_cannot_climb_either(
        self, make_driver: MakeDriver, recorder: Recorder, segment: str
    ) -> None:
        """A segment that a URL would lose is refused before anything is sent."""
        by_hand = Request("GET", ("teams", segment), Team)
        with pytest.raises(InvalidArgumentError, match="path"):
            make_driver(KEY, base_url=recorder.url).call(lambda client: client.sender.send(by_hand))
        assert recorder.seen == []


class TestSession:
    """`session=`: connections of the caller's."""

    @pytest.mark.anyio
    async def test_an_open_session_is_used_and_left_open(self, recorder: Recorder) -> None:
        """Reads and writes go through it, with its own headers, and closing the client does not close it."""
        async with aiohttp.ClientSession(headers={"X-Own": "1"}) as session:
            async with AsyncSkipUp(KEY, base_url=recorder.url, session=session, limiter=Unlimited()) as client:
                await members(client)
                await client.request("POST", "/things")
            assert ([seen.headers.get("X-Own") for seen in recorder.seen], session.closed) == (["1", "1"], False)

    @pytest.mark.anyio
    async def test_an_open_session_keeps_what_the_client_relies_on(self, recorder: Recorder) -> None:
        """The key goes out, and a session that raises for an error status does not keep the service's words back."""
        recorder.clear()
        recorder.answer({"error": {"type": "not_found", "message": "No such team"}}, status=404)
        async with (
            aiohttp.ClientSession(raise_for_status=True) as session,
            AsyncSkipUp(KEY, base_url=recorder.url, session=session, limiter=Unlimited()) as client,
        ):
            with pytest.raises(SkipUpError, match="404 not_found: No such team"):
                await client.request("GET", "/teams/tm_1")
        assert recorder.last.headers["Authorization"] == f"Bearer {KEY}"

    def test_a_function_makes_a_session_in_the_clients_loop(self, make_driver: MakeDriver, recorder: Recorder) -> None:
        """It is called where a loop runs, and what it makes is closed with the client."""
        made: list[aiohttp.ClientSession] = []

        def make() -> aiohttp.ClientSession:
            asyncio.get_running_loop()
            made.append(aiohttp.ClientSession(headers={"X-Own": "1"}))
            return made[-1]

        driver = make_driver(KEY, base_url=recorder.url, session=make)
        driver.call(members)
        driver.call(lambda c: c.request("POST", "/things"))
        driver.call(_closing)
        assert ([seen.headers.get("X-Own") for seen in recorder.seen], {each.closed for each in made}) == (
            ["1", "1"],
            {True},
        )

    def test_a_function_that_makes_no_session_is_refused(self, make_driver: MakeDriver, recorder: Recorder) -> None:
        """What it returns is looked at before anything is sent."""
        driver = make_driver(KEY, base_url=recorder.url, session=lambda: "session")
        with pytest.raises(ConfigurationError, match=r"session must make an aiohttp.ClientSession, not str"):
            driver.call(members)

    @pytest.mark.parametrize("call", [members, create])
    def test_an_error_of_the_function_is_the_callers(
        self, make_driver: MakeDriver, recorder: Recorder, call: Any
    ) -> None:
        """A certificate that is not there is no fault of the network: it is not tried again, nor translated."""

        def make() -> aiohttp.ClientSession:
            raise FileNotFoundError("ca.pem")

        driver = make_driver(KEY, base_url=recorder.url, session=make)
        with pytest.raises(FileNotFoundError, match=r"ca.pem"):
            driver.call(call)
        assert recorder.seen == []

    @pytest.mark.anyio
    async def test_a_blocking_client_takes_no_open_session(self, recorder: Recorder) -> None:
        """An open session belongs to the loop it was made in, which is not that client's."""
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigurationError, match=r"^session must be a function .*another event loop"):
                SkipUp(KEY, base_url=recorder.url, session=session)

    @pytest.mark.anyio
    async def test_a_session_that_is_closed_is_said_to_be(self, recorder: Recorder) -> None:
        """The error speaks of the session, and nothing is tried again."""
        session = aiohttp.ClientSession()
        await session.close()
        async with AsyncSkipUp(KEY, base_url=recorder.url, session=session, limiter=Unlimited()) as client:
            with pytest.raises(ClientClosedError, match="session"):
                await members(client)


#: What a server may answer: an object, an error of each kind, and what is no answer.
ANSWERS: list[tuple[int, Any]] = [
    (200, {"data": []}),
    (200, b"<html>"),
    (200, b'{"data": [{"id":'),
    (302, b""),
    (400, {"error": f"Bad key {KEY[:4]}"}),
    (401, {"error": "Invalid or expired API key"}),
    (403, {"error": {"type": "forbidden", "message": "no"}}),
    (404, b""),
    (409, b"<html>"),
    (422, {"error": {"type": "validation_error", "message": "no"}}),
    (500, b""),
    (503, b"busy"),
]


class TestSecrecy:
    """The key shows nowhere but on the wire."""

    @both_clients
    def test_no_repr_shows_the_key(self, kind: Kind) -> None:
        """Neither of the client nor of anything it is made of."""
        shown = repr(_parts(kind(KEY, limiter=Unlimited())))
        assert SECRET not in shown

    @both_clients
    @pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy])
    def test_a_client_is_not_pickled(self, kind: Kind, write: Any) -> None:
        """It says so, and not the key."""
        with pytest.raises(TypeError, match="not pickled") as raised:
            write(kind(KEY, limiter=Unlimited()))
        assert SECRET not in repr(raised.value)

    @pytest.mark.parametrize(("status", "body"), ANSWERS)
    @pytest.mark.parametrize("call", [members, create], ids=["read", "write"])
    def test_no_log_record_shows_the_key(
        self,
        make_driver: MakeDriver,
        recorder: Recorder,
        sleeper: Any,
        caplog: pytest.LogCaptureFixture,
        status: int,
        body: Any,
        call: Any,
    ) -> None:
        """At DEBUG, by any logger of the process, whatever the server answers."""
        recorder.clear()
        recorder.answer(body, status=status, headers={"Location": "/elsewhere"})
        driver = make_driver(KEY, base_url=recorder.url, timing=sleeper.timing)
        with caplog.at_level(logging.DEBUG):
            _error(driver, call)
        records = "".join(f"{record.getMessage()}{record.__dict__}" for record in caplog.records)
        assert (SECRET in records, "skipup_async" in records) == (False, True)

    @pytest.mark.parametrize(("status", "body"), ANSWERS[1:])
    @pytest.mark.parametrize("call", [members, create], ids=["read", "write"])
    def test_no_error_shows_the_key(
        self, make_driver: MakeDriver, recorder: Recorder, sleeper: Any, status: int, body: Any, call: Any
    ) -> None:
        """Not in its text, its attributes, its pickle, nor its traceback with every local variable."""
        recorder.clear()
        recorder.answer(body, status=status, headers={"Location": "/elsewhere"})
        error = _error(make_driver(KEY, base_url=recorder.url, timing=sleeper.timing), call)
        assert isinstance(error, SkipUpError)
        assert SECRET not in _everything(error)

    @pytest.mark.parametrize("call", [members, create], ids=["read", "write"])
    def test_no_error_of_the_network_shows_the_key(self, make_driver: MakeDriver, sleeper: Any, call: Any) -> None:
        """The HTTP library's own errors hold the request with its headers: ours leave them behind."""
        driver = make_driver(KEY, base_url="http://127.0.0.1:1", timing=sleeper.timing)
        error = _error(driver, call)
        assert isinstance(error, SkipUpError)
        assert (SECRET in _everything(error), error.__cause__, error.__context__) == (False, None, None)


def _parts(client: Any) -> list[Any]:
    """The client and everything that hangs on it, three steps deep."""
    found: list[Any] = [client]
    for _ in range(3):
        found += [value for each in found for value in getattr(each, "__dict__", {}).values() if value not in found]
    return found


def _error(driver: Driver, call: Any) -> Exception | None:
    try:
        driver.call(call)
    except Exception as error:  # noqa: BLE001 - whichever comes is looked at
        return error
    return None


def _everything(error: SkipUpError) -> str:
    """All that a log, a crash report or another process could show of *error*."""
    trace = traceback.TracebackException.from_exception(error, capture_locals=True)
    ours = re.sub(r"^    (?:KEY|args|api_key|self|driver) = .*$", "", "".join(trace.format()), flags=re.MULTILINE)
    return f"{error!s}{error!r}{vars(error)}{pickle.dumps(error)!r}{ours}"


#: Writes help without bold letters.
PLAIN: Any = vars(pydoc)["plaintext"]
#: Every method of the resources, by where it stands.
METHODS = [
    "meeting_requests.list",
    "meeting_requests.get",
    "meeting_requests.create",
    "meeting_requests.cancel",
    "meeting_requests.pause",
    "meeting_requests.resume",
    "meeting_requests.change_organizer",
    "meeting_requests.update_context",
    "workspace_members.list",
    "campaigns.list",
    "campaigns.get",
    "campaigns.create",
    "campaigns.update",
    "campaigns.deactivate",
]


def _method(client: Any, dotted: str) -> Any:
    for name in dotted.split("."):
        client = getattr(client, name)
    return client


class TestHelp:
    """`help()` and a notebook's `?` tell the truth in both colours."""

    @both_clients
    def test_a_signature_is_that_of_the_declaration(self, kind: Kind) -> None:
        """Without `self`, with the defaults, and with what the caller gets."""
        signature = inspect.signature(kind(KEY).meeting_requests.cancel)
        assert re.sub(r"[\w.]+\.", "", str(signature)) == "(id: str, *, notify: bool = False) -> MeetingRequest"

    @pytest.mark.parametrize(("kind", "pager"), [(AsyncSkipUp, "Pager"), (SkipUp, "BlockingPager")])
    def test_a_list_says_which_pager_it_gives(self, kind: Kind, pager: str) -> None:
        """The one to iterate with `async for`, or the other."""
        signature = inspect.signature(kind(KEY).campaigns.list)
        assert re.sub(r"[\w.]+\.", "", str(signature.return_annotation)) == f"{pager}[Campaign]"

    @pytest.mark.parametrize("dotted", ["meeting_requests.cancel", "campaigns.get"])
    def test_one_colour_is_to_be_awaited_and_the_other_is_not(self, dotted: str) -> None:
        """`help()` writes `async` before the one."""
        kinds = (AsyncSkipUp, SkipUp)
        assert [inspect.iscoroutinefunction(_method(kind(KEY), dotted)) for kind in kinds] == [True, False]

    @pytest.mark.parametrize("dotted", METHODS)
    @both_clients
    def test_help_shows_signature_and_docstring(self, kind: Kind, dotted: str) -> None:
        """The name, every parameter, and the first sentence of the declaration."""
        method = _method(kind(KEY), dotted)
        text = pydoc.render_doc(method, renderer=PLAIN)
        wanted = [f"{method.__name__}(", *inspect.signature(method).parameters, method.__doc__.splitlines()[0]]
        assert [each for each in wanted if each not in text] == []

    @pytest.mark.parametrize("dotted", METHODS)
    def test_both_colours_take_the_same(self, dotted: str) -> None:
        """One declaration: the same parameters, kinds, defaults and words."""
        awaited, blocking = (_method(kind(KEY), dotted) for kind in (AsyncSkipUp, SkipUp))
        shapes = [(list(inspect.signature(each).parameters.values()), each.__doc__) for each in (awaited, blocking)]
        assert shapes[0] == shapes[1]

    @pytest.mark.parametrize("name", ["meeting_requests", "workspace_members", "campaigns"])
    @both_clients
    def test_a_resource_explains_itself(self, kind: Kind, name: str) -> None:
        """On the client and on its class."""
        docs = [getattr(kind, name).__doc__, inspect.getdoc(getattr(kind(KEY), name))]
        assert docs[0] == docs[1]
