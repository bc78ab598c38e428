"""The main job in a few seconds, on an emulator of its own: no key, no network, nobody gets an e-mail."""

import asyncio
import os
import sys
from datetime import UTC, datetime

from skipup_async.emulator import Emulator
from skipup_async.errors import InvalidRequestError
from skipup_async.hiringcenter import AsyncHiringCenter
from skipup_async.skipup.client import AsyncSkipUp, SkipUp
from skipup_async.skipup.meeting_request import MeetingRequest, Participant
from skipup_async.thareja import AsyncThareja

__all__ = ["run"]

_BOLD, _DIM, _GREEN, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[32m", "\x1b[0m"
_COLUMN = 17


class _Story:
    """Tells what happens, line by line; in colour on a terminal that shows it."""

    def __init__(self) -> None:
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"

    def _painted(self, colour: str, text: str) -> str:
        return f"{colour}{text}{_PLAIN}" if self._coloured else text

    def chapter(self, title: str) -> None:
        """Begin a part."""
        print(f"\n{self._painted(_BOLD, title)}")

    def step(self, call: str, outcome: str) -> None:
        """One call and what came of it."""
        print(f"  {self._painted(_GREEN, call.ljust(_COLUMN))} {outcome}")

    def aside(self, text: str) -> None:
        """Something that happens beside the calls."""
        print(f"  {self._painted(_DIM, text)}")


def run() -> int:
    """Tell the story for as long as somebody reads it; the exit status."""
    try:
        _tell(_Story())
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer is flushed at exit, which must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _tell(story: _Story) -> None:
    """Awaited, and then blocking."""
    print("One meeting request through its whole life, on an emulator of the SkipUp API.")
    story.chapter("Awaited: AsyncSkipUp")
    asyncio.run(_awaited(story))
    story.chapter("Blocking: SkipUp, the same calls without await")
    _blocking(story)
    asyncio.run(_siblings(story))
    story.chapter("Nothing left this machine, and nobody got an e-mail. What comes next:")
    story.step("emulator", "`python -m skipup_async emulator` serves your own programs")
    story.step("README.md", "ten lines to run against it, a service, and its tests")


async def _awaited(story: _Story) -> None:
    async with Emulator() as emulator, AsyncSkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        requests = skipup.meeting_requests
        kickoff = await requests.create(
            organizer_email="alice@example.com",
            participants=["carol@example.org", Participant("dan@example.org", name="Dan", timezone="Europe/Paris")],
            title="Project kickoff",
            duration_minutes=45,
        )
        story.step("create", _shown(kickoff))
        story.aside(f"SkipUp writes to {_people(kickoff)}")
        story.step("get", _shown(await requests.get(kickoff.id)))
        changed = await requests.change_organizer(kickoff.id, "bob@example.com")
        story.step("change_organizer", f"now organized by {changed.organizer_email}")
        longer = await requests.update_context(kickoff.id, duration_minutes=60)
        story.step("update_context", f"now {longer.duration_minutes} minutes")
        story.step("pause", _shown(await requests.pause(kickoff.id)))
        story.step("resume", _shown(await requests.resume(kickoff.id)))
        story.aside("... hours later everybody has answered, and a time is found ...")
        emulator.book(kickoff.id)
        booked = await requests.get(kickoff.id)
        story.step("get", f"{_shown(booked)} at {booked.booked_at:%H:%M:%S} UTC")
        other = await requests.create(organizer_email="alice@example.com", participants=["erin@example.org"])
        story.step("cancel", _shown(await requests.cancel(other.id, notify=True)))
        async for request in requests.list():
            story.step("list", _shown(request))
        try:
            await requests.cancel(kickoff.id)
        except InvalidRequestError as error:
            story.step("cancel", f"{type(error).__name__}: {error.message}")


def _blocking(story: _Story) -> None:
    with Emulator() as emulator, SkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        requests = skipup.meeting_requests
        review = requests.create(
            organizer_email="alice@example.com", participants=["carol@example.org"], title="Quarterly review"
        )
        story.step("create", _shown(review))
        story.step("pause", _shown(requests.pause(review.id)))
        story.step("resume", _shown(requests.resume(review.id)))
        emulator.book(review.id)
        story.step("get", _shown(requests.get(review.id)))
        for member in skipup.workspace_members.list():
            story.step("members", f"{member.name}, {member.role}")
        limit = skipup.rate_limit
        story.step("rate_limit", f"{limit.available:.0f} of {limit.limit:.0f} requests left this minute")


async def _siblings(story: _Story) -> None:
    async with (
        Emulator() as emulator,
        AsyncHiringCenter(emulator.api_key, base_url=emulator.hiringcenter_url) as hiringcenter,
        AsyncThareja(emulator.api_key, base_url=emulator.thareja_url) as thareja,
    ):
        story.chapter("On the same core: HiringCenter")
        when = datetime(2027, 2, 1, 14, tzinfo=UTC)
        meeting = await hiringcenter.meetings.create(
            prospect_id="prospect-1", owner_id="owner-1", meeting_date=when, time_zone="UTC", meeting_type="phone"
        )
        story.step("create", f"a {meeting.meeting_type} meeting on {meeting.meeting_date:%d %B %Y}")
        moved = await hiringcenter.meetings.update(meeting.id, location="Zoom")
        story.step("update", f"now at {moved.location}")
        story.step("delete", (await hiringcenter.meetings.delete(meeting.id)).message or "deleted")
        story.chapter("On the same core: Thareja")
        asked = await thareja.meetings.create(recipient_id=5, team_id=1, date=when.replace(tzinfo=None))
        story.step("create", f"14:00 in {asked.timezone}, which is {asked.start:%H:%M} UTC")
        story.step("pending", f"{len(await thareja.meetings.pending().collect())} meeting waits for an answer")
        story.step("confirm", f"the recipient says yes: {(await thareja.meetings.confirm(asked.id)).status}")


def _shown(request: MeetingRequest) -> str:
    return f"{request.title or 'a meeting without a title'}: {request.status}"


def _people(request: MeetingRequest) -> str:
    return " and ".join(request.participant_emails or ())
