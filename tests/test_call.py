"""What one call does next, and what it says in the end: its sends, its deadline, its quota, what it believes."""

import gc
import traceback
from typing import Any

import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APIConnectionError,
    InvalidRequestError,
    MeetingRequest,
    NotFoundError,
    RateLimitError,
    ResponseError,
    RetryPolicy,
    ServerError,
    SkipUpError,
    UnprocessableEntityError,
    ValidationError,
)
from skipup_async.core.call import Call
from skipup_async.core.options import Options
from skipup_async.core.reconcile import Belief
from skipup_async.core.request import Id, Operation, Proof, Request
from skipup_async.core.retry import Quota
from skipup_async.core.step import Next, Step


def request(operation: Operation = Operation.SAFE, method: Any = "POST") -> Request[Any]:
    """A request of that class."""
    read: Request[Any] = Request("GET", ("things", Id("t_1")), object)
    proof = Proof(read, bool, bool, lambda _: None, lambda _: None)
    return Request(
        method,
        ("things", Id("t_1")),
        object,
        operation=operation,
        proof=proof if operation is Operation.GUARDED else None,
    )


def call(
    operation: Operation = Operation.SAFE, *, quota: int | None = None, method: Any = "POST", **options: Any
) -> Call:
    """A call that has gone out once; chance is in the middle."""
    policy = {
        name: options.pop(name) for name in ("max_attempts", "max_throttle_waits", "max_retry_after") if name in options
    }
    made = Call(
        request(operation, method),
        None,
        "key-1",
        Options(retry=RetryPolicy(**policy), **options),
        Quota(quota),
        lambda: 0.5,
    )
    made.sends = 1
    return made


def lost() -> SkipUpError:
    """A lost answer."""
    error = APIConnectionError("reset")
    error.maybe_applied = True
    return error


def busy(retry_after: float | None = None) -> SkipUpError:
    """A 503."""
    return ServerError("busy", status_code=503, retry_after=retry_after)


def throttled(retry_after: float | None = None) -> SkipUpError:
    """A 429."""
    return RateLimitError("slow down", status_code=429, retry_after=retry_after)


def steps(made: Call, error: SkipUpError, most: int = 50) -> list[Step]:
    """Every step the call takes while it meets *error* again and again."""
    taken: list[Step] = []
    for _ in range(most):
        try:
            step = made.after(error)
        except SkipUpError:
            return taken
        made.spent += step.delay
        made.sends += 1
        taken.append(step)
    return taken


@pytest.mark.parametrize("attempts", [1, 2, 3, 4, 7])
def test_a_call_goes_out_as_often_as_the_policy_says(attempts: int) -> None:
    """The first send counts among `max_attempts`."""
    made = call(max_attempts=attempts)
    assert [step.next for step in steps(made, busy())] == [Next.WAIT] * (attempts - 1)
    assert made.sends == attempts


def test_a_guarded_call_is_read_back_after_its_last_send_too() -> None:
    """It may have come through, and then the call has succeeded."""
    assert [step.next for step in steps(call(Operation.GUARDED), lost())] == [Next.READ_BACK] * 4


def test_a_read_back_waits_a_second_at_least() -> None:
    """The lost request may still be running."""
    assert [step.delay for step in steps(call(Operation.GUARDED), lost())] == [1.0, 1.0, 1.0, 2.0]
    assert call(Operation.GUARDED).after(busy(3.0)).delay == pytest.approx(3.15)


@pytest.mark.parametrize("waits", [0, 1, 6])
def test_a_429_is_waited_for_as_often_as_the_policy_says(waits: int) -> None:
    """Those waits are counted apart from the attempts."""
    made = call(max_attempts=1, max_throttle_waits=waits)
    assert [step.next for step in steps(made, throttled())] == [Next.PAUSE] * waits


def test_a_429_and_a_fault_are_counted_apart() -> None:
    """Neither takes from the other's number."""
    made = call(max_attempts=2, max_throttle_waits=1)
    assert made.after(throttled()) == Step(Next.PAUSE, 1.5)
    assert made.after(busy()) == Step(Next.WAIT, 0.25)


@pytest.mark.parametrize(("asked", "waits"), [(59.9, True), (60.0, True), (60.1, False), (86400.0, False)])
@pytest.mark.parametrize("make", [busy, throttled])
def test_a_wait_beyond_the_policy_is_told_and_not_waited_for(make: Any, asked: float, waits: bool) -> None:
    """The error says how long it would have been."""
    made = call(deadline=None)
    if waits:
        assert made.after(make(asked)).delay >= asked
        return
    with pytest.raises(SkipUpError) as caught:
        made.after(make(asked))
    assert vars(caught.value)["retry_after"] == asked


@pytest.mark.parametrize(("spent", "waits"), [(9.7, True), (9.75, False), (9.8, False), (11.0, False)])
def test_no_wait_begins_that_the_deadline_would_cut(spent: float, waits: bool) -> None:
    """The real last error is raised at once instead."""
    made = call(deadline=10.0)
    made.spent = spent
    if waits:
        assert made.after(busy()).delay == 0.25
    else:
        with pytest.raises(ServerError):
            made.after(busy())


@pytest.mark.parametrize(("spent", "waits"), [(9.99, True), (10.0, False), (12.0, False)])
def test_a_429_after_the_deadline_is_not_waited_for(spent: float, waits: bool) -> None:
    """The wait itself does not count against the deadline, and a send after it would."""
    made = call(deadline=10.0)
    made.spent = spent
    if waits:
        assert made.after(throttled(30.0)).next is Next.PAUSE
    else:
        with pytest.raises(RateLimitError):
            made.after(throttled(30.0))


@pytest.mark.parametrize(
    ("timeout", "deadline", "spent", "expected"),
    [(30.0, 120.0, 0.0, 30.0), (30.0, 120.0, 100.0, 20.0), (None, 120.0, 20.0, 100.0), (30.0, None, 900.0, 30.0),
     (None, None, 5.0, None), (30.0, 10.0, 10.0, 0.001), (30.0, 10.0, 99.0, 0.001)],
)  # fmt: skip
def test_an_attempt_may_take_its_time_out_or_what_is_left(
    timeout: float | None, deadline: float | None, spent: float, expected: float | None
) -> None:
    """It is never 0, which would mean no limit."""
    made = call(timeout=timeout, deadline=deadline)
    made.spent = spent
    assert made.attempt_timeout() == expected


@pytest.mark.parametrize(("make", "cost"), [(busy, 14), (throttled, 5)])
def test_a_retry_the_quota_cannot_pay_is_not_made(make: Any, cost: int) -> None:
    """The error says that this was the reason."""
    assert call(quota=cost).after(make()).next in (Next.WAIT, Next.PAUSE)
    with pytest.raises(SkipUpError) as caught:
        call(quota=cost - 1).after(make())
    assert caught.value.retry_quota_exhausted


@pytest.mark.parametrize(("make", "cost"), [(busy, 14), (throttled, 5), (None, 0)])
def test_a_call_that_comes_through_gives_back_what_its_last_retry_cost(make: Any, cost: int) -> None:
    """And 1 where there was none."""
    made = call(quota=100)
    assert made.quota.spend(50)
    if make is not None:
        made.after(make())
    made.succeeded()
    left = 50 if make is not None else 51
    assert made.quota.spend(left)
    assert not made.quota.spend(1)
    assert cost in (0, made.last_cost)


def test_an_answer_about_another_object_is_fetched_afresh_once() -> None:
    """A second one is told."""
    wrong = ResponseError("other")
    wrong.status_code, wrong.mismatched = 200, True
    made = call()
    assert made.after(wrong) == Step(Next.WAIT, 0.25, afresh=True)
    with pytest.raises(ResponseError):
        made.after(wrong)


def test_a_delete_that_finds_nothing_after_a_lost_one_is_finished() -> None:
    """Somebody's DELETE succeeded, and that was all that was asked."""
    made = call(Operation.IDEMPOTENT, method="DELETE")
    assert made.after(lost()).next is Next.WAIT
    assert made.after(NotFoundError("gone", status_code=404)).next is Next.FINISH


@pytest.mark.parametrize("first", [APIConnectionError("refused"), throttled()], ids=["never sent", "429"])
def test_a_refusal_after_a_send_that_changed_nothing_is_a_refusal(first: SkipUpError) -> None:
    """Only a send that may have been done makes the second one's refusal its success."""
    made = call(Operation.IDEMPOTENT, method="DELETE")
    made.after(first)
    with pytest.raises(NotFoundError):
        made.after(NotFoundError("never there", status_code=404))
    guarded = call(Operation.GUARDED)
    guarded.after(first)
    with pytest.raises(InvalidRequestError):
        guarded.after(InvalidRequestError("not now", status_code=422, type="invalid_request"))


def test_with_one_attempt_a_lost_state_change_is_ambiguous() -> None:
    """Nothing is read back for a caller who wants no second request."""
    with pytest.raises(AmbiguousOutcomeError, match="done: reset"):
        call(Operation.GUARDED, max_attempts=1).after(lost())


def test_an_additive_call_is_never_sent_twice_after_a_lost_answer() -> None:
    """Its outcome is for a person to find out."""
    with pytest.raises(AmbiguousOutcomeError) as caught:
        call(Operation.ADDITIVE).after(lost())
    assert caught.value.maybe_applied
    assert caught.value.current is None
    assert str(caught.value) == "nobody can tell whether POST /things/:id was done: reset"


def test_a_call_knows_whether_it_may_be_in_effect() -> None:
    """Not before it was sent, nor once it was refused for certain; in between, and after a lost answer, it may be."""
    sent, unsent, lossy = call(Operation.KEYED), call(Operation.KEYED), call(Operation.KEYED, max_attempts=1)
    unsent.sends = 0
    assert sent.in_effect
    assert not unsent.in_effect
    with pytest.raises(ValidationError):
        sent.after(ValidationError("no", status_code=422))
    with pytest.raises(APIConnectionError):
        lossy.after(lost())
    assert not sent.in_effect
    assert lossy.in_effect


def test_an_error_tells_of_the_call() -> None:
    """How often it went out, under which key, and whether it may have been done."""
    made = call(Operation.KEYED)
    steps(made, lost())
    with pytest.raises(ValidationError) as caught:
        made.after(ValidationError("no", status_code=422))
    error = caught.value
    assert (error.attempts, error.idempotency_key, error.maybe_applied) == (4, "key-1", True)


def test_a_read_never_claims_to_have_changed_something() -> None:
    """Whatever is lost of it."""
    made = call(max_attempts=1)
    with pytest.raises(APIConnectionError) as caught:
        made.after(lost())
    assert not caught.value.maybe_applied


def test_an_error_leaves_its_cause_and_its_old_frames_behind() -> None:
    """They hold what belongs to the HTTP library, headers among it."""

    def raises() -> None:
        secret = "sk_test_in_a_frame"
        try:
            raise ValueError(secret)
        except ValueError as fault:
            raise busy() from fault

    with pytest.raises(ServerError) as inner:
        raises()
    with pytest.raises(ServerError) as caught:
        call(max_attempts=1).after(inner.value)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert "raises" not in [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    gc.collect()


CURRENT = MeetingRequest("mr_1", status="booked")
REFUSAL = InvalidRequestError("not now", status_code=422, type="invalid_request")


@pytest.mark.parametrize("error", [lost(), busy(), REFUSAL])
def test_what_is_ours_is_a_success(error: SkipUpError) -> None:
    """Whatever the latest fault was."""
    assert call(Operation.GUARDED).believe(Belief.OURS, CURRENT, error)


def test_what_is_untouched_is_sent_again() -> None:
    """As long as the attempts and the time last."""
    assert not call(Operation.GUARDED).believe(Belief.UNTOUCHED, CURRENT, lost())


@pytest.mark.parametrize(("spent", "retries"), [(0.0, 4), (120.0, 1)])
def test_what_is_untouched_in_the_end_is_the_last_fault(spent: float, retries: int) -> None:
    """After the last attempt, or the deadline."""
    made = call(Operation.GUARDED)
    made.spent, made.retries = spent, retries
    with pytest.raises(APIConnectionError):
        made.believe(Belief.UNTOUCHED, CURRENT, lost())


@pytest.mark.parametrize("error", [lost(), busy(), REFUSAL])
def test_what_nobody_can_tell_is_ambiguous_and_shows_the_object(error: SkipUpError) -> None:
    """The caller sees it as it was read."""
    with pytest.raises(AmbiguousOutcomeError) as caught:
        call(Operation.GUARDED).believe(Belief.UNCLEAR, CURRENT, error)
    assert caught.value.current is CURRENT
    assert str(error) in str(caught.value)


@pytest.mark.parametrize("found", [Belief.ANOTHERS, Belief.ELSEWHERE])
def test_what_another_has_done_is_refused_as_the_service_would(found: Belief) -> None:
    """No success is claimed for somebody else's change."""
    with pytest.raises(InvalidRequestError, match="booked") as caught:
        call(Operation.GUARDED).believe(found, CURRENT, lost())
    assert (caught.value.status_code, caught.value.type) == (422, "invalid_request")
    assert caught.value.current is CURRENT


@pytest.mark.parametrize("found", [Belief.ANOTHERS, Belief.ELSEWHERE, Belief.UNTOUCHED])
def test_the_services_own_refusal_is_raised_where_it_stands(found: Belief) -> None:
    """In its words, with the object as read."""
    refusal = InvalidRequestError("in its words", status_code=422, type="invalid_request")
    with pytest.raises(InvalidRequestError, match="in its words") as caught:
        call(Operation.GUARDED).believe(found, CURRENT, refusal)
    assert caught.value.current is CURRENT


def test_a_refusal_of_an_unknown_kind_is_never_met_with_another_send() -> None:
    """What the service refuses it has not done."""
    with pytest.raises(UnprocessableEntityError):
        call(Operation.GUARDED).believe(Belief.UNTOUCHED, CURRENT, UnprocessableEntityError("no", status_code=422))


def test_an_object_without_a_state_is_in_another() -> None:
    """A campaign has no `status`."""
    with pytest.raises(InvalidRequestError, match=r"the object is in another state, and not by this call"):
        call(Operation.GUARDED).believe(Belief.ELSEWHERE, object(), lost())


def test_an_ambiguous_outcome_stays_short() -> None:
    """However much two faults have to say."""
    error = SkipUpError("x" * 600 + "\x1b" * 600)
    with pytest.raises(AmbiguousOutcomeError) as caught:
        call(Operation.GUARDED).fail_ambiguous(error)
    assert len(repr(caught.value)) <= 1024
