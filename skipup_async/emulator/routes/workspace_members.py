"""`/workspace_members` (support.skipup.ai/api/workspace-members)."""

from __future__ import annotations

import sqlite3

from skipup_async.emulator import paging
from skipup_async.emulator.call import Answer, Call, Json, invalid_request, invalid_value, not_found
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.fields import Fields, fold
from skipup_async.emulator.router import Route

_DEFAULT_ROLE = "member"


def index(call: Call) -> Answer:
    """Active members only, the latest first."""
    sql = (
        "SELECT item.* FROM members item WHERE item.workspace_id = :workspace AND item.deactivated_at IS NULL"
        " AND (:email IS NULL OR item.email_folded = :email) AND (:role IS NULL OR item.role = :role)"
    )
    email = call.query.get("email")
    return paging.page(
        call,
        sql,
        shape,
        workspace=call.workspace,
        email=None if email is None else fold(email),
        role=call.query.get("role"),
    )


def add(call: Call) -> Answer:
    """201 and the member. Which fields there are beside `email` is not documented; `name` and `role` are read."""
    body = Fields(call.body)
    body.required("email")
    email, name = body.email("email") or "", body.text("name")
    role = body.text("role") or _DEFAULT_ROLE
    if _by_email(call, email) is not None:
        raise invalid_value("email has already been taken")
    id = call.ids.make("mem", call.now)
    call.store.insert(
        "members",
        id=id,
        workspace_id=call.workspace,
        email=email,
        email_folded=fold(email),
        name=name,
        role=role,
        created_at=call.at,
    )
    call.record("workspace_member.added", id)
    return Answer(201, {"data": shape(_found(call, id))})


def deactivate(call: Call) -> Answer:
    """The member leaves the list and can organize nothing more."""
    row = _found(call, call.path["id"])
    return _set(call, row, call.at, repeated=row["deactivated_at"] is not None, state="deactivated")


def reactivate(call: Call) -> Answer:
    """The member is back."""
    row = _found(call, call.path["id"])
    return _set(call, row, None, repeated=row["deactivated_at"] is None, state="active")


ROUTES = (
    Route("GET", "/workspace_members", "members.read", index),
    Route("POST", "/workspace_members", "members.write", add),
    Route("POST", "/workspace_members/:id/deactivate", "members.write", deactivate),
    Route("POST", "/workspace_members/:id/reactivate", "members.write", reactivate),
)


def shape(row: sqlite3.Row) -> Json:
    """A member as the API shows it."""
    return {
        "id": row["id"],
        "email": row["email"],
        "name": row["name"],
        "role": row["role"],
        "deactivated_at": to_text(row["deactivated_at"]),
        "created_at": to_text(row["created_at"]),
    }


def active_member(call: Call, email: str, field: str) -> str:
    """The address of the active member who has that e-mail, as it is spelled in the workspace. Raise a 422 if none."""
    row = _by_email(call, email)
    if row is None or row["deactivated_at"] is not None:
        raise invalid_value(f"{field} must be an active workspace member")
    return str(row["email"])


def _by_email(call: Call, email: str) -> sqlite3.Row | None:
    return call.store.one(
        "SELECT * FROM members WHERE workspace_id = :workspace AND email_folded = :email",
        workspace=call.workspace,
        email=fold(email),
    )


def _found(call: Call, id: str) -> sqlite3.Row:
    row = call.store.one(
        "SELECT * FROM members WHERE workspace_id = :workspace AND id = :id", workspace=call.workspace, id=id
    )
    if row is None:
        raise not_found("WorkspaceMembership", id)
    return row


def _set(call: Call, row: sqlite3.Row, deactivated_at: int | None, *, repeated: bool, state: str) -> Answer:
    if repeated and call.profile.repeated == "refuse":
        raise invalid_request(f"This member is already {state}")
    if not repeated:
        call.store.update("members", row["id"], deactivated_at=deactivated_at)
        call.record(f"workspace_member.{'reactivated' if deactivated_at is None else 'deactivated'}", row["id"])
    return Answer(200, {"data": shape(_found(call, row["id"]))})
