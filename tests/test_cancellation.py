"""Cancelling a call, at every moment of it: nothing stays behind, and nobody else is disturbed."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Coroutine, Generator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from skipup_async import AsyncSkipUp, RetryPolicy
from tests.faults import stage as stages
from tests.faults.acts import done, latency, reset_connection, silent
from tests.faults.stage import KEY, OPERATIONS, Operation, Stage

pytestmark = pytest.mark.anyio

#: Suspensions of one call, with its retry, at the very most.
_MOST_STEPS = 100


@pytest.fixture(scope="module")
def whole_stage() -> Iterator[Stage]:
    """A stage for all tests."""
    with stages.stage() as made:
        yield made


@pytest.fixture
def stage(whole_stage: Stage) -> Stage:
    """The stage, with nothing wrong and nothing seen."""
    whole_stage.reset()
    return whole_stage


class CancelledAt:
    """Awaits *work*, and cancels the task that does at the *step*-th suspension."""

    def __init__(self, work: Coroutine[Any, Any, Any], step: int) -> None:
        self._steps = work.__await__()
        self._left = step

    def __await__(self) -> Generator[Any, Any, Any]:
        thrown: BaseException | None = None
        while True:
            try:
                waited_for = next(self._steps) if thrown is None else self._steps.throw(thrown)
            except StopIteration as end:
                return end.value
            self._left -= 1
            if not self._left:
                task = asyncio.current_task()
                assert task is not None
                task.cancel()
            thrown = None
            try:
                yield waited_for
            except BaseException as error:  # noqa: BLE001 - it is handed on
                thrown = error


async def awaited(work: Awaitable[Any]) -> Any:
    """What *work* gives."""
    return await work


@asynccontextmanager
async def nothing_left(stage: Stage, **options: Any) -> AsyncGenerator[AsyncSkipUp, None]:
    """A client that must leave nothing behind: no task, no slot, no connection, and a pool that is whole."""
    before = asyncio.all_tasks()
    timing = stage.options.pop("timing")
    kind: Any = type("AsyncSkipUp", (AsyncSkipUp,), {"_timing": timing})
    async with kind(KEY, **{**stage.options, **options}) as client:
        yield client
        stage.server.calm()
        ids = [stage.emulator.add_meeting_request() for _ in range(3)]
        patient = client.with_options(timeout=30.0, retry=RetryPolicy())
        async with asyncio.timeout(10):
            found = await asyncio.gather(*[patient.meeting_requests.get(ids[turn % 3]) for turn in range(130)])
        assert [request.id for request in found] == [ids[turn % 3] for turn in range(130)]
    assert asyncio.all_tasks() == before
    assert stage.ledger.inside == 0
    stage.run(stage.server.left)
    assert stage.server.open == 0


@pytest.mark.parametrize("fault", ["none", "lost answer"])
@pytest.mark.parametrize("operation", OPERATIONS[:4], ids=lambda each: each.name)
async def test_a_call_can_be_cancelled_at_every_step(operation: Operation, fault: str, stage: Stage) -> None:
    """Connecting, writing, waiting, backing off, reading back: the cancellation always comes through."""
    async with nothing_left(stage) as client:
        for step in range(1, _MOST_STEPS):
            stage.server.calm()
            stage.means(operation)
            if fault != "none":
                stage.server.acts = [done(reset_connection)]
            id = operation.prepare(stage)
            task = asyncio.ensure_future(awaited(CancelledAt(operation.call(client, id, f"step {step}"), step)))
            await asyncio.wait([task])
            if not task.cancelled():
                assert operation.right(task.result(), id, f"step {step}")
                break
        else:
            pytest.fail("the call never came to its end")
        assert step > 3, "there are some steps to cancel at"


async def cancelled_at_random(stage: Stage, count: int, at_once: int) -> None:
    """Cancel *count* calls, each after a time of its own, while as many others go on."""
    chance = random.Random(4)
    ids = [stage.emulator.add_meeting_request() for _ in range(20)]
    cancelled = 0
    async with nothing_left(stage, retry=RetryPolicy(quota=None)) as client:

        async def one() -> None:
            nonlocal cancelled
            operation, id = chance.choice(OPERATIONS[:2]), chance.choice(ids)
            task = asyncio.ensure_future(operation.call(client, id, "random"))
            handle = asyncio.get_running_loop().call_later(chance.random() * 0.02, task.cancel)
            await asyncio.wait([task])
            handle.cancel()
            cancelled += task.cancelled()
            assert task.cancelled() or operation.right(task.result(), id, "random")

        async def worker() -> None:
            while cancelled < count:
                await one()

        async with asyncio.timeout(count / 10):
            await asyncio.gather(*[worker() for _ in range(at_once)])
    assert cancelled >= count


async def test_cancelling_at_random_disturbs_nobody(stage: Stage) -> None:
    """Those that are not cancelled get the right answer, on a pool they share with those that are."""
    await cancelled_at_random(stage, 300, 30)


@pytest.mark.slow
async def test_cancelling_ten_thousand_times_disturbs_nobody(stage: Stage) -> None:
    """The same, to the number that is promised."""
    await cancelled_at_random(stage, 10_000, 30)


@pytest.mark.parametrize("rounds", [150, pytest.param(1500, marks=pytest.mark.slow)])
async def test_a_cancellation_in_the_same_moment_as_a_time_out_is_not_swallowed(rounds: int, stage: Stage) -> None:
    """Whichever of the two is first, whoever cancelled is obeyed."""
    id = stage.emulator.add_meeting_request()
    stage.server.always = silent
    loop = asyncio.get_running_loop()
    async with nothing_left(stage, timeout=0.02, retry=RetryPolicy(max_attempts=1)) as client:

        async def one(turn: int) -> None:
            task = asyncio.ensure_future(client.meeting_requests.get(id))
            obeyed: list[bool] = []
            loop.call_later(0.02 + (turn % 7 - 3) * 1e-4, lambda: obeyed.append(task.cancel()))
            await asyncio.wait([task])
            if obeyed == [True]:
                assert task.cancelled()
            else:
                assert isinstance(task.exception(), TimeoutError)

        for _ in range(rounds // 50):
            await asyncio.gather(*[one(turn) for turn in range(50)])


@pytest.mark.parametrize("sooner", [-0.005, 0.005])
async def test_a_cancellation_in_one_turn_of_the_loop_with_the_time_out_is_not_swallowed(
    sooner: float, stage: Stage
) -> None:
    """A loop that was busy sees both at once, in either order."""
    id = stage.emulator.add_meeting_request()
    stage.server.always = silent
    loop = asyncio.get_running_loop()

    def keep_busy() -> None:
        until = loop.time() + 0.1
        while loop.time() < until:
            pass

    async with nothing_left(stage, timeout=0.1, retry=RetryPolicy(max_attempts=1)) as client:
        task = asyncio.ensure_future(client.meeting_requests.get(id))
        loop.call_later(0.05, keep_busy)
        loop.call_later(0.1 + sooner, task.cancel)
        await asyncio.wait([task])
        assert task.cancelled()


async def test_a_time_limit_of_the_callers_is_kept(stage: Stage) -> None:
    """`asyncio.timeout` around a call ends it, and is told as the caller's own."""
    id = stage.emulator.add_meeting_request()
    stage.server.always = silent
    async with nothing_left(stage) as client:
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.meeting_requests.get(id)
        assert type(caught.value) is TimeoutError


async def test_a_call_cancelled_while_it_is_slow_leaves_the_others_alone(stage: Stage) -> None:
    """One of two calls under way is cancelled; the other gets its own answer."""
    ids = [stage.emulator.add_meeting_request() for _ in range(2)]
    stage.server.always = latency(0.05)
    async with nothing_left(stage) as client:
        first, second = (asyncio.ensure_future(client.meeting_requests.get(id)) for id in ids)
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).id == ids[1]
        assert first.cancelled()
