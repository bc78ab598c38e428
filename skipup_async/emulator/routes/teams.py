"""`/teams` (support.skipup.ai/api/teams). The paths and the shape of a membership are inferred."""

from __future__ import annotations

import sqlite3

from skipup_async.emulator import paging
from skipup_async.emulator.call import Answer, Call, Json, not_found
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.router import Route

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


def index(call: Call) -> Answer:
    """Every team, the latest first."""
    return paging.page(call, _SELECT, shape, workspace=call.workspace)


def show(call: Call) -> Answer:
    """The team, its members, and who is next in turn where they take turns."""
    id = call.path["id"]
    row = call.store.one(f"{_SELECT} AND item.id = :id", workspace=call.workspace, id=id)
    if row is None:
        raise not_found("Team", id)
    members = [_membership(member) for member in call.store.all(_MEMBERS, team=id)]
    waiting = [member for member in members if member["available"]]
    following = waiting[0] if waiting and row["mode"] == "pool" else None
    return Answer(200, {"data": {**shape(row), "members": members, "next_assignee": following}})


ROUTES = (
    Route("GET", "/teams", "teams.read", index),
    Route("GET", "/teams/:id", "teams.read", show),
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


def _membership(row: sqlite3.Row) -> Json:
    return {
        "member_id": row["id"],
        "email": row["email"],
        "name": row["name"],
        "role": row["role"],
        "available": bool(row["available"]),
    }
