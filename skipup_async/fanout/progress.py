"""How far a fan-out is, and a bar that shows it."""

import importlib
import math
import sys
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

    #: How many items succeeded so far.
    succeeded: int
    #: How many items failed so far.
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

    def __str__(self) -> str:
        eta = "" if self.eta is None else f", {self.eta:.0f} s left by the limit"
        return f"{self.failed} failed, {self.waiting} waiting{eta}"

    def _repr_html_(self) -> str:
        if self.total is None:
            return f"{self.done:,} done, {self}"
        bar = f'<progress value="{self.done}" max="{self.total}" style="width: 20em"></progress>'
        return f"{bar} {self.done:,} of {self.total:,} done, {self}"


def progress_bar() -> Callable[[Progress], object]:
    """A bar below the cell or in the terminal. Raises ConfigurationError where that needs tqdm, and there is none."""
    display = _display()
    draw = _terminal_bar() if display is None else _notebook_bar(display)
    shown_at = -math.inf

    def show(progress: Progress) -> None:
        nonlocal shown_at
        if progress.done != progress.total and time.monotonic() - shown_at < _BETWEEN_SHOWS:
            return
        shown_at = time.monotonic()
        draw(progress)

    return show


def _display() -> Any:
    """What shows a value below a cell, where it can be changed; None outside of a Jupyter kernel."""
    ipython: Any = sys.modules.get("IPython")
    if ipython is None or getattr(ipython.get_ipython(), "kernel", None) is None:
        return None
    return ipython.display.display


def _notebook_bar(display: Any) -> Callable[[Progress], object]:
    # Plain HTML and no widget, so that a saved or printed notebook shows it too.
    handle: Any = None

    def draw(progress: Progress) -> None:
        nonlocal handle
        if handle is None:
            handle = display(progress, display_id=True)
        else:
            handle.update(progress)

    return draw


def _terminal_bar() -> Callable[[Progress], object]:
    try:
        tqdm = importlib.import_module("tqdm").tqdm
    except ImportError:
        msg = 'progress=True needs tqdm: pip install "skipup_async[progress]"'
        raise ConfigurationError(msg) from None
    bar: Any = None

    def draw(progress: Progress) -> None:
        nonlocal bar
        if bar is None:
            bar = tqdm(total=progress.total, unit="call")
        bar.n = progress.done
        bar.set_postfix_str(str(progress), refresh=True)
        if progress.done == progress.total:
            bar.close()

    return draw
