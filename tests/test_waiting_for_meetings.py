"""Waiting for meetings: one sweep for all who wait, and the truth at its end."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import pytest

from skipup_async import (
    AsyncSkipUp,
    AuthenticationError,
    InvalidArgumentError,
    MeetingCancelledError,
    MeetingRequest,
    NotFoundError,
    RateLimit,
    TokenBucket,
    Unlimited,
    WaitTimeoutError,
)
from skipup_async.emulator import Emulator
from skipup_async.events import event_from
from skipup_async.skipup.sweeper import Sweeper
from tests.conftest import Driver
from tests.virtual_loop import run_virtually
from tests.waiting import until

POLL = 0.05


@pytest.fixture
async def skipup(emulator: Emulator) -> AsyncIterator[AsyncSkipUp]:
    """A client without a limit."""
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        yield client


def made(emulator: Emulator, count: int) -> list[str]:
    """The ids of so many new requests."""
    body: dict[str, Any] = {"organizer_email": "alice@example.com", "participant_emails": ["carol@example.org"]}
    return [emulator.add_meeting_request(**body) for _ in range(count)]


def test_a_booked_request_is_given(driver: Driver, emulator: Emulator) -> None:
    """In both colours: what is booked already is found at the first look."""
    [id] = made(emulator, 1)
    emulator.book(id)
    booked = driver.call(lambda skipup: skipup.meeting_requests.wait_until_booked(id, timeout=5))
    assert (booked.id, booked.status) == (id, "booked")


def test_a_cancelled_request_is_an_error(driver: Driver, emulator: Emulator) -> None:
    """In both colours: cancelled is MeetingCancelledError, with the request."""
    [id] = made(emulator, 1)
    driver.call(lambda skipup: skipup.meeting_requests.cancel(id))
    with pytest.raises(MeetingCancelledError) as raised:
        driver.call(lambda skipup: skipup.meeting_requests.wait_until_booked(id, timeout=5))
    assert raised.value.current.status == "cancelled"


def test_time_runs_out(driver: Driver, emulator: Emulator) -> None:
    """In both colours: not booked in time is WaitTimeoutError, which is a TimeoutError."""
    [id] = made(emulator, 1)
    with pytest.raises(WaitTimeoutError) as raised:
        driver.call(lambda skipup: skipup.meeting_requests.wait_until_booked(id, timeout=0.05))
    assert isinstance(raised.value, TimeoutError)


def test_a_request_that_does_not_exist_is_not_waited_for(driver: Driver) -> None:
    """In both colours: an unknown id is NotFoundError."""
    with pytest.raises(NotFoundError):
        driver.call(lambda skipup: skipup.meeting_requests.wait_until_booked("mr_unknown", timeout=5))


@pytest.mark.parametrize(
    ("id", "timeout", "poll", "named"),
    [("..", 1, 1, "id"), ("mr_1", 0, 1, "timeout"), ("mr_1", 1, 0, "poll"), ("mr_1", "1", 1, "timeout")],
)
def test_bad_arguments_are_named(
    driver: Driver, emulator: Emulator, id: str, timeout: Any, poll: Any, named: str
) -> None:
    """What cannot be waited for is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=named):
        driver.call(lambda skipup: skipup.meeting_requests.wait_until_booked(id, timeout=timeout, poll=poll))
    assert emulator.request_count == 0


@pytest.mark.anyio
async def test_a_paused_request_goes_on_being_waited_for(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """Pausing ends no wait."""
    [id] = made(emulator, 1)
    await skipup.meeting_requests.pause(id)
    waiting = asyncio.create_task(skipup.meeting_requests.wait_until_booked(id, timeout=10, poll=POLL))
    await until(lambda: emulator.request_count >= 3)
    assert not waiting.done()
    await skipup.meeting_requests.resume(id)
    emulator.book(id)
    assert (await waiting).status == "booked"


@pytest.mark.anyio
async def test_a_thousand_waiters_share_a_sweep(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """A round for 1,000 waiters is at most 12 requests, and two rounds after being booked all are resolved."""
    ids = made(emulator, 1000)
    wait = skipup.meeting_requests.wait_until_booked
    waiting = [asyncio.create_task(wait(id, timeout=60, poll=0.5)) for id in ids]
    await until(lambda: emulator.request_count >= 10)
    for id in ids:
        emulator.book(id)
    before = emulator.request_count
    booked = await asyncio.gather(*waiting)
    assert {request.status for request in booked} == {"booked"}
    assert before <= 12
    assert emulator.request_count - before <= 2 * 12


@pytest.mark.anyio
async def test_what_the_list_does_not_show_soon_is_read_alone(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """A sweep for two ends after two pages; the old request is read by itself."""
    body: dict[str, Any] = {"organizer_email": "alice@example.com", "participant_emails": ["carol@example.org"]}
    old = emulator.add_meeting_request(created_at=datetime(2020, 1, 1, tzinfo=UTC), **body)
    *_, new = made(emulator, 400)
    for id in (old, new):
        emulator.book(id)
    wait = skipup.meeting_requests.wait_until_booked
    await asyncio.gather(wait(old, timeout=10), wait(new, timeout=10))
    paths = [request.path.rsplit("/", 1)[1] for request in emulator.requests]
    assert paths == ["meeting_requests", "meeting_requests", old]


@pytest.mark.anyio
async def test_a_webhook_resolves_at_once(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """notify() ends the wait without another look."""
    [id] = made(emulator, 1)
    waiting = asyncio.create_task(skipup.meeting_requests.wait_until_booked(id, timeout=60, poll=60))
    await until(lambda: emulator.request_count == 1)
    skipup.meeting_requests.notify(MeetingRequest(id, status="booked"))
    assert (await waiting).status == "booked"
    assert emulator.request_count == 1


@pytest.mark.anyio
async def test_an_event_about_nothing_is_no_news(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """A receiver passes on whatever was verified; who waits goes on waiting."""
    [id] = made(emulator, 1)
    waiting = asyncio.create_task(skipup.meeting_requests.wait_until_booked(id, timeout=60, poll=60))
    await until(lambda: emulator.request_count == 1)
    skipup.meeting_requests.notify(event_from({"type": "meeting_request.paused"}))
    skipup.meeting_requests.notify(MeetingRequest(id, status="booked"))
    assert (await waiting).status == "booked"
    assert emulator.request_count == 1


@pytest.mark.anyio
async def test_watching_tells_each_change_once(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """watch() gives a request as first seen and whenever it changed, and ends when all have ended."""
    first, second = made(emulator, 2)
    seen: list[tuple[str, str | None]] = []
    async for request in skipup.meeting_requests.watch([first, second], poll=POLL):
        seen.append((request.id, request.status))
        if len(seen) == 2:
            await skipup.meeting_requests.pause(first)
        if seen[-1] == (first, "paused"):
            await skipup.meeting_requests.cancel(first)
            emulator.book(second)
    assert set(seen[:2]) == {(first, "active"), (second, "active")}
    assert seen[2] == (first, "paused")
    assert set(seen[3:]) == {(first, "cancelled"), (second, "booked")}
    assert len(seen) == 5


def test_watching_blocks_as_well(emulator: Emulator, driver: Driver) -> None:
    """In both colours a series ends by itself."""
    [id] = made(emulator, 1)
    emulator.book(id)
    seen = driver.items(lambda skipup: skipup.meeting_requests.watch([id]))
    assert [request.status for request in seen] == ["booked"]


@pytest.mark.anyio
async def test_a_failed_look_is_taken_again(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """An outage shorter than the wait ends no wait."""
    [id] = made(emulator, 1)
    emulator.book(id)
    emulator.fail(on="GET *", next=4, status=501)
    waiter = skipup.meeting_requests.wait_until_booked(id, timeout=20, poll=POLL)
    assert (await waiter).status == "booked"


@pytest.mark.anyio
async def test_a_refusal_ends_every_wait(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """A revoked key is told to all who wait."""
    ids = made(emulator, 2)
    emulator.revoke_key(emulator.api_key)
    wait = skipup.meeting_requests.wait_until_booked
    told = await asyncio.gather(*(wait(id, timeout=10) for id in ids), return_exceptions=True)
    assert {type(error) for error in told} == {AuthenticationError}


@pytest.mark.anyio
async def test_waiting_leaves_nothing_behind(emulator: Emulator, skipup: AsyncSkipUp) -> None:
    """When the last wait is given up, nobody looks any more."""
    [id] = made(emulator, 1)
    waiting = asyncio.create_task(skipup.meeting_requests.wait_until_booked(id, timeout=None, poll=POLL))
    await until(lambda: emulator.request_count >= 1)
    waiting.cancel()
    await asyncio.wait([waiting])
    await asyncio.sleep(0)
    assert not [task for task in asyncio.all_tasks() if "Sweeper" in repr(task)]


@pytest.mark.anyio
async def test_waiting_takes_at_most_a_quarter_of_the_limit(emulator: Emulator) -> None:
    """With 40 requests a second a look of ten requests is taken once in a second at most, whatever poll says."""
    ids = made(emulator, 1000)
    limiter = TokenBucket(40, per=1.0)
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as skipup:
        wait = skipup.meeting_requests.wait_until_booked
        waiting = [asyncio.create_task(wait(id, timeout=60, poll=POLL)) for id in ids]
        await until(lambda: emulator.request_count >= 30)
        times = [request.arrived for request in emulator.requests]
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    rounds = [times[index] for index in (0, 10, 20)]
    assert min(later - sooner for sooner, later in itertools.pairwise(rounds)) >= 0.95


@pytest.mark.anyio
@pytest.mark.parametrize(("timeout", "poll"), [(10.0, POLL), (2.0, 3600.0)], ids=["a shorter poll", "a short time"])
async def test_whoever_joins_waits_out_no_longer_poll(
    emulator: Emulator, skipup: AsyncSkipUp, timeout: float, poll: float
) -> None:
    """Beside one who looks once in an hour, another is looked for in time."""
    patient, hasty = made(emulator, 2)
    emulator.book(hasty)
    watching: Any = skipup.meeting_requests.watch([patient], poll=3600)
    async with contextlib.aclosing(watching):
        await anext(watching)
        booked = await skipup.meeting_requests.wait_until_booked(hasty, timeout=timeout, poll=poll)
    assert booked.status == "booked"
    assert emulator.request_count == 2, "one request for the first look, and a page for the second"


class Looks:
    """A session that finds nothing booked, and writes down when it looked, on virtual time."""

    def __init__(self, limiter: Any = None) -> None:
        self.limiter = limiter
        self.times: list[float] = []

    async def send(self, request: Any) -> MeetingRequest:
        """It is active still."""
        self.times.append(round(asyncio.get_running_loop().time(), 2))
        return MeetingRequest(request.path[-1], status="active")


def looks(*joins: tuple[float, float | None, float], until: float, limiter: Any = None) -> list[float]:
    """When a sweep looks for those who join, each at a time and with a time-out and a poll, *until* a time."""
    session: Any = Looks(limiter)

    async def join(sweeper: Sweeper, at: float, timeout: float | None, poll: float) -> None:
        await asyncio.sleep(at)
        with contextlib.suppress(WaitTimeoutError):
            await sweeper.wait("mr_1", timeout, poll)

    async def main() -> None:
        sweeper = Sweeper(session)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(until):
                await asyncio.gather(*(join(sweeper, *each) for each in joins))

    run_virtually(main())
    times: list[float] = session.times
    return times


def test_a_shorter_poll_counts_from_the_last_look() -> None:
    """Who joins is looked for at once if the last look is longer ago than its poll, else when that is over."""
    assert looks((0, None, 3600), (50, None, 20), until=95) == [0, 50, 70, 90]
    assert looks((0, None, 3600), (5, None, 20), until=45) == [0, 20, 40]


def test_many_who_join_cause_no_more_looks_than_their_polls() -> None:
    """A hundred with the same poll, one after the other, are looked for as one is."""
    joins = [(each * 0.3, None, 10.0) for each in range(100)]
    assert looks(*joins, until=35) == [0, 10, 20, 30]


def test_who_gives_up_before_its_poll_is_looked_for_once_before() -> None:
    """At half its time at the latest; then its poll counts."""
    assert looks((0, None, 10), (1, 4, 10), until=25) == [0, 2, 12, 22]
    assert looks((0, 15, 10), until=20) == [0, 10]


def test_who_joins_stays_within_the_limit() -> None:
    """A look a second at most, where 4 requests a second may leave, whoever joins."""
    limiter = TokenBucket(4, per=1.0)
    joins = [(each * 0.3, 100.0, 0.01) for each in range(10)]
    assert looks(*joins, until=3.5, limiter=limiter) == [0, 1, 2, 3]


class BrokenLimiter:
    """A limiter of a user's own that fails in its own way."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def slot(self) -> AbstractAsyncContextManager[None]:
        """Nobody gets in."""
        raise self._error

    def pause(self, seconds: float) -> None:
        """Nobody is refused here."""


class BrokenSnapshot(Unlimited):
    """A limiter that cannot tell how it stands."""

    def snapshot(self) -> RateLimit:
        """Nothing."""
        raise OSError


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("limiter", "error"),
    [
        (BrokenLimiter(OSError()), OSError),
        (BrokenLimiter(TimeoutError()), TimeoutError),
        (BrokenSnapshot(), OSError),
    ],
    ids=["slot", "time-out", "snapshot"],
)
async def test_an_error_that_is_not_ours_ends_every_wait(
    emulator: Emulator, limiter: Any, error: type[Exception]
) -> None:
    """What a user's own limiter raises is told to all who wait, and to who watches."""
    ids = made(emulator, 2)
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter) as skipup:
        wait = skipup.meeting_requests.wait_until_booked
        waiting = asyncio.gather(*(wait(id, timeout=None) for id in ids), return_exceptions=True)
        told: list[Any] = await asyncio.wait_for(waiting, timeout=10)

        async def watched() -> list[Any]:
            return [request async for request in skipup.meeting_requests.watch(ids)]

        [told_to_watch] = await asyncio.wait_for(asyncio.gather(watched(), return_exceptions=True), timeout=10)
    assert [type(each) for each in (*told, told_to_watch)] == [error] * 3
