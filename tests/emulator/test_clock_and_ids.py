"""Time that never goes back, and ids that sort by it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest

from skipup_async.emulator.clock import Clock, to_seconds, to_text
from skipup_async.emulator.identifiers import Identifiers


def test_ids_of_one_millisecond_are_unique_and_in_order() -> None:
    """Ten thousand made at the same moment."""
    ids = Identifiers()
    made = [ids.make("mr", 1_700_000_000.123) for _ in range(10_000)]
    assert made == sorted(set(made))


def test_an_id_is_a_prefix_and_26_characters() -> None:
    """As in the documents' `mr_01HQ…`, and what the client lets through as an id."""
    assert re.fullmatch(r"mr_01[0-9A-HJKMNP-TV-Z]{24}", Identifiers().make("mr", 1_700_000_000.0))


def test_an_id_of_the_past_sorts_into_the_past() -> None:
    """And leaves the order of the present alone."""
    ids = Identifiers()
    first, old, last = (ids.make("mr", at) for at in (2000.0, 1000.0, 2000.0))
    assert old < first < last


def test_the_clock_does_not_follow_a_wall_clock_back() -> None:
    """It stands still until the wall clock has caught up."""
    times = iter([100.0, 90.0, 110.0])
    clock = Clock(wall=lambda: next(times))
    assert [clock.now() for _ in range(3)] == [100.0, 100.0, 110.0]


def test_a_moment_is_written_in_whole_seconds_of_utc() -> None:
    """From the first year to the last."""
    shown = [to_text(at) for at in (0.999, 1_738_368_000, -62_135_596_800, 253_402_300_799)]
    assert shown == ["1970-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]


def test_the_last_moments_there_are_stay_in_the_last_second() -> None:
    """A float has no room for their fraction, and does not round them into a year that no date has."""
    assert to_text(to_seconds(datetime.max.replace(tzinfo=UTC))) == "9999-12-31T23:59:59Z"
    assert to_seconds(datetime(2025, 2, 1, 0, 0, 0, 500_000, UTC)) == 1_738_368_000.5
    assert to_seconds(datetime.min.replace(tzinfo=UTC)) == -62_135_596_800


def test_a_moment_that_utc_has_no_date_for_is_refused() -> None:
    """Such as the evening of the last day, west of Greenwich."""
    with pytest.raises(ValueError, match="9999"):
        to_seconds(datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))))
