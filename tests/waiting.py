"""Wait for what another task or thread is about to do: bounded, and never longer than it takes."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable

__all__ = ["until", "until_threads"]

#: Seconds after which it is not going to happen.
_PATIENCE = 30.0


async def until(condition: Callable[[], bool]) -> None:
    """Let the other tasks run until *condition* holds."""
    async with asyncio.timeout(_PATIENCE):
        for _ in itertools.takewhile(lambda _: not condition(), itertools.count()):
            await asyncio.sleep(0)


def until_threads(condition: Callable[[], bool]) -> None:
    """Let the other threads and processes run until *condition* holds."""
    end, look_again = time.monotonic() + _PATIENCE, threading.Event()
    while not condition():
        look_again.wait(0.005)  # leaves the processor to those who are waited for
        assert time.monotonic() < end, "what was waited for did not happen"
