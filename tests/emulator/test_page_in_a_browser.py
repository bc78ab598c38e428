"""The page in a real browser: its style is let in, its text is no code, and it fits every window."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from skipup_async.emulator import Emulator, RateLimit

image = pytest.importorskip("matplotlib.image", reason="matplotlib is not installed")

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)

pytestmark = [pytest.mark.browser, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]

#: Red, green and blue of the style sheet's light colours.
GROUND, ALARM = [0xF6 / 255, 0xF7 / 255, 0xF9 / 255], [0xC2 / 255, 0x1D / 255, 0x2F / 255]


@attrs.frozen(eq=False)
class Look:
    """What a browser made of a page: its document, its picture, and what it complained of."""

    document: str
    pixels: Any
    complaints: str


def look_at(url: str, folder: Path, *, size: tuple[int, int] = (1440, 900), dark: bool = False) -> Look:
    """Open *url* in a browser that reaches nothing but this machine."""
    assert BROWSER is not None
    screenshot = folder / "page.png"
    command = [BROWSER, "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []
    command += ["--blink-settings=preferredColorScheme=0"] if dark else []
    command += [f"--user-data-dir={folder / 'profile'}", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
    command += [
        "--enable-logging=stderr",
        f"--window-size={size[0]},{size[1]}",
        f"--screenshot={screenshot}",
        "--dump-dom",
    ]
    done = subprocess.run([*command, url], capture_output=True, text=True, timeout=60, check=True)
    complaints = "\n".join(line for line in done.stderr.splitlines() if "CONSOLE" in line)
    return Look(done.stdout, image.imread(screenshot)[:, :, :3], complaints)


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with something of everything in it, some of it hostile, some of it long, and one key at its limit."""
    with Emulator(rate_limit=RateLimit(2)) as running:
        hostile = "<script>document.title = 'broken'</script>"
        running.add_member("dana@example.com", name="D" * 300)
        campaign = running.add_campaign("A campaign whose name is long " * 5)
        for _ in range(30):
            running.add_meeting_request(context={"title": hostile}, campaign_id=campaign)
        running.add_meeting_request(workspace="globex", context={"title": "W" * 300})
        headers = {"Authorization": f"Bearer {running.api_key}", "Idempotency-Key": "k" * 200}
        for _ in range(3):
            request = urllib.request.Request(f"{running.url}/teams/{'x' * 300}", headers=headers)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=10)
            refused.value.close()
        yield running


@pytest.fixture(scope="module")
def wide(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Look:
    """The page on a large screen."""
    return look_at(f"{emulator.page_url}?paused", tmp_path_factory.mktemp("wide"))


def test_the_style_is_let_in_and_nothing_else_is_asked_for(emulator: Emulator, wide: Look) -> None:
    """The browser complains of nothing, draws the page's own ground, and makes no request that is recorded."""
    assert wide.complaints == ""
    assert wide.pixels[2, 2].tolist() == pytest.approx(GROUND, abs=0.01)
    assert "<title>SkipUp emulator</title>" in wide.document
    assert emulator.request_count == 3


def test_a_limit_that_is_used_up_is_red(wide: Look) -> None:
    """The bar of the full key is drawn in the colour of an alarm."""
    assert (abs(wide.pixels - ALARM) < 0.02).all(axis=2).sum(axis=1).max() > 100


def test_it_is_dark_where_the_machine_is(emulator: Emulator, tmp_path: Path) -> None:
    """Light ink on a dark ground."""
    pixels = look_at(f"{emulator.page_url}?paused", tmp_path, dark=True).pixels
    assert pixels.mean() < 0.25
    assert pixels.max() > 0.85


def test_it_fits_a_telephone(emulator: Emulator, tmp_path: Path) -> None:
    """From top to bottom nothing reaches into either margin, however long it is."""
    pixels = look_at(f"{emulator.page_url}?paused", tmp_path, size=(380, 6000)).pixels
    assert pixels.shape[1] == 380
    assert abs(pixels[:, :10] - GROUND).max() < 0.01
    assert abs(pixels[:, -10:] - GROUND).max() < 0.01
    assert abs(pixels[:1000, 20:-20] - GROUND).max() > 0.1, "there is nothing there"
