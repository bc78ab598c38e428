"""AsyncSkipUp and SkipUp: the SkipUp API, awaited and blocking."""

from functools import cached_property

from skipup_async.core.blocking import BlockingSession
from skipup_async.core.client import Client
from skipup_async.core.dialect import Dialect
from skipup_async.core.resource import S_co
from skipup_async.core.session import Session
from skipup_async.fanout.clients import AsyncFanOutClient, BlockingFanOutClient
from skipup_async.skipup.campaigns import Campaigns
from skipup_async.skipup.meeting_requests import MeetingRequests
from skipup_async.skipup.teams import Teams
from skipup_async.skipup.webhook_endpoints import WebhookEndpoints
from skipup_async.skipup.workspace_members import WorkspaceMembers

__all__ = ["AsyncSkipUp", "SkipUp"]

_SKIPUP = Dialect(
    name="SkipUp",
    base_url="https://api.skipup.ai/api/v1",
    key_variable="SKIPUP_API_KEY",
    url_variable="SKIPUP_BASE_URL",
    log_variable="SKIPUP_LOG",
    limits=((120, 60.0),),
    live_key_prefix="sk_live_",
)


class _Resources(Client[S_co]):
    dialect = _SKIPUP

    @cached_property
    def meeting_requests(self) -> MeetingRequests[S_co]:
        """Ask SkipUp to find a time, and follow what becomes of it."""
        return MeetingRequests(self.sender)

    @cached_property
    def workspace_members(self) -> WorkspaceMembers[S_co]:
        """Who may organize meetings."""
        return WorkspaceMembers(self.sender)

    @cached_property
    def campaigns(self) -> Campaigns[S_co]:
        """Group meeting requests for attribution and routing."""
        return Campaigns(self.sender)

    @cached_property
    def teams(self) -> Teams[S_co]:
        """The members a campaign's meetings are shared among."""
        return Teams(self.sender)

    @cached_property
    def webhook_endpoints(self) -> WebhookEndpoints[S_co]:
        """Where SkipUp sends its events, and what became of them."""
        return WebhookEndpoints(self.sender)


class AsyncSkipUp(_Resources[Session], AsyncFanOutClient):
    """The SkipUp API, awaited.

    The key is *api_key*, or `SKIPUP_API_KEY`; the place is *base_url*, or
    `SKIPUP_BASE_URL`, or the service itself. *timeout* is the seconds one
    attempt may take, *deadline* the seconds of network and backoff one call may
    take with its retries; waiting for the limiter counts against neither.
    *limiter* keeps 120 requests a minute unless you bring another. *session* is
    an `aiohttp.ClientSession` of yours, which is used and never closed, or a
    function that makes one in the client's loop: for TLS, a proxy, a resolver.
    *hooks* are told of every call while it is made.

    Use it with `async with`, or call `aclose()` when done.
    """


class SkipUp(_Resources[BlockingSession], BlockingFanOutClient):
    """The SkipUp API, blocking: for scripts and notebooks, from any thread, with or without a running loop.

    Takes what `AsyncSkipUp` takes, except that *session* is a function that
    makes an `aiohttp.ClientSession`, called in the client's own loop.

    Use it with `with`, call `close()`, or leave it to the end of the program.
    """
