"""What the page shows, read from a running emulator. Nothing is changed by it, and nothing counted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import attrs

from skipup_async.emulator.keys import bearer, ending
from skipup_async.emulator.received import Log, Received
from skipup_async.emulator.router import API
from skipup_async.emulator.service import Service
from skipup_async.emulator.store import MEMORY, Store
from skipup_async.emulator.windows import Fill, RateLimit

Row = Mapping[str, Any]

#: The latest so many of each kind are shown; all are counted.
MOST = 25

_MEETINGS = """
SELECT item.id, item.workspace_id, item.title, item.organizer_email, item.participant_emails, item.status,
    item.updated_at
FROM meeting_requests item
"""
_CAMPAIGNS = """
SELECT item.workspace_id, item.name, item.slug, item.ends_at, item.deactivated_at,
    (SELECT name FROM teams WHERE id = item.team_id) AS team,
    (SELECT count(*) FROM meeting_requests WHERE campaign_id = item.id) AS requests,
    (SELECT count(*) FROM meeting_requests WHERE campaign_id = item.id AND status = 'booked') AS booked
FROM campaigns item
"""
_TEAMS = """
SELECT item.workspace_id, item.name, item.slug, item.mode,
    (SELECT count(*) FROM team_members WHERE team_id = item.id) AS members
FROM teams item
"""
_DELIVERIES = """
SELECT endpoint.workspace_id, endpoint.url, item.event_type, item.status, item.response_code, item.attempts,
    item.created_at, item.last_attempted_at, item.next_attempt_at
FROM deliveries item JOIN webhook_endpoints endpoint ON endpoint.id = item.webhook_endpoint_id
"""
_WORKSPACES = """
SELECT item.id, item.id AS workspace_id, (SELECT count(*) FROM members WHERE workspace_id = item.id) AS members,
    (SELECT count(*) FROM meeting_requests WHERE workspace_id = item.id) AS requests,
    (SELECT count(*) FROM api_keys WHERE workspace_id = item.id) AS keys
FROM workspaces item
"""
#: What is read of each table. No secret and no hash is among it: what is not here cannot be shown.
_QUERIES = {
    "meeting_requests": _MEETINGS,
    "members": "SELECT item.workspace_id, item.name, item.email, item.role, item.deactivated_at FROM members item",
    "campaigns": _CAMPAIGNS,
    "teams": _TEAMS,
    "webhook_endpoints": "SELECT item.workspace_id, item.url, item.events, item.enabled, item.failures"
    " FROM webhook_endpoints item",
    "deliveries": _DELIVERIES,
    "workspaces": _WORKSPACES,
    "api_keys": "SELECT item.id, item.workspace_id, item.ending, item.scopes, item.expires_at, item.revoked_at"
    " FROM api_keys item",
}
_WITH_STATUS = ("meeting_requests", "deliveries")


@attrs.frozen(kw_only=True)
class Call:
    """One request received: who sent it, how long ago in seconds, what for, and what it was answered."""

    ago: float
    method: str
    target: str
    #: The end of the API key; empty for a short one, `None` where no key came along.
    key: str | None
    idempotency_key: str | None
    status: int | None


@attrs.frozen(kw_only=True)
class Listing:
    """The latest of one kind of thing, how many there are, and how many of each status."""

    rows: Sequence[Row]
    total: int
    #: Empty for what has none.
    statuses: Mapping[str, int]


@attrs.frozen(kw_only=True)
class State:
    """An emulator at one moment."""

    now: float
    #: Seconds that its clock is ahead of real time.
    ahead: float
    #: Where it keeps its state, `None` for memory.
    file: str | None
    calls: list[Call]
    call_count: int
    limit: RateLimit | None
    #: By the id of the API key.
    fills: Mapping[str, Fill]
    listings: Mapping[str, Listing]


def read(service: Service, log: Log) -> State:
    """The state of *service* and the requests in *log*."""
    store = service.store
    with store.transaction():
        handles = {row["id"]: row["handle"] for row in store.all("SELECT id, handle FROM workspaces")}
        listings = {table: _listing(store, table, handles) for table in _QUERIES}
    now = time.monotonic()
    return State(
        now=service.clock.now(),
        ahead=service.clock.ahead,
        file=None if store.path == MEMORY else store.path,
        calls=[_call(received, now) for received in log.latest(MOST)],
        call_count=log.count,
        limit=service.limiter.limit,
        fills=service.limiter.fills(service.clock.steady()),
        listings=listings,
    )


def _listing(store: Store, table: str, handles: Mapping[str, str]) -> Listing:
    group = "status" if table in _WITH_STATUS else "NULL"
    counts = {row[0]: row[1] for row in store.all(f"SELECT {group}, count(*) FROM {table} GROUP BY 1")}  # noqa: S608 - literals
    # Of the keys all: the busy ones are shown first, whenever they were made.
    most = -1 if table == "api_keys" else MOST
    rows = store.all(f"{_QUERIES[table]} ORDER BY item.id DESC LIMIT :most", most=most)
    return Listing(
        rows=[{**row, "workspace": handles[row["workspace_id"]]} for row in map(dict, rows)],
        total=sum(counts.values()),
        statuses=counts if table in _WITH_STATUS else {},
    )


def _call(received: Received, now: float) -> Call:
    key = bearer(received.headers.all("Authorization"))
    path = unquote(received.path).removeprefix(API)  # the page names the base URL once
    query = "&".join(f"{name}={value}" for name, value in received.query.items())
    return Call(
        ago=now - received.arrived,
        method=received.method,
        target=f"{path}?{query}" if query else path,
        key=None if key is None else ending(key),
        idempotency_key=received.headers.get("Idempotency-Key"),
        status=received.status,
    )
