"""`prefetch=1`: the next page is on its way while this one is in use, and nothing is left of it that nobody wants."""

import asyncio
import contextlib
import gc
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from skipup_async import (
    AsyncSkipUp,
    ClientClosedError,
    Hooks,
    InvalidArgumentError,
    PaginationError,
    RetryPolicy,
    ServerError,
    SkipUp,
    SkipUpError,
    TokenBucket,
    Unlimited,
)
from skipup_async.hiringcenter import AsyncHiringCenter, HiringCenter
from skipup_async.thareja import AsyncThareja, Thareja
from tests.conftest import Driver, MakeDriver
from tests.recorder import Recorder

ONCE = RetryPolicy(max_attempts=1)


class Gated(Recorder):
    """Answers the first request at once, and each later one when the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        #: How many requests came in, answered or not.
        self.arrived = 0

    async def _handle(self, request: Any) -> Any:
        self.arrived += 1
        if self.arrived > 1:
            while not self.gate.is_set():  # noqa: ASYNC110 - the test opens it in another thread
                await asyncio.sleep(0.001)
        return await super()._handle(request)

    def wait_for(self, count: int) -> bool:
        """Whether *count* requests arrive."""
        return until(lambda: self.arrived >= count)


def until(come: Callable[[], bool]) -> bool:
    """Whether something comes about in another thread."""
    ends = time.monotonic() + 10
    while not come() and time.monotonic() < ends:
        threading.Event().wait(0.001)
    return come()


@pytest.fixture
def gated() -> Iterator[Gated]:
    """A server of three pages, of two members, two, and one, that holds back all but the first."""
    with Gated() as running:
        for names, cursor in (("ab", "c1"), ("cd", "c2"), ("e", None)):
            meta = {"has_more": cursor is not None, "next_cursor": cursor}
            running.answer({"data": [{"id": name} for name in names], "meta": meta})
        yield running
        running.gate.set()


@pytest.fixture
def opened(gated: Gated) -> Gated:
    """The same, with the gate open."""
    gated.gate.set()
    return gated


@pytest.fixture
def driver(make_driver: MakeDriver, gated: Gated) -> Driver:
    """A client of it, once awaited and once blocking."""
    return make_driver("sk_test_prefetch", base_url=gated.url, retry=ONCE)


def made(gated: Gated, **options: Any) -> AsyncSkipUp:
    """A client of it to await."""
    options.setdefault("limiter", Unlimited())
    return AsyncSkipUp("sk_test_prefetch", base_url=gated.url, retry=ONCE, **options)


def ahead(client: Any) -> Any:
    """The pager of a list that is read ahead."""
    return client.workspace_members.list(prefetch=1)


def told(recorder: Recorder, *pages: Any) -> None:
    """Answer so, and no other way."""
    recorder.clear()
    for page in pages:
        if isinstance(page, int):
            recorder.answer(status=page)
        else:
            recorder.answer(page)


def page(ids: str, cursor: Any = None) -> dict[str, Any]:
    """The JSON of a page; with *cursor* more follows."""
    meta = {"has_more": cursor is not None, "next_cursor": cursor}
    return {"data": [{"id": id} for id in ids], "meta": meta}


async def turns(count: int = 20) -> None:
    """Let the loop do what it has to do."""
    for _ in range(count):
        await asyncio.sleep(0)


async def at_rest(before: set[Any]) -> bool:
    """Whether soon no task runs that did not run *before*."""
    gc.collect()
    for _ in range(1000):
        if asyncio.all_tasks() <= before:
            return True
        await asyncio.sleep(0.001)
    return False


def test_a_list_read_ahead_gives_the_same(driver: Driver, opened: Gated) -> None:
    """Every object in order, each page asked for once by the cursor before, and none after the last."""
    assert "".join(member.id for member in driver.items(ahead)) == "abcde"
    assert [seen.query.get("cursor") for seen in opened.seen] == [None, "c1", "c2"]


def test_its_pages_are_the_same(driver: Driver, opened: Gated) -> None:
    """With and without."""
    pages = driver.pages(ahead)
    told(opened, page("ab", "c1"), page("cd", "c2"), page("e"))
    assert pages == driver.pages(lambda client: client.workspace_members.list())


@pytest.mark.anyio
async def test_the_next_page_is_asked_for_while_this_one_is_in_use(gated: Gated) -> None:
    """The consumer holds the first page and never awaits, and the second request arrives."""
    async with made(gated) as client:
        pages = ahead(client).pages()
        first = await anext(pages)
        assert (len(first.items), gated.wait_for(2)) == (2, True)
        await pages.aclose()


def test_a_blocking_caller_computes_while_the_next_page_comes(gated: Gated) -> None:
    """The request leaves in the client's own thread."""
    with SkipUp("sk_test_prefetch", base_url=gated.url, limiter=Unlimited()) as client:
        members = iter(ahead(client))
        assert (next(members).id, gated.wait_for(2)) == ("a", True)
        gated.gate.set()
        assert [member.id for member in members] == ["b", "c", "d", "e"]


def test_without_it_nothing_is_asked_for_ahead(driver: Driver, opened: Gated) -> None:
    """Off by default: who looks at one page pays for one."""

    async def awaited(client: Any) -> int:
        async for _ in client.workspace_members.list():
            await turns()
            return opened.arrived
        return 0

    def blocking(client: Any) -> int:
        next(iter(client.workspace_members.list()))
        return opened.arrived

    assert driver.call(awaited if hasattr(driver.client, "aclose") else blocking) == 1


def test_it_is_never_more_than_one_page_ahead(gated: Gated) -> None:
    """The third page is not asked for while the first is in use, however long that is."""
    gated.gate.set()
    with SkipUp("sk_test_prefetch", base_url=gated.url, limiter=Unlimited()) as client:
        pages = ahead(client).pages()
        next(pages)
        assert gated.wait_for(2)
        client.workspace_members.list().first_page()  # a call goes to and fro meanwhile
        assert len(gated.seen) == 3
        pages.close()


@pytest.mark.parametrize("wrong", [-1, 2, True, False, 1.0, "1", None, [1]])
def test_only_0_and_1_are_taken(driver: Driver, gated: Gated, wrong: Any) -> None:
    """Anything else is refused by its name, before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=r"^prefetch must be"):
        driver.client.workspace_members.list(prefetch=wrong)
    assert gated.arrived == 0


LISTS: dict[str, Callable[[Any, Any], Any]] = {
    "meeting_requests": lambda c, n: c.meeting_requests.list(prefetch=n),
    "workspace_members": lambda c, n: c.workspace_members.list(prefetch=n),
    "campaigns": lambda c, n: c.campaigns.list(prefetch=n),
    "teams": lambda c, n: c.teams.list(prefetch=n),
    "webhook_endpoints": lambda c, n: c.webhook_endpoints.list(prefetch=n),
    "deliveries": lambda c, n: c.webhook_endpoints.list_deliveries("we_1", prefetch=n),
}


@pytest.mark.parametrize("listed", LISTS.values(), ids=LISTS)
def test_every_list_can_be_read_ahead(driver: Driver, opened: Gated, listed: Callable[[Any, Any], Any]) -> None:
    """All of them take it, and refuse what they cannot do."""
    assert len(driver.items(lambda client: listed(client, 1))) == 5
    with pytest.raises(InvalidArgumentError, match="prefetch"):
        listed(driver.client, 2)


@pytest.mark.parametrize("kind", [AsyncHiringCenter, HiringCenter, AsyncThareja, Thareja])
def test_the_siblings_lists_can_be_read_ahead(kind: Any) -> None:
    """They share the pager."""
    meetings = kind("key").meetings
    of: tuple[int, ...] = () if "Hiring" in kind.__name__ else (5,)
    meetings.list(*of, prefetch=1)
    with pytest.raises(InvalidArgumentError, match="prefetch"):
        meetings.list(*of, prefetch=2)


def test_collect_fetches_no_page_that_it_does_not_need(driver: Driver, opened: Gated) -> None:
    """Two of a first page of two are one request."""
    assert len(driver.call(lambda client: ahead(client).collect(max_items=2))) == 2
    driver.call(lambda client: client.workspace_members.list().first_page())
    assert opened.arrived == 2


def test_collect_reads_ahead(driver: Driver, opened: Gated) -> None:
    """And gives all there is."""
    assert [member.id for member in driver.call(lambda client: ahead(client).collect())] == list("abcde")


def test_the_first_page_is_one_request(driver: Driver, opened: Gated) -> None:
    """Who wants one page has no use for the next."""
    driver.call(lambda client: ahead(client).first_page())
    driver.call(lambda client: client.workspace_members.list().first_page())
    assert opened.arrived == 2


async def _by_break(pager: Any) -> None:
    async for _ in pager:
        break


async def _by_error(pager: Any) -> None:
    with contextlib.suppress(ZeroDivisionError):
        async for _ in pager:
            raise ZeroDivisionError


async def _by_aclose(pager: Any) -> None:
    members = aiter(pager)
    await anext(members)
    await members.aclose()


async def _by_garbage(pager: Any) -> None:
    pages = pager.pages()
    await anext(pages)
    del pages


async def _by_cancellation(pager: Any) -> None:
    async def read() -> None:
        async for _ in pager.pages():
            pass

    before = len(asyncio.all_tasks())
    task = asyncio.create_task(read())
    while len(asyncio.all_tasks()) < before + 2:  # noqa: ASYNC110 - until the page ahead is waited for
        await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


STOPS = [_by_break, _by_error, _by_aclose, _by_garbage, _by_cancellation]


@pytest.mark.anyio
@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.__name__)
async def test_who_stops_early_leaves_nothing_behind(gated: Gated, stop: Callable[[Any], Any]) -> None:
    """No task, no permit of the limiter, no answer on a connection: the client works on."""
    before = asyncio.all_tasks()
    async with made(gated, limiter=TokenBucket(2, per=0.01)) as client:
        await stop(ahead(client))
        assert await at_rest(before)
        gated.gate.set()
        told(gated, page("z"))
        assert [member.id async for member in client.workspace_members.list()] == ["z"]


@pytest.mark.anyio
async def test_a_failure_of_a_page_that_nobody_comes_for_is_not_told(
    gated: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    """Asyncio complains of errors that nobody takes, and has no reason to."""
    told(gated, page("ab", "c1"), 500)
    gated.gate.set()
    before = asyncio.all_tasks()
    async with made(gated) as client:
        pages = ahead(client).pages()
        await anext(pages)
        assert await at_rest(before)
        await pages.aclose()
        del pages
        gc.collect()
        await turns()
    assert caplog.text == ""


async def _to_the_end(members: AsyncIterator[Any]) -> tuple[str, type[Exception], Any]:
    """The ids that come, the error that ends them, and what comes after it."""
    given = ""
    try:
        while True:
            given += (await anext(members)).id
    except SkipUpError as error:
        return given, type(error), await anext(members, None)


def _to_the_end_blocking(members: Iterator[Any]) -> tuple[str, type[Exception], Any]:
    """The same for a caller who blocks."""
    given = ""
    try:
        while True:
            given += next(members).id
    except SkipUpError as error:
        return given, type(error), next(members, None)


def ending(driver: Driver) -> tuple[str, type[Exception], Any]:
    """How a list read ahead ends."""
    if hasattr(driver.client, "aclose"):
        ended: tuple[str, type[Exception], Any] = driver.call(lambda client: _to_the_end(aiter(ahead(client))))
        return ended
    return _to_the_end_blocking(iter(ahead(driver.client)))


def test_a_failure_is_raised_to_who_gets_there_and_once(driver: Driver, opened: Gated) -> None:
    """What came before it is given first, and after it the list is at its end."""
    told(opened, page("ab", "c1"), 500)
    assert (ending(driver), len(opened.seen)) == (("ab", ServerError, None), 2)


@pytest.mark.parametrize("cursors", [("c1", "c1"), ("c1", "")])
def test_a_cursor_to_nowhere_is_an_error_after_what_came_before(
    driver: Driver, opened: Gated, cursors: tuple[str, str]
) -> None:
    """The same error in the same place as without reading ahead."""
    told(opened, page("a", cursors[0]), {"data": [{"id": "b"}], "meta": {"has_more": True, "next_cursor": cursors[1]}})
    assert (ending(driver), len(opened.seen)) == (("ab", PaginationError, None), 2)


@pytest.mark.anyio
@pytest.mark.parametrize("after", range(0, 60, 3))
async def test_it_can_be_cancelled_at_every_await(opened: Gated, after: int) -> None:
    """Whenever that is, the reader ends as cancelled or at the end, and no task is left."""
    before = asyncio.all_tasks()
    async with made(opened) as client:

        async def read() -> list[str]:
            return [member.id async for member in ahead(client)]

        task = asyncio.create_task(read())
        await turns(after)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled() or task.result() == list("abcde")
        assert await at_rest(before)


@pytest.mark.anyio
@pytest.mark.parametrize("prefetch", [0, 1])
async def test_no_page_is_held_that_was_given(opened: Gated, prefetch: int) -> None:
    """Once the next page is asked for, the one before is free to go."""
    async with made(opened) as client:
        gone: list[bool] = []
        pages: AsyncIterator[Any] = client.workspace_members.list(prefetch=prefetch).pages()
        given = await anext(pages)
        held = weakref.ref(given.items[0])
        del given
        await anext(pages)
        gone.append(held() is None)
        assert gone == [True]
        assert [member.id async for page in pages for member in page.items] == ["e"]


def test_a_client_closed_meanwhile_says_so(gated: Gated) -> None:
    """As without reading ahead; and the iterator goes without a word."""
    client = SkipUp("sk_test_prefetch", base_url=gated.url, limiter=Unlimited())
    pages = ahead(client).pages()
    next(pages)
    client.close()
    with pytest.raises(ClientClosedError):
        next(pages)
    del pages
    gc.collect()


def test_a_blocking_iterator_that_is_dropped_takes_its_page_back(gated: Gated) -> None:
    """No task runs on in the client's thread."""
    with SkipUp("sk_test_prefetch", base_url=gated.url, limiter=Unlimited()) as client:
        for _ in ahead(client):
            break
        gc.collect()

        async def tasks() -> int:
            return len(asyncio.all_tasks())

        # The loop's own task, and the one that counts.
        assert client.meeting_requests.sender.wait_for(tasks) == 2


def test_a_blocking_iterator_may_be_dropped_where_the_loop_waits_for_a_lock(gated: Gated) -> None:
    """The garbage collector asks nobody: here the thread that it runs in holds the lock that the loop wants."""
    lock, wanted = threading.Lock(), threading.Event()

    def end(_: object) -> None:
        wanted.set()
        with lock:
            pass

    with SkipUp("sk_test_prefetch", base_url=gated.url, limiter=Unlimited(), hooks=Hooks(on_call_end=end)) as client:
        iterators = [iter(ahead(client))]
        next(iterators[0])
        gated.wait_for(2)
        dropping = threading.Thread(target=iterators.clear, daemon=True)
        with lock:
            wanted.clear()
            gated.gate.set()
            assert wanted.wait(30)
            dropping.start()
            dropping.join(30)
            assert not dropping.is_alive()


def test_another_loop_is_refused(opened: Gated) -> None:
    """A list begun in one loop does not go on in the next, and the error is the same as without."""
    client = made(opened)
    with asyncio.Runner() as first, asyncio.Runner() as second:
        pages = ahead(client).pages()
        first.run(anext_of(pages))
        with pytest.raises(ClientClosedError, match="another event loop"):
            second.run(anext_of(pages))
        first.run(client.aclose())


async def anext_of(pages: Any) -> Any:
    """The next of *pages*."""
    return await anext(pages)
