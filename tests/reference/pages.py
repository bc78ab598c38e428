"""pdoc's picture of the public modules, put right: `#:` comments, chapters, and the calls in both colours."""

import inspect
import math
from functools import cached_property
from typing import Any

import pdoc.doc

from skipup_async import BlockingPager, Collected, Page, Pager, Participant, RateLimit
from skipup_async.core.client import Client
from skipup_async.core.record import Record
from skipup_async.core.resource import Resource
from skipup_async.events import Event
from tests.reference.calls import CALLS
from tests.reference.public import FAN_OUT, comment, members, names, said

__all__ = ["CHAPTERS", "chapter", "page"]

_LISTS = (Pager, BlockingPager, Page)
#: The chapters of a page, and what their classes are; a class is in the first that fits.
CHAPTERS: dict[str, tuple[type, ...]] = {
    "Clients": (Client,),
    "Resources": (Resource,),
    "Records": (Record, Participant),
    "Lists": (*_LISTS, Collected),
    "Fan-out": FAN_OUT,
    "Events": (Event,),
    "Errors": (Exception,),
    "More": (object,),
}
#: What nobody makes, since it is given: the arguments it is made of are of no interest.
_GIVEN = (Resource, Exception, RateLimit, Event, *_LISTS, *FAN_OUT)
_LONGEST_VALUE = 60
_BY_METHOD = {call.declared: call for call in CALLS}


class _Either:
    """The annotations of both colours."""

    def __init__(self, *annotations: Any) -> None:
        self._annotations = annotations

    def __repr__(self) -> str:
        return " | ".join(dict.fromkeys(map(inspect.formatannotation, self._annotations)))


def chapter(value: Any) -> str:
    """The chapter that a public *value* is in."""
    kinds = value.__mro__ if inspect.isclass(value) else (object,)
    return next(name for name, bases in CHAPTERS.items() if any(base in kinds for base in bases))


def page(module: str) -> Any:
    """The page of *module*, its chapters in order, and in each the classes as they stand in the source."""
    found: Any = pdoc.doc.Module.from_name(module)
    for name in found.obj.__all__:  # what is imported when somebody asks for it is not there for pdoc to see
        setattr(found.obj, name, getattr(found.obj, name))
    public = names(module)
    places = {name: number for number, name in enumerate(dict.fromkeys(_home(value) for value in public.values()))}
    ordered = sorted(public, key=lambda name: (_rank(public[name]), places[_home(public[name])], _line(public[name])))
    found.members = {name: _member(found, name, public[name]) for name in ordered}
    return found


def _rank(value: Any) -> int:
    return list(CHAPTERS).index(chapter(value))


def _home(value: Any) -> str:
    return getattr(value, "__module__", "")


def _line(value: Any) -> float:
    return inspect.getsourcelines(value)[1] if inspect.isclass(value) or inspect.isfunction(value) else math.inf


def _member(module: Any, name: str, value: Any) -> Any:
    doc: Any = module.members.get(name)
    if inspect.isclass(value):
        doc = pdoc.doc.Class(module.modulename, name, value, (value.__module__, value.__qualname__))
        _complete(doc, names(module.modulename))
    if not doc.docstring:
        doc.docstring = comment(name, value)
    return doc


def _complete(doc: Any, public: dict[str, Any]) -> None:
    """Show what a class inherits as its own, unless the page shows the parent; and all with what is said of it."""
    cls: Any = doc.obj
    own: list[Any] = []
    if "__init__" in doc.members and not _is_given(cls):
        own.append(doc.members["__init__"])
        own[0].docstring = ""  # the class says it; attrs would say that it made the method
    inherited: dict[tuple[str, str], list[Any]] = {}
    for name, owner in members(cls):
        member = doc.members[name]
        _explain(member, cls, name)
        if owner is cls or owner not in public.values():
            own += [] if owner is Resource else [member]
        else:
            inherited.setdefault((doc.modulename, owner.__qualname__), []).append(member)
    doc.own_members, doc.inherited_members = own, inherited


def _is_given(cls: Any) -> bool:
    answer = issubclass(cls, Record) and "id" in cls.__annotations__
    return answer or (issubclass(cls, _GIVEN) and not issubclass(cls, Client))


def _explain(member: Any, cls: type, name: str) -> None:
    static = inspect.getattr_static(cls, name, None)
    if member.kind == "variable":
        member.docstring = member.docstring or said(cls, name)
        if len(member.default_value_str) > _LONGEST_VALUE:
            member.default_value_str = ""
        if isinstance(static, cached_property):
            member.annotation = getattr(member.annotation, "__origin__", member.annotation)
    elif static in _BY_METHOD:
        _, _, awaited, blocking = _BY_METHOD[static]
        signatures = [inspect.signature(method) for method in (awaited, blocking)]
        both = _Either(*(signature.return_annotation for signature in signatures))
        member.signature = signatures[0].replace(return_annotation=both)
        member.in_both_colours = inspect.iscoroutinefunction(awaited)
    elif next(iter(member.signature.parameters), None) == "self":
        member.signature = member.signature_without_self
