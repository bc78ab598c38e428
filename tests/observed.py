"""A slow call, in time that takes no time: a full limit, a slow 503, a 429 that asks for a wait, and a slow answer."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import attrs
from aiohttp import web

from skipup_async import AttemptEnd, AttemptStart, CallEnd, CallStart, Hooks, LimitWait, Retry
from tests.conftest import Sleeper
from tests.recorder import Recorder

__all__ = ["BACKOFF", "NETWORK", "QUEUE", "SERVER", "Notes", "SlowLimiter", "SlowServer", "slow_call"]

#: The seconds of the slow call: 5 for a place, and 3 after the 429, with a tenth of them for chance.
QUEUE = 5.0 + 3.15
#: Of the four, nothing is spent on connecting, so that all of the network is the service.
SERVER = NETWORK = 0.75 + 0.125 + 1.5
BACKOFF = 0.25

Told = CallStart | LimitWait | AttemptStart | AttemptEnd | Retry | CallEnd


class Notes:
    """Hooks that write down what they are told."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        add = self.told.append
        self.hooks = Hooks(
            on_call_start=add, on_limit_wait=add, on_request=add, on_response=add, on_retry=add, on_call_end=add
        )

    @property
    def kinds(self) -> list[str]:
        """Of what kind they are, in order."""
        return [type(told).__name__ for told in self.told]

    def of(self, kind: type[Any]) -> list[Any]:
        """All of that kind."""
        return [told for told in self.told if isinstance(told, kind)]

    def only(self, kind: type[Any]) -> Any:
        """The one of that kind."""
        [told] = self.of(kind)
        return told


class SlowLimiter:
    """A limiter that makes the next calls wait on the sleeper's clock, first by the *waits* it is given."""

    def __init__(self, sleeper: Sleeper, *waits: float) -> None:
        self._sleeper = sleeper
        self._waits = list(waits)

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None, None]:
        """Wait, if anything is to be waited for."""
        if self._waits:
            await self._sleeper.sleep(self._waits.pop(0))
        yield

    def pause(self, seconds: float) -> None:
        """Let the next call wait."""
        self._waits.append(seconds)


class SlowServer(Recorder):
    """A recorder whose answers take time on the sleeper's clock."""

    def __init__(self, sleeper: Sleeper) -> None:
        super().__init__()
        self._sleeper = sleeper
        self.takes: list[float] = []

    async def _handle(self, request: web.Request) -> web.Response:
        self._sleeper.now += self.takes.pop(0) if self.takes else 0.0
        return await super()._handle(request)


@attrs.frozen
class SlowCall:
    """Where the slow call is made."""

    server: SlowServer
    limiter: SlowLimiter

    @property
    def options(self) -> dict[str, Any]:
        """For a client."""
        return {"base_url": self.server.url, "limiter": self.limiter}


@contextmanager
def slow_call(sleeper: Sleeper) -> Generator[SlowCall, None, None]:
    """A server and a limiter for one GET of a team."""
    with SlowServer(sleeper) as server:
        server.takes = [0.75, 0.125, 1.5]
        server.answer({"error": {"type": "busy"}}, status=503, headers={"X-Request-Id": "req_1"})
        limited = {"Retry-After": "3", "X-RateLimit-Remaining": "0", "X-Request-Id": "req_2"}
        server.answer({"error": {}}, status=429, headers=limited)
        found = {"data": {"id": "tm_secret1", "name": "Carol's"}}
        server.answer(found, headers={"X-Request-Id": "req_3", "RateLimit-Limit": "120"})
        yield SlowCall(server, SlowLimiter(sleeper, 5.0))
