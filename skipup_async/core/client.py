"""Open and close a session: the part of a client no service owns."""

import re
from collections.abc import Mapping, Sequence
from itertools import starmap
from types import TracebackType
from typing import Any, ClassVar, Literal, Self, cast

import attrs

from skipup_async.core import arguments
from skipup_async.core.blocking import BlockingSession
from skipup_async.core.configuration import fixed_headers, key_and_address
from skipup_async.core.dialect import Dialect
from skipup_async.core.limits import Limiter, Rank, RankedLimiter, RateLimit, shared_limiter
from skipup_async.core.log import switch_on
from skipup_async.core.observation import Hooks, several
from skipup_async.core.options import Options
from skipup_async.core.request import Id, Method, Operation, Request, segment
from skipup_async.core.resource import Resource, S_co, endpoint
from skipup_async.core.retry import RetryPolicy
from skipup_async.core.session import Session, Timing
from skipup_async.core.transport import SessionSource
from skipup_async.core.unset import UNSET, Unset, given
from skipup_async.core.wire import Connections
from skipup_async.errors import ConfigurationError, InvalidArgumentError

__all__ = ["AsyncClient", "BlockingClient", "Client", "Priority"]

#: Where calls stand in the limiter's queue: interactive ones overtake the others, without starving them.
Priority = Literal["interactive", "bulk"]

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PATH = re.compile(r"/?[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")
_WORD = re.compile(r"[a-z]+([_-][a-z]+)*")
_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


class Client(Resource[S_co]):
    """A service and a key to it. Makes nothing but memory until its first call."""

    #: How the service speaks.
    dialect: ClassVar[Dialect]
    #: Where time and chance come from; tests bring their own.
    _timing: ClassVar[Timing] = Timing()
    _takes_open_session: ClassVar[bool] = True

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        timeout: float | None = 30.0,
        deadline: float | None = 120.0,
        retry: RetryPolicy = RetryPolicy(),  # noqa: B008 - frozen
        limiter: Limiter | None = None,
        session: SessionSource | None = None,
        hooks: Hooks | Sequence[Hooks] | None = None,
    ) -> None:
        dialect, options = self.dialect, Options(timeout=timeout, deadline=deadline, retry=retry)
        key, url = key_and_address(api_key, base_url, dialect)
        if limiter is None:
            limiter = shared_limiter(key.digest, str(url), dialect.limits)
        elif not _limits(limiter):
            msg = "limiter must have slot() and pause(seconds), as TokenBucket(…) and Unlimited() have"
            raise ConfigurationError(msg)
        if isinstance(limiter, RankedLimiter):
            limiter.serve(key.digest)
        if not (session is None or callable(session) or (self._takes_open_session and hasattr(session, "request"))):
            other = ", or an open one" if self._takes_open_session else ": an open one belongs to another event loop"
            msg = f"session must be a function that makes an aiohttp.ClientSession{other}"
            raise ConfigurationError(msg)
        if dialect.log_variable is not None:
            switch_on(dialect.log_variable)
        connections = Connections(key, fixed_headers(dialect), session)
        made = Session(url, connections, limiter, dialect, options, self._timing, several(hooks))
        self.sender = self._coloured(made)

    def _coloured(self, session: Session) -> S_co:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def with_options(
        self,
        *,
        timeout: float | Unset | None = UNSET,
        deadline: float | Unset | None = UNSET,
        retry: RetryPolicy | Unset = UNSET,
        priority: Priority | Unset = UNSET,
    ) -> Self:
        """A client over the same connections, limiter and hooks, with other options."""
        options = attrs.evolve(self.sender.options, **given({"timeout": timeout, "deadline": deadline, "retry": retry}))
        if not isinstance(priority, Unset):
            options = attrs.evolve(options, rank=_rank(priority))
        sibling = object.__new__(type(self))
        sibling.sender = cast("S_co", self.sender.with_options(options))
        return sibling

    @endpoint
    def request(
        self,
        method: Method,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Request[Any]:
        """The decoded JSON of an endpoint this package does not know yet, envelope included.

        *path* is below the base URL. A GET is tried again like any other; all
        else is sent once, unless it certainly did not arrive, since nobody here
        can know what a second time would do.
        """
        if method not in _METHODS:
            msg = f"method must be one of {', '.join(_METHODS)}"
            raise InvalidArgumentError(msg)
        if _PATH.fullmatch(arguments.text("path", path)) is None:
            msg = "path must be the segments below the base URL, such as /meeting_requests/mr_1; a query goes in query="
            raise InvalidArgumentError(msg)
        return Request(
            method,
            tuple(starmap(_segment, enumerate(path.removeprefix("/").split("/")))),
            object,
            query={} if query is None else arguments.filters(query),
            body=None if body is None else arguments.json_object("body", body),
            operation=Operation.SAFE if method == "GET" else Operation.ADDITIVE,
        )

    @property
    def _limiter(self) -> RankedLimiter:
        session: Session | BlockingSession = self.sender
        limiter = session.limiter
        if not isinstance(limiter, RankedLimiter):
            msg = "this client's limiter is one of yours, and it alone knows how it stands"
            raise ConfigurationError(msg)
        return limiter

    @property
    def rate_limit(self) -> RateLimit:
        """How the limit stands now."""
        return self._limiter.snapshot()

    def estimate(self, calls: int) -> float:
        """Seconds until *calls* more calls have left at this limit; the service's own time comes on top."""
        return self._limiter.estimate(calls)


class AsyncClient(Client[Session]):
    """A client to await. It belongs to the event loop of its first call."""

    def _coloured(self, session: Session) -> Session:
        return session

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections. Any later call is a ClientClosedError."""
        await self.sender.aclose()


class BlockingClient(Client[BlockingSession]):
    """A client that blocks: the same calls on an event loop in a thread of its own. Usable from any thread."""

    _takes_open_session = False

    def _coloured(self, session: Session) -> BlockingSession:
        return BlockingSession(session)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and end the thread. Any later call is a ClientClosedError."""
        self.sender.close()


def _segment(place: int, text: str) -> str:
    """A segment of a path nobody declared; an Id, which no log shows, unless it is a word in a collection's place."""
    named = place % 2 == 0 and _WORD.fullmatch(text)
    return Id(text) if not named and _ID.fullmatch(text) else segment(text)


def _rank(priority: str) -> Rank:
    try:
        return {"interactive": Rank.INTERACTIVE, "bulk": Rank.BULK}[priority]
    except (KeyError, TypeError):
        msg = 'priority must be "interactive" or "bulk"'
    raise InvalidArgumentError(msg)


def _limits(limiter: object) -> bool:
    """Whether *limiter* is a limiter, and not merely the class of one."""
    methods = (getattr(limiter, "slot", None), getattr(limiter, "pause", None))
    return not isinstance(limiter, type) and all(map(callable, methods))
