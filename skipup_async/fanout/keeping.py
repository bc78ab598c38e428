"""Outcomes on paper: a value or an error as JSON, and back. Nothing is pickled."""

import json
from typing import Any

from skipup_async import errors
from skipup_async.core.convert import WrongShapeError, decode
from skipup_async.core.record import Record
from skipup_async.errors import JournalError, SkipUpError

__all__ = ["kept_error", "kept_value", "restored"]

_PLAIN = (str, int, float, bool, type(None))


def kept_value(value: object) -> str:
    """*value* as JSON: whole where it is a record of this package, else null."""
    if isinstance(value, Record) and type(value).__name__ in _records():
        return json.dumps({"record": type(value).__name__, "value": value.to_dict()})
    return json.dumps({"value": None})


def kept_error(error: Exception) -> str:
    """*error* as JSON: its class, its words, and what is plain of its attributes."""
    facts = {name: value for name, value in vars(error).items() if isinstance(value, _PLAIN)}
    return json.dumps({"error": type(error).__name__, "args": [str(arg) for arg in error.args], "facts": facts})


def restored(text: str) -> tuple[Any, Exception | None]:
    """The value and the error that were kept as *text*. Raises JournalError for what was never kept here."""
    try:
        kept = json.loads(text)
        if "error" in kept:
            return None, _restored_error(kept)
        record = kept.get("record")
        return (None if record is None else decode(_records()[record], kept["value"])), None
    except (ValueError, KeyError, TypeError, AttributeError, WrongShapeError):
        msg = "the journal holds an outcome that cannot be read"
    raise JournalError(msg)


def _restored_error(kept: dict[str, Any]) -> Exception:
    kind = getattr(errors, kept["error"], None) if kept["error"] in errors.__all__ else None
    if kind is None or not (isinstance(kind, type) and issubclass(kind, SkipUpError)):
        return SkipUpError(f"{kept['error']}: {', '.join(kept['args'])}")
    error = kind(*kept["args"])
    vars(error).update(kept["facts"])
    return error


def _records() -> dict[str, type[Record]]:
    """The records of this package by name; a name in a journal finds nothing else."""
    kinds: list[type[Record]] = list(Record.__subclasses__())
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return {kind.__name__: kind for kind in kinds if kind.__module__.startswith("skipup_async.")}
