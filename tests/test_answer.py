"""What an answer means: the object asked for, or an error of the documented class that says why not."""

import copy
import gzip
import json
import pickle
from typing import Any

import pytest
from multidict import CIMultiDict

import skipup_async
from skipup_async import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InvalidRequestError,
    MeetingRequest,
    NotFoundError,
    Page,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    ResponseError,
    ServerError,
    SkipUpError,
    UnprocessableEntityError,
    ValidationError,
)
from skipup_async.core.answer import Answer, check_status, interpret
from skipup_async.core.body import LARGEST_BODY
from skipup_async.core.dialect import Dialect
from skipup_async.core.readable import readable
from skipup_async.core.request import Id, Request

DIALECT = Dialect(name="Test", base_url="https://api.example.com", key_variable="KEY", url_variable="URL")
ONE: Request[MeetingRequest] = Request("GET", ("meeting_requests", Id("mr_1")), MeetingRequest)
LIST: Request[Page[MeetingRequest]] = Request("GET", ("meeting_requests",), Page[MeetingRequest])
NOTHING: Request[None] = Request("DELETE", ("webhook_endpoints", Id("we_1")), type(None))
PLAIN: Request[Any] = Request("GET", ("teams",), object)


def meant(request: Request[Any], body: Any, status: int = 200, **headers: str) -> Any:
    """What an answer with that body means for *request*."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})
    return interpret(request, Answer(status, lines, raw), DIALECT, LARGEST_BODY)


def refused(request: Request[Any], body: Any, status: int = 200, **headers: str) -> ResponseError:
    """The error that answer is refused with."""
    with pytest.raises(ResponseError) as caught:
        meant(request, body, status, **headers)
    return caught.value


def failed(status: int, body: Any, **headers: str) -> APIStatusError:
    """The error for an error status."""
    with pytest.raises(APIStatusError) as caught:
        meant(ONE, body, status, **headers)
    return caught.value


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206, 299])
def test_any_2xx_brings_the_object(status: int) -> None:
    """Which of them it is makes no difference."""
    assert meant(ONE, {"data": {"id": "mr_1", "status": "active"}}, status) == MeetingRequest("mr_1", status="active")


def test_a_gzipped_answer_is_decoded() -> None:
    """The encoding is taken off before the JSON is read."""
    raw = gzip.compress(b'{"data": {"id": "mr_1"}}')
    assert meant(ONE, raw, Content_Encoding="gzip") == MeetingRequest("mr_1")


def test_unknown_fields_and_states_are_kept() -> None:
    """A service may grow without breaking its clients."""
    request = meant(ONE, {"data": {"id": "mr_1", "status": "dreaming", "mood": "good"}})
    assert request.status == "dreaming"
    assert request.extra == {"mood": "good"}


def test_a_list_is_a_page() -> None:
    """Its items are decoded, and its cursor kept."""
    page = meant(LIST, {"data": [{"id": "mr_1"}], "meta": {"has_more": True, "next_cursor": "c"}})
    assert page == Page((MeetingRequest("mr_1"),), has_more=True, next_cursor="c")


@pytest.mark.parametrize("body", [b"", b"whatever", b"{}"])
def test_a_call_that_brings_nothing_reads_nothing(body: bytes) -> None:
    """The body of an answer to a DELETE is not looked at."""
    assert meant(NOTHING, body, 204) is None


def test_plain_json_is_given_whole_and_an_empty_body_as_none() -> None:
    """A call without a type gets what came."""
    assert meant(PLAIN, {"data": [1]}) == {"data": [1]}
    assert meant(PLAIN, b"", 204) is None


@pytest.mark.parametrize(
    "body",
    [b"<html></html>", b"null", b"[]", b'"x"', b"7", b"{}", b'{"data": null}', b'{"data": []}', b'{"data": {}}',
     b'{"data": {"id": null}}', b'{"data": {"id": 7}}', b'{"data": {"id": "mr_1", "status": 7}}',
     b'{"data": {"id": "mr_1", "created_at": "soon"}}', b'{"data": {"id": "mr_1", "timeframe": []}}'],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused(body: bytes) -> None:
    """The error knows the status, and is neither cut short nor about another object."""
    error = refused(ONE, body, 202)
    assert (error.status_code, error.truncated, error.mismatched) == (202, False, False)


@pytest.mark.parametrize(
    "body",
    [b'{"data": {}}', b'{"data": [{"id": 1}]}', b'{"data": [null]}', b'{"data": [], "meta": [1]}',
     b'{"data": [], "meta": {"has_more": "yes"}}', b'{"data": [], "meta": {"has_more": 1}}'],
)  # fmt: skip
def test_a_page_of_another_shape_is_refused(body: bytes) -> None:
    """Half a page is none."""
    assert refused(LIST, body).status_code == 200


def test_a_cursor_that_is_no_text_is_a_fault_of_the_pagination() -> None:
    """It leads nowhere."""
    with pytest.raises(PaginationError):
        meant(LIST, {"data": [], "meta": {"has_more": True, "next_cursor": 5}})


def test_an_answer_about_another_object_is_refused() -> None:
    """On a shared connection it may be the answer to somebody else's request."""
    assert refused(ONE, {"data": {"id": "mr_2"}}).mismatched


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"", ""),
        (b'{"data": {"id": "mr', ""),
        (gzip.compress(b'{"data": {"id": "mr_1"}}', mtime=0)[:-5], "gzip"),
        (b"", "gzip"),
    ],
)
def test_an_answer_that_broke_off_says_so(body: bytes, encoding: str) -> None:
    """It was on its way, so the service did its work."""
    error = refused(ONE, body, 201, Content_Encoding=encoding)
    assert error.truncated
    assert error.status_code == 201


@pytest.mark.parametrize("status", [100, 101, 103, 199, 300, 301, 302, 303, 304, 307, 308, 399, 600, 999])
def test_a_status_that_ends_no_call_is_refused(status: int) -> None:
    """Redirects are never followed, and say so."""
    with pytest.raises(ResponseError, match="redirect" if 300 <= status <= 399 else "no answer") as caught:
        check_status(status)
    assert caught.value.status_code == status


@pytest.mark.parametrize("status", [200, 202, 204, 299, 400, 404, 429, 500, 599])
def test_a_status_that_ends_a_call_is_let_through(status: int) -> None:
    """Success and error alike."""
    check_status(status)


CLASSES: list[tuple[int, str | None, type[APIStatusError]]] = [
    (400, None, BadRequestError),
    (400, "validation_error", BadRequestError),
    (401, "unauthorized", AuthenticationError),
    (401, "authentication_error", AuthenticationError),
    (403, "forbidden", PermissionDeniedError),
    (404, "not_found", NotFoundError),
    (409, "conflict", ConflictError),
    (422, None, UnprocessableEntityError),
    (422, "something_new", UnprocessableEntityError),
    (422, "invalid_request", InvalidRequestError),
    (422, "validation_error", ValidationError),
    (429, "rate_limited", RateLimitError),
    (500, "server_error", ServerError),
    (503, None, ServerError),
    (599, None, ServerError),
    (402, None, APIStatusError),
    (418, "invalid_request", APIStatusError),
]


@pytest.mark.parametrize(("status", "type", "expected"), CLASSES)
def test_the_status_chooses_the_class_of_an_error_and_its_type_refines_it(
    status: int, type: str | None, expected: type[APIStatusError]
) -> None:
    """What is not known falls back to the parent."""
    error = failed(status, {"error": {"type": type, "message": "no"}})
    assert error.__class__ is expected
    assert (error.status_code, error.type, error.message) == (status, type, "no")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "Invalid or expired API key"}, "Invalid or expired API key"),
        ({"error": 403, "message": "not you"}, "not you"),
        ({"message": "not you"}, "not you"),
        ({"error": {"message": "not\nyou\x1b"}}, "not\\nyou\\x1b"),
        ({"error": {}}, "Forbidden, without a message"),
        ({"error": {"message": 7, "type": []}}, "Forbidden, without a message"),
        ([], "Forbidden, without a message"),
        (b"", "Forbidden, without a message"),
        (b"<html>", "Forbidden, without a message"),
        (b"\xff", "Forbidden, without a message"),
        (b'{"error": {"mess', "Forbidden, without a message"),
        (b"[" * 100_000, "Forbidden, without a message"),
    ],
)
def test_an_error_says_what_can_be_read_of_its_body(body: Any, message: str) -> None:
    """A body that says nothing leaves the status to speak."""
    assert failed(403, body).message == message


def test_an_error_with_a_status_nobody_named_speaks_too() -> None:
    """419 has no phrase of its own."""
    assert failed(419, b"").message == "an error without a message"


def test_an_error_whose_gzip_is_a_bomb_is_still_that_error() -> None:
    """Its status says enough."""
    assert failed(500, gzip.compress(bytes(LARGEST_BODY + 1)), Content_Encoding="gzip").status_code == 500


@pytest.mark.parametrize(
    ("body", "header", "seconds"),
    [({}, "7", 7.0), ({"retryAfter": 3}, "7", 7.0), ({"retryAfter": 3}, "soon", 3.0),
     ({}, "", None), ({"retryAfter": -3}, "", None),
     ({"retryAfter": "3"}, "", None)],
)  # fmt: skip
def test_an_error_says_how_long_to_wait(body: Any, header: str, seconds: float | None) -> None:
    """By its header, or else by its body."""
    assert failed(429, body, Retry_After=header).retry_after == seconds


def test_an_error_tells_status_type_message_and_request_id() -> None:
    """All that a support team asks for is in its text."""
    error = failed(422, {"error": {"type": "validation_error", "message": "no such member"}}, X_Request_Id="req_9")
    assert str(error) == "422 validation_error: no such member (request id req_9)"
    assert str(failed(500, {"error": {"message": "oh"}})) == "500: oh"


def test_an_endpoint_that_is_only_inferred_says_so_when_it_is_not_there() -> None:
    """The caller learns of the way around."""
    guessed: Request[Any] = Request("GET", ("teams",), object, provisional=True)
    with pytest.raises(NotFoundError, match=r"client\.request"):
        meant(guessed, b"", 404)


EXCEPTIONS = sorted(
    {each for each in vars(skipup_async).values() if isinstance(each, type) and issubclass(each, SkipUpError)},
    key=lambda each: each.__name__,
)


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_every_error_survives_pickle_and_deepcopy(kind: type[SkipUpError]) -> None:
    """With its class, its text, and all it knows of its call."""
    error = kind("text")
    error.attempts, error.maybe_applied, error.idempotency_key = 3, True, "key-1"
    vars(error).update({"current": MeetingRequest("mr_1"), "status_code": 418, "retry_after": 2.5})
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), copy.copy(error)):
        assert type(twin) is kind
        assert (str(twin), twin.args, vars(twin)) == (str(error), error.args, vars(error))


@pytest.mark.parametrize("kind", EXCEPTIONS)
def test_a_new_error_claims_nothing(kind: type[SkipUpError]) -> None:
    """Only an outcome that nobody can tell may have been applied from the start."""
    error = kind("text")
    assert (error.idempotency_key, error.attempts, error.retry_quota_exhausted) == (None, 0, False)
    assert error.maybe_applied is (kind is skipup_async.AmbiguousOutcomeError)


@pytest.mark.parametrize("text", ["x" * 100_000, "\x1b" * 100_000, "\N{PARTY POPPER}" * 600, "\U000e0001" * 600])
def test_an_error_stays_short_whatever_the_service_says(text: str) -> None:
    """At most 500 characters of it, and a repr of at most a kilobyte."""
    error = failed(500, {"error": {"type": text, "message": text}}, X_Request_Id="r" * 9000)
    assert len(error.message) <= 500
    assert len(repr(error)) <= 1024


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain", "plain"), ("a\tb\r\nc", "a\\tb\\r\\nc"), ("\u202eevil", "\\u202eevil"), ("é", "é"),
     ("x" * 500, "x" * 500),
     ("x" * 501, "x" * 499 + "…"), ("\n" * 251, ("\\n" * 250)[:499] + "…"), ("\n" * 250, "\\n" * 250)],
)  # fmt: skip
def test_a_servers_text_is_made_fit_for_one_line(text: str, shown: str) -> None:
    """What does not print is escaped, and what is too long is cut, with a sign that it was."""
    assert readable(text) == shown
