"""Webhook deliveries: which there are, which are due, what an attempt makes of them. No network and no clock.

How often SkipUp tries, and for how long, is not documented: the numbers below are this emulator's own.
"""

from __future__ import annotations

import json
import sqlite3

import attrs

from skipup_async.emulator.call import Json
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.identifiers import Identifiers
from skipup_async.emulator.shapes import meeting_request
from skipup_async.emulator.store import Store

#: What endpoints can be told of (blog.skipup.ai, for developers).
EVENTS = tuple(f"meeting_request.{what}" for what in ("created", "booked", "cancelled", "organizer_changed"))
#: Seconds from a failed attempt to the next one; after the last of them the delivery has failed.
BACKOFF = (10, 60, 600, 3600)
#: Failed attempts in a row, of any deliveries, after which an endpoint is switched off.
MOST_FAILURES = 10
#: Deliveries to one endpoint that were tried and wait for their next attempt; beyond them a new one fails untried.
MOST_RETRIED = 1000

_DUE = """
SELECT delivery.*, endpoint.url, endpoint.secret
FROM deliveries delivery JOIN webhook_endpoints endpoint ON endpoint.id = delivery.webhook_endpoint_id
WHERE delivery.status = 'pending' AND delivery.next_attempt_at <= :now AND endpoint.enabled
"""
_NEXT = """
SELECT delivery.next_attempt_at AS at
FROM deliveries delivery JOIN webhook_endpoints endpoint ON endpoint.id = delivery.webhook_endpoint_id
WHERE delivery.status = 'pending' AND endpoint.enabled
ORDER BY at LIMIT 1
"""
_RETRIED = """
SELECT count(*) FROM deliveries
WHERE webhook_endpoint_id = :endpoint AND status = 'pending' AND attempts > 0
"""


@attrs.frozen
class Due:
    """A delivery whose time has come."""

    id: str
    endpoint_id: str
    url: str
    secret: str = attrs.field(repr=False)
    #: What is posted, byte by byte.
    body: bytes = attrs.field(repr=False)
    #: How often it was tried before.
    attempts: int


def announce(store: Store, ids: Identifiers, request: sqlite3.Row, effect: str, now: float) -> None:
    """Write down a delivery to every endpoint that wants to know of *effect*; belongs into the effect's transaction."""
    if effect not in EVENTS:
        return
    sql = "SELECT id, events FROM webhook_endpoints WHERE workspace_id = :workspace AND enabled"
    rows = store.all(sql, workspace=request["workspace_id"])
    endpoints = [row["id"] for row in rows if effect in json.loads(row["events"])]
    if not endpoints:
        return
    payload: Json = {
        "id": ids.make("evt", now),
        "type": effect,
        "created_at": to_text(now),
        "data": meeting_request(request),
    }
    for endpoint in endpoints:
        _add(store, ids.make("whd", now), endpoint, payload, now)


def due(store: Store, now: float) -> list[Due]:
    """The deliveries to attempt at *now*, in the order of what they tell of."""
    return [_read(row) for row in store.all(_DUE + "ORDER BY delivery.effect", now=now)]


def still_due(store: Store, id: str, now: float) -> Due | None:
    """A delivery as it is at *now*, `None` if its endpoint is gone or switched off, or it is not to be attempted."""
    row = store.one(_DUE + "AND delivery.id = :id", now=now, id=id)
    return None if row is None else _read(row)


def next_due(store: Store) -> float | None:
    """When the next attempt is due, `None` if nothing waits."""
    row = store.one(_NEXT)
    return None if row is None else row["at"]


def give_up(store: Store, delivery: Due) -> None:
    """The delivery fails as it is."""
    store.update("deliveries", delivery.id, status="failed", next_attempt_at=None)


def attempted(store: Store, delivery: Due, code: int | None, now: float) -> bool:
    """Write down an attempt that was answered with *code*, `None` for no answer; say whether the endpoint stays on."""
    succeeded = code is not None and 200 <= code <= 299
    waits = None if succeeded or delivery.attempts >= len(BACKOFF) else BACKOFF[delivery.attempts]
    with store.transaction():
        store.update(
            "deliveries",
            delivery.id,
            status="success" if succeeded else "failed" if waits is None else "pending",
            response_code=code,
            attempts=delivery.attempts + 1,
            last_attempted_at=int(now),
            delivered_at=int(now) if succeeded else None,
            next_attempt_at=None if waits is None else int(now) + waits,
        )
        if succeeded:
            store.update("webhook_endpoints", delivery.endpoint_id, failures=0)
            return True
        return _failed(store, delivery.endpoint_id, int(now))


def _read(row: sqlite3.Row) -> Due:
    payload = row["payload"].encode()
    return Due(row["id"], row["webhook_endpoint_id"], row["url"], row["secret"], payload, row["attempts"])


def _add(store: Store, id: str, endpoint: str, payload: Json, now: float) -> None:
    full = _number(store, _RETRIED, endpoint=endpoint) >= MOST_RETRIED
    store.insert(
        "deliveries",
        id=id,
        webhook_endpoint_id=endpoint,
        effect=_number(store, "SELECT max(sequence) FROM effects"),
        event_type=payload["type"],
        status="failed" if full else "pending",
        payload=json.dumps(payload, ensure_ascii=False),
        next_attempt_at=None if full else int(now),
        created_at=int(now),
    )


def _number(store: Store, sql: str, **values: str) -> int:
    row = store.one(sql, **values)
    return 0 if row is None else int(row[0])


def _failed(store: Store, endpoint: str, at: int) -> bool:
    """Count a failed attempt; the last of too many switches the endpoint off."""
    store.run("UPDATE webhook_endpoints SET failures = failures + 1 WHERE id = :id", id=endpoint)
    switched_off = store.run(
        "UPDATE webhook_endpoints SET enabled = 0, disabled_at = :at, disabled_reason = 'too_many_failures',"
        " updated_at = :at WHERE id = :id AND enabled AND failures >= :most",
        id=endpoint,
        at=at,
        most=MOST_FAILURES,
    )
    return not switched_off
