"""Web applications of three frameworks, each on a free port of loopback in a thread of its own."""

import http.client
import socket
import threading
from collections.abc import Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from aiohttp import web
from anyio.from_thread import start_blocking_portal
from flask import Flask
from werkzeug.serving import make_server

__all__ = ["post", "serving"]


@contextmanager
def serving(app: Any) -> Generator[str]:
    """Serve *app* until the block ends; the URL it is reached at, without a path."""
    with _port(app) as port:
        yield f"http://127.0.0.1:{port}"


def _port(app: Any) -> AbstractContextManager[int]:
    if isinstance(app, web.Application):
        return _aiohttp(app)
    return _wsgi(app) if isinstance(app, Flask) else _asgi(app)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer to a POST."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=10)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@contextmanager
def _aiohttp(app: web.Application) -> Generator[int]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    with start_blocking_portal("asyncio") as portal:
        port = portal.call(start)
        try:
            yield port
        finally:
            portal.call(runner.cleanup)


@contextmanager
def _asgi(app: Any) -> Generator[int]:
    config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", loop="asyncio", http="h11")
    server = uvicorn.Server(config)
    # Bound before the server runs: what comes earlier waits in the backlog, and nobody has to poll.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        try:
            yield int(listening.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def _wsgi(app: Flask) -> Generator[int]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
