"""The HTTP side: listens, records what comes in, and lets the service answer."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from email.utils import formatdate

from aiohttp import HttpVersion10, HttpVersion11, web

from skipup_async.emulator import openapi, page, wire
from skipup_async.emulator.call import Answer, RefusedError
from skipup_async.emulator.fields import is_text
from skipup_async.emulator.hosts import refuse_foreign_host
from skipup_async.emulator.keys import LIVE_PREFIX
from skipup_async.emulator.received import Headers, Log, Received
from skipup_async.emulator.service import Service

_NOT_KEPT = "[a live key]"
_DOCUMENTS = (openapi.PATH, page.PATH)  # for readers, not calls: nothing of them is recorded
_METHODS = "DELETE, GET, PATCH, POST"  # of all routes together
_KEEPALIVE_SECONDS = 75.0
_SHUTDOWN_SECONDS = 1.0
_LINGER_SECONDS = 2.0
_BACKLOG = 1024
_MOST_CONNECTIONS = 4096


class Server:
    """Listens, and lets *service* answer."""

    def __init__(self, service: Service, log: Log, *, check_host: bool, allow_live_key: bool) -> None:
        self._service = service
        self._log = log
        self._check_host = check_host
        self._allow_live_key = allow_live_key
        self._runner: web.ServerRunner | None = None

    async def start(self, host: str, port: int) -> int:
        """Begin to listen; give the port."""
        self._runner = web.ServerRunner(_Listener(self._handle), shutdown_timeout=_SHUTDOWN_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port, backlog=_BACKLOG).start()
        except BaseException:
            await self._runner.cleanup()
            raise
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Listen no more, end what is held, close every connection."""
        self._service.faults.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        received = Received(
            method=request.method,
            path=request.rel_url.raw_path,
            query=dict(request.query.items()),
            headers=self._headers(request),
            body=b"",
            arrived=time.monotonic(),
        )
        try:
            self._check(request, received)
            if received.path == openapi.PATH:
                return self._respond(received, openapi.answer(received.method, received.headers.get("Host", "")))
            if received.path == page.PATH:
                return self._respond(received, page.answer(self._service, self._log, received))
            received.body = await wire.read(request)
        except RefusedError as refusal:
            if received.path not in _DOCUMENTS:
                self._log.add(received)
            response = self._respond(received, refusal.answer())
            response.force_close()  # what is left of the request is not waited for
            return response
        self._log.add(received)
        answer, fault = await self._service.answer(received)
        if fault is None or fault.connection is None:
            return self._respond(received, answer)
        if fault.connection == "silent":
            await self._service.faults.end.passed()
        elif fault.connection == "truncate":
            received.status = answer.status
            await wire.write_half(request, answer)
        wire.drop(request, abruptly=fault.connection == "reset")
        return web.Response()  # goes nowhere: the connection is gone

    def _headers(self, request: web.BaseRequest) -> Headers:
        if self._allow_live_key:
            return Headers(tuple(request.headers.items()))
        # A live key that got here by mistake is not kept anywhere.
        return Headers(
            tuple((name, _NOT_KEPT if LIVE_PREFIX in value else value) for name, value in request.headers.items())
        )

    def _check(self, request: web.BaseRequest, received: Received) -> None:
        if request.version not in (HttpVersion10, HttpVersion11):
            raise RefusedError(400, "bad_request", "This server speaks HTTP/1.0 and HTTP/1.1")
        refuse_foreign_host(received.headers, required=request.version == HttpVersion11, check=self._check_host)
        if request.method == "CONNECT":  # what follows would be a tunnel, no body
            raise RefusedError(405, "method_not_allowed", "This server is no proxy", {"Allow": _METHODS})
        # aiohttp's parser in C lets none of this through, its parser in Python does.
        if not all(map(is_text, (received.path, *received.query, *received.query.values()))):
            raise RefusedError(400, "bad_request", "The request target is not valid UTF-8")

    def _respond(self, received: Received, answer: Answer) -> web.Response:
        received.status = answer.status
        # The emulator's own time: clients compare it with the timestamps of an answer.
        date = formatdate(self._service.clock.now(), usegmt=True)
        response = wire.response(answer.with_headers({"Date": date, **answer.headers}))
        if "Upgrade" in received.headers:  # declined; aiohttp's parser in C loses what came after some of them
            response.force_close()
        return response


class _Listener(web.Server):
    """A server whose connections are bounded and answer in JSON even to what is no HTTP."""

    def __call__(self) -> web.RequestHandler:
        return _Connection(self)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """Take a connection, unless there are too many."""
        super().connection_made(handler, transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()


class _Connection(web.RequestHandler):
    __slots__ = ("_over",)

    def __init__(self, listener: _Listener) -> None:
        super().__init__(listener, loop=asyncio.get_running_loop(), keepalive_timeout=_KEEPALIVE_SECONDS)
        self._over = asyncio.Event()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Let go of a connection that is no more."""
        super().connection_lost(exc)
        self._over.set()

    def close(self) -> None:
        """End with what is under way: the server stops."""
        super().close()
        self._over.set()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer in the documented envelope, without the parser's own words."""
        type, text = ("bad_request", "This is no valid HTTP request") if status < 500 else ("server_error", "Failed")
        response = wire.response(RefusedError(status, type, text).answer(), then=self._linger)
        response.force_close()
        return response

    async def _linger(self) -> None:
        """Say goodbye, and hear the caller out: closed with bytes unread, TCP may take the answer back from them.

        RFC 9112 section 9.6 asks it of servers.
        """
        super().close()  # reads on, and parses no more
        if self.transport is not None and self.transport.can_write_eof():
            self.transport.write_eof()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await self._over.wait()
