"""How a fan-out ends early: what was given up sends nothing more, what was done is told, and nothing hangs."""

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from skipup_async import AsyncSkipUp, SkipUp, Unlimited, WaitTimeoutError
from skipup_async.emulator import Emulator
from skipup_async.fanout.journal import Entry, Journal, State
from tests.waiting import until, until_threads

ALICE = "alice@example.com"
PATIENCE = 30.0


class Late:
    """A blocking call that comes to its create only when it is told to."""

    def __init__(self, skipup: SkipUp) -> None:
        self._skipup = skipup
        self.begun, self.go_on, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.errors: list[Exception] = []

    def __call__(self, number: int) -> int:
        """Give the first item its number at once, when the second one is under way; create for the second."""
        if number == 0:
            assert self.begun.wait(PATIENCE)
            return number
        self.begun.set()
        assert self.go_on.wait(PATIENCE)
        try:
            self._skipup.meeting_requests.create(organizer_email=ALICE, participants=["person@example.org"])
        except Exception as error:  # noqa: BLE001 - what it meets is the test's business
            self.errors.append(error)
        self.ended.set()
        return number

    def finish(self) -> list[type[Exception]]:
        """Let it create, and tell what it met."""
        self.go_on.set()
        assert self.ended.wait(PATIENCE)
        return [type(error) for error in self.errors]


def test_a_thread_that_was_given_up_at_the_deadline_sends_nothing(emulator: Emulator) -> None:
    """Its outcome says that nothing was sent, and so it stays."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:
        late = Late(skipup)
        [outcome] = skipup.fan_out(late, [1], deadline=0.9).report().failures
        assert (outcome.attempts, outcome.maybe_applied, outcome.retryable) == (0, False, True)
        assert late.finish() == [WaitTimeoutError]
    assert emulator.request_count == 0


def test_a_thread_that_was_left_behind_sends_nothing(emulator: Emulator) -> None:
    """Leaving the iteration early gives up what has not been sent yet."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:
        late = Late(skipup)
        for _ in skipup.fan_out(late, [0, 1]):
            break
        assert late.finish() == [WaitTimeoutError]
    assert emulator.request_count == 0


@pytest.mark.anyio
async def test_a_task_that_outlives_its_item_sends_nothing(emulator: Emulator) -> None:
    """The item has failed, and its outcome says that nothing was sent."""
    go_on, tasks = asyncio.Event(), list[asyncio.Task[Any]]()

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:

        async def late() -> None:
            await go_on.wait()
            await skipup.meeting_requests.create(organizer_email=ALICE, participants=["person@example.org"])

        async def call(_number: int) -> None:
            tasks.append(asyncio.create_task(late()))
            raise LookupError

        [outcome] = (await skipup.fan_out(call, [1])).failures
        assert not outcome.maybe_applied
        go_on.set()
        with pytest.raises(WaitTimeoutError, match="nothing was sent"):
            await tasks[0]
    assert emulator.request_count == 0


class SlowDisk:
    """Makes the journal write outcomes only from some moment on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waiting, self.go_on = threading.Event(), threading.Event()
        write = Journal.finish

        def finish(journal: Journal, key: str, state: State, outcome: str | None) -> None:
            self.waiting.set()
            assert self.go_on.wait(PATIENCE)
            write(journal, key, state, outcome)

        monkeypatch.setattr(Journal, "finish", finish)


def done(journal: Path) -> int:
    """How many items the journal calls done."""
    with sqlite3.connect(journal) as database:
        [[count]] = database.execute("SELECT count(*) FROM items WHERE state = 'done'")
    database.close()
    return int(count)


@pytest.mark.parametrize("awaited", [True, False], ids=["awaited", "blocking"])
def test_the_deadline_takes_no_outcome_from_an_item_that_is_done(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, awaited: bool
) -> None:
    """Items whose calls have ended when it comes are told, and are in the journal, however slow the disk."""
    disk, journal, called = SlowDisk(monkeypatch), tmp_path / "journal.sqlite", list[int]()
    deadline = 0.4
    options: dict[str, Any] = {"key": str, "journal": journal, "deadline": deadline}
    threading.Timer(2 * deadline, disk.go_on.set).start()

    def call(number: int, *, idempotency_key: str) -> int:
        called.append(number)
        return number

    async def awaited_call(number: int, *, idempotency_key: str) -> int:
        return call(number, idempotency_key=idempotency_key)

    async def run() -> Any:
        async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
            return await skipup.fan_out(awaited_call, range(3), **options)

    if awaited:
        report = asyncio.run(run())
    else:
        with SkipUp(emulator.api_key, base_url=emulator.url) as skipup:
            report = skipup.fan_out(call, range(3), **options).report()
    assert isinstance(report.stopped, WaitTimeoutError)
    assert report.succeeded == done(journal)
    assert report.succeeded + report.failed >= len(called)


@pytest.mark.anyio
async def test_no_call_begins_after_the_deadline(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An item whose past the journal was still looking up then is not called, and its outcome says why."""
    begin, deadline, called = Journal.begin, 0.2, list[int]()

    def slow_begin(journal: Journal, key: str, *, retry_failed: bool) -> Entry:
        time.sleep(2 * deadline)
        return begin(journal, key, retry_failed=retry_failed)

    async def call(number: int, *, idempotency_key: str) -> None:
        called.append(number)

    monkeypatch.setattr(Journal, "begin", slow_begin)
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        journal = tmp_path / "journal.sqlite"
        report = await skipup.fan_out(call, [1], key=str, journal=journal, deadline=deadline)
    [outcome] = report.failures
    assert (outcome.key, type(outcome.error), outcome.retryable) == ("1", WaitTimeoutError, True)
    assert called == []


@pytest.mark.anyio
async def test_leaving_early_takes_no_outcome_from_the_journal(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was done and waits to be written when the iteration is left is written nevertheless."""
    journal, called = tmp_path / "journal.sqlite", list[int]()
    disk = SlowDisk(monkeypatch)

    async def call(number: int, *, idempotency_key: str) -> None:
        called.append(number)

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        task = asyncio.create_task(skipup.fan_out(call, range(5), key=str, journal=journal).report())
        await until(lambda: len(called) == 5 and disk.waiting.is_set())
        threading.Timer(0.2, disk.go_on.set).start()
        task.cancel()
        await asyncio.wait([task])
    assert done(journal) == 5


@pytest.mark.anyio
@pytest.mark.parametrize("stubborn", [False, True], ids=["stopped", "stubborn call"])
async def test_leaving_early_ends_with_outcomes_that_nobody_took(emulator: Emulator, stubborn: bool) -> None:
    """Also when max_creates has stopped the fan-out, or when a call does not let itself be cancelled."""
    refused = False

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:

        async def call(number: int) -> None:
            nonlocal refused
            if number == 1:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    if not stubborn:
                        raise
            if number == 3:
                refused = True
                await skipup.meeting_requests.create(organizer_email=ALICE, participants=["person@example.org"])

        outcomes: Any = aiter(skipup.fan_out(call, range(20), max_concurrency=2, max_creates=0))
        await anext(outcomes)
        await until(lambda: refused)
        for _ in range(100):
            await asyncio.sleep(0)  # until the queue is full
        closing = asyncio.create_task(outcomes.aclose())
        ended, _ = await asyncio.wait([closing], timeout=10)
    assert ended
    assert emulator.request_count == 0


def test_leaving_a_blocking_iteration_early_ends_with_outcomes_that_nobody_took(emulator: Emulator) -> None:
    """The same, where the call that is left behind is a thread's."""
    go_on, refused = threading.Event(), threading.Event()

    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as skipup:

        def call(number: int) -> None:
            if number == 1:
                go_on.wait(PATIENCE)
            if number == 3:
                refused.set()
                skipup.meeting_requests.create(organizer_email=ALICE, participants=["person@example.org"])

        def leave() -> None:
            for _ in skipup.fan_out(call, range(20), max_concurrency=2, max_creates=0):
                until_threads(refused.is_set)
                time.sleep(0.3)  # until the refusal has become an outcome, and the queue is full
                break

        leaving = threading.Thread(target=leave, daemon=True)
        leaving.start()
        leaving.join(10)
        assert not leaving.is_alive()
        go_on.set()
