"""HTTP itself: what no route answers, what no client of ours would send, and what browsers might."""

from __future__ import annotations

import asyncio
import io
import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import pytest

from skipup_async.emulator import Emulator
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio


async def exchange(emulator: Emulator, request: bytes) -> list[tuple[int, bytes]]:
    """Send raw bytes; give status and body of every answer until the server closes."""
    parts = urlsplit(emulator.url)
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(request)
        received = await reader.read()
        writer.close()
        await writer.wait_closed()
    answers: list[tuple[int, bytes]] = []
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        lines = head.decode().lower().split("\r\n")
        length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
        answers.append((int(head[9:12]), rest[:length]))
        received = rest[length:]
    return answers


def get(emulator: Emulator, *lines: str, target: str = "/api/v1/teams", version: str = "1.1") -> bytes:
    """A raw GET with the emulator's key and more header lines."""
    head = [f"GET {target} HTTP/{version}", f"Authorization: Bearer {emulator.api_key}", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1")


def envelope(body: bytes) -> str:
    """The type in a documented error body."""
    error = json.loads(body)["error"]
    assert set(error) == {"type", "message"}
    assert not any(word in error["message"] for word in ("Traceback", ".py", "site-packages", "aiohttp"))
    return str(error["type"])


@pytest.mark.parametrize(
    "path", ["", "/", "/nothing", "/teams/a/b/c", "/meeting_requests/x/explode", "/../../etc/passwd"]
)
async def test_an_unknown_path_is_not_found(api: Api, path: str) -> None:
    """404 in the envelope."""
    assert (await api.get(path)).error == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/meeting_requests", "GET, POST"),
        ("PUT", "/campaigns/cmp_1", "GET, PATCH"),
        ("GET", "/meeting_requests/mr_1/cancel", "POST"),
        ("HEAD", "/webhook_endpoints", "GET, POST"),
        ("OPTIONS", "/teams", "GET"),
        ("TRACE", "/teams", "GET"),
    ],
)
async def test_a_method_a_path_has_not_is_not_allowed(api: Api, method: str, path: str, allowed: str) -> None:
    """405 with Allow; a method that HTTP has not is no valid request."""
    reply = await api.call(method, path)
    assert (reply.status, reply.headers["Allow"]) == (405, allowed)
    assert method == "HEAD" or reply.error == (405, "method_not_allowed")
    assert (await api.call("BREW", path)).error == (400, "bad_request")


async def test_an_id_is_read_as_one_segment(api: Api) -> None:
    """Escaped slashes and dots lead nowhere else."""
    for id in ("a%2Fb", "%2e%2e", "%00", "%ff", "'%20OR%201=1", "x" * 4000):
        reply = await api.call("GET", f"/meeting_requests/{id}")
        assert reply.error == (404, "not_found")
        assert len(reply.message) < 300


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 422), (1024 * 1024 + 1, 413)])
async def test_a_body_has_a_mebibyte(emulator: Emulator, api: Api, size: int, status: int) -> None:
    """One byte more is 413 in the envelope."""
    headers = {"Content-Type": "application/json"}
    reply = await api.call("POST", "/meeting_requests", data=io.BytesIO(b"x" * size), headers=headers)
    assert reply.error[0] == status


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "8.8.8.8", "[::2]", "a b", ""]
)
async def test_a_foreign_host_is_forbidden(api: Api, host: str) -> None:
    """A page of the web that points its own name here is not let in."""
    assert (await api.call("GET", "/teams", headers={"Host": host})).error == (403, "forbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8750", "127.0.0.1", "127.9.9.9:80", "[::1]:8750"])
async def test_every_loopback_name_is_let_in(api: Api, host: str) -> None:
    """With a port or without."""
    assert (await api.call("GET", "/teams", headers={"Host": host})).status == 200


async def test_any_host_is_let_in_where_remote_callers_are() -> None:
    """The emulator cannot know the names it has."""
    async with Emulator(allow_remote=True) as emulator, Api(emulator) as api:
        assert (await api.call("GET", "/teams", headers={"Host": "skipup.internal"})).status == 200


@pytest.mark.parametrize(
    ("lines", "version", "status"),
    [
        (["Connection: close"], "1.1", 400),
        (["Host: localhost", "Host: localhost", "Connection: close"], "1.1", 400),
        ([], "1.0", 200),
        (["Host: localhost", "Expect: 100-continue", "Connection: close"], "1.1", 100),
        (["Host: localhost", "Expect: a miracle", "Connection: close"], "1.1", 417),
        (["Host: localhost", "Bad Header: x"], "1.1", 400),
        (["Host: localhost", f"X-Long: {'x' * 10_000}"], "1.1", 400),
        (["Host: localhost", "Content-Length: -1"], "1.1", 400),
        (["Host: localhost", "Content-Length: 1", "Transfer-Encoding: chunked"], "1.1", 400),
    ],
)
async def test_a_request_head_is_judged(emulator: Emulator, lines: list[str], version: str, status: int) -> None:
    """What is no HTTP, or not to be met, is told so in the envelope."""
    answered, body = (await exchange(emulator, get(emulator, *lines, version=version)))[0]
    assert answered == status
    assert status < 400 or envelope(body)


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\x01", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_no_http_is_told_so(emulator: Emulator, junk: bytes) -> None:
    """400 in the envelope, without the parser's own words."""
    answers = await exchange(emulator, junk)
    assert [(status, envelope(body)) for status, body in answers] == [(400, "bad_request")]


@pytest.mark.parametrize("target", ["/api/v1/teams?a=\xff", "/api/v1/teams?\xff=1", "/api/v1/teams/\xff"])
async def test_a_target_of_raw_bytes_is_refused(emulator: Emulator, target: str) -> None:
    """400 where it is no ASCII; nothing of it reaches the database."""
    ((status, body),) = await exchange(emulator, get(emulator, "Host: localhost", "Connection: close", target=target))
    assert (status, envelope(body)) == (400, "bad_request")


async def test_a_body_is_asked_for_and_then_read(emulator: Emulator) -> None:
    """`Expect: 100-continue` gets its 100, the body its answer."""
    body = json.dumps(MINIMAL)
    head = get(emulator, "Host: localhost", "Expect: 100-continue", "Content-Type: application/json")
    request = head.replace(b"GET /api/v1/teams", b"POST /api/v1/meeting_requests")[:-2]
    request += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
    assert [status for status, _ in await exchange(emulator, request)] == [100, 202]


async def test_pipelined_requests_are_answered_in_order(emulator: Emulator) -> None:
    """Two in one packet."""
    first = get(emulator, "Host: localhost")
    last = get(emulator, "Host: localhost", "Connection: close", target="/api/v1/nothing")
    assert [status for status, _ in await exchange(emulator, first + last)] == [200, 404]


async def test_a_chunked_body_is_read(emulator: Emulator, api: Api) -> None:
    """Without a Content-Length."""

    async def chunks() -> Any:
        yield json.dumps(MINIMAL).encode()

    headers = {"Content-Type": "application/json"}
    assert (await api.call("POST", "/meeting_requests", data=chunks(), headers=headers)).status == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "nonsense"])
async def test_a_body_that_cannot_be_decoded_is_refused(api: Api, encoding: str) -> None:
    """400 or 422 in the envelope, never a 500."""
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    reply = await api.call("POST", "/meeting_requests", data=b"\x00junk", headers=headers, skip_auto_headers=[])
    assert reply.error[0] in (400, 422)


async def test_the_date_is_the_emulators(emulator: Emulator, api: Api) -> None:
    """So that a client can compare it with timestamps."""
    emulator.advance(days=3)
    date = parsedate_to_datetime((await api.get("/teams")).headers["Date"])
    assert abs(date - emulator.now()) < timedelta(seconds=5)


async def test_no_page_of_another_origin_may_read_an_answer(api: Api) -> None:
    """No CORS headers, whoever asks."""
    reply = await api.call("GET", "/teams", headers={"Origin": "http://localhost:3000"})
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
