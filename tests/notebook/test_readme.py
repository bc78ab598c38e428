"""The notebook session of the README is true: its cells run in a real kernel and show what is said below them."""

import re
from pathlib import Path

import pytest

from tests.notebook.conftest import MakeKernel

pytestmark = pytest.mark.kernel

README = Path(__file__).parents[2] / "README.md"
#: A cell, and the text that follows it directly as what it prints.
CELL = re.compile(r"^```py\n(?P<cell>.*?)^```$(?:\s*^```text\n(?P<printed>.*?)^```$)?", re.MULTILINE | re.DOTALL)


def test_each_cell_of_the_session_runs_and_prints_what_is_shown_below_it(make_kernel: MakeKernel) -> None:
    """The `py` blocks of the README are the cells of one notebook, in which nothing is warned of."""
    cells = list(CELL.finditer(README.read_text(encoding="utf-8")))
    assert len(cells) >= 4
    kernel = make_kernel()
    for cell in cells:
        shown = kernel.run(cell["cell"])
        assert (shown.raised, shown.errors) == ("", "")
        assert cell["printed"] in (None, shown.text)
    assert kernel.shut_down() == (0, "")
