"""`python -m skipup_async listen`: what it prints and how it ends."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from skipup_async.emulator import listen
from skipup_async.webhooks import Webhook
from tests.webhooks.messages import BODY, SECRET, envelope, headers, webhook
from tests.webhooks.servers import post, serving

START = "import sys; from skipup_async.emulator.listen import run; sys.exit(run(sys.argv[1:]))"


@contextmanager
def listening(*arguments: str) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """The program with *arguments*, and the URL it says it listens on."""
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", START, "--port", "0", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            found = re.search(r"http://\S+", program.stdout.readline())
            assert found is not None
            yield program, found[0]
        finally:
            program.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_events_until_it_is_told_to_stop(number: signal.Signals) -> None:
    """A genuine event with its JSON, word of a second delivery and of a forgery, and then a clean end."""
    good = Webhook(SECRET).sign(BODY)
    with listening("--secret", "another-secret-of-24-bytes", "--secret", SECRET) as (program, url):
        statuses = [post(f"{url}any/path", BODY, good), post(url, BODY, good), post(url, BODY, {})]
        program.send_signal(number)
        said, errors = program.communicate(timeout=10)
    assert (statuses, program.returncode, errors) == ([204, 204, 400], 0, "")
    assert "meeting_request.booked evt_01H\n" in said
    assert '"organizer_email": "alice@example.com"' in said
    assert "An event came again." in said
    assert "Refused: the request has no X-Webhook-Signature header" in said
    assert SECRET not in said


def test_the_secret_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others cannot read it in the list of processes."""
    monkeypatch.setenv(listen.SECRET_VARIABLE, SECRET)
    with listening() as (_, url):
        assert post(url, BODY, Webhook(SECRET).sign(BODY)) == 204


def test_without_a_secret_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line on stderr, and exit code 2."""
    monkeypatch.delenv(listen.SECRET_VARIABLE, raising=False)
    assert listen.run([]) == 2
    errors = capsys.readouterr().err
    assert "SKIPUP_WEBHOOK_SECRET" in errors
    assert errors.count("\n") == 1


def test_a_port_that_cannot_be_had_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """One that is taken, and one that does not exist: no traceback."""
    with serving(listen.application(webhook())) as url:
        for port in (url.rpartition(":")[2], "70000"):
            assert listen.run(["--secret", SECRET, "--port", port]) == 2
            assert capsys.readouterr().err.count("\n") == 1


def test_nothing_an_event_says_moves_the_cursor() -> None:
    """Control characters in a type, an id or the JSON are printed by their codes."""
    body = json.dumps(envelope("\x1b[2J", id="\x07", data="\x1b]0;title\x07")).encode()
    printed = listen.described(webhook().verify(body, headers(body)))
    assert printed.replace("\n", "").isprintable()
