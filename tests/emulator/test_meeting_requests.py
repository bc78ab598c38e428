"""Meeting requests over a socket: the eight documented endpoints and what they do."""

from __future__ import annotations

from typing import Any

import pytest

from skipup_async.emulator import Emulator, Profile
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio

FULL = {
    "organizer_email": "alice@example.com",
    "organizer_name": "Alice Chen",
    "organizer_timezone": "America/New_York",
    "participants": [
        {"email": "bob@example.org", "name": "Bob Lee", "timezone": "America/Chicago"},
        {"email": "carol@example.com"},
    ],
    "include_introduction": True,
    "context": {
        "title": "Kickoff",
        "purpose": "Roadmap",
        "description": "Short.",
        "duration_minutes": 45,
        "timeframe": {"start": "2025-02-01T00:00:00Z", "end": "2025-02-15T01:59:59+02:00"},
    },
}


async def test_a_create_is_accepted_with_all_it_was_given(api: Api) -> None:
    """202; the context is flattened, participants come back as addresses, times in UTC."""
    reply = await api.post("/meeting_requests", FULL)
    data = reply.data
    assert reply.status == 202
    assert data["id"].startswith("mr_")
    assert data["created_at"] == data["updated_at"]
    del data["id"], data["created_at"], data["updated_at"]
    assert data == {
        "organizer_email": "alice@example.com",
        "participant_emails": ["bob@example.org", "carol@example.com"],
        "status": "active",
        "title": "Kickoff",
        "purpose": "Roadmap",
        "description": "Short.",
        "include_introduction": True,
        "duration_minutes": 45,
        "timeframe": {"start": "2025-02-01T00:00:00Z", "end": "2025-02-14T23:59:59Z"},
        "booked_at": None,
        "cancelled_at": None,
        "paused_at": None,
    }


async def test_what_is_told_of_people_is_stored(emulator: Emulator, api: Api) -> None:
    """A name backfills one that is not set and replaces none that is."""
    await api.post("/meeting_requests", FULL)
    await api.post("/meeting_requests", {**MINIMAL, "organizer_name": "Somebody Else"})
    people = {person["email"]: (person["name"], person["timezone"]) for person in emulator.people()}
    assert people == {
        "alice@example.com": ("Alice Chen", "America/New_York"),
        "bob@example.org": ("Bob Lee", "America/Chicago"),
        "carol@example.com": (None, None),
    }


async def test_a_participant_named_twice_is_one(api: Api) -> None:
    """The list of participants is normalized: addresses that differ in case only are the same."""
    reply = await api.post("/meeting_requests", {**MINIMAL, "participant_emails": ["a@b.co", "c@d.co", "A@B.CO"]})
    assert reply.data["participant_emails"] == ["a@b.co", "c@d.co"]


async def test_a_timeframe_may_have_one_end(api: Api) -> None:
    """Each end is optional."""
    context = {"timeframe": {"end": "2025-02-14T23:59:59Z"}}
    reply = await api.post("/meeting_requests", {**MINIMAL, "context": context})
    assert reply.data["timeframe"] == {"start": None, "end": "2025-02-14T23:59:59Z"}


async def test_get_gives_what_create_gave(api: Api) -> None:
    """The same object under its id."""
    created = (await api.post("/meeting_requests", FULL)).data
    assert (await api.get(f"/meeting_requests/{created['id']}")).data == created


async def test_a_request_goes_through_its_whole_life(emulator: Emulator, api: Api) -> None:
    """Paused, resumed, booked; every change moves updated_at to the moment of its stamp."""
    id = emulator.add_meeting_request()
    emulator.advance(minutes=5)
    paused = (await api.post(f"/meeting_requests/{id}/pause")).data
    emulator.advance(minutes=5)
    resumed = (await api.post(f"/meeting_requests/{id}/resume")).data
    emulator.advance(minutes=5)
    booked = emulator.book(id)
    assert [paused["status"], resumed["status"], booked["status"]] == ["paused", "active", "booked"]
    assert paused["updated_at"] == paused["paused_at"] > paused["created_at"]
    assert resumed["paused_at"] is None
    assert booked["updated_at"] == booked["booked_at"] > resumed["updated_at"] > paused["updated_at"]
    assert (await api.get(f"/meeting_requests/{id}")).data == booked


@pytest.mark.parametrize("body", [None, {}, {"notify": True}, {"notify": False}])
async def test_cancel_takes_an_optional_notify(emulator: Emulator, api: Api, body: Any) -> None:
    """With a body or without, a request is cancelled and stamped."""
    data = (await api.post(f"/meeting_requests/{emulator.add_meeting_request()}/cancel", body)).data
    assert (data["status"], data["updated_at"]) == ("cancelled", data["cancelled_at"])


async def test_a_step_that_the_status_forbids_is_refused_and_changes_nothing(emulator: Emulator, api: Api) -> None:
    """422 invalid_request with the documented text; the object stays as it was."""
    id = emulator.add_meeting_request()
    before = (await api.post(f"/meeting_requests/{id}/pause")).data
    emulator.advance(minutes=1)
    reply = await api.post(f"/meeting_requests/{id}/pause")
    assert reply.error == (422, "invalid_request")
    assert reply.message == "Cannot pause a request that is already paused"
    assert emulator.meeting_requests() == [before]


async def test_the_organizer_changes_to_another_active_member(emulator: Emulator, api: Api) -> None:
    """The address is the member's own, however it was spelled."""
    path = f"/meeting_requests/{emulator.add_meeting_request()}/change_organizer"
    assert (await api.post(path, {"new_organizer_email": "BOB@example.com"})).data[
        "organizer_email"
    ] == "bob@example.com"


@pytest.mark.parametrize("email", ["nobody@example.com", "not an address", "", None, 7])
async def test_the_organizer_cannot_be_just_anybody(emulator: Emulator, api: Api, email: Any) -> None:
    """422 validation_error for all but an active member."""
    path = f"/meeting_requests/{emulator.add_meeting_request()}/change_organizer"
    assert (await api.post(path, {"new_organizer_email": email})).error == (422, "validation_error")


async def test_a_context_update_changes_what_it_names(emulator: Emulator, api: Api) -> None:
    """What is not sent stays, and null clears."""
    id = emulator.add_meeting_request(context=FULL["context"])
    data = (await api.post(f"/meeting_requests/{id}/context", {"title": "New", "purpose": None})).data
    assert (data["title"], data["purpose"], data["description"]) == ("New", None, "Short.")


@pytest.mark.parametrize(("update", "start"), [("merge", "2025-02-01T00:00:00Z"), ("replace", None)])
async def test_one_end_of_a_timeframe_merges_or_replaces(update: Any, start: str | None) -> None:
    """Undocumented, so the profile says which."""
    async with Emulator(profile=Profile(timeframe_update=update)) as emulator, Api(emulator) as api:
        id = emulator.add_meeting_request(context=FULL["context"])
        body = {"timeframe": {"end": "2025-02-20T00:00:00Z"}}
        data = (await api.post(f"/meeting_requests/{id}/context", body)).data
    assert data["timeframe"] == {"start": start, "end": "2025-02-20T00:00:00Z"}


async def test_an_empty_context_update_changes_nothing(emulator: Emulator, api: Api) -> None:
    """200 and the object as it was, updated_at included."""
    id = emulator.add_meeting_request()
    before = emulator.meeting_requests()
    emulator.advance(minutes=1)
    assert (await api.post(f"/meeting_requests/{id}/context", {})).data == before[0]


async def test_a_paused_request_resumes_when_a_participant_replies(emulator: Emulator, api: Api) -> None:
    """SkipUp may resume a request by itself."""
    id = emulator.add_meeting_request()
    await api.post(f"/meeting_requests/{id}/pause")
    emulator.reply(id)
    assert (await api.get(f"/meeting_requests/{id}")).data["status"] == "active"


async def test_every_change_leaves_one_effect(emulator: Emulator, api: Api) -> None:
    """What tests count side effects by: one for each thing that happened, none for a refusal."""
    id = (await api.post("/meeting_requests", MINIMAL)).data["id"]
    for step in ("pause", "pause", "resume", "cancel", "cancel"):
        await api.post(f"/meeting_requests/{id}/{step}")
    types = [effect.type.removeprefix("meeting_request.") for effect in emulator.effects(id)]
    assert types == ["created", "paused", "resumed", "cancelled"]


TOLD = "title purpose description duration_minutes timeframe"
SPARSE = {
    "create": f"id status {TOLD} include_introduction created_at updated_at",
    "pause": "id status title purpose duration_minutes timeframe"
    " created_at updated_at paused_at booked_at cancelled_at",
    "resume": "id status title paused_at created_at updated_at",
    "change_organizer": "id status created_at updated_at",
    "context": f"id status {TOLD} created_at updated_at",
    "cancel": "id status created_at updated_at cancelled_at",
    "show": "id status title duration_minutes created_at updated_at cancelled_at",
}


async def test_sparse_answers_have_the_fields_of_the_documented_examples() -> None:
    """The same profile for every action, and no field beyond its example."""
    async with Emulator(profile="sparse") as emulator, Api(emulator) as api:
        replies = {"create": await api.post("/meeting_requests", FULL)}
        path = f"/meeting_requests/{replies['create'].data['id']}"
        for step in ("pause", "resume", "change_organizer", "context", "cancel"):
            body = {"new_organizer_email": "bob@example.com"} if step == "change_organizer" else {"title": "New"}
            replies[step] = await api.post(f"{path}/{step}", body)
        replies["show"] = await api.get(path)
    assert {name: set(reply.data) for name, reply in replies.items()} == {
        name: set(fields.split()) for name, fields in SPARSE.items()
    }
