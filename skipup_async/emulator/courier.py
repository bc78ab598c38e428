"""Posts webhooks: what is due goes out, signed, and what comes of it is written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from concurrent.futures import Future
from contextlib import suppress
from itertools import groupby
from operator import attrgetter
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from skipup_async.emulator import deliveries
from skipup_async.emulator.clock import Clock
from skipup_async.emulator.deliveries import Due
from skipup_async.emulator.hosts import is_loopback
from skipup_async.emulator.store import Store
from skipup_async.webhooks import Webhook

_log = logging.getLogger(__name__)
_SECONDS = 5.0
_MOST_CONNECTIONS = 16
_NOT_RUNNING = "the emulator is not running: use `with` or `async with`"


class Courier:
    """Posts deliveries when their time has come by the emulator's clock, one after the other to each endpoint.

    It posts to loopback hosts only, unless it may *anywhere*: an emulator must not be a way into somebody's network.
    """

    def __init__(self, store: Store, clock: Clock, *, anywhere: bool) -> None:
        self._store = store
        self._clock = clock
        self._anywhere = anywhere
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settling = set[asyncio.Task[None]]()

    async def start(self) -> None:
        """Begin to post, in the running loop."""
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._turn = asyncio.Lock()
        self._session = ClientSession(
            connector=TCPConnector(limit=_MOST_CONNECTIONS, force_close=True),
            timeout=ClientTimeout(total=_SECONDS),
            cookie_jar=DummyCookieJar(),
            auto_decompress=False,
        )
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Post no more. What was on its way is pending still."""
        if self._loop is None:
            return
        self._loop = None
        for task in self._settling:
            task.cancel()
        if self._settling:
            await asyncio.wait(self._settling)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self._session.close()

    def wake(self) -> None:
        """Look again at what is due, if anything waits. Safe to call from any thread."""
        loop = self._loop
        if loop is not None and deliveries.next_due(self._store) is not None:
            loop.call_soon_threadsafe(self._woken.set)

    def settle(self, timeout: float) -> None:
        """Wait, in another thread than the loop's, until everything due was attempted."""
        if self._loop is not None and self._loop is _running_loop():
            raise RuntimeError("in the emulator's own loop this would wait for itself: await settled() instead")
        self._everything_due().result(timeout)

    async def settled(self) -> None:
        """Wait until everything due was attempted."""
        await asyncio.wrap_future(self._everything_due())

    def _everything_due(self) -> Future[None]:
        loop = self._loop
        if loop is None:
            raise RuntimeError(_NOT_RUNNING)
        return asyncio.run_coroutine_threadsafe(self._deliver_for_somebody(), loop)

    async def _deliver_for_somebody(self) -> None:
        """Deliver what is due while somebody waits for it. Raise `RuntimeError` where the emulator stops meanwhile."""
        loop, task = self._loop, asyncio.current_task()
        if loop is None or task is None:
            raise RuntimeError(_NOT_RUNNING)
        self._settling.add(task)
        try:
            await self._deliver_due()
        except asyncio.CancelledError:
            if self._loop is not loop:  # cancelled by `stop`, not by who waits
                raise RuntimeError(_NOT_RUNNING) from None
            raise
        finally:
            self._settling.discard(task)

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            await self._deliver_due()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._wait()):
                    await self._woken.wait()

    def _wait(self) -> float | None:
        at = deliveries.next_due(self._store)
        return None if at is None else max(0.0, at - self._clock.now())

    async def _deliver_due(self) -> None:
        async with self._turn:
            while waiting := deliveries.due(self._store, self._clock.now()):
                by_endpoint = sorted(waiting, key=attrgetter("endpoint_id"))  # stable: the order of events stays
                batches = [list(batch) for _, batch in groupby(by_endpoint, key=attrgetter("endpoint_id"))]
                await asyncio.gather(*map(self._deliver_in_order, batches))

    async def _deliver_in_order(self, batch: Iterable[Due]) -> None:
        for read in batch:
            # The posts before it took time: its endpoint may be gone, switched off or elsewhere by now.
            delivery = deliveries.still_due(self._store, read.id, self._clock.now())
            if delivery is None:
                continue
            if not self._may_reach(delivery.url):
                _log.warning("not delivered: the endpoint %s is not on this machine", delivery.endpoint_id)
                deliveries.give_up(self._store, delivery)
                continue
            code = await self._post(delivery)
            if not deliveries.attempted(self._store, delivery, code, self._clock.now()):
                return

    def _may_reach(self, url: str) -> bool:
        return self._anywhere or is_loopback(urlsplit(url).hostname or "")

    async def _post(self, delivery: Due) -> int | None:
        """The status that an attempt is answered with, `None` for no answer. No redirect is followed."""
        # Signed by real time, not the emulator's: the receiver that checks it cannot know how far that was advanced.
        headers = {"Content-Type": "application/json", **Webhook(delivery.secret).sign(delivery.body)}
        try:
            async with self._session.post(
                delivery.url, data=delivery.body, headers=headers, allow_redirects=False
            ) as response:
                return response.status
        except (ClientError, TimeoutError, OSError, ValueError) as error:
            _log.info("no answer from the endpoint %s: %s", delivery.endpoint_id, type(error).__name__)
            return None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
