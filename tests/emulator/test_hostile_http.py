"""Bad HTTP, slow HTTP and odd HTTP: answered in the documented envelope or not at all, and nobody else waits."""

from __future__ import annotations

import itertools
import json
import socket
from collections.abc import Generator

import pytest

from tests.emulator.target import Target


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Generator[Target]:
    """One for all of this file."""
    with Target(tmp_path_factory.mktemp("hostile")) as target:
        yield target


GET = "GET /api/v1/teams HTTP/1.1"
POST = "POST /api/v1/meeting_requests HTTP/1.1"
JSON = "Content-Type: application/json"
CHUNKED, TWO = "Transfer-Encoding: chunked", "Content-Length: 2"
CREATE = json.dumps({"organizer_email": "alice@example.com", "participant_emails": ["carol@example.com"]})
SIZE = f"Content-Length: {len(CREATE)}"


def written(first: str, *lines: str, host: str = "Host: localhost", body: str = "", end: str = "\r\n") -> str:
    """A request in full; KEY stands for the right key."""
    return end.join([first, *([host] if host else []), "Authorization: Bearer KEY", *lines, "", body])


#: What no HTTP/1.1 server may take for a request, after h1spec and RFC 9112. The status is 400 for each.
NO_REQUESTS = {
    "no version": "GET /api/v1/teams\r\n\r\n",
    "two versions": written("GET /api/v1/teams HTTP/1.1 HTTP/1.1"),
    "version 0.9": written("GET /api/v1/teams HTTP/0.9"),
    "version 9.9": written("GET /api/v1/teams HTTP/9.9"),
    "version 1.": written("GET /api/v1/teams HTTP/1."),
    "version 1.x": written("GET /api/v1/teams HTTP/1.x"),
    "version 2": written("GET /api/v1/teams HTTP/2.0"),
    "version 2, its preface": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version in small letters": written("GET /api/v1/teams http/1.1"),
    "another protocol": written("GET /api/v1/teams FTP/1.1"),
    "no path": written("GET HTTP/1.1"),
    "a path without a slash": written("GET teams HTTP/1.1"),
    "a path with a space": written("GET /api/v1/te ams HTTP/1.1"),
    "a path with a NUL": written("GET /api/v1/te\0ams HTTP/1.1"),
    "a path with a tab": written("GET /api/v1/te\tams HTTP/1.1"),
    "a path too long": written(f"GET /api/v1/teams?{'x' * 20_000} HTTP/1.1"),
    "a tab after the method": written("GET\t/api/v1/teams HTTP/1.1"),
    "a method of signs": written("G(E)T /api/v1/teams HTTP/1.1"),
    "a method that HTTP has not": written("BREW /api/v1/teams HTTP/1.1"),
    "a method alone": "GET\r\n\r\n",
    "no method": written(" /api/v1/teams HTTP/1.1"),
    "no Host": written(GET, host=""),
    "two Hosts": written(GET, "Host: localhost"),
    "a header without a colon": written(GET, "Nonsense"),
    "a header without a name": written(GET, ": value"),
    "a space before the colon": written(GET, "X-Name : value"),
    "a space in a name": written(GET, "X Name: value"),
    "a bracket in a name": written(GET, "X[Name]: value"),
    "a letter beyond ASCII in a name": written(GET, "X-Näme: value"),
    "a NUL in a value": written(GET, "X-Name: a\0b"),
    "a bare CR in a value": written(GET, "X-Name: a\rb"),
    "a folded value": written(GET, "X-Name: a", " b"),
    "a value too long": written(GET, f"X-Name: {'x' * 20_000}"),
    "too many headers": written(GET, *(f"X-{number}: y" for number in range(1000))),
    "line ends of LF alone": written(GET, end="\n"),
    "a negative length": written(POST, JSON, "Content-Length: -1"),
    "a length with a sign": written(POST, JSON, "Content-Length: +2", body="{}"),
    "a length of words": written(POST, JSON, "Content-Length: two", body="{}"),
    "a length in hexadecimal": written(POST, JSON, "Content-Length: 0x2", body="{}"),
    "a length beyond all numbers": written(POST, JSON, f"Content-Length: {'9' * 40}", body="{}"),
    "two lengths": written(POST, JSON, TWO, "Content-Length: 3", body="{} "),
    "a list of lengths": written(POST, JSON, "Content-Length: 2, 3", body="{} "),
    "a length and chunks": written(POST, JSON, TWO, CHUNKED, body="0\r\n\r\n"),
    "an unknown transfer coding": written(POST, JSON, "Transfer-Encoding: banana", body="{}"),
    "chunks that are not last": written(POST, JSON, "Transfer-Encoding: chunked, gzip", body="0\r\n\r\n"),
    "a chunk of no size": written(POST, JSON, CHUNKED, body="\r\n{}\r\n0\r\n\r\n"),
    "a chunk of no number": written(POST, JSON, CHUNKED, body="zz\r\n{}\r\n0\r\n\r\n"),
    "a chunk of negative size": written(POST, JSON, CHUNKED, body="-2\r\n{}\r\n0\r\n\r\n"),
    "a chunk longer than it says": written(POST, JSON, CHUNKED, body="1\r\n{}\r\n0\r\n\r\n"),
    "a chunk of endless size": written(POST, JSON, CHUNKED, body=f"{'f' * 40}\r\n{{}}\r\n0\r\n\r\n"),
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an SSH banner": "SSH-2.0-OpenSSH_9.6\r\n",
    "an SMTP greeting": "EHLO localhost\r\n",
    "a Redis command": "*1\r\n$4\r\nPING\r\n",
    "zeros": "\0" * 200,
    "a query in raw bytes": written("GET /api/v1/teams?a=\xff HTTP/1.1"),
    "a query in UTF-8, unquoted": written("GET /api/v1/teams?\xc3\xa9=1 HTTP/1.1"),
    "a path in raw bytes": written("GET /api/v1/teams/\xff HTTP/1.1"),
}


def sent(target: Target, text: str) -> bytes:
    """The bytes of a request, with the right key in it."""
    return text.replace("KEY", target.emulator.api_key).encode("latin-1")


@pytest.mark.parametrize("name", NO_REQUESTS)
def test_what_is_no_request_is_told_so(target: Target, name: str) -> None:
    """400 in the envelope without the parser's own words, once, and the connection ends."""
    with target.untouched():
        answers = target.exchange(sent(target, NO_REQUESTS[name]), b"\r\n\r\n" if name == "an SSH banner" else b"")
    assert [answer.error for answer in answers] == [(400, "bad_request")]


def test_a_refusal_reaches_whoever_is_still_speaking(target: Target) -> None:
    """However much follows what is no request, and whenever: the answer comes whole, and then the end."""
    banner = sent(target, NO_REQUESTS["an SSH banner"])
    with target.untouched():
        for _ in range(50):
            (answer,) = target.exchange(banner, *([b"\r\n"] * 20))
            assert answer.error == (400, "bad_request")
        (answer,) = target.exchange(sent(target, written("GET /api/v1/teams?" + "x" * 2_000_000)))
        assert answer.error == (400, "bad_request")


CLOSE = "Connection: close"
#: What is odd and right: each has its answer.
REQUESTS = {
    "plain": (written(GET, CLOSE), [200]),
    "header names in any case": (written(GET, "cONNECTION: close", host="hOST: localhost"), [200]),
    "blanks around a value": (written(GET, CLOSE, host="Host:\t  localhost \t"), [200]),
    "an empty value": (written(GET, "X-Name:", CLOSE), [200]),
    "a value beyond ASCII": (written(GET, "X-Name: \xe9", CLOSE), [200]),
    "an empty line before it": ("\r\n" + written(GET, CLOSE), [200]),
    "an absolute target": (written("GET http://localhost/api/v1/teams HTTP/1.1", CLOSE), [200]),
    "a fragment": (written("GET /api/v1/teams#part HTTP/1.1", CLOSE), [200]),
    "version 1.0 ends the connection": (written("GET /api/v1/teams HTTP/1.0"), [200]),
    "version 1.0 needs no Host": (written("GET /api/v1/teams HTTP/1.0", host=""), [200]),
    "an upgrade that is declined": (written(GET, "Connection: upgrade, close", "Upgrade: websocket"), [200]),
    "an upgrade ends the connection": (written(GET, "Connection: Upgrade", "Upgrade: h2c") + written(GET), [200]),
    "a body with a GET": (written(GET, "Content-Length: 2", CLOSE, body="{}"), [200]),
    "no body at all": (written(POST, JSON, CLOSE), [422]),
    "an empty chunked body": (written(POST, JSON, CHUNKED, CLOSE, body="0\r\n\r\n"), [422]),
    "a trailer": (written(POST, JSON, CHUNKED, CLOSE, body="0\r\nX-End: 1\r\n\r\n"), [422]),
    "a chunk extension": (written(POST, JSON, CHUNKED, CLOSE, body="2;a=b\r\n{}\r\n0\r\n\r\n"), [422]),
    "pipelined": (written(GET) + written(POST, JSON, TWO, body="{}") + written(GET, CLOSE), [200, 422, 200]),
    "pipelined, fifty": (written(GET) * 49 + written(GET, CLOSE), [200] * 50),
    "asked to wait, and asked for it": (written(POST, JSON, TWO, "Expect: 100-continue", CLOSE, body="{}"), [100, 422]),
    "asked to wait, in any case": (written(POST, JSON, TWO, "Expect: 100-CONTINUE", CLOSE, body="{}"), [100, 422]),
    "an expectation nobody meets": (written(POST, JSON, TWO, "Expect: 200-ok", CLOSE, body="{}"), [417]),
    "an expectation in version 1.0": (written("GET /api/v1/teams HTTP/1.0", "Expect: 100-continue"), [200]),
    "TRACE": (written("TRACE /api/v1/teams HTTP/1.1", CLOSE), [405]),
    "OPTIONS of all": (written("OPTIONS * HTTP/1.1", CLOSE), [404]),
    "CONNECT to a host": (written("CONNECT localhost:443 HTTP/1.1", CLOSE), [405]),
    "CONNECT to this server": (written("CONNECT 127.0.0.1:80 HTTP/1.1", CLOSE, host="Host: 127.0.0.1:80"), [405]),
    "CONNECT to a path": (written("CONNECT /api/v1/teams HTTP/1.1", CLOSE), [405]),
    "CONNECT to elsewhere": (written("CONNECT evil.example:443 HTTP/1.1", CLOSE, host="Host: evil.example"), [403]),
    "a body of deflate that is none": (
        written(POST, JSON, "Content-Encoding: deflate", "Content-Length: 4", CLOSE, body="junk"),
        [400],
    ),
    "a compressed body of an unknown kind": (
        written(POST, JSON, "Content-Encoding: snappy", "Content-Length: 4", CLOSE, body="junk"),
        [422],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REQUESTS)
def test_an_odd_request_has_its_answer(target: Target, name: str) -> None:
    """As many answers as requests, and every error in the envelope."""
    text, statuses = REQUESTS[name]
    with target.untouched():
        answers = target.exchange(sent(target, text))
    assert [answer.status for answer in answers] == statuses
    assert all(answer.error for answer in answers if answer.status >= 400)


def test_a_body_is_asked_for_and_then_read(target: Target) -> None:
    """`Expect: 100-continue` gets its 100, the body its answer; in chunks as well."""
    chunks = f"{len(CREATE):x}\r\n{CREATE}\r\n0\r\n\r\n"
    for lines, body in ((SIZE, CREATE), (CHUNKED, chunks)):
        answers = target.exchange(sent(target, written(POST, JSON, lines, "Expect: 100-continue", CLOSE, body=body)))
        assert [answer.status for answer in answers] == [100, 202]


def test_trace_gives_nothing_back_of_what_was_sent(target: Target) -> None:
    """Not the key above all."""
    (answer,) = target.exchange(target.head("X-Secret: hush", method="TRACE"))
    assert b"hush" not in answer.body
    assert target.emulator.api_key.encode() not in answer.body


@pytest.mark.parametrize("name", ["plain", "a trailer", "an expectation nobody meets"])
def test_a_request_may_come_in_pieces(target: Target, name: str) -> None:
    """Byte by byte."""
    text, statuses = REQUESTS[name]
    pieces = [bytes([byte]) for byte in sent(target, text)]
    assert [answer.status for answer in target.exchange(*pieces)] == statuses


def test_an_end_in_the_middle_of_a_request_is_no_request(target: Target) -> None:
    """Whatever was cut off, nothing is created, and the next caller is answered."""
    whole = sent(target, written(POST, JSON, SIZE, body=CREATE))
    with target.untouched():
        for length in itertools.chain(range(1, len(whole) - 1, 17), [len(whole) - 1]):
            with socket.create_connection(target.address) as connection:
                connection.sendall(whole[:length])
        assert target.call("GET", "/teams").status == 200


def test_two_hundred_slow_callers_keep_nobody_waiting(target: Target) -> None:
    """100 in the middle of a head and 100 in the middle of a body, while others are answered as ever."""
    head, body = sent(target, written(GET))[:-3], sent(target, written(POST, JSON, SIZE, body=CREATE))[:-3]
    connections = [socket.create_connection(target.address) for _ in range(200)]
    try:
        for connection, begun in zip(connections, itertools.cycle((head, body)), strict=False):
            connection.sendall(begun)
        with target.untouched():
            assert [target.call("GET", "/meeting_requests").status for _ in range(20)] == [200] * 20
        connections[1].sendall(CREATE[-3:].encode())
        assert connections[1].recv(12) == b"HTTP/1.1 202"
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize(
    "begun", [written(POST, JSON, SIZE)[:-3], NO_REQUESTS["an SSH banner"]], ids=["slow", "refused"]
)
def test_no_caller_holds_up_the_end(tmp_path_factory: pytest.TempPathFactory, begun: str) -> None:
    """The emulator stops, and the connection with it."""
    with Target(tmp_path_factory.mktemp("ending")) as target:
        connection = socket.create_connection(target.address, timeout=10)
        connection.sendall(sent(target, begun))
        target.call("GET", "/teams")
    with connection:
        assert b"".join(iter(lambda: connection.recv(4096), b"")).count(b"HTTP/1.") == ("SSH" in begun)
