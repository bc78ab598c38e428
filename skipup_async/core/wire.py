"""The one file that imports aiohttp: one request on the wire, and its answer."""

import asyncio
import functools
import os
import ssl
import warnings
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from typing import Any, cast

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from skipup_async.core.answer import Answer, check_status
from skipup_async.core.bounds import attempt_bounds
from skipup_async.core.call import Call
from skipup_async.core.lifetime import Sessions
from skipup_async.core.readable import readable
from skipup_async.core.reading import arrived, bounded, broken_off
from skipup_async.core.secret import ApiKey
from skipup_async.core.watch import SentTwiceError, Watch, Watchdog
from skipup_async.errors import (
    APIConnectionError,
    APITimeoutError,
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
# aiohttp rounds time-outs above a threshold up to whole seconds; ours are kept to the millisecond.
_NEVER_ROUND = float(10**9)
# A request without a body would else be said to hold an octet-stream, which a JSON service may refuse.
_NO_CONTENT_TYPE = ("Content-Type",)


class _Connector(aiohttp.TCPConnector):
    """Connections that the child of a fork leaves alone: to close one there would deafen the parent's event loop."""

    home: int  # the process that opened them
    watchdog: Watchdog  # knows the attempt of each task

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A connection, from the pool or new; the only one of its attempt, for aiohttp would send a GET again."""
        watch = self.watchdog.watched[asyncio.current_task(self.watchdog.loop)]
        if watch.had_connection:
            raise SentTwiceError
        connection = await super().connect(req, traces, timeout)
        watch.connected(connection.transport)
        return connection

    def __del__(self, _warnings: Any = warnings) -> None:
        if self.home == os.getpid():
            super().__del__(_warnings)


class _NoCookies(aiohttp.DummyCookieJar):
    """No cookies, and no new jar for each request to find none in."""

    _none: SimpleCookie = SimpleCookie()

    def filter_cookies(self, request_url: URL) -> SimpleCookie:
        return self._none


class Connections:
    """The connections to one service: reads share a pool, every state change has a connection to itself.

    On a pooled connection an answer nobody asked for becomes the answer to the
    next request, and a create has no id to notice it by.
    """

    def __init__(self, key: ApiKey, headers: Mapping[str, str], source: SessionSource | None = None) -> None:
        self._key = key
        self._headers = headers
        self._owned = source is None
        self._watchdog = Watchdog()
        opened = functools.partial(_opened, source, functools.partial(_identified, key, headers), self._watchdog)
        self._sessions = Sessions(opened, ours=self._owned, borrowed=isinstance(source, aiohttp.ClientSession))
        #: Raises ClientClosedError where these connections must not be used.
        self.check = self._sessions.check
        #: Closes the pooled connections: an answer on one of them belonged to another request.
        self.drop_pool = functools.partial(self._sessions.drop, False)

    async def aclose(self) -> None:
        """Close every connection opened here; a session brought by the caller stays open."""
        self._watchdog.rest()
        await self._sessions.aclose()

    async def exchange(self, call: Call, url: URL, headers: Mapping[str, str] | None, fresh: bool) -> Answer:
        """The answer to one attempt of *call*, which notes its head; raises one of our errors, free of aiohttp's."""
        session, owned = self._sessions.get(fresh), self._owned
        method, content, timeout = call.request.method, call.content, call.attempt_timeout()
        response: aiohttp.ClientResponse | None = None
        watch = Watch(self._watchdog, attempt_bounds(timeout), call.clock)
        try:
            # Not aiohttp's own total time-out: a cancellation in the same moment is lost in it.
            with watch:
                # The headers with the key go straight through: a local would show in a traceback.
                response = await session.request(
                    method,
                    url,
                    headers=headers if owned else _identified(self._key, self._headers, headers),
                    data=content,
                    timeout=_client_timeout(timeout),
                    allow_redirects=False,
                    auto_decompress=False,
                    raise_for_status=False,
                    skip_auto_headers=_NO_CONTENT_TYPE if content is None and method != "GET" else None,
                    middlewares=() if owned else (watch.send_once,),
                )
                watch.answered()
                call.status, call.headers = response.status, response.headers
                check_status(response.status)
                body = arrived(response.content) or await bounded(response.content, watch.heard)
                return Answer(response.status, call.headers, body)
        except _FAULTS as raised:
            fault = _translated(raised, timeout, response)
        except BaseException as raised:  # a cancellation: aiohttp's frames stay behind, where the key is in a local
            raised.__cause__ = raised.__context__ = raised.__traceback__ = None
            raise
        finally:
            call.over(watch.waited)
            if response is not None and not response.closed:
                response.close()
            watch.hang_up()
        if response is not None and 400 <= response.status <= 599:
            return Answer(response.status, response.headers, b"")  # its status says enough
        fault.maybe_applied = fault.maybe_applied and watch.had_connection
        raise fault


def _identified(key: ApiKey, fixed: Mapping[str, str], headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"Authorization": key.authorization, **fixed, **(headers or {})}


def _opened(
    source: SessionSource | None,
    identified: Callable[[None], dict[str, str]],
    watchdog: Watchdog,
    fresh: bool,
) -> aiohttp.ClientSession:
    """A session: the caller's, or one whose headers are merged once, and not at every call."""
    if source is not None:
        session = source if isinstance(source, aiohttp.ClientSession) else cast("object", source())
        if isinstance(session, aiohttp.ClientSession):
            return session
        raise ConfigurationError(f"session must make an aiohttp.ClientSession, not {type(session).__name__}")
    idle: dict[str, Any] = {"force_close": True} if fresh else {"keepalive_timeout": _IDLE_SECONDS}
    connector = _Connector(limit=_POOL_SIZE, ttl_dns_cache=300, **idle)
    connector.home = os.getpid()
    connector.watchdog = watchdog
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=_NoCookies(),
        trust_env=False,
        headers=identified(None),
    )


@functools.lru_cache(maxsize=64)
def _client_timeout(total: float | None) -> aiohttp.ClientTimeout:
    _, _, connect, sock_connect = attempt_bounds(total)
    return aiohttp.ClientTimeout(None, connect=connect, sock_connect=sock_connect, ceil_threshold=_NEVER_ROUND)


def _translated(fault: Exception, timeout: float | None, response: aiohttp.ClientResponse | None) -> SkipUpError:
    """One of our errors for *fault*, which stays behind: aiohttp's own show the Authorization header."""
    if response is not None and not isinstance(fault, TimeoutError):
        return broken_off(fault, response.status)
    if _is_certificate_fault(fault):
        return TLSVerificationError(f"the server could not prove who it is: {readable(str(fault))}")
    error = (APITimeoutError if isinstance(fault, TimeoutError) else APIConnectionError)(_words(fault, timeout))
    error.maybe_applied = not isinstance(fault, _NEVER_SENT)
    error.temporary = not (isinstance(fault, aiohttp.ClientHttpProxyError) and fault.status < 500)
    return error


def _words(fault: Exception, timeout: float | None) -> str:
    match fault:
        case aiohttp.ConnectionTimeoutError():
            return "no connection in time"
        case TimeoutError():
            return "no answer in time" if timeout is None else f"no answer within {timeout:.3g} seconds"
        case aiohttp.ClientHttpProxyError():
            return f"the proxy answered {fault.status}: {readable(fault.message)}"
        case aiohttp.ClientResponseError():
            return f"the answer is not HTTP: {readable(fault.message)}"
        case SentTwiceError():
            return "no answer: the connection broke"
        case _:
            return f"no answer: {type(fault).__name__}: {readable(str(fault))}"


def _is_certificate_fault(fault: Exception) -> bool:
    return isinstance(fault, (aiohttp.ClientConnectorCertificateError, aiohttp.ServerFingerprintMismatch)) or (
        isinstance(fault, aiohttp.ClientConnectorError) and isinstance(fault.os_error, ssl.SSLCertVerificationError)
    )


#: What an exchange may end in, besides an answer and a cancellation.
_FAULTS = (TimeoutError, aiohttp.ClientError, SentTwiceError, OSError, RuntimeError, ValueError, ResponseError)
#: Raised before the first byte of a request leaves.
_NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.ClientHttpProxyError)
