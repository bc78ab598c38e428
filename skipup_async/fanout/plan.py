"""How a fan-out is run: its options, checked."""

import os
import sys
from collections.abc import Callable
from typing import Any

import attrs

from skipup_async.errors import InvalidArgumentError
from skipup_async.fanout.progress import Progress

__all__ = ["Plan"]


def _refuse(field: "attrs.Attribute[Any]", rule: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"{field.name} must be {rule}")


def _count(lowest: int) -> Callable[[Any, "attrs.Attribute[Any]", Any], None]:
    def check(_plan: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
        if value is None and field.default is None:
            return
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise _refuse(field, f"a whole number of at least {lowest}")

    return check


def _seconds(_plan: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if value is not None and not (number and 0 < value <= sys.float_info.max):
        raise _refuse(field, "a number of seconds above zero, or None")


def _flag(_plan: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    if not isinstance(value, bool):
        raise _refuse(field, "True or False")


def _callable(_plan: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    if value is not None and not callable(value):
        raise _refuse(field, "a function")


def _progress(_plan: Any, field: "attrs.Attribute[Any]", value: Any) -> None:
    if not (value is None or isinstance(value, bool) or callable(value)):
        raise _refuse(field, "True, or a function that takes a Progress")


def _path(plan: "Plan", field: "attrs.Attribute[Any]", value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, (str, os.PathLike)):
        raise _refuse(field, "the path of a file")
    if plan.key is None:
        msg = "journal= needs key=, a function that names each item the same in every run"
        raise InvalidArgumentError(msg)


@attrs.frozen(kw_only=True)
class Plan:
    """The options of a fan-out."""

    #: How many calls run at the same time.
    max_concurrency: int = attrs.field(default=50, validator=_count(1))
    #: Names each item, the same in every run.
    key: Callable[[Any], str] | None = attrs.field(default=None, validator=_callable)
    #: The SQLite file that remembers, across crashes, what was done; needs `key`.
    journal: str | os.PathLike[str] | None = attrs.field(default=None, validator=_path)
    #: True for a bar, or a function that is told how far things are.
    progress: bool | Callable[[Progress], object] | None = attrs.field(default=None, validator=_progress)
    #: Seconds after which calls still running are given up and no new one begins.
    deadline: float | None = attrs.field(default=None, validator=_seconds)
    #: Whether the report keeps every outcome, or counts and failures alone.
    keep: bool = attrs.field(default=True, validator=_flag)
    #: Whether each call ends, unsent, at its first state change, with that Request as its value.
    dry_run: bool = attrs.field(default=False, validator=_flag)
    #: How many creates may leave before the fan-out stops.
    max_creates: int | None = attrs.field(default=None, validator=_count(0))
    #: Whether items that failed for good in an earlier run are tried again.
    retry_failed: bool = attrs.field(default=False, validator=_flag)
