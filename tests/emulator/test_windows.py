"""The four windows of a rate limit, as plain function calls on times of our choosing."""

from __future__ import annotations

import random

import pytest

from skipup_async.emulator.windows import Kind, RateLimit, window

KINDS: list[Kind] = ["fixed", "sliding", "token", "weighted"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_lets_in_its_limit_and_no_more(kind: Kind) -> None:
    """Of any number that arrive at one moment, and counts down to 0."""
    counted = window(RateLimit(3, per=60, window=kind))
    verdicts = [counted.admit(100.0) for _ in range(5)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False, False]
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0, 0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(20))
def test_a_refused_request_is_let_in_after_its_wait_and_not_before(kind: Kind, seed: int) -> None:
    """The wait that goes into Retry-After is exact, whatever came before."""
    chance = random.Random(seed)
    counted = window(RateLimit(chance.randint(1, 6), per=10, window=kind))
    now = 1000.0
    refusals = 0
    while refusals < 50:
        now += chance.choice([0.0, 0.3, 2.0])
        verdict = counted.admit(now)
        if verdict.allowed:
            continue
        refusals += 1
        assert not counted.admit(now + 0.99 * verdict.wait).allowed
        now += verdict.wait + 1e-6
        assert counted.admit(now).allowed


def most_in_any_window(kind: Kind) -> int:
    """How many a limit of 10 in 10 s lets in within the worst 10 s, when they come as they can."""
    counted = window(RateLimit(10, per=10, window=kind))
    let_in = [tick / 100 for tick in range(990, 6000) if counted.admit(tick / 100).allowed]
    return max(sum(start <= at < start + 10 for at in let_in) for start in let_in)


def test_a_sliding_window_holds_in_every_period() -> None:
    """Never more than the limit in any 10 seconds."""
    assert most_in_any_window("sliding") == 10


def test_a_token_bucket_gives_its_burst_and_its_rate() -> None:
    """A full bucket and what flows in while it empties."""
    assert most_in_any_window("token") == 19


def test_a_fixed_window_can_give_twice_the_limit() -> None:
    """Late in one window and early in the next: the edge that sliding windows do not have."""
    counted = window(RateLimit(10, per=10, window="fixed"))
    first, late = [counted.admit(0.0)], [counted.admit(9.9) for _ in range(9)]
    early = [counted.admit(10.0) for _ in range(10)]
    assert all(verdict.allowed for verdict in first + late + early)


def test_a_weighted_window_counts_the_last_one_in_part() -> None:
    """Half a period into this window, half of the last one's requests still count."""
    counted = window(RateLimit(10, per=10, window="weighted"))
    for _ in range(10):
        counted.admit(0.0)
    assert sum(counted.admit(15.0).allowed for _ in range(10)) == 5


@pytest.mark.parametrize(
    ("limit", "per", "kind"),
    [(0, 60, "fixed"), (-1, 60, "fixed"), (1, 0, "fixed"), (1, float("inf"), "fixed"), (1, 1, "x")],
)
def test_a_limit_that_makes_no_sense_is_refused(limit: int, per: float, kind: Kind) -> None:
    """When it is written down, not when the first request comes."""
    with pytest.raises(ValueError, match=r"limit|per|window"):
        RateLimit(limit, per=per, window=kind)
