"""The journal: what a fan-out has done, item by item, so that a crash neither loses nor repeats one.

A row is written before an item's first request leaves, before each one that
must not be repeated, and again when its outcome is in. The idempotency key is
made from the journal's own name and the item's key, so that a second run sends
the same key and the service does not invite anybody twice. SQLite's own lock,
which the operating system frees when a process dies, keeps a second process
out.
"""

import contextlib
import enum
import os
import sqlite3
import uuid
from collections.abc import Callable

import attrs

from skipup_async.errors import JournalError

__all__ = ["Entry", "Journal", "State"]

_FORMAT = "skipup_async fan-out journal 1"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS journal (format TEXT NOT NULL, name TEXT NOT NULL, run INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS items (
    key TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    run INTEGER NOT NULL,
    generation INTEGER NOT NULL DEFAULT 0,
    fingerprint TEXT,
    repeatable INTEGER,
    first_sent REAL,
    outcome TEXT
) WITHOUT ROWID;
"""


class State(enum.Enum):
    """How far an item is."""

    OPEN = "open"  # nothing of it can have reached the service
    STARTED = "started"  # a request may have reached the service
    DONE = "done"
    FAILED = "failed"  # for good, and certainly not applied


@attrs.frozen
class Entry:
    """One item, as the journal knows it."""

    key: str
    state: State
    #: Which of the item's lives this is: one that failed for good gets another, with another idempotency key.
    generation: int
    #: A hash of the request it sent; None before it sent one.
    fingerprint: str | None
    #: Whether sending that request again does no harm.
    repeatable: bool | None
    #: When it first left, in Unix time.
    first_sent: float | None
    #: What became of it, in JSON.
    outcome: str | None


class Journal:
    """An open journal. Raises JournalError where another process holds it, or the file is something else."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        with contextlib.ExitStack() as stack:
            try:
                # The engine calls from a thread of its own, one call after the other.
                database = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
                stack.callback(database.close)
                self._database = database
                self._name, self._run = self._open(database)
            except sqlite3.OperationalError as fault:
                reason = "is in use by another process" if "locked" in str(fault) else f"cannot be opened: {fault}"
            except (sqlite3.DatabaseError, TypeError, ValueError):
                reason = "is not a journal of this package"
            else:
                stack.pop_all()
                return
        raise JournalError(f"the journal {os.fspath(path)} {reason}")

    def _open(self, database: sqlite3.Connection) -> tuple[uuid.UUID, int]:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and tables != {"journal", "items"}:
            raise sqlite3.DatabaseError
        database.executescript(_SCHEMA)
        if not database.execute("SELECT count(*) FROM journal").fetchone()[0]:
            database.execute("INSERT INTO journal VALUES (?, ?, 0)", (_FORMAT, str(uuid.uuid4())))
        database.execute("UPDATE journal SET run = run + 1 WHERE format = ?", (_FORMAT,))
        name, run = database.execute("SELECT name, run FROM journal WHERE format = ?", (_FORMAT,)).fetchone()
        return uuid.UUID(name), run

    def close(self) -> None:
        """Close the file and let others have it."""
        self._database.close()

    def idempotency_key(self, entry: Entry) -> str:
        """The key that *entry*'s request carries, in this run and in any other."""
        return str(uuid.uuid5(self._name, f"{entry.generation}:{entry.key}"))

    def begin(self, key: str, *, retry_failed: bool) -> Entry:
        """The entry of *key*, made if new. Raises JournalError for a key that came before in this run."""
        found = self._database.execute("SELECT run FROM items WHERE key = ?", (key,)).fetchone()
        if found is not None and found[0] == self._run:
            raise JournalError(f"two items have the key {key!r}: a key names one item")
        with _transaction(self._database) as execute:
            execute("INSERT OR IGNORE INTO items (key, state, run) VALUES (?, 'open', ?)", (key, self._run))
            execute("UPDATE items SET run = ? WHERE key = ?", (self._run, key))
            if retry_failed:
                execute(
                    "UPDATE items SET state = 'open', generation = generation + 1, fingerprint = NULL,"
                    " repeatable = NULL, first_sent = NULL, outcome = NULL WHERE key = ? AND state = 'failed'",
                    (key,),
                )
        return self._entry(key)

    def _entry(self, key: str) -> Entry:
        row = self._database.execute(
            "SELECT key, state, generation, fingerprint, repeatable, first_sent, outcome FROM items WHERE key = ?",
            (key,),
        ).fetchone()
        repeatable = None if row[4] is None else bool(row[4])
        return Entry(row[0], State(row[1]), row[2], row[3], repeatable, row[5], row[6])

    def start(self, key: str, fingerprint: str, now: float, *, repeatable: bool) -> None:
        """Note, before the first request of *key* leaves, what it sends. Raises JournalError for another request."""
        entry = self._entry(key)
        if entry.state is not State.OPEN and entry.fingerprint not in (None, fingerprint):
            raise JournalError(f"the item {key!r} would now send another request than before, or under another API key")
        with _transaction(self._database) as execute:
            execute(
                "UPDATE items SET state = 'started', fingerprint = ?, repeatable = ?,"
                " first_sent = coalesce(first_sent, ?) WHERE key = ?",
                (fingerprint, repeatable, now, key),
            )

    def leave(self, key: str, *, repeatable: bool) -> None:
        """Note of *key*, whose outcome is not known, whether sending it again does no harm."""
        with _transaction(self._database) as execute:
            execute("UPDATE items SET repeatable = ? WHERE key = ?", (repeatable, key))

    def finish(self, key: str, state: State, outcome: str | None) -> None:
        """Note what became of *key*. An open item may begin anew: certainly nothing of it was done."""
        forget = ", first_sent = NULL" if state is State.OPEN else ""
        with _transaction(self._database) as execute:
            execute(f"UPDATE items SET state = ?, outcome = ?{forget} WHERE key = ?", (state.value, outcome, key))  # noqa: S608


class _transaction:  # noqa: N801 - used as `with _transaction(…)`
    """One transaction: committed, or rolled back where its block raises."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> Callable[..., sqlite3.Cursor]:
        self._database.execute("BEGIN")
        return self._database.execute

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._database.execute("COMMIT" if error is None else "ROLLBACK")
