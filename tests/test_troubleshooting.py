"""The README tells of every error: where it stands in the tree, what it means, and what to do."""

import inspect
import re
from pathlib import Path

import pytest

from skipup_async import errors

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
TABLE = README.partition("\n## Troubleshooting\n")[2].partition("\n## ")[0]
#: A row of that table, its second and third cell.
ROW = re.compile(r"^\| `(\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)
#: A line of the tree: what stands before the name says how deep it is.
BRANCH = re.compile(r"^(?P<depth>(?:[│├└ ][─ ]{3})*)(?P<name>[A-Z]\w+)", re.MULTILINE)

ERRORS = [value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, errors.SkipUpError)]


def parents(tree: str) -> dict[str, str | None]:
    """Each name in a drawn *tree*, and the name it hangs from."""
    above: list[str] = []
    found: dict[str, str | None] = {}
    for branch in BRANCH.finditer(tree):
        depth = len(branch["depth"]) // 4
        above[depth:] = [branch["name"]]
        found[branch["name"]] = above[depth - 1] if depth else None
    return found


def test_every_error_stands_in_the_table_once() -> None:
    """In the order of the tree, and nothing else does."""
    assert [row[1] for row in ROW.finditer(TABLE)] == list(parents(drawn("README")))


def test_the_tables_rows_are_whole() -> None:
    """Each says what the error means and what to do."""
    rows = [line for line in TABLE.splitlines() if line.startswith("| `")]
    assert len(rows) == len(ERRORS)
    assert [row for row in rows if not ROW.fullmatch(row)] == []


def drawn(place: str) -> str:
    """The tree of errors in the README, or in the docstring of the module."""
    text = README if place == "README" else inspect.cleandoc(errors.__doc__ or "").replace("\n    ", "\n")
    return "SkipUpError\n" + text.partition("\nSkipUpError\n")[2].partition("\n\n")[0].partition("```")[0]


@pytest.mark.parametrize("place", ["README", "docstring"])
def test_the_tree_is_as_the_classes_are(place: str) -> None:
    """Every error hangs from its parent, and none is left out."""
    first = {cls.__name__: cls.__bases__[0] for cls in ERRORS}
    assert parents(drawn(place)) == {name: base.__name__ if base in ERRORS else None for name, base in first.items()}


@pytest.mark.parametrize("place", ["README", "docstring"])
def test_the_tree_tells_what_else_an_error_is(place: str) -> None:
    """Where it can be caught as one of Python's own errors, its line says so."""
    said = dict(re.findall(r"([A-Z]\w+) +also an? (\w+)", drawn(place), re.MULTILINE))
    assert said == {cls.__name__: cls.__bases__[1].__name__ for cls in ERRORS if len(cls.__bases__) > 1}


def test_every_attribute_the_readme_names_is_there() -> None:
    """What the tree shows beside a class, and what the table tells to look at."""
    named = set(re.findall(r" \.(\w+)", drawn("README"))) | set(re.findall(r"`\.(\w+)`", TABLE))
    made = [cls("message") for cls in ERRORS]
    assert len(named) >= 8
    assert {name for name in named if not any(hasattr(error, name) for error in made)} == set()
