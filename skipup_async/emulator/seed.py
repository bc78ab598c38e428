"""What a workspace begins with, and what a test puts there without calling the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from skipup_async.emulator import inside
from skipup_async.emulator.call import Json, RefusedError
from skipup_async.emulator.clock import to_seconds
from skipup_async.emulator.fields import fold
from skipup_async.emulator.router import Handler
from skipup_async.emulator.routes import campaigns, meeting_requests, workspace_members
from skipup_async.emulator.service import Service
from skipup_async.emulator.store import teams

HANDLE = "example"

_TEAM = "Sales"
_MEMBERS = (("bob@example.com", "Bob Smith", "member"), ("alice@example.com", "Alice Johnson", "admin"))


class Seeds:
    """Adds to the state from inside: no request is received, no scope asked, no limit counted.

    All `add_` methods raise `ValueError` for what the API would refuse. A *workspace* that does not exist is made,
    with its two members and its team.
    """

    _running: Service | None = None

    @property
    def _service(self) -> Service:
        if self._running is None:
            raise RuntimeError("the emulator is not running: use `with` or `async with`")
        return self._running

    def add_member(self, email: str, *, name: str | None = None, role: str = "member", workspace: str = HANDLE) -> str:
        """An active member; give the id."""
        return self._add(workspace_members.add, {"email": email, "name": name, "role": role}, workspace)

    def add_campaign(
        self, name: str, *, workspace: str = HANDLE, created_at: datetime | None = None, **body: Any
    ) -> str:
        """A campaign with the fields of the API's own *body*, of the first team unless told; give the id."""
        body = {"name": name, "team_id": self.team_id(workspace=workspace), **body}
        return self._add(campaigns.create, body, workspace, created_at)

    def add_meeting_request(self, *, workspace: str = HANDLE, created_at: datetime | None = None, **body: Any) -> str:
        """An active request with the fields of the API's own *body*, Alice asking Bob unless told; give the id."""
        body = {"organizer_email": "alice@example.com", **body}
        if "participants" not in body:
            body.setdefault("participant_emails", ["bob@example.com"])
        return self._add(meeting_requests.create, body, workspace, created_at)

    def add_team(
        self,
        name: str,
        *,
        mode: Literal["pool", "stack", "manual"] = "pool",
        members: Sequence[str] = (),
        workspace: str = HANDLE,
    ) -> str:
        """A team of the *members* with those e-mail addresses; give the id."""
        service, now = self._service, self._service.clock.now()
        with service.store.transaction():
            owner = self._workspace(workspace)
            id = teams.add(service.store, service.ids, owner, {"name": name, "mode": mode}, now)
            for email in members:
                inside.join_team(service, id, owner, email)
        return id

    def team_id(self, name: str = _TEAM, *, workspace: str = HANDLE) -> str:
        """The id of the team of that name. Raise `LookupError` if there is none."""
        id = inside.find_team(self._service, self._workspace(workspace), name)
        if id is None:
            raise LookupError(f"no team {name!r} in workspace {workspace!r}")
        return id

    def _workspace(self, handle: str) -> str:
        """The id of a workspace, made with its members and its team if there is none of that handle."""
        service, now = self._service, self._service.clock.now()
        with service.store.transaction():
            found = inside.find_workspace(service, handle)
            if found is not None:
                return found
            id = inside.add_workspace(service, handle, now)
            for email, name, role in _MEMBERS:  # Alice last: lists begin with the latest
                service.store.insert(
                    "members",
                    id=service.ids.make("mem", now),
                    workspace_id=id,
                    email=email,
                    email_folded=fold(email),
                    name=name,
                    role=role,
                    created_at=int(now),
                )
            self.add_team(_TEAM, members=[email for email, _, _ in _MEMBERS], workspace=handle)
            return id

    def _add(self, create: Handler, body: Json, workspace: str, created_at: datetime | None = None) -> str:
        """The id of what the API's own handler makes of *body*."""
        service = self._service
        at = None if created_at is None else to_seconds(created_at)
        with service.store.transaction():
            try:
                made = inside.perform(service, self._workspace(workspace), create, body, at=at)
            except RefusedError as refusal:
                raise ValueError(refusal.message) from None
        service.courier.wake()
        return str(made["id"])
