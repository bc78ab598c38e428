"""HiringCenter's meetings, awaited (`AsyncHiringCenter`) and blocking (`HiringCenter`).

Fields, filters, envelopes and limits as docs.hiringcenterpro.com/api/meetings
and docs.hiringcenterpro.com/api-overview document them.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar, cast

import attrs

from skipup_async.core import arguments
from skipup_async.core.blocking import BlockingSession
from skipup_async.core.client import AsyncClient, BlockingClient, Client
from skipup_async.core.convert import WrongShapeError
from skipup_async.core.dialect import Dialect, PageParts, members
from skipup_async.core.record import CODEC, NAME, Record, epoch
from skipup_async.core.request import Id, Method, Operation, Page, Request
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.session import Session
from skipup_async.core.unset import UNSET, Unset, given

__all__ = ["AsyncHiringCenter", "Deletion", "HiringCenter", "Meeting", "Meetings"]

_MILLISECONDS = epoch(timedelta(milliseconds=1))


def _moment(name: str, value: object) -> int | str:
    checked = arguments.moment(name, value)
    return cast("int", _MILLISECONDS.write(value)) if isinstance(value, datetime) else checked


def _id(name: str, value: object) -> str:
    return Id(value, name)


#: How each argument is checked on its way to the wire.
_CHECKS: Mapping[str, Callable[[str, object], object]] = {
    **dict.fromkeys(("prospect_id", "owner_id", "user_id"), _id),
    **dict.fromkeys(("meeting_date", "meeting_date_after", "meeting_date_before"), _moment),
    **dict.fromkeys(("meeting_type", "location", "notes", "page_token"), arguments.text),
    "time_zone": arguments.time_zone,
    "limit": lambda name, value: arguments.page_limit(name, value, most=200),
}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


def _wire(rule: Callable[..., object], /, **values: object) -> dict[str, Any]:
    """The arguments that were given, checked, under their names on the wire; the *rule* is what None means for them."""
    return {_camel(name): rule(_CHECKS[name], name, value) for name, value in given(values).items()}


def _on_the_wire(_cls: type, fields: list["attrs.Attribute[Any]"]) -> list["attrs.Attribute[Any]"]:
    """*fields* with their names on the wire, and times in milliseconds."""
    timed = {CODEC: _MILLISECONDS}
    return [f.evolve(metadata={NAME: _camel(f.name), **(timed if f.type == datetime | None else {})}) for f in fields]


@attrs.frozen(repr=False, slots=False, field_transformer=_on_the_wire)
class Meeting(Record):
    """A meeting with a prospect, as HiringCenter last told of it.

    *prospect_id* and *owner_id* are who meets, *meeting_date* and *location* when and where. *created_by_api* says
    whether a key made it, *created_by_api_key_id* and *created_by_api_key_name* which one. *id* is what the other
    calls take; *created_at* and *updated_at* are when it was made and when it last changed.
    """

    id: str
    prospect_id: str | None = None
    meeting_date: datetime | None = None
    #: An IANA name such as ``America/New_York``.
    time_zone: str | None = None
    #: A label such as ``phone``, ``virtual`` or ``in-person``.
    meeting_type: str | None = None
    owner_id: str | None = None
    location: str | None = None
    #: For the account's own people.
    notes: str | None = None
    #: The user who created it; None where the API was told of none.
    created_by: str | None = None
    created_by_api: bool | None = None
    created_by_api_key_id: str | None = None
    created_by_api_key_name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    #: As it came: its shape is not documented.
    review: Any = attrs.field(default=None, hash=False)


@attrs.frozen(repr=False, slots=False)
class Deletion(Record):
    """What HiringCenter says of a meeting it deleted: its *message*."""

    message: str | None = None


class Meetings(Resource[S_co]):
    """Meetings with prospects. Every change is done once for each key, so a lost answer is simply asked for again."""

    #: The HTTP method of `update`.
    update_method: Method = "PATCH"

    @paged
    def list(
        self,
        *,
        prospect_id: str | Unset | None = UNSET,
        owner_id: str | Unset | None = UNSET,
        meeting_type: str | Unset | None = UNSET,
        meeting_date_after: datetime | str | Unset | None = UNSET,
        meeting_date_before: datetime | str | Unset | None = UNSET,
        limit: int | Unset | None = UNSET,
        page_token: str | Unset | None = UNSET,
        prefetch: int = 0,
    ) -> Request[Page[Meeting]]:
        """The meetings that fit every filter given, the furthest out first.

        *limit* is how many a page holds, 1 to 200 (the service's default is
        50); the pager fetches as many pages as there are, with *prefetch* 1 the
        next one while this one is in use.
        """
        optional = arguments.optional
        who = _wire(optional, prospect_id=prospect_id, owner_id=owner_id)
        when = _wire(optional, meeting_date_after=meeting_date_after, meeting_date_before=meeting_date_before)
        what = _wire(optional, meeting_type=meeting_type, limit=limit, page_token=page_token)
        return Request("GET", ("meetings",), Page[Meeting], query=arguments.query(**who, **when, **what))

    @endpoint
    def get(self, id: str) -> Request[Meeting]:
        """One meeting as it is now."""
        return Request("GET", ("meetings", Id(id)), Meeting)

    @endpoint
    def create(
        self,
        *,
        prospect_id: str,
        meeting_date: datetime | str,
        time_zone: str,
        meeting_type: str,
        owner_id: str,
        user_id: str | Unset = UNSET,
        location: str | Unset | None = UNSET,
        notes: str | Unset | None = UNSET,
        idempotency_key: str | Unset = UNSET,
    ) -> Request[Meeting]:
        """Create a meeting of *owner_id* with a prospect, in the name of *user_id* or else of the API key.

        *idempotency_key*, at most 512 characters, goes on with an earlier call;
        a call without one makes its own, and every error shows it.
        """
        who = _wire(arguments.needed, prospect_id=prospect_id, owner_id=owner_id, user_id=user_id)
        when = _wire(arguments.needed, meeting_date=meeting_date, time_zone=time_zone, meeting_type=meeting_type)
        what = _wire(arguments.optional, location=location, notes=notes)
        return _keyed(Request("POST", ("meetings",), Meeting, body={**who, **when, **what}), idempotency_key)

    @endpoint
    def update(
        self,
        id: str,
        *,
        meeting_date: datetime | str | Unset = UNSET,
        time_zone: str | Unset = UNSET,
        meeting_type: str | Unset = UNSET,
        owner_id: str | Unset = UNSET,
        user_id: str | Unset = UNSET,
        location: str | Unset | None = UNSET,
        notes: str | Unset | None = UNSET,
        idempotency_key: str | Unset = UNSET,
    ) -> Request[Meeting]:
        """Change a meeting in the name of *user_id*; what is left out stays, None clears *location* and *notes*."""
        who = _wire(arguments.needed, owner_id=owner_id, user_id=user_id)
        when = _wire(arguments.needed, meeting_date=meeting_date, time_zone=time_zone, meeting_type=meeting_type)
        what = _wire(arguments.optional, location=location, notes=notes)
        path = ("meetings", Id(id))
        return _keyed(Request(self.update_method, path, Meeting, body={**who, **when, **what}), idempotency_key)

    @endpoint
    def delete(self, id: str, *, idempotency_key: str | Unset = UNSET) -> Request[Deletion]:
        """Delete a meeting."""
        return _keyed(Request("DELETE", ("meetings", Id(id)), Deletion), idempotency_key)


def _keyed(request: Request[Any], idempotency_key: str | Unset) -> Request[Any]:
    key = arguments.idempotency_key(idempotency_key, longest=512)
    return attrs.evolve(request, idempotency_key=key, operation=Operation.KEYED)


def _succeeded(payload: object) -> dict[str, Any]:
    """What an answer holds beside `success`, which must not be false."""
    answer = dict(members(payload))
    if answer.pop("success", True) is True:
        return answer
    msg = "it does not say success"
    raise WrongShapeError(msg)


def _item(payload: object) -> object:
    """The object in `{"success": true, "item": {…}}`, or in the older `{"success": true, "id": …}`."""
    answer = _succeeded(payload)
    return answer.get("item", answer)


def _page(payload: object) -> PageParts:
    """The parts of `{"items": […], "pagination": {"nextPageToken": …}}`; older answers have the token outside."""
    answer = _succeeded(payload)
    token = members(answer.get("pagination") or {}).get("nextPageToken") or answer.get("nextPageToken")
    return answer.get("items"), bool(token), token or None


class _Resources(Client[S_co]):
    dialect = Dialect(
        name="HiringCenter",
        base_url="https://api.hiringcenterpro.com/v2",
        key_variable="HIRINGCENTER_API_KEY",
        url_variable="HIRINGCENTER_BASE_URL",
        log_variable="SKIPUP_LOG",
        limits=((500, 60.0), (10_000, 3600.0)),
        item=_item,
        page=_page,
        cursor_parameter="pageToken",
        key_header="X-Idempotency-Key",
    )
    #: The HTTP method of `meetings.update`. Its text lost, PATCH is the likeliest; a subclass may set another.
    update_method: ClassVar[Method] = "PATCH"

    @cached_property
    def meetings(self) -> Meetings[S_co]:
        """Meetings with prospects."""
        meetings = Meetings(self.sender)
        meetings.update_method = self.update_method
        return meetings


class AsyncHiringCenter(_Resources[Session], AsyncClient):
    """The HiringCenter API, awaited.

    Takes what `AsyncSkipUp` takes; the key is *api_key* or `HIRINGCENTER_API_KEY`,
    the place *base_url* or `HIRINGCENTER_BASE_URL` or the service itself. Its
    limiter keeps 500 requests a minute and 10,000 an hour.
    """


class HiringCenter(_Resources[BlockingSession], BlockingClient):
    """The HiringCenter API, blocking: for scripts and notebooks. Takes what `SkipUp` takes."""
