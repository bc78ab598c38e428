"""How long one attempt may take, step by step."""

import functools
import math
from typing import NamedTuple

__all__ = ["Bounds", "attempt_bounds"]

_CONNECT, _SOCKET_CONNECT, _SILENCE = 10.0, 5.0, 20.0
# Connecting gives up a little before the attempt does, or it could not be told whether the request went out.
_CONNECT_SHARE = 0.75


class Bounds(NamedTuple):
    """Seconds for an attempt and for each of its steps."""

    total: float = math.inf
    #: Between two signs of life: the connection, the head of the answer, each piece of its body.
    silence: float = math.inf
    #: Until there is a connection: a place in the pool, the name looked up, TCP and TLS. None means no limit.
    connect: float | None = None
    #: For TCP alone. None means no limit.
    sock_connect: float | None = None


@functools.lru_cache(maxsize=64)
def attempt_bounds(total: float | None) -> Bounds:
    """The bounds of an attempt of *total* seconds: on connecting, on each silence, and on the whole."""
    if total is None:
        return Bounds()
    return Bounds(
        total,
        silence=min(total, max(_SILENCE, total - _CONNECT)),
        connect=min(_CONNECT, total * _CONNECT_SHARE),
        sock_connect=min(_SOCKET_CONNECT, total * _CONNECT_SHARE),
    )
