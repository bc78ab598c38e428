"""The one file that imports anyio, at the first blocking call: the same session for callers without an event loop."""

import asyncio
import os
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from skipup_async.core.limits import Limiter
from skipup_async.core.options import Options
from skipup_async.core.request import Request
from skipup_async.core.session import Session
from skipup_async.errors import ClientClosedError

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

__all__ = ["BlockingSession"]

T = TypeVar("T")
Close = Callable[[], Coroutine[Any, Any, None]]

_NAME = "skipup_async"
_PATIENCE = 1.0


class _Thread:
    """An event loop in a thread of its own, started at the first call; ends when closed, collected, or at exit."""

    def __init__(self, close: Close) -> None:
        self._close = close
        # Reentrant, since a signal handler may close the client in the middle of a call.
        self._lock = threading.RLock()
        self._home = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ident: int | None = None
        self._end: weakref.finalize[..., _Thread] | None = None
        self._closed = False

    def submit(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Future[Any]:
        """Start the coroutine *function* in the loop. Raises ClientClosedError where that cannot be."""
        if self._home != os.getpid():
            msg = "the client was made before a fork: make one in each process"
            raise ClientClosedError(msg)
        if self._ident == threading.get_ident():
            msg = "a blocking call inside the client's own event loop would wait for itself: use the async client there"
            raise ClientClosedError(msg)
        # Under the lock nothing is handed to a loop that has begun to end, where nobody would ever answer.
        with self._lock:
            ended = self._end is not None and not self._end.alive
            # A loop ends by itself where a hook exits the program, or what is left of it.
            if self._closed or ended or (self._loop is not None and self._loop.is_closed()):
                msg = "the client is closed"
                raise ClientClosedError(msg)
            loop = self._start() if self._loop is None else self._loop
            return asyncio.run_coroutine_threadsafe(function(*args), loop)

    def _start(self) -> asyncio.AbstractEventLoop:
        started: Future[BlockingPortal] = Future()
        thread = threading.Thread(target=_run, args=(started,), name=_NAME, daemon=True)
        try:
            thread.start()
            portal = started.result()
        except (RuntimeError, OSError) as error:
            reason = str(error)
        except BaseException:  # Ctrl-C: nobody would know of the thread
            if not started.cancel():
                _stop(thread, started.result(), self._close)
            raise
        else:
            # Calls are handed to the loop itself: through the portal each would cost some 60 us more.
            self._loop, self._ident = portal.call(asyncio.get_running_loop), thread.ident
            self._end = weakref.finalize(self, _end, self._home, thread, portal, self._close)
            return self._loop
        raise ClientClosedError(f"no thread can be started for the client: {reason}")

    def close(self) -> None:
        """End the loop and its thread, the connections first."""
        if self._home != os.getpid():
            return
        with self._lock:
            self._closed = True
        if self._end is not None:
            self._end()


# Not anyio's `start_blocking_portal`: dropped by the child of a fork, it waits for ever for a thread that is not there.
def _run(started: "Future[BlockingPortal]") -> None:
    """Run a loop until its portal is stopped; *started* gets the portal, or what stood in its way."""
    try:
        import anyio

        anyio.run(_serve, started)
    except BaseException as error:
        if started.done():
            raise
        started.set_exception(error)


async def _serve(started: "Future[BlockingPortal]") -> None:
    from anyio.from_thread import BlockingPortal

    async with BlockingPortal() as portal:
        if started.set_running_or_notify_cancel():  # else whoever asked for it was interrupted
            started.set_result(portal)
            await portal.sleep_until_stopped()


def _end(home: int, thread: threading.Thread, portal: "BlockingPortal", close: Close) -> None:
    """Close the connections, then the loop. Called once: by `close`, by the garbage collector, or at exit."""
    if home != os.getpid():
        return  # the thread and its connections stayed with the parent
    if sys.is_finalizing():
        return  # first used by an exit handler: the loop's thread stands still by now, and would never answer
    if threading.current_thread().name == _NAME:
        # The collector runs in any thread, a client's loop among them, and that one must not wait for a loop.
        threading.Thread(target=_stop, args=(thread, portal, close), daemon=True).start()
    else:
        _stop(thread, portal, close)


def _stop(thread: threading.Thread, portal: "BlockingPortal", close: Close) -> None:
    try:
        try:
            portal.call(close)
        finally:
            # Calls still under way are cancelled as the loop ends, and whoever waits for one is told.
            portal.call(portal.stop)
    except RuntimeError:
        thread.join(_PATIENCE)
        if thread.is_alive():  # else the loop had ended by itself
            raise
    thread.join()


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

    def wait_for(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        """The result of the coroutine *function*, run in the loop.

        Raises ClientClosedError where another thread closes the client meanwhile.
        """
        future = self._thread.submit(function, *args)
        try:
            return future.result()
        except CancelledError:
            closed = ClientClosedError("the client was closed while the call was under way")
        except BaseException:
            future.cancel()  # after Ctrl-C nobody waits for the answer
            raise
        closed.maybe_applied = True
        raise closed

    def end(self, function: Callable[..., Coroutine[Any, Any, None]]) -> None:
        """Run the coroutine *function* in the loop, and wait for its end, if not for ever.

        The garbage collector may want something ended in a thread that holds
        a lock, and the loop may be waiting for that very lock.
        """
        with suppress(ClientClosedError):  # nothing runs on in a client that is closed
            wait([self._thread.submit(function)], timeout=_PATIENCE)

    def close(self) -> None:
        """Close the connections and end the thread. Any later call is a ClientClosedError."""
        self._thread.close()
