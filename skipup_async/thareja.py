"""Thareja's meeting requests, awaited (`AsyncThareja`) and blocking (`Thareja`).

Creating one is as developers.thareja.ai/api-reference/meeting/add documents
it. That page names six more operations and says neither where they are nor
what they answer: those are provisional, and stand in `PATHS`.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

import attrs

from skipup_async.core import arguments
from skipup_async.core.blocking import BlockingSession
from skipup_async.core.client import AsyncClient, BlockingClient, Client
from skipup_async.core.convert import WrongShapeError
from skipup_async.core.dialect import Dialect, PageParts, error_parts, members
from skipup_async.core.record import CODEC, NAME, Record, epoch
from skipup_async.core.request import Id, Method, Operation, Page, Request
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.session import Session
from skipup_async.core.unset import UNSET, Unset, given
from skipup_async.errors import InvalidArgumentError

__all__ = ["PATHS", "AsyncThareja", "Meeting", "Meetings", "Thareja"]

#: Provisional: where the operations are that the documentation only names; `{id}` is the meeting's or the user's.
PATHS: Mapping[str, tuple[Method, str]] = {
    "pending": ("GET", "meeting/pending"),
    "confirm": ("POST", "meeting/{id}/confirm"),
    "reject": ("POST", "meeting/{id}/reject"),
    "get": ("GET", "meeting/{id}"),
    "cancel": ("POST", "meeting/{id}/cancel"),
    "list": ("GET", "meeting/user/{id}"),
}

_UNIX_TIME = epoch(timedelta(seconds=1))


@attrs.frozen(repr=False, slots=False)
class Meeting(Record):
    """A meeting of one hour that one user asks another for, as Thareja last told of it.

    It is pending, then confirmed or rejected by the recipient, and completed
    when it has taken place.
    """

    #: The id, a number, that the other calls take.
    id: int
    #: The service's name for it among people.
    booking_number: str | None = None
    #: Whom it is with; `client_id` in the service's answers, `user_id` in its requests.
    recipient_id: int | None = attrs.field(default=None, metadata={NAME: "client_id"})
    #: Who asked for it; `user_id` in the service's answers.
    creator_id: int | None = attrs.field(default=None, metadata={NAME: "user_id"})
    #: The team it belongs to.
    team_id: int | None = None
    #: The recipient's time zone.
    timezone: str | None = None
    #: The start in UTC, in the service's own words; `start` is the same as a datetime.
    booking_date: str | None = None
    #: When it begins, in UTC.
    start: datetime | None = attrs.field(default=None, metadata={NAME: "start_time", CODEC: _UNIX_TIME})
    #: When it ends, in UTC.
    end: datetime | None = attrs.field(default=None, metadata={NAME: "end_time", CODEC: _UNIX_TIME})
    #: When it was asked for.
    created_at: datetime | None = None
    #: When it last changed.
    updated_at: datetime | None = None
    #: Provisional: the states are documented, how an answer spells them is not.
    status: str | int | None = None
    #: Provisional: taken by `create`, not documented in answers.
    link: str | None = None


class Meetings(Resource[S_co]):
    """Meeting requests from one user to another."""

    #: The provisional operations, as `PATHS` has them.
    paths: Mapping[str, tuple[Method, str]] = PATHS

    @endpoint
    def create(
        self, *, recipient_id: int, team_id: int, date: datetime | str, link: str | Unset | None = UNSET
    ) -> Request[Meeting]:
        """Ask the user *recipient_id* for a meeting of one hour; Thareja tells them by e-mail and push message.

        *date* is wall time in the recipient's time zone, so a naive datetime, or
        a string, which goes out as it is. *link* is where the meeting is held.

        Thareja documents no idempotency key, so an answer that is lost is an
        AmbiguousOutcomeError and the call is never repeated by itself.
        """
        body = {
            "user_id": arguments.number("recipient_id", recipient_id),
            "team_id": arguments.number("team_id", team_id),
            "date": _wall_time("date", date),
            "link": arguments.optional(arguments.text, "link", link),
        }
        return Request("POST", ("meeting", "create"), Meeting, body=given(body))

    @paged
    def pending(self, *, prefetch: int = 0) -> Request[Page[Meeting]]:
        """Provisional: the meetings that wait for an answer."""
        return self._provisional("pending", Page[Meeting], Operation.SAFE)

    @endpoint
    def confirm(self, id: int) -> Request[Meeting]:
        """Provisional: accept a meeting one was asked for. A lost answer is an AmbiguousOutcomeError."""
        return self._provisional("confirm", Meeting, Operation.ADDITIVE, id)

    @endpoint
    def reject(self, id: int) -> Request[Meeting]:
        """Provisional: decline a meeting one was asked for. A lost answer is an AmbiguousOutcomeError."""
        return self._provisional("reject", Meeting, Operation.ADDITIVE, id)

    @endpoint
    def get(self, id: int) -> Request[Meeting]:
        """Provisional: one meeting as it is now."""
        return self._provisional("get", Meeting, Operation.SAFE, id)

    @endpoint
    def cancel(self, id: int) -> Request[Meeting]:
        """Provisional: cancel a meeting. A lost answer is an AmbiguousOutcomeError."""
        return self._provisional("cancel", Meeting, Operation.ADDITIVE, id)

    @paged
    def list(self, user_id: int, *, prefetch: int = 0) -> Request[Page[Meeting]]:
        """Provisional: all meetings of a user."""
        return self._provisional("list", Page[Meeting], Operation.SAFE, user_id, "user_id")

    def _provisional(
        self, name: str, returns: type[Any], operation: Operation, id: int | None = None, argument: str = "id"
    ) -> Request[Any]:
        method, template = self.paths[name]
        segments = template.strip("/").split("/")
        if id is not None:
            number = Id(str(arguments.number(argument, id)))
            segments = [number if segment == "{id}" else segment for segment in segments]
        return Request(method, tuple(segments), returns, operation=operation)


def _wall_time(name: str, value: object) -> str:
    """A naive datetime as ISO 8601; a string as it is."""
    if not isinstance(value, datetime):
        return arguments.text(name, value)
    if value.utcoffset() is None:
        return value.isoformat()
    msg = f"{name} must be a naive datetime: it is read as wall time in the recipient's zone, and this one has its own"
    raise InvalidArgumentError(msg)


def _item(payload: object) -> object:
    """The bare object; an error that comes under a status of success is told as what it is."""
    answer = members(payload)
    if "error" in answer and "id" not in answer:
        raise WrongShapeError(error_parts(answer).message or "it is an error without a message")
    return answer


def _page(payload: object) -> PageParts:
    """Provisional: a bare list; no pagination is documented."""
    return payload, False, None


class _Resources(Client[S_co]):
    dialect = Dialect(
        name="Thareja",
        base_url="https://app.thareja.ai/api/v3",
        key_variable="THAREJA_API_TOKEN",
        url_variable="THAREJA_BASE_URL",
        log_variable="SKIPUP_LOG",
        item=_item,
        page=_page,
    )
    #: Where the provisional operations are; a subclass may set `{**PATHS, "confirm": ("POST", "…/{id}")}`.
    paths: ClassVar[Mapping[str, tuple[Method, str]]] = PATHS

    @cached_property
    def meetings(self) -> Meetings[S_co]:
        """Meeting requests from one user to another."""
        meetings = Meetings(self.sender)
        meetings.paths = self.paths
        return meetings


class AsyncThareja(_Resources[Session], AsyncClient):
    """The Thareja API, awaited.

    Takes what `AsyncSkipUp` takes; the key is the token of a login, *api_key* or
    `THAREJA_API_TOKEN`, the place *base_url* or `THAREJA_BASE_URL` or the
    service itself. Thareja documents no limit, so none is kept.
    """


class Thareja(_Resources[BlockingSession], BlockingClient):
    """The Thareja API, blocking: for scripts and notebooks. Takes what `SkipUp` takes."""
