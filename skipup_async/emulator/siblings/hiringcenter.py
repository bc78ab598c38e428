"""HiringCenter's meetings (docs.hiringcenterpro.com/api/meetings and /api-overview)."""

from __future__ import annotations

import base64
import http
import json
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime

from skipup_async.emulator.call import Answer, Json, RefusedError
from skipup_async.emulator.siblings.asked import Asked, refused
from skipup_async.emulator.siblings.limits import Limits
from skipup_async.emulator.windows import Kind

_DEFAULT_PAGE, _LARGEST_PAGE = 50, 200
_LONGEST_KEY = 512

_LATEST = 253_402_300_799_999  # milliseconds: the end of the year 9999
#: As long as the largest may be: `int` refuses to read a number of thousands of digits.
_MILLISECONDS, _LIMIT = re.compile(r"-?[0-9]{1,15}"), re.compile(r"[0-9]{1,3}")

#: What the body of an update may hold beside the user, and that of a create; the latter's first five are required.
_CHANGEABLE = ("meetingDate", "timeZone", "meetingType", "ownerId", "location", "notes")
_CREATABLE = ("prospectId", *_CHANGEABLE, "userId")
_CLEARABLE = ("location", "notes")


class HiringCenter:
    """The meetings of every account, and the answers kept under idempotency keys."""

    def __init__(self, limited: Kind | None) -> None:
        self._limits = Limits(limited)
        self._meetings: dict[str, Json] = {}
        #: By caller and key: what was asked, and the answer, None while it is being made.
        self._kept: dict[tuple[str, str], tuple[str, Answer | None]] = {}

    def refusal(self, refused: RefusedError) -> Json:
        """The body of an error. A 429 says when to come back, too."""
        body = {"error": http.HTTPStatus(refused.status).phrase, "message": refused.message}
        if refused.status != 429:
            return body
        return {**body, "error": "Too many requests", "retryAfter": int(refused.headers["Retry-After"])}

    async def answer(self, asked: Asked) -> Answer:
        """The answer to a call, once for each idempotency key."""
        headers = self._limits.admit(asked.caller, asked.steady)
        key = asked.headers.get("X-Idempotency-Key")
        if key is None or asked.method == "GET":
            async with asked.around():
                return self._perform(asked).with_headers(headers)
        if not 1 <= len(key) <= _LONGEST_KEY:
            raise refused(400, f"X-Idempotency-Key must be 1 to {_LONGEST_KEY} characters")
        return (await self._once((asked.caller, key), asked)).with_headers(headers)

    async def _once(self, name: tuple[str, str], asked: Asked) -> Answer:
        """Do what a key asks for, or give the answer it had; 409 for another request, or while the first one runs."""
        if name in self._kept:
            digest, answer = self._kept[name]
            if digest != asked.digest:
                raise refused(409, "This idempotency key was used with another request")
            if answer is None:
                raise refused(409, "The original request is still being processed")
            return answer
        self._kept[name] = (asked.digest, None)
        try:
            async with asked.around():
                answer = self._perform(asked)
        except BaseException:
            del self._kept[name]
            raise
        self._kept[name] = (asked.digest, answer)
        return answer

    def _perform(self, asked: Asked) -> Answer:
        match asked.method, asked.path:
            case "GET", ("meetings",):
                return self._index(asked.query)
            case "POST", ("meetings",):
                return self._create(asked)
            case "GET", ("meetings", id):
                return _item(200, self._found(id))
            # The page has lost the verb of an update: any that can carry a body will do.
            case (("PATCH" | "PUT" | "POST"), ("meetings", id)):
                return self._update(id, asked)
            case "DELETE", ("meetings", id):
                del self._meetings[self._found(id)["id"]]
                return Answer(200, {"success": True, "message": "Meeting deleted"})
            case _:
                raise refused(404, f"No route matches {asked.method} /{'/'.join(asked.path)[:200]}")

    def _found(self, id: str) -> Json:
        if id not in self._meetings:
            raise refused(404, "Meeting not found")
        return self._meetings[id]

    def _create(self, asked: Asked) -> Answer:
        missing = [name for name in _CREATABLE[:5] if asked.body.get(name) in (None, "")]
        if missing:
            raise refused(400, f"{missing[0]} is required")
        fields = _fields(asked.body, _CREATABLE)
        user, id, at = fields.pop("userId", None), secrets.token_hex(16), int(asked.now * 1000)
        self._meetings[id] = {
            "id": id,
            **dict.fromkeys(_CREATABLE[:-1]),
            **fields,
            "createdBy": user,
            "createdByApi": user is None,
            "createdByApiKeyId": asked.caller if user is None else None,
            "createdByApiKeyName": "Emulator" if user is None else None,
            "createdAt": at,
            "updatedAt": at,
            "review": None,
        }
        return _item(201, self._meetings[id])

    def _update(self, id: str, asked: Asked) -> Answer:
        changes = _fields(asked.body, _CHANGEABLE)
        self._meetings[id] = {**self._found(id), **changes, "updatedAt": int(asked.now * 1000)}
        return _item(200, self._meetings[id])

    def _index(self, query: Mapping[str, str]) -> Answer:
        """The furthest out first. The token says how far the pages before it went."""
        after, before = (_bound(query, name) for name in ("meetingDateAfter", "meetingDateBefore"))
        exact = [(name, query[name]) for name in ("prospectId", "ownerId", "meetingType") if name in query]
        found = [
            meeting
            for meeting in sorted(self._meetings.values(), key=lambda each: (-each["meetingDate"], each["id"]))
            if all(meeting[name] == value for name, value in exact)
            and (after is None or meeting["meetingDate"] >= after)
            and (before is None or meeting["meetingDate"] <= before)
        ]
        start, size = _start(query.get("pageToken")), _size(query.get("limit"))
        pagination: Json = {"totalCount": len(found)}
        if start + size < len(found):
            pagination["nextPageToken"] = base64.urlsafe_b64encode(json.dumps({"at": start + size}).encode()).decode()
        return Answer(200, {"success": True, "items": found[start : start + size], "pagination": pagination})


def _item(status: int, meeting: Json) -> Answer:
    return Answer(status, {"success": True, "item": meeting})


def _fields(body: Json, names: tuple[str, ...]) -> Json:
    """Those of *names* that *body* holds, checked."""
    given = {name: body[name] for name in names if name in body}
    for name, value in given.items():
        if name == "meetingDate":
            given[name] = _milliseconds(name, value)
        elif not isinstance(value, str) and not (value is None and name in _CLEARABLE):
            raise refused(400, f"{name} must be a string")
    return given


def _milliseconds(name: str, value: object) -> int:
    """A moment as documented: milliseconds since 1970, or ISO 8601."""
    if isinstance(value, str):
        value = _parsed(value)
    if type(value) is int and 0 <= value <= _LATEST:
        return value
    raise refused(400, f"{name} must be Unix milliseconds or an ISO 8601 date")


def _parsed(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def _bound(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    return _milliseconds(name, int(text) if _MILLISECONDS.fullmatch(text) else text)


def _size(text: str | None) -> int:
    if text is None:
        return _DEFAULT_PAGE
    if not _LIMIT.fullmatch(text) or not 1 <= int(text) <= _LARGEST_PAGE:
        raise refused(400, f"limit must be 1 to {_LARGEST_PAGE}")
    return int(text)


def _start(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return max(0, int(json.loads(base64.urlsafe_b64decode(token))["at"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise refused(400, "pageToken is none of ours") from None
