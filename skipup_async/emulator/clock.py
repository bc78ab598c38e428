"""The emulator's clock: real time plus what `advance` added."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


class Clock:
    """A clock that never goes back, so that ids and timestamps sort by creation. Safe to use from any thread."""

    def __init__(
        self,
        *,
        ahead: float = 0.0,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ahead = ahead
        self._wall = wall
        self._steady = steady
        self._latest = 0.0
        self._lock = threading.Lock()

    @property
    def ahead(self) -> float:
        """Seconds this clock is ahead of real time."""
        return self._ahead

    def now(self) -> float:
        """Seconds since 1970."""
        with self._lock:
            self._latest = max(self._latest, self._wall() + self._ahead)
            return self._latest

    def steady(self) -> float:
        """Seconds since an arbitrary start; a jump of the machine's wall clock does not show in it."""
        return self._steady() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move forward. Raise `ValueError` for a step back, which would unsort what exists, or beyond the last year."""
        if not 0 <= seconds < float("inf"):
            raise ValueError(f"the clock only goes forward by a finite time, not by {seconds!r} seconds")
        if self.now() + seconds > _END:
            raise ValueError("the clock ends with the year 9999, as dates do")
        with self._lock:
            self._ahead += seconds


def to_seconds(moment: datetime) -> float:
    """Seconds since 1970. Raise `ValueError` for a naive time, which is no moment, and for one UTC has no date for."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    try:
        since = moment.astimezone(UTC) - _EPOCH
    except OverflowError:
        raise ValueError(f"{moment!r} is not within the years 1 to 9999 of UTC") from None
    # A float may round up to the next second, after the last of which there is no date.
    return min(since.total_seconds(), math.nextafter(since // timedelta(seconds=1) + 1, -math.inf))


@lru_cache(maxsize=1024)  # one answer shows the same few moments hundreds of times
def to_text(at: float | None) -> str | None:
    """A moment as the API writes it: ISO 8601, UTC with `Z`, whole seconds."""
    if at is None:
        return None
    return (_EPOCH + timedelta(seconds=int(at))).replace(tzinfo=None).isoformat() + "Z"
