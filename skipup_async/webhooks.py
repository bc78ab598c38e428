"""Verify what SkipUp posts to you, and read it. No I/O, so it fits into every web framework.

    webhook = Webhook(secret)
    event = webhook.verify(body, headers)

The header `X-Webhook-Signature: t={timestamp},v1={hex digest}` and HMAC-SHA256
are documented (blog.skipup.ai, for developers). That the timestamp is in
seconds, and that it, a dot and the raw body are what is signed, is inferred.
"""

import hashlib
import hmac
import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, cast

from skipup_async import signature
from skipup_async.core.body import load
from skipup_async.core.depth import is_deep
from skipup_async.errors import (
    ConfigurationError,
    InvalidArgumentError,
    ReplayedEvent,
    ResponseError,
    WebhookVerificationError,
)
from skipup_async.events import (
    Event,
    MeetingRequestBooked,
    MeetingRequestCancelled,
    MeetingRequestCreated,
    MeetingRequestEvent,
    MeetingRequestOrganizerChanged,
    UnknownEvent,
    event_from,
)
from skipup_async.signature import Headers

__all__ = [
    "Event",
    "Headers",
    "MeetingRequestBooked",
    "MeetingRequestCancelled",
    "MeetingRequestCreated",
    "MeetingRequestEvent",
    "MeetingRequestOrganizerChanged",
    "ReplayedEvent",
    "UnknownEvent",
    "Webhook",
    "WebhookVerificationError",
]

_LARGEST_BODY = 1024 * 1024
_MOST_REMEMBERED = 10_000

_RAW_BYTES = (
    "body must be the raw bytes as they arrived: `await request.read()` in aiohttp, `await request.body()` in FastAPI"
    " and Starlette, `request.get_data()` in Flask, `request.body` in Django"
)


class Webhook:
    """Tells genuine webhooks from all others.

    *secret* is the endpoint's signing secret as SkipUp shows it, or several
    while one replaces another. A signature is good for *tolerance* seconds
    before and after its time; None means for ever. With *replay* an event that
    was delivered before is a `ReplayedEvent`: True remembers the latest 10,000
    events, a number that many, in this process. An event counts as delivered
    once it is verified, so hand it on before anything can fail. *header* names
    the header of the signature; without it those of SkipUp and of HiringCenter
    are known. *clock* gives the seconds since 1970.

    Raises ConfigurationError for what could verify nothing, and warns of a
    secret short enough to be guessed.
    """

    def __init__(
        self,
        secret: str | bytes | Iterable[str | bytes],
        tolerance: float | None = 300,
        *,
        replay: int | None = None,
        header: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._macs = signature.macs(secret)
        self._names = _names(header)
        self._tolerance = _checked_tolerance(tolerance)
        self._delivered = _delivered(replay)
        self._clock = clock

    def __repr__(self) -> str:
        return "Webhook(…)"

    def __reduce__(self) -> NoReturn:
        msg = "a Webhook is not pickled, since it holds a secret: make one in each process"
        raise TypeError(msg)

    def verify(self, body: bytes, headers: Headers) -> Event:
        """The event in *body*, once it is certain that SkipUp sent it, and of late.

        *body* is what came over the wire, byte by byte: parsed and written
        again it is another message. Raises WebhookVerificationError, whatever
        the two arguments hold, and its child ReplayedEvent for an event that was
        delivered before: answer 400 to the one and 2xx to the other.
        """
        if not _is_bytes(body):
            raise WebhookVerificationError(_RAW_BYTES)
        if len(body) > _LARGEST_BODY:
            msg = "the body is larger than 1 MiB"
            raise WebhookVerificationError(msg)
        claim = signature.claim(headers, self._names)
        if not _fits(self._macs, claim, body):
            msg = "no signature fits the body and the secret"
            raise WebhookVerificationError(msg)
        self._check_time(int(claim.timestamp))
        event = event_from(_object(body))
        if self._delivered is not None and not self._delivered.add(event, body):
            msg = "this event was delivered before"
            raise ReplayedEvent(msg)
        return event

    def sign(self, body: bytes, timestamp: int | None = None) -> dict[str, str]:
        """The headers that make *body* genuine at *timestamp*, seconds since 1970, or now: for your own tests.

        With several secrets it is the first that signs.
        """
        if not _is_bytes(body):
            raise InvalidArgumentError(_RAW_BYTES)
        at = str(int(self._clock() if timestamp is None else timestamp))
        return {self._names[0]: signature.value(at, signature.digest(self._macs[0], at, body))}

    def _check_time(self, timestamp: int) -> None:
        age = self._clock() - timestamp
        if abs(age) > self._tolerance:
            found = "too old: it was held up or repeated, or" if age > 0 else "from the future, or"
            msg = f"the signature is {found} this machine's clock is wrong"
            raise WebhookVerificationError(msg)


class _Delivered:
    """The latest events, so many and no more. Safe to use from any thread."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._keys: dict[bytes, None] = {}
        self._lock = threading.Lock()

    def add(self, event: Event, body: bytes) -> bool:
        """Whether an event is new, by its type and id or, without id, by its *body*; it is known from then on."""
        named = body if event.id is None else repr((event.type, event.id)).encode()
        key = hashlib.sha256(named).digest()
        with self._lock:
            if key in self._keys:
                return False
            self._keys[key] = None
            if len(self._keys) > self._most:
                del self._keys[next(iter(self._keys))]
        return True


def _is_bytes(body: object) -> bool:
    return isinstance(body, bytes)


def _fits(macs: Iterable[hmac.HMAC], claim: signature.Claim, body: bytes) -> bool:
    """Whether any signature is right; each is compared with each secret's, so that the time taken tells nothing."""
    fits = False
    for mac in macs:
        right = signature.digest(mac, claim.timestamp, body)
        for claimed in claim.signatures:
            fits |= hmac.compare_digest(right, claimed)
    return fits


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = load(body)
    except ResponseError:
        value = None
    if not isinstance(value, dict) or is_deep(value):
        msg = "the body is genuine, but it is not a JSON object"
        raise WebhookVerificationError(msg)
    return cast("dict[str, Any]", value)


def _names(header: object) -> tuple[str, ...]:
    if header is None:
        return signature.HEADER, *signature.HIRINGCENTER_HEADERS
    if not isinstance(header, str) or not header:
        msg = "header must be the name of the header that carries the signature"
        raise ConfigurationError(msg)
    return (header,)


def _checked_tolerance(seconds: Any) -> float:
    if seconds is None:
        return math.inf
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if not number or not 0 < seconds < math.inf:
        msg = "tolerance must be a finite number of seconds above zero, or None to accept a signature of any age"
        raise ConfigurationError(msg)
    checked: float = seconds
    return checked


def _delivered(replay: object) -> _Delivered | None:
    if replay is None or replay is False:
        return None
    most = _MOST_REMEMBERED if replay is True else replay
    if not isinstance(most, int) or most < 1:
        msg = "replay must be True, or how many events to remember"
        raise ConfigurationError(msg)
    return _Delivered(most)
