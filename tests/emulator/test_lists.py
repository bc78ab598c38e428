"""Lists: filters, order, pages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import Api

pytestmark = pytest.mark.anyio


async def ids(api: Api, **query: Any) -> list[str]:
    """The ids on one page."""
    return [item["id"] for item in (await api.get("/meeting_requests", **query)).data]


async def test_the_newest_comes_first(emulator: Emulator, api: Api) -> None:
    """Even of those created within one second."""
    made = [emulator.add_meeting_request() for _ in range(5)]
    assert await ids(api) == made[::-1]


async def test_an_empty_list_is_an_empty_page(api: Api) -> None:
    """Nothing found is no error."""
    assert (await api.get("/campaigns")).body == {"data": [], "meta": {"limit": 25, "has_more": False}}


async def test_filters_combine(emulator: Emulator, api: Api) -> None:
    """All that are given have to fit; addresses in any case."""
    wanted = emulator.add_meeting_request(organizer_email="bob@example.com", participant_emails=["Carol@Example.com"])
    emulator.add_meeting_request(organizer_email="bob@example.com", participant_emails=["dan@example.com"])
    emulator.add_meeting_request(participant_emails=["carol@example.com"])
    found = await ids(api, organizer_email="BOB@EXAMPLE.COM", participant_email="carol@example.COM", status="active")
    assert found == [wanted]


async def test_the_status_filters(emulator: Emulator, api: Api) -> None:
    """Only those of that status."""
    booked, _ = emulator.add_meeting_request(), emulator.add_meeting_request()
    emulator.book(booked)
    assert await ids(api, status="booked") == [booked]


async def test_both_times_are_inclusive(emulator: Emulator, api: Api) -> None:
    """On or after, and on or before: the shown second itself is in."""
    now = emulator.now().replace(microsecond=999_000)
    early, middle, late = (
        emulator.add_meeting_request(created_at=now - timedelta(minutes=minutes)) for minutes in (20, 10, 5)
    )
    at = (now - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert await ids(api, created_after=at) == [late, middle]
    assert await ids(api, created_before=at) == [middle, early]


async def test_a_filter_that_fits_nothing_finds_nothing(emulator: Emulator, api: Api) -> None:
    """An odd address is no error; patterns of SQL are letters like others."""
    emulator.add_meeting_request()
    for text in ("nobody", "%", "_", "' OR '1'='1", "alice@example.com'--"):
        assert await ids(api, organizer_email=text) == []


async def test_pages_show_every_item_once(emulator: Emulator, api: Api) -> None:
    """Through the cursors, while new requests come in at the top."""
    made = [emulator.add_meeting_request() for _ in range(7)]
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    while True:
        page = (await api.get("/meeting_requests", **query)).body
        seen += [item["id"] for item in page["data"]]
        emulator.add_meeting_request()
        if not page["meta"]["has_more"]:
            break
        query["cursor"] = page["meta"]["next_cursor"]
    assert seen == made[::-1]


async def test_the_last_page_has_no_cursor(emulator: Emulator, api: Api) -> None:
    """`next_cursor` is left out, not null; a page that is just full is the last."""
    for _ in range(3):
        emulator.add_meeting_request()
    assert (await api.get("/meeting_requests", limit=3)).body["meta"] == {"limit": 3, "has_more": False}


@pytest.mark.parametrize(
    ("asked", "given"), [("0", 1), ("-7", 1), ("1", 1), ("100", 100), ("101", 100), ("9" * 5000, 100)]
)
async def test_a_limit_is_brought_into_its_bounds(api: Api, asked: str, given: int) -> None:
    """1 to 100, and the effective one is shown."""
    assert (await api.get("/meeting_requests", limit=asked)).body["meta"]["limit"] == given


@pytest.mark.parametrize("asked", [0, 101])
async def test_a_limit_out_of_bounds_may_be_refused(asked: int) -> None:
    """The other way the service may behave."""
    async with Emulator(profile=Profile(limit_out_of_range="refuse")) as emulator, Api(emulator) as api:
        assert (await api.get("/meeting_requests", limit=asked)).error == (422, "invalid_request")


async def test_an_unknown_parameter_is_ignored(emulator: Emulator, api: Api) -> None:
    """As Rails does."""
    id = emulator.add_meeting_request()
    assert await ids(api, colour="red") == [id]


async def test_the_last_of_a_repeated_parameter_counts(api: Api) -> None:
    """As Rails does."""
    reply = await api.call("GET", "/meeting_requests?limit=5&limit=7")
    assert reply.body["meta"]["limit"] == 7
