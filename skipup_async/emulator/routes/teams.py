"""`/teams` (support.skipup.ai/api/teams). The paths and the shape of a membership are inferred."""

from __future__ import annotations

import sqlite3

from skipup_async.emulator import paging
from skipup_async.emulator.call import Answer, Call, Json, invalid_request, not_found
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.fields import Fields
from skipup_async.emulator.router import Route
from skipup_async.emulator.store import teams

_SELECT = """
SELECT item.*, workspace.handle AS handle,
    (SELECT count(*) FROM team_members WHERE team_id = item.id) AS member_count
FROM teams item JOIN workspaces workspace ON workspace.id = item.workspace_id
WHERE item.workspace_id = :workspace
"""
_MEMBERS = """
SELECT member.id, member.email, member.name, membership.role, membership.available
FROM team_members membership JOIN members member ON member.id = membership.member_id
WHERE membership.team_id = :team ORDER BY membership.last_assigned_at, member.id
"""
_FLAGS = ("stack_always_apply", "include_all_members", "introduce_member")


def index(call: Call) -> Answer:
    """Every team, the latest first."""
    return paging.page(call, _SELECT, shape, workspace=call.workspace)


def show(call: Call) -> Answer:
    """The team, its members, and who is next in turn where they take turns."""
    row = _found(call, call.path["id"])
    team = _with_members(call, row)
    waiting = [member for member in team["members"] if member["available"]]
    following = waiting[0] if waiting and row["mode"] == "pool" else None
    return Answer(200, {"data": {**team, "next_assignee": following}})


def create(call: Call) -> Answer:
    """201 and the team, whose members take turns unless told. How somebody joins one is not documented."""
    body = Fields(call.body)
    body.required("name")
    columns = _columns(body)
    columns["mode"] = columns["mode"] or "pool"
    id = teams.add(call.store, call.ids, call.workspace, columns, call.now)
    call.record("team.created", id)
    return Answer(201, {"data": _with_members(call, _found(call, id))})


def update(call: Call) -> Answer:
    """Only what is sent changes. The slug stays: the team's address is made of it."""
    row = _found(call, call.path["id"])
    body = Fields(call.body)
    for name in ("name", "mode", *_FLAGS):
        if body.given(name):
            body.required(name)
    columns = {name: value for name, value in _columns(body).items() if body.given(name)}
    if columns:
        call.store.update("teams", row["id"], updated_at=call.at, **columns)
        call.record("team.updated", row["id"])
    return Answer(200, {"data": _with_members(call, _found(call, row["id"]))})


def deactivate(call: Call) -> Answer:
    """The team is active no more; what it has is left as it is."""
    row = _found(call, call.path["id"])
    if row["deactivated_at"] is None:
        call.store.update("teams", row["id"], deactivated_at=call.at, updated_at=call.at)
        call.record("team.deactivated", row["id"])
    elif call.profile.repeated == "refuse":
        raise invalid_request("This team is already deactivated")
    return Answer(200, {"data": shape(_found(call, row["id"]))})


ROUTES = (
    Route("GET", "/teams", "teams.read", index),
    Route("GET", "/teams/:id", "teams.read", show),
    Route("POST", "/teams", "teams.write", create),
    Route("PATCH", "/teams/:id", "teams.write", update),
    Route("POST", "/teams/:id/deactivate", "teams.write", deactivate),
)


def shape(row: sqlite3.Row) -> Json:
    """A team as the API shows it in a list."""
    return {
        "id": row["id"],
        "name": row["name"],
        "slug": row["slug"],
        "description": row["description"],
        "mode": row["mode"],
        "email_address": None if row["mode"] == "manual" else f"{row['slug']}.{row['handle']}@skipup.co",
        "member_count": row["member_count"],
        "stack_always_apply": bool(row["stack_always_apply"]),
        "include_all_members": bool(row["include_all_members"]),
        "introduce_member": bool(row["introduce_member"]),
        "introduction_guidance": row["introduction_guidance"],
        "active": row["deactivated_at"] is None,
        "deactivated_at": to_text(row["deactivated_at"]),
        "created_at": to_text(row["created_at"]),
        "updated_at": to_text(row["updated_at"]),
    }


def _columns(body: Fields) -> Json:
    return {
        "name": body.text("name"),
        "mode": body.choice("mode", "pool", "stack", "manual"),
        "description": body.text("description"),
        "introduction_guidance": body.text("introduction_guidance"),
        **{flag: body.flag(flag) or False for flag in _FLAGS},
    }


def _found(call: Call, id: str) -> sqlite3.Row:
    row = call.store.one(f"{_SELECT} AND item.id = :id", workspace=call.workspace, id=id)
    if row is None:
        raise not_found("Team", id)
    return row


def _with_members(call: Call, row: sqlite3.Row) -> Json:
    return {**shape(row), "members": [_membership(member) for member in call.store.all(_MEMBERS, team=row["id"])]}


def _membership(row: sqlite3.Row) -> Json:
    return {
        "member_id": row["id"],
        "email": row["email"],
        "name": row["name"],
        "role": row["role"],
        "available": bool(row["available"]),
    }
