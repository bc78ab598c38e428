"""Hooks: what they are told of a call, in which order, and that nothing they do changes it."""

import asyncio
import functools
import logging
import pickle
import threading
import traceback
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from skipup_async import (
    APIConnectionError,
    AsyncSkipUp,
    AttemptEnd,
    CallEnd,
    CallStart,
    CallTiming,
    ClientClosedError,
    ConfigurationError,
    Hooks,
    LimitWait,
    NotFoundError,
    RateLimitError,
    ResponseError,
    Retry,
    RetryPolicy,
    ServerError,
    SkipUp,
    SkipUpError,
    Unlimited,
)
from skipup_async.core.session import Timing
from skipup_async.emulator import Emulator
from tests.conftest import MakeDriver, Sleeper
from tests.faults.invariants import everything_shown
from tests.observed import BACKOFF, NETWORK, QUEUE, SERVER, Notes, SlowCall, SlowLimiter, slow_call
from tests.recorder import Recorder

KEY = "sk_test_" + "Find0Me1Nowhere2" * 2
ROUTE = "GET /teams/:id"
HOOKS = ("on_call_start", "on_limit_wait", "on_request", "on_response", "on_retry", "on_call_end")


@pytest.fixture
def slow(sleeper: Sleeper) -> Iterator[SlowCall]:
    """Where a slow call is made."""
    with slow_call(sleeper) as made:
        yield made


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server that answers as told."""
    with Recorder() as running:
        yield running


@pytest.fixture
def notes() -> Notes:
    """Hooks that write down what they are told."""
    return Notes()


def team(client: Any) -> Any:
    """The slow call."""
    return client.teams.get("tm_secret1")


def create(client: Any) -> Any:
    """A call that changes something."""
    return client.meeting_requests.create(organizer_email="alice@example.com", participants=["carol@example.com"])


def asking(path: str) -> Callable[[Any], Any]:
    """A GET of what this package does not know."""
    return lambda client: client.request("GET", path)


def failure(act: Callable[[], Any]) -> SkipUpError:
    """The error that *act* raises."""
    with pytest.raises(SkipUpError) as caught:
        act()
    return caught.value


class TestASlowCall:
    """It waits for the limit, fails, waits, is refused, waits for that too, and succeeds."""

    def test_its_hooks_are_called_in_order(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """The call around all of it, a wait before its attempt, a retry after the one that failed."""
        make_driver(KEY, timing=sleeper.timing, hooks=notes.hooks, **slow.options).call(team)
        attempt = ["AttemptStart", "AttemptEnd"]
        assert notes.kinds == [
            "CallStart",
            *("LimitWait", *attempt, "Retry"),
            *(*attempt, "Retry"),
            *("LimitWait", *attempt),
            "CallEnd",
        ]

    def test_its_times_are_told_apart(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """Limiter, network, the service's part of that, and backoff, which together are the whole."""
        make_driver(KEY, timing=sleeper.timing, hooks=notes.hooks, **slow.options).call(team)
        timing = notes.only(CallEnd).timing
        assert timing.queue == pytest.approx(QUEUE)
        assert timing.network == pytest.approx(NETWORK)
        assert timing.server == pytest.approx(SERVER)
        assert timing.backoff == pytest.approx(BACKOFF)
        assert timing.total == pytest.approx(QUEUE + NETWORK + BACKOFF)

    def test_each_attempt_is_told_by_itself(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """Its number, status, seconds, name, and what the answer says of the limit."""
        make_driver(KEY, timing=sleeper.timing, hooks=notes.hooks, **slow.options).call(team)
        ends: list[AttemptEnd] = notes.of(AttemptEnd)
        assert [(end.attempt, end.status, end.error, end.request_id) for end in ends] == [
            (1, 503, None, "req_1"),
            (2, 429, None, "req_2"),
            (3, 200, None, "req_3"),
        ]
        assert [end.seconds for end in ends] == pytest.approx([0.75, 0.125, 1.5])
        assert [end.server for end in ends] == pytest.approx([0.75, 0.125, 1.5])
        assert [dict(end.rate_limit_headers) for end in ends] == [
            {},
            {"retry-after": "3", "x-ratelimit-remaining": "0"},
            {"ratelimit-limit": "120"},
        ]

    def test_each_wait_and_retry_is_told_with_its_seconds(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """And a retry with its reason."""
        make_driver(KEY, timing=sleeper.timing, hooks=notes.hooks, **slow.options).call(team)
        waits: list[LimitWait] = notes.of(LimitWait)
        assert [wait.attempt for wait in waits] == [1, 3]
        assert [wait.seconds for wait in waits] == pytest.approx([5.0, 3.15])
        retries: list[Retry] = notes.of(Retry)
        assert [(retry.attempt, retry.reads_back) for retry in retries] == [(1, False), (2, False)]
        assert [retry.delay for retry in retries] == pytest.approx([BACKOFF, 3.15])
        assert [type(retry.error) for retry in retries] == [ServerError, RateLimitError]

    def test_all_that_is_told_speaks_of_one_call_by_its_route(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """The same object in each, which no other call has, and no id."""
        driver = make_driver(KEY, timing=sleeper.timing, hooks=notes.hooks, **slow.options)
        driver.call(team)
        start = notes.only(CallStart)
        rest = notes.told[1:]
        assert {told.route for told in notes.told} == {ROUTE}
        assert [told for told in rest if isinstance(told, CallStart) or told.call is not start] == []
        assert (start.service, start.host) == ("SkipUp", "127.0.0.1")
        assert f":{start.port}/" in slow.server.url
        driver.call(team)
        assert len({start, *notes.of(CallStart)}) == 2

    def test_the_time_so_far_grows_from_one_to_the_next(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """Each carries what the call has spent until then."""
        make_driver(KEY, timing=sleeper.timing, hooks=notes.hooks, **slow.options).call(team)
        totals = [told.timing.total for told in notes.told if not isinstance(told, CallStart)]
        assert totals == sorted(totals)
        assert [totals[0], totals[-1]] == pytest.approx([5.0, QUEUE + NETWORK + BACKOFF])

    def test_an_error_carries_it_all(self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall) -> None:
        """With nobody listening: times, attempts, the service's name for the exchange, and its word on the limit."""
        policy = RetryPolicy(max_throttle_waits=0)
        driver = make_driver(KEY, timing=sleeper.timing, retry=policy, **slow.options)
        error = failure(lambda: driver.call(team))
        assert (type(error), error.attempts, error.request_id) == (RateLimitError, 2, "req_2")
        assert error.rate_limit_headers == {"retry-after": "3", "x-ratelimit-remaining": "0"}
        timing = error.timing
        parts = (timing.queue, timing.network, timing.server, timing.backoff, timing.total)
        assert parts == pytest.approx((5.0, 0.875, 0.875, BACKOFF, 5.0 + 0.875 + BACKOFF))
        assert pickle.loads(pickle.dumps(error)).timing == timing

    def test_its_timing_reads_as_one_line(self) -> None:
        """What an engineer wants to know, in the order of the causes."""
        line = str(CallTiming(queue=8.15, network=2.375, server=2.3, backoff=0.25, total=10.776))
        assert line == "10.776 s: limiter 8.150, backoff 0.250, network 2.375 (server 2.300)"


class TestWhatIsTold:
    """Of calls that end in other ways."""

    def test_a_plain_call_is_told_in_four(self, make_driver: MakeDriver, emulator: Emulator, notes: Notes) -> None:
        """Its beginning, its one attempt, its end."""
        make_driver(emulator.api_key, base_url=emulator.url, hooks=notes.hooks).call(lambda c: c.teams.list().collect())
        assert notes.kinds == ["CallStart", "AttemptStart", "AttemptEnd", "CallEnd"]
        assert (notes.only(CallEnd).status, notes.only(CallEnd).error) == (200, None)

    def test_an_error_is_told_as_the_caller_gets_it(
        self, make_driver: MakeDriver, emulator: Emulator, notes: Notes
    ) -> None:
        """The very same object; the attempt itself ended with an answer."""
        driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=notes.hooks)
        error = failure(lambda: driver.call(lambda client: client.meeting_requests.get("mr_secret")))
        end = notes.only(CallEnd)
        assert isinstance(error, NotFoundError)
        assert (type(end.error), end.status, end.attempt) == (NotFoundError, 404, 1)
        assert (notes.only(AttemptEnd).error, notes.only(AttemptEnd).status) == (None, 404)

    def test_no_answer_is_told_as_the_error_it_is(
        self, make_driver: MakeDriver, emulator: Emulator, sleeper: Sleeper, notes: Notes
    ) -> None:
        """Without a status, a name and a word on the limit."""
        emulator.fail(connection="reset", next=1)
        driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=notes.hooks, timing=sleeper.timing)
        driver.call(lambda client: client.teams.list().collect())
        lost, well = notes.of(AttemptEnd)
        assert (type(lost.error), lost.status, lost.request_id) == (APIConnectionError, None, None)
        assert (well.error, well.status, dict(lost.rate_limit_headers)) == (None, 200, {})

    def test_an_answer_that_breaks_off_has_a_status_and_an_error(
        self, make_driver: MakeDriver, emulator: Emulator, sleeper: Sleeper, notes: Notes
    ) -> None:
        """Its head is known, and its name is."""
        emulator.fail(on="GET *", connection="truncate", headers={"X-Request-Id": "req_9"}, status=200, next=1)
        driver = make_driver(
            emulator.api_key, base_url=emulator.url, hooks=notes.hooks, retry=RetryPolicy(max_attempts=1)
        )
        error = failure(lambda: driver.call(lambda client: client.teams.list().collect()))
        told = notes.only(AttemptEnd)
        assert (type(told.error), told.status, told.request_id) == (ResponseError, 200, "req_9")
        assert (type(error), error.request_id) == (ResponseError, "req_9")

    def test_a_read_back_is_part_of_its_call(
        self, make_driver: MakeDriver, emulator: Emulator, sleeper: Sleeper, notes: Notes
    ) -> None:
        """One call, whose attempts have two routes; the retry says that it looks first."""
        id = emulator.add_meeting_request()
        emulator.fail(on="POST *", connection="reset", after_commit=True, next=1)
        driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=notes.hooks, timing=sleeper.timing)
        driver.call(lambda client: client.meeting_requests.pause(id))
        post, get = "POST /meeting_requests/:id/pause", "GET /meeting_requests/:id"
        assert [(end.route, end.attempt) for end in notes.of(AttemptEnd)] == [(post, 1), (get, 1)]
        assert notes.only(Retry).reads_back
        end = notes.only(CallEnd)
        assert (notes.only(CallStart).route, end.route, end.error, end.attempt) == (post, post, None, 1)
        assert end.timing.backoff == pytest.approx(1.0)

    def test_a_call_that_cannot_be_made_begins_and_ends(self, notes: Notes) -> None:
        """It went out not once, and spent nothing."""
        client = SkipUp(KEY, base_url="http://127.0.0.1:9/api/v1", limiter=Unlimited(), hooks=notes.hooks)

        async def closed() -> None:
            one = AsyncSkipUp(KEY, base_url="http://127.0.0.1:9/api/v1", limiter=Unlimited(), hooks=notes.hooks)
            await one.aclose()
            await team(one)

        error = failure(lambda: asyncio.run(closed()))
        client.close()
        assert notes.kinds == ["CallStart", "CallEnd"]
        assert (type(notes.only(CallEnd).error), notes.only(CallEnd).attempt) == (ClientClosedError, 0)
        assert (error.timing.network, error.timing.backoff) == (0.0, 0.0)

    @pytest.mark.anyio
    async def test_a_call_given_up_in_the_queue_tells_how_long_it_waited(self, sleeper: Sleeper, notes: Notes) -> None:
        """Although it never came to its turn."""
        entered = asyncio.Event()

        class Shut(SlowLimiter):
            async def _wait(self) -> None:
                sleeper.now += 7.0
                entered.set()
                await asyncio.Event().wait()

            def slot(self) -> Any:
                return _Entering(self._wait)

        kind = type("AsyncSkipUp", (AsyncSkipUp,), {"_timing": sleeper.timing})
        async with kind(KEY, base_url="http://127.0.0.1:9/api/v1", limiter=Shut(sleeper), hooks=notes.hooks) as client:
            call = asyncio.ensure_future(team(client))
            await entered.wait()
            call.cancel()
            with suppress(asyncio.CancelledError):
                await call
        end = notes.only(CallEnd)
        assert (notes.kinds, type(end.error)) == (["CallStart", "CallEnd"], asyncio.CancelledError)
        assert (end.attempt, end.timing.queue, end.timing.total) == (0, 7.0, 7.0)

    def test_every_call_of_a_fan_out_is_told(self, make_driver: MakeDriver, emulator: Emulator, notes: Notes) -> None:
        """Each one by itself, and all their ends."""
        ids = [emulator.add_meeting_request() for _ in range(20)]
        driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=notes.hooks)
        if isinstance(driver.client, SkipUp):
            driver.client.fan_out(driver.client.meeting_requests.get, ids, max_concurrency=5).report()
        else:
            driver.call(lambda client: _awaited(client.fan_out(client.meeting_requests.get, ids, max_concurrency=5)))
        starts, ends = notes.of(CallStart), notes.of(CallEnd)
        assert (len(starts), len(set(starts))) == (20, 20)
        assert {end.call for end in ends} == set(starts)


async def _awaited(awaitable: Any) -> Any:
    return await awaitable


class _Entering:
    """Enters by waiting."""

    def __init__(self, wait: Callable[[], Any]) -> None:
        self._wait = wait

    async def __aenter__(self) -> None:
        await self._wait()

    async def __aexit__(self, *_: object) -> None:
        pass


@pytest.mark.anyio
async def test_the_services_time_ends_with_the_head_of_its_answer(notes: Notes) -> None:
    """What a slow body takes is the network's, and what a slow service takes is both."""
    head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 23\r\nConnection: close\r\n\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.write(head.encode())
        await asyncio.sleep(0.05)
        writer.write(b'{"data": {"id":"tm_1"}}')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v1"
    async with server, AsyncSkipUp(KEY, base_url=url, limiter=Unlimited(), hooks=notes.hooks) as client:
        await client.teams.get("tm_1")
    end = notes.only(AttemptEnd)
    assert end.server >= 0.045
    assert end.seconds - end.server >= 0.045


def test_connecting_is_the_networks_time_and_not_the_services(make_driver: MakeDriver, notes: Notes) -> None:
    """Where nobody listens, the service had no time at all."""
    policy = RetryPolicy(max_attempts=1)
    error = failure(
        lambda: make_driver(KEY, base_url="http://127.0.0.1:1/api/v1", retry=policy, hooks=notes.hooks).call(team)
    )
    assert error.timing.network > 0.0
    assert (error.timing.server, notes.only(AttemptEnd).server) == (0.0, 0.0)


class TestHooksThatFail:
    """What a hook does is its own affair."""

    @pytest.mark.parametrize("hook", HOOKS)
    def test_the_call_goes_on_and_the_log_shows_it_once(
        self, hook: str, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, caplog: pytest.LogCaptureFixture
    ) -> None:
        """As an error with its traceback, however often the same hook fails."""

        def fails(_told: Any) -> None:
            raise ZeroDivisionError("in the hook")

        driver = make_driver(KEY, timing=sleeper.timing, hooks=Hooks(**{hook: fails}), **slow.options)
        assert driver.call(team).id == "tm_secret1"
        driver.call(team)
        [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert (record.name, record.levelname) == ("skipup_async", "ERROR")
        assert hook in record.getMessage()
        assert record.exc_info is not None
        assert isinstance(record.exc_info[1], ZeroDivisionError)
        assert "fails" in [frame.name for frame in traceback.extract_tb(record.exc_info[2])]

    def test_another_hook_is_called_all_the_same(
        self, make_driver: MakeDriver, sleeper: Sleeper, slow: SlowCall, notes: Notes
    ) -> None:
        """One that fails stands in nobody's way."""
        broken = Hooks(on_call_start=_raise, on_response=_raise)
        make_driver(KEY, timing=sleeper.timing, hooks=[broken, notes.hooks], **slow.options).call(team)
        assert (len(notes.of(CallStart)), len(notes.of(AttemptEnd))) == (1, 3)

    @pytest.mark.anyio
    async def test_what_is_no_fault_of_a_hook_goes_through_it(self, emulator: Emulator) -> None:
        """Ctrl-C, whenever it comes."""

        def interrupted(_told: Any) -> None:
            raise asyncio.CancelledError

        hooks = Hooks(on_response=interrupted)
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), hooks=hooks) as client:
            with pytest.raises(asyncio.CancelledError):
                await client.teams.list().collect()

    def test_a_blocking_call_in_a_hook_does_not_wait_for_itself(
        self, emulator: Emulator, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The hook is told so, and the call goes on."""
        clients: list[SkipUp] = []
        hooks = Hooks(on_response=lambda _: clients[0].teams.list().collect())
        with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), hooks=hooks) as client:
            clients.append(client)
            client.teams.list().collect()
        assert "ClientClosedError" in caplog.text


def _raise(_told: object) -> None:
    raise ValueError("broken")


class TestMaking:
    """How hooks are given to a client."""

    async def _coroutine(self, told: object) -> None:
        """A hook that nobody would await."""

    class _Asynchronous:
        async def __call__(self, told: object) -> None:
            """The same."""

    @pytest.mark.parametrize("hook", HOOKS)
    def test_a_coroutine_function_is_refused(self, hook: str) -> None:
        """Nobody would await it; nor what is not callable at all."""
        wrong: list[Any] = [self._coroutine, functools.partial(self._coroutine, 1), self._Asynchronous(), "print", 7]
        for value in wrong:
            with pytest.raises(ConfigurationError, match=rf"hooks.*{hook}"):
                Hooks(**{hook: value})

    @pytest.mark.parametrize("wrong", [print, {"on_retry": print}, [print], "Hooks", Hooks, 7])
    @pytest.mark.parametrize("kind", [AsyncSkipUp, SkipUp])
    def test_what_are_no_hooks_is_refused(self, kind: Any, wrong: Any) -> None:
        """By the client they are given to."""
        with pytest.raises(ConfigurationError, match="hooks"):
            kind(KEY, hooks=wrong)

    def test_siblings_tell_the_same_hooks(self, make_driver: MakeDriver, emulator: Emulator, notes: Notes) -> None:
        """`with_options` keeps them."""
        driver = make_driver(emulator.api_key, base_url=emulator.url, hooks=notes.hooks)
        driver.call(lambda client: client.with_options(timeout=5.0).teams.list().collect())
        assert len(notes.of(CallEnd)) == 1

    def test_hooks_run_where_the_call_runs(self, emulator: Emulator) -> None:
        """The blocking client's in its own thread."""
        threads: list[str] = []
        hooks = Hooks(on_call_end=lambda _: threads.append(threading.current_thread().name))
        with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), hooks=hooks) as client:
            client.teams.list().collect()
        assert threads == ["skipup_async"]


class TestSecrecy:
    """Nothing that hooks are told shows the key; its words are none of a person's."""

    def test_no_event_shows_the_key_an_id_or_an_address(
        self, make_driver: MakeDriver, sleeper: Sleeper, notes: Notes
    ) -> None:
        """Of calls that succeed, and of calls that fail, with their errors and all that these hold."""
        with Emulator(key=KEY) as emulator:
            driver = make_driver(KEY, base_url=emulator.url, hooks=notes.hooks, timing=sleeper.timing)
            id = driver.call(create).id
            driver.call(lambda client: client.meeting_requests.pause(id))
            for path in (f"/meeting_requests/{id}", f"/meeting_requests/{id}/nothing", "/teams/tm.x~1", f"/{id}"):
                with suppress(SkipUpError):
                    driver.call(asking(path))
            emulator.fail(on="GET *", connection="reset")
            with suppress(SkipUpError):
                driver.call(team)
            with suppress(SkipUpError):
                driver.call(lambda client: client.meeting_requests.pause(id))
        for told in notes.told:
            error = getattr(told, "error", None)
            shown = repr(told) + str(told) + (everything_shown(error) if error is not None else "")
            assert KEY not in shown
            assert not any(private in told.route for private in (id, "tm.x", "alice"))
        routes = {told.route for told in notes.told}
        assert {"GET /meeting_requests/:id", "GET /meeting_requests/:id/nothing", "GET /teams/:id", "GET /:id"} < routes

    def test_what_a_server_says_is_fit_to_print(
        self, make_driver: MakeDriver, recorder: Recorder, notes: Notes
    ) -> None:
        """Its names for exchanges, and its headers about the limit."""
        recorder.answer({"data": [], "meta": {}}, headers={"X-Request-Id": "é" * 900, "RateLimit-Policy": "x" * 900})
        make_driver(KEY, base_url=recorder.url, hooks=notes.hooks).call(lambda client: client.teams.list().collect())
        end = notes.only(CallEnd)
        assert end.request_id is not None
        assert max(len(end.request_id), len(end.rate_limit_headers["ratelimit-policy"])) <= 200


class UnreachableLimiter:
    """A limiter that keeps its permits elsewhere: it looks for a second, and *times* finds nobody there."""

    def __init__(self, sleeper: Sleeper, times: int) -> None:
        self._sleeper = sleeper
        self._times = times

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Look for a second, then let the call in or fail."""
        self._sleeper.now += 1.0
        if self._times:
            self._times -= 1
            raise APIConnectionError("the limiter cannot be reached")
        yield

    def pause(self, seconds: float) -> None:
        """Nobody is refused here."""


class TestALimiterThatFails:
    """The call is tried again, as after any fault, and its times add up."""

    def test_every_wait_for_it_counts(
        self, make_driver: MakeDriver, sleeper: Sleeper, recorder: Recorder, notes: Notes
    ) -> None:
        """Those that ended in an error too, and no backoff is one of them."""
        recorder.answer({"data": [], "meta": {}})
        limiter = UnreachableLimiter(sleeper, times=2)
        options = {"base_url": recorder.url, "limiter": limiter, "hooks": notes.hooks, "timing": sleeper.timing}
        make_driver(KEY, **options).call(lambda client: client.teams.list().first_page())
        timing = notes.only(CallEnd).timing
        assert timing.queue == pytest.approx(3.0)
        assert timing.backoff == pytest.approx(sum(sleeper.slept)) == pytest.approx(0.75)
        assert timing.total == pytest.approx(timing.queue + timing.network + timing.backoff)
        assert notes.only(LimitWait).seconds == pytest.approx(3.0)

    def test_a_backoff_that_is_cancelled_is_not_counted_twice(
        self, sleeper: Sleeper, recorder: Recorder, notes: Notes
    ) -> None:
        """Nobody waits for the limiter in it."""

        async def cancelled(seconds: float) -> None:
            sleeper.now += seconds
            raise asyncio.CancelledError

        async def main() -> None:
            timing = Timing(sleeper.clock, cancelled, sleeper.chance)
            kind = type("AsyncSkipUp", (AsyncSkipUp,), {"_timing": timing})
            limiter = UnreachableLimiter(sleeper, times=9)
            async with kind(KEY, base_url=recorder.url, limiter=limiter, hooks=notes.hooks) as client:
                await client.teams.list().first_page()

        with pytest.raises(asyncio.CancelledError):
            asyncio.run(main())
        assert notes.only(CallEnd).timing == CallTiming(queue=1.0, backoff=0.25, total=1.25)


def test_with_nobody_listening_nothing_is_built(emulator: Emulator) -> None:
    """No listener, no log: a call has no observer."""

    async def observers() -> list[object]:
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
            seen: list[object] = []
            exchange = vars(client.sender)["_connections"].exchange

            async def watched(call: Any, *rest: Any) -> Any:
                seen.append(call.observer)
                return await exchange(call, *rest)

            vars(client.sender)["_connections"].exchange = watched
            await client.teams.list().collect()
            return seen

    assert asyncio.run(observers()) == [None]


def test_an_attempt_is_told_before_it_is_sent(make_driver: MakeDriver, recorder: Recorder) -> None:
    """While its request is not there yet, in its place in the limit."""
    seen: list[int] = []
    recorder.answer({"data": [], "meta": {}})
    hooks = Hooks(
        on_request=lambda told: seen.append(len(recorder.seen) + told.attempt * 100),
        on_response=lambda told: seen.append(len(recorder.seen) + told.attempt * 100),
    )
    make_driver(KEY, base_url=recorder.url, hooks=hooks).call(lambda client: client.teams.list().collect())
    assert seen == [100, 101]
