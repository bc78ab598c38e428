"""The one file that imports aiohttp: one request on the wire, and its answer."""

import functools
import os
import ssl
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from yarl import URL

from skipup_async.core.answer import Answer, check_status
from skipup_async.core.body import truncated
from skipup_async.core.bounds import attempt_bounds
from skipup_async.core.call import Call
from skipup_async.core.lifetime import Sessions
from skipup_async.core.readable import readable
from skipup_async.core.reading import bounded
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

    #: The process that opened them.
    home: int
    #: The watch over the attempt of the running task.
    watching: Callable[[], Watch]

    async def connect(
        self, req: aiohttp.ClientRequest, traces: list[Trace], timeout: aiohttp.ClientTimeout
    ) -> Connection:
        """A connection, from the pool or new; the only one of its attempt, for aiohttp would send a GET again."""
        watch = self.watching()
        watch.sending()
        connection = await super().connect(req, traces, timeout)
        watch.connected()
        return connection

    def __del__(self, _warnings: Any = warnings) -> None:
        if self.home == os.getpid():
            super().__del__(_warnings)


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
        identified = functools.partial(_identified, key, headers)
        opened = functools.partial(_opened, source, identified, self._watchdog.current)
        self._sessions = Sessions(opened, borrowed=isinstance(source, aiohttp.ClientSession))
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
        session, timeout, content = self._sessions.get(fresh), call.attempt_timeout(), call.content
        method = call.request.method
        response: aiohttp.ClientResponse | None = None
        watch = Watch(self._watchdog, attempt_bounds(timeout), call.clock)
        try:
            # Not aiohttp's own total time-out: a cancellation in the same moment is lost in it.
            with watch:
                if not self._owned:
                    watch.connected()  # a session of the caller's does not tell when
                # The headers with the key go straight through: a local would show in a traceback.
                response = await session.request(
                    method,
                    url,
                    headers=headers if self._owned else _identified(self._key, self._headers, headers),
                    data=content,
                    timeout=_client_timeout(timeout),
                    allow_redirects=False,
                    auto_decompress=False,
                    raise_for_status=False,
                    skip_auto_headers=_NO_CONTENT_TYPE if content is None and method != "GET" else None,
                    middlewares=() if self._owned else (watch.send_once,),
                )
                watch.answered()
                call.status, call.headers = response.status, response.headers
                check_status(response.status)
                return Answer(response.status, response.headers, await bounded(response.content, watch.heard))
        except _FAULTS as raised:
            fault = _translated(raised, timeout) if response is None else _broken_off(raised, timeout, response.status)
        finally:
            call.served += watch.waited
            if response is not None and not response.closed:
                response.close()
        if response is not None and 400 <= response.status <= 599:
            return Answer(response.status, response.headers, b"")  # its status says enough
        fault.maybe_applied = fault.maybe_applied and watch.had_connection
        raise fault


def _identified(key: ApiKey, fixed: Mapping[str, str], headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"Authorization": key.authorization, **fixed, **(headers or {})}


def _opened(
    source: SessionSource | None,
    identified: Callable[[None], dict[str, str]],
    watching: Callable[[], Watch],
    fresh: bool,
) -> aiohttp.ClientSession:
    """A session: the caller's, or one whose headers are merged once, and not at every call."""
    if source is not None:
        return source if isinstance(source, aiohttp.ClientSession) else _made(source())
    idle: dict[str, Any] = {"force_close": True} if fresh else {"keepalive_timeout": _IDLE_SECONDS}
    connector = _Connector(limit=_POOL_SIZE, ttl_dns_cache=300, **idle)
    connector.home = os.getpid()
    connector.watching = watching
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        headers=identified(None),
    )


def _made(session: object) -> aiohttp.ClientSession:
    if isinstance(session, aiohttp.ClientSession):
        return session
    raise ConfigurationError(f"session must make an aiohttp.ClientSession, not {type(session).__name__}")


@functools.lru_cache(maxsize=64)
def _client_timeout(total: float | None) -> aiohttp.ClientTimeout:
    bounds = attempt_bounds(total)
    return aiohttp.ClientTimeout(
        None, connect=bounds.connect, sock_connect=bounds.sock_connect, ceil_threshold=_NEVER_ROUND
    )


def _broken_off(fault: Exception, timeout: float | None, status: int) -> SkipUpError:
    """One of our errors for a body of *status* that did not come, or not whole."""
    if isinstance(fault, TimeoutError):
        return _translated(fault, timeout)
    error = fault if isinstance(fault, ResponseError) else truncated(type(fault).__name__)
    error.status_code = status
    return error


def _translated(fault: Exception, timeout: float | None) -> SkipUpError:
    """One of our errors for *fault*, which stays behind: aiohttp's own show the Authorization header."""
    if _is_certificate_fault(fault):
        return TLSVerificationError(f"the server could not prove who it is: {readable(str(fault))}")
    kind = APITimeoutError if isinstance(fault, TimeoutError) else APIConnectionError
    error = kind(_words(fault, timeout))
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
