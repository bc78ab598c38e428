"""The rate limit of each API key: 429 `rate_limited` and the headers that tell of it."""

from __future__ import annotations

import math

from skipup_async.emulator.call import Caller, RefusedError
from skipup_async.emulator.profile import Profile
from skipup_async.emulator.windows import Fill, RateLimit, Verdict, Window, window

_PREFIXES = {"RateLimit": "RateLimit-", "X-RateLimit": "X-RateLimit-"}


class Limiter:
    """One window for each API key that calls."""

    def __init__(self, limit: RateLimit | None, profile: Profile) -> None:
        self.limit = limit
        self._profile = profile
        self._windows: dict[str, Window] = {}

    def admit(self, caller: Caller, now: float) -> dict[str, str]:
        """Count a call; give the headers of its answer. Raise a 429 if it is one too many."""
        if self.limit is None:
            return {}
        if caller.key_id not in self._windows:
            self._windows[caller.key_id] = window(self.limit)
        verdict = self._windows[caller.key_id].admit(now)
        headers = self._headers(self.limit, verdict)
        if verdict.allowed:
            return headers
        if self._profile.retry_after:
            headers["Retry-After"] = _seconds(verdict)
        message = f"Rate limit of {self.limit.limit} requests in {self.limit.per:g} seconds exceeded"
        raise RefusedError(429, "rate_limited", message, headers)

    def fills(self, now: float) -> dict[str, Fill]:
        """How full the window of each API key is that has called, by the key's id. Nothing is counted."""
        return {key_id: window.fill(now) for key_id, window in self._windows.items()}

    def _headers(self, limit: RateLimit, verdict: Verdict) -> dict[str, str]:
        prefix = _PREFIXES.get(self._profile.limit_headers)
        if prefix is None:
            return {}
        values = {"Limit": str(limit.limit), "Remaining": str(verdict.remaining), "Reset": _seconds(verdict)}
        return {prefix + name: value for name, value in values.items()}


def _seconds(verdict: Verdict) -> str:
    return str(max(1, math.ceil(verdict.wait)))
