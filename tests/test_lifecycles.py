"""A client in the wrong moment: closed, in another loop, thread or process, or left open."""

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncGenerator, Callable
from typing import Any

import aiohttp
import pytest

from skipup_async import AsyncSkipUp, ClientClosedError, ConfigurationError, SkipUp, Unlimited
from skipup_async.emulator import Emulator
from tests.conftest import MakeDriver

MINE = "a client was left open"


def made(emulator: Emulator, **options: Any) -> AsyncSkipUp:
    """A client to await."""
    return AsyncSkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), **options)


async def both_ways(client: AsyncSkipUp, id: str) -> None:
    """A read and a change: a pooled connection and one of its own."""
    await client.meeting_requests.get(id)
    await client.meeting_requests.update_context(id, title="new")


def resource_warnings(act: Callable[[], object]) -> list[str]:
    """The ResourceWarnings that come of *act*, the garbage it leaves included."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        act()
        gc.collect()
    return [str(each.message) for each in caught if issubclass(each.category, ResourceWarning)]


def test_a_closed_client_sends_nothing(make_driver: MakeDriver, emulator: Emulator) -> None:
    """The error says so, and the emulator sees no request."""
    driver = make_driver(emulator.api_key, base_url=emulator.url)
    id = emulator.add_meeting_request()
    driver.call(lambda client: client.meeting_requests.get(id))
    seen = emulator.request_count

    def call(client: Any) -> Any:
        return client.meeting_requests.cancel(id)

    if isinstance(driver.client, SkipUp):
        driver.client.close()
    else:
        driver.call(lambda client: client.aclose())
    with pytest.raises(ClientClosedError, match="closed") as caught:
        driver.call(call)
    assert emulator.request_count == seen
    assert (caught.value.attempts, caught.value.maybe_applied) == (0, False)


def test_a_client_can_be_closed_twice(make_driver: MakeDriver, emulator: Emulator) -> None:
    """Closing what is closed does nothing."""
    driver = make_driver(emulator.api_key, base_url=emulator.url)
    driver.call(lambda client: client.meeting_requests.get(emulator.add_meeting_request()))
    for _ in range(2):
        if isinstance(driver.client, SkipUp):
            driver.client.close()
        else:
            driver.call(lambda client: client.aclose())


def test_a_client_refuses_another_loop(emulator: Emulator) -> None:
    """Nothing is sent, for its connections would wait on a loop that does not run."""
    client, id = made(emulator), emulator.add_meeting_request()

    async def use() -> None:
        await both_ways(client, id)

    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(use())
        seen = emulator.request_count
        with pytest.raises(ClientClosedError, match="another event loop"):
            second.run(use())
        assert emulator.request_count == seen
        first.run(client.aclose())


def test_a_call_made_while_the_loop_ends_is_refused(emulator: Emulator) -> None:
    """Its connections end with it, and what a generator has still to say goes nowhere and is not tried again."""
    kept: list[AsyncGenerator[None]] = []
    said: list[tuple[str, int]] = []
    id = emulator.add_meeting_request()

    async def suspended(client: AsyncSkipUp) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await asyncio.sleep(0)
            for call in (client.meeting_requests.get, client.meeting_requests.cancel):
                try:
                    await call(id)
                except ClientClosedError as error:
                    said.append((str(error), error.attempts))

    async def main() -> None:
        client = made(emulator)
        await both_ways(client, id)
        kept.append(suspended(client))
        await anext(kept[0])

    def act() -> None:
        asyncio.run(main())
        kept.clear()

    assert [MINE in text for text in resource_warnings(act)] == [True]
    assert said == [("the client's event loop is ending", 0)] * 2


def test_a_client_refuses_another_thread(emulator: Emulator) -> None:
    """A loop in another thread is another loop."""
    errors: list[BaseException] = []
    id = emulator.add_meeting_request()

    async def main() -> None:
        async with made(emulator) as client:
            await both_ways(client, id)

            def elsewhere() -> None:
                try:
                    asyncio.run(both_ways(client, id))
                except ClientClosedError as error:
                    errors.append(error)

            thread = threading.Thread(target=elsewhere)
            thread.start()
            await asyncio.to_thread(thread.join)

    asyncio.run(main())
    assert len(errors) == 1


def test_a_client_left_open_in_a_loop_that_runs_is_told_once(emulator: Emulator) -> None:
    """One warning, ours; what it held is closed."""
    id = emulator.add_meeting_request()

    async def main() -> None:
        client = made(emulator)
        await both_ways(client, id)
        del client
        gc.collect()

    assert [MINE in text for text in resource_warnings(lambda: asyncio.run(main()))] == [True]


def test_a_client_left_open_when_its_loop_has_ended_is_told_once(emulator: Emulator) -> None:
    """One warning, ours, and none of asyncio's about its transports."""
    id = emulator.add_meeting_request()

    async def main() -> AsyncSkipUp:
        client = made(emulator)
        await both_ways(client, id)
        return client

    assert [MINE in text for text in resource_warnings(lambda: asyncio.run(main()))] == [True]


def test_a_client_that_was_never_used_needs_no_closing(emulator: Emulator) -> None:
    """It holds nothing but memory."""
    assert resource_warnings(lambda: made(emulator)) == []
    assert resource_warnings(lambda: SkipUp(emulator.api_key, base_url=emulator.url)) == []


def test_a_client_closed_after_its_loop_says_nothing(emulator: Emulator) -> None:
    """Late, and in order."""
    client, id = made(emulator), emulator.add_meeting_request()
    asyncio.run(both_ways(client, id))
    assert resource_warnings(lambda: asyncio.run(client.aclose())) == []


def test_closing_ends_the_calls_that_wait(emulator: Emulator) -> None:
    """They fail at once, and one that changes something says that it may have been done."""
    id = emulator.add_meeting_request()
    emulator.fail(on="POST *", connection="silent", next=None)
    emulator.fail(on="GET *", connection="silent", next=None)

    async def main() -> list[Any]:
        client = made(emulator)
        calls = [
            asyncio.ensure_future(client.meeting_requests.get(id)),
            asyncio.ensure_future(client.meeting_requests.update_context(id, title="x")),
        ]
        while emulator.request_count < 2:  # noqa: ASYNC110 - the emulator runs in another thread
            await asyncio.sleep(0.001)
        await client.aclose()
        return await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)

    read, change = asyncio.run(main())
    assert isinstance(read, ClientClosedError)
    assert change.maybe_applied


@pytest.mark.anyio
async def test_a_session_of_the_callers_is_used_and_never_closed(emulator: Emulator) -> None:
    """It stays as it was brought."""
    id = emulator.add_meeting_request()
    async with aiohttp.ClientSession() as session:
        async with made(emulator, session=session) as client:
            await both_ways(client, id)
        assert not session.closed


@pytest.mark.anyio
async def test_a_closed_session_of_the_callers_sends_nothing(emulator: Emulator) -> None:
    """The error says which one is closed, and that nothing was sent."""
    session = aiohttp.ClientSession()
    await session.close()
    async with made(emulator, session=session) as client:
        for call in (client.meeting_requests.get("mr_1"), client.meeting_requests.cancel("mr_1")):
            with pytest.raises(ClientClosedError, match="aiohttp session") as caught:
                await call
            assert not caught.value.maybe_applied
    assert emulator.request_count == 0


def test_a_blocking_client_takes_no_open_session(emulator: Emulator) -> None:
    """An open session belongs to another loop."""

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(ConfigurationError, match="function"):
                SkipUp(emulator.api_key, base_url=emulator.url, session=session)  # type: ignore[arg-type, unused-ignore]

    asyncio.run(main())
