"""What one blocking call costs beside the same call awaited, and beside the blocking clients people know."""

import argparse
import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, contextmanager

import attrs
import httpx
import requests

from benchmarks.server import running_server
from skipup_async import AsyncSkipUp, SkipUp, Unlimited

__all__ = ["main"]

#: What a blocking call may cost above the awaited one, in microseconds of CPU.
MOST = 200.0
_KEY = "sk_test_benchmark_00000000000000"
_ID = "mr_1"

#: Makes so many calls, one after the other.
Caller = Callable[[int], None]

_OURS, _AWAITED = "`SkipUp`", "`AsyncSkipUp`, awaited"


@contextmanager
def _callers(url: str) -> Generator[dict[str, Caller]]:
    """Every client, with a connection that is open already."""
    headers = {"Authorization": f"Bearer {_KEY}"}
    place = f"{url}/meeting_requests/{_ID}"
    with ExitStack() as stack:
        skipup = stack.enter_context(SkipUp(_KEY, base_url=url, limiter=Unlimited()))
        runner = stack.enter_context(asyncio.Runner())
        awaited = AsyncSkipUp(_KEY, base_url=url, limiter=Unlimited())
        stack.callback(lambda: runner.run(awaited.aclose()))
        of_httpx = stack.enter_context(httpx.Client(headers=headers))
        of_requests = stack.enter_context(requests.Session())
        of_requests.headers.update(headers)

        async def fetch(calls: int) -> None:
            for _ in range(calls):
                await awaited.meeting_requests.get(_ID)

        yield {
            _AWAITED: lambda calls: runner.run(fetch(calls)),
            _OURS: _repeated(lambda: skipup.meeting_requests.get(_ID)),
            "`httpx.Client`, to a dict": _repeated(lambda: of_httpx.get(place).json()),
            "`requests.Session`, to a dict": _repeated(lambda: of_requests.get(place).json()),
        }


def _repeated(call: Callable[[], object]) -> Caller:
    def caller(calls: int) -> None:
        for _ in range(calls):
            call()

    return caller


@attrs.frozen
class _Cost:
    """Microseconds a call, each round's beside the same round's of the others."""

    cpu: list[float] = attrs.field(factory=list[float])
    wall: list[float] = attrs.field(factory=list[float])

    def add(self, caller: Caller, calls: int) -> None:
        """Measure one round."""
        cpu, wall = time.process_time(), time.perf_counter()
        caller(calls)
        self.cpu.append((time.process_time() - cpu) / calls * 1e6)
        self.wall.append((time.perf_counter() - wall) / calls * 1e6)


def measure(calls: int, rounds: int) -> dict[str, _Cost]:
    """Time every client *rounds* times in turn, so that a slow moment of the machine meets all of them."""
    with running_server() as url, _callers(url) as callers:
        costs = {name: _Cost() for name in callers}
        for caller in callers.values():
            caller(50)
        for number in range(rounds):
            names = list(callers) if number % 2 else list(reversed(callers))
            for name in names:
                costs[name].add(callers[name], calls)
    return costs


def above(costs: dict[str, _Cost]) -> float:
    """Microseconds of CPU that a blocking call costs above the awaited one: the median over the rounds."""
    pairs = zip(costs[_OURS].cpu, costs[_AWAITED].cpu, strict=True)
    return statistics.median(ours - awaited for ours, awaited in pairs)


def table(costs: dict[str, _Cost]) -> str:
    """Return the Markdown table of *costs*."""
    ours = costs[_OURS].cpu
    lines = ["| client | CPU, µs a call | time, µs a call | CPU / ours |", "|---|--:|--:|--:|"]
    for name, cost in costs.items():
        ratio = statistics.median(cpu / own for cpu, own in zip(cost.cpu, ours, strict=True))
        lines.append(
            f"| {name} | {statistics.median(cost.cpu):.0f} | {statistics.median(cost.wall):.0f} | {ratio:.2f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Print the table, and whether the promise is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks blocking", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="calls of each client in a round (300)")
    parser.add_argument("--rounds", type=int, default=9, help="rounds, each client once in each (9)")
    chosen = parser.parse_args(arguments)
    costs = measure(chosen.calls, chosen.rounds)
    extra = above(costs)
    print(f"One object at a time over one connection, {chosen.rounds} rounds of {chosen.calls} calls in turn.\n")
    print(table(costs))
    print(f"\nA blocking call costs {extra:.0f} µs of CPU above the awaited one; the promise is at most {MOST:.0f}.")
    sys.exit(0 if extra <= MOST else 1)
