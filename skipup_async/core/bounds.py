"""How long one attempt may take, step by step."""

from typing import NamedTuple

__all__ = ["Bounds", "attempt_bounds"]

_CONNECT, _SOCKET_CONNECT, _SILENCE = 10.0, 5.0, 20.0
# Connecting gives up a little before the attempt does, or it could not be told whether the request went out.
_CONNECT_SHARE = 0.75


class Bounds(NamedTuple):
    """Seconds for each step of an attempt; None means no limit."""

    #: Until there is a connection: a place in the pool, the name looked up, TCP and TLS.
    connect: float | None = None
    #: Between two pieces of the answer.
    sock_read: float | None = None
    #: For TCP alone.
    sock_connect: float | None = None


def attempt_bounds(total: float | None) -> Bounds:
    """The bounds of an attempt of *total* seconds: on connecting, on each silence, and on the whole."""
    if total is None:
        return Bounds()
    return Bounds(
        connect=min(_CONNECT, total * _CONNECT_SHARE),
        sock_read=min(total, max(_SILENCE, total - _CONNECT)),
        sock_connect=min(_SOCKET_CONNECT, total * _CONNECT_SHARE),
    )
