"""Fixtures for pytest: an emulator of SkipUp for each test, and clients of it.

pytest finds them by itself, and nothing is loaded before a test asks for one:

    @pytest.mark.anyio                              # or @pytest.mark.asyncio
    async def test_invites(async_skipup, skipup_emulator):
        await invite_everybody(async_skipup)        # your code
        assert len(skipup_emulator.meeting_requests()) == 3

Every test has an emulator of its own: one starts in a few milliseconds, so there is nothing to reset and nothing that
one test leaves for the next. A test class or module that wants to share one overrides the fixture with a wider scope:

    @pytest.fixture(scope="module")
    def skipup_emulator():
        with Emulator() as emulator:
            yield emulator
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from skipup_async.emulator import Emulator
    from skipup_async.skipup.client import AsyncSkipUp, SkipUp

_UNMARKED = "async_skipup is awaited: mark this test with @pytest.mark.anyio, or use pytest-asyncio"


@pytest.fixture
def skipup_emulator_options() -> Mapping[str, Any]:
    """The keyword arguments of the `Emulator`. Override it, in a module or a conftest.py, to configure yours.

    @pytest.fixture
    def skipup_emulator_options():
        return {"rate_limit": RateLimit(3, per=60.0)}
    """
    return {}


@pytest.fixture
def skipup_emulator(skipup_emulator_options: Mapping[str, Any]) -> Generator[Emulator]:
    """A running emulator in a thread of its own, with nothing in it but what every one begins with."""
    from skipup_async.emulator import Emulator

    with Emulator(**skipup_emulator_options) as emulator:
        yield emulator


@pytest.fixture
def skipup(skipup_emulator: Emulator) -> Generator[SkipUp]:
    """A blocking client of `skipup_emulator`, without a limit."""
    from skipup_async.emulator.clients import blocking

    with blocking(skipup_emulator) as client:
        yield client


@pytest.fixture
def async_skipup(request: pytest.FixtureRequest, skipup_emulator: Emulator) -> Generator[AsyncSkipUp]:
    """A client of `skipup_emulator` to await, without a limit.

    Works in the event loop of pytest-asyncio, of anyio's plugin, or of an `asyncio.run` in the test, and is closed in
    it. Under trio, which this package does not run on, the test is skipped.
    """
    from skipup_async.emulator.clients import awaited

    if "anyio_backend" in request.fixturenames:
        if request.getfixturevalue("anyio_backend_name") == "trio":
            pytest.skip("skipup_async runs on asyncio, not on trio")
    elif inspect.iscoroutinefunction(request.function) and request.node.get_closest_marker("asyncio") is None:
        request.node.add_report_section("setup", "hint", _UNMARKED)  # shown if the test fails
    with awaited(skipup_emulator) as client:
        yield client
