"""The emulator is killed at any moment, again and again: what was answered is in its file, once."""

import asyncio
import random
import shutil
import signal
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from skipup_async.emulator.serve import DEFAULT_KEY
from skipup_async.emulator.store import Store
from tests.emulator.forking import ENDED

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor SIGKILL"),
]

SCRIPT = Path(__file__).with_name("forking.py")
#: What a change makes of a state.
CHANGES = {
    "active": {"pause": "paused", "cancel": "cancelled"},
    "paused": {"resume": "active", "cancel": "cancelled"},
}
CLIENTS = 4


def guests(key: str) -> list[str]:
    """So many that a create writes to many pages of the file, and takes its time: a kill is to come in between."""
    return [f"{sha256(f'{key} {number}'.encode()).hexdigest()}@example.org" for number in range(12)]


class Client:
    """Creates and changes requests until the emulator dies; knows what it was answered, over all its lives."""

    def __init__(self, name: str, chance: random.Random) -> None:
        self._name = name
        self._chance = chance
        #: The ids answered, by idempotency key.
        self.created: dict[str, str] = {}
        #: The states that a request may be in, by id: two of them while a change is not answered.
        self.states: dict[str, set[str]] = {}
        self._unanswered: str | None = None

    async def work(self, url: str) -> None:
        """Call until the connection breaks."""
        headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
        with suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession(f"{url}/", headers=headers) as session:
                await self._find_out(session)
                while True:
                    await self._step(session)

    async def _find_out(self, session: aiohttp.ClientSession) -> None:
        """Read back what became of a change that was not answered."""
        for id, states in self.states.items():
            if len(states) > 1:
                async with session.get(f"meeting_requests/{id}") as answer:
                    found = (await answer.json())["data"]["status"]
                assert found in states
                self.states[id] = {found}

    async def _step(self, session: aiohttp.ClientSession) -> None:
        living = [id for id, states in self.states.items() if states != {"cancelled"}]
        if self._unanswered is None and living and self._chance.random() < 0.5:
            await self._change(session, self._chance.choice(living))
        elif self._unanswered is None and self.created and self._chance.random() < 0.1:
            await self._create(session, self._chance.choice(list(self.created)))
        else:
            await self._create(session, self._unanswered or f"{self._name}-{len(self.created)}")

    async def _create(self, session: aiohttp.ClientSession, key: str) -> None:
        """Create under *key*, for the first time or once more."""
        if key not in self.created:
            self._unanswered = key
        body = {"organizer_email": "alice@example.com", "participant_emails": guests(key), "context": {"title": key}}
        async with session.post("meeting_requests", json=body, headers={"Idempotency-Key": key}) as answer:
            id = (await answer.json())["data"]["id"]
        assert self.created.setdefault(key, id) == id
        self.states.setdefault(id, {"active"})
        self._unanswered = None

    async def _change(self, session: aiohttp.ClientSession, id: str) -> None:
        (state,) = self.states[id]
        action, target = self._chance.choice(list(CHANGES[state].items()))
        self.states[id] = {state, target}
        async with session.post(f"meeting_requests/{id}/{action}") as answer:
            assert (await answer.json())["data"]["status"] == target
        self.states[id] = {target}


class Emulators:
    """Starts an emulator on a file, one at a time, lets clients call it and kills it at a random moment."""

    def __init__(self, parent: asyncio.subprocess.Process, chance: random.Random) -> None:
        assert parent.stdin is not None
        assert parent.stdout is not None
        self._orders, self._words = parent.stdin, parent.stdout
        self._chance = chance

    async def live_and_die(self, file: Path, longest: float, clients: Sequence[Client] = ()) -> None:
        """Begin, and kill within *longest* seconds, whatever it does by then."""
        self._orders.write(f"{self._chance.uniform(0, longest)} {file}\n".encode())
        async with asyncio.TaskGroup() as calls:
            while not (line := (await self._words.readline()).decode().strip()).startswith(ENDED):
                assert line
                if line.startswith("SkipUp emulator:"):
                    for client in clients:
                        calls.create_task(client.work(line.split()[-1]))
        assert line == f"{ENDED} {-signal.SIGKILL}"


@asynccontextmanager
async def emulators(kind: str, chance: random.Random) -> AsyncGenerator[Emulators]:
    """Emulators that are *forked*, which begin fast, or a *program* each."""
    command = (sys.executable, str(SCRIPT), kind)
    pipe = asyncio.subprocess.PIPE
    parent = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    try:
        yield Emulators(parent, chance)
    finally:
        parent.kill()
        await parent.wait()


def look(file: Path, read: Callable[[sqlite3.Connection], Any]) -> Any:
    """What *read* finds in a copy of *file*, which must be sound: the emulator is to mend the file by itself."""
    copy = file.with_name("copy.sqlite")
    for suffix in ("", "-wal"):
        with suppress(FileNotFoundError):
            shutil.copy(f"{file}{suffix}", f"{copy}{suffix}")
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        found = read(connection)
    for suffix in ("", "-wal", "-shm"):
        Path(f"{copy}{suffix}").unlink(missing_ok=True)
    return found


def requests(connection: sqlite3.Connection) -> list[tuple[str, str, str, int]]:
    """The title, the id and the status of every request, and how often it was created; none before there are tables."""
    if connection.execute("SELECT 1 FROM sqlite_schema").fetchone() is None:
        return []
    return connection.execute(
        "SELECT title, id, status, (SELECT count(*) FROM effects WHERE subject_id = id AND type LIKE '%.created')"
        " FROM meeting_requests"
    ).fetchall()


def check(file: Path, clients: Sequence[Client]) -> None:
    """The file holds what *clients* were answered, and nothing of it twice."""
    found = look(file, requests)
    assert set(Counter(title for title, *_ in found).values()) <= {1}
    assert {times for *_, times in found} <= {1}
    ids, states = {title: id for title, id, *_ in found}, {id: status for _, id, status, _ in found}
    for client in clients:
        assert client.created.items() <= ids.items()
        assert not [id for id, possible in client.states.items() if states[id] not in possible]


@pytest.mark.parametrize(("kind", "kills", "longest"), [("forked", 200, 0.1), ("program", 4, 2.0)])
async def test_nothing_that_was_answered_is_lost_or_done_twice(
    tmp_path: Path, kind: str, kills: int, longest: float
) -> None:
    """Killed at so many random moments over one file: it is sound each time, and whole."""
    file, chance = tmp_path / "state.sqlite", random.Random(10)
    clients = [Client(f"client{number}", chance) for number in range(CLIENTS)]
    async with emulators(kind, chance) as running:
        for life in range(5 * kills):
            # Where the machine is busy, they live longer and more often: each client is to come to its work.
            await running.live_and_die(file, longest * (1 + life // kills), clients)
            check(file, clients)
            if life + 1 >= kills and all(client.created for client in clients):
                break
    assert all(client.created for client in clients)


async def test_a_file_that_was_being_made_is_made_by_the_next(tmp_path: Path) -> None:
    """Killed while it makes its tables, it leaves all of them or none, and the next one finds its way."""
    chance = random.Random(11)
    async with emulators("forked", chance) as running:
        for number in range(50):
            file = tmp_path / f"{number}.sqlite"
            await running.live_and_die(file, 0.02)
            look(file, requests)
            with closing(Store(file)) as store:
                assert store.all("SELECT * FROM meeting_requests") == []
