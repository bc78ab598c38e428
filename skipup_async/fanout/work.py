"""One item's way: what its calls do, seen from outside, and what may leave on its behalf."""

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

from skipup_async.core.call import Call
from skipup_async.core.request import Operation, Request
from skipup_async.errors import CreateLimitError, InvalidArgumentError, WaitTimeoutError
from skipup_async.fanout.accounts import NOBODY, Item

__all__ = ["Built", "Creates", "Work", "fingerprint"]

Start = Callable[[str, str, float, bool], Awaitable[None]]


class Built(BaseException):
    """Ends a call of a dry run at its first state change."""

    def __init__(self, request: Request[Any]) -> None:
        super().__init__(request)
        self.request = request


class Creates:
    """How many creates may still leave."""

    def __init__(self, most: int | None) -> None:
        self._most = most
        self._left = most
        #: Whether one was refused.
        self.refused = False

    def take(self) -> None:
        """Let one leave. Raises CreateLimitError where none may."""
        if self._left is None:
            return
        if self._left == 0:
            self.refused = True
            raise CreateLimitError(f"max_creates={self._most} reached: nothing was sent")
        self._left -= 1


class Work:
    """The witness of one item: journals its state change before it leaves, counts its sends."""

    def __init__(self, creates: Creates, *, dry_run: bool, start: Start) -> None:
        self._creates = creates
        self._dry_run = dry_run
        self._start = start
        self._item = NOBODY
        #: The fingerprint of the first state change, once it is in the journal.
        self._first: str | None = None
        self._given_up = False
        #: The calls under way, each with the task that makes it.
        self.running: dict[Call, asyncio.Task[Any] | None] = {}
        self._ended: list[Call] = []

    def known(self, item: Item) -> None:
        """Tell what is known of the item that the calls are made for."""
        self._item = item

    @property
    def sends(self) -> int:
        """Wire sends so far."""
        return sum(call.sends for call in (*self._ended, *self.running))

    @property
    def maybe_applied(self) -> bool:
        """Whether a state change was done, or may have been."""
        calls = (*self._ended, *self.running)
        return any(call.in_effect and call.request.operation is not Operation.SAFE for call in calls)

    @property
    def repeatable(self) -> bool:
        """Whether doing again what was done, or may have been, does no harm."""
        calls = (*self._ended, *self.running)
        return not any(call.in_effect and self._adds(call) for call in calls)

    async def before(self, call: Call) -> None:
        """Let *call* go out; a state change only when it is in the journal."""
        if self._given_up:
            msg = "the fan-out no longer waits for the item of this call: nothing was sent"
            raise WaitTimeoutError(msg)
        self.running[call] = asyncio.current_task()
        operation = call.request.operation
        if operation is Operation.SAFE:
            return
        if self._dry_run:
            raise Built(call.request)
        if operation in (Operation.KEYED, Operation.ADDITIVE):
            self._creates.take()
        if self._item.entry is not None:
            await self._note(self._item.entry.key, call)

    async def _note(self, key: str, call: Call) -> None:
        """Write down the first state change of the item, and each later one that another run must not repeat."""
        if self._first is None:
            self._check_key(call)
        elif not self._adds(call):
            return
        first = self._first or fingerprint(call.request, call.account)
        await self._start(key, first, time.time(), not self._adds(call))
        self._first = first

    def _adds(self, call: Call) -> bool:
        """Whether *call*, made again by another run, would do a second time what it does."""
        operation = call.request.operation
        own_key = operation is Operation.KEYED and call.idempotency_key != self._item.idempotency_key
        return own_key or operation is Operation.ADDITIVE

    def after(self, call: Call) -> None:
        """Count *call* among those that have ended."""
        self.running.pop(call, None)
        self._ended.append(call)

    def give_up(self) -> None:
        """Cancel the calls still under way and let no more go out: a thread may make some, and nobody waits for it."""
        self._given_up = True
        for task in self.running.values():
            if task is not None:
                task.cancel()

    def _check_key(self, call: Call) -> None:
        if call.request.operation is Operation.KEYED and call.idempotency_key != self._item.idempotency_key:
            msg = "with a journal the call gets idempotency_key= and must pass it on to create()"
            raise InvalidArgumentError(msg)


def fingerprint(request: Request[Any], account: str) -> str:
    """A hash of what *request* asks for, and of whom: the same in every run, whatever library wrote the JSON.

    Whether a service knows an idempotency key again under another API key, no document says.
    """
    said = request.query and dict(request.query), request.body and dict(request.body)
    asked = [account, request.method, *request.path, *said]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()
