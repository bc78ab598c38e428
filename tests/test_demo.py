"""The demo, told to somebody who does not stay."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("options", [[], ["-u"]])
def test_the_demo_ends_quietly_when_nobody_reads_on(options: list[str]) -> None:
    """As behind `| head -1`: no traceback, whether its lines are written at once or at the end."""
    command = [sys.executable, *options, "-m", "skipup_async", "demo"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stderr is not None
        program.stdout.close()
        errors = program.stderr.read()
    assert (program.returncode, errors) == (1, "")
