"""The benchmarks' own arithmetic, and that every suite is there; what they measure is for a quiet machine."""

import argparse
import importlib
import platform
from importlib.metadata import version

import pytest

from benchmarks.__main__ import SUITES, main
from benchmarks.interleaved import Costs, some_of
from benchmarks.machine import described
from benchmarks.report import Control, Verdict, at_least, at_most, below, conclusion, median_ratio, table, unproven
from benchmarks.worker import Sample

KEPT, MISSED = at_most("size", 1.0, 1.1), at_most("size", 1.2, 1.1)
PEERS = ("ours", "floor")
SOUND, VOID = Control({"": 0.97}), Control({"1": 1.0, "50": 1.06})


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round in which everything took ten times as long changes no ratio."""
    assert median_ratio([2.0, 30.0, 2.0], [1.0, 10.0, 1.0]) == 2.0


def test_the_median_of_the_ratios_counts() -> None:
    """One round gone wrong does not move the figure."""
    assert median_ratio([2.0, 900.0, 3.0], [1.0, 1.0, 1.0]) == 3.0


def test_costs_give_the_ratio_of_the_figure_asked_for() -> None:
    """CPU is compared with CPU, and time with time."""
    costs = Costs({"a": [Sample(4.0, 30.0, 50.0)], "b": [Sample(2.0, 10.0, 45.0)]})
    assert (costs.ratio("a", "b"), costs.ratio("a", "b", "wall")) == (2.0, 3.0)


def test_peak_memory_is_the_most_of_all_rounds() -> None:
    """A process never says less than it held once."""
    assert Costs({"a": [Sample(1.0, 1.0, 50.0), Sample(1.0, 1.0, 52.5)]}).peak("a") == 52.5


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [
        (at_most("a", 1.10, 1.10), True),
        (at_most("a", 1.11, 1.10), False),
        (at_least("a", 0.90, 0.90), True),
        (at_least("a", 0.89, 0.90), False),
        (below("a", 4.9, 5.0, "MiB"), True),
        (below("a", 5.0, 5.0, "MiB"), False),
        (unproven("a", "pydantic is not installed"), False),
    ],
)
def test_a_target_is_kept_up_to_its_figure(verdict: Verdict, kept: bool) -> None:
    """The figure itself keeps "at most" and "at least", misses "below"; what was not measured is not kept."""
    assert verdict.kept is kept


def test_a_verdict_shows_figure_and_target() -> None:
    """Whoever reads it sees by how much."""
    assert str(MISSED) == "- **missed**: size: 1.20, target at most 1.10 ×"


def test_a_figure_that_rounds_to_its_target_and_misses_it_does_not_look_kept() -> None:
    """No line says `missed: 1.10, target at most 1.10`."""
    assert "1.104" in str(at_most("a", 1.104, 1.10))


@pytest.mark.parametrize(("ratio", "void"), [(0.949, True), (0.95, False), (1.0, False), (1.05, False), (1.051, True)])
def test_a_control_outside_its_bounds_makes_a_run_void(ratio: float, void: bool) -> None:
    """0.95 and 1.05 are inside."""
    assert Control({"": ratio}).void is void


def test_one_bad_control_of_several_makes_a_run_void() -> None:
    """Each setting has a control of its own, and all must be sound."""
    assert VOID.void


@pytest.mark.parametrize(("control", "said"), [(VOID, True), (SOUND, False), (None, False)])
def test_a_void_run_says_so(control: Control | None, said: bool) -> None:
    """The line stands under the table, and only there where it is true."""
    lines, _ = conclusion([KEPT], control)
    assert ("This run is void" in lines) is said


@pytest.mark.parametrize(
    ("verdicts", "control", "code"),
    [
        ([KEPT, KEPT], SOUND, 0),
        ([KEPT], None, 0),
        ([KEPT, MISSED], SOUND, 1),
        ([KEPT], VOID, 1),
    ],
)
def test_the_exit_code_is_0_where_all_is_kept_and_not_void(
    verdicts: list[Verdict], control: Control | None, code: int
) -> None:
    """One target missed is enough, and so is a control that says nothing can be known."""
    assert conclusion(verdicts, control)[1] == code


def test_the_header_says_where_the_figures_are_from() -> None:
    """The command, the Python, and whether aiohttp was at its best."""
    line = described("python -m benchmarks decode")
    assert line.startswith("`python -m benchmarks decode`: ")
    assert f"Python {platform.python_version()}; aiohttp {version('aiohttp')}" in line
    assert "C extensions of aiohttp: " in line


def test_a_table_is_markdown() -> None:
    """Names to the left, numbers to the right."""
    assert (
        table(["peer", "µs"], [["ours", "1"], ["floor", ""]]) == "| peer | µs |\n|---|--:|\n| ours | 1 |\n| floor | |"
    )


def test_some_of_the_peers_can_be_named() -> None:
    """In the order in which the table is to show them."""
    assert some_of(PEERS, ("ours",))("floor,ours") == ["floor", "ours"]


@pytest.mark.parametrize("text", ["", "floor", "ours,floor,curl"])
def test_peers_that_cannot_be_compared_are_refused(text: str) -> None:
    """All must be known, and what is compared be among them."""
    with pytest.raises(argparse.ArgumentTypeError):
        some_of(PEERS, ("ours",))(text)


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_is_a_module_that_says_in_a_line_what_it_measures(suite: str) -> None:
    """It has `main`, and a docstring whose first line is a sentence."""
    module = importlib.import_module(f"benchmarks.{suite}")
    assert callable(module.main)
    assert str(module.__doc__).partition("\n")[0].endswith(".")


def test_help_names_every_suite(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m benchmarks --help` lists all, each with what it measures."""
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [suite for suite, measures in SUITES.items() if f"{suite:10}{measures}" not in shown] == []


@pytest.mark.parametrize("suite", SUITES)
def test_every_suite_has_help(suite: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m benchmarks SUITE --help` shows the suite's own arguments."""
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{suite}").main(["--help"])
    assert (ended.value.code, f"python -m benchmarks {suite}" in capsys.readouterr().out) == (0, True)
