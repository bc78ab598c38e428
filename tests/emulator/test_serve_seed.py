"""The emulator alone, with a seed: what it says, what it serves, and what it says instead."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from pathlib import Path

import pytest

from skipup_async import __main__
from skipup_async.emulator import serve
from tests.emulator.test_serve import running

SEED = {"workspaces": [{"members": [{"email": "zoe@example.com"}]}]}


def members(said: list[str]) -> list[str]:
    """Who is in the workspace of the key that is told."""
    headers = {"Authorization": f"Bearer {serve.DEFAULT_KEY}"}
    request = urllib.request.Request(f"{said[0].split()[-1]}/workspace_members", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        return [member["email"] for member in json.load(response)["data"]]


def test_it_begins_with_what_the_file_says_and_once_only(tmp_path: Path) -> None:
    """A second start on the same database says that the seed was left aside."""
    file, state = tmp_path / "people.json", tmp_path / "state.sqlite"
    file.write_text(json.dumps(SEED))
    for told in (str(file), "left aside, since there is state already"):
        with running("--seed", str(file), "--db", str(state)) as (_, said):
            assert members(said) == ["zoe@example.com"]
            assert told in said[3]


def test_it_tells_where_its_page_is() -> None:
    """A browser finds it under the address that is printed."""
    with running() as (_, said):
        address = said[3].split()[-1]
        with urllib.request.urlopen(address, timeout=10) as response:
            assert "<title>SkipUp emulator</title>" in response.read().decode()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        ("{", "people.json is not JSON"),
        ('{"workspaces": [{"members": [{"email": "x"}]}]}', "workspaces[0].members[0].email is not a valid"),
    ],
)
def test_a_seed_that_cannot_be_used_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, message: str
) -> None:
    """On stderr, with exit code 2."""
    file = tmp_path / "people.json"
    if content is not None:
        file.write_text(content)
    assert serve.run(["--port", "0", "--seed", str(file)]) == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert errors.count("\n") == 1


def test_help_names_every_option(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With a word on each, and what it is without it."""
    monkeypatch.setenv("COLUMNS", "100")
    with contextlib.suppress(SystemExit):
        __main__.main(["emulator", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    for words in (
        "--port PORT 0 takes a free one (default: 8750)",
        "--host HOST the address to listen on (default: 127.0.0.1)",
        "--db FILE keep the state in this file (default: in memory)",
        "--seed FILE a JSON file of what to begin with",
        f"--key KEY the key it accepts (default: {serve.DEFAULT_KEY})",
        "{default,sparse,strict,terse} how it answers",
        "--switch NAME=VALUE one answer of the profile changed, as listed below",
    ):
        assert words in text
