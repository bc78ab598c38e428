"""What to believe after a lost answer: pure decisions over the object as it was read back.

The services stamp their objects with whole seconds and their answers' Date
with whole seconds too, so the time of a send is known only between two
bounds. A success is believed from the earlier bound on (less a tolerance),
another's change only past the later one.
"""

import enum
from datetime import datetime, timedelta
from typing import Any

import attrs

from skipup_async.core.request import Proof

__all__ = ["Belief", "SentAt", "belief"]

_TOLERANCE = timedelta(seconds=2)
_CLOCK_TICK = timedelta(seconds=1)


@attrs.frozen
class SentAt:
    """When a request was first sent, by the server's clock: no earlier and no later than this."""

    earliest: datetime
    latest: datetime

    @classmethod
    def measured(cls, now: datetime, elapsed: float, *, whole_seconds: bool) -> "SentAt":
        """From the server's time *now*, *elapsed* seconds after the send; a Date header shows whole seconds."""
        sent = now - timedelta(seconds=elapsed)
        return cls(sent, sent + _CLOCK_TICK if whole_seconds else sent)


class Belief(enum.Enum):
    """What the object as read back says about the lost request."""

    OURS = "it is in the state asked for, since we asked"
    ANOTHERS = "it is in the state asked for, since before we asked"
    UNTOUCHED = "nothing happened: sending again is right, and the service takes it once"
    UNCLEAR = "nobody can tell"
    ELSEWHERE = "it is in a state the request cannot start from"


def belief(proof: Proof, current: Any, sent: SentAt) -> Belief:
    """What *current*, read back after the answer to a request sent at *sent* was lost, says about that request."""
    if proof.reached(current):
        stamp = proof.stamp(current)
        if stamp is None:
            return Belief.UNCLEAR
        return Belief.OURS if stamp >= sent.earliest - _TOLERANCE else Belief.ANOTHERS
    if not proof.source(current):
        return Belief.ELSEWHERE
    changed = proof.changed(current)
    if changed is None or changed > sent.latest:
        return Belief.UNCLEAR
    return Belief.UNTOUCHED
