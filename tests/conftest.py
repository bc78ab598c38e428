"""Fixtures of all tests: an emulator, and a client of either colour that the same test drives."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Protocol

import pytest

from skipup_async import AsyncSkipUp, SkipUp, Unlimited
from skipup_async.core.session import Timing
from skipup_async.emulator import Emulator

# A shell makes what it runs in the background deaf to Ctrl-C, and so would be the programs that are interrupted here.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anyio_backend() -> str:
    """The only loop this package runs on."""
    return "asyncio"


class Sleeper:
    """A clock, a sleep and a chance that take no time: a sleep moves the clock and is written down."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        """Seconds on this clock."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Pass *seconds* at once."""
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)

    def chance(self) -> float:
        """Always in the middle."""
        return 0.5

    @property
    def timing(self) -> Timing:
        """What a session takes its time and chance from."""
        return Timing(self.clock, self.sleep, self.chance)


class Driver(Protocol):
    """A client of one colour, driven by a test that does not care which."""

    #: The client itself.
    client: Any

    def call(self, function: Callable[[Any], Any]) -> Any:
        """What *function* of the client gives: awaited where it must be."""
        ...

    def items(self, function: Callable[[Any], Any]) -> list[Any]:
        """Every object of the pager that *function* of the client gives, by iterating over it."""
        ...

    def pages(self, function: Callable[[Any], Any]) -> list[Any]:
        """Every page of that pager."""
        ...

    def close(self) -> None:
        """Close the client."""
        ...


class Awaited:
    """Drives an `AsyncSkipUp` on a loop of its own."""

    def __init__(self, *args: Any, timing: Timing | None = None, **options: Any) -> None:
        self._runner = asyncio.Runner()
        kind = AsyncSkipUp if timing is None else type("AsyncSkipUp", (AsyncSkipUp,), {"_timing": timing})
        self.client = kind(*args, **options)

    def call(self, function: Callable[[Any], Awaitable[Any]]) -> Any:
        """What *function* of the client gives, awaited."""

        async def run() -> Any:
            return await function(self.client)

        return self._runner.run(run())

    def items(self, function: Callable[[Any], Any]) -> list[Any]:
        """Every object of the pager."""

        async def run() -> list[Any]:
            return [item async for item in function(self.client)]

        return self._runner.run(run())

    def pages(self, function: Callable[[Any], Any]) -> list[Any]:
        """Every page of the pager."""

        async def run() -> list[Any]:
            return [page async for page in function(self.client).pages()]

        return self._runner.run(run())

    def close(self) -> None:
        """Close the client and its loop."""
        self._runner.run(self.client.aclose())
        self._runner.close()


class Blocking:
    """Drives a `SkipUp`."""

    def __init__(self, *args: Any, timing: Timing | None = None, **options: Any) -> None:
        kind = SkipUp if timing is None else type("SkipUp", (SkipUp,), {"_timing": timing})
        self.client = kind(*args, **options)

    def call(self, function: Callable[[Any], Any]) -> Any:
        """What *function* of the client gives."""
        return function(self.client)

    def items(self, function: Callable[[Any], Any]) -> list[Any]:
        """Every object of the pager."""
        return list(function(self.client))

    def pages(self, function: Callable[[Any], Any]) -> list[Any]:
        """Every page of the pager."""
        return list(function(self.client).pages())

    def close(self) -> None:
        """Close the client."""
        self.client.close()


MakeDriver = Callable[..., Driver]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator in a thread of its own."""
    with Emulator() as running:
        yield running


@pytest.fixture(params=[Awaited, Blocking], ids=["awaited", "blocking"])
def make_driver(request: pytest.FixtureRequest) -> Iterator[MakeDriver]:
    """Makes drivers of one colour, then of the other; closes them."""
    drivers: list[Driver] = []

    def make(api_key: str, **options: Any) -> Driver:
        options.setdefault("limiter", Unlimited())
        drivers.append(request.param(api_key, **options))
        return drivers[-1]

    yield make
    for driver in drivers:
        driver.close()


@pytest.fixture
def sleeper() -> Sleeper:
    """Time that passes at once."""
    return Sleeper()


@pytest.fixture
def driver(make_driver: MakeDriver, emulator: Emulator, sleeper: Sleeper) -> Driver:
    """A client of the emulator, once awaited and once blocking; its waits take no time."""
    return make_driver(emulator.api_key, base_url=emulator.url, timing=sleeper.timing)
