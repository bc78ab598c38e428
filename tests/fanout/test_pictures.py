"""A fan-out to look at: its report as a table and as a picture, and its progress."""

import sys
from typing import Any

import pytest
from matplotlib.figure import Figure

from skipup_async import ConfigurationError, InvalidArgumentError, SkipUp, SkipUpError, Team, TokenBucket
from skipup_async.core.limits import RateLimit
from skipup_async.emulator import Emulator
from skipup_async.fanout.outcome import Outcome, Report
from skipup_async.fanout.picture import pace
from skipup_async.fanout.progress import Progress
from tests.test_tables import html_of, table_of

LIMIT = RateLimit(limit=120, per=60.0, available=120, waiting=0, next_slot=0.0, paused_for=0.0)


def outcome(index: int, *, end: float = 0.5, error: Exception | None = None, attempts: int = 1) -> "Outcome[Any, Any]":
    """What became of one item that began at once and ended after *end* seconds."""
    return Outcome(
        index=index,
        item=f"person{index}@example.com",
        key=None,
        value=None if error else Team(f"team_{index}"),
        error=error,
        attempts=attempts,
        elapsed=end,
        started=0.0,
        maybe_applied=False,
        retryable=False,
    )


def report(*outcomes: "Outcome[Any, Any]", keep: bool = True, limit: RateLimit | None = LIMIT) -> "Report[Any, Any]":
    """A report of *outcomes*."""
    kept: list[Outcome[Any, Any]] | None = [] if keep else None
    made = Report(kept, limit=limit)
    for each in outcomes:
        made.add(each)
    made.finish(2.0, None)
    return made


FAILED = outcome(1, error=SkipUpError("no such <team>"))


def test_a_report_is_a_table_with_its_failures_first() -> None:
    """What went wrong stands on top, by class and message; the caption counts."""
    table = table_of(report(outcome(0), FAILED))
    column = dict(zip(table.rows[0], zip(*table.rows[1:], strict=True), strict=True))
    assert column["index"] == ("1", "0")
    assert column["error"] == ("SkipUpError: no such <team>", "")
    assert column["value"] == ("", "Team(id='team_0')")
    assert table.caption == "Outcome: 2; Report(1 succeeded, 1 failed, 2.0 s)"


def test_a_report_without_its_outcomes_shows_its_failures() -> None:
    """Where values were not kept, what failed is still a table."""
    table = table_of(report(outcome(0), FAILED, keep=False))
    assert len(table.rows) == 1 + 1
    assert table.caption == "Outcome: 1; Report(1 succeeded, 1 failed, 2.0 s)"


def test_the_pace_counts_the_sends_of_the_period_before_each_end() -> None:
    """A send counts from its end for one period, an item tried twice counts twice, and one of an earlier run not."""
    ends = [outcome(0, end=0.0), outcome(1, end=59.0, attempts=2), outcome(2, end=60.0), outcome(3, attempts=0)]
    assert [(point.time, point.sends) for point in pace(ends, 60.0)] == [(0.0, 1), (59.0, 3), (60.0, 3)]


def drawn(report: "Report[Any, Any]") -> Any:
    """The axes of its picture, in a figure that no window shows."""
    return report.plot(Figure().add_subplot())


def test_a_plot_shows_the_calls_the_limit_and_the_failures() -> None:
    """Three lines, each with its name: the calls over time, the limit, and a cross for each failure."""
    lines = {line.get_label(): line for line in drawn(report(outcome(0), FAILED, outcome(2))).get_lines()}
    assert set(lines) == {"calls", "limit: 120 in 60 s", "failed"}
    assert list(lines["calls"].get_ydata()) == [1, 2, 3]
    assert set(lines["limit: 120 in 60 s"].get_ydata()) == {120}
    assert list(lines["failed"].get_ydata()) == [2]


@pytest.mark.parametrize("limit", [None, RateLimit(float("inf"), 0.0, float("inf"), 0, 0.0, 0.0)], ids=["own", "none"])
def test_a_plot_without_a_limit_counts_by_the_minute(limit: RateLimit | None) -> None:
    """Where nothing limits the calls, no line says otherwise."""
    axes = drawn(report(outcome(0), limit=limit))
    assert [line.get_label() for line in axes.get_lines()] == ["calls", "failed"]
    assert axes.get_ylabel() == "calls in the last 60 s"


def test_a_plot_of_nothing_is_an_empty_picture() -> None:
    """A fan-out over no items draws no call."""
    assert len(drawn(report()).get_lines()[0].get_ydata()) == 0


def test_a_plot_makes_its_own_figure() -> None:
    """Without axes to draw into, `plot()` makes a figure, as pandas does."""
    from matplotlib import pyplot as plt

    axes = report(outcome(0)).plot()
    assert axes.get_xlabel() == "seconds since the start"
    plt.close("all")


def test_a_plot_needs_the_outcomes() -> None:
    """With keep=False there is nothing to draw, and the error says why."""
    with pytest.raises(InvalidArgumentError, match="keep=False"):
        report(outcome(0), keep=False).plot()


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing extra is named."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match=r"skipup_async\[notebook\]"):
        report(outcome(0)).plot()


def test_a_fan_out_tells_its_report_the_limit(emulator: Emulator) -> None:
    """A report that `fan_out` made knows the limit it was made under, for the picture."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=TokenBucket(7, per=5.0)) as skipup:
        made = skipup.fan_out(skipup.teams.get, ("team_1",)).report()
    assert made.limit is not None
    assert (made.limit.limit, made.limit.per) == (7, 5.0)


def test_progress_is_a_bar_of_plain_html() -> None:
    """In a notebook a `progress` element shows how far it is, with the failures in words."""
    shown = html_of(Progress(succeeded=1499, failed=1, total=2000, waiting=7, eta=250.4))
    assert shown == (
        '<progress value="1500" max="2000" style="width: 20em"></progress>'
        " 1,500 of 2,000 done, 1 failed, 7 waiting, 250 s left by the limit"
    )


def test_progress_without_an_end_is_a_count() -> None:
    """Where nobody knows how many items there are, no bar pretends to."""
    assert html_of(Progress(3, 0, None, 0, None)) == "3 done, 0 failed, 0 waiting"
