"""The emulator alone, as a program."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
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


def test_single_switches_stand_above_the_profile() -> None:
    """Each of them, and the last of a name."""
    told = ("unauthorized=string", "forbidden=named", "unauthorized=authentication_error")
    switches = [part for switch in told for part in ("--switch", switch)]
    with running("--profile", "terse", "--scope", "members.read", *switches) as (_, said):
        assert refused(said, "wrong") == {"type": "authentication_error", "message": "Invalid or missing API key."}
        assert refused(said, serve.DEFAULT_KEY)["message"] == "API key missing required scope: teams.read"


def refused(said: list[str], key: str) -> dict[str, str]:
    """The error that GET /teams is answered with."""
    with pytest.raises(urllib.error.HTTPError) as caught:
        status(said, key)
    with caught.value as answer:
        return dict(json.load(answer)["error"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--key", "sk_live_0123456789"], "looks live"),
        (["--host", "0.0.0.0"], "allow_remote"),
        (["--db", "/nowhere/state.sqlite"], "No such file"),
        (["--rate-limit", "0"], "limit"),
        (["--port", "70000"], "port must be 0-65535"),
        (["--port", "-1"], "port must be 0-65535"),
        (["--switch", "answers"], "--switch takes NAME=VALUE, not 'answers'"),
        (["--switch", "colour=red"], "no switch is named 'colour'; there are answers, unauthorized, "),
        (["--switch", "answers=FULL"], "answers is one of full, sparse, not 'FULL'"),
        (["--switch", "retry_after=yes"], "retry_after is one of true, false, not 'yes'"),
        (["--switch", "idempotency_other_body=400"], "is one of replay, 409, 422, not '400'"),
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
