"""How four ways to keep a rate limit fare against four ways to count it, on virtual time and the same jitter."""

import argparse
import asyncio
import random
import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import get_args

import attrs
from aiolimiter import AsyncLimiter

from benchmarks.report import Verdict, at_most, conclusion, table
from benchmarks.simulation import JITTER, Outcome, Peer, Ranked, fan_out
from skipup_async.core.limits import TokenBucket
from skipup_async.emulator.windows import Kind

__all__ = ["main"]

RATE, PER = 120, 60.0
_OURS = "`TokenBucket(120)`"

#: What 600 calls may meet at most, alone and beside a program that spends 40 a minute; and their time to the optimum.
MOST_429S: dict[Kind, int] = {"fixed": 0, "sliding": 0, "token": 0, "weighted": 50}
MOST_429S_BESIDE: dict[Kind, int] = {"fixed": 45, "sliding": 45, "token": 45, "weighted": 120}
MOST_TIME = 1.03

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
    _OURS: ours,
    "`AsyncLimiter(120, 60)`": lambda chance: Bare(AsyncLimiter(120, 60), chance),
    "`AsyncLimiter(20, 12)`": lambda chance: Bare(AsyncLimiter(20, 12), chance),
    "backoff alone": Backoff,
}


@attrs.frozen
class _Cell:
    """The outcomes of one peer at one service, one for each seed."""

    outcomes: Sequence[Outcome]

    @property
    def refusals(self) -> Sequence[int]:
        """The 429s of each run."""
        return [outcome.refusals for outcome in self.outcomes]

    def finished(self, optimum: float) -> float:
        """The median time of the last answer, as a multiple of the *optimum*."""
        return statistics.median(outcome.finished for outcome in self.outcomes) / optimum

    @property
    def cpu(self) -> float:
        """Microseconds for each call."""
        return statistics.median(outcome.cpu for outcome in self.outcomes)


_Cells = Mapping[tuple[Kind, str], _Cell]


def optimum(calls: int, rival: float) -> float:
    """Return the shortest time in which *calls* calls can be answered: the first full window leaves at once."""
    if rival:
        return max(0.0, calls - RATE) / (RATE - rival) * PER
    return (calls - 1) // RATE * PER


def _measure(calls: int, rival: float, seeds: int) -> _Cells:
    return {
        (kind, peer): _Cell([fan_out(make, kind, seed=seed, calls=calls, rival=rival) for seed in range(seeds)])
        for kind in SERVICES
        for peer, make in PEERS.items()
    }


def _table(cells: _Cells, optimum: float) -> str:
    rows = [
        [
            SERVICES[kind],
            peer,
            f"{statistics.median(cell.refusals):,.0f} [{max(cell.refusals):,}]",
            f"{cell.finished(optimum):.3f}",
            f"{cell.cpu:,.0f}",
        ]
        for (kind, peer), cell in cells.items()
    ]
    head = ["service counts by", "limiter", "429s: median [most]", "time / optimum", "CPU, µs a call"]
    return table(head, rows, texts=2)


def _verdicts(alone: _Cells, beside: _Cells, optimum: float) -> Iterator[Verdict]:
    for kind, name in SERVICES.items():
        cell = alone[kind, _OURS]
        yield at_most(f"429s, {name}", max(cell.refusals), MOST_429S[kind], "", 0)
        if kind != "weighted":
            yield at_most(f"time to the optimum, {name}", cell.finished(optimum), MOST_TIME, digits=3)
    for kind, name in SERVICES.items():
        yield at_most(
            f"429s, {name}, beside the other", max(beside[kind, _OURS].refusals), MOST_429S_BESIDE[kind], "", 0
        )


def main(arguments: Sequence[str]) -> int:
    """Print both tables, alone on the key and beside another program, and the verdicts; 0 where all are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks limits", description=__doc__)
    parser.add_argument("--calls", type=int, default=600, help="calls made at once (600, which the targets are for)")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each cell (5)")
    parser.add_argument("--rival", type=float, default=40.0, help="requests a minute of another program (40)")
    chosen = parser.parse_args(arguments)
    assert set(SERVICES) == set(get_args(Kind))
    alone = _measure(chosen.calls, 0.0, chosen.seeds)
    beside = _measure(chosen.calls, chosen.rival, chosen.seeds)
    print(
        f"{chosen.calls} calls at once, {RATE} a minute, up to {JITTER * 1000:.0f} ms each way, {chosen.seeds} runs; "
        "virtual time; CPU with the simulation's own.\n"
    )
    print(_table(alone, optimum(chosen.calls, 0.0)))
    print(f"\nThe same beside another program that spends {chosen.rival:g} a minute on the same key:\n")
    print(_table(beside, optimum(chosen.calls, chosen.rival)), end="\n\n")
    lines, code = conclusion(_verdicts(alone, beside, optimum(chosen.calls, 0.0)))
    print(lines)
    return code
