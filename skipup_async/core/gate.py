"""Whether calls may leave at all: shut after a 429, then open to one call, then to all."""

import math
import threading
from collections.abc import Callable

__all__ = ["LONGEST_ATTEMPT", "Gate"]

#: Seconds after which an attempt without an answer is taken for lost: the default time-out of one attempt.
LONGEST_ATTEMPT = 30.0


class Gate:
    """Open until a 429; every method may be called from any thread.

    Times are seconds on *clock*. After a `pause` one call goes first, the
    probe, and only its answer lets the others follow, evenly paced for two
    times *per* seconds, since a burst is what was refused. A `pause` in that
    time means that somebody else spends on the same key: it is `crowded`.
    """

    def __init__(self, per: float, clock: Callable[[], float]) -> None:
        self._per = per
        self._clock = clock
        self._lock = threading.Lock()
        self._opens_at = -math.inf
        self._paced_until = -math.inf
        #: Whether no 429 is remembered, so that nothing here need be asked.
        self.calm = True
        #: Whether calls were refused although they left evenly spaced.
        self.crowded = False
        self._on_trial = False
        self._probe: object = None
        self._probe_lost_at = -math.inf

    def delay(self) -> float:
        """Return the seconds after which to ask again, 0.0 if a call may leave now."""
        with self._lock:
            return self._delay(self._clock())

    def take(self, call: object) -> float:
        """Let *call* leave and return 0.0, or return the seconds after which to ask again."""
        if self.calm:
            return 0.0
        with self._lock:
            return self._admit_or_delay(call, self._clock())

    def settle(self, call: object) -> None:
        """Note that *call* is over and that the service may have seen it."""

    def give_back(self, call: object) -> None:
        """Note that *call* was never sent."""

    def pause(self, seconds: float) -> None:
        """Let nobody leave for *seconds*, then one call, then the rest evenly for two periods."""
        with self._lock:
            if not self._on_trial:  # else it is one more of the calls that met the same refusal
                self.crowded = self.paced_for > 0
            self._shut(seconds)
            self._paced_until = self._opens_at + 2 * self._per
            self._on_trial = True
            self._probe = None

    def hold(self, seconds: float) -> None:
        """Let nobody leave for *seconds*."""
        with self._lock:
            self._shut(seconds)

    def is_probe(self, call: object) -> bool:
        """Whether everyone else waits for the answer to *call*."""
        return self._probe is call

    def end_probe(self, call: object, *, passed: bool) -> None:
        """Open the gate if the probe *call* *passed*, else let another call try; nothing if it is not the probe."""
        with self._lock:
            if self._probe is call:
                self._probe = None
                self._on_trial = not passed

    @property
    def paused_for(self) -> float:
        """Seconds until the gate opens, 0.0 if it is open."""
        return max(0.0, self._opens_at - self._clock())

    @property
    def paced_for(self) -> float:
        """Seconds for which calls leave evenly spaced, 0.0 if they may leave in a burst."""
        return max(0.0, self._paced_until - self._clock())

    def _shut(self, seconds: float) -> None:
        self.calm = False
        self._opens_at = max(self._opens_at, self._clock() + seconds)

    def _admit_or_delay(self, call: object, now: float) -> float:
        delay = self._delay(now)
        if not delay:
            self._admit(call, now)
        return delay

    def _delay(self, now: float) -> float:
        if now < self._opens_at:
            return self._opens_at - now
        # A probe that stays silent may sit in a loop that waits for us; half a minute, then another one tries.
        if self._probe is not None and now < self._probe_lost_at:
            return self._probe_lost_at - now
        self.calm = not self._on_trial and now >= self._paced_until
        return 0.0

    def _admit(self, call: object, now: float) -> None:
        if self._on_trial:
            self._probe = call
            self._probe_lost_at = now + LONGEST_ATTEMPT
