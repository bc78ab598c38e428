"""Run schemathesis against emulators of every profile; fail for any failure, and for too few cases.

Further arguments go to schemathesis, such as `--seed 1`.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import attrs

from skipup_async.emulator import PROFILES, Emulator, RateLimit
from tests.conformance.watch import VARIABLE

FEWEST_CASES = 20_000
#: What schemathesis does with each emulator. Fuzzing ends by its count of cases, walks along links by their time.
PHASES = (
    ("--phases", "examples,coverage,fuzzing", "--max-examples", "175"),
    ("--phases", "stateful", "--max-time", "30"),
)
#: So that some calls are one too many, and most are not.
LIMITS = {"terse": RateLimit(60, per=2)}

_AT_ONCE = 2
_SECONDS = 600  # a phase that takes longer hangs
_ROOT = Path(__file__).parents[2]
_CONFIG = """
hooks = "tests.conformance.hooks"
workers = 1
continue-on-failure = true

[auth.wfc]
path = "keys.json"
user = "owner"
peers = ["owner", "stranger"]

[checks]
enabled = true

# 422 besides: the documented answer to what no schema can say. A check of ours looks at the reason it gives.
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429"]

# 417 besides: an expectation that nobody can meet is refused before anything else is looked at (RFC 9110, 10.1.1).
[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "415", "417", "422", "428", "429"]
"""


@attrs.frozen
class Outcome:
    """What came of one profile: how many cases, whether all passed, and what schemathesis said of them."""

    profile: str
    cases: int
    passed: bool
    said: str


def main(arguments: Sequence[str]) -> int:
    """Judge every profile; say how many cases there were; give the exit code."""
    logging.getLogger("skipup_async").setLevel(logging.ERROR)  # webhooks to made-up hosts are not worth a line each
    began, cases, passed = time.monotonic(), 0, True
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for outcome in pool.map(partial(_judge, arguments=arguments), PROFILES):
            cases, passed = cases + outcome.cases, passed and outcome.passed
            _say("" if outcome.passed else outcome.said)
            _say(f"Profile {outcome.profile}: {outcome.cases:,} cases, {'0' if outcome.passed else 'with'} failures")
    _say(f"{cases:,} cases in {time.monotonic() - began:.0f} s")
    if cases < FEWEST_CASES:
        _say(f"Too few: {FEWEST_CASES:,} are asked for")
    return int(not passed or cases < FEWEST_CASES)


def _judge(profile: str, arguments: Sequence[str]) -> Outcome:
    """Do every phase with an emulator of that profile."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "emulator.db"
        limit = LIMITS.get(profile)
        with Emulator(db=database, profile=profile, rate_limit=limit, keep_requests=1) as emulator:
            _populate(emulator)
            _configure(folder, owner=emulator.api_key, stranger=emulator.add_key(workspace="other"))
            document = emulator.url.replace("/api/v1", "/openapi.json")
            runs = [_run(folder, database, [document, *phase, *arguments]) for phase in PHASES]
    passed = all(done.returncode == 0 for done, _ in runs)
    return Outcome(profile, sum(cases for _, cases in runs), passed, "\n".join(done.stdout for done, _ in runs))


def _run(folder: Path, database: Path, arguments: Sequence[str]) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run schemathesis in *folder*; give what it said, and how many cases it made."""
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml", "run"]
    report = ["--report", "json", "--report-json-path", "report.json"]
    done = subprocess.run(
        [*command, *report, *arguments],
        cwd=folder,
        env={**os.environ, VARIABLE: str(database), "PYTHONPATH": str(_ROOT)},
        timeout=_SECONDS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    written = folder / "report.json"
    cases = json.loads(written.read_text())["test_cases"]["generated"] if written.exists() else 0
    written.unlink(missing_ok=True)
    return done, cases


def _configure(folder: Path, **keys: str) -> None:
    """Tell schemathesis of the keys of two workspaces, who must not see each other's objects."""
    users = [
        {"name": name, "fixedHeaders": [{"name": "Authorization", "value": f"Bearer {key}"}]}
        for name, key in keys.items()
    ]
    (folder / "keys.json").write_text(json.dumps({"auth": users}))
    (folder / "schemathesis.toml").write_text(_CONFIG)


def _populate(emulator: Emulator) -> None:
    """Something to find in every list, here and in another workspace."""
    for workspace in ("example", "other"):
        emulator.add_campaign("Spring", workspace=workspace)
        booked, *_ = [emulator.add_meeting_request(workspace=workspace) for _ in range(3)]
        emulator.book(booked)


def _say(line: str) -> None:
    if line:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
