"""What comes in is checked as by a strict service: 422 in the documented envelope, and nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from skipup_async.emulator import Emulator
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio

ALICE = {"organizer_email": "alice@example.com"}
WRONG: list[dict[str, Any]] = [
    {},
    ALICE,
    {"participant_emails": ["a@b.co"]},
    {**MINIMAL, "organizer_email": None},
    {**MINIMAL, "organizer_email": "  "},
    {**MINIMAL, "organizer_email": 7},
    {**MINIMAL, "organizer_email": "alice"},
    {**MINIMAL, "organizer_email": "nobody@example.com"},
    {**ALICE, "participant_emails": []},
    {**ALICE, "participant_emails": "a@b.co"},
    {**ALICE, "participant_emails": {"email": "a@b.co"}},
    {**ALICE, "participant_emails": ["a@b.co", None]},
    {**ALICE, "participant_emails": ["a@b.co", "a b@c.co"]},
    {**ALICE, "participant_emails": ["a@b@c.co"]},
    {**ALICE, "participant_emails": ["a\r\n@b.co"]},
    {**ALICE, "participant_emails": ["a" * 250 + "@b.co"]},
    {**ALICE, "participants": []},
    {**ALICE, "participants": ["a@b.co"]},
    {**ALICE, "participants": [{}]},
    {**ALICE, "participants": [{"email": ""}]},
    {**ALICE, "participants": [{"email": "a@b.co", "name": 1}]},
    {**ALICE, "participants": [{"email": "a@b.co", "timezone": "Mars/Olympus"}]},
    {**MINIMAL, "organizer_timezone": "EST5EDT6"},
    {**MINIMAL, "organizer_timezone": "../etc/passwd"},
    {**MINIMAL, "organizer_name": []},
    {**MINIMAL, "include_introduction": "true"},
    {**MINIMAL, "include_introduction": 1},
    {**MINIMAL, "campaign_id": "cmp_unknown"},
    {**MINIMAL, "campaign_id": 1},
    {**MINIMAL, "context": []},
    {**MINIMAL, "context": "Kickoff"},
    {**MINIMAL, "context": {"title": 1}},
    {**MINIMAL, "context": {"title": "\ud800"}},
    {**MINIMAL, "context": {"title": "a\0b"}},
    {**MINIMAL, "context": {"description": "x" * 5001}},
    {**MINIMAL, "context": {"duration_minutes": 0}},
    {**MINIMAL, "context": {"duration_minutes": -30}},
    {**MINIMAL, "context": {"duration_minutes": 30.5}},
    {**MINIMAL, "context": {"duration_minutes": "30"}},
    {**MINIMAL, "context": {"duration_minutes": True}},
    {**MINIMAL, "context": {"duration_minutes": 10**400}},
    {**MINIMAL, "context": {"timeframe": "next week"}},
    {**MINIMAL, "context": {"timeframe": {"start": "2025-02-01"}}},
    {**MINIMAL, "context": {"timeframe": {"start": "2025-02-01T00:00:00"}}},
    {**MINIMAL, "context": {"timeframe": {"start": "2025-02-30T00:00:00Z"}}},
    {**MINIMAL, "context": {"timeframe": {"start": "2025-02-01T23:59:60Z"}}},
    {**MINIMAL, "context": {"timeframe": {"start": "0001-01-01T00:00:00+14:00"}}},
    {**MINIMAL, "context": {"timeframe": {"start": 1738368000}}},
    {**MINIMAL, "context": {"timeframe": {"start": "2025-02-02T00:00:00Z", "end": "2025-02-01T00:00:00Z"}}},
]


@pytest.mark.parametrize("body", WRONG)
async def test_a_wrong_field_of_a_create_is_a_validation_error(
    emulator: Emulator, api: Api, body: dict[str, Any]
) -> None:
    """422 validation_error, and neither a request nor a person is stored."""
    assert (await api.post("/meeting_requests", body)).error == (422, "validation_error")
    assert (emulator.meeting_requests(), emulator.people(), emulator.effects()) == ([], [], ())


async def test_both_forms_of_participants_at_once_are_refused(api: Api) -> None:
    """422 invalid_request: each is right and together they make no sense."""
    body = {**MINIMAL, "participants": [{"email": "a@b.co"}]}
    assert (await api.post("/meeting_requests", body)).error == (422, "invalid_request")


ODD: list[dict[str, Any]] = [
    {"participant_emails": ["ö@exämple.com"]},
    {"participant_emails": [f"guest{number}@example.com" for number in range(51)]},
    {"context": {"title": ""}},
    {"context": {"title": "'); DROP TABLE meeting_requests; --"}},
    {"context": {"title": "😀 \u202eright to left"}},
    {"context": {"description": "x" * 5000}},
    {"context": {"duration_minutes": 30.0}},
    {"context": {"timeframe": {}}},
    {"context": {"timeframe": {"start": "2025-02-01T00:00:00.123456+05:30"}}},
    {"context": {"timeframe": {"start": "0001-01-01T00:00:00Z", "end": "9999-12-31T23:59:59Z"}}},
    {"context": {"timeframe": {"end": "9999-12-31T23:59:59.999999Z"}}},
    {"context": None, "include_introduction": None, "organizer_name": None},
    {"organizer_email": "ALICE@EXAMPLE.COM"},
    {"colour": "red"},
]


@pytest.mark.parametrize("fields", ODD)
async def test_an_odd_but_legal_create_is_accepted(api: Api, fields: dict[str, Any]) -> None:
    """202: the emulator is no stricter than the documents."""
    assert (await api.post("/meeting_requests", {**MINIMAL, **fields})).status == 202


@pytest.mark.parametrize("zone", ["UTC", "America/Argentina/Buenos_Aires", "Etc/GMT+12", "Asia/Kathmandu"])
async def test_a_time_zone_of_the_database_is_accepted(api: Api, zone: str) -> None:
    """IANA names, the long and the odd ones too."""
    assert (await api.post("/meeting_requests", {**MINIMAL, "organizer_timezone": zone})).status == 202


async def test_a_content_type_may_name_its_charset(api: Api) -> None:
    """As many clients do."""
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    reply = await api.call("POST", "/meeting_requests", data=b"{}", headers=headers)
    assert reply.error == (422, "validation_error")


async def test_a_context_update_is_checked_like_a_create(emulator: Emulator, api: Api) -> None:
    """The end that stays counts too: the merged timeframe must be in order."""
    id = emulator.add_meeting_request(context={"timeframe": {"start": "2025-02-02T00:00:00Z"}})
    before = emulator.meeting_requests()
    reply = await api.post(f"/meeting_requests/{id}/context", {"timeframe": {"end": "2025-02-01T00:00:00Z"}})
    assert reply.error == (422, "validation_error")
    assert emulator.meeting_requests() == before


async def test_a_context_update_knows_no_columns_of_ours(emulator: Emulator, api: Api) -> None:
    """Fields of other names are ignored, those of the database too."""
    id = emulator.add_meeting_request(context={"timeframe": {"start": "2025-02-02T00:00:00Z"}})
    before = emulator.meeting_requests()
    await api.post(f"/meeting_requests/{id}/context", {"timeframe_start": 1, "status": "booked", "id": "x"})
    assert emulator.meeting_requests() == before


@pytest.mark.parametrize("notify", ["yes", 1, []])
async def test_notify_is_true_or_false(emulator: Emulator, api: Api, notify: Any) -> None:
    """422 validation_error, and the request is not cancelled."""
    id = emulator.add_meeting_request()
    assert (await api.post(f"/meeting_requests/{id}/cancel", {"notify": notify})).error == (422, "validation_error")
    assert emulator.meeting_requests()[0]["status"] == "active"
