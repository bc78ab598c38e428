"""The switches of a profile, as the command line reads and tells them."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from skipup_async.emulator import PROFILES, Profile
from skipup_async.emulator.switches import described, switched

LINES = [line.strip() for line in described().splitlines()]


def told(line: str) -> tuple[str, list[str]]:
    """The name and the values that a line tells of."""
    name, _, values = line.partition(":")[0].partition("=")
    return name, values.split("|")


def test_every_switch_is_told_of_once() -> None:
    """In the order of the profile."""
    assert [told(line)[0] for line in LINES] == [field.name for field in attrs.fields(Profile)]


@pytest.mark.parametrize("line", LINES)
def test_a_line_fits_a_terminal_and_says_what_it_is_about(line: str) -> None:
    """80 columns, two of them for the margin."""
    assert len(line) <= 78
    assert line.partition(": ")[2]


@pytest.mark.parametrize("line", LINES)
def test_every_value_that_is_told_can_be_set(line: str) -> None:
    """The first is the default, and each makes another profile than the others."""
    name, values = told(line)
    made = [switched(Profile(), [f"{name}={value}"]) for value in values]
    assert made[0] == Profile()
    assert len(set(made)) == len(values) > 1


@pytest.mark.parametrize(
    ("switch", "value"),
    [("idempotency_other_body=409", 409), ("retry_after=false", False), ("answers=sparse", "sparse")],
)
def test_a_value_has_its_own_type(switch: str, value: Any) -> None:
    """A number, a truth value or a word."""
    assert getattr(switched(Profile(), [switch]), switch.partition("=")[0]) == value


def test_what_no_switch_names_stays() -> None:
    """A profile is changed in that one answer."""
    assert switched(PROFILES["strict"], ["repeated=accept"]) == attrs.evolve(PROFILES["strict"], repeated="accept")
    assert switched(PROFILES["strict"], []) == PROFILES["strict"]
