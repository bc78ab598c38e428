"""`/campaigns` (support.skipup.ai/api/campaigns)."""

from __future__ import annotations

import sqlite3

from skipup_async.emulator import lifecycle, paging
from skipup_async.emulator.call import Answer, Call, Json, RefusedError, invalid_request, invalid_value, not_found
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.fields import Fields
from skipup_async.emulator.router import Route
from skipup_async.emulator.slugs import free_slug

_SELECT = """
SELECT item.*, team.name AS team_name, workspace.handle AS handle,
    (SELECT count(*) FROM meeting_requests WHERE campaign_id = item.id) AS requests,
    (SELECT count(*) FROM meeting_requests WHERE campaign_id = item.id AND status = 'booked') AS booked
FROM campaigns item
JOIN teams team ON team.id = item.team_id
JOIN workspaces workspace ON workspace.id = item.workspace_id
WHERE item.workspace_id = :workspace
"""


def index(call: Call) -> Answer:
    """Newest first; `active=true` leaves out those that have ended. Another value of it filters nothing."""
    sql, values = _SELECT, {"workspace": call.workspace}
    if call.query.get("active") == "true":
        sql += " AND item.deactivated_at IS NULL AND (item.ends_at IS NULL OR item.ends_at >= :now)"
        return paging.page(call, sql, _shaper(call), now=call.now, **values)
    return paging.page(call, sql, _shaper(call), **values)


def show(call: Call) -> Answer:
    """One campaign."""
    return _answer(call, call.path["id"])


def create(call: Call) -> Answer:
    """201 and the campaign."""
    body = Fields(call.body)
    body.required("name")
    body.required("team_id")
    columns = _columns(call, body)
    _check_dates(columns["starts_at"], columns["ends_at"])
    id = call.ids.make("cmp", call.now)
    call.store.insert(
        "campaigns",
        id=id,
        workspace_id=call.workspace,
        slug=free_slug(columns["name"], _slugs(call)),
        created_at=call.at,
        updated_at=call.at,
        **columns,
    )
    call.record("campaign.created", id)
    return _answer(call, id, status=201)


def update(call: Call) -> Answer:
    """Only what is sent changes. The slug stays: the campaign's address is made of it."""
    row = _found(call, call.path["id"])
    body = Fields(call.body)
    for name in ("name", "team_id"):
        if body.given(name):
            body.required(name)
    columns = {name: value for name, value in _columns(call, body).items() if body.given(name)}
    _check_dates(columns.get("starts_at", row["starts_at"]), columns.get("ends_at", row["ends_at"]))
    if columns:
        call.store.update("campaigns", row["id"], updated_at=call.at, **columns)
        call.record("campaign.updated", row["id"])
    return _answer(call, row["id"])


def deactivate(call: Call) -> Answer:
    """Ends a campaign for good."""
    row = _found(call, call.path["id"])
    if row["deactivated_at"] is None:
        call.store.update("campaigns", row["id"], deactivated_at=call.at, updated_at=call.at)
        call.record("campaign.deactivated", row["id"])
    elif call.profile.repeated == "refuse":
        raise invalid_request("This campaign is already deactivated")
    return _answer(call, row["id"])


ROUTES = (
    Route("GET", "/campaigns", "campaigns.read", index),
    Route("GET", "/campaigns/:id", "campaigns.read", show),
    Route("POST", "/campaigns", "campaigns.write", create),
    Route("PATCH", "/campaigns/:id", "campaigns.write", update),
    Route("POST", "/campaigns/:id/deactivate", "campaigns.write", deactivate),
)


def attached(call: Call, id: str | None) -> Json:
    """The columns of a meeting request that belongs to a campaign: its id, and its description as it is now."""
    if id is None:
        return {}
    row = _row(call, id)
    if row is None:
        raise _unknown(call, "Campaign", "campaign_id", id)
    return {"campaign_id": id, "campaign_source": row["description"]}


def shape(row: sqlite3.Row, now: float) -> Json:
    """A campaign as the API shows it at *now*."""
    return {
        "id": row["id"],
        "name": row["name"],
        "slug": row["slug"],
        "description": row["description"],
        "email_address": f"{row['slug']}.{row['handle']}@skipup.co",
        "team_id": row["team_id"],
        "team_name": row["team_name"],
        "active": lifecycle.is_running(row["ends_at"], row["deactivated_at"], now),
        "starts_at": to_text(row["starts_at"]),
        "ends_at": to_text(row["ends_at"]),
        "deactivated_at": to_text(row["deactivated_at"]),
        "meeting_request_count": row["requests"],
        "meetings_booked_count": row["booked"],
        "booking_rate": lifecycle.booking_rate(row["requests"], row["booked"]),
        "created_at": to_text(row["created_at"]),
        "updated_at": to_text(row["updated_at"]),
    }


def _columns(call: Call, body: Fields) -> Json:
    columns = {
        "name": body.text("name"),
        "team_id": body.text("team_id"),
        "description": body.text("description"),
        "starts_at": body.instant("starts_at"),
        "ends_at": body.instant("ends_at"),
    }
    team = columns["team_id"]
    if team is not None and not call.store.one(
        "SELECT 1 FROM teams WHERE workspace_id = :workspace AND id = :id", workspace=call.workspace, id=team
    ):
        raise _unknown(call, "Team", "team_id", str(team))
    return columns


def _check_dates(starts_at: int | None, ends_at: int | None) -> None:
    if starts_at is not None and ends_at is not None and starts_at > ends_at:
        raise invalid_value("ends_at must not be before starts_at")


def _slugs(call: Call) -> frozenset[str]:
    rows = call.store.all("SELECT slug FROM campaigns WHERE workspace_id = :workspace", workspace=call.workspace)
    return frozenset(row["slug"] for row in rows)


def _unknown(call: Call, model: str, field: str, id: str) -> RefusedError:
    if call.profile.unknown_reference == 404:
        return not_found(model, id)
    return invalid_value(f"{field} is not one of this workspace")


def _shaper(call: Call) -> paging.Shaper:
    return lambda row: shape(row, call.now)


def _row(call: Call, id: str) -> sqlite3.Row | None:
    return call.store.one(f"{_SELECT} AND item.id = :id", workspace=call.workspace, id=id)


def _found(call: Call, id: str) -> sqlite3.Row:
    row = _row(call, id)
    if row is None:
        raise not_found("Campaign", id)
    return row


def _answer(call: Call, id: str, *, status: int = 200) -> Answer:
    return Answer(status, {"data": shape(_found(call, id), call.now)})
