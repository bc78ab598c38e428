"""Teams in the database: added under a slug of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skipup_async.emulator.identifiers import Identifiers
from skipup_async.emulator.slugs import free_slug
from skipup_async.emulator.store.store import Store


def add(store: Store, ids: Identifiers, workspace: str, columns: Mapping[str, Any], at: float) -> str:
    """Add a team without members; give its id."""
    id = ids.make("tm", at)
    rows = store.all("SELECT slug FROM teams WHERE workspace_id = :workspace", workspace=workspace)
    store.insert(
        "teams",
        id=id,
        workspace_id=workspace,
        slug=free_slug(columns["name"], frozenset(row["slug"] for row in rows)),
        created_at=int(at),
        updated_at=int(at),
        **columns,
    )
    return id
