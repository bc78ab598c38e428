"""Bytes: a body read, an answer written whole or in part, a connection dropped."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import HttpVersion11, web

from skipup_async.emulator.call import Answer, RefusedError, to_json

_JSON = "application/json; charset=utf-8"
_BODY_SECONDS = 30.0
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


async def read(request: web.BaseRequest) -> bytes:
    """The body. Raise 408, 413 or 400 if it does not come in time, in size or in shape."""
    _invite(request)
    if not request.can_read_body:
        return b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise RefusedError(408, "request_timeout", "The body did not arrive in time") from None
    except web.HTTPRequestEntityTooLarge:
        raise RefusedError(413, "payload_too_large", "The body is larger than 1 MiB") from None
    except web.RequestPayloadError:
        raise RefusedError(400, "bad_request", "The body could not be read") from None


class _Last(web.Response):
    """An answer that is followed by something."""

    def __init__(
        self, then: Callable[[], Awaitable[None]], *, status: int, body: bytes, headers: Mapping[str, str]
    ) -> None:
        super().__init__(status=status, body=body, headers=headers)
        self._then = then

    async def write_eof(self, data: bytes = b"") -> None:
        """Write what is left of the answer, then do what follows it."""
        await super().write_eof(data)
        await self._then()


def response(answer: Answer, *, then: Callable[[], Awaitable[None]] | None = None) -> web.Response:
    """An answer as HTTP; *then* is awaited when it is written."""
    body = encode(answer.payload)
    headers = {"Content-Type": _JSON, **answer.headers} if body else answer.headers
    if then is None:
        return web.Response(status=answer.status, body=body, headers=headers)
    return _Last(then, status=answer.status, body=body, headers=headers)


def encode(payload: Any) -> bytes:
    """The bytes of a payload: nothing for `None`, `bytes` as they are, all else as JSON."""
    if payload is None:
        return b""
    return payload if isinstance(payload, bytes) else to_json(payload).encode()


async def write_half(request: web.BaseRequest, answer: Answer) -> None:
    """Begin an answer of full length and stop in the middle of its body."""
    body = encode(answer.payload)
    begun = web.StreamResponse(status=answer.status, headers={"Content-Type": _JSON, **answer.headers})
    begun.content_length = max(len(body), 1)
    with suppress(ConnectionError):
        await begun.prepare(request)
        await begun.write(body[: len(body) // 2])


def drop(request: web.BaseRequest, *, abruptly: bool) -> None:
    """End the connection: with an RST if *abruptly*, else with a FIN."""
    transport = request.transport
    if transport is None:
        return
    if abruptly:
        # A socket that may not linger says RST where it would say FIN.
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()
    else:
        transport.close()


def _invite(request: web.BaseRequest) -> None:
    """Ask for the body if the client waits to be asked."""
    expectation = request.headers.get("Expect")
    if expectation is None or request.version < HttpVersion11:
        return
    if expectation.lower() != "100-continue":
        raise RefusedError(417, "expectation_failed", "The only expectation that is met is 100-continue")
    if request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
