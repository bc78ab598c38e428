"""What may become of a thing, and when: state in, change out or a refusal. Pure, no storage and no clock.

A meeting request (support.skipup.ai/api/meeting-requests):

    active ── pause ──> paused ── resume, or a participant's reply ──> active
    active ── book ──> booked
    active, paused ── cancel ──> cancelled
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from skipup_async.emulator.call import RefusedError, invalid_request
from skipup_async.emulator.fields import fold


@attrs.frozen
class Change:
    """The columns that get new values, and the name of what has happened."""

    columns: Mapping[str, Any]
    effect: str


def pause(status: str, at: int) -> Change:
    """Only an active request can be paused."""
    if status != "active":
        raise _refused("pause", status)
    return _moved("paused", at, effect="paused", paused_at=at)


def resume(status: str, at: int) -> Change:
    """Only a paused request can be resumed."""
    if status != "paused":
        raise invalid_request("Cannot resume a request that is not paused")
    return _moved("active", at, effect="resumed", paused_at=None)


def book(status: str, at: int) -> Change:
    """Only an active request gets booked; no call of the API does it."""
    if status != "active":
        raise _refused("book", status)
    return _moved("booked", at, effect="booked", booked_at=at)


def cancel(status: str, at: int) -> Change:
    """An active or a paused request can be cancelled."""
    if status not in ("active", "paused"):
        raise _refused("cancel", status)
    return _moved("cancelled", at, effect="cancelled", cancelled_at=at)


def change_organizer(status: str, at: int, email: str) -> Change:
    """Only an active request can get another organizer."""
    if status != "active":
        raise _refused("change the organizer of", status)
    columns = {"organizer_email": email, "organizer_folded": fold(email), "updated_at": at}
    return Change(columns, "meeting_request.organizer_changed")


def update_context(status: str, at: int, columns: Mapping[str, Any]) -> Change:
    """Only an active request's context can be updated."""
    if status != "active":
        raise _refused("update the context of", status)
    return Change({**columns, "updated_at": at}, "meeting_request.context_updated")


def is_running(ends_at: int | None, deactivated_at: int | None, now: float) -> bool:
    """Whether a campaign is active: not deactivated, and its end not passed (support.skipup.ai/api/campaigns)."""
    return deactivated_at is None and (ends_at is None or now <= ends_at)


def booking_rate(requests: int, booked: int) -> float:
    """Booked requests in per cent, to one decimal; 0.0 without any."""
    return round(100 * booked / requests, 1) if requests else 0.0


def _moved(status: str, at: int, *, effect: str, **stamp: int | None) -> Change:
    return Change({"status": status, "updated_at": at, **stamp}, f"meeting_request.{effect}")


def _refused(action: str, status: str) -> RefusedError:
    # The documents quote "Cannot pause a request that is already paused"; the others follow its wording.
    already = "already " if (action, status) in _REPEATS else ""
    return invalid_request(f"Cannot {action} a request that is {already}{status}")


_REPEATS = frozenset({("pause", "paused"), ("book", "booked"), ("cancel", "cancelled")})
