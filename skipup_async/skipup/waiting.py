"""Waiting for meetings to be booked, and watching what becomes of them."""

from collections.abc import AsyncIterator, Iterable
from functools import cached_property
from typing import Protocol

from skipup_async.core import arguments
from skipup_async.core.request import Id
from skipup_async.core.resource import Resource, S_co, composed
from skipup_async.core.streamed import streamed
from skipup_async.skipup.meeting_request import MeetingRequest
from skipup_async.skipup.sweeper import Sweeper

__all__ = ["Waiting", "WebhookEvent"]


class WebhookEvent(Protocol):
    """What a webhook told, about a meeting request or anything else."""

    @property
    def type(self) -> str:
        """Such as ``meeting_request.booked``."""
        ...


class Waiting(Resource[S_co]):
    """Waiting for meeting requests to be booked."""

    @composed
    async def wait_until_booked(self, id: str, *, timeout: float | None, poll: float = 10.0) -> MeetingRequest:
        """The request *id* once it is booked; waits for *timeout* seconds at most, or for ever with None.

        All who wait on one client share one look at the list every *poll*
        seconds, or less often where that would take more than a quarter of the
        limit; `notify` tells them at once. Whoever joins them has its first look
        when half of its *timeout* is over, or sooner. A paused request goes on being waited
        for. Raises MeetingCancelledError or WaitTimeoutError.
        """
        if timeout is not None:
            arguments.seconds("timeout", timeout)
        booked: MeetingRequest = await self._sweeper.wait(Id(id), timeout, arguments.seconds("poll", poll))
        return booked

    @streamed
    async def watch(self, ids: Iterable[str], *, poll: float = 10.0) -> AsyncIterator[MeetingRequest]:
        """Each of the requests *ids*, as first seen and whenever it changed, until all are booked or cancelled.

        Looks as `wait_until_booked` does, and shares the look with it.
        """
        open_ids = {Id(id, "ids") for id in arguments.many("ids", ids)}
        last: dict[str, MeetingRequest] = {}
        with self._sweeper.watching(open_ids, arguments.seconds("poll", poll)) as news:
            while open_ids:
                request = await self._sweeper.next(news)
                if request.status in ("booked", "cancelled"):
                    open_ids.discard(Id(request.id))
                    self._sweeper.forget(news, [request.id])
                if last.get(request.id) != request:
                    last[request.id] = request
                    yield request

    def notify(self, event: MeetingRequest | WebhookEvent) -> None:
        """Tell whoever waits what a webhook said: *event* is a verified event, or the meeting request itself.

        An event that speaks of no meeting request is news to nobody.

        May be called from any thread.
        """
        request = event if isinstance(event, MeetingRequest) else getattr(event, "meeting_request", None)
        if request is not None:
            self.awaited._sweeper.notify(request)

    @cached_property
    def _sweeper(self) -> Sweeper:
        return Sweeper(self.awaited.sender)
