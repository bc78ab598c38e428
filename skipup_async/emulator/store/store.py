"""One SQLite connection and its lock: the only file that talks to the database."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from skipup_async.emulator.store.schema import APPLICATION_ID, TABLES, VERSION

MEMORY = ":memory:"

_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT inner_one", "RELEASE inner_one", ("ROLLBACK TO inner_one", "RELEASE inner_one"))


class Store:
    """The state of an emulator, in memory or in a file. Safe to use from any thread.

    Values reach SQLite as bound parameters only; table and column names are literals of this package.
    """

    def __init__(self, path: str | os.PathLike[str] = MEMORY) -> None:
        self.path = os.fspath(path)
        self._lock = threading.RLock()
        if self.path != MEMORY:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would create it readable to all
        # Autocommit: transactions are begun and ended below, in one place.
        self._connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        fresh = self._is_fresh()  # looked at before anything is changed: the file may be somebody else's
        if self.path != MEMORY:
            Path(self.path).chmod(0o600)
            # A write-ahead log at NORMAL survives the death of this process, which is what is promised.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("PRAGMA foreign_keys = ON")
        if fresh:
            self._create()

    def _is_fresh(self) -> bool:
        marks = self._pragma("application_id"), self._pragma("user_version")
        if marks != (APPLICATION_ID, VERSION) and (any(marks) or self.one("SELECT 1 FROM sqlite_schema")):
            raise ValueError(f"{self.path} is no database of this version of the emulator")
        return not any(marks)

    def _create(self) -> None:
        with self.transaction():
            for statement in TABLES.split(";\n"):
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _pragma(self, name: str) -> int:
        (value,) = self._connection.execute(f"PRAGMA {name}").fetchone()
        return int(value)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All or nothing: what is written in the block is kept when it ends and undone when it raises.

        One within another is undone alone.
        """
        with self._lock:
            inner = self._connection.in_transaction
            begin, end, undo = _INNER if inner else _OUTER
            self._connection.execute(begin)
            try:
                yield
                self._connection.execute(end)
            except BaseException:
                for statement in undo:
                    self._connection.execute(statement)
                raise

    def run(self, sql: str, /, **values: Any) -> int:
        """Run a statement; give how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def one(self, sql: str, /, **values: Any) -> sqlite3.Row | None:
        """The first row of a query, `None` if there is none."""
        with self._lock:
            row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def all(self, sql: str, /, **values: Any) -> list[sqlite3.Row]:
        """Every row of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def insert(self, table: str, /, **values: Any) -> None:
        """Add one row to *table*."""
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        self.run(f"INSERT INTO {table} ({names}) VALUES ({marks})", **values)  # noqa: S608 - names are literals

    def update(self, table: str, id: str, /, **values: Any) -> None:
        """Change the row of *table* with that id."""
        if values:
            pairs = ", ".join(f"{name} = :{name}" for name in values)
            self.run(f"UPDATE {table} SET {pairs} WHERE id = :id", id=id, **values)  # noqa: S608 - names are literals

    def close(self) -> None:
        """Close the connection; a file is left behind complete."""
        with self._lock:
            self._connection.close()
