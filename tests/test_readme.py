"""The README is true: its programs run and print what it says they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from skipup_async.emulator import Emulator

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def programs() -> list[tuple[str, str | None]]:
    """Each Python block, with the text block that follows it directly as its output."""
    text = README.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    found: list[tuple[str, str | None]] = []
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block["language"] != "python":
            continue
        follows = after is not None and after["language"] == "text" and not text[block.end() : after.start()].strip()
        found.append((block["text"], after["text"] if after is not None and follows else None))
    return found


@pytest.mark.parametrize(("program", "output"), programs(), ids=lambda value: "")
def test_each_program_runs_and_prints_what_is_shown_below_it(
    program: str, output: str | None, emulator: Emulator, tmp_path: Path
) -> None:
    """A Python block of the README is a complete program without a warning."""
    environment = os.environ | {"SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert output is None or done.stdout == output


def test_the_readme_has_programs() -> None:
    """The programs are found, so that the test above tests something."""
    assert len(programs()) >= 8
