"""`/meeting_requests` (support.skipup.ai/api/meeting-requests)."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from skipup_async.emulator import lifecycle, paging
from skipup_async.emulator.call import Answer, Call, not_found, to_json
from skipup_async.emulator.deliveries import announce
from skipup_async.emulator.fields import Fields, fold
from skipup_async.emulator.router import Route
from skipup_async.emulator.routes import meeting_request_body as written
from skipup_async.emulator.routes.campaigns import attached
from skipup_async.emulator.routes.workspace_members import active_member
from skipup_async.emulator.shapes import as_json, shaper
from skipup_async.emulator.store import meeting_requests as requests

_STATUSES = ("active", "paused", "booked", "cancelled")


_FILTERS = """
WHERE item.workspace_id = :workspace
AND (:status IS NULL OR item.status = :status)
AND (:organizer IS NULL OR item.organizer_folded = :organizer)
AND (:participant IS NULL OR item.id IN (
    SELECT meeting_request_id FROM participants WHERE email_folded = :participant
))
AND (:after IS NULL OR item.created_at >= :after)
AND (:before IS NULL OR item.created_at <= :before)
"""


def index(call: Call) -> Answer:
    """Those that every given filter lets through; both times are inclusive."""
    rows, meta = paging.rows(
        call,
        requests.SELECT + _FILTERS,
        workspace=call.workspace,
        status=paging.choice(call.query, "status", *_STATUSES),
        organizer=_folded(call.query, "organizer_email"),
        participant=_folded(call.query, "participant_email"),
        after=paging.moment(call.query, "created_after"),
        before=paging.moment(call.query, "created_before"),
    )
    data = ",".join(as_json(tuple(row), call.profile.answers, "index") for row in rows)
    return Answer(200, f'{{"data":[{data}],"meta":{to_json(meta)}}}'.encode())


def show(call: Call) -> Answer:
    """One request."""
    return _answer(call, _found(call), "show")


def create(call: Call) -> Answer:
    """202: SkipUp answers at once and looks for a time afterwards."""
    body = Fields(call.body)
    organizer, people = written.organizer(body), written.people(body)
    about = body.nested("context") or Fields({})
    columns = {
        "include_introduction": body.flag("include_introduction") or False,
        **written.context(about),
        **written.timeframe(about),
        **attached(call, body.text("campaign_id")),
    }
    email = active_member(call, organizer.email, "organizer_email")
    id = call.ids.make("mr", call.now)
    columns |= {"id": id, "workspace_id": call.workspace, "status": "active"}
    columns |= {"organizer_email": email, "organizer_folded": fold(email)}
    columns |= {"created_at": call.at, "updated_at": call.at}
    requests.add(call.store, columns, organizer, people)
    row = requests.find(call.store, call.workspace, id)
    announce(call.store, call.ids, row, "meeting_request.created", call.now)
    return _answer(call, row, "create", status=202)


def cancel(call: Call) -> Answer:
    """Ends an active or paused request."""
    Fields(call.body).flag("notify")
    row = _found(call)
    return _changed(call, row, lifecycle.cancel(row["status"], call.at), "cancel")


def pause(call: Call) -> Answer:
    """Sets an active request aside."""
    row = _found(call)
    return _changed(call, row, lifecycle.pause(row["status"], call.at), "pause")


def resume(call: Call) -> Answer:
    """Takes a paused request up again."""
    row = _found(call)
    return _changed(call, row, lifecycle.resume(row["status"], call.at), "resume")


def change_organizer(call: Call) -> Answer:
    """Gives an active request to another member."""
    row = _found(call)
    body = Fields(call.body)
    body.required("new_organizer_email")
    email = body.email("new_organizer_email") or ""
    change = lifecycle.change_organizer(row["status"], call.at, active_member(call, email, "new_organizer_email"))
    return _changed(call, row, change, "change_organizer")


def context(call: Call) -> Answer:
    """Only what is sent changes; nothing sent changes nothing."""
    row = _found(call)
    body = Fields(call.body)
    sent = {name: value for name, value in written.context(body).items() if body.given(name)}
    if body.given("timeframe"):
        sent |= written.timeframe_update(body, row, merge=call.profile.timeframe_update == "merge")
    change = lifecycle.update_context(row["status"], call.at, sent)
    return _changed(call, row, change, "context") if sent else _answer(call, row, "context")


ROUTES = (
    Route("GET", "/meeting_requests", "meeting_requests.read", index),
    Route("GET", "/meeting_requests/:id", "meeting_requests.read", show),
    Route("POST", "/meeting_requests", "meeting_requests.write", create, keyed=True),
    Route("POST", "/meeting_requests/:id/cancel", "meeting_requests.write", cancel),
    Route("POST", "/meeting_requests/:id/pause", "meeting_requests.write", pause),
    Route("POST", "/meeting_requests/:id/resume", "meeting_requests.write", resume),
    Route("POST", "/meeting_requests/:id/change_organizer", "meeting_requests.write", change_organizer),
    Route("POST", "/meeting_requests/:id/context", "meeting_requests.write", context),
)


def _found(call: Call) -> sqlite3.Row:
    try:
        return requests.find(call.store, call.workspace, call.path["id"])
    except LookupError:
        raise not_found("MeetingRequest", call.path["id"]) from None


def _changed(call: Call, row: sqlite3.Row, change: lifecycle.Change, action: str) -> Answer:
    changed = requests.change(call.store, row, change)
    announce(call.store, call.ids, changed, change.effect, call.now)
    return _answer(call, changed, action)


def _answer(call: Call, row: sqlite3.Row, action: str, *, status: int = 200) -> Answer:
    return Answer(status, {"data": shaper(call.profile, action)(row)})


def _folded(query: Mapping[str, str], name: str) -> str | None:
    return fold(query[name]) if name in query else None
