"""Webhook endpoints over a socket: kept and shown."""

from __future__ import annotations

from typing import Any

import pytest

from skipup_async.emulator import Emulator
from tests.emulator.conftest import Api

pytestmark = pytest.mark.anyio

BODY = {"url": "https://hooks.example.com/skipup", "events": ["meeting_request.booked"], "description": "CRM"}


async def test_the_secret_is_shown_once(api: Api) -> None:
    """In the answer to the create, and never again."""
    reply = await api.post("/webhook_endpoints", BODY)
    data = reply.data
    secret = data.pop("secret")
    assert (reply.status, len(secret) >= 24) == (201, True)
    assert (await api.get(f"/webhook_endpoints/{data['id']}")).data == data
    assert (await api.get("/webhook_endpoints")).data == [data]


async def test_an_endpoint_has_the_documented_fields(api: Api) -> None:
    """With what it was given, enabled."""
    data = (await api.post("/webhook_endpoints", BODY)).data
    assert data.pop("id").startswith("we_")
    assert data.pop("created_at") == data.pop("updated_at")
    del data["secret"]
    assert data == {**BODY, "enabled": True, "disabled_at": None, "disabled_reason": None}


async def test_an_endpoint_without_events_hears_of_all(api: Api) -> None:
    """The four documented types."""
    data = (await api.post("/webhook_endpoints", {"url": "http://127.0.0.1:9/"})).data
    assert len(data["events"]) == 4


async def test_an_update_changes_what_it_names(api: Api) -> None:
    """And enabling again clears why it was disabled."""
    id = (await api.post("/webhook_endpoints", BODY)).data["id"]
    disabled = (await api.patch(f"/webhook_endpoints/{id}", {"enabled": False})).data
    assert (disabled["enabled"], disabled["disabled_at"], disabled["url"]) == (
        False,
        disabled["updated_at"],
        BODY["url"],
    )
    enabled = (await api.patch(f"/webhook_endpoints/{id}", {"enabled": True, "description": None})).data
    shown = (enabled["enabled"], enabled["disabled_at"], enabled["disabled_reason"], enabled["description"])
    assert shown == (True, None, None, None)


async def test_a_deleted_endpoint_is_gone(api: Api) -> None:
    """204 without a body, then 404."""
    id = (await api.post("/webhook_endpoints", BODY)).data["id"]
    reply = await api.call("DELETE", f"/webhook_endpoints/{id}")
    assert (reply.status, reply.body) == (204, None)
    assert (await api.call("DELETE", f"/webhook_endpoints/{id}")).error == (404, "not_found")


async def test_deliveries_are_listed_per_endpoint(api: Api) -> None:
    """None yet; 404 for an endpoint that is not there."""
    id = (await api.post("/webhook_endpoints", BODY)).data["id"]
    assert (await api.get(f"/webhook_endpoints/{id}/deliveries")).data == []
    assert (await api.get("/webhook_endpoints/we_unknown/deliveries")).error == (404, "not_found")


WRONG: list[dict[str, Any]] = [
    {"url": None},
    {"url": ""},
    {"url": 7},
    {"url": "hooks.example.com"},
    {"url": "http://hooks.example.com/"},
    {"url": "https://user:pass@hooks.example.com/"},
    {"url": "https://"},
    {"url": "https://[::1"},
    {"url": "https://host:99999/"},
    {"url": "https://exa mple.com/"},
    {"url": "file:///etc/passwd"},
    {"url": "https://h.example/" + "x" * 2048},
    {"events": []},
    {"events": "meeting_request.booked"},
    {"events": [1]},
    {"events": ["anything at all"]},
    {"description": 7},
]


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_wrong_field_is_a_validation_error(emulator: Emulator, api: Api, wrong: dict[str, Any]) -> None:
    """422 validation_error for a create and for an update, and nothing changes."""
    id = (await api.post("/webhook_endpoints", BODY)).data["id"]
    before = (await api.get("/webhook_endpoints")).data
    assert (await api.post("/webhook_endpoints", {**BODY, **wrong})).error == (422, "validation_error")
    assert (await api.patch(f"/webhook_endpoints/{id}", wrong)).error == (422, "validation_error")
    assert (await api.get("/webhook_endpoints")).data == before
