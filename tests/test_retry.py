"""What may be sent again, and when: every cell of the outcome table, and every number."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from skipup_async import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    InvalidArgumentError,
    PaginationError,
    ResponseError,
    RetryPolicy,
    SkipUpError,
    TLSVerificationError,
)
from skipup_async.core.request import Operation
from skipup_async.core.retry import Quota, Verdict, may_have_applied, throttle_delay, transient_delay, verdict
from skipup_async.core.statuses import status_error_class

S, K, D, G, A = (
    Operation.SAFE,
    Operation.KEYED,
    Operation.IDEMPOTENT,
    Operation.GUARDED,
    Operation.ADDITIVE,
)
CLASSES = (S, K, D, G, A)
VERDICTS = {
    "again": Verdict.AGAIN,
    "afresh": Verdict.AFRESH,
    "wait": Verdict.THROTTLED,
    "read": Verdict.RECONCILE,
    "done": Verdict.DONE,
    "ambig": Verdict.AMBIGUOUS,
    "fail": Verdict.FAIL,
}


def unsent() -> SkipUpError:
    """A connection that was never made."""
    return APIConnectionError("refused")


def lost(kind: type[APIConnectionError] = APIConnectionError) -> SkipUpError:
    """A request that may have arrived, and whose answer did not."""
    error = kind("reset")
    error.maybe_applied = True
    return error


def status(code: int, type: str | None = None) -> SkipUpError:
    """An answer with an error status."""
    return status_error_class(code, type)("no", status_code=code, type=type)


def bad(code: int | None, *, truncated: bool = False, mismatched: bool = False) -> SkipUpError:
    """An answer that cannot be what was asked for."""
    error = ResponseError("bad")
    error.status_code, error.truncated, error.mismatched = code, truncated, mismatched
    return error


# One line an outcome, one column an operation class: safe, keyed, idempotent (PATCH), guarded, additive.
OUTCOMES: list[tuple[str, Callable[[], SkipUpError], str]] = [
    # outcome                        error                                  S      K      D      G      A
    ("never sent", unsent, "again  again  again  again  again"),
    ("certificate", lambda: TLSVerificationError("no"), "fail   fail   fail   fail   fail"),
    ("connection lost", lost, "again  again  again  read   ambig"),
    ("timed out", lambda: lost(APITimeoutError), "again  again  again  read   ambig"),
    ("429", lambda: status(429), "wait   wait   wait   wait   wait"),
    ("425", lambda: status(425), "again  again  again  again  again"),
    ("408", lambda: status(408), "again  again  again  read   ambig"),
    ("409", lambda: status(409), "fail   again  fail   fail   fail"),
    *[
        (str(code), (lambda code=code: status(code)), "again  again  again  read   ambig")
        for code in (500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 530)
    ],
    *[
        (str(code), (lambda code=code: status(code)), "fail   fail   fail   fail   fail")
        for code in (400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 418, 422, 451, 501, 505, 511, 527, 599)
    ],
    ("422 of its own type", lambda: status(422, "invalid_request"), "fail   fail   fail   fail   fail"),
    ("final 1xx", lambda: bad(101), "fail   fail   fail   fail   fail"),
    ("redirect", lambda: bad(307), "fail   fail   fail   fail   fail"),
    ("status 999", lambda: bad(999), "fail   fail   fail   fail   fail"),
    ("no status to trust", lambda: bad(None), "fail   fail   fail   fail   fail"),
    ("2xx cut short", lambda: bad(200, truncated=True), "again  again  again  read   fail"),
    ("2xx of a wrong shape", lambda: bad(200), "fail   fail   fail   read   fail"),
    ("299 of a wrong shape", lambda: bad(299), "fail   fail   fail   read   fail"),
    ("300", lambda: bad(300, truncated=True), "fail   fail   fail   fail   fail"),
    ("2xx about another", lambda: bad(202, mismatched=True), "afresh fail   fail   read   fail"),
    ("list without end", lambda: PaginationError("circle"), "fail   fail   fail   fail   fail"),
    ("client closed", lambda: ClientClosedError("closed"), "fail   fail   fail   fail   fail"),
    ("argument refused", lambda: InvalidArgumentError("bad"), "fail   fail   fail   fail   fail"),
]
CELLS = [
    pytest.param(operation, error, VERDICTS[cell], id=f"{outcome}, {operation.name.lower()}")
    for outcome, error, row in OUTCOMES
    for operation, cell in zip(CLASSES, row.split(), strict=True)
]


@pytest.mark.parametrize(("operation", "error", "expected"), CELLS)
def test_the_first_fault_of_a_call_means_what_the_outcome_table_says(
    operation: Operation, error: Callable[[], SkipUpError], expected: Verdict
) -> None:
    """Each outcome leads to the verdict of its operation class."""
    assert verdict(operation, error(), method="PATCH" if operation is D else "POST") is expected


@pytest.mark.parametrize("operation", CLASSES)
@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
@pytest.mark.parametrize(
    ("code", "type", "of", "by", "expected"),
    [
        (422, "invalid_request", G, None, Verdict.RECONCILE),
        (422, None, G, None, Verdict.RECONCILE),
        (422, "validation_error", None, None, Verdict.FAIL),
        (404, "not_found", D, "DELETE", Verdict.DONE),
        (401, None, None, None, Verdict.FAIL),
        (403, None, None, None, Verdict.FAIL),
    ],
)
def test_a_refusal_means_something_else_when_an_earlier_send_may_have_been_done(
    operation: Operation,
    method: str,
    code: int,
    type: str | None,
    of: Operation | None,
    by: str | None,
    expected: Verdict,
) -> None:
    """A 422 to a guarded change is looked into, a 404 to a DELETE is its success; all else stays a refusal."""
    special = operation is of and by in (None, method)
    meaning = verdict(operation, status(code, type), method=method, may_be_second=True)
    assert meaning is (expected if special else Verdict.FAIL)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(bad(200, truncated=True), Verdict.DONE), (bad(200), Verdict.DONE), (bad(302), Verdict.FAIL)],
)
def test_a_delete_answered_with_2xx_is_done_whatever_its_body(error: SkipUpError, expected: Verdict) -> None:
    """There is nothing in that body that anybody asked for."""
    assert verdict(D, error, method="DELETE") is expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (unsent(), False),
        (TLSVerificationError("no"), False),
        (lost(), True),
        (status(400), False),
        (status(404), False),
        (status(408), True),
        (status(409), False),
        (status(425), False),
        (status(429), False),
        (status(499), False),
        (status(500), True),
        (status(501), True),
        (APIStatusError("odd", status_code=399), True),
        (bad(200), True),
        (bad(301), True),
        (bad(None), True),
        (ClientClosedError("closed"), False),
    ],
)
@pytest.mark.parametrize("operation", CLASSES)
def test_a_read_changes_nothing_and_every_other_send_perhaps(
    operation: Operation, error: SkipUpError, expected: bool
) -> None:
    """Only what the service certainly refused, or never saw, is told as not applied."""
    assert may_have_applied(operation, error) is (expected and operation is not S)


@pytest.mark.parametrize(
    ("retry", "chance", "seconds"),
    [
        (1, 0.0, 0.0),
        (1, 1.0, 0.5),
        (2, 1.0, 1.0),
        (3, 1.0, 2.0),
        (4, 1.0, 4.0),
        (5, 1.0, 8.0),
        (6, 1.0, 8.0),
        (1000, 0.5, 4.0),
        (10**6, 1.0, 8.0),
    ],
)
def test_a_transient_fault_waits_with_full_jitter(retry: int, chance: float, seconds: float) -> None:
    """The wait is anywhere from 0 to half a second doubled each time, 8 seconds at most."""
    assert transient_delay(RetryPolicy(), retry, None, lambda: chance) == seconds


@pytest.mark.parametrize(
    ("backoff", "most", "retry", "seconds"), [(2.0, 3.0, 1, 2.0), (2.0, 3.0, 2, 3.0), (0, 0, 5, 0.0)]
)
def test_the_backoff_is_the_policys(backoff: float, most: float, retry: int, seconds: float) -> None:
    """`backoff` and `max_backoff` set the first wait and the longest."""
    policy = RetryPolicy(backoff=backoff, max_backoff=most)
    assert transient_delay(policy, retry, None, lambda: 1.0) == seconds


@pytest.mark.parametrize(
    ("wait", "least", "most"),
    [(1, 1.0, 2.0), (2, 2.0, 4.0), (3, 4.0, 8.0), (4, 8.0, 16.0), (5, 15.0, 30.0), (6, 15.0, 30.0), (99, 15.0, 30.0)],
)
def test_a_429_without_a_time_waits_with_equal_jitter(wait: int, least: float, most: float) -> None:
    """The wait is between half of and all of 2 seconds doubled each time, 30 seconds at most."""
    assert throttle_delay(wait, None, lambda: 0.0) == least
    assert throttle_delay(wait, None, lambda: 1.0) == most


@pytest.mark.parametrize(("asked", "most"), [(0.5, 0.55), (2.0, 2.2), (10.0, 11.0), (60.0, 61.0), (3600.0, 3601.0)])
def test_a_wait_that_was_asked_for_is_never_cut_short(asked: float, most: float) -> None:
    """It is what was asked, and up to a tenth of it more, one second at most, for either kind of fault."""
    assert transient_delay(RetryPolicy(), 1, asked, lambda: 0.0) == asked
    assert throttle_delay(1, asked, lambda: 0.0) == asked
    assert transient_delay(RetryPolicy(), 1, asked, lambda: 1.0) == pytest.approx(most)
    assert throttle_delay(1, asked, lambda: 1.0) == pytest.approx(most)


def test_the_defaults_are_those_that_are_documented() -> None:
    """Four sends, half a second up to 8, at most a minute and six times for a 429, a quota of 500."""
    assert RetryPolicy() == RetryPolicy(
        max_attempts=4, backoff=0.5, max_backoff=8.0, max_retry_after=60.0, max_throttle_waits=6, quota=500
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, value) for name in ("backoff", "max_backoff", "max_retry_after") for value in (-0.1, -1)],
        *[
            (name, value)
            for name in ("backoff", "max_backoff", "max_retry_after", "max_attempts", "max_throttle_waits", "quota")
            for value in (math.nan, math.inf, -math.inf, 10**400, True, False, "1", b"1", [1])
        ],
        *[(name, None) for name in ("backoff", "max_backoff", "max_retry_after", "max_attempts", "max_throttle_waits")],
        ("max_attempts", 0),
        ("max_attempts", -1),
        ("max_attempts", 1.0),
        ("max_attempts", 1_000_001),
        ("max_attempts", 10**400),
        ("max_throttle_waits", -1),
        ("max_throttle_waits", 2.5),
        ("quota", -1),
        ("quota", 0.5),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    """The error names the field."""
    with pytest.raises(ConfigurationError, match=name):
        policy(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("max_attempts", 1), ("max_attempts", 1_000_000), ("max_throttle_waits", 0), ("quota", 0), ("quota", None),
     ("backoff", 0), ("max_backoff", 0), ("max_retry_after", 0)],
)  # fmt: skip
def test_a_policy_at_its_bounds_is_accepted(name: str, value: object) -> None:
    """The least and the most that make sense are allowed."""
    assert getattr(policy(**{name: value}), name) == value


def policy(**fields: Any) -> RetryPolicy:
    """A policy of fields that may be anything."""
    return RetryPolicy(**fields)


def drained(quota: Quota, cost: int) -> int:
    """How many retries of *cost* the quota still pays for."""
    count = 0
    while count < 10_000 and quota.spend(cost):
        count += 1
    return count


@pytest.mark.parametrize(("cost", "retries"), [(Quota.TRANSIENT, 35), (Quota.THROTTLE, 100)])
def test_a_quota_of_500_pays_for_so_many_retries(cost: int, retries: int) -> None:
    """A transient fault costs 14, a 429 costs 5; what does not suffice is not taken."""
    assert drained(Quota(500), cost) == retries


def test_a_retry_that_cannot_be_paid_takes_nothing() -> None:
    """What is left stays for cheaper retries."""
    quota = Quota(13)
    assert not quota.spend(Quota.TRANSIENT)
    assert drained(quota, 1) == 13


def test_the_last_of_the_quota_can_be_spent() -> None:
    """A cost of exactly what is left is paid."""
    assert Quota(14).spend(14)


def test_a_success_gives_its_last_retry_back() -> None:
    """A call without a retry gives back 1, and the quota never holds more than at first."""
    quota = Quota(20)
    assert quota.spend(14)
    quota.refund(14)
    quota.refund(14)
    assert drained(quota, 1) == 20
    quota.refund(0)
    assert drained(quota, 1) == 1


def test_no_quota_never_ends() -> None:
    """None pays for every retry."""
    assert drained(Quota(None), Quota.TRANSIENT) == 10_000
