"""The limit through the real clients, counted at a server on a real socket; a minute takes a second."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs
import pytest

from skipup_async import AsyncSkipUp, RetryPolicy, SkipUp, TokenBucket, Unlimited
from skipup_async.emulator import Emulator
from skipup_async.emulator.windows import Kind, RateLimit
from tests.waiting import until

pytestmark = pytest.mark.anyio

RATE, PER = 120, 1.0
_SCALED = attrs.evolve(AsyncSkipUp.dialect, limits=((RATE, PER),))


class ScaledAsyncSkipUp(AsyncSkipUp):
    """The awaited client under a limit of 120 a second."""

    dialect = _SCALED


class ScaledSkipUp(SkipUp):
    """The blocking client under a limit of 120 a second."""

    dialect = _SCALED


@pytest.fixture
def strict() -> Iterator[Emulator]:
    """An emulator in a thread that answers 429 to a call too many in any second."""
    with Emulator(rate_limit=RateLimit(RATE, per=PER, window="sliding")) as emulator:
        yield emulator


def statuses(emulator: Emulator) -> dict[int | None, int]:
    """How many requests met each status."""
    met = [received.status for received in emulator.requests]
    return {status: met.count(status) for status in met}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["fixed", "sliding", "token"])
async def test_a_fan_out_meets_no_429(kind: Kind) -> None:
    """300 calls at once are all answered, and the server refuses none, however it counts."""
    async with Emulator(rate_limit=RateLimit(RATE, per=PER, window=kind)) as emulator:
        async with ScaledAsyncSkipUp(emulator.api_key, base_url=emulator.url) as client:
            await asyncio.gather(*(client.teams.list().first_page() for _ in range(300)))
        assert statuses(emulator) == {200: 300}


@pytest.mark.slow
def test_an_awaited_and_a_blocking_client_of_one_key_share_its_limit(strict: Emulator) -> None:
    """Both at once, on their own loops: the server refuses neither."""

    async def awaited() -> None:
        async with ScaledAsyncSkipUp(strict.api_key, base_url=strict.url) as client:
            await asyncio.gather(*(client.teams.list().first_page() for _ in range(150)))

    beside = threading.Thread(target=asyncio.run, args=(awaited(),))
    beside.start()
    with ScaledSkipUp(strict.api_key, base_url=strict.url) as client, ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(client.teams.list().first_page) for _ in range(150)]
        for answer in answers:
            answer.result(timeout=30)
    beside.join(timeout=30)
    assert statuses(strict) == {200: 300}


@pytest.mark.slow
def test_a_client_made_again_ten_times_keeps_one_limit(strict: Emulator) -> None:
    """As in a notebook cell that is run again and again."""
    for _ in range(10):
        with ScaledSkipUp(strict.api_key, base_url=strict.url) as client, ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(client.teams.list().first_page) for _ in range(30)]
            for answer in answers:
                answer.result(timeout=30)
    assert statuses(strict) == {200: 300}


class Turnstile:
    """A limiter of a user's own: no rank, no window, but it counts."""

    def __init__(self) -> None:
        self.entered = 0
        self.pauses: list[float] = []

    def slot(self) -> "Turnstile":
        """Return the turnstile itself."""
        return self

    async def __aenter__(self) -> None:
        self.entered += 1

    async def __aexit__(self, *_: object) -> None:
        pass

    def pause(self, seconds: float) -> None:
        """Remember it."""
        self.pauses.append(seconds)


async def test_every_wire_send_takes_a_slot() -> None:
    """Pages and retries too: the limiter lets in exactly what the server receives."""
    async with Emulator() as emulator:
        limiter = Turnstile()
        async with AsyncSkipUp(
            emulator.api_key, base_url=emulator.url, limiter=limiter, retry=RetryPolicy(backoff=0.001)
        ) as client:
            emulator.fail(next=2, status=503)
            await client.workspace_members.list(limit=1).collect()
        assert limiter.entered == len(emulator.requests) == 4


async def test_a_limiter_of_ones_own_hears_of_a_429() -> None:
    """It is paused for no less than the server asked."""
    async with Emulator() as emulator:
        limiter = Turnstile()
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
            emulator.fail(status=429, headers={"Retry-After": "0.1"})
            await client.teams.list().first_page()
        (pause,) = limiter.pauses
        assert 0.1 <= pause <= 0.2


@pytest.mark.parametrize("limiter", [Unlimited(), TokenBucket(1000, per=1.0)], ids=repr)
async def test_a_storm_of_429s_lets_one_probe_through_at_a_time(limiter: Any) -> None:
    """After a hundred refusals at once the server sees one request for each Retry-After, until it answers."""
    async with Emulator() as emulator:
        patient = RetryPolicy(quota=10_000)
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter, retry=patient) as client:
            emulator.fail(next=103, status=429, headers={"Retry-After": "0.1"})
            await asyncio.gather(*(client.teams.list().first_page() for _ in range(100)))
        assert statuses(emulator) == {429: 103, 200: 100}


async def test_a_refused_call_is_told_how_long_everyone_waits() -> None:
    """While the gate is shut `rate_limit` says for how long."""
    async with Emulator() as emulator:
        limiter = TokenBucket(RATE)
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
            emulator.fail(status=429, headers={"Retry-After": "30"})
            waiting = asyncio.create_task(client.teams.list().first_page())
            await until(lambda: client.rate_limit.paused_for > 0)
            assert 25 < client.rate_limit.paused_for <= 31
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def test_a_remaining_of_zero_holds_everyone_until_the_reset() -> None:
    """The server's own word that nothing is left closes the gate before the first 429."""
    async with Emulator() as emulator:
        limiter = TokenBucket(RATE)
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
            emulator.fail(
                status=200,
                body={"data": [], "meta": {"limit": 25, "has_more": False}},
                headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "20"},
            )
            await client.teams.list().first_page()
            assert 15 < client.rate_limit.paused_for <= 20


async def test_interactive_calls_overtake_queued_bulk_calls() -> None:
    """With `priority="interactive"` a call leaves before those that queued earlier."""
    async with Emulator() as emulator:
        limiter = TokenBucket(1, per=0.2)
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as client:
            await client.teams.list().first_page()
            bulk = [asyncio.create_task(client.teams.list(limit=50).first_page()) for _ in range(3)]
            await until(lambda: client.rate_limit.waiting == 3)
            await client.with_options(priority="interactive").teams.list(limit=1).first_page()
            await asyncio.gather(*bulk)
        assert [received.query.get("limit") for received in emulator.requests] == [None, "1", "50", "50", "50"]
