"""What has happened, written in the transaction that made it happen."""

from __future__ import annotations

from skipup_async.emulator.store.store import Store


def record(store: Store, workspace: str, type: str, subject: str, at: int) -> None:
    """Write down that something happened to *subject*."""
    store.insert("effects", workspace_id=workspace, subject_id=subject, type=type, at=at)
