"""Clients of an emulator for the length of one test, whoever runs the test's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from skipup_async.core.limiter import Slot
from skipup_async.core.limits import Rank, Unlimited
from skipup_async.emulator.emulator import Emulator
from skipup_async.skipup.client import AsyncSkipUp, SkipUp

_CLOSING_SECONDS = 5.0


class _Noting(Unlimited):
    """No limit; notes the event loop that calls leave from, for only there can their connections be closed."""

    loop: asyncio.AbstractEventLoop | None = None

    def slot(self, rank: Rank = Rank.BULK) -> Slot:
        """See `Unlimited.slot`."""
        self.loop = asyncio.get_running_loop()
        return super().slot(rank)


@contextmanager
def blocking(emulator: Emulator) -> Generator[SkipUp]:
    """A client that blocks, without a limit."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        yield client


@contextmanager
def awaited(emulator: Emulator) -> Generator[AsyncSkipUp]:
    """A client to await in an event loop that is begun, and perhaps ended, inside the block; without a limit."""
    limiter = _Noting()
    client = AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=limiter)
    try:
        yield client
    finally:
        _close(client, limiter.loop)


def _close(client: AsyncSkipUp, loop: asyncio.AbstractEventLoop | None) -> None:
    """Close *client* in its own *loop* where there still is one, from outside of it."""
    if loop is None or loop.is_closed():
        # Nothing was opened, or it was closed as the loop ended; the client has to hear of it all the same.
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            runner.run(client.aclose())
    elif loop.is_running():  # in a thread of the test's own
        asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(_CLOSING_SECONDS)
    else:
        loop.run_until_complete(client.aclose())
