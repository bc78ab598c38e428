"""Ctrl-C: a fan-out stops within a second, and its journal says what is open."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from skipup_async.emulator import Emulator
from tests.waiting import until_threads

HERE = Path(__file__).parent
COUNT = 60


@pytest.mark.parametrize("script", ["invite_everybody.py", "invite_blocking.py"], ids=["awaited", "blocking"])
def test_ctrl_c_stops_within_a_second_and_leaves_nothing_unaccounted(
    emulator: Emulator, tmp_path: Path, script: str
) -> None:
    """Interrupted with 20 calls under way, the script ends; run again, it invites everybody once."""
    journal = tmp_path / "journal.sqlite"
    command = [sys.executable, str(HERE / script), emulator.url, emulator.api_key, str(journal), str(COUNT)]
    held = emulator.fail(on="POST /meeting_requests", next=None, hold=True)
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    until_threads(lambda: emulator.request_count >= 20)
    child.send_signal(signal.SIGINT)
    interrupted = time.monotonic()
    _, complaint = child.communicate(timeout=30)
    assert time.monotonic() - interrupted < 1.5  # a second, and the interpreter's own way out
    assert b"KeyboardInterrupt" in complaint
    assert states(journal) == Counter(started=20)
    held.release()
    emulator.clear_faults()
    assert subprocess.run(command, check=False, timeout=120).returncode == 0
    invited = Counter(request["participant_emails"][0] for request in emulator.meeting_requests())
    assert invited == Counter({f"person{number}@example.org": 1 for number in range(COUNT)})


def states(journal: Path) -> Counter[str]:
    """How many items are in each state, by the journal."""
    with sqlite3.connect(journal) as database:
        found = Counter(state for (state,) in database.execute("SELECT state FROM items"))
    database.close()
    return found
