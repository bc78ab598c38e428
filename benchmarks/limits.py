"""How four ways to keep a rate limit fare against four ways to count it, on virtual time and the same jitter."""

import argparse
import asyncio
import random
import statistics
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import get_args

import attrs
from aiolimiter import AsyncLimiter

from benchmarks.simulation import JITTER, Outcome, Peer, Ranked, fan_out
from skipup_async.core.limits import TokenBucket
from skipup_async.emulator.windows import Kind

__all__ = ["main"]

RATE, PER = 120, 60.0

#: How the services count, in the words of the table.
SERVICES: dict[Kind, str] = {
    "fixed": "fixed window",
    "sliding": "sliding window",
    "token": "token bucket",
    "weighted": "weighted two-window counter",
}


def ours(chance: random.Random) -> Ranked:
    """The default limiter of this package."""
    return Ranked(TokenBucket(RATE, PER, clock=asyncio.get_running_loop().time), chance)


class Bare:
    """A bare `AsyncLimiter`: every call that is refused waits for its Retry-After and stands in line again."""

    def __init__(self, limiter: AsyncLimiter, chance: random.Random) -> None:
        self._limiter = limiter
        self._chance = chance

    def slot(self, sends: int) -> AbstractAsyncContextManager[object]:
        """Return the limiter itself."""
        return self._limiter

    async def refused(self, sends: int, retry_after: float) -> None:
        """Wait alone."""
        await asyncio.sleep(retry_after + self._chance.uniform(0, 1))


class Backoff:
    """No limiter: exponential backoff with full jitter, up to eight seconds, until the service gives in."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def slot(self, sends: int) -> AbstractAsyncContextManager[object]:
        """Return a way with no obstacle."""
        return nullcontext()

    async def refused(self, sends: int, retry_after: float) -> None:
        """Wait longer each time."""
        await asyncio.sleep(self._chance.uniform(0, min(8.0, 0.5 * 2 ** min(sends, 10))))


PEERS: dict[str, Peer] = {
    "`TokenBucket(120)`": ours,
    "`AsyncLimiter(120, 60)`": lambda chance: Bare(AsyncLimiter(120, 60), chance),
    "`AsyncLimiter(20, 12)`": lambda chance: Bare(AsyncLimiter(20, 12), chance),
    "backoff alone": Backoff,
}


@attrs.frozen
class _Cell:
    """The outcomes of one peer at one service, one for each seed."""

    outcomes: Sequence[Outcome]

    @property
    def refusals(self) -> str:
        found = [outcome.refusals for outcome in self.outcomes]
        return f"{statistics.median(found):,.0f} [{max(found):,}]"

    def finished(self, optimum: float) -> str:
        return f"{statistics.median(outcome.finished for outcome in self.outcomes) / optimum:.3f}"

    @property
    def cpu(self) -> str:
        return f"{statistics.median(outcome.cpu for outcome in self.outcomes):,.0f}"


def optimum(calls: int, rival: float) -> float:
    """Return the shortest time in which *calls* calls can be answered: the first full window leaves at once."""
    if rival:
        return max(0.0, calls - RATE) / (RATE - rival) * PER
    return (calls - 1) // RATE * PER


def table(calls: int, rival: float, seeds: int) -> str:
    """Return the Markdown table of one setting."""
    lines = [
        "| service counts by | limiter | 429s: median [most] | time / optimum | CPU, µs a call |",
        "|---|---|--:|--:|--:|",
    ]
    for kind, name in SERVICES.items():
        for peer, make in PEERS.items():
            cell = _Cell([fan_out(make, kind, seed=seed, calls=calls, rival=rival) for seed in range(seeds)])
            lines.append(f"| {name} | {peer} | {cell.refusals} | {cell.finished(optimum(calls, rival))} | {cell.cpu} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Print both tables: alone on the key, and beside another program."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks limits", description=__doc__)
    parser.add_argument("--calls", type=int, default=600, help="calls made at once (600)")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each cell (5)")
    parser.add_argument("--rival", type=float, default=40.0, help="requests a minute of another program (40)")
    chosen = parser.parse_args(arguments)
    assert set(SERVICES) == set(get_args(Kind))
    print(
        f"{chosen.calls} calls at once, {RATE} a minute, up to {JITTER * 1000:.0f} ms each way, {chosen.seeds} runs; "
        "virtual time; CPU with the simulation's own.\n"
    )
    print(table(chosen.calls, 0.0, chosen.seeds))
    print(f"\nThe same beside another program that spends {chosen.rival:g} a minute on the same key:\n")
    print(table(chosen.calls, chosen.rival, chosen.seeds))
