"""A body off the wire, piece by piece, and no more of it than is wanted."""

from collections.abc import Callable
from typing import Protocol

from skipup_async.core.body import LARGEST_BODY, oversized, truncated
from skipup_async.errors import ResponseError

__all__ = ["arrived", "bounded", "broken_off"]


class _Content(Protocol):
    async def readany(self) -> bytes: ...
    def read_nowait(self) -> bytes: ...
    def is_eof(self) -> bool: ...


async def bounded(content: _Content, heard: Callable[[], None]) -> bytes:
    """All of *content*; ResponseError once it is more than the largest body. Calls *heard* before it waits for more."""
    chunks: list[bytes] = []
    size = 0
    while (rest := arrived(content, size)) is None:
        heard()
        chunk = await content.readany()
        size += len(chunk)
        if size > LARGEST_BODY:
            raise oversized(LARGEST_BODY)
        chunks.append(chunk)
    return b"".join([*chunks, rest])


def arrived(content: _Content, size: int = 0) -> bytes | None:
    """All that is left of *content* after *size* bytes, if it has come whole, as most do with their head; else None."""
    if not content.is_eof():
        return None
    rest = content.read_nowait()
    if size + len(rest) > LARGEST_BODY:
        raise oversized(LARGEST_BODY)
    return rest


def broken_off(fault: Exception, status: int) -> ResponseError:
    """The error for the body of an answer with *status* that did not come, or not whole."""
    error = fault if isinstance(fault, ResponseError) else truncated(type(fault).__name__)
    error.status_code = status
    return error
