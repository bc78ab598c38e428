"""`/webhook_endpoints` (support.skipup.ai/api/webhooks). Paths other than the list, and the secret, are inferred."""

from __future__ import annotations

import json
import re
import secrets
import sqlite3

from skipup_async.emulator import paging
from skipup_async.emulator.call import Answer, Call, Json, invalid_value, not_found
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.deliveries import EVENTS
from skipup_async.emulator.fields import Fields
from skipup_async.emulator.router import Route

#: https to anywhere, http to loopback alone, without user name; in openapi.json too.
_URL = re.compile(
    r"(https://[A-Za-z0-9._~-]+|http://(localhost|127(\.(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}|\[::1\]))"
    r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?"
    r"([/?#][!-~]*)?"
)
_EVENT_SHAPE = re.compile(r"[a-z_]+\.[a-z_]+")
_LONGEST_URL = 2048


def index(call: Call) -> Answer:
    """Every endpoint, the latest first."""
    sql = "SELECT item.* FROM webhook_endpoints item WHERE item.workspace_id = :workspace"
    return paging.page(call, sql, shape, workspace=call.workspace)


def show(call: Call) -> Answer:
    """One endpoint, without its secret."""
    return Answer(200, {"data": shape(_found(call, call.path["id"]))})


def create(call: Call) -> Answer:
    """201 with the signing secret, which is shown this once."""
    body = Fields(call.body)
    body.required("url")
    columns = _columns(body)
    id, secret = call.ids.make("we", call.now), f"whsec_{secrets.token_urlsafe(32)}"
    call.store.insert(
        "webhook_endpoints",
        id=id,
        workspace_id=call.workspace,
        url=columns["url"],
        description=columns["description"],
        events=columns["events"] or json.dumps(EVENTS),
        enabled=True,
        secret=secret,
        created_at=call.at,
        updated_at=call.at,
    )
    call.record("webhook_endpoint.created", id)
    return Answer(201, {"data": {**shape(_found(call, id)), "secret": secret}})


def update(call: Call) -> Answer:
    """Only what is sent changes. Enabling an endpoint again forgets its failures."""
    row = _found(call, call.path["id"])
    body = Fields(call.body)
    for name in ("url", "events", "enabled"):
        if body.given(name):
            body.required(name)
    columns = {name: value for name, value in _columns(body).items() if body.given(name)}
    if body.flag("enabled") is not None:
        columns |= _switched(on=bool(body.flag("enabled")), at=call.at, was_on=bool(row["enabled"]))
    if columns:
        call.store.update("webhook_endpoints", row["id"], updated_at=call.at, **columns)
        call.record("webhook_endpoint.updated", row["id"])
    return Answer(200, {"data": shape(_found(call, row["id"]))})


def delete(call: Call) -> Answer:
    """204: the endpoint and its deliveries are gone."""
    row = _found(call, call.path["id"])
    call.store.run("DELETE FROM webhook_endpoints WHERE id = :id", id=row["id"])
    call.record("webhook_endpoint.deleted", row["id"])
    return Answer(204)


def deliveries(call: Call) -> Answer:
    """What was sent to an endpoint, the latest first."""
    row = _found(call, call.path["id"])
    sql = "SELECT item.* FROM deliveries item WHERE item.webhook_endpoint_id = :endpoint"
    return paging.page(call, sql, delivery, endpoint=row["id"])


ROUTES = (
    Route("GET", "/webhook_endpoints", "webhooks.read", index),
    Route("GET", "/webhook_endpoints/:id", "webhooks.read", show),
    Route("POST", "/webhook_endpoints", "webhooks.write", create),
    Route("PATCH", "/webhook_endpoints/:id", "webhooks.write", update),
    Route("DELETE", "/webhook_endpoints/:id", "webhooks.write", delete),
    Route("GET", "/webhook_endpoints/:id/deliveries", "webhooks.read", deliveries),
)


def shape(row: sqlite3.Row) -> Json:
    """An endpoint as the API shows it."""
    return {
        "id": row["id"],
        "url": row["url"],
        "description": row["description"],
        "enabled": bool(row["enabled"]),
        "events": json.loads(row["events"]),
        "disabled_at": to_text(row["disabled_at"]),
        "disabled_reason": row["disabled_reason"],
        "created_at": to_text(row["created_at"]),
        "updated_at": to_text(row["updated_at"]),
    }


def delivery(row: sqlite3.Row) -> Json:
    """A delivery as the API shows it."""
    return {
        "id": row["id"],
        "event_type": row["event_type"],
        "status": row["status"],
        "payload": json.loads(row["payload"]),
        "response_code": row["response_code"],
        "attempts": row["attempts"],
        "delivered_at": to_text(row["delivered_at"]),
        "last_attempted_at": to_text(row["last_attempted_at"]),
        "created_at": to_text(row["created_at"]),
    }


def _columns(body: Fields) -> Json:
    url, events = body.text("url", longest=_LONGEST_URL), body.texts("events")
    if url is not None and not _URL.fullmatch(url):
        raise invalid_value("url must be https, or http on a loopback host")
    if events is not None and (not events or not all(map(_EVENT_SHAPE.fullmatch, events))):
        raise invalid_value("events must name at least one event type, such as meeting_request.created")
    return {"url": url, "description": body.text("description"), "events": events and json.dumps(events)}


def _switched(*, on: bool, at: int, was_on: bool) -> Json:
    if on:
        return {"enabled": True, "disabled_at": None, "disabled_reason": None, "failures": 0}
    return {"enabled": False, "disabled_at": at, "disabled_reason": "manual"} if was_on else {}


def _found(call: Call, id: str) -> sqlite3.Row:
    row = call.store.one(
        "SELECT * FROM webhook_endpoints WHERE workspace_id = :workspace AND id = :id",
        workspace=call.workspace,
        id=id,
    )
    if row is None:
        raise not_found("WebhookEndpoint", id)
    return row
