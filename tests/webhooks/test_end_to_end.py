"""Over sockets: what happens in the emulator reaches a receiver as a typed event, and nothing forged does."""

import http.client
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import urlsplit

import attrs
import pytest

from skipup_async import MeetingRequest, SkipUp, Unlimited, WebhookVerificationError
from skipup_async.emulator import Emulator
from skipup_async.webhooks import (
    Event,
    MeetingRequestBooked,
    MeetingRequestCancelled,
    MeetingRequestCreated,
    MeetingRequestEvent,
    MeetingRequestOrganizerChanged,
    Webhook,
)
from tests.webhooks.messages import BODY, HEADER, OTHER_SECRET, SECRET
from tests.webhooks.receivers import RECEIVERS, Inbox
from tests.webhooks.servers import serving


@attrs.frozen
class Receiver:
    """A running receiver and what it took in."""

    url: str
    inbox: Inbox

    def post(self, body: bytes, headers: list[tuple[str, str]]) -> int:
        """The status of the answer to a POST whose headers may come twice."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
        try:
            connection.putrequest("POST", "/skipup")
            connection.putheader("Content-Length", str(len(body)))
            for name, value in headers:
                connection.putheader(name, value.encode("latin-1", "replace"))
            connection.endheaders(body)
            return connection.getresponse().status
        finally:
            connection.close()


@pytest.fixture(params=RECEIVERS)
def receiver(request: pytest.FixtureRequest) -> Generator[Receiver]:
    """A receiver in either framework that expects messages signed with SECRET."""
    inbox = Inbox(Webhook(SECRET))
    with serving(RECEIVERS[request.param](inbox)) as url:
        yield Receiver(f"{url}/skipup", inbox)


@pytest.fixture
def client(emulator: Emulator) -> Generator[SkipUp]:
    """A client of the emulator."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        yield client


def _make(client: SkipUp) -> MeetingRequest:
    return client.meeting_requests.create(
        organizer_email="alice@example.com", participants=["carol@example.com"], title="Café ☕"
    )


Act = Callable[[SkipUp, Emulator, str], Any]
HAPPENINGS: dict[type[MeetingRequestEvent], Act] = {
    MeetingRequestCreated: lambda client, emulator, id: None,
    MeetingRequestBooked: lambda client, emulator, id: emulator.book(id),
    MeetingRequestCancelled: lambda client, emulator, id: client.meeting_requests.cancel(id),
    MeetingRequestOrganizerChanged: lambda client, emulator, id: client.meeting_requests.change_organizer(
        id, "bob@example.com"
    ),
}


@pytest.mark.parametrize("kind", HAPPENINGS, ids=lambda kind: kind.__name__)
def test_what_happens_arrives_as_its_event(
    kind: type[MeetingRequestEvent], receiver: Receiver, client: SkipUp, emulator: Emulator
) -> None:
    """Emulator, socket, receiver, typed event with the request as it then was."""
    endpoint = client.webhook_endpoints.create(url=receiver.url)
    receiver.inbox.webhook = Webhook(endpoint.secret or "")
    made = _make(client)
    HAPPENINGS[kind](client, emulator, made.id)
    emulator.settle()
    event = receiver.inbox.events[-1]
    assert type(event) is kind
    assert event.meeting_request == client.meeting_requests.get(made.id)
    assert receiver.inbox.refused == []


def _told(events: list[Event]) -> list[tuple[str, str | None]]:
    return [(event.type, getattr(event, "meeting_request").status) for event in events]  # noqa: B009


def test_events_tell_of_the_request_as_it_was_then(receiver: Receiver, client: SkipUp, emulator: Emulator) -> None:
    """What happened first comes first, with the status of its moment and not of the delivery's."""
    endpoint = client.webhook_endpoints.create(url=receiver.url)
    receiver.inbox.webhook = Webhook(endpoint.secret or "")
    first, second = _make(client), _make(client)
    client.meeting_requests.cancel(first.id)
    emulator.book(second.id)
    emulator.settle()
    assert _told(receiver.inbox.events) == [
        ("meeting_request.created", "active"),
        ("meeting_request.created", "active"),
        ("meeting_request.cancelled", "cancelled"),
        ("meeting_request.booked", "booked"),
    ]


def _good(secret: str = SECRET, **when: int) -> list[tuple[str, str]]:
    return list(Webhook(secret).sign(BODY, **when).items())


VALUE = _good()[0][1]
FORGERIES: dict[str, tuple[bytes, Callable[[], list[tuple[str, str]]]]] = {
    "a wrong secret": (BODY, lambda: _good(OTHER_SECRET)),
    "a changed byte": (BODY.replace(b"booked", b"bookeD"), _good),
    "a byte more": (BODY + b"\n", _good),
    "no body": (b"", _good),
    "an old timestamp": (BODY, lambda: _good(timestamp=1_700_000_000)),
    "a future timestamp": (BODY, lambda: _good(timestamp=4_000_000_000)),
    "no header": (BODY, list),
    "another header": (BODY, lambda: [("X-SkipUp-Signature", VALUE)]),
    "an empty header": (BODY, lambda: [(HEADER, "")]),
    "the header twice": (BODY, lambda: _good() * 2),
    "the header twice, in two cases": (BODY, lambda: [*_good(), (HEADER.lower(), "t=1,v1=0")]),
    "junk for a header": (BODY, lambda: [(HEADER, "\xff\xfe\x80 junk")]),
    "junk for a time": (BODY, lambda: [(HEADER, f"t=yesterday,v1={'0' * 64}")]),
    "junk for a signature": (BODY, lambda: [(HEADER, "t=1790000000,v1=yes")]),
    "junk for a body": (bytes(range(256)), _good),
    "a body of 2 MiB": (b"x" * 2**21, _good),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forgery_is_the_one_error_over_a_socket_too(forgery: str, receiver: Receiver) -> None:
    """Whatever arrives, the receiver meets one typed error and answers 400."""
    body, headers = FORGERIES[forgery]
    assert receiver.post(body, headers()) == 400
    assert [type(error) for error in receiver.inbox.refused] == [WebhookVerificationError]
    assert receiver.inbox.events == []


def test_the_genuine_message_is_taken(receiver: Receiver) -> None:
    """The message that the forgeries are made from is a good one."""
    assert receiver.post(BODY, _good()) == 204
    assert [event.id for event in receiver.inbox.events] == ["evt_01H"]
