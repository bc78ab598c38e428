"""Fan-out, awaited and blocking: bounded, accounted for, and stopped where it must be."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from skipup_async import (
    UNSET,
    AsyncSkipUp,
    CreateLimitError,
    InvalidArgumentError,
    SkipUp,
    Unlimited,
    ValidationError,
    WaitTimeoutError,
)
from skipup_async.core.request import Request
from skipup_async.emulator import Emulator
from skipup_async.fanout.outcome import Outcome, Report
from skipup_async.fanout.progress import Progress

ALICE = "alice@example.com"
Invite = Callable[..., Any]


class FanOuts:
    """Fans out with a client of one colour."""

    def __init__(self, emulator: Emulator, *, awaited: bool) -> None:
        self.emulator = emulator
        self.awaited = awaited

    def report(self, make: Callable[[Any], Any], items: Any, **options: Any) -> Report[Any, Any]:
        """The report of a fan-out whose call is what *make* makes of the client."""
        if self.awaited:
            return asyncio.run(self._report(make, items, options))
        with SkipUp(self.emulator.api_key, base_url=self.emulator.url, limiter=Unlimited()) as skipup:
            return skipup.fan_out(make(skipup), items, **options).report()

    async def _report(self, make: Callable[[Any], Any], items: Any, options: dict[str, Any]) -> Report[Any, Any]:
        async with AsyncSkipUp(self.emulator.api_key, base_url=self.emulator.url, limiter=Unlimited()) as skipup:
            return await skipup.fan_out(make(skipup), items, **options)

    def invite(self, organizer: Callable[[int], str] = lambda _: ALICE) -> Callable[[Any], Invite]:
        """Makes a call that invites the person with a number."""

        def of_client(skipup: Any) -> Invite:
            def create(number: int, *, idempotency_key: Any = UNSET) -> Any:
                people = [f"person{number}@example.org"]
                return skipup.meeting_requests.create(
                    organizer_email=organizer(number), participants=people, idempotency_key=idempotency_key
                )

            return create

        return of_client


@pytest.fixture(params=[True, False], ids=["awaited", "blocking"])
def fan(request: pytest.FixtureRequest, emulator: Emulator) -> FanOuts:
    """Fan-outs of either colour."""
    return FanOuts(emulator, awaited=request.param)


def test_every_item_has_one_outcome_in_its_place(fan: FanOuts) -> None:
    """The report holds an outcome for each item, in the items' order."""
    report = fan.report(fan.invite(), range(30), key=str)
    outcomes = report.outcomes or []
    assert [(one.index, one.item, one.key, one.ok, one.attempts) for one in outcomes] == [
        (number, number, str(number), True, 1) for number in range(30)
    ]
    assert [one.result().participant_emails for one in outcomes] == [(f"person{n}@example.org",) for n in range(30)]
    assert len(fan.emulator.meeting_requests()) == 30


def test_a_failure_cancels_nothing(fan: FanOuts) -> None:
    """Ten of thirty are refused; the other twenty are made, and the ten are told."""
    report = fan.report(fan.invite(lambda n: ALICE if n % 3 else "nobody@example.com"), range(30))
    assert (report.succeeded, report.failed) == (20, 10)
    assert [one.item for one in report.failures] == list(range(0, 30, 3))
    assert {type(one.error) for one in report.failures} == {ValidationError}
    assert report.retryable() == []
    with pytest.raises(ExceptionGroup) as raised:
        report.raise_for_failures()
    assert len(raised.value.exceptions) == 10


def test_a_report_without_failures_raises_nothing(fan: FanOuts) -> None:
    """raise_for_failures() is silent after success."""
    report = fan.report(fan.invite(), range(2))
    report.raise_for_failures()
    assert [row["ok"] for row in report.to_rows()] == [True, True]


def test_an_error_of_the_callers_own_is_an_outcome_too(fan: FanOuts) -> None:
    """What the call raises is its outcome, whatever it is."""

    def broken(_skipup: Any) -> Invite:
        def call(number: int) -> Any:
            raise KeyError(number)

        return call

    report = fan.report(broken, [7])
    assert repr(report.failures[0].error) == "KeyError(7)"
    assert not report.failures[0].maybe_applied


def test_values_are_dropped_on_request(fan: FanOuts) -> None:
    """keep=False keeps counts and failures alone."""
    report = fan.report(fan.invite(lambda n: ALICE if n else "nobody@example.com"), range(10), keep=False)
    assert (report.outcomes, report.succeeded, [one.item for one in report.failures]) == (None, 9, [0])


def test_no_more_calls_run_at_once_than_allowed(fan: FanOuts) -> None:
    """max_concurrency bounds the calls under way, of which there is more than one."""
    lock, running, most = threading.Lock(), 0, 0

    def counting(skipup: Any) -> Invite:
        async def call(number: int) -> None:
            enter()
            await skipup.workspace_members.list().first_page()
            leave()

        def blocking(number: int) -> None:
            enter()
            skipup.workspace_members.list().first_page()
            leave()

        return call if fan.awaited else blocking

    def enter() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)

    def leave() -> None:
        nonlocal running
        with lock:
            running -= 1

    fan.report(counting, range(40), max_concurrency=5)
    assert 1 < most <= 5


def test_items_are_taken_as_they_are_needed(fan: FanOuts) -> None:
    """A generator is never more than the calls under way and their results ahead."""
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in range(10_000):
            taken += 1
            yield number

    report = fan.report(fan.invite(), items(), max_concurrency=3, max_creates=12)
    assert report.succeeded == 12
    assert taken <= 12 + 3 * 3


def test_an_error_of_the_items_ends_the_fan_out_after_what_is_under_way(fan: FanOuts) -> None:
    """A generator that fails is told to the caller; what it gave before is done."""

    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise LookupError

    with pytest.raises(LookupError):
        fan.report(fan.invite(), items())
    assert len(fan.emulator.meeting_requests()) == 2


def test_a_dry_run_sends_nothing(fan: FanOuts) -> None:
    """Each call ends at its first state change, with the request as its value."""
    before = fan.emulator.request_count
    report = fan.report(fan.invite(), range(3), dry_run=True)
    values = [one.result() for one in report.outcomes or []]
    assert all(isinstance(value, Request) for value in values)
    assert [value.body["participant_emails"] for value in values] == [[f"person{n}@example.org"] for n in range(3)]
    assert fan.emulator.request_count == before


def test_a_dry_run_still_refuses_bad_arguments(fan: FanOuts) -> None:
    """A dry run validates, the path too."""

    def climb(skipup: Any) -> Callable[[int], Any]:
        return lambda _: skipup.sender.send(Request("POST", ("teams", ".."), object))

    for make in (fan.invite(lambda _: "no address"), climb):
        report = fan.report(make, range(1), dry_run=True)
        assert isinstance(report.failures[0].error, InvalidArgumentError)


def test_max_creates_stops_a_loop_that_ran_away(fan: FanOuts) -> None:
    """No more creates leave than allowed, and the report says what stopped it."""
    report = fan.report(fan.invite(), range(100), max_creates=7, max_concurrency=4)
    assert len(fan.emulator.meeting_requests()) == report.succeeded == 7
    assert isinstance(report.stopped, CreateLimitError)
    assert {type(one.error) for one in report.failures} == {CreateLimitError}
    assert all(one.retryable for one in report.failures)


def test_the_deadline_gives_up_what_still_runs(fan: FanOuts) -> None:
    """At the deadline calls under way end with WaitTimeoutError, and no more begin."""
    fault = fan.emulator.fail(on="POST /meeting_requests", next=None, hold=True)
    report = fan.report(fan.invite(), range(100), deadline=0.3, max_concurrency=4)
    fault.release()
    assert {type(one.error) for one in report.failures} == {WaitTimeoutError}
    assert 1 <= report.failed <= 4
    assert all(one.maybe_applied for one in report.failures)
    assert isinstance(report.stopped, WaitTimeoutError)


def test_progress_is_told_after_each_item(fan: FanOuts) -> None:
    """A function given as progress sees each item done, with the total where the items have one."""
    seen: list[Progress] = []
    fan.report(fan.invite(), list(range(5)), progress=seen.append, max_concurrency=1)
    assert [(one.done, one.total) for one in seen] == [(n, 5) for n in range(1, 6)]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_concurrency": 0}, "max_concurrency"),
        ({"max_concurrency": True}, "max_concurrency"),
        ({"max_creates": -1}, "max_creates"),
        ({"deadline": 0}, "deadline"),
        ({"deadline": float("nan")}, "deadline"),
        ({"journal": "x.sqlite"}, "key"),
        ({"journal": 5, "key": str}, "journal"),
        ({"key": "name"}, "key"),
        ({"progress": "yes"}, "progress"),
        ({"keep": 1}, "keep"),
    ],
)
def test_a_bad_option_is_named(fan: FanOuts, options: dict[str, Any], named: str) -> None:
    """An option that makes no sense is refused by name before anything begins."""
    with pytest.raises(InvalidArgumentError, match=named):
        fan.report(fan.invite(), [1], **options)


@pytest.mark.parametrize("items", [5, "text", b"bytes", None])
def test_items_must_be_iterable(fan: FanOuts, items: Any) -> None:
    """What is no collection of items is refused."""
    with pytest.raises(InvalidArgumentError, match="items"):
        fan.report(fan.invite(), items)


@pytest.mark.anyio
async def test_async_items_are_taken_one_by_one(emulator: Emulator) -> None:
    """An async generator may be the items."""

    async def items() -> AsyncIterator[int]:
        for number in range(20):
            await asyncio.sleep(0)
            yield number

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:
        report = await skipup.fan_out(FanOuts(emulator, awaited=True).invite()(skipup), items())
    assert [one.item for one in report.outcomes or []] == list(range(20))


@pytest.mark.anyio
async def test_outcomes_come_as_they_complete(emulator: Emulator) -> None:
    """A slow item does not hold up the outcomes of the quick."""
    release = asyncio.Event()

    async def call(number: int) -> int:
        if number == 0:
            await release.wait()
        return number

    seen: list[Outcome[int, int]] = []
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        async for outcome in skipup.fan_out(call, range(5)):
            seen.append(outcome)
            if len(seen) == 4:
                release.set()
    assert [one.index for one in seen] == [1, 2, 3, 4, 0]


@pytest.mark.anyio
async def test_leaving_early_gives_up_the_calls_under_way(emulator: Emulator) -> None:
    """After a break and aclose nothing runs on."""
    cancelled = 0

    async def call(number: int) -> int:
        nonlocal cancelled
        try:
            if number:
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled += 1
            raise
        return number

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        outcomes: Any = aiter(skipup.fan_out(call, range(10)))
        await anext(outcomes)
        await outcomes.aclose()
    assert cancelled == 9


@pytest.mark.anyio
async def test_a_cancelled_fan_out_is_cancelled(emulator: Emulator) -> None:
    """Cancelling the task that awaits it cancels the calls, and nothing is swallowed."""
    started = asyncio.Event()

    async def call(number: int) -> None:
        started.set()
        await asyncio.Event().wait()

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        task = asyncio.create_task(skipup.fan_out(call, range(10)).report())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    others = asyncio.all_tasks() - {asyncio.current_task()}
    assert not [other for other in others if "fanout" in repr(other)]


def test_blocking_items_may_call_the_client(emulator: Emulator) -> None:
    """The items of a blocking fan-out may be a list of the same client, fetched page by page."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:
        for number in range(5):
            skipup.meeting_requests.create(organizer_email=ALICE, participants=[f"person{number}@example.org"])
        ids = (request.id for request in skipup.meeting_requests.list(limit=2))
        report = skipup.fan_out(skipup.meeting_requests.get, ids, max_concurrency=2).report()
    assert report.succeeded == 5


def test_leaving_a_blocking_iteration_early_returns_at_once(emulator: Emulator) -> None:
    """A break gives the waiting calls up within a second, and the client is usable afterwards."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:
        first = skipup.meeting_requests.create(organizer_email=ALICE, participants=["a@example.org"])
        other = skipup.meeting_requests.create(organizer_email=ALICE, participants=["b@example.org"])
        fault = emulator.fail(on=f"GET /meeting_requests/{other.id}", next=None, hold=True)
        begun = time.monotonic()
        for outcome in skipup.fan_out(skipup.meeting_requests.get, [first.id, other.id]):
            assert outcome.item == first.id
            break
        assert time.monotonic() - begun < 1
        fault.release()
        assert skipup.meeting_requests.get(first.id) == first
