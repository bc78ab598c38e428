"""`/api_keys` (support.skipup.ai/api/api-keys-and-seats). The path of a deletion is inferred.

No document says that a key can give only the rights it has, or that a workspace keeps its last one: any key with
`api_keys.write` makes and deletes any key of its workspace, itself among them.
"""

from __future__ import annotations

import sqlite3

from skipup_async.emulator import paging
from skipup_async.emulator.call import Answer, Call, Json, invalid_value, not_found
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.fields import Fields
from skipup_async.emulator.keys import SCOPES, Keys, minted_key
from skipup_async.emulator.router import Route

_SELECT = "SELECT item.* FROM api_keys item WHERE item.workspace_id = :workspace AND item.revoked_at IS NULL"


def index(call: Call) -> Answer:
    """Those that are let in, the latest first. The `meta` of this list alone has no limit, and a cursor of `null`."""
    sql = f"{_SELECT} AND (item.expires_at IS NULL OR item.expires_at > :now)"
    rows, meta = paging.rows(call, sql, workspace=call.workspace, now=call.now)
    meta = {"has_more": meta["has_more"], "next_cursor": meta.get("next_cursor")}
    return Answer(200, {"data": [shape(row) for row in rows], "meta": meta})


def create(call: Call) -> Answer:
    """201 with the key itself, which is shown this once and not kept. A key without scopes may do nothing."""
    body = Fields(call.body)
    body.required("name")
    name, scopes, expires = body.text("name"), body.texts("scopes") or [], body.instant("expires_at")
    for position, scope in enumerate(scopes):
        if scope not in SCOPES:
            raise invalid_value(f"scopes[{position}] is no scope that a key can have")
    if expires is not None and expires <= call.now:
        raise invalid_value("expires_at must be in the future")
    key, keys = minted_key(), Keys(call.store, call.ids, call.profile)
    id = keys.add(key, workspace=call.workspace, scopes=scopes, now=call.now, name=name or "", expires=expires)
    call.record("api_key.created", id)
    return Answer(201, {"data": {**shape(_found(call, id)), "key": key}})


def delete(call: Call) -> Answer:
    """204: the key is let in no more, for good."""
    row = _found(call, call.path["id"])
    call.store.update("api_keys", row["id"], revoked_at=call.at)
    call.record("api_key.deleted", row["id"])
    return Answer(204)


ROUTES = (
    Route("GET", "/api_keys", "api_keys.read", index),
    Route("POST", "/api_keys", "api_keys.write", create, secret=True),
    Route("DELETE", "/api_keys/:id", "api_keys.write", delete),
)


def shape(row: sqlite3.Row) -> Json:
    """An API key as the API shows it."""
    return {
        "id": row["id"],
        "name": row["name"],
        "key_prefix": row["beginning"],
        "scopes": row["scopes"].split(),
        "expires_at": to_text(row["expires_at"]),
        "last_used_at": to_text(row["last_used_at"]),
        "created_at": to_text(row["created_at"]),
    }


def _found(call: Call, id: str) -> sqlite3.Row:
    row = call.store.one(f"{_SELECT} AND item.id = :id", workspace=call.workspace, id=id)
    if row is None:
        raise not_found("ApiKey", id)
    return row
