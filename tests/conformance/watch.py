"""Whether the state of an emulator changed between two moments, seen from outside through its database file."""

from __future__ import annotations

import sqlite3
from typing import Any

#: Names the database file to the process that schemathesis runs in.
VARIABLE = "SKIPUP_CONFORMANCE_DATABASE"

#: What is no state of the service: kept answers, which the profile may let errors have too, when a key was used last,
#: and what the emulator does by itself when it posts webhooks, whenever that is.
_UNWATCHED: dict[str, frozenset[str]] = {
    "api_keys": frozenset({"last_used_at"}),
    "deliveries": frozenset(
        {"status", "response_code", "attempts", "delivered_at", "last_attempted_at", "next_attempt_at"}
    ),
    "webhook_endpoints": frozenset({"enabled", "disabled_at", "disabled_reason", "failures", "updated_at"}),
}
_UNWATCHED_TABLES = frozenset({"idempotency", "sqlite_sequence"})


class Watch:
    """Compares the state as it was at `hold` with the state at `let_go`."""

    def __init__(self, path: str) -> None:
        self._before, self._now = _reader(path), _reader(path)
        self._version = 0

    def hold(self) -> None:
        """Keep hold of the state as it is now."""
        if self._before.in_transaction:  # the call before this one got no answer
            self._before.execute("ROLLBACK")
        self._version = self._data_version()
        self._before.execute("BEGIN")
        self._before.execute("SELECT count(*) FROM settings").fetchone()  # a snapshot begins with the first read

    def let_go(self) -> bool:
        """Whether the state is another than it was; the rows are compared only if anything was committed at all."""
        changed = self._data_version() != self._version and _rows(self._before) != _rows(self._now)
        self._before.execute("ROLLBACK")
        return changed

    def close(self) -> None:
        """Read no more."""
        self._before.close()
        self._now.close()

    def _data_version(self) -> int:
        return int(self._now.execute("PRAGMA data_version").fetchone()[0])


def _reader(path: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)


def _rows(connection: sqlite3.Connection) -> dict[str, list[Any]]:
    """Every row of every table, in the columns that are state."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {table: _watched(connection, table) for (table,) in tables if table not in _UNWATCHED_TABLES}


def _watched(connection: sqlite3.Connection, table: str) -> list[Any]:
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    columns = ", ".join(name for name in names if name not in _UNWATCHED.get(table, ()))
    return connection.execute(f"SELECT {columns} FROM {table}").fetchall()
