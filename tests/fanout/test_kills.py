"""A fan-out that is killed, again and again, and run again: nobody is left out and nobody is invited twice."""

import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from skipup_async.emulator import Emulator

SCRIPT = Path(__file__).with_name("invite_everybody.py")
FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 503},
    {"status": 503, "after_commit": True},
    {"connection": "reset"},
    {"connection": "reset", "after_commit": True},
    {"connection": "close", "after_commit": True},
    {"connection": "truncate"},
)


@contextmanager
def every_fifth_call_fails(emulator: Emulator, chance: random.Random) -> Generator[None]:
    """Order a fault, of any kind, for one call in five."""
    over = threading.Event()

    def order() -> None:
        ordered = 0
        while not over.wait(0.002):
            while ordered * 5 < emulator.request_count:
                ordered += 1
                emulator.fail(next=1, on="POST /meeting_requests", **chance.choice(FAULTS))

    thread = threading.Thread(target=order)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        emulator.clear_faults()


def killed_and_run_again(emulator: Emulator, journal: Path, count: int, kills: int, chance: random.Random) -> int:
    """Run the script, kill it *kills* times at random moments, then run it to its end; how often it was killed."""
    command = [sys.executable, str(SCRIPT), emulator.url, emulator.api_key, str(journal), str(count)]
    killed = 0
    with every_fifth_call_fails(emulator, chance):
        for _ in range(kills):
            child = subprocess.Popen(command)
            try:
                child.wait(timeout=chance.uniform(0.4, 0.4 + count / 400))
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGKILL)
            killed += child.wait() == -signal.SIGKILL
        runs = (subprocess.run(command, check=False, timeout=300).returncode for _ in range(40))
        assert next(code for code in runs if code != 3) == 0
    return killed


def invited(emulator: Emulator) -> Counter[str]:
    """How often each person was invited, by the emulator's own record."""
    return Counter(request["participant_emails"][0] for request in emulator.meeting_requests())


@pytest.mark.parametrize(
    ("count", "kills"), [(300, 5), pytest.param(2000, 20, marks=pytest.mark.slow)], ids=["short", "full"]
)
def test_everybody_is_invited_once(emulator: Emulator, tmp_path: Path, count: int, kills: int) -> None:
    """After kills at random moments and a fifth of all calls failing, each person has exactly one request."""
    killed = killed_and_run_again(emulator, tmp_path / "journal.sqlite", count, kills, random.Random(7))
    assert killed > 0
    assert invited(emulator) == Counter({f"person{number}@example.org": 1 for number in range(count)})
