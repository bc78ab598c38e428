"""Waiting for meetings: one sweep for all who wait, and the truth at its end."""

import asyncio
import itertools
from collections.abc import AsyncIterator
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
    TokenBucket,
    Unlimited,
    WaitTimeoutError,
)
from skipup_async.emulator import Emulator
from tests.conftest import Driver
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
