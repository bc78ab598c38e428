"""A meeting request: what a caller says of it, and what SkipUp tells of it.

Fields and limits as support.skipup.ai/api/meeting-requests documents them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.unset import Unset, given
from skipup_async.errors import InvalidArgumentError

__all__ = ["MeetingRequest", "Participant", "Timeframe", "context", "people"]

_LONGEST_DESCRIPTION = 5000


def _start(value: datetime | str | None) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is not None else _read("timeframe.start", value)


def _end(value: datetime | str | None) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is not None else _read("timeframe.end", value)


def _read(name: str, value: datetime | str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(arguments.moment(name, value).upper())


@attrs.frozen(repr=False, slots=False)
class Timeframe(Record):
    """When the meeting may take place; either end may be left open."""

    #: The earliest time: an aware datetime, or made from an ISO 8601 string with an offset.
    start: datetime | None = attrs.field(default=None, converter=_start)
    #: The latest time, likewise.
    end: datetime | None = attrs.field(default=None, converter=_end)


@attrs.frozen
class Participant:
    """Somebody to meet. Name and time zone are kept for people SkipUp does not know yet, and never sent back."""

    #: The address SkipUp writes to.
    email: str
    #: How SkipUp addresses them.
    name: str | None = None
    #: An IANA name such as ``America/Chicago``.
    timezone: str | None = None


@attrs.frozen(repr=False, slots=False)
class MeetingRequest(Record):
    """A request to find a time and book a meeting, as SkipUp last told of it."""

    #: The id that every other call takes, such as ``mr_01HQ8XK4ZB``.
    id: str
    #: ``active``, ``paused``, ``booked`` or ``cancelled``; a value added later passes through.
    status: str | None = None
    #: The member who invites.
    organizer_email: str | None = None
    #: Whom to meet.
    participant_emails: tuple[str, ...] | None = None
    #: The subject of the meeting.
    title: str | None = None
    #: What the meeting is for.
    purpose: str | None = None
    #: Free text for the assistant that writes to the people.
    description: str | None = None
    #: Whether SkipUp introduces the people to each other.
    include_introduction: bool | None = None
    #: How long the meeting takes.
    duration_minutes: int | float | None = None
    #: When it may take place.
    timeframe: Timeframe | None = None
    #: Provisional: the campaign it was created for; that SkipUp answers with it is inferred.
    campaign_id: str | None = None
    #: Provisional: the campaign's description when the request was created; inferred too.
    campaign_source: str | None = None
    #: When it was created.
    created_at: datetime | None = None
    #: When it last changed.
    updated_at: datetime | None = None
    #: When a time was booked; None where none is.
    booked_at: datetime | None = None
    #: When it was cancelled; None where it was not.
    cancelled_at: datetime | None = None
    #: When it was paused; None once it is resumed.
    paused_at: datetime | None = None


def context(
    title: str | Unset | None,
    purpose: str | Unset | None,
    description: str | Unset | None,
    duration_minutes: int | Unset | None,
    timeframe: Timeframe | Unset | None,
) -> dict[str, Any]:
    """What the meeting is about, as the API takes it; what is left out is not in it."""
    fields = {
        "title": arguments.optional(arguments.text, "title", title),
        "purpose": arguments.optional(arguments.text, "purpose", purpose),
        "description": arguments.optional(_description, "description", description),
        "duration_minutes": arguments.optional(arguments.number, "duration_minutes", duration_minutes),
        "timeframe": arguments.optional(_timeframe, "timeframe", timeframe),
    }
    return given(fields)


def _description(name: str, value: object) -> str:
    return arguments.text(name, value, longest=_LONGEST_DESCRIPTION)


def _timeframe(name: str, value: object) -> dict[str, str]:
    if not isinstance(value, Timeframe):
        msg = f"{name} must be a Timeframe(start=…, end=…)"
        raise InvalidArgumentError(msg)
    ends = {"start": value.start, "end": value.end}
    return {end: arguments.moment(f"{name}.{end}", time) for end, time in ends.items() if time is not None}


def people(participants: Iterable[str | Participant]) -> dict[str, Any]:
    """The participants in the form of the API that can carry them all: addresses alone, or objects."""
    everybody = arguments.many("participants", participants)
    if not everybody:
        msg = "participants must name at least one person"
        raise InvalidArgumentError(msg)
    named = [_person(f"participants[{position}]", person) for position, person in enumerate(everybody)]
    if all(isinstance(person, str) for person in everybody):
        return {"participant_emails": [person["email"] for person in named]}
    return {"participants": named}


def _person(name: str, person: object) -> dict[str, str]:
    if isinstance(person, str):
        return {"email": arguments.email(name, person)}
    if not isinstance(person, Participant):
        msg = f"{name} must be an e-mail address or a Participant, not {type(person).__name__}"
        raise InvalidArgumentError(msg)
    details = {
        "email": arguments.email(f"{name}.email", person.email),
        "name": arguments.optional(arguments.text, f"{name}.name", person.name),
        "timezone": arguments.optional(arguments.time_zone, f"{name}.timezone", person.timezone),
    }
    return {field: value for field, value in details.items() if isinstance(value, str)}
