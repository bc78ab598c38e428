"""Where the emulator keeps its state: SQLite, in memory or in a file."""

from skipup_async.emulator.store.store import MEMORY, Store

__all__ = ["MEMORY", "Store"]
