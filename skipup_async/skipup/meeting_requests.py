"""Meeting requests: ask SkipUp to find a time, and follow what becomes of it.

Fields, filters and states as support.skipup.ai/api/meeting-requests documents them.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from skipup_async.core import arguments
from skipup_async.core.request import Id, Operation, Page, Proof, Request, identifier
from skipup_async.core.resource import S_co, endpoint, paged
from skipup_async.core.unset import UNSET, Unset, given
from skipup_async.skipup.meeting_request import MeetingRequest, Participant, Timeframe, context, people
from skipup_async.skipup.sweeper import read
from skipup_async.skipup.waiting import Waiting

__all__ = ["MeetingRequest", "MeetingRequests"]


class MeetingRequests(Waiting[S_co]):
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
        prefetch: int = 0,
    ) -> Request[Page[MeetingRequest]]:
        """The workspace's meeting requests, newest first, that fit every filter given.

        *status* is ``active``, ``paused``, ``booked`` or ``cancelled``. Both
        times are inclusive. *limit* is how many a page holds, 1 to 100 (the
        service's default is 25); the pager fetches as many pages as there are, with
        *prefetch* 1 the next one while this one is in use.
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
        return read(id)

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
        about = context(title, purpose, description, duration_minutes, timeframe)
        body = {
            "organizer_email": arguments.email("organizer_email", organizer_email),
            **people(participants),
            "organizer_name": arguments.optional(arguments.text, "organizer_name", organizer_name),
            "organizer_timezone": arguments.optional(arguments.time_zone, "organizer_timezone", organizer_timezone),
            "include_introduction": arguments.optional(arguments.flag, "include_introduction", include_introduction),
            "context": about or UNSET,
            "campaign_id": arguments.optional(identifier, "campaign_id", campaign_id),
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
            read=read(id),
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
        body = context(title, purpose, description, duration_minutes, timeframe)
        return Request("POST", ("meeting_requests", Id(id), "context"), MeetingRequest, body=body)


def _change(id: str, action: str, body: Mapping[str, Any] | None, proof: Proof) -> Request[MeetingRequest]:
    return Request("POST", ("meeting_requests", Id(id), action), MeetingRequest, body=body, proof=proof)


def _becomes(id: str, state: str, *sources: str, stamp: Callable[[MeetingRequest], datetime | None]) -> Proof:
    """The proof of a change to *state* from one of *sources*, dated by *stamp*."""
    return Proof(
        read=read(id),
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
