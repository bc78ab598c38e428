"""Faults before the first byte: nobody listens, no name is found, no handshake is made."""

import asyncio
import errno
import functools
import os
import socket
import ssl
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import trustme
from aiohttp.abc import AbstractResolver, ResolveResult

from tests.faults.acts import tls
from tests.faults.server import Greeting, reset
from tests.faults.stage import Stage

__all__ = [
    "World",
    "black_hole",
    "by_name",
    "no_files_left",
    "plain",
    "plain_on_tls_port",
    "proxied",
    "refused",
    "refused_at_first",
    "reset_on_accept",
    "secured",
    "two_addresses",
]

#: Prepares a stage, and leaves on it how to undo that.
World = Callable[[Stage], None]


def plain(_stage: Stage) -> None:
    """Nothing beside the acts."""


def refused(stage: Stage) -> None:
    """Nobody listens."""
    stage.run(stage.server.down)


def refused_at_first(stage: Stage) -> None:
    """Nobody listens until the client has slept once."""
    refused(stage)
    stage.clock.on_sleep = lambda: stage.run(stage.server.up)


def black_hole(stage: Stage) -> None:
    """Packets vanish: no answer to a SYN."""
    stage.run(stage.server.down)
    stage.undo.append(_deaf("127.0.0.1", stage.server.port).close)


def _deaf(host: str, port: int) -> ExitStack:
    """A socket whose queue of connections is full: what knocks there gets no answer."""
    stack = ExitStack()
    deaf = stack.enter_context(socket.socket())
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    deaf.bind((host, port))
    deaf.listen(0)
    for _ in range(4):
        knocking = stack.enter_context(socket.socket())
        knocking.setblocking(False)
        knocking.connect_ex((host, port))
    return stack


def _brings(stage: Stage, connector: Callable[[], aiohttp.BaseConnector], proxy: str | None = None) -> None:
    stage.options["session"] = lambda: aiohttp.ClientSession(connector=connector(), proxy=proxy)


class _Resolver(AbstractResolver):
    """Answers with *addresses*; fails, or stalls, the first *failures* times."""

    def __init__(self, *addresses: str, failures: float = 0, stall: bool = False) -> None:
        self._addresses = addresses
        self._stall = stall
        self.failures = failures

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of any *host*."""
        if self.failures > 0:
            self.failures -= 1
            if self._stall:
                await asyncio.Event().wait()
            raise OSError(socket.EAI_AGAIN, "Temporary failure in name resolution")
        found = ResolveResult(
            hostname=host, host="", port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
        )
        return [{**found, "host": address} for address in self._addresses]

    async def close(self) -> None:
        """Nothing to close."""


def _resolved(stage: Stage, resolver: _Resolver) -> None:
    stage.options["base_url"] = f"http://localhost:{stage.server.port}/api/v1"
    _brings(stage, lambda: aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True))
    stage.undo.append(lambda: setattr(resolver, "failures", 0))


def by_name(failures: float, *, stall: bool = False) -> World:
    """The name is not found, or not in time, so many times."""
    return lambda stage: _resolved(stage, _Resolver("127.0.0.1", failures=failures, stall=stall))


def two_addresses(stage: Stage) -> None:
    """The name has two addresses, and at the first of them packets vanish."""
    stage.undo.append(_deaf("127.0.0.2", stage.server.port).close)
    _resolved(stage, _Resolver("127.0.0.2", "127.0.0.1"))


def no_files_left(stage: Stage) -> None:
    """The process has no file descriptor left for a socket."""
    spent = True

    def make(address: Any) -> socket.socket:
        if spent:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return socket.socket(*address[:3])

    def more() -> None:
        nonlocal spent
        spent = False

    _brings(stage, lambda: aiohttp.TCPConnector(socket_factory=make, force_close=True))
    stage.undo.append(more)


@functools.cache
def _authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


@functools.cache
def _certificate(authority: str, host: str, days: float) -> ssl.SSLContext:
    now = datetime.now(UTC)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued = _authority(authority).issue_cert(
        host, not_before=now - timedelta(days=30), not_after=now + timedelta(days=days)
    )
    with issued.private_key_and_cert_chain_pem.tempfile() as path:
        context.load_cert_chain(path)
    return context


_GOOD = ("trusted", "127.0.0.1", 30.0)


def _trusting() -> aiohttp.TCPConnector:
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=_authority("trusted").cert_pem.bytes().decode())
    return aiohttp.TCPConnector(ssl=context)


def secured(
    authority: str = "trusted",
    host: str = "127.0.0.1",
    days: float = 30.0,
    *,
    first: Greeting | None = None,
    ever: Greeting | None = None,
) -> World:
    """TLS with that certificate, or with a handshake of another kind, *first* or for *ever*."""

    def world(stage: Stage) -> None:
        stage.options["base_url"] = f"https://127.0.0.1:{stage.server.port}/api/v1"
        _brings(stage, _trusting)
        stage.server.always_greet = ever or tls(_certificate(authority, host, days))
        stage.server.greetings = [] if first is None else [first]
        stage.undo.append(lambda: setattr(stage.server, "always_greet", tls(_certificate(*_GOOD))))

    return world


async def reset_in_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """An RST after the first bytes."""
    await reader.read(10)
    reset(writer)
    return False


async def stall_in_handshake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """No answer for ever."""
    del writer
    while await reader.read(65536):
        pass
    return False


async def plain_on_tls_port(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """A server that speaks HTTP where TLS is spoken to it."""
    await reader.read(10)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    await writer.drain()
    return False


def _tunnel(status: int) -> Greeting:
    """A proxy that answers CONNECT with *status*."""

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} Proxy\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        if status == 200:
            await writer.start_tls(_certificate(*_GOOD))
        return status == 200

    return greet


def proxied(status: int, *, once: bool = False) -> World:
    """The way out is a proxy that answers CONNECT with *status*, once or for ever."""

    def world(stage: Stage) -> None:
        stage.options["base_url"] = "https://127.0.0.1:9/api/v1"
        _brings(stage, _trusting, proxy=f"http://127.0.0.1:{stage.server.port}")
        stage.server.always_greet = _tunnel(200 if once else status)
        stage.server.greetings = [_tunnel(status)] if once else []
        stage.undo.append(lambda: setattr(stage.server, "always_greet", _tunnel(200)))

    return world


def reset_on_accept(stage: Stage) -> None:
    """The first connection is reset as soon as a request comes in on it."""
    stage.server.greetings = [reset_in_handshake]
