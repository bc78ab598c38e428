"""The clients that are measured beside each other, each set up once, as its own documents say, for one object or page.

Those that can do it on aiohttp do. What each gives back is its own: a typed object (ours, stripe, openai) or the dict
that JSON gives (the others).
"""

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any

import attrs

from benchmarks.server import PER_PAGE
from benchmarks.worker import Peers, Sample, Stopwatch, Work

__all__ = ["AGAIN", "FLOOR", "KEY", "OTHERS", "OURS", "PEERS", "WITHOUT_ORJSON"]

#: A key nobody asks for.
KEY = "sk_test_benchmark_00000000000000"

OURS, WITHOUT_ORJSON, FLOOR, AGAIN = "ours", "ours-without-orjson", "floor", "floor-again"


_Opened = AbstractContextManager[Mapping[str, Work]]


@attrs.frozen
class Peer:
    """How a client fetches one object by its id, and one page of a hundred."""

    call: Callable[[str], Coroutine[Any, Any, object]]
    page: Callable[[], Coroutine[Any, Any, object]]


@asynccontextmanager
async def floor(url: str) -> AsyncIterator[Peer]:
    """Bare aiohttp in its default settings and orjson, without so much as a key: the least that can be done."""
    import aiohttp
    import orjson

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call(id: str) -> object:
            async with session.get(f"{url}/meeting_requests/{id}") as response:
                return orjson.loads(await response.read())

        async def page() -> object:
            async with session.get(f"{url}/meeting_requests?limit={PER_PAGE}") as response:
                return orjson.loads(await response.read())

        yield Peer(call, page)


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[Peer]:
    """This package with what it does by default, except that no limit is kept."""
    from skipup_async import AsyncSkipUp, Unlimited

    async with AsyncSkipUp(KEY, base_url=url, limiter=Unlimited()) as skipup:
        yield Peer(skipup.meeting_requests.get, skipup.meeting_requests.list(limit=PER_PAGE).first_page)


@asynccontextmanager
async def without_orjson(url: str) -> AsyncIterator[Peer]:
    """This package where orjson is not installed."""
    sys.modules["orjson"] = None  # type: ignore[assignment]
    async with ours(url) as peer:
        yield peer


@asynccontextmanager
async def of_gidgethub(url: str) -> AsyncIterator[Peer]:
    """gidgethub, dicts."""
    import aiohttp
    from gidgethub.aiohttp import GitHubAPI

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        github = GitHubAPI(session, "benchmark", oauth_token=KEY, base_url=url)
        yield Peer(
            lambda id: github.getitem(f"/meeting_requests/{id}"),
            lambda: github.getitem(f"/meeting_requests?limit={PER_PAGE}"),
        )


@asynccontextmanager
async def of_slack_sdk(url: str) -> AsyncIterator[Peer]:
    """slack_sdk with one session for all calls, dicts."""
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    base_url = url.replace("/api/v1", "/slack/")
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        slack = AsyncWebClient(KEY, base_url=base_url, session=session)
        yield Peer(
            lambda id: slack.api_call(f"meeting_requests/{id}", http_verb="GET"),
            lambda: slack.api_call("meeting_requests", http_verb="GET", params={"limit": PER_PAGE}),
        )


@asynccontextmanager
async def of_stripe(url: str) -> AsyncIterator[Peer]:
    """stripe on aiohttp, its own objects."""
    import aiohttp
    import stripe

    client: Any = stripe.AIOHTTPClient(connector=aiohttp.TCPConnector(limit=0))
    addresses: Any = {"api": url.removesuffix("/api/v1")}
    customers = stripe.StripeClient(KEY, base_addresses=addresses, http_client=client).v1.customers
    yield Peer(customers.retrieve_async, lambda: customers.list_async({"limit": PER_PAGE}))
    await client.close_async()


@asynccontextmanager
async def of_openai(url: str) -> AsyncIterator[Peer]:
    """openai on aiohttp, its own models."""
    import openai

    class Timeframe(openai.BaseModel):
        start: datetime | None = None
        end: datetime | None = None

    class MeetingRequest(openai.BaseModel):
        id: str
        organizer_email: str | None = None
        participant_emails: list[str] | None = None
        status: str | None = None
        title: str | None = None
        purpose: str | None = None
        description: str | None = None
        include_introduction: bool | None = None
        duration_minutes: int | None = None
        timeframe: Timeframe | None = None
        created_at: datetime | None = None
        updated_at: datetime | None = None
        booked_at: datetime | None = None
        cancelled_at: datetime | None = None
        paused_at: datetime | None = None

    class One(openai.BaseModel):
        data: MeetingRequest

    class Many(openai.BaseModel):
        data: list[MeetingRequest]

    async with openai.AsyncOpenAI(api_key=KEY, base_url=url, http_client=openai.DefaultAioHttpClient()) as client:
        yield Peer(
            lambda id: client.get(f"/meeting_requests/{id}", cast_to=One),
            lambda: client.get(f"/meeting_requests?limit={PER_PAGE}", cast_to=Many),
        )


@asynccontextmanager
async def of_httpx(url: str) -> AsyncIterator[Peer]:
    """httpx, dicts. Its 100 connections are cheaper than one for each call, once a call may wait for one."""
    import httpx

    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as client:

        async def get(path: str) -> object:
            return (await client.get(url + path)).json()

        yield Peer(
            lambda id: get(f"/meeting_requests/{id}"),
            lambda: get(f"/meeting_requests?limit={PER_PAGE}"),
        )


@asynccontextmanager
async def of_niquests(url: str) -> AsyncIterator[Peer]:
    """niquests, dicts."""
    import niquests

    async with niquests.AsyncSession(pool_maxsize=1000, headers={"Authorization": f"Bearer {KEY}"}) as session:

        async def get(path: str) -> object:
            return (await session.get(url + path)).json()

        yield Peer(
            lambda id: get(f"/meeting_requests/{id}"),
            lambda: get(f"/meeting_requests?limit={PER_PAGE}"),
        )


async def _calls(peer: Peer, ids: Iterator[str], width: int, count: int) -> Sample:
    """*count* calls, *width* at once, each with an id of its own, once as many as open every connection are done."""

    async def take(todo: Iterator[str]) -> None:
        for id in todo:
            await peer.call(id)

    async def at_once(todo: Iterator[str]) -> None:
        await asyncio.gather(*[take(todo) for _ in range(width)])

    await at_once(itertools.islice(ids, width))
    with Stopwatch(count) as watch:
        await at_once(itertools.islice(ids, count))
    return watch.sample


async def _pages(peer: Peer, count: int) -> Sample:
    """*count* pages one after the other."""
    await peer.page()
    with Stopwatch(count) as watch:
        for _ in range(count):
            await peer.page()
    return watch.sample


def _driven(open_peer: Callable[[str], AbstractAsyncContextManager[Peer]]) -> Callable[[str], _Opened]:
    """What a worker does with the peer that *open_peer* opens, in an event loop of its own."""

    @contextmanager
    def opened(url: str) -> Iterator[Mapping[str, Work]]:
        ids = (f"mr_{number}" for number in itertools.count())
        with asyncio.Runner() as runner:
            opening = open_peer(url)
            peer = runner.run(opening.__aenter__())
            first = next(ids)
            assert first in str(runner.run(peer.call(first))), "the answer is not the object that was asked for"
            yield {
                "calls": lambda width, count: runner.run(_calls(peer, ids, width, count)),
                "pages": lambda count: runner.run(_pages(peer, count)),
            }
            runner.run(opening.__aexit__(None, None, None))

    return opened


#: The others, by the name in the tables.
OTHERS: Mapping[str, Callable[[str], AbstractAsyncContextManager[Peer]]] = {
    "gidgethub": of_gidgethub,
    "slack_sdk": of_slack_sdk,
    "stripe": of_stripe,
    "openai": of_openai,
    "niquests": of_niquests,
    "httpx": of_httpx,
}
PEERS: Peers = {
    name: _driven(open_peer)
    for name, open_peer in {
        OURS: ours,
        WITHOUT_ORJSON: without_orjson,
        FLOOR: floor,
        AGAIN: floor,
        **OTHERS,
    }.items()
}
