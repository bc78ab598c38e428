"""A body off the wire, piece by piece, and no more of it than is wanted."""

from typing import Protocol

from skipup_async.core.body import LARGEST_BODY, oversized

__all__ = ["bounded"]


class _Content(Protocol):
    async def readany(self) -> bytes: ...


async def bounded(content: _Content) -> bytes:
    """All of *content*; ResponseError as soon as it is more than the largest body."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await content.readany():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise oversized(LARGEST_BODY)
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
