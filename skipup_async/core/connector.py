"""Connections of ours, and the two ways of a request to one: past aiohttp's session, and through it."""

import asyncio
import os
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

from skipup_async.core.watch import SentTwiceError, Watch

__all__ = ["Connector", "head", "through"]


class _Passage:
    """The way of an attempt through a session, for the connector to find."""

    __slots__ = ("came_by", "watch")

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        #: Whether the session asked the connector for a connection.
        self.came_by = False


_passage: ContextVar[_Passage | None] = ContextVar("passage", default=None)


class Connector(aiohttp.TCPConnector):
    """Connections that the child of a fork leaves alone: to close one there would deafen the parent's event loop."""

    home: int  # the process that opened them
    is_bare: bool  # whether there is nothing about the session but what is known here

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A connection for what comes through a session, where a GET would be sent again on another one."""
        passage = _passage.get()
        if passage is None:
            return await super().connect(req, traces, timeout)
        passage.came_by = True
        if passage.watch.had_connection:
            raise SentTwiceError
        return await self.taken(req, traces, timeout, passage.watch)

    async def taken(
        self, request: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout, watch: Watch
    ) -> Connection:
        """A connection for *request*, from the pool or new, of which *watch* is told."""
        try:
            connection = await super().connect(request, traces, timeout)
        except asyncio.CancelledError:
            if watch.is_cancelled or not self.closed:
                raise
            msg = "the connections were closed"  # aiohttp cancels those who wait for a place among them
            raise aiohttp.ClientConnectionError(msg) from None
        watch.connected(connection.transport)
        return connection

    def __del__(self, _warnings: Any = warnings) -> None:
        if self.home == os.getpid():
            super().__del__(_warnings)


async def head(
    connector: Connector, request: aiohttp.ClientRequest, timeout: aiohttp.ClientTimeout, watch: Watch
) -> aiohttp.ClientResponse:
    """The answer to *request*, its body still to come, as a session would get it, at two thirds of the cost.

    What a session does beside is nothing that a request of ours needs:
    redirects, cookies, credentials in a URL, middlewares, a timer for the
    whole, and to send a GET again where its connection breaks.
    """
    try:
        connection = await connector.taken(request, [], timeout, watch)
    except TimeoutError as fault:
        raise aiohttp.ConnectionTimeoutError from fault
    try:
        protocol = connection.protocol
        if protocol is None:
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(read_until_eof=True, auto_decompress=False)
        response = await request.send(connection)
        try:
            return await response.start(connection)
        except BaseException:
            response.close()
            raise
    except BaseException:
        connection.close()
        raise


async def through(sending: Callable[[], Awaitable[aiohttp.ClientResponse]], watch: Watch) -> aiohttp.ClientResponse:
    """What *sending*, through a session on a connector of ours, comes to."""
    passage = _Passage(watch)
    token = _passage.set(passage)
    try:
        return await sending()
    except BaseException:
        if not passage.came_by:  # what stands in the session's place may have sent it by a way of its own
            watch.connected()
        raise
    finally:
        with suppress(ValueError):  # where the loop is gone, this is closed in another context
            _passage.reset(token)
