"""One call on its way: what it has spent, and what its latest fault means for it. No I/O."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from skipup_async.core.account import Account
from skipup_async.core.headers import Headers, rate_limit_headers, request_id
from skipup_async.core.options import Options
from skipup_async.core.readable import readable
from skipup_async.core.reconcile import Belief
from skipup_async.core.request import Request
from skipup_async.core.retry import Quota, Verdict, may_have_applied, throttle_delay, transient_delay, verdict
from skipup_async.core.step import Next, Step
from skipup_async.errors import (
    AmbiguousOutcomeError,
    APIStatusError,
    InvalidRequestError,
    SkipUpError,
    UnprocessableEntityError,
)

if TYPE_CHECKING:
    from skipup_async.core.observer import Observer

__all__ = ["Call"]

# The lost request may still be running; reading the object back at once would read it too early.
_SOONEST_READ_BACK = 1.0
_MOMENT = 0.001


class Call(Account):
    """One call with its retries: a request, its frozen bytes and key, and the account of what it has spent."""

    #: Wire sends so far; its throttle waits and other retries among them.
    sends: int = 0
    retries: int = 0
    throttled: int = 0
    #: Seconds for which its latest 429 holds every call, whatever becomes of this one.
    pause: float = 0.0
    #: When the request first went out.
    first_sent: float | None = None
    #: Status and headers of the latest attempt's answer; None where it had none.
    status: int | None = None
    headers: Headers | None = None
    #: Under which account it is made, where somebody asks: a hash of the API key.
    account: str = ""
    #: Who tells the hooks of it; None where there are none.
    observer: "Observer | None" = None
    maybe_applied: bool = False
    #: Whether an answer about another object was met before.
    mismatched: bool = False
    last_cost: int = 0
    #: Whether the service has refused the call, or it never left: nothing was done.
    refused: bool = False

    def __init__(
        self,
        request: Request[Any],
        content: bytes | None,
        idempotency_key: str | None,
        options: Options,
        quota: Quota,
        chance: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.request = request
        self.content = content
        self.idempotency_key = idempotency_key
        self.options = options
        self.quota = quota
        self.chance = chance
        self.clock = clock

    @property
    def in_effect(self) -> bool:
        """Whether the service may have done it by now: it left, and was not refused for certain."""
        return self.sends > 0 and not self.refused

    def attempt_timeout(self) -> float | None:
        """Seconds the next attempt may take: the time-out of one attempt, or what is left of the deadline."""
        timeout, deadline = self.options.timeout, self.options.deadline
        if deadline is None:
            return timeout
        left = deadline - self.spent
        if timeout is not None and timeout <= left:
            return timeout
        return max(_MOMENT, left)  # 0 would mean no limit to what it is passed to

    def sent(self) -> None:
        """Note that the request goes out."""
        self.out = now = self.clock()
        if self.asked is not None:
            self.queued += now - self.asked
        self.asked = self.status = self.headers = None
        self.sends += 1
        if not self.maybe_applied:  # what went out before has certainly changed nothing
            self.first_sent = now

    def reading(self, request: Request[Any]) -> "Call":
        """Return the call that reads the object of this one back; it spends what is left of this one's time."""
        reading = Call(request, None, None, self.options, self.quota, self.chance, self.clock)
        reading.began, reading.observer = self.began, self.observer
        reading.take_over(self)
        return reading

    def succeeded(self) -> None:
        """Give the retries of a call that came through back to the quota."""
        self.quota.refund(self.last_cost)

    def after(self, error: SkipUpError) -> Step:
        """What to do after *error*; raises where nothing more is to be done."""
        self.unplaced()  # the limiter itself may have failed
        operation = self.request.operation
        may_be_second, self.maybe_applied = self.maybe_applied, self.maybe_applied or may_have_applied(operation, error)
        meaning = verdict(operation, error, method=self.request.method, may_be_second=may_be_second)
        if meaning is Verdict.DONE:
            return Step(Next.FINISH)
        if meaning is Verdict.AMBIGUOUS or (meaning is Verdict.RECONCILE and self.options.retry.max_attempts == 1):
            self.fail_ambiguous(error)
        if meaning is Verdict.FAIL or (meaning is Verdict.AFRESH and self.mismatched):
            self.fail(error)
        self.mismatched = self.mismatched or meaning is Verdict.AFRESH
        return self._throttled(error) if meaning is Verdict.THROTTLED else self._again(error, meaning)

    def _throttled(self, error: SkipUpError) -> Step:
        policy, asked = self.options.retry, _asked(error)
        self.throttled += 1
        too_long = asked is not None and asked > policy.max_retry_after
        self.pause = throttle_delay(self.throttled, policy.max_retry_after if too_long else asked, self.chance)
        if self.throttled > policy.max_throttle_waits or too_long or self._late():
            self.fail(error)
        self._spend(Quota.THROTTLE, error)
        return Step(Next.PAUSE, self.pause)

    def _again(self, error: SkipUpError, meaning: Verdict) -> Step:
        policy, asked = self.options.retry, _asked(error)
        read_back = meaning is Verdict.RECONCILE
        # The last attempt is read back too: it may have come through, and then the call has succeeded.
        if self.retries >= policy.max_attempts - (0 if read_back else 1):
            self.fail(error)
        self.retries += 1
        delay = transient_delay(policy, self.retries, asked, self.chance)
        if read_back:
            delay = max(_SOONEST_READ_BACK, delay)
        if self._late(delay) or (asked is not None and asked > policy.max_retry_after):
            self.fail(error)
        self._spend(Quota.TRANSIENT, error)
        return Step(Next.READ_BACK if read_back else Next.WAIT, delay, afresh=meaning is Verdict.AFRESH)

    def _late(self, delay: float = 0.0) -> bool:
        """Whether the deadline will have come after *delay* more seconds."""
        return self.options.deadline is not None and self.spent + delay >= self.options.deadline

    def _spend(self, cost: int, error: SkipUpError) -> None:
        if not self.quota.spend(cost):
            error.retry_quota_exhausted = True
            self.fail(error)
        self.last_cost = cost

    def believe(self, found: Belief, current: Any, error: SkipUpError) -> bool:
        """Whether *current*, read back after *error*, is the success of this call; False to send again; else raises."""
        if found is Belief.OURS:
            return True
        refused = isinstance(error, UnprocessableEntityError)
        if found is Belief.UNTOUCHED and not refused:
            if self.retries >= self.options.retry.max_attempts or self._late():
                self.fail(error)
            return False
        if found is Belief.UNCLEAR:
            self.fail_ambiguous(error, current)
        if isinstance(error, InvalidRequestError):
            refusal = error
        else:
            status = getattr(current, "status", None) or "in another state"
            refusal = InvalidRequestError(
                f"{self.request.route} is not possible: the object is {status}, and not by this call",
                status_code=422,
                type="invalid_request",
            )
        refusal.current = current
        self.fail(refusal)

    def fail(self, error: SkipUpError) -> NoReturn:
        """Raise *error* with what the caller needs to know of this call."""
        error.attempts = self.sends
        error.idempotency_key = self.idempotency_key
        error.maybe_applied = self.maybe_applied
        error.timing = self.timing()
        if self.headers is not None:
            error.request_id = request_id(self.headers)
            error.rate_limit_headers = rate_limit_headers(self.headers)
        self.refused = not self.maybe_applied
        # What raised it stays behind, with the frames it went through: they hold the HTTP library's objects.
        error.__cause__ = error.__context__ = None
        raise error.with_traceback(None)

    def fail_ambiguous(self, error: SkipUpError, current: Any = None) -> NoReturn:
        """Raise the error for an outcome that nobody can tell, with the object as last read."""
        ambiguous = AmbiguousOutcomeError(readable(f"nobody can tell whether {self.request.route} was done: {error}"))
        ambiguous.current = current
        self.maybe_applied = True
        self.fail(ambiguous)


def _asked(error: SkipUpError) -> float | None:
    return error.retry_after if isinstance(error, APIStatusError) else None
