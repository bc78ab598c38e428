"""What may have gone out in one run stays in doubt in the next ones, until the service itself settles it."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APIConnectionError,
    AsyncSkipUp,
    AuthenticationError,
    ConflictError,
    CreateLimitError,
    InvalidRequestError,
    JournalError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    Unlimited,
    ValidationError,
    WaitTimeoutError,
)
from skipup_async.emulator import Emulator
from skipup_async.fanout.outcome import Outcome
from tests.waiting import until

pytestmark = pytest.mark.anyio

ONCE = RetryPolicy(max_attempts=1, max_throttle_waits=0)
CREATE, CONTEXT = "POST /meeting_requests", "POST /meeting_requests/:id/context"
Call = Callable[[AsyncSkipUp, str], Awaitable[Any]]


async def invite(skipup: AsyncSkipUp, key: str, title: str = "Kickoff", organizer: str = "alice@example.com") -> Any:
    """Create the one request of these tests."""
    people = ["person@example.org"]
    create = skipup.meeting_requests.create
    return await create(organizer_email=organizer, participants=people, title=title, idempotency_key=key)


async def invite_and_tell(skipup: AsyncSkipUp, key: str) -> Any:
    """Create the request, then tell its people more, which nothing protects from being told twice."""
    made = await invite(skipup, key)
    return await skipup.meeting_requests.update_context(made.id, title="Another title")


async def run(
    emulator: Emulator, journal: Path, call: Call = invite, *, api_key: str = "", url: str = "", **options: Any
) -> Outcome[Any, Any]:
    """The outcome of a fan-out over one item, whose every call goes out once."""
    async with AsyncSkipUp(
        api_key or emulator.api_key, base_url=url or emulator.url, limiter=Unlimited(), retry=ONCE
    ) as skipup:

        async def one(_item: str, *, idempotency_key: str) -> Any:
            return await call(skipup, idempotency_key)

        report = await skipup.fan_out(one, ["item"], key=str, journal=journal, **options)
    [outcome] = report.outcomes or []
    return outcome


def entry(journal: Path) -> tuple[str, float | None, int]:
    """The item's state, when it was first sent, and whether sending it again does no harm."""
    with sqlite3.connect(journal) as database:
        found: tuple[str, float | None, int] = database.execute(
            "SELECT state, first_sent, repeatable FROM items"
        ).fetchone()
    database.close()
    return found


def a_day_later(emulator: Emulator, journal: Path) -> None:
    """Let 25 hours pass, for the service and for the journal: the key is forgotten."""
    emulator.advance(hours=25)
    with sqlite3.connect(journal) as database:
        database.execute("UPDATE items SET first_sent = first_sent - 25 * 3600")
    database.close()


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal.sqlite"


async def broken(_skipup: AsyncSkipUp, _key: str) -> Any:
    """Fails before it sends anything."""
    raise LookupError


async def slow(_skipup: AsyncSkipUp, _key: str) -> Any:
    """Never comes to sending anything."""
    await asyncio.Event().wait()


async def changed(skipup: AsyncSkipUp, key: str) -> Any:
    """Asks for something else."""
    return await invite(skipup, key, title="Another title")


async def refused_elsewhere(skipup: AsyncSkipUp, _key: str) -> Any:
    """Is refused, but not the create."""
    return await skipup.workspace_members.list().first_page()


@pytest.mark.parametrize(
    ("call", "options", "fault", "kind", "retryable"),
    [
        (broken, {}, {}, LookupError, False),
        (slow, {"deadline": 0.1}, {}, WaitTimeoutError, True),
        (changed, {}, {}, JournalError, False),
        (invite, {"max_creates": 0}, {}, CreateLimitError, True),
        (invite, {"api_key": "sk_test_another"}, {}, JournalError, False),
        (invite, {}, {"on": CREATE, "status": 401}, AuthenticationError, False),
        (invite, {}, {"on": CREATE, "status": 429}, RateLimitError, True),
        (invite, {}, {"on": CREATE, "status": 409}, ConflictError, False),
        (invite, {}, {"on": CREATE, "status": 422, "type": "invalid_request"}, InvalidRequestError, False),
        (refused_elsewhere, {}, {"on": "GET *", "status": 422, "type": "validation_error"}, ValidationError, False),
    ],
    ids=[
        "error",
        "deadline",
        "changed",
        "max_creates",
        "another key",
        "401",
        "429",
        "409",
        "422 of its state",
        "another 422",
    ],
)
async def test_a_run_that_changes_nothing_leaves_the_doubt(
    emulator: Emulator,
    journal: Path,
    call: Call,
    options: dict[str, Any],
    fault: dict[str, Any],
    kind: type[Exception],
    retryable: bool,
) -> None:
    """Such a run after a lost answer keeps the time of the first send, and a day later nothing is sent."""
    emulator.fail(on=CREATE, connection="close", after_commit=True)
    await run(emulator, journal)
    before = entry(journal)
    if fault:
        emulator.fail(**fault)
    outcome = await run(emulator, journal, call, **options)
    assert type(outcome.error) is kind
    assert (outcome.maybe_applied, outcome.retryable) == (True, retryable)
    assert entry(journal) == before
    a_day_later(emulator, journal)
    outcome = await run(emulator, journal)
    assert isinstance(outcome.error, AmbiguousOutcomeError)
    assert len(emulator.meeting_requests()) == 1


async def test_a_service_that_is_away_leaves_the_doubt(emulator: Emulator, journal: Path) -> None:
    """A refused connection says nothing of the answer that was lost before."""
    with Emulator() as other:
        away = other.url
    emulator.fail(on=CREATE, connection="close", after_commit=True)
    await run(emulator, journal)
    before = entry(journal)
    outcome = await run(emulator, journal, url=away)
    assert isinstance(outcome.error, APIConnectionError)
    assert (outcome.maybe_applied, outcome.retryable) == (True, True)
    assert entry(journal) == before


async def test_the_refusal_of_the_same_key_ends_the_doubt(emulator: Emulator, journal: Path) -> None:
    """Had it been done, the service would have given its first answer again."""

    async def by_nobody(skipup: AsyncSkipUp, key: str) -> Any:
        return await invite(skipup, key, organizer="nobody@example.com")

    emulator.fail(on=CREATE, status=503)
    first = await run(emulator, journal, by_nobody)
    second = await run(emulator, journal, by_nobody)
    assert (type(first.error), first.maybe_applied) == (ServerError, True)
    assert (type(second.error), second.maybe_applied) == (ValidationError, False)
    assert entry(journal)[0] == "failed"


async def test_a_refused_cancel_may_have_been_ours(emulator: Emulator, journal: Path) -> None:
    """What an earlier run may have cancelled is refused the second time for that very reason."""
    made = await run(emulator, journal.with_name("other.sqlite"))

    async def cancel(skipup: AsyncSkipUp, _key: str) -> Any:
        return await skipup.meeting_requests.cancel(made.result().id)

    emulator.fail(on="POST /meeting_requests/:id/cancel", connection="close", after_commit=True)
    await run(emulator, journal, cancel)
    outcome = await run(emulator, journal, cancel)
    assert isinstance(outcome.error, InvalidRequestError)
    assert (outcome.maybe_applied, outcome.retryable) == (True, False)
    assert entry(journal)[0] == "started"


async def test_an_addition_after_the_create_is_not_repeated(emulator: Emulator, journal: Path) -> None:
    """A second call of the item whose answer was lost, and which no key protects, is left to a person."""
    fault = emulator.fail(next=None, on=CONTEXT, connection="close", after_commit=True)
    first = await run(emulator, journal, invite_and_tell)
    second = await run(emulator, journal, invite_and_tell)
    assert [type(one.error) for one in (first, second)] == [AmbiguousOutcomeError] * 2
    assert [one.retryable for one in (first, second)] == [False, False]
    assert fault.hits == 1


async def test_an_addition_that_was_under_way_is_not_repeated(emulator: Emulator, journal: Path) -> None:
    """The journal knows of it before it leaves: a run that is cut off there leaves the item to a person."""
    fault = emulator.fail(next=None, on=CONTEXT, hold=True)
    task = asyncio.create_task(run(emulator, journal, invite_and_tell))
    await until(lambda: fault.hits == 1)
    task.cancel()
    await asyncio.wait([task])
    fault.release()
    outcome = await run(emulator, journal, invite_and_tell)
    assert isinstance(outcome.error, AmbiguousOutcomeError)
    assert fault.hits == 1


async def test_an_addition_that_was_refused_is_made_by_the_next_run(emulator: Emulator, journal: Path) -> None:
    """What was certainly not added does no harm when it is sent again, and the outcome says so."""
    emulator.fail(on=CONTEXT, status=429)
    first = await run(emulator, journal, invite_and_tell)
    assert (type(first.error), first.maybe_applied, first.retryable) == (RateLimitError, True, True)
    second = await run(emulator, journal, invite_and_tell)
    assert second.result().title == "Another title"
    assert len(emulator.meeting_requests()) == 1


async def test_a_second_create_with_a_key_of_its_own_is_an_addition(emulator: Emulator, journal: Path) -> None:
    """The next run would send it under another key, and so it does not."""

    async def invite_two(skipup: AsyncSkipUp, key: str) -> Any:
        await invite(skipup, key)
        emulator.fail(on=CREATE, connection="close", after_commit=True)
        return await skipup.meeting_requests.create(
            organizer_email="alice@example.com", participants=["other@example.org"]
        )

    first = await run(emulator, journal, invite_two)
    second = await run(emulator, journal, invite_two)
    assert (first.maybe_applied, first.retryable) == (True, False)
    assert isinstance(second.error, AmbiguousOutcomeError)
    assert len(emulator.meeting_requests()) == 2
