"""Which step leads from which status: the documented table, as plain function calls."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from skipup_async.emulator import lifecycle
from skipup_async.emulator.call import RefusedError
from skipup_async.emulator.lifecycle import Change

STATUSES = ("active", "paused", "booked", "cancelled")
AT = 1_700_000_000

Step = Callable[[str, int], Change]


def organizer(status: str, at: int) -> Change:
    """Change the organizer to Bob."""
    return lifecycle.change_organizer(status, at, "bob@example.com")


def context(status: str, at: int) -> Change:
    """Change the title."""
    return lifecycle.update_context(status, at, {"title": "New"})


ALLOWED: list[tuple[Step, tuple[str, ...]]] = [
    (lifecycle.pause, ("active",)),
    (lifecycle.resume, ("paused",)),
    (lifecycle.book, ("active",)),
    (lifecycle.cancel, ("active", "paused")),
    (organizer, ("active",)),
    (context, ("active",)),
]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(("step", "sources"), ALLOWED)
def test_a_step_is_allowed_from_its_documented_statuses_only(step: Step, sources: tuple[str, ...], status: str) -> None:
    """From all other statuses the answer is 422 invalid_request."""
    if status in sources:
        assert step(status, AT).columns["updated_at"] == AT
        return
    with pytest.raises(RefusedError) as refused:
        step(status, AT)
    assert (refused.value.status, refused.value.type) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("step", "source", "target", "stamp"),
    [
        (lifecycle.pause, "active", "paused", "paused_at"),
        (lifecycle.book, "active", "booked", "booked_at"),
        (lifecycle.cancel, "active", "cancelled", "cancelled_at"),
        (lifecycle.cancel, "paused", "cancelled", "cancelled_at"),
    ],
)
def test_a_step_stamps_the_status_it_leads_to(step: Step, source: str, target: str, stamp: str) -> None:
    """The stamp and updated_at are the same moment, as in every documented example."""
    assert step(source, AT).columns == {"status": target, "updated_at": AT, stamp: AT}


def test_resuming_clears_the_pause() -> None:
    """`paused_at` goes back to null."""
    assert lifecycle.resume("paused", AT).columns == {"status": "active", "updated_at": AT, "paused_at": None}


@pytest.mark.parametrize(
    ("step", "status", "text"),
    [
        (lifecycle.pause, "paused", "Cannot pause a request that is already paused"),
        (lifecycle.resume, "active", "Cannot resume a request that is not paused"),
        (lifecycle.resume, "booked", "Cannot resume a request that is not paused"),
        (lifecycle.cancel, "cancelled", "Cannot cancel a request that is already cancelled"),
        (lifecycle.cancel, "booked", "Cannot cancel a request that is booked"),
    ],
)
def test_a_refusal_has_the_documented_text(step: Step, status: str, text: str) -> None:
    """The first two texts are quoted in the documents; the others follow their wording."""
    with pytest.raises(RefusedError, match=f"^{text}$"):
        step(status, AT)


@pytest.mark.parametrize(
    ("ends_at", "deactivated_at", "running"),
    [(None, None, True), (AT, None, True), (AT - 1, None, False), (None, AT, False), (AT + 1, AT, False)],
)
def test_a_campaign_runs_until_deactivated_or_past_its_end(
    ends_at: int | None, deactivated_at: int | None, running: bool
) -> None:
    """The end itself still belongs to it."""
    assert lifecycle.is_running(ends_at, deactivated_at, AT) is running


@pytest.mark.parametrize(("requests", "booked", "rate"), [(0, 0, 0.0), (42, 18, 42.9), (3, 1, 33.3), (2, 2, 100.0)])
def test_the_booking_rate_is_a_percentage_to_one_decimal(requests: int, booked: int, rate: float) -> None:
    """18 of 42 is the documents' own example."""
    assert lifecycle.booking_rate(requests, booked) == rate
