"""A notebook as a page: run in a real kernel, opened in a real browser, and looked at."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from matplotlib import image
from numpy.typing import NDArray

from skipup_async.emulator import Emulator

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine"),
]

CELLS = [
    """
from skipup_async import SkipUp, TokenBucket
skipup = SkipUp(limiter=TokenBucket(100, per=60))
def invite(number):
    return skipup.meeting_requests.create(
        organizer_email="alice@example.com",
        participants=[f"person{number}@example.com"],
        title="<script>document.body.id = 'broken'</script>",
    )
report = skipup.fan_out(invite, range(10), progress=True).report()
""",
    "skipup.meeting_requests.list().collect()",
    "report.plot();",
]

#: Tells, from inside the page, where things are to be seen.
MEASURE = """<script>addEventListener("load", () => {
    const box = element => { const r = element.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom] }
    const boxes = query => [...document.querySelectorAll(query)].map(box)
    const seen = { rows: boxes("table.mathjax_ignore tr"), bars: boxes("progress"), pictures: boxes("img") }
    document.body.dataset.seen = JSON.stringify({ ...seen, id: document.body.id })
})</script>"""


@attrs.frozen(eq=False)
class Page:
    """A page as it was seen: where its elements are, and its pixels."""

    seen: dict[str, Any]
    pixels: NDArray[np.float64]

    def part(self, box: list[float]) -> NDArray[np.float64]:
        """The pixels in *box*, as red, green and blue from 0 to 1."""
        left, top, right, bottom = map(round, box)
        return self.pixels[top:bottom, left:right, :3]


def run_notebook(folder: Path, emulator: Emulator) -> str:
    """The HTML page of a notebook with `CELLS`, each of which was run, as `jupyter nbconvert` makes it."""
    code: dict[str, Any] = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    cells = [{**code, "id": str(number), "source": cell} for number, cell in enumerate(CELLS)]
    notebook = folder / "notebook.ipynb"
    notebook.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}))
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--execute", "--to", "html", str(notebook)],
        env={**os.environ, "SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url},
        capture_output=True,
        timeout=90,
        check=True,
    )
    return notebook.with_suffix(".html").read_text(encoding="utf-8")


def look_at(html: str, folder: Path) -> Page:
    """*html* in a browser that reaches no network."""
    assert BROWSER is not None
    page, screenshot = folder / "page.html", folder / "page.png"
    page.write_text(html.replace("</body>", f"{MEASURE}</body>"), encoding="utf-8")
    command = [BROWSER, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []
    command += [f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND"]
    command += ["--window-size=1600,1400", "--virtual-time-budget=3000", f"--screenshot={screenshot}", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=60, check=True)
    found = re.search(r'data-seen="([^"]*)"', done.stdout)
    assert found is not None, done.stderr
    return Page(json.loads(unescape(found[1])), image.imread(screenshot))


@pytest.fixture(scope="module")
def page(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The notebook's page, looked at once."""
    folder = tmp_path_factory.mktemp("page")
    return look_at(run_notebook(folder, emulator), folder)


def test_the_table_of_ten_requests_is_seen(page: Page) -> None:
    """Eleven rows, the names among them, each with ink in it, none on top of another."""
    rows = page.seen["rows"]
    assert len(rows) == 1 + 10
    assert all(page.part(row).min() < 0.3 < 0.8 < page.part(row).max() for row in rows)
    assert all(above[3] <= below[1] for above, below in itertools.pairwise(rows))


def test_a_title_with_a_script_in_it_did_nothing(page: Page) -> None:
    """What a title says is shown, and not run."""
    assert page.seen["id"] == ""


def test_the_progress_bar_is_seen_full(page: Page) -> None:
    """One bar, coloured from end to end."""
    (bar,) = page.seen["bars"]
    shown = page.part(bar)
    middle = shown[shown.shape[0] // 2]
    coloured = (middle.max(axis=1) - middle.min(axis=1)) > 0.3
    assert shown.shape[1] > 100
    assert coloured.mean() > 0.9


def test_the_picture_of_the_fan_out_is_seen(page: Page) -> None:
    """The plot is an image with the line of the calls in it, which is blue."""
    (picture,) = page.seen["pictures"]
    red, _, blue = np.moveaxis(page.part(picture), 2, 0)
    assert (blue - red > 0.3).any()
