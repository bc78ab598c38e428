"""A body off the wire, piece by piece, and no more of it than is wanted."""

from collections.abc import Callable
from typing import Protocol

from skipup_async.core.body import LARGEST_BODY, oversized

__all__ = ["bounded"]


class _Content(Protocol):
    async def readany(self) -> bytes: ...
    def read_nowait(self) -> bytes: ...
    def is_eof(self) -> bool: ...


async def bounded(content: _Content, heard: Callable[[], None]) -> bytes:
    """All of *content*; ResponseError once it is more than the largest body. Calls *heard* before it waits for more."""
    chunks: list[bytes] = []
    size = 0
    while not content.is_eof():
        heard()
        chunk = await content.readany()
        size += len(chunk)
        if size > LARGEST_BODY:
            raise oversized(LARGEST_BODY)
        chunks.append(chunk)
    chunks.append(content.read_nowait())  # most bodies came whole, together with their head
    if size + len(chunks[-1]) > LARGEST_BODY:
        raise oversized(LARGEST_BODY)
    return b"".join(chunks)
