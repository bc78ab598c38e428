"""A seed put into an emulator: workspace by workspace, all or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from skipup_async.emulator import inside, lifecycle
from skipup_async.emulator.call import Json, invalid_value
from skipup_async.emulator.clock import Clock
from skipup_async.emulator.fields import Fields
from skipup_async.emulator.keys import check_key
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.router import Handler
from skipup_async.emulator.routes import campaigns, meeting_requests, teams, webhook_endpoints, workspace_members
from skipup_async.emulator.seed import HANDLE
from skipup_async.emulator.seed_file import Entry, read
from skipup_async.emulator.service import Service
from skipup_async.emulator.store import Store
from skipup_async.emulator.store import meeting_requests as requests

_HANDLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_STEPS: Mapping[str, Callable[[str, int], lifecycle.Change]] = MappingProxyType(
    {"paused": lifecycle.pause, "booked": lifecycle.book, "cancelled": lifecycle.cancel}
)
_SHORTEST_SECRET = 24  # what signs with a shorter one warns


class Seed:
    """Seed data that was found good: it was put into an emulator of its own, to see that it can be."""

    def __init__(self, seed: str | os.PathLike[str] | Mapping[str, Any], *, allow_live_keys: bool) -> None:
        self._content = read(seed)
        self._allow_live_keys = allow_live_keys
        #: The API keys in it.
        self.keys: set[str] = set()
        store = Store()
        try:
            self.sow(Service(store, Clock(), Profile(), None))
        finally:
            store.close()
        unknown = next(self._content.unread(), None)
        if unknown is not None:
            raise ValueError(f"{unknown} is not a field that means anything there")

    def sow(self, service: Service) -> None:
        """Put everything into *service*, in one transaction; nothing of it is posted to a webhook."""
        self.keys.clear()
        with service.store.transaction():
            for entry in self._content.entries("workspaces"):
                self._workspace(service, entry)

    def _workspace(self, service: Service, entry: Entry) -> None:
        workspace = _Workspace(service, _add_workspace(service, entry))
        for member in entry.entries("members"):
            workspace.member(member)
        for team in entry.entries("teams"):
            workspace.team(team)
        for campaign in entry.entries("campaigns"):
            workspace.campaign(campaign)
        for request in entry.entries("meeting_requests"):
            workspace.meeting_request(request)
        workspace.deactivate()  # only now: until here somebody may have organized something
        for endpoint in entry.entries("webhook_endpoints"):
            workspace.webhook_endpoint(endpoint)
        for key in entry.entries("keys"):
            self._key(service, workspace.id, key)

    def _key(self, service: Service, workspace: str, entry: Entry) -> None:
        with entry.judged():
            fields = Fields(entry)
            fields.required("key")
            key, scopes, expires = fields.text("key") or "", fields.texts("scopes"), fields.instant("expires_at")
        try:
            check_key(key, allow_live=self._allow_live_keys)
        except ValueError as error:
            raise ValueError(f"{entry.at('key')}: {error}") from None
        if key in self.keys:
            raise ValueError(f"{entry.at('key')} stands in the file twice")
        self.keys.add(key)
        try:
            service.keys.add(key, workspace=workspace, scopes=scopes, now=service.clock.now(), expires=expires)
        except ValueError as error:
            raise ValueError(f"{entry.at('scopes')}: {error}") from None


class _Workspace:
    """One workspace that is being filled."""

    def __init__(self, service: Service, id: str) -> None:
        self.id = id
        self._service = service
        self._now = service.clock.now()
        self._deactivations: list[tuple[Handler, str, float]] = []

    def member(self, entry: Entry) -> None:
        self._add_and_deactivate(entry, entry, workspace_members.add, workspace_members.deactivate)

    def team(self, entry: Entry) -> None:
        with entry.judged():
            fields = Fields(entry)
            members, at = fields.emails("members") or [], self._created(fields)
            team: str = self._perform(teams.create, entry, at=at)["id"]
        for number, email in enumerate(members):
            try:
                inside.join_team(self._service, team, self.id, email)
            except ValueError as error:
                raise ValueError(f"{entry.at('members')}[{number}]: {error}") from None

    def campaign(self, entry: Entry) -> None:
        with entry.judged():
            fields = Fields(entry)
            fields.required("team")
            name = fields.text("team") or ""
            team = inside.find_team(self._service, self.id, name)
            if team is None:
                raise invalid_value(f"team is none of this workspace: {name!r}")
        body = entry.completed(team_id=team)
        self._add_and_deactivate(entry, body, campaigns.create, campaigns.deactivate)

    def meeting_request(self, entry: Entry) -> None:
        with entry.judged():
            fields = Fields(entry)
            at, status = self._created(fields), fields.choice("status", "active", *_STEPS)
            name = fields.text("campaign")
            body = entry if name is None else entry.completed(campaign_id=self._campaign(name))
            made = self._perform(meeting_requests.create, body, at=at)
            if status is not None and status != "active":
                later = self._later(fields, f"{status}_at", at)
                row = requests.find(self._service.store, self.id, made["id"])
                step = _STEPS[status](row["status"], int(at if later is None else later))
                requests.change(self._service.store, row, step)

    def webhook_endpoint(self, entry: Entry) -> None:
        with entry.judged():
            fields = Fields(entry)
            secret, at = fields.text("secret"), self._created(fields)
            made = self._perform(webhook_endpoints.create, entry, at=at)
            if secret is not None:
                if len(secret.encode()) < _SHORTEST_SECRET:
                    raise invalid_value(f"secret is too short (minimum is {_SHORTEST_SECRET} bytes)")
                self._service.store.update("webhook_endpoints", made["id"], secret=secret)

    def deactivate(self) -> None:
        for handler, id, at in self._deactivations:
            self._perform(handler, {}, at=at, id=id)

    def _add_and_deactivate(self, entry: Entry, body: Json, create: Handler, deactivate: Handler) -> None:
        with entry.judged():
            fields = Fields(entry)
            at = self._created(fields)
            ended = self._later(fields, "deactivated_at", at)
            made = self._perform(create, body, at=at)
        if ended is not None:
            self._deactivations.append((deactivate, made["id"], ended))

    def _perform(self, handler: Handler, body: Json, *, at: float, id: str = "") -> Json:
        return inside.perform(self._service, self.id, handler, body, at=at, id=id)

    def _campaign(self, name: str) -> str:
        row = self._service.store.one(
            "SELECT id FROM campaigns WHERE name = :name AND workspace_id = :workspace ORDER BY id",
            name=name,
            workspace=self.id,
        )
        if row is None:
            raise invalid_value(f"campaign is none of this workspace: {name!r}")
        return str(row["id"])

    def _created(self, fields: Fields) -> float:
        at = fields.instant("created_at")
        if at is not None and at < 0:
            raise invalid_value("created_at must not be before 1970")
        return self._now if at is None else at

    def _later(self, fields: Fields, name: str, created: float) -> float | None:
        at = fields.instant(name)
        if at is not None and at < int(created):
            raise invalid_value(f"{name} must not be before created_at")
        return at


def _add_workspace(service: Service, entry: Entry) -> str:
    with entry.judged():
        handle = Fields(entry).text("handle")
        handle = HANDLE if handle is None else handle
        if not _HANDLE.fullmatch(handle):
            raise invalid_value("handle must be lower-case letters and digits, with single hyphens between them")
        if inside.find_workspace(service, handle) is not None:
            raise invalid_value(f"handle stands in the file twice: {handle}")
    return inside.add_workspace(service, handle, service.clock.now())
