"""The state changed from inside, by the API's own handlers: no request is received, no scope asked, none counted."""

from __future__ import annotations

from skipup_async.emulator.call import Call, Caller, Json
from skipup_async.emulator.fields import fold
from skipup_async.emulator.keys import SCOPES
from skipup_async.emulator.profile import PROFILES
from skipup_async.emulator.router import Handler
from skipup_async.emulator.service import Service


def perform(
    service: Service, workspace: str, handler: Handler, body: Json, *, at: float | None = None, id: str = ""
) -> Json:
    """What *handler* answers to *body* in the workspace of that id, at *at* or now. Raise `RefusedError` as it does.

    *id* is what stands in the path. A refusal leaves no trace.
    """
    with service.store.transaction():
        call = Call(
            caller=Caller(key_id="", workspace=workspace, scopes=SCOPES),
            path={"id": id},
            query={},
            body=body,
            now=service.clock.now() if at is None else at,
            store=service.store,
            ids=service.ids,
            profile=PROFILES["default"],
        )
        answer: Json = handler(call).payload["data"]
        return answer


def find_workspace(service: Service, handle: str) -> str | None:
    """The id of the workspace of that handle, `None` if there is none."""
    row = service.store.one("SELECT id FROM workspaces WHERE handle = :handle", handle=handle)
    return None if row is None else str(row["id"])


def add_workspace(service: Service, handle: str, at: float) -> str:
    """An empty workspace; give its id."""
    id = service.ids.make("ws", at)
    service.store.insert("workspaces", id=id, handle=handle, created_at=int(at))
    return id


def find_team(service: Service, workspace: str, name: str) -> str | None:
    """The id of the first team of that name, `None` if there is none."""
    sql = "SELECT id FROM teams WHERE name = :name AND workspace_id = :workspace ORDER BY id"
    row = service.store.one(sql, name=name, workspace=workspace)
    return None if row is None else str(row["id"])


def join_team(service: Service, team: str, workspace: str, email: str) -> None:
    """Let the member with that e-mail address into a team, once. Raise `ValueError` if there is no such member."""
    joined = service.store.run(
        "INSERT INTO team_members (team_id, member_id, role)"
        " SELECT :team, id, 'member' FROM members WHERE workspace_id = :workspace AND email_folded = :email"
        " ON CONFLICT DO UPDATE SET role = role",
        team=team,
        workspace=workspace,
        email=fold(email),
    )
    if not joined:
        raise ValueError(f"{email!r} is no member of this workspace")
