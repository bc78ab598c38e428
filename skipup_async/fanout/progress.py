"""How far a fan-out is, and a bar that shows it."""

import importlib
import time
from collections.abc import Callable
from typing import Any

import attrs

from skipup_async.errors import ConfigurationError

__all__ = ["Progress", "progress_bar"]

# Drawing costs more than a call; ten times a second is as smooth as an eye can tell.
_BETWEEN_SHOWS = 0.1


@attrs.frozen
class Progress:
    """How far a fan-out is."""

    succeeded: int
    failed: int
    #: How many items there are; None where the items do not tell.
    total: int | None
    #: How many calls wait for the limit.
    waiting: int
    #: Seconds until the last item is done, as the limiter knows; None where it cannot.
    eta: float | None

    @property
    def done(self) -> int:
        """How many items are done, one way or the other."""
        return self.succeeded + self.failed


def progress_bar() -> Callable[[Progress], object]:
    """A bar in the terminal or the notebook. Raises ConfigurationError where tqdm is not installed."""
    try:
        tqdm = importlib.import_module("tqdm.auto").tqdm
    except ImportError:
        msg = 'progress=True needs tqdm: pip install "skipup_async[progress]"'
        raise ConfigurationError(msg) from None
    bar: Any = None
    shown_at = 0.0

    def show(progress: Progress) -> None:
        nonlocal bar, shown_at
        if bar is None:
            bar = tqdm(total=progress.total, unit="call")
        if progress.done != progress.total and time.monotonic() - shown_at < _BETWEEN_SHOWS:
            return
        shown_at = time.monotonic()
        bar.n = progress.done
        eta = "" if progress.eta is None else f", {progress.eta:.0f} s left by the limit"
        bar.set_postfix_str(f"{progress.failed} failed, {progress.waiting} waiting{eta}", refresh=True)
        if progress.done == progress.total:
            bar.close()

    return show
