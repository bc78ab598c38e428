"""Accounts: what a fan-out remembers of its items, on disk or not at all."""

import asyncio
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import attrs

from skipup_async.errors import (
    AmbiguousOutcomeError,
    APIStatusError,
    AuthenticationError,
    InvalidArgumentError,
    PermissionDeniedError,
    ValidationError,
)
from skipup_async.fanout.journal import Entry, Journal, State
from skipup_async.fanout.keeping import kept_error, kept_value, restored
from skipup_async.fanout.outcome import is_transient
from skipup_async.fanout.plan import Plan

__all__ = ["NOBODY", "Accounts", "Item"]

T = TypeVar("T")

# SkipUp keeps a key for 24 hours; an hour of room for clocks that differ.
_KEY_LIFETIME = 23 * 3600.0


@attrs.frozen
class Item:
    """What is known of an item before its call: its key, and its entry in the journal where there is one."""

    key: str | None = None
    entry: Entry | None = None
    #: What the call is given to send; None without a journal.
    idempotency_key: str | None = None
    #: The value and the error of an earlier run; None where the call is to be made.
    settled: tuple[Any, Exception | None] | None = None

    @property
    def journaled(self) -> bool:
        """Whether another run would send the same key."""
        return self.entry is not None

    def in_doubt(self, error: Exception) -> bool:
        """Whether an earlier run may have done it, and *error* does not tell that it did not.

        Had it been done, the service would have given the key its first answer
        again. So a refusal of that very request tells; a key that is still in
        use, was not looked at, or came with another body does not.
        """
        started = self.entry is not None and self.entry.state is State.STARTED
        refused = isinstance(error, ValidationError) and error.idempotency_key == self.idempotency_key
        return started and not refused


#: An item without a name, and without a past.
NOBODY = Item()


class Accounts:
    """The journal of a run, in a thread of its own so that the disk holds up no call; or no journal."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._thread = ThreadPoolExecutor(1, "skipup_async-journal") if plan.journal and not plan.dry_run else None
        self._journal: Journal | None = None

    async def open(self) -> None:
        """Open the journal. Raises JournalError where that is not possible."""
        if self._thread is not None and self._plan.journal is not None:
            self._journal = await self._in_thread(Journal, self._plan.journal)

    async def close(self) -> None:
        """Close the journal, when what is being written is written."""
        if self._thread is None:
            return
        if self._journal is not None:
            self._thread.submit(self._journal.close)
        self._thread.shutdown()

    def _in_thread(self, function: Callable[..., T], *args: Any, **options: Any) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*args, **options))

    @property
    def kept(self) -> bool:
        """Whether there is a journal."""
        return self._journal is not None

    def named(self, item: object) -> Item:
        """What *item* is called; nothing more is known of it. Raises for a key that is no text."""
        plan = self._plan
        if plan.key is None:
            return NOBODY
        key = plan.key(item)
        if not isinstance(cast("object", key), str) or not key:
            msg = "key must give a text that is not empty"
            raise InvalidArgumentError(msg)
        return Item(key, idempotency_key=str(uuid.uuid4()) if plan.journal else None)

    async def begin(self, item: object) -> Item:
        """What is known of *item*. Raises for a key that is no text, or names two items."""
        plan, named = self._plan, self.named(item)
        key = named.key
        if self._journal is None or key is None:
            return named
        entry = await self._in_thread(self._journal.begin, key, retry_failed=plan.retry_failed)
        return Item(key, entry, self._journal.idempotency_key(entry), _settled(entry, time.time()))

    async def start(self, key: str, fingerprint: str, now: float, repeatable: bool) -> None:
        """Note what *key* is about to send."""
        if self._journal is not None:
            await self._in_thread(self._journal.start, key, fingerprint, now, repeatable=repeatable)

    async def finish(
        self, item: Item, value: object, error: Exception | None, *, maybe_applied: bool, repeatable: bool
    ) -> None:
        """Note what became of *item*; once begun, it is noted whoever is cancelled."""
        if self._journal is None or item.entry is None or item.settled is not None:
            return
        key = item.entry.key
        if error is None:
            noted = self._in_thread(self._journal.finish, key, State.DONE, kept_value(value))
        elif maybe_applied:
            noted = self._in_thread(self._journal.leave, key, repeatable=repeatable)
        else:
            state = State.FAILED if _is_final(error) else State.OPEN
            noted = self._in_thread(self._journal.finish, key, state, kept_error(error))
        await asyncio.shield(noted)


def _settled(entry: Entry, now: float) -> tuple[Any, Exception | None] | None:
    """What an earlier run found out about *entry*, or what no later one may find out by sending; else None."""
    if entry.state in (State.DONE, State.FAILED):
        return restored(entry.outcome or "")
    if entry.state is not State.STARTED:
        return None
    age = now - (entry.first_sent or now)
    if entry.repeatable and age < _KEY_LIFETIME:
        return None
    error = AmbiguousOutcomeError(
        f"{entry.key!r} was sent {age / 3600:.1f} hours ago and its outcome is not known; sending it again might do it"
        " twice, so look first"
    )
    error.maybe_applied = True
    return None, error


def _is_final(error: Exception) -> bool:
    """Whether the service refused the item itself, so that another run would be refused as well."""
    fault_of_the_key = isinstance(error, (AuthenticationError, PermissionDeniedError))
    passing = is_transient(error) or (isinstance(error, APIStatusError) and error.status_code in (408, 425))
    return isinstance(error, APIStatusError) and not fault_of_the_key and not passing
