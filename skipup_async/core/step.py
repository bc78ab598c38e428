"""What a call does after a fault."""

import enum

import attrs

__all__ = ["Next", "Step"]


class Next(enum.Enum):
    """What a call does next."""

    WAIT = "sleep, then send again"
    PAUSE = "send again when the limiter opens, which the 429 has closed"
    READ_BACK = "sleep, then read the object back"
    FINISH = "stop: what was asked for is the case, and there is no object to give"


@attrs.frozen
class Step:
    """What a call does next, and after how many seconds."""

    next: Next
    delay: float = 0.0
    #: Whether the next send must use a connection nobody used before.
    afresh: bool = False
