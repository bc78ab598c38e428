"""The one file that imports aiohttp: one request on the wire, and its answer."""

import asyncio
import functools
import os
import ssl
import warnings
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from typing import Any

import aiohttp
from yarl import URL

from skipup_async.core.answer import Answer, check_status
from skipup_async.core.body import LARGEST_BODY, oversized, truncated
from skipup_async.core.readable import readable
from skipup_async.core.secret import ApiKey
from skipup_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ClientClosedError,
    ConfigurationError,
    ResponseError,
    SkipUpError,
    TLSVerificationError,
)

__all__ = ["Connections", "SessionSource"]

#: A ClientSession of the caller's, or a function that makes one in the client's loop.
SessionSource = aiohttp.ClientSession | Callable[[], aiohttp.ClientSession]

# A server closes idle connections after some seconds (5 is common); a request sent into that moment is lost.
_IDLE_SECONDS = 4.0
_POOL_SIZE = 120
_CONNECT, _SOCKET_CONNECT, _SILENCE = 10.0, 5.0, 20.0
# An empty POST would else be said to hold an octet-stream, which a JSON service may refuse.
_NO_AUTO_HEADERS = ("Content-Type",)
# aiohttp rounds time-outs above a threshold up to whole seconds; ours are kept to the millisecond.
_NEVER_ROUND = float(10**9)
# Connecting gives up a little before the attempt does, or it could not be told whether the request went out.
_CONNECT_SHARE = 0.9


class _LostError(Exception):
    """The connection broke; a type of ours, since aiohttp sends again by itself when it sees one of its own."""


async def _send_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Let each attempt go out once: aiohttp would resend a GET past the limiter and every count."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as fault:
        reason = f"{type(fault).__name__}: {fault}"
    raise _LostError(reason)


class _Connector(aiohttp.TCPConnector):
    """Connections that the child of a fork leaves alone: to close one there would deafen the parent's event loop."""

    #: The process that opened them.
    home: int

    def __del__(self, _warnings: Any = warnings) -> None:
        if self.home == os.getpid():
            super().__del__(_warnings)


class Connections:
    """The connections to one service: reads share a pool, every state change has a connection to itself.

    On a pooled connection an answer nobody asked for becomes the answer to the
    next request, and a create has no id to notice it by.
    """

    def __init__(self, key: ApiKey, headers: Mapping[str, str], source: SessionSource | None = None) -> None:
        self._headers = headers
        self._key = key
        self._source = source
        self._sessions: dict[bool, aiohttp.ClientSession] = {}
        self._guard: AsyncGenerator[None, None] | None = None
        self._home: tuple[int, asyncio.AbstractEventLoop] | None = None
        self._closed = False

    def check(self) -> None:
        """Raise ClientClosedError where these connections must not be used: closed, another loop, another process."""
        if self._closed:
            msg = "the client is closed"
        elif self._home is None:
            self._home = os.getpid(), asyncio.get_running_loop()
            return
        elif self._home[0] != os.getpid():
            msg = "the client was made before a fork: make one in each process"
        elif self._home[1] is not asyncio.get_running_loop():
            msg = "the client belongs to another event loop: make one in each loop"
        else:
            return
        raise ClientClosedError(msg)

    def _session(self, fresh: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(fresh)
        if session is None:
            session = self._sessions[fresh] = self._open(fresh)
        if session.closed:
            msg = "the aiohttp session given to the client is closed"
            raise ClientClosedError(msg)
        return session

    def _open(self, fresh: bool) -> aiohttp.ClientSession:
        if isinstance(self._source, aiohttp.ClientSession):
            return self._source
        self._guard = self._guard or _closing_with_the_loop(self._sessions)
        if self._source is not None:
            return _made(self._source())
        # Headers and options that are the session's own are merged once, and not at every call.
        connector = (
            _Connector(limit=_POOL_SIZE, force_close=True, ttl_dns_cache=300)
            if fresh
            else _Connector(limit=_POOL_SIZE, keepalive_timeout=_IDLE_SECONDS, ttl_dns_cache=300)
        )
        connector.home = os.getpid()
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers=self._identified({}),
            skip_auto_headers=_NO_AUTO_HEADERS,
        )

    def _identified(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {"Authorization": self._key.authorization, **self._headers, **headers}

    async def exchange(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        content: bytes | None,
        timeout: float | None,
        fresh: bool,
    ) -> Answer:
        """One request on the wire and its answer; raises one of our errors, free of aiohttp's."""
        self.check()
        session = self._session(fresh)
        ends = None if timeout is None else asyncio.get_running_loop().time() + timeout
        fault: SkipUpError
        try:
            # Not aiohttp's own total time-out: a cancellation in the same moment is lost in it.
            async with asyncio.timeout_at(ends):
                response = await session.request(
                    method,
                    url,
                    headers=headers if self._source is None else self._identified(headers),
                    data=content,
                    allow_redirects=False,
                    raise_for_status=False,
                    auto_decompress=False,
                    skip_auto_headers=None if self._source is None else _NO_AUTO_HEADERS,
                    middlewares=(_send_once,),
                    timeout=_client_timeout(timeout),
                )
            try:
                check_status(response.status)
                return Answer(response.status, response.headers, await _read(response, ends))
            except BaseException:
                response.close()
                raise
        except (TimeoutError, aiohttp.ClientError, _LostError, OSError, RuntimeError, ValueError) as raised:
            fault = _translated(raised, timeout)
        raise fault

    async def drop_pool(self) -> None:
        """Close the pooled connections: an answer on one of them belonged to another request."""
        session = self._sessions.pop(False, None)
        if session is not None and session is not self._source:
            await session.close()

    async def aclose(self) -> None:
        """Close every connection opened here; a session brought by the caller stays open."""
        self._closed = True
        sessions, self._sessions = list(self._sessions.values()), {}
        for session in sessions:
            if self._inherited:
                session.detach()
            elif session is not self._source:
                await session.close()
        if self._guard is not None:
            await self._guard.aclose()

    @property
    def _inherited(self) -> bool:
        """Whether these connections are a parent's, and this is the child of a fork."""
        return self._home is not None and self._home[0] != os.getpid()

    def __del__(self) -> None:
        own = [session for session in self._sessions.values() if session is not self._source]
        if self._inherited:
            for session in own:
                session.detach()
            return
        if not own:
            return
        for session in own:
            _abandon(session)
        warnings.warn("a client was left open: use `async with`, or await its aclose()", ResourceWarning, stacklevel=2)


def _closing_with_the_loop(sessions: Mapping[bool, aiohttp.ClientSession]) -> AsyncGenerator[None, None]:
    """A generator that closes *sessions* when their loop ends, for afterwards nothing can close them in peace.

    `asyncio.run` ends the generators begun in its loop before it closes the loop.
    """
    home = os.getpid()

    async def guard() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            for session in tuple(sessions.values()):
                if home == os.getpid():
                    await session.close()

    begun = guard()
    with suppress(StopIteration):
        begun.__anext__().send(None)
    return begun


def _made(session: object) -> aiohttp.ClientSession:
    if isinstance(session, aiohttp.ClientSession):
        return session
    msg = f"session must make an aiohttp.ClientSession, not {type(session).__name__}"
    raise ConfigurationError(msg)


def _abandon(session: aiohttp.ClientSession) -> None:
    """Close *session* where nothing can be awaited, so that aiohttp adds no warning to ours."""
    connector = session.connector
    session.detach()
    if connector is not None:
        closing = connector.close().__await__()
        with suppress(StopIteration, RuntimeError):
            next(iter(closing))


@functools.lru_cache(maxsize=64)
def _client_timeout(total: float | None) -> aiohttp.ClientTimeout:
    """Bounds within one attempt of *total* seconds: on connecting, and on each silence."""
    if total is None:
        return aiohttp.ClientTimeout(total=None, ceil_threshold=_NEVER_ROUND)
    return aiohttp.ClientTimeout(
        total=None,
        connect=min(_CONNECT, total * _CONNECT_SHARE),
        sock_connect=min(_SOCKET_CONNECT, total * _CONNECT_SHARE),
        sock_read=min(total, max(_SILENCE, total - _CONNECT)),
        ceil_threshold=_NEVER_ROUND,
    )


async def _read(response: aiohttp.ClientResponse, ends: float | None) -> bytes:
    """The body as it comes off the wire; an error's body may be lost, since its status says enough."""
    fault: ResponseError
    try:
        async with asyncio.timeout_at(ends):
            return await _bounded(response)
    except ResponseError as raised:
        fault = raised
    except TimeoutError:
        if response.status < 400:
            raise
        fault = truncated("it did not come in time")
    except (aiohttp.ClientError, OSError) as raised:
        fault = truncated(type(raised).__name__)
    response.close()
    if response.status >= 400:
        return b""
    fault.status_code = response.status
    raise fault


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise oversized(LARGEST_BODY)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _translated(fault: Exception, timeout: float | None) -> SkipUpError:
    """One of our errors for *fault*, which stays behind: aiohttp's own show the Authorization header."""
    if isinstance(fault, SkipUpError):
        return fault
    if _is_certificate_fault(fault):
        return TLSVerificationError(f"the server could not prove who it is: {readable(str(fault))}")
    error: APIConnectionError
    if isinstance(fault, aiohttp.ConnectionTimeoutError):
        error = APITimeoutError("no connection in time")
    elif isinstance(fault, asyncio.TimeoutError):
        error = APITimeoutError("no answer in time" if timeout is None else f"no answer within {timeout:.3g} seconds")
    elif isinstance(fault, aiohttp.ClientHttpProxyError):
        error = APIConnectionError(f"the proxy answered {fault.status}: {readable(fault.message)}")
    elif isinstance(fault, aiohttp.ClientResponseError):
        error = APIConnectionError(f"the answer is not HTTP: {readable(fault.message)}")
    elif isinstance(fault, _LostError):
        error = APIConnectionError(f"no answer: {readable(str(fault))}")
    else:
        error = APIConnectionError(f"no answer: {type(fault).__name__}: {readable(str(fault))}")
    error.maybe_applied = not isinstance(fault, _NEVER_SENT)
    return error


def _is_certificate_fault(fault: Exception) -> bool:
    return isinstance(fault, (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)) or (
        isinstance(fault, aiohttp.ClientConnectorError) and isinstance(fault.os_error, ssl.SSLCertVerificationError)
    )


#: Raised before the first byte of a request leaves.
_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
