"""Everything public is explained in the source, and `help()` shows it in both colours."""

import inspect
import pydoc
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, get_args

import pytest

from skipup_async import AsyncSkipUp, BlockingPager, Pager, SkipUp
from skipup_async.core.resource import Declared, composed, paged
from skipup_async.core.streamed import streamed
from skipup_async.emulator import Emulator
from skipup_async.hiringcenter import AsyncHiringCenter, HiringCenter
from skipup_async.skipup.meeting_requests import MeetingRequests
from skipup_async.thareja import AsyncThareja, Thareja
from tests.reference.calls import CALLS, Call, resources
from tests.reference.public import MODULES, comment, members, names, said

#: Writes help without bold letters.
PLAIN: Any = vars(pydoc)["plaintext"]

NAMES = [(f"{module}.{name}", value) for module in MODULES for name, value in names(module).items()]
CLASSES = {value: name for name, value in reversed(NAMES) if inspect.isclass(value)}


each_call = pytest.mark.parametrize("call", CALLS, ids=[call.place for call in CALLS])


@pytest.mark.parametrize(("name", "value"), NAMES, ids=[name for name, _ in NAMES])
def test_a_public_name_is_explained(name: str, value: Any) -> None:
    """A class or function has a docstring of its own; any other value a comment, where it is made."""
    if inspect.isclass(value) or inspect.isroutine(value):
        assert vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    else:
        assert comment(name.rpartition(".")[2], value)


@pytest.mark.parametrize("cls", CLASSES, ids=CLASSES.values())
def test_every_public_attribute_is_explained(cls: type) -> None:
    """A method or property has a docstring; a field a comment, or a place in the docstring of its class."""
    assert [name for name, _ in members(cls) if not said(cls, name)] == []


def test_the_public_names_are_found() -> None:
    """There are as many as there must be, so that the tests above test something."""
    assert len(NAMES) > 100
    assert len(CALLS) > 30
    assert {"MeetingRequests", "Campaigns"} <= names("skipup_async").keys()


@each_call
def test_help_begins_with_the_call_and_goes_on_with_its_docstring(call: Call) -> None:
    """The name, the arguments without `self`, `async` where it is awaited, and the words of the declaration."""
    for method in (call.awaited, call.blocking):
        shown = pydoc.render_doc(method, renderer=PLAIN).split("\n", 2)[2]
        asynchronous = "async " * inspect.iscoroutinefunction(method)
        assert re.match(rf"{asynchronous}{method.__name__}\((?!\s*self)", shown)
        assert " ".join(shown.split()).endswith(" ".join((inspect.getdoc(call.declared) or "").split()))


@each_call
def test_help_says_what_comes_back_in_each_colour(call: Call) -> None:
    """An object from a call, from a list the pager of the colour, from a series its iterator."""
    written = inspect.signature(vars(call.declared)["_function"], eval_str=True).return_annotation
    told = [inspect.signature(method).return_annotation for method in (call.awaited, call.blocking)]
    assert told == _in_each_colour(call.declared, written)


def _in_each_colour(declared: Declared[Any], written: Any) -> list[Any]:
    if isinstance(declared, composed):
        return [written, written]
    [inner] = get_args(written)
    if isinstance(declared, paged):
        [inner] = get_args(inner)
        kinds: tuple[Any, Any] = (Pager, BlockingPager)
    elif isinstance(declared, streamed):
        kinds = (AsyncIterator, Iterator)
    else:
        return [inner, inner]
    return [kind[inner] for kind in kinds]


@pytest.mark.parametrize("client", [AsyncSkipUp, SkipUp, AsyncHiringCenter, HiringCenter, AsyncThareja, Thareja])
def test_help_of_a_resource_says_what_it_is_for(client: Any) -> None:
    """In the same words on the client's class and on the resource, which may add to them."""
    _, *found = resources(client("sk_test_0123456789"))
    said_of = {place: inspect.getdoc(getattr(client, place.rpartition(".")[2])) or "" for place, _ in found}
    assert all(said_of.values())
    assert [place for place, each in found if not (inspect.getdoc(each) or "").startswith(said_of[place])] == []


@each_call
def test_help_of_the_class_shows_the_call_and_what_it_gives_in_either_colour(call: Call) -> None:
    """With `self`, as any method; a return type that depends on the colour is the one or the other."""
    owner: type = call.blocking.__self__.__class__
    shown = pydoc.render_doc(getattr(owner, call.blocking.__name__), renderer=PLAIN)
    assert re.search(rf"^{call.blocking.__name__}\(\s*self\b", shown, re.MULTILINE)
    one, other = (inspect.signature(method).return_annotation for method in (call.awaited, call.blocking))
    assert inspect.signature(call.declared).return_annotation == one | other


@each_call
def test_a_long_signature_is_shown_with_a_line_for_each_argument(call: Call) -> None:
    """No line of `help()` is wider than a window, and no name stands behind the module it comes from."""
    lines = str(inspect.signature(call.blocking)).splitlines()
    assert [line for line in lines if len(line) > 88 or "skipup_async" in line] == []


def test_a_call_on_the_class_is_a_call_on_the_resource(emulator: Emulator) -> None:
    """A declared method can be called as any function in a class, with the resource as its first argument."""
    with SkipUp(emulator.api_key, base_url=emulator.url) as skipup:
        created = skipup.meeting_requests.create(organizer_email="alice@example.com", participants=["c@example.org"])
        assert MeetingRequests.get(skipup.meeting_requests, created.id) == created
