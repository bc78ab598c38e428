"""The log: what one slow call looks like in it, what is worth a line, and how SKIPUP_LOG switches it on."""

import logging
import os
import re
import subprocess
import sys
from typing import Any

import pytest

from skipup_async import AsyncSkipUp, RetryPolicy, SkipUpError, Unlimited
from skipup_async.emulator import Emulator
from tests.conftest import MakeDriver, Sleeper
from tests.observed import slow_call

KEY = "sk_test_" + "Find0Me1Nowhere2" * 2


def messages(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    """What this package wrote at that level."""
    found = (record for record in caplog.records if record.name == "skipup_async" and record.levelno == level)
    return [record.getMessage() for record in found]


def test_the_lines_of_a_slow_call_tell_its_times_apart(
    make_driver: MakeDriver, sleeper: Sleeper, caplog: pytest.LogCaptureFixture
) -> None:
    """One line an attempt, and one for the whole: limiter, backoff, network, and the service's part of that."""
    caplog.set_level(logging.DEBUG, "skipup_async")
    with slow_call(sleeper) as slow:
        driver = make_driver(KEY, timing=sleeper.timing, **slow.options)
        driver.call(lambda client: client.teams.get("tm_secret1"))
    assert messages(caplog, logging.DEBUG) == [
        "GET /teams/:id: 503 in 0.750 s (server 0.750), attempt 1, request id req_1",
        "GET /teams/:id: 429 in 0.125 s (server 0.125), attempt 2, request id req_2",
        "GET /teams/:id: 200 in 1.500 s (server 1.500), attempt 3, request id req_3",
    ]
    [line] = messages(caplog, logging.INFO)
    assert line == (
        "GET /teams/:id: 200, 3 attempts in 10.775 s: limiter 8.150, backoff 0.250, network 2.375 (server 2.375),"
        " request id req_3"
    )


def test_a_call_that_fails_is_one_line_without_its_words(
    make_driver: MakeDriver, sleeper: Sleeper, caplog: pytest.LogCaptureFixture
) -> None:
    """The service's words may name people; its class and status do not."""
    caplog.set_level(logging.INFO, "skipup_async")
    with Emulator() as emulator:
        emulator.fail(status=422, type="validation_error", message="carol.private@example.com is unknown")
        driver = make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing)
        with pytest.raises(SkipUpError):
            driver.call(lambda client: client.workspace_members.add("carol.private@example.com"))
    [line] = messages(caplog, logging.INFO)
    assert re.fullmatch(
        r"POST /workspace_members: 422 ValidationError, 1 attempt in 0\.000 s: "
        r"limiter 0\.000, backoff 0\.000, network 0\.000 \(server 0\.000\)",
        line,
    )


def test_a_call_without_an_answer_names_the_error(
    make_driver: MakeDriver, sleeper: Sleeper, caplog: pytest.LogCaptureFixture
) -> None:
    """In place of a status."""
    caplog.set_level(logging.DEBUG, "skipup_async")
    policy = RetryPolicy(max_attempts=1)
    driver = make_driver(KEY, base_url="http://127.0.0.1:1/api/v1", timing=sleeper.timing, retry=policy)
    with pytest.raises(SkipUpError):
        driver.call(lambda client: client.teams.list().collect())
    lines = messages(caplog, logging.DEBUG) + messages(caplog, logging.INFO)
    assert [line.partition(" in ")[0] for line in lines] == [
        "GET /teams: APIConnectionError",
        "GET /teams: APIConnectionError, 1 attempt",
    ]


def test_a_state_change_that_was_read_back_is_done(
    make_driver: MakeDriver, sleeper: Sleeper, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """Its own answer, which had a status, never came."""
    caplog.set_level(logging.INFO, "skipup_async")
    id = emulator.add_meeting_request()
    emulator.fail(on="POST *", connection="reset", after_commit=True)
    driver = make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing)
    driver.call(lambda client: client.meeting_requests.pause(id))
    told, line = messages(caplog, logging.INFO)
    assert told.endswith("the object shows that it was done")
    assert line.startswith("POST /meeting_requests/:id/pause: done, 1 attempt in 1.000 s: limiter 0.000, backoff 1.000")


def test_a_call_that_goes_smoothly_is_worth_no_line(
    make_driver: MakeDriver, sleeper: Sleeper, emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    """At INFO; nor is anything written at the level of a program that asks for nothing."""
    caplog.set_level(logging.INFO, "skipup_async")
    driver = make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing)
    driver.call(lambda client: client.teams.list().collect())
    assert messages(caplog, logging.INFO) == []


@pytest.mark.parametrize(("name", "lines"), [("DEBUG", 4), ("INFO", 1), ("WARNING", 0)])
def test_the_level_decides_what_is_written(
    name: str, lines: int, make_driver: MakeDriver, sleeper: Sleeper, caplog: pytest.LogCaptureFixture
) -> None:
    """It may be set at any time, by `logging` alone."""
    with slow_call(sleeper) as slow:
        driver = make_driver(KEY, timing=sleeper.timing, **slow.options)
        caplog.set_level(name, "skipup_async")
        driver.call(lambda client: client.teams.get("tm_secret1"))
    assert len([record for record in caplog.records if record.name == "skipup_async"]) == lines


PROGRAM = """
import logging, os, sys
{before}
from skipup_async import AsyncSkipUp, SkipUp, SkipUpError, Unlimited
clients = [SkipUp(limiter=Unlimited()) for _ in range(3)]
AsyncSkipUp(limiter=Unlimited())
{after}
try:
    clients[2].meeting_requests.get("mr_secret")
except SkipUpError as error:
    print(type(error).__name__)
for client in clients:
    client.close()
root = logging.getLogger()
print(root.level == logging.WARNING, len(root.handlers))
"""


def run(emulator: Emulator, level: str | None, before: str = "", after: str = "") -> tuple[str, list[str]]:
    """What a program prints that asks for something which is not there, and its lines on standard error."""
    environment = os.environ | {"SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url}
    environment.pop("SKIPUP_LOG", None)
    environment |= {} if level is None else {"SKIPUP_LOG": level}
    command = [sys.executable, "-W", "error", "-c", PROGRAM.format(before=before, after=after)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return ran.stdout, ran.stderr.splitlines()


STAMP = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
ATTEMPT = rf"{STAMP} DEBUG skipup_async: GET /meeting_requests/:id: 404 in .*, attempt 1"
CALL = rf"{STAMP} INFO skipup_async: GET /meeting_requests/:id: 404 NotFoundError, 1 attempt in .*"


class TestTheEnvironment:
    """SKIPUP_LOG, read by the first client."""

    @pytest.mark.parametrize(
        ("level", "expected"), [("debug", [ATTEMPT, CALL]), ("DEBUG", [ATTEMPT, CALL]), ("info", [CALL]), ("", [])]
    )
    def test_it_writes_to_standard_error(self, emulator: Emulator, level: str, expected: list[str]) -> None:
        """Each line once, however many clients there are, and the root logger is left alone."""
        printed, lines = run(emulator, level)
        assert printed == "NotFoundError\nTrue 0\n"
        assert len(lines) == len(expected)
        assert all(map(re.fullmatch, expected, lines))

    def test_without_it_nothing_is_written(self, emulator: Emulator) -> None:
        """A library is silent."""
        assert run(emulator, None) == ("NotFoundError\nTrue 0\n", [])

    @pytest.mark.parametrize("level", ["verbose", "warning", "1", "debug,info"])
    def test_another_value_is_told_by_its_name(self, emulator: Emulator, level: str) -> None:
        """And not taken for silence."""
        printed, lines = run(emulator, level)
        assert (printed, lines[-1]) == ("", "skipup_async.errors.ConfigurationError: SKIPUP_LOG must be debug or info")

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_log_the_application_has_set_up_shows_no_line_twice(self, emulator: Emulator, when: str) -> None:
        """Neither when it did so before, nor when it does so afterwards."""
        setup: Any = {when: "logging.basicConfig(level=logging.WARNING)"}
        _, lines = run(emulator, "info", **setup)
        assert len(lines) == 1

    def test_a_handler_of_the_applications_for_this_log_stays_the_only_one(self, emulator: Emulator) -> None:
        """The level alone is set."""
        before = 'logging.getLogger("skipup_async").addHandler(logging.StreamHandler(sys.stdout))'
        printed, lines = run(emulator, "info", before)
        assert lines == []
        assert printed.startswith("GET /meeting_requests/:id: 404 NotFoundError, 1 attempt in ")

    def test_no_line_shows_the_key_or_an_id(self, emulator: Emulator) -> None:
        """At its loudest."""
        _, lines = run(emulator, "debug")
        assert not any(private in line for line in lines for private in (emulator.api_key, "mr_secret"))


def test_a_process_without_the_variable_keeps_its_logger_as_it_was() -> None:
    """To make a client changes no level and adds no handler."""
    logger = logging.getLogger("skipup_async")
    before = (logger.level, list(logger.handlers), logger.propagate)
    AsyncSkipUp(KEY, limiter=Unlimited())
    assert (logger.level, logger.handlers, logger.propagate) == before
