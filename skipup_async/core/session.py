"""Session: calls to one service, kept within its limit, tried again and decoded."""

import asyncio
import functools
import logging
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, NoReturn, TypeVar, cast
from urllib.parse import quote

import attrs
from yarl import URL

from skipup_async.core.answer import Answer, interpret
from skipup_async.core.body import LARGEST_BODY, dump
from skipup_async.core.call import Call
from skipup_async.core.dialect import Dialect
from skipup_async.core.headers import exhausted_for
from skipup_async.core.limits import Limiter, Rank, RankedLimiter
from skipup_async.core.log import log_hooks
from skipup_async.core.observation import CallStart, Hooks
from skipup_async.core.observer import Observer
from skipup_async.core.options import Options
from skipup_async.core.read_back import read_back
from skipup_async.core.request import Id, Operation, Request, segment
from skipup_async.core.retry import Quota
from skipup_async.core.step import Next, Step
from skipup_async.core.wire import Connections
from skipup_async.core.witness import Witness, witness
from skipup_async.errors import RateLimitError, SkipUpError

__all__ = ["Session", "Timing"]

T = TypeVar("T")
logger = logging.getLogger("skipup_async")

_JSON = {"Content-Type": "application/json"}
# Reached by way of its class, a member of an enumeration costs as much as a function call.
_SAFE, _KEYED = Operation.SAFE, Operation.KEYED


@functools.lru_cache(maxsize=256)
def _quoted(text: str) -> str:
    """The segment *text* as it stands in a URL: whatever it holds, it can neither climb out of the path nor end it."""
    return quote(segment(text), safe="")


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
        hooks: tuple[Hooks, ...] = (),
    ) -> None:
        self.dialect = dialect
        self.limiter = limiter
        self.options = options
        self._base_url = base_url
        self._base_path = base_url.raw_path.rstrip("/")
        self._ranked = limiter if isinstance(limiter, RankedLimiter) else None
        self._connections = connections
        self._timing = timing
        self._hooks = hooks
        self._quota = Quota(options.retry.quota)

    def __reduce__(self) -> NoReturn:
        msg = "a client is not pickled: it holds an API key and connections; make one in each process"
        raise TypeError(msg)

    def with_options(self, options: Options) -> "Session":
        """The same connections and limiter under other *options*."""
        sibling = Session(
            self._base_url, self._connections, self.limiter, self.dialect, options, self._timing, self._hooks
        )
        if options.retry.quota == self.options.retry.quota:
            sibling._quota = self._quota
        return sibling

    async def aclose(self) -> None:
        """Close the connections. Any later call is a ClientClosedError."""
        await self._connections.aclose()
        if self._ranked is not None:
            await self._ranked.aclose()

    def send(self, request: Request[T]) -> Coroutine[Any, Any, T]:
        """The answer to *request*, decoded; waits for the limiter, and tries again where that is right."""
        key = request.idempotency_key
        if key is None and request.operation is _KEYED:
            key = str(uuid.uuid4())
        content = None if request.body is None else dump(request.body)
        call = Call(request, content, key, self.options, self._quota, self._timing.chance, self._timing.clock)
        seen_by = witness.get()
        if self._hooks or logger.isEnabledFor(logging.INFO):
            call.observer = self._observer(request)
        elif seen_by is None:
            return self._run(call)
        return self._run_seen(call, seen_by)

    async def _run_seen(self, call: Call, seen_by: Witness | None) -> Any:
        self._url(call.request)  # what cannot be a path is refused before anybody is told of a call
        try:
            if seen_by is not None:
                call.account = self._connections.account
                await seen_by.before(call)
            return await (self._run(call) if call.observer is None else call.observer.follow(self._run, call))
        finally:
            if seen_by is not None:
                seen_by.after(call)

    def _observer(self, request: Request[Any]) -> Observer:
        url = self._base_url
        start = CallStart(service=self.dialect.name, route=request.route, host=url.host or "", port=url.port or 0)
        return Observer((*self._hooks, *log_hooks()), start)

    async def _run(self, call: Call) -> Any:
        """Send, and send again, until there is an object to give or an error to raise."""
        request, observer, connections, ranked = call.request, call.observer, self._connections, self._ranked
        url, headers = self._url(request), self._headers(call)
        fresh = request.operation is not _SAFE
        exchange = connections.exchange if observer is None else observer.told_of(connections.exchange)
        while True:
            try:
                connections.check()
                rank = Rank.RETRY if call.sends else self.options.rank
                call.ask()
                async with self.limiter.slot() if ranked is None else ranked.slot(rank):
                    call.sent()
                    answer = await exchange(call, url, headers, fresh)
                    self._heed(answer)
                    # Here, so that the limiter sees what it was: the first answer after a 429 decides for the rest.
                    result = interpret(request, answer, self.dialect, LARGEST_BODY)
            except SkipUpError as error:
                fault = error
            else:
                call.succeeded()
                return result
            step = self._next(call, fault)
            if step.next is Next.FINISH:
                call.succeeded()
                return None
            if step.next is Next.PAUSE:
                continue
            await self._back_off(call, step.delay)
            if step.next is Next.READ_BACK and (found := await read_back(call, fault, self._run)) is not None:
                return found
            if step.afresh:
                fresh = True
                await connections.drop_pool()

    def _next(self, call: Call, fault: SkipUpError) -> Step:
        """What *call* does after *fault*; raises where nothing more is to be done."""
        try:
            step = call.after(fault)
        finally:
            if isinstance(fault, RateLimitError):  # it holds for everybody, even where this call ends with it
                self.limiter.pause(call.pause)
        if call.observer is not None and step.next is not Next.FINISH:
            call.observer.going_on(call, fault, step)
        return step

    async def _back_off(self, call: Call, delay: float) -> None:
        begun = self._timing.clock()
        try:
            await self._timing.sleep(delay)
        finally:
            slept = self._timing.clock() - begun
            call.spent += slept
            call.slept += slept

    def _heed(self, answer: Answer) -> None:
        """Hold the limiter where *answer* says that nothing is left of the limit."""
        reset = exhausted_for(answer.headers)
        if reset is not None and self._ranked is not None:
            self._ranked.hold(min(reset, self.options.retry.max_retry_after))

    def _headers(self, call: Call) -> Mapping[str, str] | None:
        """The headers of one call alone."""
        if call.content is None and call.idempotency_key is None:
            return None
        headers = dict(_JSON) if call.content is not None else {}
        if call.idempotency_key is not None:
            headers[self.dialect.key_header] = call.idempotency_key
        return headers

    def _url(self, request: Request[Any]) -> URL:
        """Below the base URL."""
        path = self._base_path
        for part in request.path:
            path = f"{path}/{part if type(part) is Id else _quoted(part)}"
        url = self._base_url.with_path(path, encoded=True)
        return url.with_query(cast("dict[str, str | int]", request.query)) if request.query else url
