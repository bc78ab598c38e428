"""One request on the wire, and its answer or the fault it met."""

import functools
import ssl
from collections.abc import Mapping

import aiohttp
from yarl import URL

from skipup_async.core.answer import Answer, check_status
from skipup_async.core.bounds import attempt_bounds
from skipup_async.core.call import Call
from skipup_async.core.lifetime import Sessions
from skipup_async.core.readable import readable
from skipup_async.core.reading import arrived, bounded, broken_off
from skipup_async.core.secret import ApiKey
from skipup_async.core.transport import SessionSource, Transport
from skipup_async.core.watch import SentTwiceError, Watch, Watchdog
from skipup_async.errors import (
    APIConnectionError,
    APITimeoutError,
    ResponseError,
    SkipUpError,
    TLSVerificationError,
)

__all__ = ["Connections"]


class Connections:
    """The connections to one service: reads share a pool, every state change has a connection to itself.

    On a pooled connection an answer nobody asked for becomes the answer to the
    next request, and a create has no id to notice it by.
    """

    def __init__(self, key: ApiKey, headers: Mapping[str, str], source: SessionSource | None = None) -> None:
        #: By what one account is told from another: a hash of the API key, which reveals none.
        self.account = key.digest
        self._watchdog = Watchdog()
        self._transport = transport = Transport(key, headers, source)
        self._sessions = Sessions(transport.open, ours=transport.ours, borrowed=transport.borrowed)
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
        session, timeout = self._sessions.get(fresh), call.attempt_timeout()
        response: aiohttp.ClientResponse | None = None
        watch = Watch(self._watchdog, attempt_bounds(timeout), call.clock)
        try:
            # Not aiohttp's own total time-out: a cancellation in the same moment is lost in it.
            with watch:
                response = await self._transport.send(session, call, url, headers, timeout, watch)
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
            # An answer that promises success may come before the whole request was read.
            watch.hang_up(for_good=fresh and (response is None or response.status >= 400))
        if response is not None and 400 <= response.status <= 599:
            return Answer(response.status, response.headers, b"")  # its status says enough
        fault.maybe_applied = fault.maybe_applied and watch.had_connection
        raise fault


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
        case SentTwiceError() | aiohttp.ServerDisconnectedError():  # the latter may quote the answer, or what it echoes
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
