"""The README is true: its programs run and print what it says they print."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from skipup_async.emulator import Emulator
from tests.redis_server import RedisServer, binary
from tests.waiting import until_threads

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


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis or Valkey for the program that shares its limit; it comes with the extra `test`."""
    program = binary()
    assert program is not None
    server = RedisServer(program, tmp_path_factory.mktemp("redis"))
    server.start()
    yield server.url
    server.kill()


def environment_for(emulator: Emulator, redis_url: str = "") -> dict[str, str]:
    """What the README tells its readers to set."""
    return os.environ | {
        "REDIS_URL": redis_url,
        "SKIPUP_API_KEY": emulator.api_key,
        "SKIPUP_BASE_URL": emulator.url,
        "SKIPUP_WEBHOOK_SECRET": "whsec_only_for_these_tests_0123456789",
    }


@pytest.mark.parametrize(("program", "output"), programs(), ids=lambda value: "")
def test_each_program_runs_and_prints_what_is_shown_below_it(
    program: str, output: str | None, emulator: Emulator, redis_url: str, tmp_path: Path
) -> None:
    """A Python block of the README is a complete program without a warning."""
    environment = environment_for(emulator, redis_url)
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


def test_the_fan_out_program_is_killed_and_run_again(emulator: Emulator, tmp_path: Path) -> None:
    """The README's fan-out, killed with a third of the calls made, invites everybody once when it is run again."""
    [program] = [text for text, _ in programs() if "journal=" in text]
    command = [sys.executable, "-c", program]
    emulator.fail(on="POST /meeting_requests", next=30, delay=0.01)
    emulator.fail(on="POST /meeting_requests", next=None, hold=True)
    child = subprocess.Popen(command, cwd=tmp_path, env=environment_for(emulator))
    until_threads(lambda: len(emulator.meeting_requests()) >= 30)
    child.kill()
    child.wait()
    emulator.clear_faults()
    again = subprocess.run(
        command, cwd=tmp_path, env=environment_for(emulator), capture_output=True, text=True, timeout=60, check=True
    )
    assert again.stdout == "100 invited, 0 not\n"
    invited = Counter(request["participant_emails"][0] for request in emulator.meeting_requests())
    assert invited == Counter({f"customer{number}@example.org": 1 for number in range(100)})
