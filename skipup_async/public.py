"""The public names, and where each of them comes from."""

from skipup_async.core.collected import Collected
from skipup_async.core.limits import AllOf, Limiter, RateLimit, TokenBucket, Unlimited
from skipup_async.core.observation import AttemptEnd, AttemptStart, CallEnd, CallStart, Hooks, LimitWait, Retry
from skipup_async.core.pager import BlockingPager, Pager
from skipup_async.core.request import Page
from skipup_async.core.retry import RetryPolicy
from skipup_async.core.timing import CallTiming
from skipup_async.core.unset import UNSET
from skipup_async.errors import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ClientClosedError,
    ConfigurationError,
    ConflictError,
    CreateLimitError,
    InvalidArgumentError,
    InvalidRequestError,
    JournalError,
    MeetingCancelledError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    ReplayedEvent,
    ResponseError,
    ServerError,
    SkipUpError,
    TLSVerificationError,
    UnprocessableEntityError,
    ValidationError,
    WaitTimeoutError,
    WebhookVerificationError,
)
from skipup_async.skipup.campaigns import Campaign
from skipup_async.skipup.client import AsyncSkipUp, SkipUp
from skipup_async.skipup.meeting_request import MeetingRequest, Participant, Timeframe
from skipup_async.skipup.teams import Team
from skipup_async.skipup.webhook_endpoints import WebhookDelivery, WebhookEndpoint
from skipup_async.skipup.workspace_members import WorkspaceMember
from skipup_async.version import __version__

__all__ = [
    "APIConnectionError",
    "APIStatusError",
    "APITimeoutError",
    "AllOf",
    "AmbiguousOutcomeError",
    "AsyncSkipUp",
    "AttemptEnd",
    "AttemptStart",
    "AuthenticationError",
    "BadRequestError",
    "BlockingPager",
    "CallEnd",
    "CallStart",
    "CallTiming",
    "Campaign",
    "ClientClosedError",
    "Collected",
    "ConfigurationError",
    "ConflictError",
    "CreateLimitError",
    "Hooks",
    "InvalidArgumentError",
    "InvalidRequestError",
    "JournalError",
    "LimitWait",
    "Limiter",
    "MeetingCancelledError",
    "MeetingRequest",
    "NotFoundError",
    "Page",
    "Pager",
    "PaginationError",
    "Participant",
    "PermissionDeniedError",
    "RateLimit",
    "RateLimitError",
    "ReplayedEvent",
    "ResponseError",
    "Retry",
    "RetryPolicy",
    "ServerError",
    "SkipUp",
    "SkipUpError",
    "TLSVerificationError",
    "Team",
    "Timeframe",
    "TokenBucket",
    "UNSET",
    "Unlimited",
    "UnprocessableEntityError",
    "ValidationError",
    "WaitTimeoutError",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookVerificationError",
    "WorkspaceMember",
    "__version__",
]
