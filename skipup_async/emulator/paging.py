"""Query parameters that every list has, and the page it answers with."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from skipup_async.emulator.call import Answer, Call, Json, invalid_request
from skipup_async.emulator.fields import instant

Shaper = Callable[[sqlite3.Row], Json]

_DEFAULT_LIMIT = 25
_LARGEST_LIMIT = 100
_NUMBER = re.compile(r"-?[0-9]+")
_CURSOR = re.compile(r"[a-z]{2,4}_[0-9A-Z]{26}")


def page(call: Call, query: str, show: Shaper, /, **values: Any) -> Answer:
    """One page of *query*, newest first."""
    shown, meta = rows(call, query, **values)
    return Answer(200, {"data": [show(row) for row in shown], "meta": meta})


def rows(call: Call, query: str, /, **values: Any) -> tuple[list[sqlite3.Row], Json]:
    """The rows of one page of *query*, newest first, and its `meta`.

    *query* selects from a table under the name `item` and ends in its conditions. The cursor is the id of the last
    row shown: ids sort by creation, so what is created in between shifts nothing.
    """
    limit = _limit(call)
    sql = f"{query} AND item.id < :cursor ORDER BY item.id DESC LIMIT :rows"
    found = call.store.all(sql, cursor=_cursor(call.query), rows=limit + 1, **values)
    shown = found[:limit]
    meta: Json = {"limit": limit, "has_more": len(found) > limit}
    if meta["has_more"]:
        meta["next_cursor"] = shown[-1]["id"]
    return shown, meta


def moment(query: Mapping[str, str], name: str) -> float | None:
    """The time in a query parameter, in seconds since 1970."""
    text = query.get(name)
    if text is None:
        return None
    value = instant(text)
    if value is None:
        raise invalid_request(f"{name} must be an ISO 8601 timestamp with a UTC offset")
    return value


def choice(query: Mapping[str, str], name: str, *values: str) -> str | None:
    """A query parameter that is one of *values*."""
    text = query.get(name)
    if text is not None and text not in values:
        raise invalid_request(f"{name} must be one of {', '.join(values)}")
    return text


def _limit(call: Call) -> int:
    text = call.query.get("limit")
    if text is None:
        return _DEFAULT_LIMIT
    if not _NUMBER.fullmatch(text):
        raise invalid_request("limit must be an integer")
    # Python refuses to read thousands of digits; nine tell as well that it is too many.
    asked = int(text[:9])
    limit = min(max(asked, 1), _LARGEST_LIMIT)
    if limit != asked and call.profile.limit_out_of_range == "refuse":
        raise invalid_request(f"limit must be between 1 and {_LARGEST_LIMIT}")
    return limit


def _cursor(query: Mapping[str, str]) -> str:
    cursor = query.get("cursor")
    if cursor is None:
        return "~"  # sorts after every id
    if not _CURSOR.fullmatch(cursor):
        raise invalid_request("cursor is not one that a previous page gave")
    return cursor
