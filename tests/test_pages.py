"""Lists, page by page: the same cases for both colours."""

import asyncio
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from skipup_async import InvalidArgumentError, Page, PaginationError, ResponseError, ServerError, WorkspaceMember
from tests.conftest import Driver, MakeDriver, Sleeper
from tests.recorder import Recorder

#: What a service may say of the next page that says nothing: there is more, and no way to it.
NO_CURSORS: list[dict[str, Any]] = [{}, {"next_cursor": None}, {"next_cursor": ""}]
NOT_TEXT: list[Any] = [5, 0, True, ["c"], {"c": 1}, 1.5]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    """A server whose pages a test makes up."""
    with Recorder() as running:
        yield running


@pytest.fixture
def driver(make_driver: MakeDriver, recorder: Recorder, sleeper: Sleeper) -> Driver:
    """A client of it, once awaited and once blocking."""
    return make_driver("sk_test_pages", base_url=recorder.url, timing=sleeper.timing)


def members(client: Any, **filters: Any) -> Any:
    """The pager of a list."""
    return client.workspace_members.list(**filters)


def answer(recorder: Recorder, *ids: str, **meta: Any) -> None:
    """One more page with members of those *ids*."""
    recorder.answer({"data": [{"id": id} for id in ids], "meta": meta})


def three_pages(recorder: Recorder) -> None:
    """Two members, two members, and one."""
    answer(recorder, "a", "b", has_more=True, next_cursor="c1")
    answer(recorder, "c", "d", has_more=True, next_cursor="c2")
    answer(recorder, "e", has_more=False)


def ids(members: list[WorkspaceMember]) -> str:
    """Their ids in a row."""
    return "".join(member.id for member in members)


def cursors(recorder: Recorder) -> list[str | None]:
    """The cursor of each request."""
    return [seen.query.get("cursor") for seen in recorder.seen]


def read_until_it_fails(driver: Driver, **filters: Any) -> tuple[str, BaseException | None]:
    """The ids that come out of a list, and the error that ends it."""
    seen: list[WorkspaceMember] = []

    async def awaited(client: Any) -> None:
        async for member in members(client, **filters):
            seen.append(member)  # noqa: PERF401 - what came before the error counts

    def blocking(client: Any) -> None:
        seen.extend(members(client, **filters))

    failure = _failure(driver, awaited if _is_awaited(driver) else blocking)
    return ids(seen), failure


def _failure(driver: Driver, function: Callable[[Any], Any]) -> Exception | None:
    try:
        driver.call(function)
    except Exception as error:  # noqa: BLE001 - whichever comes is looked at
        return error
    return None


def _is_awaited(driver: Driver) -> bool:
    return hasattr(driver.client, "aclose")


def test_a_list_gives_every_object_in_order(driver: Driver, recorder: Recorder) -> None:
    """Page after page, as if they were one."""
    three_pages(recorder)
    assert ids(driver.items(members)) == "abcde"


def test_each_page_is_asked_for_by_the_cursor_before(driver: Driver, recorder: Recorder) -> None:
    """The first without one, and none after the last."""
    three_pages(recorder)
    driver.items(members)
    assert cursors(recorder) == [None, "c1", "c2"]


def test_filters_and_limit_go_with_every_page(driver: Driver, recorder: Recorder) -> None:
    """The next page of a list is of the same list."""
    three_pages(recorder)
    driver.items(lambda c: members(c, role="admin", limit=2))
    assert [(seen.query["role"], seen.query["limit"]) for seen in recorder.seen] == [("admin", "2")] * 3


def test_the_pages_themselves_can_be_had(driver: Driver, recorder: Recorder) -> None:
    """With their items, whether there is more, and the cursor to it."""
    three_pages(recorder)
    a, b, c, d, e = map(WorkspaceMember, "abcde")
    assert driver.pages(members) == [Page((a, b), True, "c1"), Page((c, d), True, "c2"), Page((e,), False, None)]


@pytest.mark.parametrize("meta", [{}, {"has_more": False}, {"has_more": None}, {"has_more": False, "next_cursor": "c"}])
def test_a_list_ends_where_nothing_more_is_announced(driver: Driver, recorder: Recorder, meta: dict[str, Any]) -> None:
    """`has_more` decides: absent, null or false, there is no other page, whatever the cursor says."""
    answer(recorder, "a", **meta)
    assert (ids(driver.items(members)), len(recorder.seen)) == ("a", 1)


def test_a_list_without_meta_is_one_page(driver: Driver, recorder: Recorder) -> None:
    """`{"data": []}` alone is a list."""
    recorder.answer({"data": [{"id": "a"}]})
    assert ids(driver.items(members)) == "a"


def test_an_empty_list_is_empty(driver: Driver, recorder: Recorder) -> None:
    """No object, one request."""
    answer(recorder, has_more=False)
    assert (driver.items(members), len(recorder.seen)) == ([], 1)


def test_an_empty_page_does_not_end_a_list(driver: Driver, recorder: Recorder) -> None:
    """A filter may leave a page empty with more behind it."""
    answer(recorder, "a", has_more=True, next_cursor="c1")
    answer(recorder, has_more=True, next_cursor="c2")
    answer(recorder, "b", has_more=False)
    assert ids(driver.items(members)) == "ab"


def test_the_same_cursor_twice_is_an_error(driver: Driver, recorder: Recorder) -> None:
    """What came before it was given; then the list stops, for it would never end."""
    answer(recorder, "a", has_more=True, next_cursor="c1")
    answer(recorder, "b", has_more=True, next_cursor="c1")
    given, failure = read_until_it_fails(driver)
    assert (given, type(failure), cursors(recorder)) == ("ab", PaginationError, [None, "c1"])


def test_a_cursor_to_where_the_list_began_is_an_error(driver: Driver, recorder: Recorder) -> None:
    """The cursor that the caller gave counts as seen."""
    answer(recorder, "a", has_more=True, next_cursor="c0")
    given, failure = read_until_it_fails(driver, cursor="c0")
    assert (given, type(failure), cursors(recorder)) == ("a", PaginationError, ["c0"])


def test_a_circle_of_seven_cursors_is_an_error(driver: Driver, recorder: Recorder) -> None:
    """However long the circle: the request after the repeat is never sent."""
    for number in range(7):
        answer(recorder, "abcdefg"[number], has_more=True, next_cursor=f"c{number}")
    answer(recorder, "h", has_more=True, next_cursor="c0")
    given, failure = read_until_it_fails(driver)
    assert (given, type(failure), len(recorder.seen)) == ("abcdefgh", PaginationError, 8)


@pytest.mark.parametrize("meta", NO_CURSORS)
def test_more_without_a_cursor_is_an_error(driver: Driver, recorder: Recorder, meta: dict[str, Any]) -> None:
    """A list that is cut short in silence would look whole."""
    answer(recorder, "a", has_more=True, **meta)
    given, failure = read_until_it_fails(driver)
    assert (given, type(failure), len(recorder.seen)) == ("a", PaginationError, 1)


@pytest.mark.parametrize("cursor", NOT_TEXT)
def test_a_cursor_that_is_no_text_is_an_error(driver: Driver, recorder: Recorder, cursor: Any) -> None:
    """It is not turned into text and tried."""
    answer(recorder, "a", has_more=True, next_cursor=cursor)
    assert (type(read_until_it_fails(driver)[1]), len(recorder.seen)) == (PaginationError, 1)


@pytest.mark.parametrize("more", ["true", 1, 0, [], {}])
def test_more_that_is_neither_true_nor_false_is_an_error(driver: Driver, recorder: Recorder, more: Any) -> None:
    """Truthiness is not guessed at."""
    answer(recorder, "a", has_more=more, next_cursor="c")
    assert (type(read_until_it_fails(driver)[1]), len(recorder.seen)) == (ResponseError, 1)


def test_empty_pages_without_end_are_an_error(driver: Driver, recorder: Recorder) -> None:
    """Each has another cursor, so only their number tells."""
    for number in range(150):
        answer(recorder, has_more=True, next_cursor=f"c{number}")
    given, failure = read_until_it_fails(driver)
    assert (given, type(failure), len(recorder.seen)) == ("", PaginationError, 100)


@pytest.mark.parametrize("data", [None, {}, "a", 1, [1], ["a"], [None], [[]], [{}], [{"id": None}], [{"id": 1}]])
def test_a_page_of_another_shape_is_an_error(driver: Driver, recorder: Recorder, data: Any) -> None:
    """A list of objects, each with an id, or a ResponseError."""
    recorder.answer({"data": data, "meta": {"has_more": False}})
    assert type(read_until_it_fails(driver)[1]) is ResponseError


def test_a_list_may_begin_anywhere(driver: Driver, recorder: Recorder) -> None:
    """`cursor=` is where the last run stopped."""
    answer(recorder, "c", has_more=True, next_cursor="c2")
    answer(recorder, "d", has_more=False)
    given = ids(driver.items(lambda c: members(c, cursor="c1")))
    assert (given, cursors(recorder)) == ("cd", ["c1", "c2"])


def test_the_first_page_is_one_request(driver: Driver, recorder: Recorder) -> None:
    """Whatever is behind it."""
    three_pages(recorder)
    page = driver.call(lambda c: members(c).first_page())
    assert (ids(page.items), page.next_cursor, len(recorder.seen)) == ("ab", "c1", 1)


@pytest.mark.parametrize(
    ("most", "given", "requests"),
    [(None, "abcde", 3), (0, "", 0), (1, "a", 1), (2, "ab", 1), (3, "abc", 2), (9, "abcde", 3)],
)
def test_collect_asks_for_no_more_pages_than_it_needs(
    driver: Driver, recorder: Recorder, most: int | None, given: str, requests: int
) -> None:
    """All, or the first so many, in a list; the rest is not fetched."""
    three_pages(recorder)
    collected = driver.call(lambda c: members(c).collect(max_items=most))
    assert (isinstance(collected, list), ids(collected), len(recorder.seen)) == (True, given, requests)


@pytest.mark.parametrize("most", [-1, True, 1.5, "3", [3]])
def test_collect_takes_a_whole_number(driver: Driver, recorder: Recorder, most: Any) -> None:
    """Anything else is refused before anything is sent."""
    with pytest.raises(InvalidArgumentError, match=r"^max_items must be"):
        driver.call(lambda c: members(c).collect(max_items=most))
    assert recorder.seen == []


def test_nothing_is_sent_before_the_iteration(driver: Driver, recorder: Recorder) -> None:
    """A pager, its pages, and an iterator over it are free until the first object is wanted."""
    pager = members(driver.client)
    pages = pager.pages()
    iterator = pager.__aiter__() if _is_awaited(driver) else iter(pager)
    assert (pages is not None, iterator is not None, recorder.seen) == (True, True, [])


def test_each_iteration_begins_anew(driver: Driver, recorder: Recorder) -> None:
    """A pager can be read twice, and the list may have changed meanwhile."""
    pager = members(driver.client)
    answer(recorder, "a", has_more=True, next_cursor="c1")
    answer(recorder, "b", has_more=False)
    first = ids(driver.items(lambda _: pager))
    answer(recorder, "c", has_more=False)
    recorder.answer({"data": []})
    assert (first, ids(driver.items(lambda _: pager)), cursors(recorder)) == ("ab", "b", [None, "c1", None])


def test_a_page_is_fetched_when_its_first_object_is_wanted(driver: Driver, recorder: Recorder) -> None:
    """Who stops after the second object of two pays for one page."""
    three_pages(recorder)

    async def awaited(client: Any) -> int:
        async for member in members(client):
            if member.id == "b":
                break
        return len(recorder.seen)

    def blocking(client: Any) -> int:
        for member in members(client):
            if member.id == "b":
                break
        return len(recorder.seen)

    assert driver.call(awaited if _is_awaited(driver) else blocking) == 1


def test_breaking_off_leaves_nothing_behind(driver: Driver, recorder: Recorder) -> None:
    """No task waits, nothing warns, and the client works on."""
    three_pages(recorder)

    async def awaited(client: Any) -> int:
        async for _ in members(client):
            break
        gc.collect()
        for _ in range(4):  # the loop itself closes the generators, one inside the other
            await asyncio.sleep(0)
        return len(asyncio.all_tasks())

    def blocking(client: Any) -> int:
        for _ in members(client):
            break
        return gc.collect() and 1

    left = driver.call(awaited if _is_awaited(driver) else blocking)
    assert (left, ids(driver.call(lambda c: members(c).first_page()).items)) == (1, "cd")


def test_a_page_that_fails_is_tried_again_and_the_list_goes_on(driver: Driver, recorder: Recorder) -> None:
    """A fault in the middle costs a retry, and no object."""
    answer(recorder, "a", has_more=True, next_cursor="c1")
    recorder.answer(status=503)
    answer(recorder, "b", has_more=False)
    assert (ids(driver.items(members)), cursors(recorder)) == ("ab", [None, "c1", "c1"])


def test_a_page_that_cannot_be_had_is_an_error_after_what_came_before(driver: Driver, recorder: Recorder) -> None:
    """What was given was given; the cursor to go on with is that of the last page."""
    answer(recorder, "a", has_more=True, next_cursor="c1")
    recorder.answer(status=503)
    given, failure = read_until_it_fails(driver)
    assert (given, type(failure), cursors(recorder)) == ("a", ServerError, [None, *["c1"] * 4])
