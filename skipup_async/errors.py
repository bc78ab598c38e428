"""Everything this package raises.

::

    SkipUpError
    ├── ConfigurationError            no key, a bad base URL: nothing was sent
    ├── InvalidArgumentError          also a ValueError; nothing was sent
    ├── APIConnectionError            no usable answer
    │   ├── APITimeoutError           also a TimeoutError
    │   └── TLSVerificationError
    ├── APIStatusError                the service answered with an error
    │   ├── BadRequestError           400
    │   ├── AuthenticationError       401
    │   ├── PermissionDeniedError     403
    │   ├── NotFoundError             404
    │   ├── ConflictError             409
    │   ├── UnprocessableEntityError  422
    │   │   ├── InvalidRequestError   422 invalid_request
    │   │   └── ValidationError       422 validation_error
    │   ├── RateLimitError            429
    │   └── ServerError               5xx
    ├── ResponseError                 an answer that cannot be what was asked for
    ├── AmbiguousOutcomeError         a state change whose outcome nobody can tell
    ├── PaginationError               a cursor that leads nowhere
    ├── ClientClosedError             closed, on another loop, or after a fork
    ├── WaitTimeoutError              also a TimeoutError
    ├── MeetingCancelledError         what was waited for was cancelled
    ├── JournalError                  a journal in use elsewhere, or one that contradicts the run
    ├── CreateLimitError              a fan-out reached its `max_creates`
    └── WebhookVerificationError      not a genuine, timely webhook
        └── ReplayedEvent             genuine, and delivered before

No error carries the API key, every one of them pickles, and none holds the
HTTP library's own exception as its cause, since that would show the headers.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from skipup_async.core.timing import CallTiming

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AmbiguousOutcomeError",
    "AuthenticationError",
    "BadRequestError",
    "ClientClosedError",
    "ConfigurationError",
    "ConflictError",
    "CreateLimitError",
    "InvalidArgumentError",
    "InvalidRequestError",
    "JournalError",
    "MeetingCancelledError",
    "NotFoundError",
    "PaginationError",
    "PermissionDeniedError",
    "RateLimitError",
    "ReplayedEvent",
    "ResponseError",
    "ServerError",
    "SkipUpError",
    "TLSVerificationError",
    "UnprocessableEntityError",
    "ValidationError",
    "WaitTimeoutError",
    "WebhookVerificationError",
]


class SkipUpError(Exception):
    """The parent of every error of this package."""

    #: The Idempotency-Key the call carried, to go on with later; None where it carried none.
    idempotency_key: str | None = None
    #: How often the call went out on the wire.
    attempts: int = 0
    #: Where the seconds of the call went, its retries included; all 0.0 where the error is of no one call.
    timing: CallTiming = CallTiming()
    #: The service's name for the latest exchange, to quote to its support; None where it gave none.
    request_id: str | None = None
    #: What the latest answer said of the limit (`RateLimit-*`, `X-RateLimit-*`, `Retry-After`), names in lower case.
    rate_limit_headers: Mapping[str, str] = MappingProxyType({})
    #: Whether the service may have done what was asked for, although the call failed.
    maybe_applied: bool = False
    #: Whether the call would have been tried again, had the client not failed so often of late.
    retry_quota_exhausted: bool = False


class ConfigurationError(SkipUpError):
    """The client cannot be made like this: no key, or a bad base URL, limiter or option. Nothing was sent."""


class InvalidArgumentError(SkipUpError, ValueError):
    """An argument the API cannot take. Nothing was sent."""


class APIConnectionError(SkipUpError):
    """No usable answer came back; `maybe_applied` says whether the request may have reached the service."""

    #: Whether the same call may do better another time; False where a proxy or a certificate stands in its way.
    temporary: bool = True


class APITimeoutError(APIConnectionError, TimeoutError):
    """No answer in time."""


class TLSVerificationError(APIConnectionError):
    """The server's certificate does not prove who it is. Never tried again."""

    temporary = False


class APIStatusError(SkipUpError):
    """The service answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int = 0,
        type: str | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        #: What the service said, in its words; after a 404 or 405, also whether the endpoint is provisional.
        self.message = message
        #: The HTTP status.
        self.status_code = status_code
        #: The service's own name for the error, such as ``validation_error``; None where it gave none.
        self.type = type
        self.request_id = request_id
        #: Seconds the service asks to wait; None where it said nothing usable.
        self.retry_after = retry_after

    def __str__(self) -> str:
        kind = f" {self.type}" if self.type else ""
        reference = f" (request id {self.request_id})" if self.request_id else ""
        return f"{self.status_code}{kind}: {self.message}{reference}"


class BadRequestError(APIStatusError):
    """400: the service could not read the request."""


class AuthenticationError(APIStatusError):
    """401: the API key is missing, wrong or expired."""


class PermissionDeniedError(APIStatusError):
    """403: the API key lacks the scope this call needs."""


class NotFoundError(APIStatusError):
    """404: there is no such object in this key's workspace."""


class ConflictError(APIStatusError):
    """409: it collides with something else, such as a key whose first request still runs."""


class UnprocessableEntityError(APIStatusError):
    """422: understood and refused."""


class InvalidRequestError(UnprocessableEntityError):
    """422 `invalid_request`: not possible in the object's present state, or not a sensible request."""

    #: The object as last read, where it was read to find out; else None.
    current: Any = None


class ValidationError(UnprocessableEntityError):
    """422 `validation_error`: a field is missing or its value is refused."""


class RateLimitError(APIStatusError):
    """429: over the rate limit, and waiting no longer made sense."""


class ServerError(APIStatusError):
    """5xx: the service failed."""


class ResponseError(SkipUpError):
    """An answer that cannot be what was asked for: HTML, a wrong shape, too large, a redirect."""

    #: The HTTP status of that answer; None where it has none to trust.
    status_code: int | None = None
    #: Whether the body merely ended too early.
    truncated: bool = False
    #: Whether the answer speaks of another object than the one asked for.
    mismatched: bool = False


class AmbiguousOutcomeError(SkipUpError):
    """A state change whose outcome nobody can tell. Read the object before asking again."""

    maybe_applied = True
    #: The object as last read, or None where it could not be read.
    current: Any = None


class PaginationError(SkipUpError):
    """The service's cursors lead nowhere: one came twice, or there is more to come and no cursor to it."""


class ClientClosedError(SkipUpError):
    """The client was closed, or is used on another event loop or in another process. Nothing was sent."""


class WaitTimeoutError(SkipUpError, TimeoutError):
    """What was waited for did not happen in time."""


class MeetingCancelledError(SkipUpError):
    """The meeting request that was waited for was cancelled."""

    #: The cancelled request, or None where only its id is known.
    current: Any = None


class JournalError(SkipUpError):
    """A journal that another process holds, that is no journal, or that contradicts this run. Nothing was sent."""


class CreateLimitError(SkipUpError):
    """A fan-out reached the number of creates it was allowed. This one was not sent."""


class WebhookVerificationError(SkipUpError):
    """These bytes are not a genuine, timely webhook."""


class ReplayedEvent(WebhookVerificationError):  # noqa: N818 - it is an event, and no fault of the sender's
    """A genuine event that was delivered before. Answer it with 2xx, or the service sends it again."""
