"""The watch over attempts: one that takes too long ends, a cancellation stays one, and one timer serves all."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from skipup_async.core.bounds import Bounds, attempt_bounds
from skipup_async.core.watch import SentTwiceError, Watch, Watchdog
from tests.virtual_loop import run_virtually

BOUNDS = Bounds(total=30.0, silence=20.0)


def now() -> float:
    """Seconds on the running loop's clock."""
    return asyncio.get_running_loop().time()


async def attempt(dog: Watchdog, bounds: Bounds, *pieces: float) -> float:
    """Wait for each of *pieces* under watch, and return when that came to its end."""
    try:
        with Watch(dog, bounds) as watch:
            for seconds in pieces:
                await asyncio.sleep(seconds)
                watch.heard()
    except TimeoutError:
        return now()
    return -now()


@pytest.mark.parametrize(
    ("pieces", "ends"),
    [((19.0,), -19.0), ((21.0,), 20.0), ((19.0, 10.5), -29.5), ((10.0, 10.0, 11.0), 30.0), ((5.0, 21.0), 25.0)],
)
def test_an_attempt_ends_at_its_first_long_silence_or_at_its_time_out(pieces: tuple[float, ...], ends: float) -> None:
    """Each sign of life begins the silence anew, and none moves the end of the whole; -19.0 is 19 s without a fault."""
    assert run_virtually(attempt(Watchdog(), BOUNDS, *pieces)) == pytest.approx(ends, abs=0.001)


def test_attempts_end_each_at_its_own_time() -> None:
    """Whatever the order they began in, and though one timer rings for all."""

    async def main() -> list[float]:
        dog = Watchdog()
        each = [Bounds(total, total) for total in (7.0, 3.0, 11.0, 3.5)]
        return list(await asyncio.gather(*[attempt(dog, bounds, 60.0) for bounds in each]))

    assert run_virtually(main()) == pytest.approx([7.0, 3.0, 11.0, 3.5], abs=0.001)


def test_a_thousand_attempts_share_one_timer() -> None:
    """The loop holds one timer of ours however many are under way, and none once the watchdog rests."""

    async def main() -> tuple[int, int]:
        loop: Any = asyncio.get_running_loop()
        dog, gone = Watchdog(), asyncio.Event()

        async def waiting() -> None:
            with Watch(dog, BOUNDS):
                await gone.wait()

        tasks = [asyncio.ensure_future(waiting()) for _ in range(1000)]
        await asyncio.sleep(0)
        timers = sum(not timer.cancelled() for timer in loop._scheduled)
        gone.set()
        await asyncio.gather(*tasks)
        dog.rest()
        return timers, sum(not timer.cancelled() for timer in loop._scheduled)

    assert run_virtually(main()) == (1, 0)


def test_the_timer_stays_while_something_is_under_way() -> None:
    """Rest is for a watchdog with nothing to watch: what is under way ends in time all the same."""

    async def main() -> float:
        dog = Watchdog()
        under_way = asyncio.ensure_future(attempt(dog, BOUNDS, 60.0))
        await asyncio.sleep(1)
        dog.rest()
        return await under_way

    assert run_virtually(main()) == pytest.approx(20.0, abs=0.001)


@pytest.mark.parametrize("first", ["the watch", "the caller"])
def test_a_cancellation_in_the_moment_of_the_time_out_is_a_cancellation(first: str) -> None:
    """Whichever comes first, the task is told that it is cancelled, and its request to end is not lost."""

    async def main() -> bool:
        dog = Watchdog()
        task = asyncio.ensure_future(attempt(dog, Bounds(5.0, 5.0), 60.0))
        if first == "the caller":
            asyncio.get_running_loop().call_at(5.0, task.cancel)
        await asyncio.sleep(0)
        if first == "the watch":
            asyncio.get_running_loop().call_at(5.0, task.cancel)
        await asyncio.wait([task])
        return task.cancelled()

    assert run_virtually(main())


def test_a_time_out_around_the_attempt_is_not_taken_for_its_own() -> None:
    """The outer one raises, since it was the outer one that rang."""

    async def main() -> str:
        try:
            async with asyncio.timeout(3):
                await attempt(Watchdog(), BOUNDS, 60.0)
        except TimeoutError:
            return "the outer"
        return "none"

    assert run_virtually(main()) == "the outer"


def test_an_attempt_without_bounds_is_never_ended() -> None:
    """`timeout=None` sets no timer at all."""

    async def main() -> float:
        return await attempt(Watchdog(), attempt_bounds(None), 1_000_000.0)

    assert run_virtually(main()) == pytest.approx(-1_000_000.0, abs=1)


def test_a_request_goes_out_once() -> None:
    """The second time the HTTP library sends, it is refused before anything leaves."""
    sent: list[str] = []

    async def send(request: str) -> str:
        sent.append(request)
        return "answer"

    async def main() -> str:
        with Watch(Watchdog(), BOUNDS) as watch:
            answer = await watch.send_once("GET", send)
            again: Callable[[str, Callable[[str], Awaitable[str]]], Awaitable[str]] = watch.send_once
            with pytest.raises(SentTwiceError):
                await again("GET", send)
        return answer

    assert run_virtually(main()) == "answer"
    assert sent == ["GET"]


def test_what_never_had_a_connection_never_left() -> None:
    """The watch over an attempt tells whether anything can have reached the service."""

    async def main() -> list[bool]:
        with Watch(Watchdog(), BOUNDS) as watch:
            before = watch.had_connection
            watch.connected()
        return [before, watch.had_connection]

    assert run_virtually(main()) == [False, True]
