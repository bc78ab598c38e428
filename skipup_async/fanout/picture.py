"""A fan-out as a picture: how many calls each period took, against the limit."""

import math
from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from skipup_async.core.limits import RateLimit
from skipup_async.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from skipup_async.fanout.outcome import Outcome

__all__ = ["Point", "draw", "pace"]

# Where nothing limits the calls they are counted by the minute, as most services do.
_MINUTE = 60.0


class Point(NamedTuple):
    """The end of one item."""

    #: Seconds since the start of the fan-out.
    time: float
    #: How many sends the period up to then took.
    sends: int
    ok: bool


def pace(outcomes: "Iterable[Outcome[Any, Any]]", per: float) -> list[Point]:
    """The items that were sent, in the order of their ends, each with the sends of the *per* seconds up to its end."""
    sent = sorted((outcome for outcome in outcomes if outcome.attempts), key=_end)
    window: deque[Outcome[Any, Any]] = deque()
    points: list[Point] = []
    sends = 0
    for outcome in sent:
        window.append(outcome)
        sends += outcome.attempts
        while _end(window[0]) <= _end(outcome) - per:
            sends -= window.popleft().attempts
        points.append(Point(_end(outcome), sends, outcome.ok))
    return points


def draw(outcomes: "Sequence[Outcome[Any, Any]]", limit: RateLimit | None, axes: "Axes | None" = None) -> "Axes":
    """Draw *outcomes* into *axes*, or into a new figure."""
    drawn: Any = _new_axes() if axes is None else axes
    limited = limit is not None and math.isfinite(limit.limit) and limit.per > 0
    per = limit.per if limit is not None and limited else _MINUTE
    points = pace(outcomes, per)
    times, sends = [point.time for point in points], [point.sends for point in points]
    drawn.step(times, sends, marker=".", where="post", label="calls")
    if limit is not None and limited:
        drawn.axhline(limit.limit, color="tab:gray", linestyle="--", label=f"limit: {limit.limit:g} in {per:g} s")
    failed = [point for point in points if not point.ok]
    drawn.plot(
        [point.time for point in failed], [point.sends for point in failed], "x", color="tab:red", label="failed"
    )
    drawn.set(xlabel="seconds since the start", ylabel=f"calls in the last {per:g} s", xlim=(0, None), ylim=(0, None))
    drawn.legend()
    return cast("Axes", drawn)


def _end(outcome: "Outcome[Any, Any]") -> float:
    return outcome.started + outcome.elapsed


def _new_axes() -> "Axes":
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        msg = 'plot() needs matplotlib: pip install "skipup_async[notebook]"'
        raise ConfigurationError(msg) from None
    return plt.subplots()[1]
