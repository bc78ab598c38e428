"""Every call that is declared once, as it is bound to a client of either colour."""

import inspect
from collections.abc import Iterator
from typing import Any, NamedTuple

from skipup_async import AsyncSkipUp, SkipUp
from skipup_async.core.resource import Declared, Resource
from skipup_async.hiringcenter import AsyncHiringCenter, HiringCenter
from skipup_async.thareja import AsyncThareja, Thareja
from tests.reference.public import members

__all__ = ["CALLS", "Call", "resources"]

_KEY = "sk_test_0123456789"
_PAIRS = ((AsyncSkipUp, SkipUp), (AsyncHiringCenter, HiringCenter), (AsyncThareja, Thareja))


class Call(NamedTuple):
    """One declaration, and the methods it makes."""

    #: Where it is found, such as ``SkipUp.campaigns.get``.
    place: str
    declared: Declared[Any]
    #: Bound to a client of each colour, or to a resource of one.
    awaited: Any
    blocking: Any


def resources(client: Any) -> Iterator[tuple[str, Any]]:
    """The resources of *client*, each with its place; the client itself is the first."""
    place = type(client).__name__
    yield place, client
    kind: type = client.__class__
    for name, _ in members(kind):
        value = getattr(client, name, None)
        if isinstance(value, Resource) and value is not client:
            yield f"{place}.{name}", value


def _calls() -> Iterator[Call]:
    for awaited, blocking in _PAIRS:
        pairs = zip(resources(awaited(_KEY)), resources(blocking(_KEY)), strict=True)
        for (_, one), (place, other) in pairs:
            kind: type = other.__class__
            for name, _ in members(kind):
                declared = inspect.getattr_static(other, name)
                if isinstance(declared, Declared):
                    yield Call(f"{place}.{name}", declared, getattr(one, name), getattr(other, name))


CALLS = tuple(_calls())
