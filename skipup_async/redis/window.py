"""The permits of one key, kept in a server that many processes share."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal, cast
from urllib.parse import urlsplit

import attrs
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

from skipup_async.core.bucket import CROWDED, PACED, RELEASE
from skipup_async.core.gate import LONGEST_ATTEMPT
from skipup_async.errors import APIConnectionError
from skipup_async.redis.scripts import SETTLE, TAKE

__all__ = ["Permit", "SharedWindow"]

_log = logging.getLogger("skipup_async")

#: A server that has not answered by then, in seconds, is away.
_TIMEOUT = 1.0
#: Seconds between two attempts to reach a server that does not answer, and once patience is lost.
_RETRY_EVERY = 0.2
_RETRY_AWAY = 5.0
_CONNECTIONS = 8

_Script = Callable[..., Awaitable[Any]]


@attrs.frozen
class Permit:
    """A permit as the server knows it, and until when others wait for its answer, 0 if none does."""

    ticket: str
    probe: int = 0


@attrs.frozen
class _Link:
    """One event loop's connections."""

    server: Redis
    take: _Script
    settle: _Script


class SharedWindow:
    """*rate* permits in *per* seconds for all processes that use the server at *url*.

    An `APIConnectionError` says that it did not answer for *patience* seconds.
    """

    def __init__(self, url: str, key: str, rate: int, per: float, *, patience: float) -> None:
        self._url = url
        self._rate = rate
        self._per = per
        self._patience = patience
        #: The name of the sorted set.
        self.key = key
        self._links: dict[asyncio.AbstractEventLoop, _Link] = {}
        self._epoch = ""
        self._heard_at = -math.inf
        self._away_since = math.inf
        self._ask_at = -math.inf
        self._fault = ""
        # What the server is still to hear of: until when nobody may leave, and whether a 429 said so.
        self._shut_until = -math.inf
        self._refused = False
        #: How many permits were free when the server last told.
        self.available = rate
        self._next_at = self._opens_at = -math.inf

    def __str__(self) -> str:
        address = urlsplit(self._url)
        return f"{address.scheme}://{address.hostname}:{address.port or 6379}{address.path}"

    @property
    def next_in(self) -> float:
        """Seconds until the next request may leave, as the server last told."""
        return max(0.0, self._next_at - time.monotonic())

    @property
    def paused_for(self) -> float:
        """Seconds until the gate opens, as the server last told."""
        return max(0.0, self._opens_at - time.monotonic())

    def shut(self, seconds: float, *, refused: bool) -> None:
        """Have the server told, with the next word to it, to let nobody leave for *seconds*; *refused* after a 429."""
        now = time.monotonic()
        self._refused = refused or (self._refused and self._shut_until > now)
        self._shut_until = max(self._shut_until, now + seconds)

    async def take(self, ticket: str) -> tuple[float, Permit]:
        """Ask for the permit *ticket*; return the seconds after which to ask again, 0.0 if it is granted, and it.

        To ask twice for the same one is to ask once.
        """
        if self._shut_until > time.monotonic():
            await self._report(Permit(""))
        # Who has not used the server for a period has nothing there that could be lost.
        epoch = self._epoch if time.monotonic() < self._heard_at + self._per else ""
        terms = [ticket, _micro(self._per), _micro(LONGEST_ATTEMPT), self._rate, epoch, PACED, CROWDED, RELEASE]
        wait, self._epoch, probe, self.available, shut = await self._run("take", terms)
        self._heard_at = now = time.monotonic()
        self._next_at, self._opens_at = now + wait / 1e6, now + shut / 1e6
        return wait / 1e6, Permit(ticket, probe)

    async def settle(self, permit: Permit, *, sent: bool, passed: bool = False) -> None:
        """Give *permit* back, in a period if its request was *sent*, else at once; *passed* if it was not refused.

        Never fails: a permit that cannot be given back comes back by itself.
        """
        try:
            await self._report(permit, sent=sent, passed=passed)
        except APIConnectionError as error:
            _log.warning("%s; a permit returns by itself in %.0f s", error, LONGEST_ATTEMPT + self._per)

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        link = self._links.pop(asyncio.get_running_loop(), None)
        if link is not None:
            await link.server.aclose()

    async def _report(self, permit: Permit, *, sent: bool = False, passed: bool = False) -> None:
        until, refused = self._shut_until, self._refused
        shut = _micro(max(0.0, until - time.monotonic()))
        terms = [permit.ticket, _micro(self._per), _micro(LONGEST_ATTEMPT), int(sent), permit.probe, int(passed)]
        await self._run("settle", [*terms, shut, int(refused)])
        if self._shut_until == until:
            self._shut_until, self._refused = -math.inf, False

    async def _run(self, script: Literal["take", "settle"], terms: Sequence[Any]) -> Any:
        """Run *script* and return its answer, trying again while the server is away and patience lasts."""
        while True:
            if time.monotonic() >= self._ask_at:
                try:
                    answer = await self._run_once(script, terms)
                except (RedisError, OSError) as error:
                    self._missed(error)
                else:
                    self._away_since, self._ask_at = math.inf, -math.inf
                    return answer
            if self._is_away:
                raise APIConnectionError(f"the rate limit's server {self} does not answer: {self._fault}")
            await asyncio.sleep(_RETRY_EVERY)

    async def _run_once(self, script: Literal["take", "settle"], terms: Sequence[Any]) -> Any:
        link, links = self._link(), self._links
        loop = asyncio.get_running_loop()
        run = link.take if script == "take" else link.settle
        try:
            return await run(keys=[self.key], args=terms)
        except ResponseError:
            # Such as READONLY, after a failover: the server's name may lead to another one by now.
            if links.get(loop) is link:
                del links[loop]
            raise
        finally:
            if links.get(loop) is not link:  # whoever else still uses it closes what is left
                await link.server.connection_pool.disconnect(inuse_connections=False)

    @property
    def _is_away(self) -> bool:
        return time.monotonic() - self._away_since >= self._patience

    def _missed(self, error: Exception) -> None:
        now = time.monotonic()
        self._fault = type(error).__name__
        self._away_since = min(self._away_since, now)
        self._ask_at = now + (_RETRY_AWAY if self._is_away else _RETRY_EVERY)

    def _link(self) -> _Link:
        loop = asyncio.get_running_loop()
        link = self._links.get(loop)
        if link is None:
            for closed in [known for known in self._links if known.is_closed()]:
                del self._links[closed]
            link = self._links[loop] = _connect(self._url)
        return link


def _connect(url: str) -> _Link:
    pool = cast(Any, BlockingConnectionPool).from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_TIMEOUT,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        # A connection may be as old as the server's last restart: then a new one is tried at once.
        retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        decode_responses=True,
    )
    server = Redis.from_pool(pool)
    return _Link(server, server.register_script(TAKE), server.register_script(SETTLE))


def _micro(seconds: float) -> int:
    return math.ceil(seconds * 1e6)
