"""The tables of the page, one line a column: what it is called and what it shows of a row."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Literal

import attrs

from skipup_async.emulator.keys import SCOPES
from skipup_async.emulator.lifecycle import booking_rate, is_running
from skipup_async.emulator.page.markup import Html, distance, element, joined, moment
from skipup_async.emulator.page.state import Call, Row

#: The colour of each status, by its name in the style sheet.
TONES = MappingProxyType(
    {
        "active": "live",
        "paused": "wait",
        "booked": "good",
        "cancelled": "off",
        "pending": "wait",
        "success": "good",
        "failed": "bad",
        "deactivated": "off",
        "ended": "off",
        "enabled": "good",
        "disabled": "bad",
        "revoked": "bad",
        "expired": "off",
    }
)


@attrs.frozen
class Column:
    """One column: its heading, what it shows of a row at a time, and what kind of thing that is."""

    title: str
    show: Callable[[Row, float], str]
    kind: Literal["status", "answer", "text", "gauge", "number", "workspace", "when"] = "text"
    #: Left out where the table is narrow.
    minor: bool = attrs.field(default=False, kw_only=True)


def table(columns: Sequence[Column], rows: Sequence[Row], now: float) -> Html:
    """The table of *rows*."""
    heads = [element("th", column.title, scope="col", class_=_class(column)) for column in columns]
    lines = [element("tr", *(_cell(column, row, now) for column in columns)) for row in rows]
    return element("table", element("thead", element("tr", *heads)), element("tbody", *lines))


def status(word: str, tone: str | None = None) -> Html:
    """A status, by its colour and its word."""
    return element("span", word, class_=f"status {tone or TONES[word]}")


def calls_table(calls: Sequence[Call]) -> Html:
    """The table of the requests received."""
    return table(_CALLS, [attrs.asdict(call) for call in calls], 0.0)


def _class(column: Column) -> str:
    return f"{column.kind} minor" if column.minor else column.kind


def _cell(column: Column, row: Row, now: float) -> Html:
    shown = column.show(row, now)
    title = None if isinstance(shown, Html) else shown
    return element("td", shown, class_=_class(column), title=title)


def _two(first: str | None, second: str, *, unnamed: str = "—") -> Html:
    """A line, and a smaller one below it."""
    line = element("span", unnamed, class_="none") if first is None else element("span", first, title=first)
    return joined(line, element("small", second, title=second))


def _answer(row: Row, _now: float) -> Html:
    code: int | None = row["status"]
    if code is None:
        return status("no answer", "off")
    try:
        phrase = HTTPStatus(code).phrase
    except ValueError:
        phrase = ""
    tone = "bad" if code >= 500 else "wait" if code == 429 else "warn" if code >= 400 else "good"
    # Where there is little room the number is left, and the phrase shows when it is pointed at.
    return element("span", str(code), element("span", f" {phrase}"), class_=f"status {tone}", title=phrase)


def _request(row: Row, _now: float) -> Html:
    line = element("span", element("b", row["method"]), " ", row["target"], class_="target", title=row["target"])
    key: str | None = row["idempotency_key"]
    return joined(line, None if key is None else element("small", f"Idempotency-Key: {key}", title=key))


def _key_of_call(row: Row, _now: float) -> Html:
    return element("span", "none", class_="none") if row["key"] is None else element("code", f"…{row['key']}")


def _participants(row: Row) -> str:
    first, *others = row["participant_emails"].split(" ")
    return f"with {first}" + (f" and {len(others):,} more" if others else "")


def _campaign_status(row: Row, now: float) -> Html:
    if row["deactivated_at"] is not None:
        return status("deactivated")
    return status("active" if is_running(row["ends_at"], None, now) else "ended")


def _booked(row: Row, _now: float) -> Html:
    rate = booking_rate(row["requests"], row["booked"])
    return _two(f"{row['booked']:,} of {row['requests']:,}", f"{rate} %")


def _code(row: Row, _now: float) -> Html:
    tried = f"{row['attempts']} {'attempt' if row['attempts'] == 1 else 'attempts'}"
    return _two(None if row["response_code"] is None else str(row["response_code"]), tried, unnamed="no answer")


def _delivered(row: Row, now: float) -> Html:
    due = row["next_attempt_at"]
    return moment(row["last_attempted_at"] or row["created_at"] if due is None else due, now)


def _endpoint_events(row: Row) -> str:
    events: list[str] = json.loads(row["events"])
    return ", ".join(event.removeprefix("meeting_request.") for event in events)


def key_status(row: Row, now: float) -> Html:
    """Whether an API key opens anything."""
    if row["revoked_at"] is not None:
        return status("revoked")
    return status("expired" if row["expires_at"] is not None and row["expires_at"] <= now else "active")


def key_name(row: Row, _now: float) -> Html:
    """The end of an API key, and whose workspace it opens how far."""
    scopes = row["scopes"].split()
    rights = "all scopes" if len(scopes) == len(SCOPES) else ", ".join(scopes) or "no scope"
    return _two(f"…{row['ending']}", f"{row['workspace']}: {rights}")


WORKSPACE = Column("Workspace", lambda row, _: row["workspace"], "workspace", minor=True)

_CALLS = (
    Column("Answer", _answer, "answer"),
    Column("Request", _request),
    Column("Key", _key_of_call, "number", minor=True),
    Column("Arrived", lambda row, _: distance(row["ago"]), "when"),
)

TABLES: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "meeting_requests": (
            Column("Status", lambda row, _: status(row["status"]), "status"),
            Column("Meeting", lambda row, _: _two(row["title"], row["id"], unnamed="Untitled")),
            Column("People", lambda row, _: _two(row["organizer_email"], _participants(row)), minor=True),
            Column("Changed", lambda row, now: moment(row["updated_at"], now), "when"),
        ),
        "deliveries": (
            Column("Status", lambda row, _: status(row["status"]), "status"),
            Column("Event", lambda row, _: _two(row["event_type"], row["url"])),
            Column("Answer", _code, "number", minor=True),
            Column("Attempt", _delivered, "when"),
        ),
        "members": (
            Column(
                "Status",
                lambda row, _: status("active" if row["deactivated_at"] is None else "deactivated"),
                "status",
            ),
            Column("Member", lambda row, _: _two(row["name"], row["email"], unnamed="Unnamed")),
            Column("Role", lambda row, _: row["role"], "number"),
        ),
        "campaigns": (
            Column("Status", _campaign_status, "status"),
            Column("Campaign", lambda row, _: _two(row["name"], f"{row['team']} · {row['slug']}")),
            Column("Booked", _booked, "number", minor=True),
            Column("Ends", lambda row, now: moment(row["ends_at"], now), "when"),
        ),
        "teams": (
            Column("Team", lambda row, _: _two(row["name"], row["slug"])),
            Column("Mode", lambda row, _: row["mode"], "number"),
            Column("Members", lambda row, _: f"{row['members']:,}", "number"),
        ),
        "webhook_endpoints": (
            Column("Status", lambda row, _: status("enabled" if row["enabled"] else "disabled"), "status"),
            Column("Endpoint", lambda row, _: _two(row["url"], _endpoint_events(row))),
            Column("Failures", lambda row, _: f"{row['failures']:,}", "number", minor=True),
        ),
        "workspaces": (
            Column("Workspace", lambda row, _: _two(row["workspace"], row["id"])),
            Column("Members", lambda row, _: f"{row['members']:,}", "number", minor=True),
            Column("Requests", lambda row, _: f"{row['requests']:,}", "number"),
            Column("Keys", lambda row, _: f"{row['keys']:,}", "number", minor=True),
        ),
    }
)
