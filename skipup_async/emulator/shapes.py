"""How a meeting request looks in an answer (support.skipup.ai/api/meeting-requests)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from skipup_async.emulator.call import Json, to_json
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.paging import Shaper
from skipup_async.emulator.profile import Profile

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


def shaper(profile: Profile, action: str) -> Shaper:
    """What makes the answer of *action* out of a row, full or sparse as the profile says."""

    def shape(row: sqlite3.Row) -> Json:
        full = meeting_request(row)
        return sparse(full, action) if profile.answers == "sparse" else full

    return shape


@lru_cache(maxsize=4096)  # a list shows the same rows again and again, and to write them is most of its work
def as_json(row: tuple[Any, ...], answers: str, action: str) -> str:
    """What `shaper` makes of the columns of *row*, as JSON."""
    full = meeting_request(row)
    return to_json(sparse(full, action) if answers == "sparse" else full)


def meeting_request(row: Iterable[Any]) -> Json:
    """Every field, unset ones `null`; those of a campaign only where one is attached."""
    # By position, in the order of the query: by name, a page of a hundred takes three times as long.
    id, organizer, people, status, title, purpose, description, introduction, minutes, start, end, *more = row
    created, updated, booked, cancelled, paused, campaign, source, _workspace = more
    shape = {
        "id": id,
        "organizer_email": organizer,
        "participant_emails": people.split(" "),
        "status": status,
        "title": title,
        "purpose": purpose,
        "description": description,
        "include_introduction": bool(introduction),
        "duration_minutes": minutes,
        "timeframe": None if start is None and end is None else {"start": to_text(start), "end": to_text(end)},
        "created_at": to_text(created),
        "updated_at": to_text(updated),
        "booked_at": to_text(booked),
        "cancelled_at": to_text(cancelled),
        "paused_at": to_text(paused),
    }
    if campaign is not None:
        shape |= {"campaign_id": campaign, "campaign_source": source}
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
