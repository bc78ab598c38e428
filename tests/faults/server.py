"""A server that does what it is told to each request: passes it on to the emulator, or breaks in any way there is."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

import attrs

__all__ = ["Act", "Exchange", "FaultServer", "Greeting", "Reply", "Seen", "forward"]

_NO_LINGER = struct.pack("ii", 1, 0)


@attrs.frozen
class Seen:
    """One request as it came in."""

    method: str
    path: str
    head: bytes = attrs.field(repr=False)
    body: bytes
    #: Which connection it came on, and as which request of that connection; both from 1.
    connection: int
    turn: int

    def header(self, name: str) -> str | None:
        """The value of that header."""
        for line in self.head.decode("latin-1").split("\r\n")[1:]:
            found, _, value = line.partition(":")
            if found.lower() == name.lower():
                return value.strip()
        return None


@attrs.frozen
class Reply:
    """An answer of the emulator, as bytes."""

    head: bytes
    body: bytes

    @property
    def whole(self) -> bytes:
        """Head and body."""
        return self.head + self.body

    @property
    def status(self) -> int:
        """Its status."""
        return int(self.head.split(b" ", 2)[1])

    def rewritten(self, body: bytes | None = None, length: int | None = None, **headers: str | None) -> bytes:
        """The same answer with another body, length or headers; None leaves a header out."""
        body = self.body if body is None else body
        fields: dict[str, str | None] = {"Content-Length": str(len(body) if length is None else length)}
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        named = {name.lower() for name in fields}
        first, *lines = self.head.decode("latin-1").strip().split("\r\n")
        kept = [line for line in lines if line.partition(":")[0].lower() not in named]
        added = [f"{name}: {value}" for name, value in fields.items() if value is not None]
        return "\r\n".join([first, *kept, *added, "", ""]).encode("latin-1") + body


class Exchange:
    """One request in the hands of an act."""

    def __init__(
        self, server: "FaultServer", seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.seen = seen
        self._reader = reader
        self._writer = writer
        self.over = False

    async def upstream(self) -> Reply:
        """Pass the request on to the emulator: it takes effect. Give the answer."""
        return await self.server.pass_on(self.seen)

    async def write(self, data: bytes) -> None:
        """Send *data* to the client, if it is still there."""
        with suppress(ConnectionError):
            self._writer.write(data)
            await self._writer.drain()

    async def gone(self) -> None:
        """Return when the client has left."""
        self.over = True
        with suppress(ConnectionError):
            while await self._reader.read(65536):
                pass

    async def drip(self, pieces: Iterable[bytes], seconds: float) -> None:
        """Send the *pieces* one by one, *seconds* apart, until the client has left."""
        leaving = asyncio.ensure_future(self.gone())
        try:
            for piece in pieces:
                await self.write(piece)
                await asyncio.wait([leaving], timeout=seconds)
                if leaving.done():
                    return
        finally:
            leaving.cancel()

    def close(self) -> None:
        """End the connection with a FIN."""
        self.over = True
        self._writer.close()

    def reset(self) -> None:
        """End the connection with an RST."""
        self.over = True
        reset(self._writer)


def reset(writer: asyncio.StreamWriter) -> None:
    """End that connection with an RST: a socket that may not linger says so where it would say FIN."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    writer.transport.abort()


Act = Callable[[Exchange], Awaitable[None]]
#: What is done to a connection before its first request; False ends it.
Greeting = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bool]]


async def forward(exchange: Exchange) -> None:
    """Nothing is wrong."""
    await exchange.write((await exchange.upstream()).whole)


class FaultServer:
    """Listens on loopback; each request that is *meant* meets the next act, all others are passed on."""

    def __init__(self, upstream: tuple[str, int]) -> None:
        self._upstream = upstream
        self._server: asyncio.Server | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0
        self.calm()

    def calm(self) -> None:
        """Nothing is wrong any more, and nothing has been seen."""
        self.acts: list[Act] = []
        self.always: Act | None = None
        self.meant: Callable[[Seen], bool] = lambda _: True
        self.greetings: list[Greeting] = []
        self.always_greet: Greeting | None = None
        self.seen: list[Seen] = []
        self.done: list[Seen] = []
        self.greeted = 0

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._connections)

    async def up(self) -> None:
        """Listen, on the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**20)
            self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Listen no more, and close every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self.hang_up()

    async def left(self) -> None:
        """Return when every client has left, or after a second."""
        _, _ = await asyncio.wait([asyncio.ensure_future(asyncio.sleep(0)), *self._connections], timeout=1.0)

    async def hang_up(self) -> None:
        """Close every connection."""
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def pass_on(self, seen: Seen) -> Reply:
        """Let the emulator answer."""
        reader, writer = await asyncio.open_connection(*self._upstream)
        try:
            writer.write(seen.head + seen.body)
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            reply = Reply(head, await reader.readexactly(length))
        finally:
            writer.close()
        if reply.status < 300:
            self.done.append(seen)
        return reply

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = writer
        self.greeted += 1
        try:
            greeting = self.greetings.pop(0) if self.greetings else self.always_greet
            if greeting is None or await greeting(reader, writer):
                await self._converse(reader, writer, self.greeted)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            del self._connections[task]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int) -> None:
        turn = 0
        while True:
            turn += 1
            seen = await _request(reader, connection, turn)
            self.seen.append(seen)
            exchange = Exchange(self, seen, reader, writer)
            await self._act(seen)(exchange)
            if exchange.over:
                return

    def _act(self, seen: Seen) -> Act:
        if not self.meant(seen):
            return forward
        return self.acts.pop(0) if self.acts else self.always or forward


async def _request(reader: asyncio.StreamReader, connection: int, turn: int) -> Seen:
    head = await reader.readuntil(b"\r\n\r\n")
    method, path, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    seen = Seen(method, path, head, b"", connection, turn)
    body = await reader.readexactly(int(seen.header("Content-Length") or 0))
    return attrs.evolve(seen, body=body)
