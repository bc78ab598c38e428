"""What the body of a meeting request says: who takes part, and what the meeting is about."""

from __future__ import annotations

import sqlite3

from skipup_async.emulator.call import Json, invalid_request, invalid_value
from skipup_async.emulator.fields import Fields, fold
from skipup_async.emulator.store.meeting_requests import Person

_LONGEST_DESCRIPTION = 5000
_LONGEST_MEETING = 2**31 - 1  # the documents name no bound; this is PostgreSQL's


def organizer(body: Fields) -> Person:
    """Who asks for the meeting."""
    body.required("organizer_email")
    email = body.email("organizer_email") or ""
    return Person(email, body.text("organizer_name"), body.zone("organizer_timezone"))


def people(body: Fields) -> list[Person]:
    """Those who are invited, each once, in either documented form."""
    emails, objects = body.emails("participant_emails"), body.nested_list("participants")
    if emails is not None and objects is not None:
        raise invalid_request("Provide either participant_emails or participants, not both")
    if emails is not None:
        people = [Person(email) for email in emails]
    else:
        people = [_person(participant) for participant in objects or ()]
    if not people:
        raise invalid_value("At least one participant is required, in participant_emails or participants")
    once: dict[str, Person] = {}
    for person in people:
        once.setdefault(fold(person.email), person)
    return list(once.values())


def _person(participant: Fields) -> Person:
    participant.required("email")
    return Person(participant.email("email") or "", participant.text("name"), participant.zone("timezone"))


def context(fields: Fields) -> Json:
    """The columns of what is told about the meeting, its timeframe aside."""
    return {
        "title": fields.text("title"),
        "purpose": fields.text("purpose"),
        "description": fields.text("description", longest=_LONGEST_DESCRIPTION),
        "duration_minutes": fields.whole("duration_minutes", smallest=1, largest=_LONGEST_MEETING),
    }


def timeframe(fields: Fields) -> Json:
    """The columns of a timeframe."""
    start, end = _timeframe(fields)
    return {"timeframe_start": start, "timeframe_end": end}


def _timeframe(fields: Fields) -> tuple[int | None, int | None]:
    timeframe = fields.nested("timeframe") or Fields({})
    return _ordered(timeframe.instant("start"), timeframe.instant("end"))


def timeframe_update(body: Fields, row: sqlite3.Row, *, merge: bool) -> Json:
    """The columns of a timeframe that is sent for *row*; to *merge* is to keep the end that is not sent."""
    timeframe = body.nested("timeframe")
    start, end = _timeframe(body)
    if timeframe is not None and merge:
        start = start if timeframe.given("start") else row["timeframe_start"]
        end = end if timeframe.given("end") else row["timeframe_end"]
    start, end = _ordered(start, end)
    return {"timeframe_start": start, "timeframe_end": end}


def _ordered(start: int | None, end: int | None) -> tuple[int | None, int | None]:
    if start is not None and end is not None and start > end:
        raise invalid_value("timeframe.start must not be after timeframe.end")
    return start, end
