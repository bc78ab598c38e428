"""The README is true: its programs run and print what it says they print."""

import inspect
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from skipup_async.core.request import Operation
from skipup_async.emulator import Emulator, serve
from skipup_async.emulator.router import API
from tests.programs import complaints
from tests.redis_server import RedisServer, binary
from tests.reference.calls import CALLS
from tests.waiting import until_threads

README = Path(__file__).parent.parent / "README.md"
BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


#: The first line of a block that is one file of several, which tests/test_recipes_services.py puts together.
FILE = re.compile(r"# \w+\.py\n")


def programs() -> list[tuple[str, str | None]]:
    """Each Python block that is a program by itself, with the text block that follows it directly as its output."""
    text = README.read_text(encoding="utf-8")
    blocks = list(BLOCK.finditer(text))
    found: list[tuple[str, str | None]] = []
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block["language"] != "python" or FILE.match(block["text"]):
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
    assert (done.returncode, complaints(done.stderr)) == (0, "")
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


def anchor(heading: str) -> str:
    """Where a link to *heading* leads, as forges make it."""
    return re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-")


def test_every_link_within_the_readme_leads_to_a_heading() -> None:
    """The line of links near the top, and those in the text; and each heading is there once."""
    text = BLOCK.sub("", README.read_text(encoding="utf-8"))
    headings = [anchor(heading) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)]
    links = re.findall(r"\]\(#([^)]*)\)", text)
    assert len(links) > 20
    assert set(links) <= set(headings)
    assert [heading for heading, count in Counter(headings).items() if count > 1] == []


def test_what_a_newcomer_sets_is_what_the_emulator_says() -> None:
    """The key and the address under "Install" are those of `python -m skipup_async emulator`."""
    assert (
        f"export SKIPUP_API_KEY={serve.DEFAULT_KEY} SKIPUP_BASE_URL=http://127.0.0.1:{serve.DEFAULT_PORT}{API}\n"
        in README.read_text(encoding="utf-8")
    )


def test_the_seed_that_is_shown_can_be_sown() -> None:
    """An emulator begins with it, and holds its meeting request."""
    blocks = BLOCK.finditer(README.read_text(encoding="utf-8"))
    [seed] = [block["text"] for block in blocks if block["language"] == "json" and '"workspaces"' in block["text"]]
    with Emulator(seed=json.loads(seed)) as emulator:
        assert [request["status"] for request in emulator.meeting_requests()] == ["booked"]


def test_every_command_that_is_named_exists() -> None:
    """Those of the package, and the sessions of nox."""
    text = README.read_text(encoding="utf-8")
    assert set(re.findall(r"-m skipup_async (\w+)", text)) == {"demo", "emulator", "listen"}
    sessions = re.findall(r"^def (\w+)\(session", (README.parent / "noxfile.py").read_text("utf-8"), re.MULTILINE)
    assert set(re.findall(r"nox -s (\w+)", text)) <= set(sessions)


#: Something for every argument that a change needs.
ARGUMENTS = {
    "email": "b@example.com",
    "id": "x_1",
    "name": "Spring",
    "new_organizer_email": "b@example.com",
    "organizer_email": "a@example.com",
    "participants": ["b@example.com"],
    "team_id": "tm_1",
    "title": "Kickoff",
    "url": "https://example.com/hooks",
}


def what_is_repeated() -> dict[str, Operation]:
    """The changes in the rows of that table, and what each row is about."""
    table = README.read_text(encoding="utf-8").partition("\n## What is repeated, and what is not\n")[2]
    rows = re.findall(r"^\| (`.*?) \|", table.partition("\n## ")[0], re.MULTILINE)
    about = (Operation.KEYED, Operation.GUARDED, Operation.IDEMPOTENT, Operation.ADDITIVE)
    found: dict[str, Operation] = {}
    for row, operation in zip(rows, about, strict=True):
        resource = ""
        for owner, method in re.findall(r"`(\w*)\.(\w+)`", row):
            resource = owner or resource
            found[f"{resource}.{method}"] = operation
    return found


def test_what_is_repeated_is_what_the_table_says() -> None:
    """Every change of SkipUp stands in the row of its kind."""
    kinds: dict[str, Operation] = {}
    for call in CALLS:
        service, _, method = call.place.partition(".")
        build: Any = getattr(call.declared, "build", None)
        if service == "SkipUp" and build is not None and method != "request":
            takes = inspect.signature(call.awaited).parameters
            kinds[method] = build(**{k: v for k, v in ARGUMENTS.items() if k in takes}).operation
    assert what_is_repeated() == {name: kind for name, kind in kinds.items() if kind is not Operation.SAFE}
