"""A server as fast as a loop can be, in a process of its own: canned answers, so that only the client is measured."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["OBJECT", "running_server"]

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
_HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def _answer(target: bytes) -> bytes:
    """The object whose id is the last segment of *target*, or a page of a hundred for the list."""
    path, _, query = target.partition(b"?")
    last = path.rsplit(b"/", 1)[1].decode()
    if last != "meeting_requests":
        return json.dumps({"data": OBJECT | {"id": last}}, separators=(",", ":")).encode()
    number = int(query.rpartition(b"cursor=")[2] or 0)
    items = [OBJECT | {"id": f"mr_{number * 100 + place}"} for place in range(100)]
    meta = {"limit": 100, "has_more": True, "next_cursor": str(number + 1)}
    return json.dumps({"data": items, "meta": meta}, separators=(",", ":")).encode()


class _Protocol(asyncio.Protocol):
    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head, rest = self._received[:end], self._received[end + 4 :]
            length = head.lower().find(b"content-length: ")
            size = int(head[length + 16 :].split(b"\r\n", 1)[0]) if length >= 0 else 0
            if len(rest) < size:
                return
            self._received = rest[size:]
            body = _answer(head.split(b" ", 2)[1])
            self._transport.write(_HEAD % (200, len(body)) + body)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running_server() -> Iterator[str]:
    """The base URL of a server in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.server"], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/api/v1"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


if __name__ == "__main__":
    asyncio.run(_serve())
