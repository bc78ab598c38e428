"""Meeting requests: ask SkipUp to find a time, and follow what becomes of it.

Fields, filters and states as support.skipup.ai/api/meeting-requests documents them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.request import Id, Operation, Page, Proof, Request
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.unset import UNSET, Unset, given
from skipup_async.errors import InvalidArgumentError

__all__ = ["MeetingRequest", "MeetingRequests", "Participant", "Timeframe"]

_LONGEST_DESCRIPTION = 5000


def _moment(name: str, value: datetime | str | None) -> datetime | None:
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    return datetime.fromisoformat(arguments.moment(name, value).upper())


def _start(value: datetime | str | None) -> datetime | None:
    return _moment("timeframe.start", value)


def _end(value: datetime | str | None) -> datetime | None:
    return _moment("timeframe.end", value)


@attrs.frozen(repr=False)
class Timeframe(Record):
    """When the meeting may take place; either end may be left open."""

    #: The earliest time: an aware datetime, or made from an ISO 8601 string with an offset.
    start: datetime | None = attrs.field(default=None, converter=_start)
    #: The latest time, likewise.
    end: datetime | None = attrs.field(default=None, converter=_end)


@attrs.frozen
class Participant:
    """Somebody to meet. Name and time zone are kept for people SkipUp does not know yet, and never sent back."""

    email: str
    name: str | None = None
    #: An IANA name such as ``America/Chicago``.
    timezone: str | None = None


@attrs.frozen(repr=False)
class MeetingRequest(Record):
    """A request to find a time and book a meeting, as SkipUp last told of it."""

    id: str
    #: ``active``, ``paused``, ``booked`` or ``cancelled``; a value added later passes through.
    status: str | None = None
    organizer_email: str | None = None
    participant_emails: tuple[str, ...] | None = None
    title: str | None = None
    purpose: str | None = None
    #: Free text for the assistant that writes to the people.
    description: str | None = None
    include_introduction: bool | None = None
    duration_minutes: int | float | None = None
    timeframe: Timeframe | None = None
    #: Provisional: the campaign it was created for; that SkipUp answers with it is inferred.
    campaign_id: str | None = None
    #: Provisional: the campaign's description when the request was created; inferred too.
    campaign_source: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    booked_at: datetime | None = None
    cancelled_at: datetime | None = None
    paused_at: datetime | None = None


class MeetingRequests(Resource[S_co]):
    """Ask SkipUp to find a time, and follow what becomes of it."""

    @paged
    def list(
        self,
        *,
        participant_email: str | Unset | None = UNSET,
        organizer_email: str | Unset | None = UNSET,
        status: str | Unset | None = UNSET,
        created_after: datetime | str | Unset | None = UNSET,
        created_before: datetime | str | Unset | None = UNSET,
        limit: int | Unset | None = UNSET,
        cursor: str | Unset | None = UNSET,
    ) -> Request[Page[MeetingRequest]]:
        """The workspace's meeting requests, newest first, that fit every filter given.

        *status* is ``active``, ``paused``, ``booked`` or ``cancelled``. Both
        times are inclusive. *limit* is how many a page holds, 1 to 100 (the
        service's default is 25); the pager fetches as many pages as there are.
        """
        return Request(
            "GET",
            ("meeting_requests",),
            Page[MeetingRequest],
            query=arguments.query(
                participant_email=arguments.optional(arguments.email, "participant_email", participant_email),
                organizer_email=arguments.optional(arguments.email, "organizer_email", organizer_email),
                status=arguments.optional(arguments.text, "status", status),
                created_after=arguments.optional(arguments.moment, "created_after", created_after),
                created_before=arguments.optional(arguments.moment, "created_before", created_before),
                limit=arguments.optional(arguments.page_limit, "limit", limit),
                cursor=arguments.optional(arguments.text, "cursor", cursor),
            ),
        )

    @endpoint
    def get(self, id: str) -> Request[MeetingRequest]:
        """One meeting request as it is now."""
        return _read(id)

    @endpoint
    def create(
        self,
        *,
        organizer_email: str,
        participants: Iterable[str | Participant],
        organizer_name: str | Unset | None = UNSET,
        organizer_timezone: str | Unset | None = UNSET,
        include_introduction: bool | Unset | None = UNSET,
        title: str | Unset | None = UNSET,
        purpose: str | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        duration_minutes: int | Unset | None = UNSET,
        timeframe: Timeframe | Unset | None = UNSET,
        campaign_id: str | Unset | None = UNSET,
        idempotency_key: str | Unset = UNSET,
    ) -> Request[MeetingRequest]:
        """Ask SkipUp to arrange a meeting; it writes to the people and books when a time is found.

        SkipUp answers at once with an ``active`` request; booking takes hours
        or days. *organizer_email* must be an active member of the workspace.
        *participants* are e-mail addresses and `Participant` objects, mixed.
        *description* is at most 5,000 characters.

        Each call sends e-mail to real people, so it carries an
        *idempotency_key*, its own where you give none: SkipUp does one key once
        in 24 hours. Every error shows the key; pass it to go on with that call.
        """
        context = _context(title, purpose, description, duration_minutes, timeframe)
        body = {
            "organizer_email": arguments.email("organizer_email", organizer_email),
            **_people(participants),
            "organizer_name": arguments.optional(arguments.text, "organizer_name", organizer_name),
            "organizer_timezone": arguments.optional(arguments.time_zone, "organizer_timezone", organizer_timezone),
            "include_introduction": arguments.optional(arguments.flag, "include_introduction", include_introduction),
            "context": context or UNSET,
            "campaign_id": arguments.optional(_campaign, "campaign_id", campaign_id),
        }
        return Request(
            "POST",
            ("meeting_requests",),
            MeetingRequest,
            body=given(body),
            idempotency_key=arguments.idempotency_key(idempotency_key),
            operation=Operation.KEYED,
        )

    @endpoint
    def cancel(self, id: str, *, notify: bool = False) -> Request[MeetingRequest]:
        """Cancel a request that is active or paused.

        With *notify* SkipUp tells the participants by e-mail. A request that is
        booked or cancelled is an InvalidRequestError.
        """
        proof = _becomes(id, "cancelled", "active", "paused", stamp=lambda request: request.cancelled_at)
        return _change(id, "cancel", {"notify": arguments.flag("notify", notify)}, proof)

    @endpoint
    def pause(self, id: str) -> Request[MeetingRequest]:
        """Pause an active request: SkipUp keeps what people write and does not act on it. Nobody is notified.

        SkipUp may resume by itself when a participant writes about a time.
        """
        return _change(id, "pause", None, _becomes(id, "paused", "active", stamp=lambda request: request.paused_at))

    @endpoint
    def resume(self, id: str) -> Request[MeetingRequest]:
        """Resume a paused request, with what people wrote meanwhile."""
        return _change(id, "resume", None, _becomes(id, "active", "paused", stamp=lambda request: request.updated_at))

    @endpoint
    def change_organizer(self, id: str, new_organizer_email: str) -> Request[MeetingRequest]:
        """Hand an active request to another active member of the workspace."""
        email = arguments.email("new_organizer_email", new_organizer_email)
        proof = Proof(
            read=_read(id),
            reached=lambda request: request.status == "active" and _same_address(request.organizer_email, email),
            source=lambda request: request.status == "active",
            stamp=lambda request: request.updated_at,
            changed=lambda request: request.updated_at,
        )
        return _change(id, "change_organizer", {"new_organizer_email": email}, proof)

    @endpoint
    def update_context(
        self,
        id: str,
        *,
        title: str | Unset | None = UNSET,
        purpose: str | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
        duration_minutes: int | Unset | None = UNSET,
        timeframe: Timeframe | Unset | None = UNSET,
    ) -> Request[MeetingRequest]:
        """Change what the meeting is about while the request is active; what is left out stays.

        An answer that is lost is an AmbiguousOutcomeError: the service might
        tell the people twice, so the call is never repeated by itself.
        """
        body = _context(title, purpose, description, duration_minutes, timeframe)
        return Request("POST", ("meeting_requests", Id(id), "context"), MeetingRequest, body=body)


def _read(id: str) -> Request[MeetingRequest]:
    return Request("GET", ("meeting_requests", Id(id)), MeetingRequest)


def _change(id: str, action: str, body: Mapping[str, Any] | None, proof: Proof) -> Request[MeetingRequest]:
    return Request("POST", ("meeting_requests", Id(id), action), MeetingRequest, body=body, proof=proof)


def _becomes(id: str, state: str, *sources: str, stamp: Callable[[MeetingRequest], datetime | None]) -> Proof:
    """The proof of a change to *state* from one of *sources*, dated by *stamp*."""
    return Proof(
        read=_read(id),
        reached=lambda request: request.status == state,
        source=lambda request: request.status in sources,
        stamp=stamp,
        changed=lambda request: request.updated_at,
    )


def _same_address(found: str | None, asked: str) -> bool:
    """Whether two addresses are one: the domain's case means nothing."""
    return found is not None and _folded(found) == _folded(asked)


def _folded(address: str) -> str:
    name, at, domain = address.rpartition("@")
    return f"{name}{at}{domain.casefold()}"


def _campaign(name: str, value: object) -> str:
    return Id(value, name)


def _context(
    title: str | Unset | None,
    purpose: str | Unset | None,
    description: str | Unset | None,
    duration_minutes: int | Unset | None,
    timeframe: Timeframe | Unset | None,
) -> dict[str, Any]:
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


def _people(participants: Iterable[str | Participant]) -> dict[str, Any]:
    """The participants in the form of the API that can carry them all: addresses alone, or objects."""
    people = arguments.many("participants", participants)
    if not people:
        msg = "participants must name at least one person"
        raise InvalidArgumentError(msg)
    named = [_person(f"participants[{position}]", person) for position, person in enumerate(people)]
    if all(isinstance(person, str) for person in people):
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
