"""What is public: the modules the README tells people to import from, their names, and what is said of each."""

import enum
import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from functools import cached_property
from typing import Any, get_origin, get_type_hints

from skipup_async.core.client import Client
from skipup_async.fanout.blocking import BlockingFanOut
from skipup_async.fanout.engine import FanOut
from skipup_async.fanout.outcome import Outcome, Report
from skipup_async.fanout.progress import Progress
from tests.reference.comments import comments

__all__ = ["FAN_OUT", "MODULES", "comment", "members", "names", "said"]

#: In the order a reader wants them; those of `core` are for people who add a service.
MODULES = (
    "skipup_async",
    "skipup_async.webhooks",
    "skipup_async.redis",
    "skipup_async.otel",
    "skipup_async.hiringcenter",
    "skipup_async.thareja",
    "skipup_async.emulator",
    "skipup_async.core.client",
    "skipup_async.core.resource",
    "skipup_async.core.request",
    "skipup_async.core.record",
    "skipup_async.core.dialect",
    "skipup_async.core.arguments",
    "skipup_async.core.unset",
)

#: What `fan_out` gives, and gives to a function that shows the progress.
FAN_OUT = (FanOut, BlockingFanOut, Report, Outcome, Progress)


def names(module: str) -> dict[str, Any]:
    """The public names of *module*: its `__all__`, and the classes that its clients lead to."""
    found = importlib.import_module(module)
    named = {name: getattr(found, name) for name in found.__all__ if not name.startswith("__")}
    fan_out = FAN_OUT if module == "skipup_async" else ()
    led_to = [cls for value in named.values() for cls in _led_to(value)]
    return {cls.__name__: cls for cls in (*led_to, *fan_out)} | named


def _led_to(value: Any) -> Iterator[type]:
    """The resources of a client."""
    client: Any = value
    if not (inspect.isclass(value) and issubclass(value, Client)):
        return
    for name, _ in members(client):
        attribute = inspect.getattr_static(client, name, None)
        if isinstance(attribute, cached_property):
            yield get_origin(get_type_hints(attribute.func)["return"])


def members(cls: type) -> Iterator[tuple[str, type]]:
    """The public attributes of *cls* that this package defines, each with the class that defines it."""
    seen: set[str] = set()
    for owner in cls.__mro__:
        if owner.__module__.partition(".")[0] == "skipup_async":
            own = dict.fromkeys([*inspect.get_annotations(owner), *vars(owner), *comments(owner)])
            fresh = [name for name in own if not name.startswith("_") and name not in seen]
            seen.update(fresh)
            yield from ((name, owner) for name in fresh)


def comment(name: str, value: Any) -> str:
    """The comment above *name*, in the module of this package that makes *value*."""
    ours = (module for path, module in list(sys.modules.items()) if path.partition(".")[0] == "skipup_async")
    homes = (module for module in ours if vars(module).get(name) is value)
    return next(filter(None, (comments(home).get(name) for home in homes)), "")


def said(cls: type, name: str) -> str:
    """What the source says of the attribute *name*: its comment, its docstring, or the class's where that names it."""
    return next(filter(None, (_said_by(owner, name) for owner in cls.__mro__)), "")


def _said_by(owner: type, name: str) -> str:
    value = vars(owner).get(name)
    if isinstance(value, enum.Enum):
        return str(value.value)
    if name in comments(owner):
        return comments(owner)[name]
    if inspect.isroutine(value) or isinstance(value, (property, cached_property)):
        return value.__doc__ or ""
    words = vars(owner).get("__doc__") or ""
    return words if re.search(rf"[*`]{name}[*`]", words) else ""
