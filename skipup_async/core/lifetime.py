"""How long connections live: within one loop and one process, and no longer than either."""

import asyncio
import os
import warnings
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Generic, Protocol, TypeVar

from skipup_async.errors import ClientClosedError

__all__ = ["Sessions"]

# A connection that is aborted is gone two turns of the loop later; the rest is for loops of another make.
_TURNS = 5


class _Connector(Protocol):
    def close(self) -> Awaitable[None]: ...


class _Session(Protocol):
    @property
    def connector(self) -> _Connector | None: ...
    @property
    def closed(self) -> bool: ...
    def detach(self) -> None: ...
    async def close(self) -> None: ...


S = TypeVar("S", bound=_Session)


class _Home:
    """The process and the event loop that connections belong to: those of their first use."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = 0
        #: Whether they were closed by the caller, or by the end of the loop.
        self.closed = self.ended = False

    def check(self) -> None:
        """Raise ClientClosedError where the connections must not be used: closed, another loop, another process."""
        if self.closed:
            msg = "the client is closed"
        elif self._loop is None:
            self._loop, self._process = asyncio.get_running_loop(), os.getpid()
            return
        elif self._process != os.getpid():
            msg = "the client was made before a fork: make one in each process"
        elif self._loop is not asyncio.get_running_loop():
            msg = "the client belongs to another event loop: make one in each loop"
        elif self.ended:
            msg = "the client's event loop is ending"
        else:
            return
        raise ClientClosedError(msg)

    @property
    def inherited(self) -> bool:
        """Whether the connections are a parent's, and this is the child of a fork."""
        return self._loop is not None and self._process != os.getpid()


class Sessions(Generic[S]):
    """The HTTP sessions of a client, opened at their first use: one whose connections are used again, and one fresh.

    *opened* opens one of them, fresh or not; a *borrowed* one is the caller's
    and never closed here; of *ours* the caller knows nothing, and cannot close it.
    """

    def __init__(self, opened: Callable[[bool], S], *, ours: bool, borrowed: bool) -> None:
        self._opened = opened
        self._ours = ours
        self._borrowed = borrowed
        self._home = _Home()
        #: Raises ClientClosedError where the sessions must not be used: closed, another loop, another process.
        self.check = self._home.check
        self._open: dict[bool, S] = {}
        self._guard: AsyncGenerator[None, None] | None = None

    def get(self, fresh: bool) -> S:
        """The session that is used again, or the *fresh* one, in the loop that `check` has seen.

        Raises ClientClosedError if it was closed since.
        """
        session = self._open.get(fresh)
        if session is None or self._home.ended:
            self.check()
            if not self._borrowed and self._guard is None:
                self._guard = _closing_with_the_loop(self._home, self._open)
            session = self._open[fresh] = self._opened(fresh)
        if not self._ours and session.closed:
            msg = "the aiohttp session given to the client is closed"
            raise ClientClosedError(msg)
        return session

    async def drop(self, fresh: bool) -> None:
        """Close one of the sessions; the next use opens another."""
        session = self._open.pop(fresh, None)
        if session is not None and not self._borrowed:
            await session.close()

    async def aclose(self) -> None:
        """Close both, if they are not borrowed. Any later use is a ClientClosedError."""
        self._home.closed = True
        sessions, self._open = list(self._open.values()), {}
        for session in sessions:
            if self._home.inherited:
                session.detach()
            elif not self._borrowed:
                await session.close()
        if self._guard is not None:
            await self._guard.aclose()
            await _last_words()

    def __del__(self) -> None:
        if self._borrowed or not self._open:
            return
        for session in self._open.values():
            if self._home.inherited:
                session.detach()
            else:
                _abandon(session)
        if not self._home.inherited:
            msg = "a client was left open: use `async with`, or await its aclose()"
            warnings.warn(msg, ResourceWarning, stacklevel=2)


async def _last_words() -> None:
    """Let TLS connections that were given back already end: aiohttp waits only for those it still holds."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


def _closing_with_the_loop(home: _Home, sessions: Mapping[bool, _Session]) -> AsyncGenerator[None, None]:
    """A generator that closes *sessions* when the loop of *home* ends, for afterwards nothing can in peace.

    `asyncio.run` ends the generators begun in its loop before it closes the loop.
    """

    async def guard() -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            home.ended = True
            for session in tuple(sessions.values()):
                if not home.inherited:
                    await session.close()
            await _last_words()

    begun = guard()
    with suppress(StopIteration):
        begun.__anext__().send(None)
    return begun


def _abandon(session: _Session) -> None:
    """Close *session* where nothing can be awaited, so that aiohttp adds no warning to ours."""
    connector = session.connector
    session.detach()
    if connector is not None:
        closing = connector.close().__await__()
        with suppress(StopIteration, RuntimeError):
            next(iter(closing))
