"""Over TLS, as everybody uses it: a state change on a connection of its own, and an end without a word."""

import asyncio
import os
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.programs import complaints

BODY = b'{"data":{"id":"mr_1","status":"cancelled"}}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)

AWAITED = """
    import asyncio
    from skipup_async import AsyncSkipUp

    async def main() -> None:
        async with AsyncSkipUp() as skipup:
            print((await skipup.meeting_requests.cancel("mr_1")).status)

    for _ in range(3):
        asyncio.run(main())
"""
BLOCKING = """
    from skipup_async import SkipUp

    for _ in range(3):
        with SkipUp() as skipup:
            print(skipup.meeting_requests.cancel("mr_1").status)
"""


@pytest.fixture
def authority() -> trustme.CA:
    """A certificate authority of these tests."""
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[str]:
    """The base URL of a server that speaks TLS and answers everything with a cancelled request."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued: Any = authority.issue_cert("localhost")
    issued.configure_cert(context)
    loop = asyncio.new_event_loop()
    open_writers: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                await reader.readexactly(int(length or 0))
                writer.write(HEAD + BODY)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            open_writers.discard(writer)

    async def begin() -> asyncio.Server:
        return await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)

    async def end() -> None:
        listening.close()
        for writer in open_writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    listening = asyncio.run_coroutine_threadsafe(begin(), loop).result()
    yield f"https://localhost:{listening.sockets[0].getsockname()[1]}/api/v1"
    asyncio.run_coroutine_threadsafe(end(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def deaf_server(authority: trustme.CA) -> Iterator[str]:
    """The base URL of one that does not hear when a connection is closed."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    issued: Any = authority.issue_cert("localhost")
    issued.configure_cert(context)
    listening = socket.create_server(("127.0.0.1", 0))
    open_sockets: list[socket.socket] = [listening]

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection = context.wrap_socket(listening.accept()[0], server_side=True)
                open_sockets.append(connection)
                connection.recv(65536)
                connection.sendall(HEAD + BODY)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"https://localhost:{listening.getsockname()[1]}/api/v1"
    listening.shutdown(socket.SHUT_RDWR)
    thread.join()
    for one in open_sockets:
        one.close()


@pytest.mark.parametrize("hears", [True, False], ids=["hears", "deaf"])
@pytest.mark.parametrize("program", [AWAITED, BLOCKING], ids=["awaited", "blocking"])
def test_a_program_ends_without_a_warning_right_after_a_state_change(
    program: str, hears: bool, server: str, deaf_server: str, authority: trustme.CA, tmp_path: Path
) -> None:
    """The connection of the last call is closed with the client, although aiohttp does not wait for it.

    However long the server takes to say goodbye: a busy one takes its time.
    """
    server = server if hears else deaf_server
    trusted = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(os.fspath(trusted))
    places = {"SKIPUP_API_KEY": "sk_test_tls", "SKIPUP_BASE_URL": server, "SSL_CERT_FILE": os.fspath(trusted)}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(program)],
        env=os.environ | places,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, complaints(done.stderr), done.stdout) == (0, "", "cancelled\n" * 3)
