"""A server as fast as a loop can be, in a process of its own: canned answers, so that only the client is measured."""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from benchmarks.machine import SERVER_CORE, pin

__all__ = ["OBJECT", "PAGES", "PER_PAGE", "running_server"]

#: One meeting request, as the public API reference shows it.
OBJECT: dict[str, Any] = {
    "id": "mr_0",
    "organizer_email": "sarah@example.com",
    "participant_emails": ["alex@example.com", "priya@example.com"],
    "status": "active",
    "title": "Product demo walkthrough",
    "purpose": "Show the new dashboard features",
    "description": None,
    "include_introduction": True,
    "duration_minutes": 30,
    "timeframe": {"start": "2026-02-16T00:00:00Z", "end": "2026-02-20T23:59:59Z"},
    "created_at": "2026-02-15T10:30:00Z",
    "updated_at": "2026-02-15T10:30:00Z",
    "booked_at": None,
    "cancelled_at": None,
    "paused_at": None,
}
#: Objects on a page, and pages in the list.
PER_PAGE, PAGES = 100, 1000

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
_ITEMS = [OBJECT | {"id": f"mr_{place}"} for place in range(PER_PAGE)]


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _around_id(answer: dict[str, Any]) -> tuple[bytes, bytes]:
    """What stands before and after the id in the JSON of *answer*."""
    before, _, after = _json(answer).partition(_json(OBJECT["id"])[1:-1])
    return before, after


#: The answer with one object, and the last page, by the path of the list: as the API sends them, then as slack_sdk and
#: stripe want theirs.
_ONE = {
    b"/api/v1/meeting_requests": _around_id({"data": OBJECT}),
    b"/slack/meeting_requests": _around_id({"ok": True, "data": OBJECT}),
    b"/v1/customers": _around_id(OBJECT | {"object": "customer"}),
}
_LIST = {
    b"/slack/meeting_requests": _json({"ok": True, "data": _ITEMS, "meta": {"has_more": False}}),
    b"/v1/customers": _json({"object": "list", "data": _ITEMS, "has_more": False, "url": "/v1/customers"}),
}
_START_OF_PAGE = _json({"data": _ITEMS})[:-1]


def _page(number: int) -> bytes:
    more = number + 1 < PAGES
    meta = {"limit": PER_PAGE, "has_more": more, "next_cursor": str(number + 1) if more else None}
    return b'%b,"meta":%b}' % (_START_OF_PAGE, _json(meta))


def _answer(target: bytes) -> bytes:
    """The object whose id is the last segment of *target*, or a page of a list."""
    path, _, query = target.partition(b"?")
    parent, _, last = path.rpartition(b"/")
    if parent in _ONE:
        before, after = _ONE[parent]
        return before + last + after
    return _LIST[path] if path in _LIST else _page(int(query.partition(b"cursor=")[2] or 0))


class _Protocol(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self, delay: float) -> None:
        self._received = b""
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, rest = self._received[:end], self._received[end + 4 :]
            length = head.lower().find(b"content-length: ")
            size = int(head[length + 16 :].split(b"\r\n", 1)[0]) if length >= 0 else 0
            if len(rest) < size:
                return
            self._received = rest[size:]
            self._send(_answer(head.split(b" ", 2)[1]))

    def _send(self, body: bytes) -> None:
        answer = _HEAD % (len(body), body)
        if self._delay:
            asyncio.get_running_loop().call_later(self._delay, self._transport.write, answer)
        else:
            self._transport.write(answer)


async def _serve(delay: float) -> None:
    listening = asyncio.get_running_loop().create_server(lambda: _Protocol(delay), "127.0.0.1", 0, backlog=2048)
    server = await listening
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await asyncio.to_thread(sys.stdin.read)  # it ends when whoever started it does


@contextmanager
def running_server(delay: float = 0.0) -> Iterator[str]:
    """The base URL of a server in a process of its own, which answers after *delay* seconds."""
    command = [sys.executable, "-m", "benchmarks.server", f"--delay={delay}"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/api/v1"
    finally:
        process.kill()
        process.communicate()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.server", description=__doc__)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    delay = parser.parse_args().delay
    pin(SERVER_CORE)
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(delay))
    else:
        uvloop.run(_serve(delay))


if __name__ == "__main__":
    _main()
