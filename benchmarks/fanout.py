"""Fan-out beside a hand-written semaphore loop over the same client: throughput, and memory over many items."""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence

from benchmarks.machine import peak_mebibytes, settle
from benchmarks.peers import KEY
from benchmarks.report import Control, at_least, below, conclusion, median_ratio, table
from benchmarks.server import running_server
from skipup_async import AsyncSkipUp, MeetingRequest, Unlimited

__all__ = ["main"]

_WIDTH = 50
#: Throughput to the loop by hand at least, and MiB more at the peak.
LEAST, MOST_MEMORY = 0.90, 50.0
_BY_HAND, _OURS, _AGAIN = "`asyncio.Semaphore` by hand", "`fan_out`", "`asyncio.Semaphore` again"

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


async def _throughput(url: str, calls: int, rounds: int) -> dict[str, list[float]]:
    """Calls a second by each way, round by round."""
    found: dict[str, list[float]] = {_BY_HAND: [], _OURS: [], _AGAIN: []}
    async with AsyncSkipUp(KEY, base_url=url, limiter=Unlimited()) as skipup:
        call = skipup.meeting_requests.get
        await _semaphore_loop(call, calls // 4)
        for number in range(rounds):
            ways = {
                _BY_HAND: lambda: _semaphore_loop(call, calls),
                _OURS: lambda: _fan_out(skipup, calls),
                _AGAIN: lambda: _semaphore_loop(call, calls),
            }
            for way in ways if number % 2 else reversed(ways):
                found[way].append(calls / await _timed(ways[way]()))
    return found


async def _growth(url: str, items: int) -> dict[str, float]:
    """MiB of peak memory that each way of fanning out adds after its first twentieth."""
    grown = {}
    async with AsyncSkipUp(KEY, base_url=url, limiter=Unlimited()) as skipup:
        await _iterated(skipup, items // 20)
        before = peak_mebibytes()
        await _iterated(skipup, items)
        grown["iterated"] = peak_mebibytes() - before
        before = peak_mebibytes()
        await _fan_out(skipup, items, keep=False)
        grown["`keep=False`"] = peak_mebibytes() - before
    return grown


def main(arguments: Sequence[str]) -> int:
    """Print the tables and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fanout", description=__doc__)
    parser.add_argument("--calls", type=int, default=3000, help="calls in a round (3000)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds, each way once in each (9)")
    parser.add_argument("--items", type=int, default=100_000, help="items for the memory (100000)")
    chosen = parser.parse_args(arguments)
    settle()
    with running_server() as url:
        found = asyncio.run(_throughput(url, chosen.calls, chosen.rounds))
        grown = asyncio.run(_growth(url, chosen.items))
    ratios = {way: median_ratio(each, found[_BY_HAND]) for way, each in found.items()}
    print(f"{chosen.calls:,} calls, medians of {chosen.rounds} rounds in turn, ratios within a round:\n")
    rows = [[way, f"{statistics.median(each):,.0f}", f"{ratios[way]:.2f}"] for way, each in found.items()]
    print(table([f"{_WIDTH} at once", "calls a second", "× by hand"], rows), end="\n\n")
    rows = [[way, f"{mebibytes:.1f}"] for way, mebibytes in grown.items()]
    print(table([f"{chosen.items:,} items", "MiB more at the peak"], rows), end="\n\n")
    verdicts = [
        at_least("throughput to the loop by hand", ratios[_OURS], LEAST),
        below(f"memory over {chosen.items:,} items", max(grown.values()), MOST_MEMORY, "MiB"),
    ]
    lines, code = conclusion(verdicts, Control({"": ratios[_AGAIN]}))
    print(lines)
    return code
