"""How an event is read: the tolerant look into an envelope that nobody documents."""

import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from skipup_async import MeetingRequest
from skipup_async.webhooks import (
    Event,
    MeetingRequestBooked,
    MeetingRequestCancelled,
    MeetingRequestCreated,
    MeetingRequestEvent,
    MeetingRequestOrganizerChanged,
    UnknownEvent,
)
from tests.webhooks.messages import envelope, headers, webhook

REQUEST = {"id": "mr_1", "status": "booked", "something_new": [1, {"a": 2}]}


def read(raw: object) -> Event:
    """The event in *raw*, signed and verified."""
    body = json.dumps(raw).encode()
    return webhook().verify(body, headers(body))


TYPES: dict[str, type[MeetingRequestEvent]] = {
    "meeting_request.created": MeetingRequestCreated,
    "meeting_request.booked": MeetingRequestBooked,
    "meeting_request.cancelled": MeetingRequestCancelled,
    "meeting_request.organizer_changed": MeetingRequestOrganizerChanged,
}


@pytest.mark.parametrize(("type_", "kind"), TYPES.items())
def test_a_documented_type_has_its_class(type_: str, kind: type[MeetingRequestEvent]) -> None:
    """Each of the four documented types is a class of its own, with everything in its place."""
    raw = envelope(type_, data=REQUEST)
    event = read(raw)
    assert isinstance(event, kind)
    assert (event.id, event.type) == ("evt_01H", type_)
    assert event.created_at == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)
    assert event.meeting_request == MeetingRequest("mr_1", "booked")
    assert event.meeting_request.extra["something_new"] == (1, {"a": 2})
    assert event.raw == raw


@pytest.mark.parametrize("name", ["type", "event", "event_type"])
@pytest.mark.parametrize(
    "around",
    [
        {"data": REQUEST},
        {"data": {"object": REQUEST}},
        {"data": {"object": REQUEST, "id": "not a request's"}},
        {"data": {"meeting_request": REQUEST}},
        {"data": {**REQUEST, "object": "meeting_request"}},
        {"payload": REQUEST},
        {"meeting_request": REQUEST},
        {"data": None, "payload": REQUEST},
        {"data": [], "meeting_request": REQUEST},
    ],
    ids=json.dumps,
)
def test_type_and_request_are_found_wherever_they_may_stand(name: str, around: dict[str, Any]) -> None:
    """Three names for the type, five places for the meeting request, in any combination."""
    event = read({name: "meeting_request.booked", **around})
    assert isinstance(event, MeetingRequestBooked)
    assert event.meeting_request.id == "mr_1"


@pytest.mark.parametrize("type_", ["meeting_request.paused", "member.added", "", "MEETING_REQUEST.BOOKED"])
def test_a_type_added_later_is_an_unknown_event(type_: str) -> None:
    """What nobody announced comes through with its type and its JSON."""
    event = read(envelope(type_))
    assert isinstance(event, UnknownEvent)
    assert (event.type, event.raw) == (type_, envelope(type_))


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"type": "meeting_request.booked"},
        {"type": "meeting_request.booked", "data": None},
        {"type": "meeting_request.booked", "data": {"status": "booked"}},
        {"type": "meeting_request.booked", "data": {"id": 5}},
        {"type": "meeting_request.booked", "data": {"id": "mr_1", "created_at": "yesterday"}},
        {"type": "meeting_request.booked", "data": [REQUEST]},
        {"type": "meeting_request.booked", "data": {"object": {"object": REQUEST}}},
        {"type": 5, "data": REQUEST},
        {"type": None, "event": {"name": "meeting_request.booked"}, "data": REQUEST},
        {"id": 5, "type": [], "created_at": 1790000000, "data": "mr_1"},
    ],
    ids=json.dumps,
)
def test_an_envelope_of_another_shape_is_an_unknown_event(raw: dict[str, Any]) -> None:
    """A service that differs from what is known of it breaks no receiver."""
    event = read(raw)
    assert isinstance(event, UnknownEvent)
    assert event.raw == raw


@pytest.mark.parametrize("missing", ["id", "created_at"])
def test_what_the_envelope_lacks_is_none(missing: str) -> None:
    """An event without an id or a time is an event still."""
    raw = envelope()
    del raw[missing]
    event = read(raw)
    assert isinstance(event, MeetingRequestBooked)
    assert getattr(event, missing) is None


def test_an_event_can_be_matched_compared_and_pickled() -> None:
    """Two deliveries of one event are equal, hash alike, and go through a queue between processes."""
    first, second = read(envelope()), read(envelope())
    assert (first, hash(first)) == (second, hash(second))
    assert pickle.loads(pickle.dumps(first)) == first
    match first:
        case MeetingRequestBooked(meeting_request=MeetingRequest(id="mr_01H")):
            pass
        case other:
            pytest.fail(f"{other} did not match")


def test_people_are_not_printed_by_accident() -> None:
    """The raw JSON stays out of `repr`, which ends up in logs."""
    assert "alice" not in repr(read(envelope("meeting_request.paused")))
