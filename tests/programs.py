"""Programs in a Python of their own, in development mode, with warnings as errors: what a process does to others."""

import os
import subprocess
import sys
import textwrap

from skipup_async.emulator import Emulator

__all__ = ["complaints", "output", "started"]

#: Seconds within which every one of them is over.
_PATIENCE = 30.0


def started(program: str, emulator: Emulator) -> "subprocess.Popen[str]":
    """*program* at work, with a key and an emulator in its environment; its output is read line by line."""
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-u", "-c", textwrap.dedent(program)],
        env={**os.environ, "SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output(process: "subprocess.Popen[str]") -> list[str]:
    """The lines that are left of *process*, which ends well and does not hang."""
    try:
        written, _ = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, written
    return complaints(written).splitlines()


def complaints(written: str) -> str:
    """What a program has *written*, without the slow steps that development mode names: on a busy machine any is."""
    return "".join(line for line in written.splitlines(keepends=True) if not line.startswith("Executing <"))
