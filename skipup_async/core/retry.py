"""Whether to try again, and when. Pure decisions: no clock, no sleep, no I/O.

What may be sent a second time depends on the operation; what happened is told
by the error itself, since every fault reaches this file as one of ours.
"""

import enum
import math
import sys
import threading
from collections.abc import Callable
from typing import Any

import attrs

from skipup_async.core.request import Operation
from skipup_async.errors import (
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    ResponseError,
    SkipUpError,
)

__all__ = ["Quota", "RetryPolicy", "Verdict", "may_have_applied", "throttle_delay", "transient_delay", "verdict"]

_TOO_EARLY, _TIMEOUT, _CONFLICT, _THROTTLED = 425, 408, 409, 429
#: Statuses after which the service, or a proxy before it, may or may not have done the work.
_TRANSIENT = frozenset({_TIMEOUT, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530})
_THROTTLE_BASE, _THROTTLE_MOST = 2.0, 30.0
_JITTER_SHARE, _JITTER_MOST = 0.1, 1.0


def _finite(lowest: float) -> Callable[[Any, "attrs.Attribute[Any]", Any], None]:
    def check(_policy: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not lowest <= value <= sys.float_info.max:
            msg = f"RetryPolicy: {field.name} must be a finite number of at least {lowest:g}"
            raise ConfigurationError(msg)

    return check


def _whole(_policy: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value > 1_000_000:
        msg = f"RetryPolicy: {field.name} must be a whole number of at most 1,000,000"
        raise ConfigurationError(msg)


def _optional_whole(policy: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    if value is not None:
        _whole(policy, field, value)
        _finite(0)(policy, field, value)


@attrs.frozen
class RetryPolicy:
    """How often and how patiently a call is tried again."""

    #: How often a call may go out when it meets transient faults; 1 means never again.
    max_attempts: int = attrs.field(default=4, validator=[_whole, _finite(1)])
    #: Seconds: the first wait is random between 0 and this, and each one after may be twice as long.
    backoff: float = attrs.field(default=0.5, validator=_finite(0))
    #: Seconds beyond which a backoff does not grow.
    max_backoff: float = attrs.field(default=8.0, validator=_finite(0))
    #: Seconds: a call that is asked to wait longer does not, and fails with an error that says so; a 429 holds the
    #: other calls for this long then.
    max_retry_after: float = attrs.field(default=60.0, validator=_finite(0))
    #: How often one call waits for a 429 to pass; counted apart from `max_attempts`.
    max_throttle_waits: int = attrs.field(default=6, validator=[_whole, _finite(0)])
    #: The budget all calls of a client draw their retries from, so that retries do not feed an outage; None: no end.
    quota: int | None = attrs.field(default=500, validator=_optional_whole)


class Verdict(enum.Enum):
    """What a fault means for a call."""

    AGAIN = "send it again after a backoff"
    AFRESH = "send it again once, on a connection nobody used before"
    THROTTLED = "send it again when the limit allows"
    RECONCILE = "read the object back to see what became of it"
    DONE = "what was asked for is the case"
    AMBIGUOUS = "nobody can tell, and it must not be sent again"
    FAIL = "say so"


def verdict(operation: Operation, error: SkipUpError, *, method: str = "POST", may_be_second: bool = False) -> Verdict:
    """What *error* means for a call; *may_be_second* where an earlier send of it may have been done."""
    if isinstance(error, APIConnectionError):
        if not error.temporary:
            return Verdict.FAIL
        return _after_silence(operation) if error.maybe_applied else Verdict.AGAIN
    if isinstance(error, APIStatusError):
        return _after_status(operation, error, method, may_be_second)
    if isinstance(error, ResponseError):
        return _after_bad_answer(operation, error, method)
    return Verdict.FAIL


def _after_silence(operation: Operation) -> Verdict:
    """The request may have arrived, and its answer did not."""
    if operation is Operation.GUARDED:
        return Verdict.RECONCILE
    return Verdict.AMBIGUOUS if operation is Operation.ADDITIVE else Verdict.AGAIN


def _after_status(operation: Operation, error: APIStatusError, method: str, may_be_second: bool) -> Verdict:
    status = error.status_code
    if status == _THROTTLED:
        return Verdict.THROTTLED
    if status in _TRANSIENT:
        return _after_silence(operation)
    if status == _TOO_EARLY or (status == _CONFLICT and operation is Operation.KEYED):
        return Verdict.AGAIN
    if may_be_second and status == 422 and operation is Operation.GUARDED and error.type != "validation_error":
        return Verdict.RECONCILE
    if may_be_second and status == 404 and operation is Operation.IDEMPOTENT and method == "DELETE":
        return Verdict.DONE
    return Verdict.FAIL


def _after_bad_answer(operation: Operation, error: ResponseError, method: str) -> Verdict:
    """An answer came, so the service was reached; whether it can be used is another matter."""
    succeeded = error.status_code is not None and 200 <= error.status_code <= 299
    if not succeeded:
        return Verdict.FAIL
    if operation is Operation.GUARDED:
        return Verdict.RECONCILE
    if operation is Operation.IDEMPOTENT and method == "DELETE":
        return Verdict.DONE
    if error.truncated and operation is not Operation.ADDITIVE:
        return Verdict.AGAIN
    return Verdict.AFRESH if error.mismatched and operation is Operation.SAFE else Verdict.FAIL


def may_have_applied(operation: Operation, error: SkipUpError) -> bool:
    """Whether the send that ended in *error* may have changed something at the service."""
    if operation is Operation.SAFE:
        return False
    if isinstance(error, APIStatusError):
        return error.status_code >= 500 or error.status_code == _TIMEOUT or error.status_code < 400
    return error.maybe_applied or isinstance(error, ResponseError)


def transient_delay(policy: RetryPolicy, retry: int, retry_after: float | None, chance: Callable[[], float]) -> float:
    """Seconds before the *retry*-th further send: full jitter, or what the service asked for and a little more."""
    if retry_after is not None:
        return _no_sooner(retry_after, chance)
    return chance() * min(policy.max_backoff, policy.backoff * 2.0 ** min(retry - 1, 60))


def throttle_delay(wait: int, retry_after: float | None, chance: Callable[[], float]) -> float:
    """Seconds the limit stays closed after the *wait*-th 429 of a call."""
    if retry_after is not None:
        return _no_sooner(retry_after, chance)
    most = min(_THROTTLE_MOST, _THROTTLE_BASE * 2.0 ** min(wait - 1, 60))
    return most / 2 + chance() * most / 2


def _no_sooner(retry_after: float, chance: Callable[[], float]) -> float:
    return retry_after + chance() * min(_JITTER_MOST, _JITTER_SHARE * retry_after)


class Quota:
    """The retries all calls of one client may still spend; thread-safe.

    A retry costs 14 (5 after a 429), a success gives back what its last retry
    cost, or 1. In an outage this empties, and calls fail at their first fault.
    """

    TRANSIENT = 14
    THROTTLE = 5

    def __init__(self, capacity: int | None) -> None:
        self._capacity = self._left = math.inf if capacity is None else capacity
        self._lock = threading.Lock()

    def spend(self, cost: int) -> bool:
        """Take *cost*; False, and nothing taken, where less than that is left."""
        with self._lock:
            if self._left < cost:
                return False
            self._left -= cost
            return True

    def refund(self, cost: int) -> None:
        """Give back what the last retry of a call that succeeded had cost, or 1 for a call without one."""
        if self._left != self._capacity:
            with self._lock:
                self._left = min(self._capacity, self._left + (cost or 1))
