"""The sweep: all who wait for meetings on one client share one look at the list.

A thousand `get`s a round would eat the limit; one page of the list shows a
hundred requests at once.
"""

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Generator, Iterable

from skipup_async.core.limits import RankedLimiter
from skipup_async.core.pager import Pager
from skipup_async.core.request import Page, Request, identifier
from skipup_async.core.session import Session
from skipup_async.errors import (
    APIConnectionError,
    MeetingCancelledError,
    NotFoundError,
    RateLimitError,
    ServerError,
    WaitTimeoutError,
)
from skipup_async.skipup.meeting_request import MeetingRequest

__all__ = ["Sweeper", "read"]

logger = logging.getLogger("skipup_async")

# Waiting never takes more than this share of the limit.
_SHARE = 0.25
_PASSING = (APIConnectionError, RateLimitError, ServerError)


Told = MeetingRequest | Exception


class Sweeper:
    """Looks through the newest requests in rounds, as long as somebody waits, and tells who waits for what."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._queues: dict[str, set[asyncio.Queue[Told]]] = {}
        self._polls: dict[asyncio.Queue[Told], float] = {}
        #: For those who have joined since the latest look began: the seconds after it by which they want the next.
        self._joined: dict[asyncio.Queue[Told], float] = {}
        #: The seconds after the latest look by which the next one begins.
        self._rest = 0.0
        self._sooner = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def wait(self, id: str, timeout: float | None, poll: float) -> MeetingRequest:
        """The request *id* once it is booked. Raises MeetingCancelledError, or WaitTimeoutError after *timeout*."""
        # Whoever gives up before the next look would do so without having been looked for.
        first = poll if timeout is None else min(poll, timeout / 2)
        time = asyncio.timeout(timeout)
        with self.watching([id], poll, first) as news:
            try:
                async with time:
                    while (request := await self.next(news)).status not in ("booked", "cancelled"):
                        pass
            except TimeoutError:
                if not time.expired():  # it is what ended the looking
                    raise
                msg = f"the meeting request {id} was not booked within {timeout:g} seconds"
                raise WaitTimeoutError(msg) from None
        if request.status == "booked":
            return request
        cancelled = MeetingCancelledError(f"the meeting request {id} was cancelled")
        cancelled.current = request
        raise cancelled

    async def next(self, news: asyncio.Queue[Told]) -> MeetingRequest:
        """The next of the *news*. Raises what ended the looking, if something did."""
        told = await news.get()
        if isinstance(told, Exception):
            raise told
        return told

    @contextlib.contextmanager
    def watching(self, ids: Iterable[str], poll: float, first: float | None = None) -> Generator[asyncio.Queue[Told]]:
        """A queue that is told of each of *ids* every *poll* seconds, and at once what `notify` says.

        The first look for it begins *first* seconds, or *poll*, after the one before.
        """
        news: asyncio.Queue[Told] = asyncio.Queue()
        watched = frozenset(ids)
        self._polls[news], self._joined[news] = poll, poll if first is None else first
        for id in watched:
            self._queues.setdefault(id, set()).add(news)
        if self._task is None:
            self._sooner = asyncio.Event()  # of the loop that runs now
            # Not in the context of whoever waits first: it looks for everybody.
            self._task = asyncio.create_task(self._look(), context=contextvars.Context())
        elif self._joined[news] < self._rest:
            self._sooner.set()
        try:
            yield news
        finally:
            self.forget(news, watched)
            del self._polls[news]
            self._joined.pop(news, None)
            if not self._polls:
                self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def forget(self, news: asyncio.Queue[Told], ids: Iterable[str]) -> None:
        """Tell *news* no more of *ids*."""
        for id in ids:
            queues = self._queues.get(id, set())
            queues.discard(news)
            if not queues:
                self._queues.pop(id, None)

    def notify(self, request: MeetingRequest) -> None:
        """Tell whoever waits for *request*; may be called from any thread."""
        task = self._task
        if task is not None:
            task.get_loop().call_soon_threadsafe(self._tell, request)

    def _tell(self, request: MeetingRequest) -> None:
        for news in self._queues.get(request.id, ()):
            news.put_nowait(request)

    async def _look(self) -> None:
        await asyncio.sleep(0)  # those who begin to wait together are looked for together
        while True:
            least = 0.0
            self._joined.clear()
            try:
                least = self._shortest_round(await self._sweep())
            except _PASSING as error:
                logger.warning("a look for those who wait failed, and is taken again: %s", error)
            except Exception as error:  # noqa: BLE001 - else those who wait would do so for ever
                for news in self._polls:
                    news.put_nowait(error)
            await self._sleep(least)

    async def _sleep(self, least: float) -> None:
        """Until the next look is due, *least* seconds from now or later; whoever joins may make it sooner."""
        looked = asyncio.get_running_loop().time()
        with contextlib.suppress(TimeoutError):
            while True:
                self._sooner.clear()
                self._rest = max(least, min((*self._polls.values(), *self._joined.values()), default=0.0))
                async with asyncio.timeout_at(looked + self._rest):
                    await self._sooner.wait()

    async def _sweep(self) -> int:
        """Look for everything that is waited for; how many requests it took."""
        missing, sent = set(self._queues), 0
        most = len(missing)
        if most > 1:
            async with contextlib.aclosing(Pager(self._session, _NEWEST).pages()) as pages:
                async for page in pages:
                    sent += 1
                    for request in page.items:
                        if request.id in missing:
                            missing.discard(request.id)
                            self._tell(request)
                    if not missing or sent >= most:
                        break
        for id in missing:
            sent += 1
            await self._look_at(id)
        return sent

    async def _look_at(self, id: str) -> None:
        try:
            self._tell(await self._session.send(read(id)))
        except NotFoundError as error:
            for news in self._queues.get(id, ()):
                news.put_nowait(error)

    def _shortest_round(self, sent: int) -> float:
        """Seconds that *sent* requests must be spread over to stay within their share of the limit."""
        limiter = self._session.limiter
        if not isinstance(limiter, RankedLimiter):
            return 0.0
        limit = limiter.snapshot()
        return sent * limit.per / (limit.limit * _SHARE)


def read(id: str) -> Request[MeetingRequest]:
    """The request that reads one meeting request."""
    return Request("GET", ("meeting_requests", identifier("id", id)), MeetingRequest)


_NEWEST = Request("GET", ("meeting_requests",), Page[MeetingRequest], query={"limit": 100})
