"""An asyncio event loop on virtual time: hours pass in moments, and every run is the same."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

__all__ = ["VirtualLoop", "run_virtually"]

T = TypeVar("T")

#: Seconds that each turn of the loop takes, for code that waits on a rounding error would else do so for ever.
_TURN = 1e-6


class _Leap(selectors.SelectSelector):
    """Does not wait for its time-out, but moves the clock by it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready now."""
        ready = super().select(0)
        if timeout is None and not ready:
            raise RuntimeError("nothing is left to wait for: every task waits for another")
        self.now += _TURN if ready or not timeout else max(timeout, _TURN)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop whose clock starts at 0 and moves only when every task waits."""

    def __init__(self) -> None:
        self._leap = _Leap()
        super().__init__(self._leap)

    def time(self) -> float:
        """Return the virtual seconds since the loop was made."""
        return self._leap.now


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* to its end on a virtual loop of its own and return its result."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
