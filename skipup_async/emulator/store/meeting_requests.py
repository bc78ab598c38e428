"""Meeting requests in the database: found, added, changed; every change leaves an effect."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from skipup_async.emulator.fields import fold
from skipup_async.emulator.lifecycle import Change
from skipup_async.emulator.store.effects import record
from skipup_async.emulator.store.store import Store

#: Requests, their columns in the order that answers show them in.
SELECT = """
SELECT item.id, item.organizer_email, item.participant_emails, item.status,
item.title, item.purpose, item.description, item.include_introduction, item.duration_minutes,
item.timeframe_start, item.timeframe_end,
item.created_at, item.updated_at, item.booked_at, item.cancelled_at, item.paused_at,
item.campaign_id, item.campaign_source, item.workspace_id
FROM meeting_requests item
"""


@attrs.frozen
class Person:
    """Someone who takes part: what the API stores of a participant or an organizer."""

    email: str
    name: str | None = None
    timezone: str | None = None


def find(store: Store, workspace: str, id: str) -> sqlite3.Row:
    """The request of that id. Raise `LookupError` if this workspace has none."""
    row = store.one(SELECT + "WHERE item.workspace_id = :workspace AND item.id = :id", workspace=workspace, id=id)
    if row is None:
        raise LookupError(id)
    return row


def add(store: Store, columns: dict[str, Any], organizer: Person, people: Sequence[Person]) -> None:
    """Add a request and those who take part in it."""
    store.insert("meeting_requests", participant_emails=" ".join(person.email for person in people), **columns)
    for person in people:
        store.insert("participants", email_folded=fold(person.email), meeting_request_id=columns["id"])
    for person in (organizer, *people):
        _remember(store, columns["workspace_id"], person)
    record(store, columns["workspace_id"], "meeting_request.created", columns["id"], columns["created_at"])


def change(store: Store, row: sqlite3.Row, change: Change) -> sqlite3.Row:
    """Apply a change; give the request as it is now."""
    store.update("meeting_requests", row["id"], **change.columns)
    record(store, row["workspace_id"], change.effect, row["id"], change.columns["updated_at"])
    return find(store, row["workspace_id"], row["id"])


def _remember(store: Store, workspace: str, person: Person) -> None:
    """Keep what is told of a person; a name that is known already stays (support.skipup.ai/api/meeting-requests)."""
    store.run(
        "INSERT INTO people (workspace_id, email_folded, email, name, timezone)"
        " VALUES (:workspace, :folded, :email, :name, :timezone)"
        " ON CONFLICT DO UPDATE SET name = coalesce(name, :name), timezone = coalesce(:timezone, timezone)",
        workspace=workspace,
        folded=fold(person.email),
        email=person.email,
        name=person.name,
        timezone=person.timezone,
    )
