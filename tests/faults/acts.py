"""What can be done to a request: the toxics of a faulty network, and the answers of a faulty server."""

import asyncio
import gzip
import itertools
import json
import ssl
from collections.abc import Callable
from typing import Any

from tests.faults.server import Act, Exchange, Greeting, Reply, forward

__all__ = [
    "Change",
    "answer",
    "bandwidth",
    "changed",
    "chunked",
    "close",
    "close_delimited",
    "data",
    "done",
    "drip",
    "endlessly",
    "gzipped",
    "latency",
    "limit_data",
    "push_later",
    "reset_connection",
    "says",
    "silent",
    "slicer",
    "slow_close",
    "stalled",
    "status",
    "tls",
    "twice",
]

Change = Callable[[Reply], bytes]
_DRIP_SECONDS = 0.05


async def reset_connection(exchange: Exchange) -> None:
    """An RST."""
    exchange.reset()


async def close(exchange: Exchange) -> None:
    """A FIN."""
    exchange.close()


async def silent(exchange: Exchange) -> None:
    """No answer for ever."""
    await exchange.gone()


def done(act: Act) -> Act:
    """The request takes effect, and then *act* is all that comes of it."""

    async def after(exchange: Exchange) -> None:
        await exchange.upstream()
        await act(exchange)

    return after


def says(data: bytes, then: Act = close) -> Act:
    """These bytes, and the request takes no effect."""

    async def act(exchange: Exchange) -> None:
        await exchange.write(data)
        await then(exchange)

    return act


def answer(code: int, body: bytes = b"", *headers: str) -> Act:
    """A whole answer with that status and those header lines; the request takes no effect."""
    lines = [f"HTTP/1.1 {code} Because", f"Content-Length: {len(body)}", *headers, "", ""]

    async def act(exchange: Exchange) -> None:
        await exchange.write("\r\n".join(lines).encode() + body)

    return act


def status(code: int, type: str | None = None, *headers: str) -> Act:
    """The documented envelope around an error."""
    body = json.dumps({"error": {"type": type, "message": "On order"}}).encode()
    return answer(code, body, "Content-Type: application/json", *headers)


def changed(change: Change, then: Act = close) -> Act:
    """The request takes effect, and its answer comes changed."""

    async def act(exchange: Exchange) -> None:
        await exchange.write(change(await exchange.upstream()))
        await then(exchange)

    return act


def data(change: Callable[[dict[str, Any]], Any]) -> Change:
    """The JSON of the answer changed."""
    return lambda reply: reply.rewritten(json.dumps(change(json.loads(reply.body))).encode())


def gzipped(change: Callable[[bytes], bytes] = bytes) -> Change:
    """The body gzipped, and that changed."""
    return lambda reply: reply.rewritten(change(gzip.compress(reply.body)), Content_Encoding="gzip")


def chunked(tail: bytes) -> Change:
    """The body as one chunk, and then *tail* in place of what ends it."""

    def change(reply: Reply) -> bytes:
        whole = reply.rewritten(b"", Content_Length=None, Transfer_Encoding="chunked")
        return whole + f"{len(reply.body):x}\r\n".encode() + reply.body + tail

    return change


def close_delimited(body: Callable[[bytes], bytes]) -> Change:
    """A body that ends where the connection ends."""
    return lambda reply: reply.rewritten(b"", Content_Length=None, Connection="close") + body(reply.body)


def stalled(change: Change) -> Act:
    """The answer begins, and goes on for ever."""
    return changed(change, silent)


# The toxics: an answer that is right and comes badly.


def latency(seconds: float) -> Act:
    """The answer comes later."""

    async def act(exchange: Exchange) -> None:
        reply = await exchange.upstream()
        await asyncio.sleep(seconds)
        await exchange.write(reply.whole)

    return act


def slicer(size: int, seconds: float = 0.0) -> Act:
    """The answer comes in pieces of *size* bytes."""

    async def act(exchange: Exchange) -> None:
        whole = (await exchange.upstream()).whole
        for begin in range(0, len(whole), size):
            await exchange.write(whole[begin : begin + size])
            await asyncio.sleep(seconds)

    return act


def bandwidth(per_second: int) -> Act:
    """The answer comes at so many bytes a second."""
    return slicer(max(1, per_second // 50), 0.02)


def slow_close(seconds: float) -> Act:
    """The answer ends with the connection, and that comes later."""

    async def act(exchange: Exchange) -> None:
        await exchange.write(close_delimited(bytes)(await exchange.upstream()))
        await asyncio.sleep(seconds)
        exchange.close()

    return act


def limit_data(count: int, then: Act = close) -> Act:
    """The connection ends after *count* bytes of the answer."""
    return changed(lambda reply: reply.whole[:count], then)


def endlessly(data: bytes) -> Act:
    """*data* again and again, for ever."""

    async def act(exchange: Exchange) -> None:
        await exchange.drip(itertools.repeat(data), _DRIP_SECONDS)

    return act


def drip(parts: Callable[[Reply], tuple[bytes, bytes]]) -> Act:
    """The first part of the answer at once, the other byte by byte, too slowly to end."""

    async def act(exchange: Exchange) -> None:
        at_once, slowly = parts(await exchange.upstream())
        await exchange.write(at_once)
        await exchange.drip((slowly[place : place + 1] for place in range(len(slowly))), _DRIP_SECONDS)

    return act


async def twice(exchange: Exchange) -> None:
    """The request arrives twice, and its first answer comes back."""
    reply = await exchange.upstream()
    await exchange.upstream()
    await exchange.write(reply.whole)


def push_later(data: bytes) -> Act:
    """All is well, and while the connection is idle an answer comes that nobody asked for."""

    async def act(exchange: Exchange) -> None:
        await forward(exchange)
        await asyncio.sleep(0.02)
        await exchange.write(data)

    return act


def tls(context: ssl.SSLContext) -> Greeting:
    """TLS with that certificate."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        del reader
        await writer.start_tls(context)
        return True

    return greet
