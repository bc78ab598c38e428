"""Requests through aiohttp, and the sessions that carry them: what the wire stands on."""

import os
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache, partial
from types import FunctionType
from typing import Any, cast

import aiohttp
from yarl import URL

from skipup_async.core.bounds import attempt_bounds
from skipup_async.core.call import Call
from skipup_async.core.connector import Connector, head, through
from skipup_async.core.secret import ApiKey
from skipup_async.core.watch import Watch
from skipup_async.errors import ConfigurationError

__all__ = ["SessionSource", "Transport"]

#: A ClientSession of the caller's, or a function that makes one in the client's loop.
SessionSource = aiohttp.ClientSession | Callable[[], aiohttp.ClientSession]

# A server closes idle connections after some seconds (5 is common); a request sent into that moment is lost.
_IDLE_SECONDS = 4.0
_POOL_SIZE = 120
# aiohttp rounds time-outs above a threshold up to whole seconds; ours are kept to the millisecond.
_NEVER_ROUND = float(10**9)
# A request without a body would else be said to hold an octet-stream, which a JSON service may refuse.
_NO_CONTENT_TYPE = ("Content-Type",)
# Of what lies below a session aiohttp promises little: only the versions that were tried are used so.
_IS_KNOWN = aiohttp.__version__.startswith("3.14.")


class Transport:
    """Opens the sessions of a client, or takes the caller's, and sends requests with the API key through them."""

    def __init__(self, key: ApiKey, headers: Mapping[str, str], source: SessionSource | None) -> None:
        self._key = key
        self._headers = headers
        self._source = source
        #: Whether the sessions are opened here, and nobody else knows of them.
        self.ours = source is None
        #: Whether the caller gave a session, which is the caller's to close.
        self.borrowed = isinstance(source, aiohttp.ClientSession)

    def open(self, fresh: bool) -> aiohttp.ClientSession:
        """A session: the caller's, or one of ours, which uses a connection again unless it is *fresh*."""
        source = self._source
        if source is not None:
            session = source if isinstance(source, aiohttp.ClientSession) else cast("object", source())
            if isinstance(session, aiohttp.ClientSession):
                return session
            raise ConfigurationError(f"session must make an aiohttp.ClientSession, not {type(session).__name__}")
        idle: dict[str, Any] = {"force_close": True} if fresh else {"keepalive_timeout": _IDLE_SECONDS}
        connector = Connector(limit=_POOL_SIZE, ttl_dns_cache=300, **idle)
        connector.home = os.getpid()
        # Headers given here are merged once, and not at every call.
        opened = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            headers=self._identified(None),
        )
        connector.is_bare = vars(type(opened)).get("__init__") is _INIT and not opened.trace_configs
        return opened

    def send(
        self,
        session: aiohttp.ClientSession,
        call: Call,
        url: URL,
        headers: Mapping[str, str] | None,
        timeout: float | None,
        watch: Watch,
    ) -> Awaitable[aiohttp.ClientResponse]:
        """Send one attempt of *call*, under *watch*, with *headers* of its own; the head of its answer, to await."""
        method, content, bounds = call.request.method, call.content, _client_timeout(timeout)
        skip = _NO_CONTENT_TYPE if content is None and method != "GET" else None
        connector = session.connector if isinstance(session.connector, Connector) else None
        # The headers with the key go straight through: a local would show in a traceback.
        if connector is not None and connector.is_bare and _is_unwatched(session):
            request = aiohttp.ClientRequest(
                method,
                url,
                headers=session.headers if headers is None else self._identified(headers),
                skip_auto_headers=skip,
                data=content,
                loop=watch.loop,
                session=session,
            )
            return head(connector, request, bounds, watch)
        sending = partial(
            session.request,
            method,
            url,
            headers=headers or {} if self.ours else self._identified(headers),
            data=content,
            timeout=bounds,
            allow_redirects=False,
            auto_decompress=False,
            raise_for_status=False,
            skip_auto_headers=skip,
            middlewares=None if connector is not None else (watch.send_once,),
        )
        return sending() if connector is None else through(sending, watch)

    def _identified(self, headers: Mapping[str, str] | None) -> dict[str, str]:
        return {"Authorization": self._key.authorization, **self._headers, **(headers or {})}


def _aiohttps_own(name: str) -> object:
    """The method *name* of a session, or what no session has where somebody put another in its place already.

    A wrapper may pass for what it wraps in all but its type.
    """
    method: object = vars(aiohttp.ClientSession).get(name)
    own = type(method) is FunctionType and method.__globals__["__name__"] == "aiohttp.client"
    return method if own and _IS_KNOWN else object()


_INIT, _REQUEST, _INNER_REQUEST = _aiohttps_own("__init__"), _aiohttps_own("request"), _aiohttps_own("_request")


def _is_unwatched(session: aiohttp.ClientSession) -> bool:
    """Whether nobody put something in the place of what *session* sends with, as recorders and monitoring do."""
    methods = vars(type(session))
    return methods.get("_request") is _INNER_REQUEST and methods.get("request") is _REQUEST


@lru_cache(maxsize=64)
def _client_timeout(total: float | None) -> aiohttp.ClientTimeout:
    _, _, connect, sock_connect = attempt_bounds(total)
    return aiohttp.ClientTimeout(None, connect=connect, sock_connect=sock_connect, ceil_threshold=_NEVER_ROUND)
