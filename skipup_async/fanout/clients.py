"""Clients that fan out, of either colour."""

import os
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from skipup_async.core.client import AsyncClient, BlockingClient

# The rest is imported at the first fan-out: most programs never make one, and the journal brings SQLite along.
if TYPE_CHECKING:
    from skipup_async.fanout.blocking import BlockingFanOut
    from skipup_async.fanout.engine import FanOut
    from skipup_async.fanout.progress import Progress

__all__ = ["AsyncFanOutClient", "BlockingFanOutClient"]

I = TypeVar("I")  # noqa: E741 - an item
T = TypeVar("T")


class AsyncFanOutClient(AsyncClient):
    """An awaited client with `fan_out`."""

    def fan_out(
        self,
        call: Callable[..., Awaitable[T]],
        items: AsyncIterable[I] | Iterable[I],
        *,
        max_concurrency: int = 50,
        key: Callable[[I], str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        progress: "bool | Callable[[Progress], object] | None" = None,
        deadline: float | None = None,
        keep: bool = True,
        dry_run: bool = False,
        max_creates: int | None = None,
        retry_failed: bool = False,
    ) -> "FanOut[I, T]":
        """Make `call(item)` for every item, *max_concurrency* at once; a failure cancels nothing.

        Await it for a `Report`, or iterate with `async for` for `Outcome`s as
        they come; *items* may be any iterable, of any length, async or not.

        With a *journal*, an SQLite file, and a *key* that names each item the
        same in every run, a script that died goes on where it was when it runs
        again: it is `call(item, idempotency_key=…)`, which must pass the key on.
        What was done is not done again; what failed for good stays so until
        *retry_failed*; what was sent 23 hours ago or more, with an outcome
        nobody saw, is left for a person to decide. A second process that opens
        the journal gets a JournalError.

        *progress* is True for a bar, or a function that takes a `Progress`.
        *deadline* is in seconds, for the whole. *keep* as False keeps failures
        alone. *dry_run* ends each call, unsent, at its first state change and
        gives that `Request` as its value. *max_creates* stops a loop that ran away.
        """
        from skipup_async.fanout.engine import FanOut
        from skipup_async.fanout.plan import Plan

        plan = Plan(
            max_concurrency=max_concurrency,
            key=key,
            journal=journal,
            progress=progress,
            deadline=deadline,
            keep=keep,
            dry_run=dry_run,
            max_creates=max_creates,
            retry_failed=retry_failed,
        )
        return FanOut(call, items, plan, self.sender.limiter)


class BlockingFanOutClient(BlockingClient):
    """A blocking client with `fan_out`."""

    def fan_out(
        self,
        call: Callable[..., T],
        items: Iterable[I],
        *,
        max_concurrency: int = 50,
        key: Callable[[I], str] | None = None,
        journal: str | os.PathLike[str] | None = None,
        progress: "bool | Callable[[Progress], object] | None" = None,
        deadline: float | None = None,
        keep: bool = True,
        dry_run: bool = False,
        max_creates: int | None = None,
        retry_failed: bool = False,
    ) -> "BlockingFanOut[I, T]":
        """Make `call(item)` for every item, each in a thread, *max_concurrency* at once; a failure cancels nothing.

        `report()` gives a `Report`, iterating gives `Outcome`s as they come.
        All else is as `AsyncFanOutClient.fan_out` says.
        """
        from skipup_async.fanout.blocking import BlockingFanOut
        from skipup_async.fanout.plan import Plan

        plan = Plan(
            max_concurrency=max_concurrency,
            key=key,
            journal=journal,
            progress=progress,
            deadline=deadline,
            keep=keep,
            dry_run=dry_run,
            max_creates=max_creates,
            retry_failed=retry_failed,
        )
        return BlockingFanOut(self.sender, call, items, plan)
