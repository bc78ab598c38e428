"""What can be seen of a call while it is made, and who is told of it."""

import inspect
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

import attrs

from skipup_async.core.timing import CallTiming
from skipup_async.errors import ConfigurationError

__all__ = ["AttemptEnd", "AttemptStart", "CallEnd", "CallStart", "Hooks", "LimitWait", "Retry", "several", "tell"]

logger = logging.getLogger("skipup_async")


@attrs.frozen(kw_only=True, eq=False)
class CallStart:
    """A call begins. The same object stands in all that is told of this call, and of no other."""

    #: The service's name.
    service: str
    #: Method and path, such as `GET /meeting_requests/:id`: never an id.
    route: str
    #: The host the service is reached at.
    host: str
    #: And its port.
    port: int


@attrs.frozen(kw_only=True)
class _Moment:
    #: The call.
    call: CallStart
    #: What is sent: the call's own route, or that of the object which is read back after a lost answer.
    route: str
    #: Which attempt, from 1.
    attempt: int
    #: Where the time of the call went so far.
    timing: CallTiming


@attrs.frozen(kw_only=True)
class _Answered(_Moment):
    #: The status of the answer; None where there was none.
    status: int | None
    #: What went wrong; None where nothing did.
    error: BaseException | None
    #: The service's name for this exchange; None where it gave none.
    request_id: str | None
    #: `RateLimit-*`, `X-RateLimit-*` and `Retry-After` as they came, their names in lower case.
    rate_limit_headers: Mapping[str, str]


@attrs.frozen(kw_only=True)
class LimitWait(_Moment):
    """The limiter has kept the call waiting before this attempt."""

    #: For how long.
    seconds: float


@attrs.frozen(kw_only=True)
class AttemptStart(_Moment):
    """One attempt is about to be sent, in its place in the limit."""


@attrs.frozen(kw_only=True)
class AttemptEnd(_Answered):
    """One attempt has ended: with an answer of any status, or with the *error* that there is none, or none whole."""

    #: How long it took.
    seconds: float
    #: Of `seconds`: with a connection, and without the head of an answer.
    server: float


@attrs.frozen(kw_only=True)
class Retry(_Moment):
    """Another attempt follows this one."""

    #: Why.
    error: BaseException
    #: After how many seconds: asleep, or after a 429 in the limiter.
    delay: float
    #: Whether the object is read back first, to see whether the lost attempt was done.
    reads_back: bool


@attrs.frozen(kw_only=True)
class CallEnd(_Answered):
    """A call has ended, after *attempt* attempts: with its result, or with the *error* its caller gets."""


def _plain(_hooks: object, field: "attrs.Attribute[Any]", value: object) -> None:
    if value is None:
        return
    call: object = getattr(value, "__call__", None)  # noqa: B004 - an object may have an asynchronous one
    if call is None or inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(call):
        raise ConfigurationError(f"hooks: {field.name} must be a plain function of one argument, which nobody awaits")


@attrs.frozen(kw_only=True, eq=False)
class Hooks:
    """Plain functions that are told of calls while they are made: pass a client `hooks=Hooks(on_retry=print)`.

    Each takes one value and returns nothing. They run where the call runs: in
    the client's event loop, which in the blocking client is that of a thread of
    its own, so that they must be quick and must not block. One that raises
    changes nothing for the call; the log shows it as an error, once. An attempt
    is told of when it is sent and when it ends, a call when it begins, before
    it waits for anything, and when it ends, so that a span fits in between.
    """

    #: A call begins.
    on_call_start: Callable[[CallStart], object] | None = attrs.field(default=None, validator=_plain)
    #: The limiter has kept a call waiting.
    on_limit_wait: Callable[[LimitWait], object] | None = attrs.field(default=None, validator=_plain)
    #: An attempt is about to be sent.
    on_request: Callable[[AttemptStart], object] | None = attrs.field(default=None, validator=_plain)
    #: An attempt has ended.
    on_response: Callable[[AttemptEnd], object] | None = attrs.field(default=None, validator=_plain)
    #: Another attempt follows.
    on_retry: Callable[[Retry], object] | None = attrs.field(default=None, validator=_plain)
    #: A call has ended.
    on_call_end: Callable[[CallEnd], object] | None = attrs.field(default=None, validator=_plain)


#: The hooks that have failed before: what fails at every call must not fill the log.
_failed: WeakKeyDictionary[Hooks, set[str]] = WeakKeyDictionary()


def several(hooks: object) -> tuple[Hooks, ...]:
    """Each of the *hooks* a client was given: one, a list of them, or None; ConfigurationError for anything else."""
    if hooks is None or isinstance(hooks, Hooks):
        return () if hooks is None else (hooks,)
    given = cast("Sequence[object]", hooks) if isinstance(hooks, Sequence) else (hooks,)
    found = tuple(hook for hook in given if isinstance(hook, Hooks))
    if len(found) < len(given):
        msg = "hooks must be Hooks(on_request=…), or several of them in a list"
        raise ConfigurationError(msg)
    return found


def tell(hooks: Sequence[Hooks], name: str, make: Callable[[], object]) -> None:
    """Call each hook of that *name* with the value that *make* makes, if there is one; no fault of theirs is raised."""
    listeners = [(each, listener) for each in hooks if (listener := getattr(each, name)) is not None]
    if not listeners:
        return
    value = make()
    for each, listener in listeners:
        try:
            listener(value)
        except Exception:  # whatever a hook raises, the call is none the worse for it
            failed = _failed.setdefault(each, set())
            level = logging.DEBUG if name in failed else logging.ERROR
            failed.add(name)
            logger.log(level, "hooks: %s raised, and the call goes on", name, exc_info=True)
