"""What became of a state change whose answer was lost: the object tells, once it is read back."""

import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from skipup_async.core.call import Call
from skipup_async.core.headers import server_time
from skipup_async.core.reconcile import SentAt, belief
from skipup_async.errors import SkipUpError

__all__ = ["read_back"]

logger = logging.getLogger("skipup_async")


async def read_back(call: Call, fault: SkipUpError, run: Callable[[Call], Awaitable[Any]]) -> Any:
    """The object, where it shows that *call* came through; None to send again; raises where neither is right.

    *run* makes the call that reads it.
    """
    proof = call.request.proof
    if proof is None:
        return None
    reading = call.reading(proof.read)
    try:
        try:
            current = await run(reading)
        finally:
            call.take_over(reading)
    except SkipUpError as error:
        unread = error
    else:
        found = belief(proof, current, _sent_at(call, reading))
        if not call.believe(found, current, fault):
            return None
        call.succeeded()
        logger.info("%s: the answer was lost, and the object shows that it was done", call.request.route)
        return current
    fault = SkipUpError(f"{fault}; reading the object back failed too: {unread}")
    call.fail_ambiguous(fault)


def _sent_at(call: Call, reading: Call) -> SentAt:
    """When *call* first went out by the server's clock, seen from the answer that *reading* brought."""
    elapsed = call.clock() - (call.first_sent or 0.0)
    now = None if reading.headers is None else server_time(reading.headers)
    if now is None:
        return SentAt.measured(datetime.now(UTC), elapsed, whole_seconds=False)
    return SentAt.measured(now, elapsed, whole_seconds=True)
