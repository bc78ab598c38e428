"""HiringCenter's limits: two windows at once for each key (docs.hiringcenterpro.com/api-overview)."""

from __future__ import annotations

import math

from skipup_async.emulator.siblings.asked import refused
from skipup_async.emulator.windows import Kind, RateLimit, Verdict, Window, window

#: Requests and seconds, and what a 429 calls them.
_LIMITS = ((500, 60.0, "Minute"), (10_000, 3600.0, "Hour"))


class Limits:
    """The windows of every key, counted as *kind* says; None limits nothing."""

    def __init__(self, kind: Kind | None) -> None:
        self._kind: Kind | None = kind
        self._windows: dict[str, list[Window]] = {}

    def admit(self, caller: str, now: float) -> dict[str, str]:
        """Count a call; give the headers that tell of the window nearest to its end. Raise a 429 if it is over."""
        if self._kind is None:
            return {}
        if caller not in self._windows:
            self._windows[caller] = [window(RateLimit(most, per=per, window=self._kind)) for most, per, _ in _LIMITS]
        states = [
            (each.admit(now), most, name) for each, (most, _, name) in zip(self._windows[caller], _LIMITS, strict=True)
        ]
        verdict, most, name = min(states, key=lambda state: (state[0].allowed, state[0].remaining))
        headers = _headers(verdict, most)
        if verdict.allowed:
            return headers
        message = f"{name} limit exceeded. Please try again later."
        raise refused(429, message, {**headers, "Retry-After": headers["RateLimit-Reset"]})


def _headers(verdict: Verdict, most: int) -> dict[str, str]:
    reset = str(max(1, math.ceil(verdict.wait)))
    return {"RateLimit-Limit": str(most), "RateLimit-Remaining": str(verdict.remaining), "RateLimit-Reset": reset}
