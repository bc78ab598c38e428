"""The one file that imports anyio: the same session for callers without an event loop."""

import os
import threading
import weakref
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import Any, NoReturn, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from skipup_async.core.limits import Limiter
from skipup_async.core.options import Options
from skipup_async.core.request import Request
from skipup_async.core.session import Session
from skipup_async.errors import ClientClosedError

__all__ = ["BlockingSession"]

T = TypeVar("T")


class _Thread:
    """An event loop in a thread of its own, started at the first call; ends when closed, collected, or at exit."""

    def __init__(self, close: Callable[[], Awaitable[None]]) -> None:
        self._close = close
        self._lock = threading.Lock()
        self._home = os.getpid()
        self._portal: BlockingPortal | None = None
        self._end: Callable[[], Any] = lambda: None
        self._closed = False

    def portal(self) -> BlockingPortal:
        """The way into the loop. Raises ClientClosedError where there is none."""
        portal = self._portal
        if portal is None or self._closed or self._home != os.getpid():
            portal = self._started()
        return portal

    def _started(self) -> BlockingPortal:
        if self._home != os.getpid():
            msg = "the client was made before a fork: make one in each process"
            raise ClientClosedError(msg)
        with self._lock:
            if self._closed:
                msg = "the client is closed"
                raise ClientClosedError(msg)
            if self._portal is None:
                self._portal = self._start()
            return self._portal

    def _start(self) -> BlockingPortal:
        context = start_blocking_portal("asyncio", name="skipup_async")
        try:
            portal = context.__enter__()
        except RuntimeError as error:
            reason = str(error)
        else:
            # At exit the loop must be ended before the interpreter waits for its thread, or it waits for ever.
            self._end = weakref.finalize(self, _end, context, portal, self._close)
            return portal
        raise ClientClosedError(f"no thread can be started for the client: {reason}")

    def close(self) -> None:
        """End the loop and its thread, the connections first."""
        with self._lock:
            self._closed = True
        if self._home == os.getpid():
            self._end()


def _end(
    context: AbstractContextManager[BlockingPortal], portal: BlockingPortal, close: Callable[[], Awaitable[None]]
) -> None:
    """Close the connections, then the loop. Called once: by `close`, by the garbage collector, or at exit."""
    try:
        portal.call(close)
    except RuntimeError:
        # The collector runs in any thread, the loop's own among them, and that one cannot wait for itself.
        threading.Thread(target=_end_from_outside, args=(context, portal, close), daemon=True).start()
        return
    context.__exit__(None, None, None)


def _end_from_outside(
    context: AbstractContextManager[BlockingPortal], portal: BlockingPortal, close: Callable[[], Awaitable[None]]
) -> None:
    portal.call(close)
    context.__exit__(None, None, None)


class BlockingSession:
    """Calls to one service, blocking: a `Session` on an event loop in a thread of its own."""

    def __init__(self, session: Session, thread: _Thread | None = None) -> None:
        #: The session the calls are made with.
        self.session = session
        self._thread = _Thread(session.aclose) if thread is None else thread

    def __reduce__(self) -> NoReturn:
        msg = "a client is not pickled: it holds an API key and connections; make one in each process"
        raise TypeError(msg)

    @property
    def options(self) -> Options:
        """How patiently this session calls."""
        return self.session.options

    @property
    def limiter(self) -> Limiter:
        """The limiter of the calls."""
        return self.session.limiter

    def with_options(self, options: Options) -> "BlockingSession":
        """The same thread, connections and limiter under other *options*."""
        return BlockingSession(self.session.with_options(options), self._thread)

    def send(self, request: Request[T]) -> T:
        """The answer to *request*, decoded."""
        result: T = self.wait_for(self.session.send, request)
        return result

    def wait_for(self, function: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """The result of the coroutine *function*, run in the loop."""
        future = self._thread.portal().start_task_soon(function, *args)
        try:
            return future.result()
        except BaseException:
            future.cancel()  # after Ctrl-C nobody waits for the answer
            raise

    def close(self) -> None:
        """Close the connections and end the thread. Any later call is a ClientClosedError."""
        self._thread.close()
