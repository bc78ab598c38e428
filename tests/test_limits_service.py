"""The limit as a service counts it, on virtual time: 600 calls at once over a jittery network."""

import asyncio
import gc
import random
import time

import pytest

from benchmarks.simulation import Outcome, Ranked, fan_out
from skipup_async.core.limits import TokenBucket
from skipup_async.emulator.windows import Kind
from tests.virtual_loop import run_virtually

#: What 600 calls take at 120 a minute, if the first 120 leave at once and answers take no time.
OPTIMUM = 240.0

every_seed = pytest.mark.parametrize("seed", range(5))


def ours(chance: random.Random) -> Ranked:
    """The default limiter."""
    return Ranked(TokenBucket(120, clock=asyncio.get_running_loop().time), chance)


def busiest(outcome: Outcome) -> int:
    """The most requests that any 60 seconds at the service saw."""
    seen = sorted(outcome.let_in)
    return max(sum(first <= time < first + 60 for time in seen) for first in seen)


@every_seed
@pytest.mark.parametrize("kind", ["fixed", "sliding", "token"])
def test_a_fan_out_meets_no_429(kind: Kind, seed: int) -> None:
    """600 calls meet not one 429, and end within 3 % of the shortest time there is."""
    outcome = fan_out(ours, kind, seed=seed)
    assert outcome.refusals == 0
    assert outcome.finished <= 1.03 * OPTIMUM
    assert busiest(outcome) <= 120


@every_seed
def test_a_fan_out_settles_against_a_weighted_counter(seed: int) -> None:
    """Where a burst counts on into the next window, at most 50 requests of 600 calls are refused, and all answered."""
    outcome = fan_out(ours, "weighted", seed=seed)
    assert outcome.refusals <= 50
    assert len(outcome.let_in) == 600


@every_seed
@pytest.mark.parametrize(("kind", "most"), [("fixed", 45), ("sliding", 45), ("token", 45), ("weighted", 120)])
def test_a_fan_out_settles_beside_another_program(kind: Kind, most: int, seed: int) -> None:
    """Beside a program that spends 40 a minute on the same key, few calls meet a 429, and every call is answered."""
    assert fan_out(ours, kind, seed=seed, rival=40).refused_calls <= most


@pytest.mark.cost
def test_a_call_costs_little_while_ten_thousand_wait() -> None:
    """Queueing and releasing one of 10,000 waiting calls costs less than 50 µs of CPU."""

    async def main() -> float:
        limiter = TokenBucket(120, clock=asyncio.get_running_loop().time)

        async def call() -> None:
            async with limiter.slot():
                pass

        began = time.process_time()
        await asyncio.gather(*(call() for _ in range(10_000)))
        return (time.process_time() - began) / 10_000 * 1e6

    gc.freeze()  # what the other tests left behind is not this limiter's to look through
    try:
        assert min(run_virtually(main()) for _ in range(3)) < 50
    finally:
        gc.unfreeze()
