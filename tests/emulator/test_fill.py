"""How full a limit is: looked at without counting, and told truly for all four ways of counting."""

from __future__ import annotations

import random

import pytest

from skipup_async.emulator.windows import Kind, RateLimit, window

KINDS: list[Kind] = ["fixed", "sliding", "token", "weighted"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_window_nobody_has_used_is_empty(kind: Kind) -> None:
    """Nothing is used, and nothing has to be waited for."""
    fill = window(RateLimit(3, per=60, window=kind)).fill(100.0)
    assert (fill.used, fill.wait) == (0, 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_used_is_told(kind: Kind) -> None:
    """One more for each that is let in, and none for those that are not."""
    counted = window(RateLimit(3, per=60, window=kind))
    used: list[int] = []
    for _ in range(5):
        counted.admit(100.0)
        used.append(counted.fill(100.0).used)
    assert used == [1, 2, 3, 3, 3]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(20))
def test_looking_changes_nothing_and_tells_the_truth(kind: Kind, seed: int) -> None:
    """Two windows with one fate, one of which is looked at all the time: what remains agrees, and so does the end."""
    chance = random.Random(seed)
    limit = RateLimit(chance.randint(1, 6), per=10, window=kind)
    watched, other = window(limit), window(limit)
    now = 1000.0
    for _ in range(200):
        now += chance.choice([0.0, 0.6, 4.0, 22.0]) * chance.random()
        fill = watched.fill(now)
        verdict = watched.admit(now)
        assert verdict == other.admit(now)
        assert fill.used == limit.limit - verdict.remaining - verdict.allowed
        end = now + watched.fill(now).wait
        assert watched.fill(end + 1e-6).used == 0
        assert watched.fill(end - 1e-6).used > 0
