"""What SkipUp's webhooks tell: typed events, and the one reading of the JSON they come in.

The four event types are documented (blog.skipup.ai, for developers), the JSON
around them is not. So it is looked for in several places, and what is found in
none of them makes an `UnknownEvent`: a receiver that raised would be switched off.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

import attrs

from skipup_async.core.convert import WrongShapeError, decode
from skipup_async.skipup.meeting_request import MeetingRequest

__all__ = [
    "Event",
    "MeetingRequestBooked",
    "MeetingRequestCancelled",
    "MeetingRequestCreated",
    "MeetingRequestEvent",
    "MeetingRequestOrganizerChanged",
    "UnknownEvent",
    "event_from",
]

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Event:
    """Something that happened at SkipUp. It may be told twice, and out of order."""

    #: The same for every delivery of one event; None where the sender gave none.
    id: str | None
    #: Such as ``meeting_request.booked``; empty where the sender named none.
    type: str
    #: When it happened; None where the sender does not say.
    created_at: datetime | None
    #: The decoded JSON, all of it.
    raw: dict[str, Any] = attrs.field(eq=False, repr=False)


@attrs.frozen(kw_only=True)
class MeetingRequestEvent(Event):
    """Something that happened to a meeting request."""

    #: The request as the event tells of it.
    meeting_request: MeetingRequest


@attrs.frozen(kw_only=True)
class MeetingRequestCreated(MeetingRequestEvent):
    """``meeting_request.created``: SkipUp begins to look for a time."""


@attrs.frozen(kw_only=True)
class MeetingRequestBooked(MeetingRequestEvent):
    """``meeting_request.booked``: a time was found, and the invitation is out."""


@attrs.frozen(kw_only=True)
class MeetingRequestCancelled(MeetingRequestEvent):
    """``meeting_request.cancelled``: there will be no meeting."""


@attrs.frozen(kw_only=True)
class MeetingRequestOrganizerChanged(MeetingRequestEvent):
    """``meeting_request.organizer_changed``: somebody else organizes it now."""


@attrs.frozen(kw_only=True)
class UnknownEvent(Event):
    """An event of a type this package does not know, or without a meeting request where it looks for one."""


_KINDS: Mapping[str, type[MeetingRequestEvent]] = {
    "meeting_request.created": MeetingRequestCreated,
    "meeting_request.booked": MeetingRequestBooked,
    "meeting_request.cancelled": MeetingRequestCancelled,
    "meeting_request.organizer_changed": MeetingRequestOrganizerChanged,
}

# Where the JSON may hold each part, the likeliest place first, an object within another before the one around it.
_PLACES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "id": (("id",),),
    "type": (("type",), ("event",), ("event_type",)),
    "created_at": (("created_at",),),
    "meeting_request": (("data", "object"), ("data", "meeting_request"), ("data",), ("payload",), ("meeting_request",)),
}


def event_from(raw: dict[str, Any]) -> Event:
    """The event that *raw*, the decoded JSON of a webhook, tells of; never an error."""
    id, type = _find(raw, "id", str), _find(raw, "type", str) or ""
    created_at = _find(raw, "created_at", datetime)
    request = _find(raw, "meeting_request", MeetingRequest)
    kind = _KINDS.get(type)
    if kind is None or request is None:
        return UnknownEvent(id=id, type=type, created_at=created_at, raw=raw)
    return kind(id=id, type=type, created_at=created_at, raw=raw, meeting_request=request)


def _find(raw: dict[str, Any], part: str, cls: type[T]) -> T | None:
    """The first of the places of *part* that holds a *cls*; None where none does."""
    for path in _PLACES[part]:
        try:
            return decode(cls, _at(raw, path))
        except WrongShapeError:
            continue
    return None


def _at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = cast("dict[str, Any]", value).get(name) if isinstance(value, dict) else None
    return value
