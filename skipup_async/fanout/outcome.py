"""What became of one item, and of all of them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

import attrs

from skipup_async.core.limits import RateLimit
from skipup_async.core.record import Record
from skipup_async.core.table import html_of_many
from skipup_async.errors import (
    APIConnectionError,
    InvalidArgumentError,
    RateLimitError,
    ServerError,
    SkipUpError,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Outcome", "Report", "is_transient"]

I_co = TypeVar("I_co", covariant=True)
T_co = TypeVar("T_co", covariant=True)

_TRANSIENT = (APIConnectionError, RateLimitError, ServerError)


def is_transient(error: BaseException) -> bool:
    """Whether the same call may well succeed another time."""
    return isinstance(error, _TRANSIENT) and getattr(error, "temporary", True)


@attrs.frozen
class Outcome(Generic[I_co, T_co]):
    """What became of one item."""

    #: The item's place among the items, from 0.
    index: int
    #: The item itself.
    item: I_co
    #: What `key=` made of the item; None without it.
    key: str | None
    #: What the call gave; None where it failed, or where a journal could not keep it.
    value: T_co | None
    #: What the call raised; None where it succeeded.
    error: Exception | None
    #: Wire sends made for the item in this run.
    attempts: int
    #: Seconds the item took in this run, waiting for the limit included.
    elapsed: float
    #: Seconds from the start of the fan-out to the start of the item.
    started: float
    #: Whether the service may have done what was asked for, in this run or an earlier one, although the call failed.
    maybe_applied: bool
    #: Whether running the item again is right: it failed for the moment, and a repetition does no harm.
    retryable: bool
    #: Whether the outcome is an earlier run's, from the journal.
    from_journal: bool = False

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.error is None

    def result(self) -> T_co:
        """What the call gave; raises what it raised."""
        if self.error is not None:
            raise self.error
        return cast("T_co", self.value)


@attrs.define(eq=False, repr=False)
class Report(Generic[I_co, T_co]):
    """What became of all items."""

    #: Every outcome, in the order of the items; None where values were not kept.
    outcomes: list[Outcome[I_co, T_co]] | None
    #: The outcomes of the items that failed.
    failures: list[Outcome[I_co, T_co]] = attrs.field(factory=list["Outcome[I_co, T_co]"])
    #: How many items succeeded.
    succeeded: int = 0
    #: Seconds the whole took.
    elapsed: float = 0.0
    #: What ended the fan-out before its last item: the deadline, or `max_creates`; None where nothing did.
    stopped: SkipUpError | None = None
    #: The limit the calls were made under, as it stood at the start; None where it cannot be known.
    limit: RateLimit | None = None

    @property
    def failed(self) -> int:
        """How many items failed."""
        return len(self.failures)

    def add(self, outcome: Outcome[I_co, T_co]) -> None:
        """Count *outcome*, and keep it where outcomes are kept."""
        if outcome.ok:
            self.succeeded += 1
        else:
            self.failures.append(outcome)
        if self.outcomes is not None:
            self.outcomes.append(outcome)

    def finish(self, elapsed: float, stopped: SkipUpError | None) -> None:
        """Close the books after *elapsed* seconds."""
        self.elapsed, self.stopped = elapsed, stopped
        self.failures.sort(key=_place)
        if self.outcomes is not None:
            self.outcomes.sort(key=_place)

    def retryable(self) -> list[Outcome[I_co, T_co]]:
        """The failures that are worth another run."""
        return [outcome for outcome in self.failures if outcome.retryable]

    def raise_for_failures(self) -> None:
        """Raise an ExceptionGroup of every failure, or nothing where there was none."""
        errors = [outcome.error for outcome in self.failures if outcome.error is not None]
        if errors:
            message = f"{len(errors)} of {self.succeeded + len(errors)} calls failed"
            raise ExceptionGroup(message, errors)

    def to_rows(self) -> list[dict[str, Any]]:
        """One dict for each outcome that was kept, or for each failure where none were."""
        return list(_rows(self.failures if self.outcomes is None else self.outcomes))

    def plot(self, axes: "Axes | None" = None) -> "Axes":
        """Draw how many calls each period took, against the limit, failures marked; gives matplotlib's axes.

        Needs matplotlib, which the extra ``notebook`` brings. *axes* are where to draw; left out, a new figure.
        """
        from skipup_async.fanout.picture import draw

        if self.outcomes is None:
            msg = "plot() needs the outcomes, which keep=False leaves out"
            raise InvalidArgumentError(msg)
        return draw(self.outcomes, self.limit, axes)

    def _repr_html_(self) -> str:
        succeeded = (outcome for outcome in self.outcomes or () if outcome.ok)
        return html_of_many([*self.failures, *succeeded], f"; {self!r}")

    def __repr__(self) -> str:
        stopped = f", stopped by {type(self.stopped).__name__}" if self.stopped else ""
        return f"Report({self.succeeded} succeeded, {self.failed} failed, {self.elapsed:.1f} s{stopped})"


def _place(outcome: Outcome[Any, Any]) -> int:
    return outcome.index


def _rows(outcomes: list[Outcome[Any, Any]]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
        value = outcome.value
        yield {
            "index": outcome.index,
            "key": outcome.key,
            "ok": outcome.ok,
            "id": getattr(value, "id", None) if isinstance(value, Record) else None,
            "error": None if outcome.error is None else f"{type(outcome.error).__name__}: {outcome.error}",
            "attempts": outcome.attempts,
            "elapsed": outcome.elapsed,
            "started": outcome.started,
            "maybe_applied": outcome.maybe_applied,
            "retryable": outcome.retryable,
        }
