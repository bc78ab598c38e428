"""Tells hooks what becomes of one call."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from skipup_async.core.call import Call
from skipup_async.core.headers import rate_limit_headers, request_id
from skipup_async.core.observation import AttemptEnd, AttemptStart, CallEnd, CallStart, Hooks, LimitWait, Retry, tell
from skipup_async.core.step import Next, Step
from skipup_async.core.timing import CallTiming

__all__ = ["Observer"]

T = TypeVar("T")

# What is shorter went into looking at the limit, and not into waiting for it.
_MOMENT = 0.001


class Observer:
    """Tells *hooks* of the call that *start* speaks of, with the requests that read its object back."""

    def __init__(self, hooks: Sequence[Hooks], start: CallStart) -> None:
        self._hooks = hooks
        self._start = start
        #: What the call had spent when it was last told of.
        self._told = CallTiming()

    async def follow(self, run: Callable[[Call], Awaitable[Any]], call: Call) -> Any:
        """Make *call* by *run*, and tell of its beginning and its end."""
        self._tell("on_call_start", lambda: self._start)
        try:
            result = await run(call)
        except BaseException as error:
            self._ended(call, error)
            raise
        self._ended(call, None)
        return result

    def told_of(self, exchange: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        """*exchange*, with the beginning and the end of each attempt told."""

        async def attempt(call: Call, *others: Any) -> T:
            self._sending(call)
            try:
                answer = await exchange(call, *others)
            except BaseException as error:
                self._received(call, error)
                raise
            self._received(call, None)
            return answer

        return attempt

    def _sending(self, call: Call) -> None:
        timing, told = call.timing(), self._told
        self._told = timing
        waited = timing.queue - told.queue
        if waited >= _MOMENT:
            self._tell("on_limit_wait", lambda: LimitWait(**self._moment(call), seconds=waited))
        self._tell("on_request", lambda: AttemptStart(**self._moment(call)))

    def _received(self, call: Call, error: BaseException | None) -> None:
        timing, told = call.timing(), self._told
        self._told = timing
        seconds, server = timing.network - told.network, timing.server - told.server
        self._tell("on_response", lambda: AttemptEnd(**self._answered(call, error), seconds=seconds, server=server))

    def going_on(self, call: Call, error: BaseException, step: Step) -> None:
        """Tell that *call* goes on with *step* after *error*."""
        reads_back = step.next is Next.READ_BACK
        self._tell(
            "on_retry", lambda: Retry(**self._moment(call), error=error, delay=step.delay, reads_back=reads_back)
        )

    def _moment(self, call: Call) -> dict[str, Any]:
        return {
            "call": self._start,
            "route": call.request.route,
            "attempt": call.sends,
            "timing": call.timing(),
        }

    def _answered(self, call: Call, error: BaseException | None) -> dict[str, Any]:
        headers = call.headers
        return {
            **self._moment(call),
            "status": call.status,
            "error": error,
            "request_id": None if headers is None else request_id(headers),
            "rate_limit_headers": {} if headers is None else rate_limit_headers(headers),
        }

    def _ended(self, call: Call, error: BaseException | None) -> None:
        self._tell("on_call_end", lambda: CallEnd(**self._answered(call, error)))

    def _tell(self, name: str, make: Callable[[], object]) -> None:
        tell(self._hooks, name, make)
