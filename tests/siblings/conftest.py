"""What the tests of the sibling services share: a server that answers as told, and a client of either colour."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web

from skipup_async import Unlimited
from tests.conftest import Awaited, Blocking, Driver, Sleeper
from tests.recorder import Recorder

KEY = "a-key-of-the-siblings"
_LOST = 599


class Service(Recorder):
    """A recorder that can also take a request and never answer."""

    def lose(self) -> None:
        """Take one more request, and close its connection without an answer."""
        self.answer(status=_LOST)

    async def _handle(self, request: web.Request) -> web.Response:
        answer = await super()._handle(request)
        if answer.status == _LOST and request.transport is not None:
            request.transport.abort()
        return answer


class Colour:
    """Makes drivers of one colour; *blocking* says which of a service's two clients that is."""

    def __init__(self, blocking: bool, sleeper: Sleeper) -> None:
        self._blocking = blocking
        self._timing = sleeper.timing
        self._drivers: list[Driver] = []

    def drive(self, clients: tuple[type[Any], type[Any]], **options: Any) -> Driver:
        """A driver of the awaited or the blocking one of *clients*; its waits take no time."""
        kind = clients[self._blocking]
        driver: Any = object.__new__(Blocking if self._blocking else Awaited)
        if not self._blocking:
            driver._runner = asyncio.Runner()
        driver.client = type(kind.__name__, (kind,), {"_timing": self._timing})(
            **{"api_key": KEY, "limiter": Unlimited(), **options}
        )
        self._drivers.append(driver)
        return self._drivers[-1]

    def close(self) -> None:
        """Close every client."""
        for driver in self._drivers:
            driver.close()


@pytest.fixture(scope="module")
def running_service() -> Iterator[Service]:
    """One server for the tests of a module."""
    with Service() as service:
        yield service


@pytest.fixture
def service(running_service: Service) -> Service:
    """A server that has seen nothing and was told nothing."""
    running_service.clear()
    return running_service


@pytest.fixture(params=[False, True], ids=["awaited", "blocking"])
def colour(request: pytest.FixtureRequest, sleeper: Sleeper) -> Iterator[Colour]:
    """One colour, then the other."""
    made = Colour(request.param, sleeper)
    yield made
    made.close()
