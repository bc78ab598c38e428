"""The limiter on virtual time: how many leave, who goes first, and what a permit costs."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from skipup_async.core.limits import AllOf, Limiter, Rank, TokenBucket, Unlimited
from skipup_async.errors import APIConnectionError, ConfigurationError, RateLimitError
from tests.virtual_loop import run_virtually

RATE, PER = 3, 60.0


def bucket(rate: float = RATE, per: float = PER, burst: float | None = None) -> TokenBucket:
    """A bucket on the running loop's own clock."""
    return TokenBucket(rate, per, burst, clock=asyncio.get_running_loop().time)


def now() -> float:
    """Virtual seconds since the loop began, to the millisecond."""
    return round(asyncio.get_running_loop().time(), 3)


def virtually(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """The test *test*, run on a virtual loop of its own."""

    def run() -> None:
        run_virtually(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class Desk:
    """Sends calls through a limiter, and writes down when each one left."""

    def __init__(self, limiter: Limiter, takes: float = 0.0) -> None:
        self.limiter = limiter
        self.takes = takes
        self.left: dict[str, float] = {}

    async def call(self, name: str, rank: Rank | None = None, error: Exception | None = None) -> None:
        """Make one call that takes a while, and ends in *error*."""
        slot: AbstractAsyncContextManager[object] = self.limiter.slot()
        if rank is not None:
            assert isinstance(self.limiter, (TokenBucket, Unlimited, AllOf))
            slot = self.limiter.slot(rank)
        try:
            async with slot:
                self.left[name] = now()
                await asyncio.sleep(self.takes)
                if error is not None:
                    raise error
        except APIConnectionError:
            pass

    def start(self, *names: str, rank: Rank | None = None) -> list[asyncio.Task[None]]:
        """Start a call for each of *names*."""
        return [asyncio.create_task(self.call(name, rank)) for name in names]

    async def spend(self, calls: int = RATE) -> None:
        """Use up *calls* permits."""
        for number in range(calls):
            await self.call(f"spent {number}")

    @property
    def order(self) -> str:
        """The one-letter names of those who left, first to last."""
        return "".join(name for name in self.left if len(name) == 1)


async def settled(*awaitables: Awaitable[object]) -> None:
    """Wait until all are over, however they end."""
    await asyncio.gather(*awaitables, return_exceptions=True)


# --- what it is made of ---


@pytest.mark.parametrize(
    "arguments",
    [
        {"rate": 0},
        {"rate": -1},
        {"rate": math.nan},
        {"rate": math.inf},
        {"rate": True},
        {"rate": "120"},
        {"rate": 1.5},
        {"rate": 5, "per": 0},
        {"rate": 5, "per": math.inf},
        {"rate": 5, "per": 10**400},
        {"rate": 5, "burst": 0},
        {"rate": 5, "burst": 6},
        {"rate": 5, "burst": 1.5},
    ],
    ids=str,
)
def test_numbers_that_make_no_limit_are_refused(arguments: dict[str, Any]) -> None:
    """A rate, period or burst that is not finite, whole where it counts requests, and above zero is an error."""
    with pytest.raises(ConfigurationError, match=list(arguments)[-1]):
        TokenBucket(**arguments)


def test_all_of_nothing_is_refused() -> None:
    """Several limits at once are at least one."""
    with pytest.raises(ConfigurationError, match="at least one"):
        AllOf()


def test_a_limiter_shows_its_numbers() -> None:
    """The repr of a limiter can be read."""
    shown = repr(AllOf(Unlimited(), TokenBucket(120, 60.0, 10)))
    assert shown == "AllOf(TokenBucket(120, per=60.0, burst=10), Unlimited())"


# --- how many leave ---


@virtually
async def test_a_batch_as_large_as_the_limit_does_not_wait() -> None:
    """120 calls leave at the same moment."""
    desk = Desk(bucket(120), takes=0.2)
    await asyncio.gather(*desk.start(*map(str, range(120))))
    assert set(desk.left.values()) == {0.0}


@virtually
async def test_a_permit_comes_back_a_period_after_its_answer() -> None:
    """The call after the last permit leaves a period after the first answer, not after the first request."""
    desk = Desk(bucket(), takes=5.0)
    await asyncio.gather(*desk.start("a", "b", "c", "d"))
    assert desk.left["d"] == 65.0


@virtually
async def test_a_call_that_was_never_sent_gives_its_permit_back_at_once() -> None:
    """An APIConnectionError that nothing came of costs no permit, and wakes whoever waits."""
    desk = Desk(bucket(), takes=1.0)
    calls = [desk.call(name, error=APIConnectionError("refused")) for name in "abc"]
    await asyncio.gather(*calls, desk.call("d"))
    assert desk.left["d"] == 1.0


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RateLimitError("slow down"), ValueError()], ids=repr)
def test_a_call_that_may_have_been_sent_keeps_its_permit_for_a_period(error: BaseException) -> None:
    """Whatever else leaves the block, the service may have counted it."""

    async def main() -> None:
        limiter = bucket(1)
        with pytest.raises(type(error)):
            async with limiter.slot():
                raise error
        assert limiter.snapshot().next_slot == pytest.approx(PER, abs=0.01)

    run_virtually(main())


@virtually
async def test_a_lost_answer_keeps_its_permit_for_a_period() -> None:
    """An APIConnectionError whose request may have arrived is no refund."""
    limiter, lost = bucket(1), APIConnectionError("cut")
    lost.maybe_applied = True
    await Desk(limiter).call("a", error=lost)
    assert limiter.snapshot().next_slot == pytest.approx(PER, abs=0.01)


@virtually
async def test_a_burst_limits_how_many_leave_at_once() -> None:
    """With a burst of two the third call leaves when the bucket has leaked, at the limit's own rate."""
    desk = Desk(bucket(6, 60.0, burst=2))
    await asyncio.gather(*desk.start(*"abcd"))
    assert list(desk.left.values()) == [0.0, 0.0, 10.0, 20.0]


@virtually
async def test_calls_that_waited_leave_in_quick_succession() -> None:
    """Permits that come back at one moment are used thirty times as fast as the limit, not all in that moment."""
    desk = Desk(bucket(30, 60.0))
    await desk.spend(30)
    await asyncio.gather(*desk.start("a", "b", "c"))
    first, second, third = desk.left["a"], desk.left["b"], desk.left["c"]
    assert [second - first, third - second] == pytest.approx([1 / 15, 1 / 15], abs=1e-3)


@virtually
async def test_what_a_loop_that_is_gone_never_settled_comes_back() -> None:
    """A permit without an answer is back when its request has long arrived: half a minute and a period later."""
    limiter = bucket(1)
    await limiter.slot().__aenter__()
    await (desk := Desk(limiter)).call("a")
    assert desk.left["a"] == 90.0


@pytest.mark.parametrize("error", [None, APIConnectionError("refused")], ids=["answered", "never sent"])
def test_a_permit_taken_for_lost_is_not_given_back_twice(error: Exception | None) -> None:
    """An answer after more than half a minute and a period finds its permit with another call."""

    async def main() -> None:
        desk, late = Desk(limiter := bucket(1), takes=1.0), Desk(bucket(1), takes=91.0)
        late.limiter = limiter
        lost = asyncio.create_task(late.call("late", error=error))
        await asyncio.gather(lost, *desk.start("a", "b"))
        assert desk.left == {"a": 90.0, "b": 151.0}

    run_virtually(main())


@pytest.mark.slow
@virtually
async def test_no_window_holds_more_than_the_limit_in_10_000_random_schedules() -> None:
    """Whatever arrives when, takes how long, fails unsent or is cancelled: no period holds more than the limit."""
    chance = random.Random(3)
    worst = await asyncio.gather(*(_excess_of_random_schedule(chance) for _ in range(10_000)))
    assert max(worst) <= 0


async def _excess_of_random_schedule(chance: random.Random) -> int:
    rate, per = chance.randint(1, 4), chance.choice([1.0, 7.0, 60.0])
    limiter = bucket(rate, per, burst=chance.choice([None, 1]))
    seen: list[float] = []

    async def call() -> None:
        await asyncio.sleep(chance.choice([0, 0, chance.uniform(0, 2 * per)]))
        async with limiter.slot(chance.choice(list(Rank))):
            await asyncio.sleep(chance.uniform(0, 0.2 * per))
            if chance.random() < 0.1:
                raise APIConnectionError("refused")
            seen.append(asyncio.get_running_loop().time())
            await asyncio.sleep(chance.uniform(0, 0.2 * per))

    calls = [asyncio.create_task(call()) for _ in range(chance.randint(2, 10))]
    if chance.random() < 0.3:
        await asyncio.sleep(chance.uniform(0, per))
        calls[0].cancel()
    await settled(*calls)
    return max((sum(first <= time < first + per for time in seen) - rate for first in seen), default=0)


# --- who goes first ---


@virtually
async def test_calls_leave_in_the_order_they_came() -> None:
    """First come, first served, past the limit too."""
    desk = Desk(bucket(2))
    names = [chr(ord("A") + number) for number in range(20)]
    await asyncio.gather(*desk.start(*names))
    assert desk.order == "".join(names)


@virtually
async def test_a_newcomer_does_not_pass_those_who_wait() -> None:
    """A call that comes in the moment a permit is back stands behind those who waited for it."""
    desk = Desk(bucket(1))
    await desk.spend(1)
    waiting = desk.start("a", "b")
    await asyncio.sleep(PER)
    await asyncio.gather(*waiting, *desk.start("c"))
    assert desk.order == "abc"


@virtually
async def test_a_retry_goes_to_the_head_of_the_line() -> None:
    """A call that was refused leaves before those that never left, the one that leads among them."""
    desk = Desk(bucket(1))
    await desk.spend(1)
    waiting = desk.start("a", "b", "c")
    await asyncio.sleep(1)
    await asyncio.gather(*waiting, *desk.start("r", rank=Rank.RETRY))
    assert desk.order == "rabc"


@virtually
async def test_interactive_calls_overtake_bulk_calls_and_leave_them_every_fourth_permit() -> None:
    """Of four permits three go to interactive calls and one to a bulk call, while both wait."""
    desk = Desk(bucket(1))
    await desk.spend(1)
    waiting = desk.start("a", "b", "c")
    await asyncio.sleep(1)
    await asyncio.gather(*waiting, *desk.start(*"123456789", rank=Rank.INTERACTIVE))
    assert desk.order == "123a456b789c"


@virtually
async def test_a_cancelled_call_loses_no_permit_and_holds_up_nobody() -> None:
    """A call cancelled as it leads, and one cancelled as it waits, leave the others' times as they were."""
    desk = Desk(bucket(1))
    await desk.spend(1)
    first, _, third, _ = waiting = desk.start(*"abcd")
    await asyncio.sleep(1)
    first.cancel()
    third.cancel()
    await settled(*waiting)
    assert (desk.order, desk.left["b"], desk.left["d"]) == ("bd", 60.0, 120.0)


@virtually
async def test_a_call_cancelled_in_the_very_tick_of_its_turn_hands_it_on() -> None:
    """The turn of a call that is cancelled before it could take it goes to the next."""
    desk = Desk(bucket(1))
    await desk.spend(1)
    first, second, _ = waiting = desk.start(*"abc")
    await asyncio.sleep(1)
    first.cancel()  # hands its turn to the second...
    await asyncio.sleep(0)
    second.cancel()  # ...which is cancelled before it runs
    await settled(*waiting)
    assert desk.left["c"] == 60.0


@virtually
async def test_calls_cancelled_in_one_tick_hand_their_turn_on() -> None:
    """The one that leads and the one behind it are cancelled together, and the third leaves when it would have."""
    desk = Desk(bucket(1))
    await desk.spend(1)
    first, second, _ = waiting = desk.start(*"abc")
    await asyncio.sleep(1)
    first.cancel()
    second.cancel()
    await settled(*waiting)
    assert (desk.order, desk.left["c"], first.cancelled(), second.cancelled()) == ("c", 60.0, True, True)


@virtually
async def test_a_cancelled_call_waits_no_more() -> None:
    """It is gone from the line at once, not when its turn would have come."""
    desk = Desk(limiter := bucket(1))
    await desk.spend(1)
    waiting = desk.start(*"abcd")
    await asyncio.sleep(1)
    for call in waiting[2:]:
        call.cancel()
    await settled(*waiting[2:])
    assert limiter.snapshot().waiting == 2
    for call in waiting:
        call.cancel()


@virtually
async def test_a_thousand_random_cancellations_lose_no_permit() -> None:
    """Of 10,000 waiting calls 1,000 are cancelled at random; the others leave at the rate they would have."""
    chance, desk = random.Random(4), Desk(bucket(100, 1.0))
    calls = desk.start(*map(str, range(10_000)))
    for call in chance.sample(calls, 1000):
        asyncio.get_running_loop().call_later(chance.uniform(0, 90), call.cancel)
    await settled(*calls)
    assert max(desk.left.values()) == pytest.approx((len(desk.left) // 100 - 1) * 1.0, rel=0.06)


# --- after a 429 ---


@virtually
async def test_a_pause_closes_the_gate_for_everyone() -> None:
    """After a 429 no call leaves until the pause is over, waiting ones and new ones alike."""
    desk = Desk(bucket(120))
    desk.limiter.pause(10.0)
    await asyncio.gather(*desk.start(*"abc"))
    assert min(desk.left.values()) == 10.0


@virtually
async def test_after_a_pause_one_call_tries_before_the_rest() -> None:
    """The others leave only when the first is answered, and then evenly spaced."""
    desk = Desk(bucket(120), takes=5.0)
    desk.limiter.pause(10.0)
    await asyncio.gather(*desk.start(*"abcd"))
    assert list(desk.left.values()) == pytest.approx([10.0, 15.0, 15.505, 16.01])


@virtually
async def test_two_periods_after_a_pause_bursts_are_allowed_again() -> None:
    """Even spacing ends by itself."""
    desk = Desk(bucket(120))
    desk.limiter.pause(10.0)
    await desk.call("probe")
    await asyncio.sleep(2 * PER)
    await asyncio.gather(*desk.start(*"abc"))
    assert desk.left["a"] == desk.left["c"]


@virtually
async def test_calls_refused_while_evenly_spaced_are_spaced_further() -> None:
    """A second 429 in that time means that another program spends on the key: half the distance more."""
    desk = Desk(bucket(120))
    for _ in range(2):
        desk.limiter.pause(10.0)
        await desk.call("probe")
        await asyncio.sleep(1)
    await asyncio.gather(*desk.start("a", "b"))
    assert desk.left["b"] - desk.left["a"] == pytest.approx(0.75)


@virtually
async def test_a_burst_of_refusals_counts_as_one() -> None:
    """Ten calls of one burst that are all refused do not space the rest any further."""
    desk = Desk(bucket(120))
    for _ in range(10):
        desk.limiter.pause(10.0)
    await desk.call("probe")
    await asyncio.gather(*desk.start("a", "b"))
    assert desk.left["b"] - desk.left["a"] == pytest.approx(0.505, abs=1e-3)


@virtually
async def test_a_probe_that_is_refused_again_keeps_the_gate_shut() -> None:
    """A pause told right after the probe left, before anything else ran, is the probe's own refusal."""
    desk = Desk(bucket(120))
    desk.limiter.pause(10.0)
    waiting = desk.start("a")
    await desk.call("probe")
    desk.limiter.pause(20.0)
    await settled(*waiting)
    assert desk.left == {"probe": 10.0, "a": 30.0}


@virtually
async def test_a_probe_that_is_refused_says_nothing_of_other_programs() -> None:
    """It is the first refusal that goes on, not one of evenly spaced calls: the distance stays."""
    desk = Desk(bucket(120))
    desk.limiter.pause(10.0)
    await desk.call("probe")
    desk.limiter.pause(10.0)
    await desk.call("second probe")
    await asyncio.gather(*desk.start("a", "b"))
    assert desk.left["b"] - desk.left["a"] == pytest.approx(0.505, abs=1e-3)


@virtually
async def test_a_probe_older_than_the_last_refusal_does_not_open_the_gate() -> None:
    """A call of before that is refused while the probe is under way closes the gate anew, for one probe more."""
    desk = Desk(bucket(120), takes=5.0)
    desk.limiter.pause(10.0)
    calls = desk.start("p", "a", "b")
    await asyncio.sleep(12.0)
    desk.limiter.pause(20.0)
    await asyncio.gather(*calls)
    assert list(desk.left.values()) == pytest.approx([10.0, 32.0, 37.0])


@virtually
async def test_a_shorter_pause_does_not_cut_a_longer_one_short() -> None:
    """Of several 429s the one that asks for most counts."""
    desk = Desk(bucket(120))
    desk.limiter.pause(30.0)
    desk.limiter.pause(5.0)
    await desk.call("a")
    assert desk.left["a"] == 30.0


@pytest.mark.parametrize("end", ["cancelled", "failed", "never sent"])
def test_a_probe_without_an_answer_hands_the_trial_on(end: str) -> None:
    """The next call tries when the first is cancelled or fails; nobody else leaves before it is answered."""

    async def main() -> None:
        desk = Desk(bucket(120), takes=5.0)
        lost = APIConnectionError("cut")
        lost.maybe_applied = end == "failed"
        desk.limiter.pause(10.0)
        probe = asyncio.create_task(desk.call("p", error=None if end == "cancelled" else lost))
        others = desk.start("a", "b")
        await asyncio.sleep(12.0)
        if end == "cancelled":
            probe.cancel()
        await settled(probe, *others)
        began = 12.0 if end == "cancelled" else 15.0
        assert [desk.left["a"], desk.left["b"]] == pytest.approx([began, began + 5.0], abs=0.01)

    run_virtually(main())


@virtually
async def test_a_probe_that_stays_silent_does_not_hold_everyone_up_for_ever() -> None:
    """Half a minute later another call tries."""
    desk, silent = Desk(bucket(120)), Desk(bucket(120), takes=1000.0)
    silent.limiter = desk.limiter
    desk.limiter.pause(10.0)
    probe = silent.start("p")
    await asyncio.sleep(11.0)
    await asyncio.gather(*desk.start("a"))
    probe[0].cancel()
    await settled(*probe)
    assert desk.left["a"] == 40.0


@virtually
async def test_a_hold_closes_the_gate_and_leaves_bursts_alone() -> None:
    """When the service says that nothing is left for now, calls leave together afterwards."""
    desk = Desk(limiter := bucket(120), takes=5.0)
    limiter.hold(10.0)
    await asyncio.gather(*desk.start("a", "b"))
    assert desk.left["b"] == pytest.approx(10.0, abs=0.05)


# --- what the user sees ---


@virtually
async def test_a_snapshot_tells_how_the_limit_stands() -> None:
    """Two of three permits are under way, and nobody waits."""
    limiter = bucket()
    async with limiter.slot(), limiter.slot():
        shot = limiter.snapshot()
    assert (shot.limit, shot.per, shot.available, shot.waiting, shot.next_slot, shot.paused_for) == (3, 60, 1, 0, 0, 0)


@virtually
async def test_a_snapshot_counts_those_who_wait() -> None:
    """Two calls wait, and the next one leaves when the first permit is back."""
    desk = Desk(limiter := bucket())
    await desk.spend()
    waiting = desk.start("a", "b")
    await asyncio.sleep(20)
    shot = limiter.snapshot()
    for call in waiting:
        call.cancel()
    assert (shot.available, shot.waiting, round(shot.next_slot, 3)) == (0, 2, 40.0)


@virtually
async def test_a_snapshot_tells_how_long_the_gate_is_shut() -> None:
    """A pause shows, and the permits in hand with it."""
    limiter = bucket()
    limiter.pause(7.0)
    shot = limiter.snapshot()
    assert (shot.available, round(shot.paused_for, 3), round(shot.next_slot, 3)) == (3, 7.0, 7.0)


@pytest.mark.parametrize("calls", [1, 3, 4, 7, 30])
@pytest.mark.parametrize("spent", [0, 2])
@pytest.mark.parametrize("burst", [None, 1])
def test_an_estimate_comes_true(calls: int, spent: int, burst: int | None) -> None:
    """So many calls more take as long as was estimated, for a service that answers at once."""

    async def main() -> None:
        desk = Desk(limiter := bucket(burst=burst))
        await desk.spend(spent)
        await asyncio.sleep(5)
        began, estimate = now(), limiter.estimate(calls)
        await asyncio.gather(*desk.start(*map(str, range(calls))))
        assert now() - began == pytest.approx(estimate, rel=0.05, abs=3.0 if burst is None else 20.0)

    run_virtually(main())


@virtually
async def test_an_estimate_after_a_429_reckons_with_even_spacing() -> None:
    """After a pause sixty calls take the pause and half a minute, though every permit is free."""
    limiter = bucket(120)
    limiter.pause(10.0)
    assert limiter.estimate(60) == pytest.approx(10 + 59 * 0.505, rel=0.01)


def test_one_log_line_says_that_calls_wait(caplog: pytest.LogCaptureFixture) -> None:
    """Fifty calls that wait are told of once."""

    async def main() -> None:
        desk = Desk(bucket())
        await asyncio.gather(*desk.start(*map(str, range(50))))

    with caplog.at_level(logging.INFO, "skipup_async"):
        run_virtually(main())
    assert [record.getMessage() for record in caplog.records] == [
        "the rate limit is used up: calls wait, the next one for 60.0 s"
    ]


def test_the_log_line_comes_once_a_period_at_most(caplog: pytest.LogCaptureFixture) -> None:
    """A line that empties and fills again within the period is told of once."""

    async def main() -> None:
        desk = Desk(bucket(1))
        await desk.spend(1)
        for _ in range(3):
            (waiting,) = desk.start("a")
            await asyncio.sleep(5)
            waiting.cancel()
            await settled(waiting)

    with caplog.at_level(logging.INFO, "skipup_async"):
        run_virtually(main())
    assert len(caplog.records) == 1


# --- no limit, several limits, other people's limits ---


def test_without_a_limit_a_429_still_shuts_the_gate() -> None:
    """Unlimited() lets everyone leave at once, except after a 429: then one call tries before the rest."""

    async def main() -> None:
        desk = Desk(limiter := Unlimited(clock=asyncio.get_running_loop().time), takes=5.0)
        limiter.pause(10.0)
        assert [limiter.estimate(10_000), limiter.snapshot().paused_for] == pytest.approx([10.0, 10.0])
        await asyncio.gather(*desk.start("a", "b", "c"))
        assert list(desk.left.values()) == [10.0, 15.0, 15.0]

    run_virtually(main())


@virtually
async def test_without_a_limit_nothing_waits() -> None:
    """A thousand calls leave at the same moment, and the snapshot has no end."""
    desk = Desk(limiter := Unlimited(clock=asyncio.get_running_loop().time), takes=1.0)
    limiter.hold(0.0)
    await asyncio.gather(*desk.start(*map(str, range(1000))))
    assert (max(desk.left.values()), limiter.snapshot().available, limiter.snapshot().limit) == (
        0.0,
        math.inf,
        math.inf,
    )


@virtually
async def test_of_several_limits_every_one_is_kept() -> None:
    """Two a second and three a minute: the third waits a second, the fourth a minute."""
    desk = Desk(AllOf(bucket(2, 1.0), bucket(3, 60.0)))
    await asyncio.gather(*desk.start(*"abcd"))
    assert [round(time) for time in desk.left.values()] == [0, 0, 1, 60]


@virtually
async def test_a_call_given_up_between_two_limits_gives_the_first_permit_back() -> None:
    """A call cancelled while the second limit keeps it waiting was never sent."""
    slow, fast = bucket(2, 60.0), bucket(1, 10.0)
    desk = Desk(AllOf(slow, fast))
    first, second = desk.start("a", "b")
    await asyncio.sleep(1)
    second.cancel()
    await settled(first, second)
    assert slow.snapshot().available == 1


@virtually
async def test_several_limits_show_the_one_that_is_reached_next() -> None:
    """The snapshot is that of the limit which lets the next call out last, and the estimate that of the slowest."""
    limiter = AllOf(bucket(1, 1.0), bucket(3, 60.0))
    for _ in range(3):
        async with limiter.slot():
            pass
    assert [limiter.snapshot().limit, limiter.estimate(3)] == pytest.approx([3, 60.0], rel=0.05)


class Turnstile:
    """A limiter that a user may bring: no ranks, no snapshot."""

    def __init__(self) -> None:
        self.lock = asyncio.Semaphore(1)
        self.paused = 0.0

    def slot(self) -> asyncio.Semaphore:
        """One at a time."""
        return self.lock

    def pause(self, seconds: float) -> None:
        """Remember the last pause."""
        self.paused = seconds


@virtually
async def test_a_limiter_of_ones_own_stands_beside_ours() -> None:
    """AllOf passes a pause on to it, keeps its slots, and reports only what ours know."""
    own = Turnstile()
    limiter = AllOf(own, bucket(3))
    desk = Desk(limiter, takes=1.0)
    await asyncio.gather(*desk.start("a", "b"))
    limiter.pause(2.0)
    limiter.hold(1.0)
    assert (desk.left, own.paused, limiter.snapshot().limit) == ({"a": 0.0, "b": 1.0}, 2.0, 3)


@virtually
async def test_several_limits_of_ones_own_report_none() -> None:
    """What nobody can tell is no limit."""
    limiter = AllOf(Turnstile())
    assert (limiter.estimate(5), limiter.snapshot().limit) == (0.0, math.inf)
