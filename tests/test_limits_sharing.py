"""One limit for every client, event loop and thread of a process: counted by the clock all of them share."""

import asyncio
import contextlib
import gc
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any
from uuid import uuid4

import pytest

from skipup_async.core import limits
from skipup_async.core.limits import AllOf, RankedLimiter, TokenBucket, Unlimited, shared_limiter
from skipup_async.errors import APIConnectionError
from tests.waiting import until_threads

RATE, PER = 20, 0.3


@pytest.fixture
def key() -> str:
    """The hash of a key that no other test uses."""
    return uuid4().hex


class Counter:
    """A service that counts what reaches it."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    async def call(self, limiter: RankedLimiter) -> None:
        """Make one call; the service sees it at once."""
        async with limiter.slot():
            self.seen.append(time.monotonic())

    async def fan_out(self, limiter: RankedLimiter, calls: int) -> None:
        """Make *calls* calls at once."""
        await asyncio.gather(*(self.call(limiter) for _ in range(calls)))

    @property
    def busiest(self) -> int:
        """The most calls that any period saw."""
        return max(sum(first <= seen < first + PER for seen in self.seen) for first in self.seen)


def in_threads(*mains: Coroutine[Any, Any, None]) -> None:
    """Run each of *mains* on a loop in a thread of its own, at the same time."""
    threads = [threading.Thread(target=asyncio.run, args=(main,)) for main in mains]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)


@pytest.fixture
def counter() -> Iterator[Counter]:
    """A service that saw something."""
    service = Counter()
    yield service
    assert service.seen


def test_one_bucket_holds_for_all_loops_and_threads(counter: Counter) -> None:
    """Three loops in three threads together keep the limit of one bucket, and use it up."""
    bucket, began = TokenBucket(RATE, PER), time.monotonic()
    in_threads(*(counter.fan_out(bucket, 2 * RATE) for _ in range(3)))
    took = time.monotonic() - began
    assert (counter.busiest, len(counter.seen)) == (RATE, 6 * RATE)
    assert took == pytest.approx(5 * PER, rel=0.3)


def test_a_loop_after_another_goes_on_where_that_one_stood(counter: Counter) -> None:
    """A bucket used by one `asyncio.run` after another remembers what the first one spent."""
    bucket = TokenBucket(RATE, PER)
    for _ in range(3):
        asyncio.run(counter.fan_out(bucket, RATE))
    assert counter.busiest == RATE


def test_a_blocked_loop_holds_up_nobody_in_another(counter: Counter) -> None:
    """A call that waits at the head of a blocked loop keeps no permit from those of another loop.

    So it is in a notebook, whose loop stands still while a cell blocks.
    """
    bucket = TokenBucket(1, PER)

    async def waits_and_blocks() -> None:
        await counter.call(bucket)
        waiting = asyncio.create_task(counter.call(bucket))
        await asyncio.sleep(0)
        in_threads(counter.call(bucket))  # blocks this loop until it is through
        counter.seen.append(time.monotonic())
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(asyncio.wait_for(waits_and_blocks(), 10))
    assert len(counter.seen) == 3


def test_a_permit_given_back_unsent_wakes_a_call_in_another_loop() -> None:
    """A call of another thread does not sleep out its period when a permit comes back early."""
    bucket, refused, waits = TokenBucket(1, 600.0), threading.Event(), threading.Event()

    async def refuse() -> None:
        with contextlib.suppress(APIConnectionError):
            async with bucket.slot():
                waits.wait(10)
                raise APIConnectionError("refused")

    async def wait() -> None:
        async with bucket.slot():
            refused.set()

    refusing = threading.Thread(target=asyncio.run, args=(refuse(),))
    refusing.start()
    until_threads(lambda: not bucket.snapshot().available)
    waiting = threading.Thread(target=asyncio.run, args=(wait(),))
    waiting.start()
    until_threads(lambda: bucket.waiting == 1)
    waits.set()
    refusing.join(10)
    waiting.join(10)
    assert refused.is_set()


def test_a_pause_holds_for_all_loops(counter: Counter) -> None:
    """The 429 that one thread met shuts the gate of every other."""
    bucket, began = TokenBucket(RATE, PER), time.monotonic()
    bucket.pause(PER)
    in_threads(counter.call(bucket), counter.call(bucket))
    assert min(counter.seen) - began >= PER


def test_clients_of_one_key_and_place_share_a_limiter(key: str) -> None:
    """The same key, base URL and limit give the same limiter."""
    first = shared_limiter(key, "https://one.example", [(120, 60.0)])
    assert shared_limiter(key, "https://one.example", [(120, 60.0)]) is first


@pytest.mark.parametrize("other", ["key", "place", "limit"])
def test_other_keys_places_and_limits_have_limiters_of_their_own(key: str, other: str) -> None:
    """A limit is one key's at one place."""
    first = shared_limiter(key, "https://one.example", [(120, 60.0)])
    place = "https://two.example" if other == "place" else "https://one.example"
    rate = 60 if other == "limit" else 120
    assert shared_limiter(uuid4().hex if other == "key" else key, place, [(rate, 60.0)]) is not first


def test_a_service_without_a_limit_gets_an_unlimited_limiter(key: str) -> None:
    """No documented limit is no limit."""
    assert isinstance(shared_limiter(key, "https://one.example", []), Unlimited)


def test_a_service_with_several_limits_gets_all_of_them(key: str) -> None:
    """Two documented limits are kept together."""
    assert isinstance(shared_limiter(key, "https://one.example", [(2, 1.0), (100, 60.0)]), AllOf)


def test_what_a_client_spent_counts_after_it_is_gone(key: str, counter: Counter) -> None:
    """Ten clients, each gone before the next is made, as in a notebook cell that is run again."""
    for _ in range(10):
        limiter = shared_limiter(key, "https://one.example", [(RATE, PER)])
        asyncio.run(counter.fan_out(limiter, RATE // 2))
        del limiter
        gc.collect()
    assert counter.busiest <= RATE


def test_limiters_that_nobody_uses_and_nothing_is_owed_to_are_forgotten(key: str) -> None:
    """A thousand clients of a thousand keys leave next to nothing behind, and no more than still is in use."""
    in_use = len(limits._shared)  # pyright: ignore[reportPrivateUsage]
    for number in range(1000):
        shared_limiter(f"{key}{number}", "https://one.example", [(120, 60.0)])
    known = [name for name in limits._shared if name[0].startswith(key)]  # pyright: ignore[reportPrivateUsage]
    assert len(known) < in_use + 10


async def _one_call(limiter: RankedLimiter) -> None:
    async with limiter.slot():
        pass


def test_lines_of_closed_loops_are_forgotten() -> None:
    """A hundred loops that come and go, and whose calls had to wait, leave one line behind."""
    bucket = TokenBucket(1000, per=0.001, burst=1)
    for _ in range(100):
        asyncio.run(_one_call(bucket))
    assert len(bucket._lines) == 1  # pyright: ignore[reportPrivateUsage]
