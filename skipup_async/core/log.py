"""Lines in the log: one an attempt at DEBUG, and at INFO one a call that did not go smoothly."""

import functools
import logging
import os
import threading

from skipup_async.core.observation import AttemptEnd, CallEnd, Hooks
from skipup_async.errors import ConfigurationError

__all__ = ["log_hooks", "switch_on"]

logger = logging.getLogger("skipup_async")

# What an engineer wants to know of without asking, in seconds: a call that waited, and one that took long.
_WAITED = 0.1
_SLOW = 1.0

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_lock = threading.Lock()


@functools.cache
def switch_on(variable: str) -> None:
    """Write the log to standard error where the environment *variable* asks for it, as `debug` or `info`.

    It is read once, and the root logger is left alone; an application's own
    handler of this log stays the only one. Raises ConfigurationError for
    another value.
    """
    wanted = os.environ.get(variable, "").lower()
    if not wanted:
        return
    if wanted not in _LEVELS:
        raise ConfigurationError(f"{variable} must be debug or info")
    logger.setLevel(_LEVELS[wanted])
    with _lock:
        if not logger.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(logging.Formatter(_FORMAT))
            logger.addHandler(handler)
            logger.propagate = False  # a handler of the root logger would write each line again


def log_hooks() -> tuple[Hooks, ...]:
    """Return the hooks that write the log, at the level it has now."""
    if logger.isEnabledFor(logging.DEBUG):
        return _CALLS, _ATTEMPTS
    return (_CALLS,) if logger.isEnabledFor(logging.INFO) else ()


def _log_attempt(end: AttemptEnd) -> None:
    logger.debug(
        "%s: %s in %.3f s (server %.3f), attempt %d%s",
        end.route,
        _outcome(end),
        end.seconds,
        end.server,
        end.attempt,
        _reference(end),
    )


def _log_call(end: CallEnd) -> None:
    smooth = end.error is None and end.attempt <= 1
    if smooth and end.timing.queue < _WAITED and end.timing.total < _SLOW:
        return
    attempts = "1 attempt" if end.attempt == 1 else f"{end.attempt} attempts"
    logger.info("%s: %s, %s in %s%s", end.route, _outcome(end), attempts, end.timing, _reference(end))


def _outcome(end: AttemptEnd | CallEnd) -> str:
    """The status, and the class of the error: its words may name people."""
    error = None if end.error is None else type(end.error).__name__
    return " ".join(str(part) for part in (end.status, error) if part is not None) or "done"


def _reference(end: AttemptEnd | CallEnd) -> str:
    return "" if end.request_id is None else f", request id {end.request_id}"


_ATTEMPTS = Hooks(on_response=_log_attempt)
_CALLS = Hooks(on_call_end=_log_call)
