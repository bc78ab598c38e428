"""The README's services: their files are written as they stand there, tested by their own tests, and run."""

import http.client
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from skipup_async.emulator import Emulator

pytest_plugins = ["pytester"]

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
HEADINGS = ("A FastAPI service", "An aiohttp service")
#: A block that is a file: its first line is the file's name.
FILE = re.compile(r"^```python\n(?P<text># (?P<name>\w+\.py)\n.*?)^```$", re.MULTILINE | re.DOTALL)
#: How each service is run here: on a free port, which it tells.
COMMANDS = {
    "A FastAPI service": ["uvicorn", "service:app", "--port", "0"],
    "An aiohttp service": ["aiohttp.web", "-H", "127.0.0.1", "-P", "0", "service:make_app"],
}

Write = Callable[[str], None]


def section(heading: str) -> str:
    """The section of the README under *heading*."""
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.fixture
def write(pytester: pytest.Pytester) -> Write:
    """Writes the files of a section where the test stands."""

    def write(heading: str) -> None:
        files = {file["name"]: file["text"] for file in FILE.finditer(section(heading))}
        assert set(files) == {"service.py", "test_service.py"}
        for name, text in files.items():
            (pytester.path / name).write_text(text, encoding="utf-8")

    return write


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_services_own_tests_pass(
    heading: str, write: Write, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With pytest, anyio's plugin and this package's, in development mode and without a warning."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONDEVMODE", "1")
    write(heading)
    plugins = ("-p", "anyio.pytest_plugin", "-p", "skipup_async")
    result = pytester.runpytest_subprocess("-W", "error", *plugins, "-k", "not trio")
    assert result.ret == 0
    assert result.parseoutcomes()["passed"] == section(heading).count("def test_")


@contextmanager
def running(command: list[str], emulator: Emulator) -> Generator[str]:
    """*command*, a service on a free port of loopback, until the block ends; where it is."""
    environment = os.environ | {"SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url}
    service = subprocess.Popen(
        [sys.executable, "-u", "-m", *command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert service.stdout is not None
        found = (re.search(r"http://[\d.]+:\d+", line) for line in service.stdout)
        yield next(address[0] for address in found if address)
    finally:
        service.terminate()
        service.communicate(timeout=30)


def post(url: str, body: str) -> tuple[int, object]:
    """The status and the decoded JSON of the answer to a POST."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request("POST", parts.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def curl() -> list[str]:
    """The words of the README's call of its service."""
    [command] = re.findall(r"^\$ (curl .*?[^\\])$", section(HEADINGS[0]), re.MULTILINE | re.DOTALL)
    return shlex.split(command.replace("\\\n", " "))


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_service_schedules_what_the_readme_posts(heading: str, write: Write, emulator: Emulator) -> None:
    """Run by its command; the answer is the one shown, but for the id."""
    write(heading)
    words = curl()
    with running(COMMANDS[heading], emulator) as address:
        status, answer = post(address + urlsplit(words[2]).path, words[words.index("-d") + 1])
    [shown] = re.findall(r"^```json\n(.*?)^```$", section(HEADINGS[0]), re.MULTILINE | re.DOTALL)
    [made] = emulator.meeting_requests()
    assert (status, made["title"]) == (202, "Project kickoff")
    assert answer == json.loads(shown) | {"id": made["id"]}


@pytest.mark.parametrize("heading", HEADINGS)
def test_a_service_tells_a_refusal_and_an_outage(heading: str, write: Write, emulator: Emulator) -> None:
    """422 for what the caller can mend, 502 for what he cannot."""
    write(heading)
    emulator.fail(on="POST /meeting_requests", status=501, type="secret", message="of SkipUp's own")
    kickoff = {"organizer": "alice@example.com", "participants": ["carol@example.org"], "title": "Kickoff"}
    with running(COMMANDS[heading], emulator) as address:
        outage = post(f"{address}/meetings", json.dumps(kickoff))
        refused = post(f"{address}/meetings", json.dumps(kickoff | {"organizer": "mallory@example.net"}))
    assert (outage[0], refused[0]) == (502, 422)
    assert "of SkipUp's own" not in str(outage[1])


def test_the_commands_are_those_of_the_readme() -> None:
    """But for the port."""
    assert f"$ {COMMANDS['A FastAPI service'][0]} {COMMANDS['A FastAPI service'][1]} &\n" in README
    assert f"`python3 -m {' '.join(COMMANDS['An aiohttp service']).replace('-P 0', '-P 8000')}`" in README
