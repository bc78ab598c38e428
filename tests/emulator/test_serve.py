"""The emulator alone, as a program."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from skipup_async.emulator import serve

PROGRAM = "import sys; from skipup_async.emulator.serve import run; sys.exit(run(sys.argv[1:]))"


@contextmanager
def running(*arguments: str) -> Generator[tuple[subprocess.Popen[str], list[str]]]:
    """The program on a free port, and what it has said by the time it serves."""
    command = [sys.executable, "-c", PROGRAM, "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        said = [program.stdout.readline().strip() for _ in range(4)]
        try:
            yield program, said
        finally:
            program.kill()


def status(said: list[str], key: str) -> int:
    """What GET /teams answers under the URL that was told."""
    request = urllib.request.Request(f"{said[0].split()[-1]}/teams", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return int(response.status)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """Under the URL and the fixed key that it prints; it ends with 0 and without a traceback."""
    with running() as (program, said):
        assert status(said, serve.DEFAULT_KEY) == 200
        assert serve.DEFAULT_KEY in said[1]
        program.send_signal(number)
        _, errors = program.communicate(timeout=10)
    assert (program.returncode, errors) == (0, "")


def test_a_key_of_ones_own_is_not_printed() -> None:
    """It is used and kept to itself."""
    with running("--key", "sk_test_secret") as (program, said):
        assert status(said, "sk_test_secret") == 200
        program.terminate()
        rest, _ = program.communicate(timeout=10)
    assert "sk_test_secret" not in "".join(said) + rest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key", "sk_live_0123456789"], "looks live"),
        (["--host", "0.0.0.0"], "allow_remote"),
        (["--db", "/nowhere/state.sqlite"], "No such file"),
        (["--rate-limit", "0"], "limit"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """On stderr, with exit code 2, and without the key."""
    assert serve.run(["--port", "0", *arguments]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1
    assert "0123456789" not in errors
