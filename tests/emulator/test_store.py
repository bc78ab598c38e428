"""State in a file: private and lasting."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import suppress
from pathlib import Path

import pytest

from skipup_async.emulator import Emulator
from skipup_async.emulator.store import Store
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio

KEY = "sk_test_store"


async def test_the_state_is_there_again_next_time(tmp_path: Path) -> None:
    """Requests, kept answers, and how far the clock was moved."""
    file = tmp_path / "state.sqlite"
    async with Emulator(db=file, key=KEY) as emulator, Api(emulator) as api:
        emulator.advance(days=2)
        first = await api.post("/meeting_requests", MINIMAL, key="k-1")
        then = emulator.now()
    async with Emulator(db=file, key=KEY) as emulator, Api(emulator) as api:
        assert (await api.post("/meeting_requests", MINIMAL, key="k-1")).body == first.body
        assert (await api.get("/meeting_requests")).data == [first.data]
        assert len((await api.get("/workspace_members")).data) == 2
        assert emulator.now() >= then


def test_the_file_is_private_and_holds_no_key(tmp_path: Path) -> None:
    """0600 for all its parts; of a key only its hash."""
    file = tmp_path / "state.sqlite"
    with Emulator(db=file, key=KEY) as emulator:
        emulator.add_meeting_request()
        parts = list(tmp_path.iterdir())
        modes = {stat.S_IMODE(part.stat().st_mode) for part in parts}
        content = b"".join(part.read_bytes() for part in parts)
    assert modes == {0o600}
    assert KEY.encode() not in content


async def test_somebody_elses_database_is_left_alone(tmp_path: Path) -> None:
    """ValueError, and not a byte of it changes."""
    file = tmp_path / "other.sqlite"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(ValueError, match="no database of this version"):
        await Emulator(db=file).__aenter__()
    assert file.read_bytes() == before


def test_a_transaction_is_all_or_nothing() -> None:
    """Also one within another, which is undone alone."""
    store = Store()
    with store.transaction():
        store.insert("settings", name="outer", value=1)
        with suppress(KeyError), store.transaction():
            store.insert("settings", name="inner", value=1)
            raise KeyError
    with suppress(KeyError), store.transaction():
        store.insert("settings", name="undone", value=1)
        raise KeyError
    assert [row["name"] for row in store.all("SELECT name FROM settings")] == ["outer"]
    store.close()
