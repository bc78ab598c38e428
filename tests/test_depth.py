"""JSON that nests deeper than anything of the services: refused wherever it would be kept."""

import json
from typing import Any

import pytest
from multidict import CIMultiDict

from skipup_async import MeetingRequest, Page, ResponseError
from skipup_async.core.answer import Answer, interpret
from skipup_async.core.body import LARGEST_BODY
from skipup_async.core.depth import is_deep
from skipup_async.core.dialect import Dialect
from skipup_async.core.request import Request

DIALECT = Dialect(name="A service", base_url="https://api.example.com", key_variable="KEY", url_variable="URL")
anything = Request("GET", ("things",), object)
one = Request("GET", ("things", "mr_1"), MeetingRequest)
several = Request("GET", ("things",), Page[MeetingRequest])


def in_a_list(value: Any) -> Any:
    """*value*, one level deeper."""
    return [value]


def in_an_object(value: Any) -> Any:
    """*value*, one level deeper."""
    return {"a": value}


lists_and_objects = pytest.mark.parametrize("inner", [in_a_list, in_an_object])


def nested(levels: int, inner: Any) -> Any:
    """A value of so many *levels*, each made by *inner*."""
    value: Any = "the last"
    for _ in range(levels):
        value = inner(value)
    return value


def read(request: Request[Any], payload: Any) -> Any:
    """What the answer *payload* to *request* means."""
    return interpret(request, Answer(200, CIMultiDict[str](), json.dumps(payload).encode()), DIALECT, LARGEST_BODY)


@lists_and_objects
def test_plain_json_may_have_200_levels(inner: Any) -> None:
    """The 200th is read, and the 201st refused."""
    assert read(anything, nested(200, inner)) == nested(200, inner)
    with pytest.raises(ResponseError, match="deeper than 200 levels"):
        read(anything, nested(201, inner))


@lists_and_objects
def test_what_nobody_announced_may_have_200_levels(inner: Any) -> None:
    """The object of the extra fields is one of them; the error names no more than that."""
    kept = read(one, {"data": {"id": "mr_1", "new": nested(199, inner)}})
    assert kept.to_dict()["new"] == nested(199, inner)
    with pytest.raises(ResponseError, match="nests deeper than 200 levels"):
        read(one, {"data": {"id": "mr_1", "new": nested(200, inner)}})
    with pytest.raises(ResponseError, match="nests deeper than 200 levels"):
        read(several, {"data": [{"id": "mr_1"}, {"id": "mr_2", "new": nested(200, inner)}]})


@lists_and_objects
def test_what_is_not_kept_does_no_harm(inner: Any) -> None:
    """Beside the object nothing is read, however deep it is."""
    assert read(one, {"data": {"id": "mr_1"}, "new": nested(300, inner)}) == MeetingRequest("mr_1")


def test_levels_are_counted_and_not_brackets() -> None:
    """A thousand lists side by side are two levels."""
    assert not is_deep([[] for _ in range(1000)])
    assert not is_deep("[" * 1000)
