"""Both siblings under one table of faults: what is sent again, what is said instead, and that nothing shows the key.

Each fault happens once and then the service works, so a call that may be
repeated succeeds with its second request, and any other ends at its first.
"""

import pickle
import socket
import traceback
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    ResponseError,
    ServerError,
    SkipUpError,
    UnprocessableEntityError,
)
from skipup_async.core.request import Operation
from skipup_async.hiringcenter import AsyncHiringCenter, HiringCenter
from skipup_async.thareja import AsyncThareja, Thareja
from tests.siblings import hiringcenter, thareja
from tests.siblings.conftest import KEY, Colour, Service

SAFE, KEYED, ADDITIVE = Operation.SAFE, Operation.KEYED, Operation.ADDITIVE


@attrs.frozen
class Case:
    """One call to one service, the kind of operation it is, and a good answer to it."""

    clients: tuple[type[Any], type[Any]]
    operation: Operation
    call: Callable[[Any], Any]
    good: Any
    #: An error body in the service's own form.
    error: Any


HIRINGCENTER, THAREJA = (AsyncHiringCenter, HiringCenter), (AsyncThareja, Thareja)
HC_ERROR = {"error": "Something is wrong", "message": "More about it"}
TH_ERROR = {"error": 400, "message": "More about it"}
CASES = {
    "hiringcenter get": Case(
        HIRINGCENTER, SAFE, lambda c: c.meetings.get(hiringcenter.MEETING), hiringcenter.NEW, HC_ERROR
    ),
    "hiringcenter create": Case(
        HIRINGCENTER, KEYED, lambda c: c.meetings.create(**hiringcenter.REQUIRED), hiringcenter.NEW, HC_ERROR
    ),
    "hiringcenter update": Case(
        HIRINGCENTER, KEYED, lambda c: c.meetings.update(hiringcenter.MEETING, notes="x"), hiringcenter.NEW, HC_ERROR
    ),
    "hiringcenter delete": Case(
        HIRINGCENTER,
        KEYED,
        lambda c: c.meetings.delete(hiringcenter.MEETING),
        {"success": True, "message": "Meeting deleted"},
        HC_ERROR,
    ),
    "thareja get": Case(THAREJA, SAFE, lambda c: c.meetings.get(123), thareja.ITEM, TH_ERROR),
    "thareja create": Case(
        THAREJA,
        ADDITIVE,
        lambda c: c.meetings.create(recipient_id=5, team_id=1, date=thareja.TWO_O_CLOCK),
        thareja.ITEM,
        TH_ERROR,
    ),
    "thareja confirm": Case(THAREJA, ADDITIVE, lambda c: c.meetings.confirm(123), thareja.ITEM, TH_ERROR),
}


@attrs.frozen
class Row:
    """A fault, and how a call of each operation ends that meets it once: None is success at the second request."""

    meet: Callable[[Service, Case], None]
    safe: type[SkipUpError] | None
    keyed: type[SkipUpError] | None
    additive: type[SkipUpError] | None
    #: Whether the service may have done the work of a change that ends in an error here.
    maybe: bool = False


def status(code: int, **headers: str) -> Callable[[Service, Case], None]:
    """An answer of that status with the service's own kind of error body."""
    return lambda service, case: service.answer(case.error, status=code, headers=headers)


def body(content: bytes) -> Callable[[Service, Case], None]:
    """A 200 with that body."""
    return lambda service, _: service.answer(content)


AMBIGUOUS, UNREADABLE = AmbiguousOutcomeError, ResponseError
TABLE = {
    "lost": Row(lambda service, _: service.lose(), None, None, AMBIGUOUS, maybe=True),
    "500": Row(status(500), None, None, AMBIGUOUS, maybe=True),
    "502": Row(status(502), None, None, AMBIGUOUS, maybe=True),
    "503": Row(status(503), None, None, AMBIGUOUS, maybe=True),
    "504": Row(status(504), None, None, AMBIGUOUS, maybe=True),
    "408": Row(status(408), None, None, AMBIGUOUS, maybe=True),
    "425": Row(status(425), None, None, None),
    "429": Row(status(429, **{"Retry-After": "0.01"}), None, None, None),
    "409": Row(status(409), ConflictError, None, ConflictError),
    "501": Row(status(501), ServerError, ServerError, ServerError, maybe=True),
    "400": Row(status(400), BadRequestError, BadRequestError, BadRequestError),
    "401": Row(status(401), AuthenticationError, AuthenticationError, AuthenticationError),
    "403": Row(status(403), PermissionDeniedError, PermissionDeniedError, PermissionDeniedError),
    "404": Row(status(404), NotFoundError, NotFoundError, NotFoundError),
    "422": Row(status(422), UnprocessableEntityError, UnprocessableEntityError, UnprocessableEntityError),
    "redirect": Row(
        lambda service, _: service.answer(status=307, headers={"Location": service.url}),
        UNREADABLE,
        UNREADABLE,
        UNREADABLE,
        maybe=True,
    ),
    "body cut": Row(body(b'{"id": 12'), None, None, UNREADABLE, maybe=True),
    "html": Row(body(b"<html>Welcome to the hotel</html>"), UNREADABLE, UNREADABLE, UNREADABLE, maybe=True),
    "a list": Row(body(b"[]"), UNREADABLE, UNREADABLE, UNREADABLE, maybe=True),
}

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
every_row = pytest.mark.parametrize("row", TABLE.values(), ids=TABLE)


def shown(error: BaseException) -> str:
    """Everything that a log, a traceback or another process would see of *error*."""
    return "".join(traceback.format_exception(error)) + repr(error) + repr(pickle.dumps(error))


@every_row
@every_case
def test_a_fault_ends_as_the_table_says(colour: Colour, service: Service, case: Case, row: Row) -> None:
    """A call that a repetition cannot harm succeeds; any other ends at its first request and says what it knows."""
    driver = colour.drive(case.clients, base_url=service.url)
    row.meet(service, case)
    service.answer(case.good)
    expected = {SAFE: row.safe, KEYED: row.keyed, ADDITIVE: row.additive}[case.operation]
    if expected is None:
        driver.call(case.call)
        assert len(service.seen) == 2
        return
    with pytest.raises(SkipUpError) as caught:
        driver.call(case.call)
    error = caught.value
    assert type(error) is expected
    assert (len(service.seen), error.attempts) == (1, 1)
    assert error.maybe_applied is (row.maybe and case.operation is not SAFE)
    assert (error.idempotency_key is not None) is (case.operation is KEYED)
    assert KEY not in shown(error)


@every_case
def test_an_error_speaks_in_the_services_words(colour: Colour, service: Service, case: Case) -> None:
    """The message of either service's error body is the message of the error."""
    driver = colour.drive(case.clients, base_url=service.url)
    service.answer(case.error, status=400)
    with pytest.raises(APIStatusError) as caught:
        driver.call(case.call)
    assert caught.value.message == "More about it"


@every_case
def test_a_service_that_is_not_there_was_certainly_not_reached(colour: Colour, case: Case) -> None:
    """Every call is tried again, and the error says that nothing can have happened."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        driver = colour.drive(case.clients, base_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(APIConnectionError) as caught:
            driver.call(case.call)
    assert (caught.value.attempts, caught.value.maybe_applied) == (4, False)
    assert KEY not in shown(caught.value)
