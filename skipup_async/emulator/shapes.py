"""How a meeting request looks in an answer (support.skipup.ai/api/meeting-requests)."""

from __future__ import annotations

import sqlite3
from types import MappingProxyType

from skipup_async.emulator.call import Json
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.paging import Shaper
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.store import Store, meeting_requests

#: What the documents' own example of each action shows; the rest of the fields is left out there.
_SPARSE = MappingProxyType(
    {
        "index": "id status title purpose duration_minutes timeframe created_at updated_at",
        "show": "id status title duration_minutes created_at updated_at",
        "create": "id status title purpose description include_introduction duration_minutes timeframe"
        " created_at updated_at",
        "cancel": "id status created_at updated_at cancelled_at",
        "pause": "id status title purpose duration_minutes timeframe created_at updated_at paused_at"
        " booked_at cancelled_at",
        "resume": "id status title paused_at created_at updated_at",
        "change_organizer": "id status created_at updated_at",
        "context": "id status title purpose description duration_minutes timeframe created_at updated_at",
    }
)
#: "Present only for booked requests", and so on.
_STAMP = MappingProxyType({"booked": "booked_at", "cancelled": "cancelled_at", "paused": "paused_at"})


def shaper(store: Store, profile: Profile, action: str) -> Shaper:
    """What makes the answer of *action* out of a row, full or sparse as the profile says."""

    def shape(row: sqlite3.Row) -> Json:
        full = meeting_request(store, row)
        return sparse(full, action) if profile.answers == "sparse" else full

    return shape


def meeting_request(store: Store, row: sqlite3.Row) -> Json:
    """Every field, unset ones `null`; those of a campaign only where one is attached."""
    start, end = to_text(row["timeframe_start"]), to_text(row["timeframe_end"])
    shape = {
        "id": row["id"],
        "organizer_email": row["organizer_email"],
        "participant_emails": meeting_requests.participants(store, row["id"]),
        "status": row["status"],
        "title": row["title"],
        "purpose": row["purpose"],
        "description": row["description"],
        "include_introduction": bool(row["include_introduction"]),
        "duration_minutes": row["duration_minutes"],
        "timeframe": {"start": start, "end": end} if start or end else None,
        "created_at": to_text(row["created_at"]),
        "updated_at": to_text(row["updated_at"]),
        "booked_at": to_text(row["booked_at"]),
        "cancelled_at": to_text(row["cancelled_at"]),
        "paused_at": to_text(row["paused_at"]),
    }
    if row["campaign_id"] is not None:
        shape |= {"campaign_id": row["campaign_id"], "campaign_source": row["campaign_source"]}
    return shape


def sparse(full: Json, action: str) -> Json:
    """The fields that the documents' example of *action* shows, and the one time that belongs to the status."""
    names = _SPARSE[action].split()
    stamp = _STAMP.get(full["status"])
    if stamp is not None and stamp not in names:
        names.append(stamp)
    shape = {name: full[name] for name in names}
    if shape.get("timeframe"):
        shape["timeframe"] = {end: at for end, at in shape["timeframe"].items() if at is not None}
    return shape
