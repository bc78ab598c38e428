"""Session: calls to one service, kept within its limit, tried again and decoded."""

import asyncio
import functools
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import quote

import attrs
from yarl import URL

from skipup_async.core.answer import Answer, interpret
from skipup_async.core.body import LARGEST_BODY, dump
from skipup_async.core.call import Call, Next
from skipup_async.core.dialect import Dialect
from skipup_async.core.headers import exhausted_for, server_time
from skipup_async.core.limits import Limiter, Rank, RankedLimiter
from skipup_async.core.options import Options
from skipup_async.core.reconcile import SentAt, belief
from skipup_async.core.request import Id, Operation, Request
from skipup_async.core.retry import Quota
from skipup_async.core.wire import Connections
from skipup_async.core.witness import witness
from skipup_async.errors import SkipUpError

__all__ = ["Session", "Timing"]

T = TypeVar("T")
logger = logging.getLogger("skipup_async")

_JSON = {"Content-Type": "application/json"}


@functools.lru_cache(maxsize=256)
def _quoted(segment: str) -> str:
    return quote(segment, safe="")


@attrs.frozen
class Timing:
    """Where a session takes time and chance from; tests bring their own."""

    #: Seconds on a clock that never goes back.
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    #: A number from 0 up to 1, for jitter.
    chance: Callable[[], float] = random.random


class Session:
    """Calls to one service, awaited."""

    def __init__(
        self,
        base_url: URL,
        connections: Connections,
        limiter: Limiter,
        dialect: Dialect,
        options: Options,
        timing: Timing = Timing(),
    ) -> None:
        self.dialect = dialect
        self.limiter = limiter
        self.options = options
        self._base_url = base_url
        self._connections = connections
        self._timing = timing
        self._quota = Quota(options.retry.quota)

    def __reduce__(self) -> NoReturn:
        msg = "a client is not pickled: it holds an API key and connections; make one in each process"
        raise TypeError(msg)

    def with_options(self, options: Options) -> "Session":
        """The same connections and limiter under other *options*."""
        sibling = Session(self._base_url, self._connections, self.limiter, self.dialect, options, self._timing)
        if options.retry.quota == self.options.retry.quota:
            sibling._quota = self._quota
        return sibling

    async def aclose(self) -> None:
        """Close the connections. Any later call is a ClientClosedError."""
        await self._connections.aclose()
        if isinstance(self.limiter, RankedLimiter):
            await self.limiter.aclose()

    async def send(self, request: Request[T]) -> T:
        """The answer to *request*, decoded; waits for the limiter, and tries again where that is right."""
        key = request.idempotency_key
        if key is None and request.operation is Operation.KEYED:
            key = str(uuid.uuid4())
        content = None if request.body is None else dump(request.body)
        call = Call(request, content, key, self.options, self._quota, self._timing.chance)
        seen_by = witness.get()
        if seen_by is None:
            result: T = await self._run(call)
            return result
        try:
            await seen_by.before(call)
            result = await self._run(call)
        finally:
            seen_by.after(call)
        return result

    async def _run(self, call: Call) -> Any:
        """Send, and send again, until there is an object to give or an error to raise."""
        fresh = call.request.operation is not Operation.SAFE
        while True:
            try:
                result = await self._attempt(call, fresh)
            except SkipUpError as error:
                fault = error
            else:
                call.succeeded()
                return result
            step = call.after(fault)
            if step.next is Next.FINISH:
                call.succeeded()
                return None
            if step.next is Next.PAUSE:
                self.limiter.pause(step.delay)
                continue
            await self._back_off(call, step.delay)
            if step.next is Next.READ_BACK and (found := await self._read_back(call, fault)) is not None:
                return found
            if step.afresh:
                fresh = True
                await self._connections.drop_pool()

    async def _back_off(self, call: Call, delay: float) -> None:
        call.spent += delay
        await self._timing.sleep(delay)

    async def _attempt(self, call: Call, fresh: bool) -> Any:
        """One wire send, in a slot of its own, and what it brought."""
        request = call.request
        self._connections.check()
        async with self._slot(Rank.RETRY if call.sends else self.options.rank):
            answer = await self._exchange(call, fresh)
            call.last_headers = answer.headers
            reset = exhausted_for(answer.headers)
            if reset is not None and isinstance(self.limiter, RankedLimiter):
                self.limiter.hold(min(reset, self.options.retry.max_retry_after))
            # Here, so that the limiter sees what the answer was: the first one after a 429 decides for the rest.
            return interpret(request, answer, self.dialect, LARGEST_BODY)

    def _slot(self, rank: Rank) -> AbstractAsyncContextManager[object]:
        limiter = self.limiter
        return limiter.slot(rank) if isinstance(limiter, RankedLimiter) else limiter.slot()

    async def _exchange(self, call: Call, fresh: bool) -> Answer:
        request, begun = call.request, self._timing.clock()
        headers = dict(_JSON) if call.content is not None else {}
        if call.idempotency_key is not None:
            headers[self.dialect.key_header] = call.idempotency_key
        call.sends += 1
        if not call.maybe_applied:  # what went out before has certainly changed nothing
            call.first_sent = begun
        outcome: int | str = "no answer"
        try:
            answer = await self._connections.exchange(
                request.method, self._url(request), headers, call.content, call.attempt_timeout(), fresh
            )
            outcome = answer.status
        finally:
            took = self._timing.clock() - begun
            call.spent += took
            if logger.isEnabledFor(logging.DEBUG):
                logger.debug("%s: %s in %.3f s, attempt %d", request.route, outcome, took, call.sends)
        return answer

    def _url(self, request: Request[Any]) -> URL:
        """Below the base URL, each segment quoted: an id can neither climb out of the path nor end it."""
        base = self._base_url
        path = "/".join([segment if isinstance(segment, Id) else _quoted(segment) for segment in request.path])
        url = base.with_path(f"{base.raw_path.rstrip('/')}/{path}", encoded=True)
        return url.with_query(cast("dict[str, str | int]", request.query)) if request.query else url

    async def _read_back(self, call: Call, fault: SkipUpError) -> Any:
        """The object, where it shows that *call* came through; None to send again; raises where neither is right."""
        proof = call.request.proof
        if proof is None:
            return None
        options = attrs.evolve(self.options, deadline=call.left)
        reading = Call(proof.read, None, None, options, self._quota, self._timing.chance)
        try:
            current = await self._run(reading)
        except SkipUpError as error:
            unread = error
        else:
            call.spent += reading.spent
            found = belief(proof, current, self._sent_at(call, reading))
            if not call.believe(found, current, fault):
                return None
            call.succeeded()
            logger.info("%s: the answer was lost, and the object shows that it was done", call.request.route)
            return current
        fault = SkipUpError(f"{fault}; reading the object back failed too: {unread}")
        call.fail_ambiguous(fault)

    def _sent_at(self, call: Call, reading: Call) -> SentAt:
        """When *call* first went out by the server's clock, seen from the answer that *reading* brought."""
        elapsed = self._timing.clock() - (call.first_sent or 0.0)
        now = None if reading.last_headers is None else server_time(reading.last_headers)
        if now is None:
            return SentAt.measured(datetime.now(UTC), elapsed, whole_seconds=False)
        return SentAt.measured(now, elapsed, whole_seconds=True)
