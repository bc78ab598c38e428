"""The journal: what was done is not done again, and what nobody can know is not guessed."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    AsyncSkipUp,
    AuthenticationError,
    InvalidArgumentError,
    JournalError,
    MeetingRequest,
    RetryPolicy,
    ServerError,
    Unlimited,
    ValidationError,
)
from skipup_async.emulator import Emulator
from skipup_async.fanout.outcome import Report

pytestmark = pytest.mark.anyio

ONCE = RetryPolicy(max_attempts=1)


async def fan_out(
    emulator: Emulator,
    journal: Path,
    items: Any,
    *,
    organizer: str = "alice@example.com",
    title: str = "Kickoff",
    pass_key: bool = True,
    api_key: str | None = None,
    **options: Any,
) -> Report[Any, Any]:
    """Invite *items*, with a journal; every call goes out once."""
    api_key = api_key or emulator.api_key
    async with AsyncSkipUp(api_key, base_url=emulator.url, limiter=Unlimited(), retry=ONCE) as skipup:

        async def invite(number: Any, *, idempotency_key: str) -> MeetingRequest:
            given: dict[str, Any] = {"idempotency_key": idempotency_key} if pass_key else {}
            return await skipup.meeting_requests.create(
                organizer_email=organizer, participants=[f"person{number}@example.org"], title=title, **given
            )

        given_options: dict[str, Any] = {"key": str, "journal": journal} | options
        return await skipup.fan_out(invite, items, **given_options)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Where a journal may be."""
    return tmp_path / "journal.sqlite"


async def test_what_is_done_comes_from_the_journal(emulator: Emulator, journal: Path) -> None:
    """A second run sends nothing and gives the same values."""
    first = await fan_out(emulator, journal, range(5))
    count = emulator.request_count
    second = await fan_out(emulator, journal, range(5))
    assert emulator.request_count == count
    assert [one.value for one in second.outcomes or []] == [one.value for one in first.outcomes or []]
    assert {one.from_journal for one in second.outcomes or []} == {True}


async def test_a_run_with_more_items_sends_the_new_ones(emulator: Emulator, journal: Path) -> None:
    """Only items the journal does not know are sent."""
    await fan_out(emulator, journal, range(5))
    report = await fan_out(emulator, journal, range(8))
    assert report.succeeded == 8
    assert len(emulator.meeting_requests()) == emulator.request_count == 8


async def test_what_the_service_refused_stays_refused_until_asked(emulator: Emulator, journal: Path) -> None:
    """A 422 is told again without a request, and tried again with retry_failed."""
    await fan_out(emulator, journal, [1], organizer="nobody@example.com")
    count = emulator.request_count
    again = await fan_out(emulator, journal, [1])
    assert emulator.request_count == count
    assert isinstance(again.failures[0].error, ValidationError)
    assert again.failures[0].error.status_code == 422
    assert again.failures[0].from_journal
    assert not again.retryable()
    retried = await fan_out(emulator, journal, [1], retry_failed=True)
    assert retried.succeeded == 1


async def test_an_item_tried_again_after_a_refusal_has_another_key(emulator: Emulator, journal: Path) -> None:
    """A corrected request needs a new idempotency key: the service may have kept the old one's answer."""
    await fan_out(emulator, journal, [1], organizer="nobody@example.com")
    await fan_out(emulator, journal, [1], retry_failed=True)
    refused, made = (request.headers["Idempotency-Key"] for request in emulator.requests)
    assert refused != made


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(emulator: Emulator, journal: Path) -> None:
    """The item whose answer was lost is retryable, and the second run finds what the first one made."""
    emulator.fail(on="POST /meeting_requests", status=503, after_commit=True)
    first = await fan_out(emulator, journal, [1])
    assert isinstance(first.failures[0].error, ServerError)
    assert (first.failures[0].maybe_applied, first.failures[0].retryable) == (True, True)
    second = await fan_out(emulator, journal, [1])
    assert second.succeeded == len(emulator.meeting_requests()) == 1
    assert len({request.headers["Idempotency-Key"] for request in emulator.requests}) == 1


async def test_after_23_hours_a_lost_answer_is_for_a_person(emulator: Emulator, journal: Path) -> None:
    """A key that was first used 23 hours ago is not sent again."""
    emulator.fail(on="POST /meeting_requests", status=503, after_commit=True)
    await fan_out(emulator, journal, [1])
    with sqlite3.connect(journal) as database:
        database.execute("UPDATE items SET first_sent = first_sent - 23 * 3600")
    database.close()
    count = emulator.request_count
    report = await fan_out(emulator, journal, [1])
    assert emulator.request_count == count
    assert isinstance(report.failures[0].error, AmbiguousOutcomeError)
    assert (report.failures[0].maybe_applied, report.failures[0].retryable) == (True, False)


async def test_another_body_under_the_same_key_is_an_error(emulator: Emulator, journal: Path) -> None:
    """A changed request is not a second meeting."""
    emulator.fail(on="POST /meeting_requests", status=503, after_commit=True)
    await fan_out(emulator, journal, [1])
    count = emulator.request_count
    report = await fan_out(emulator, journal, [1], title="Another title")
    assert isinstance(report.failures[0].error, JournalError)
    assert emulator.request_count == count


async def test_what_is_in_doubt_is_not_sent_under_another_api_key(emulator: Emulator, journal: Path) -> None:
    """No document says whether the service would know the idempotency key again; all else goes on under the new one."""
    emulator.fail(on="POST /meeting_requests", status=503, after_commit=True)
    await fan_out(emulator, journal, [1])
    await fan_out(emulator, journal, [2])
    count = emulator.request_count
    report = await fan_out(emulator, journal, [1, 2, 3], api_key=emulator.add_key())
    errors = {outcome.item: type(outcome.error) for outcome in report.outcomes or []}
    assert errors == {1: JournalError, 2: type(None), 3: type(None)}
    assert emulator.request_count == count + 1


async def test_what_certainly_did_nothing_goes_out_under_the_right_api_key(emulator: Emulator, journal: Path) -> None:
    """A mistyped key bars no item for good."""
    first = await fan_out(emulator, journal, [1], api_key="sk_test_mistyped")
    assert isinstance(first.failures[0].error, AuthenticationError)
    second = await fan_out(emulator, journal, [1])
    assert second.succeeded == len(emulator.meeting_requests()) == 1


async def test_two_items_of_one_key_are_one_item_and_an_error(emulator: Emulator, journal: Path) -> None:
    """The second item of a key is refused; the first is made."""
    report = await fan_out(emulator, journal, [1, 1], max_concurrency=1)
    assert (report.succeeded, type(report.failures[0].error)) == (1, JournalError)
    assert len(emulator.meeting_requests()) == 1


async def test_the_key_must_be_passed_on(emulator: Emulator, journal: Path) -> None:
    """A create with a key of its own could not be recognised after a crash, and does not leave."""
    report = await fan_out(emulator, journal, [1], pass_key=False)
    assert isinstance(report.failures[0].error, InvalidArgumentError)
    assert emulator.request_count == 0


@pytest.mark.parametrize("key", ["", 5, None])
async def test_a_key_is_a_text(emulator: Emulator, journal: Path, key: Any) -> None:
    """A key that names nothing is an error of its item."""

    def name(_item: object) -> Any:
        return key

    report = await fan_out(emulator, journal, [1], key=name)
    assert isinstance(report.failures[0].error, InvalidArgumentError)
    assert emulator.request_count == 0


async def test_what_adds_again_is_never_sent_again(emulator: Emulator, journal: Path) -> None:
    """A lost campaigns.create is not repeated by a second run: no key protects it."""
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), retry=ONCE) as skipup:
        [team] = await skipup.teams.list().collect()

        async def create(name: str, *, idempotency_key: str) -> Any:
            return await skipup.campaigns.create(name=name, team_id=team.id)

        emulator.fail(on="POST /campaigns", connection="reset", after_commit=True)
        first = await skipup.fan_out(create, ["Fair"], key=str, journal=journal)
        second = await skipup.fan_out(create, ["Fair"], key=str, journal=journal)
        assert len(await skipup.campaigns.list().collect()) == 1
    assert [type(report.failures[0].error) for report in (first, second)] == [AmbiguousOutcomeError] * 2
    assert not first.retryable()
    assert second.failures[0].from_journal


async def test_values_that_are_no_records_come_back_as_none(emulator: Emulator, journal: Path) -> None:
    """The journal keeps records of this package and pickles nothing."""
    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:

        async def call(number: int, *, idempotency_key: str) -> object:
            return object()

        first = await skipup.fan_out(call, [1], key=str, journal=journal)
        second = await skipup.fan_out(call, [1], key=str, journal=journal)
    assert (first.outcomes or [])[0].value is not None
    assert (second.outcomes or [])[0].value is None
    assert second.succeeded == 1


async def test_another_process_is_kept_out(emulator: Emulator, journal: Path) -> None:
    """While one process holds the journal a second gets a JournalError at once, and sends nothing."""
    program = (
        "import sys; from skipup_async.fanout.journal import Journal\n"
        "from skipup_async import JournalError\n"
        "try: Journal(sys.argv[1])\n"
        "except JournalError as error: sys.exit('in use' in str(error) and 7)\n"
    )
    codes: list[int] = []

    async with AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:

        async def call(number: int, *, idempotency_key: str) -> None:
            done = subprocess.run([sys.executable, "-c", program, os.fspath(journal)], check=False, timeout=60)
            codes.append(done.returncode)

        await skipup.fan_out(call, [1], key=str, journal=journal)
    assert codes == [7]


@pytest.mark.parametrize("content", [b"no database" * 100, None], ids=["text", "another database"])
async def test_a_file_that_is_no_journal_is_refused_and_left_alone(
    emulator: Emulator, journal: Path, content: bytes | None
) -> None:
    """Somebody else's file is not written to."""
    if content is None:
        with sqlite3.connect(journal) as database:
            database.execute("CREATE TABLE items (something)")
        database.close()
    else:
        journal.write_bytes(content)
    with pytest.raises(JournalError, match="not a journal"):
        await fan_out(emulator, journal, [1])
    assert content is None or journal.read_bytes() == content
    assert emulator.request_count == 0


async def test_a_journal_that_cannot_be_opened_is_an_error(emulator: Emulator, tmp_path: Path) -> None:
    """A folder that does not exist is a JournalError, before anything is sent."""
    with pytest.raises(JournalError, match="cannot be opened"):
        await fan_out(emulator, tmp_path / "nowhere" / "journal.sqlite", [1])
    assert emulator.request_count == 0


async def test_a_dry_run_writes_no_journal(emulator: Emulator, journal: Path) -> None:
    """dry_run with a journal leaves no trace of either."""
    report = await fan_out(emulator, journal, range(3), dry_run=True)
    assert report.succeeded == 3
    assert not journal.exists()
