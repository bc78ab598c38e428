"""Thareja's meeting requests. `create` is as developers.thareja.ai/api-reference/meeting/add has it, the rest a guess.

The paths of the rest are those of the client's own provisional table, and
only there an answer has `status` and `link`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from skipup_async.emulator.call import Answer, Json, RefusedError
from skipup_async.emulator.clock import to_text
from skipup_async.emulator.siblings.asked import Asked, refused
from skipup_async.thareja import PATHS

_HOUR = 3600
#: Who calls, and where the users of the documents' example are; everybody else is in UTC.
_CALLER = 1
_ZONES = {5: "America/New_York"}
#: What becomes of a meeting, and from which states.
_MOVES = {
    "confirm": ("confirmed", ("pending",)),
    "reject": ("rejected", ("pending",)),
    "cancel": ("cancelled", ("pending", "confirmed")),
}
_PROVISIONAL = ("status", "link")
_ID = re.compile(r"[0-9]{1,18}")


class Thareja:
    """The meetings of every team."""

    def __init__(self) -> None:
        self._meetings: dict[int, Json] = {}

    def refusal(self, refused: RefusedError) -> Json:
        """The body of an error: its status as a number, or, where a state forbids something, a text alone."""
        if refused.status == 422:
            return {"error": refused.message}
        return {"error": refused.status, "message": refused.message}

    async def answer(self, asked: Asked) -> Answer:
        """The answer to a call."""
        async with asked.around():
            return self._perform(asked)

    def _perform(self, asked: Asked) -> Answer:
        if (asked.method, asked.path) == ("POST", ("meeting", "create")):
            return self._create(asked)
        name, id = _operation(asked)
        if name == "pending":
            return Answer(200, [each for each in self._shown(asked.now) if each["status"] == "pending"])
        if name == "list":
            return Answer(200, [each for each in self._shown(asked.now) if id in (each["client_id"], each["user_id"])])
        if id not in self._meetings:
            raise refused(404, "Meeting not found")
        if name != "get":
            self._move(name, self._meetings[id], asked.now)
        return Answer(200, _shown(self._meetings[id], asked.now))

    def _create(self, asked: Asked) -> Answer:
        """The documented answer, in which `user_id` is the creator and `client_id` the recipient."""
        body = asked.body
        if not all(body.get(name) for name in ("user_id", "team_id", "date")):
            raise refused(400, "user_id, team_id, and date are required")
        recipient, team = _number(body, "user_id"), _number(body, "team_id")
        zone = _ZONES.get(recipient, "UTC")
        start, id = _start(body["date"], zone), len(self._meetings) + 1
        meeting = {
            "id": id,
            "booking_number": f"BK-{id:06}",
            "client_id": recipient,
            "user_id": _CALLER,
            "team_id": team,
            "timezone": zone,
            "booking_date": f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d %H:%M:%S}",
            "start_time": start,
            "end_time": start + _HOUR,
            "created_at": to_text(asked.now),
            "updated_at": to_text(asked.now),
            "status": "pending",
            "link": body.get("link"),
        }
        self._meetings[id] = meeting
        return Answer(200, {name: value for name, value in meeting.items() if name not in _PROVISIONAL})

    def _move(self, name: str, meeting: Json, now: float) -> None:
        state, sources = _MOVES[name]
        if _shown(meeting, now)["status"] not in sources:
            raise refused(422, f"This meeting is {_shown(meeting, now)['status']}")
        meeting.update(status=state, updated_at=to_text(now))

    def _shown(self, now: float) -> list[Json]:
        return [_shown(meeting, now) for meeting in self._meetings.values()]


def _shown(meeting: Json, now: float) -> Json:
    """A meeting as it is at *now*: one that was confirmed is completed when its hour is over."""
    over = meeting["status"] == "confirmed" and now >= meeting["end_time"]
    return {**meeting, "status": "completed"} if over else meeting


def _operation(asked: Asked) -> tuple[str, int | None]:
    """The provisional operation a call is for, and the id in its path."""
    for name, (method, path) in PATHS.items():
        template = path.split("/")
        if asked.method != method or len(template) != len(asked.path):
            continue
        pairs = list(zip(template, asked.path, strict=True))
        if all(part == sent or (part == "{id}" and _ID.fullmatch(sent)) for part, sent in pairs):
            return name, next((int(sent) for part, sent in pairs if part == "{id}"), None)
    raise refused(404, f"No route matches {asked.method} /{'/'.join(asked.path)[:200]}")


def _number(body: Json, name: str) -> int:
    value = body[name]
    if not isinstance(value, int) or isinstance(value, bool):
        raise refused(400, f"{name} must be an integer")
    return value


def _start(text: object, zone: str) -> int:
    """Unix seconds of a wall time in *zone*."""
    try:
        moment = datetime.fromisoformat(str(text))
        start = (moment if moment.tzinfo else moment.replace(tzinfo=_place(zone))).astimezone(UTC)
        return int((start + timedelta(hours=1)).timestamp()) - _HOUR
    except (ValueError, OverflowError):
        raise refused(400, "date could not be parsed") from None


def _place(zone: str) -> tzinfo:
    """The time zone of that name; one that is none counts as UTC, as documented."""
    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return UTC
