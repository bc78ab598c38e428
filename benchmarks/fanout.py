"""Fan-out beside a hand-written semaphore loop over the same client: throughput, and memory over many items."""

import argparse
import asyncio
import resource
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from benchmarks.server import running_server
from skipup_async import AsyncSkipUp, MeetingRequest, Unlimited

_WIDTH = 50
_TARGET = 0.90
_MOST_MEBIBYTES = 50.0

Call = Callable[[str], Awaitable[MeetingRequest]]


def _ids(count: int) -> Iterator[str]:
    return (f"mr_{number}" for number in range(count))


async def _semaphore_loop(call: Call, count: int) -> None:
    """What a careful script does by hand: at most so many at once, every task kept."""
    semaphore = asyncio.Semaphore(_WIDTH)

    async def one(id: str) -> MeetingRequest:
        async with semaphore:
            return await call(id)

    await asyncio.gather(*[one(id) for id in _ids(count)])


async def _fan_out(skipup: AsyncSkipUp, count: int, *, keep: bool = True) -> None:
    report = await skipup.fan_out(skipup.meeting_requests.get, _ids(count), max_concurrency=_WIDTH, keep=keep)
    assert report.succeeded == count, report


async def _iterated(skipup: AsyncSkipUp, count: int) -> None:
    done = 0
    async for outcome in skipup.fan_out(skipup.meeting_requests.get, _ids(count), max_concurrency=_WIDTH):
        done += outcome.ok
    assert done == count


async def _timed(work: Awaitable[None]) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun


async def _throughput(url: str, calls: int, rounds: int) -> tuple[float, float, float]:
    """Calls a second by hand and by fan_out, and the median of the rounds' ratios."""
    async with AsyncSkipUp("sk_test_benchmark", base_url=url, limiter=Unlimited()) as skipup:
        by_hand, ours = [], []
        await _semaphore_loop(skipup.meeting_requests.get, calls // 4)
        for number in range(rounds):
            runs = [
                (by_hand, _semaphore_loop(skipup.meeting_requests.get, calls)),
                (ours, _fan_out(skipup, calls)),
            ]
            for taken, work in runs if number % 2 else reversed(runs):
                taken.append(await _timed(work))
    ratios = [hand / own for hand, own in zip(by_hand, ours, strict=True)]
    return calls / statistics.median(by_hand), calls / statistics.median(ours), statistics.median(ratios)


def _mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


async def _growth(url: str, items: int) -> dict[str, float]:
    """MiB of peak memory that each way of fanning out adds after its first twentieth."""
    grown = {}
    async with AsyncSkipUp("sk_test_benchmark", base_url=url, limiter=Unlimited()) as skipup:
        await _iterated(skipup, items // 20)
        before = _mebibytes()
        await _iterated(skipup, items)
        grown["iterated"] = _mebibytes() - before
        before = _mebibytes()
        await _fan_out(skipup, items, keep=False)
        grown["keep=False"] = _mebibytes() - before
    return grown


def main(arguments: Sequence[str]) -> None:
    """Print the figures as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fanout", description=__doc__)
    parser.add_argument("--calls", type=int, default=3000, help="calls in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--items", type=int, default=100_000, help="items for the memory")
    options = parser.parse_args(arguments)
    with running_server() as url:
        by_hand, ours, ratio = asyncio.run(_throughput(url, options.calls, options.rounds))
        grown = asyncio.run(_growth(url, options.items))
    print(f"| {_WIDTH} at once | calls/s | x by hand |\n|---|---|---|")
    print(f"| `asyncio.Semaphore` by hand | {by_hand:,.0f} | 1.00 |")
    print(f"| `fan_out` | {ours:,.0f} | {ratio:.2f} |\n")
    print(f"Throughput at least {_TARGET:.2f} of the loop by hand: {'yes' if ratio >= _TARGET else 'NO'}.\n")
    print(f"| {options.items:,} items | MiB more at the peak |\n|---|---|")
    for way, mebibytes in grown.items():
        print(f"| {way} | {mebibytes:.1f} |")
    print(f"\nUnder {_MOST_MEBIBYTES:.0f} MiB: {'yes' if max(grown.values()) < _MOST_MEBIBYTES else 'NO'}.")
