"""The faults that are not one line of the matrix: they take two calls, a colleague, a list, or another emulator."""

import asyncio
import json
import time
import tracemalloc
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import aiohttp
import attrs
import pytest

from skipup_async import (
    AmbiguousOutcomeError,
    APITimeoutError,
    AsyncSkipUp,
    InvalidRequestError,
    NotFoundError,
    PaginationError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    SkipUpError,
    TokenBucket,
)
from skipup_async.core.request import Id, Request
from skipup_async.emulator import Emulator, Profile, RateLimit
from skipup_async.emulator.windows import Kind
from tests.conftest import Awaited, Driver
from tests.faults.acts import answer, close, done, reset_connection, silent, status
from tests.faults.invariants import assert_documented
from tests.faults.matrix import BOMB, DEEP, LARGE, MIB
from tests.faults.server import Act, Exchange, forward
from tests.faults.stage import KEY, OPERATIONS, Operation, Stage

Colour = Callable[..., Driver]
GET, CREATE, CANCEL, PAUSE, RESUME = (
    next(each for each in OPERATIONS if each.name == name) for name in ("get", "create", "cancel", "pause", "resume")
)


def mutations(stage: Stage) -> int:
    """How many requests came that change something."""
    return sum(seen.method != "GET" for seen in stage.server.seen)


def test_a_pool_that_is_exhausted_is_a_time_out_of_nothing_sent(stage: Stage) -> None:
    """11: the second call waits for the only connection, and may be made again by anyone."""
    ids = [stage.emulator.add_meeting_request() for _ in range(2)]
    stage.server.always = silent

    async def main() -> SkipUpError:
        async with AsyncSkipUp(
            KEY,
            base_url=stage.options["base_url"],
            limiter=stage.ledger,
            session=lambda: aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)),
        ) as client:
            first = asyncio.ensure_future(client.meeting_requests.get(ids[0]))
            while not stage.server.seen:  # noqa: ASYNC110 - the server runs in another thread
                await asyncio.sleep(0.001)
            hasty = client.with_options(timeout=0.1, retry=RetryPolicy(max_attempts=1))
            with pytest.raises(APITimeoutError) as caught:
                await hasty.meeting_requests.get(ids[1])
            first.cancel()
            await asyncio.wait([first])
            return caught.value

    error = asyncio.run(main())
    assert not error.maybe_applied
    assert len(stage.server.seen) == 1


def test_a_connection_that_died_while_idle_costs_a_read_one_more_send(stage: Stage, colour: Colour) -> None:
    """17: a change never meets it, since it travels on a connection of its own."""
    id = stage.emulator.add_meeting_request()
    with closing(colour(KEY, **stage.options)) as driver:
        driver.call(lambda client: client.meeting_requests.get(id))
        stage.server.acts = [close]
        stage.server.meant = lambda seen: seen.turn > 1
        assert driver.call(lambda client: client.meeting_requests.get(id)).id == id
        assert driver.call(lambda client: client.meeting_requests.cancel(id)).status == "cancelled"
    assert mutations(stage) == 1


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_an_answer_nobody_asked_for_is_nobodys_answer(operation: Operation, stage: Stage, colour: Colour) -> None:
    """23: pushed while the connection is idle, it is noticed by its id, and never taken for a change's."""
    id, mark = operation.prepare(stage), f"mark-{uuid.uuid4()}"
    other = stage.emulator.add_meeting_request()
    payload = json.dumps({"data": {"id": "mr_stranger", "status": "active"}}).encode()
    pushed = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(payload) + payload

    async def push(exchange: Exchange) -> None:
        await forward(exchange)
        await exchange.write(pushed)

    with closing(colour(KEY, **stage.options)) as driver:
        stage.server.acts = [push]
        driver.call(lambda client: client.meeting_requests.get(other))
        assert operation.right(driver.call(operation.about(id, mark)), id, mark)
        assert driver.call(lambda client: client.meeting_requests.get(other)).id == other


def test_a_connection_that_brought_anothers_answer_is_never_used_again(stage: Stage, colour: Colour) -> None:
    """43: it is one answer ahead for good, so the whole pool goes."""
    id = stage.emulator.add_meeting_request()
    wrong = json.dumps({"data": {"id": "mr_stranger"}}).encode()
    with closing(colour(KEY, **stage.options)) as driver:
        stage.server.acts = [forward, answer(200, wrong)]
        for _ in range(3):
            assert driver.call(GET.about(id, "")).id == id
    assert [seen.connection for seen in stage.server.seen] == [1, 1, 2, 3]


@pytest.mark.parametrize("kind", ["fixed", "sliding", "token"])
def test_a_storm_of_429_lets_one_probe_through_at_a_time(kind: Kind) -> None:
    """50: a hundred tasks that share a limit with somebody else send few requests in vain, and all come through."""

    async def main() -> tuple[int, int]:
        async with Emulator(key=KEY, rate_limit=RateLimit(50, per=0.5, window=kind)) as emulator:
            ids = [emulator.add_meeting_request() for _ in range(100)]
            limiter = TokenBucket(10_000, per=0.5)
            async with AsyncSkipUp(KEY, base_url=emulator.url, limiter=limiter, deadline=None) as client:
                patient = client.with_options(retry=RetryPolicy(max_throttle_waits=50, quota=None))
                found = await asyncio.gather(*[patient.meeting_requests.get(id) for id in ids])
            refused = sum(received.status == 429 for received in emulator.requests)
            assert [request.id for request in found] == ids
            return emulator.request_count, refused

    sends, refused = asyncio.run(main())
    assert sends == 100 + refused
    assert refused <= 60, "those on the way when the limit was reached, and a probe in each window"


@pytest.mark.parametrize(
    ("policy", "headers", "held"),
    [
        (RetryPolicy(quota=None), ["Retry-After: 90"], 60.5),
        (RetryPolicy(quota=None, max_retry_after=5.0), ["Retry-After: 90"], 5.25),
        (RetryPolicy(quota=None, max_throttle_waits=0), ["Retry-After: 4"], 4.2),
        (RetryPolicy(quota=4), ["Retry-After: 4"], 4.2),
        (RetryPolicy(quota=4), [], 1.5),
    ],
    ids=["too long", "too long for a policy", "no wait left", "no quota left", "nothing asked"],
)
def test_a_429_that_ends_its_call_holds_the_others(
    stage: Stage, colour: Colour, policy: RetryPolicy, headers: list[str], held: float
) -> None:
    """49: as long as the service asks, or as the policy lets it, once for each 429; the next call is not refused."""
    stage.server.acts = [status(429, None, *headers)]
    with closing(colour(KEY, **{**stage.options, "retry": policy})) as driver:
        with pytest.raises(RateLimitError) as caught:
            driver.call(lambda client: client.teams.list().first_page())
        assert caught.value.attempts == 1
        assert stage.ledger.pauses == pytest.approx([held])
        driver.call(lambda client: client.teams.list().first_page())
    assert stage.ledger.waited == pytest.approx(held, abs=0.5)


def test_a_429_after_the_deadline_holds_the_others(stage: Stage, colour: Colour) -> None:
    """The call's own time is over; the service's refusal stands."""

    async def late(exchange: Exchange) -> None:
        stage.clock.leap(20.0)
        await status(429, None, "Retry-After: 4")(exchange)

    stage.server.acts = [late]
    with closing(colour(KEY, **stage.options, deadline=10.0)) as driver, pytest.raises(RateLimitError):
        driver.call(lambda client: client.teams.list().first_page())
    assert stage.ledger.pauses == pytest.approx([4.2])


def test_a_refusal_after_a_late_success_is_that_success(stage: Stage, colour: Colour) -> None:
    """55: the lost request takes effect after it was read back; the second one's 422 is looked into."""
    id = PAUSE.prepare(stage)
    late: list[Exchange] = []

    async def hang(exchange: Exchange) -> None:
        late.append(exchange)
        exchange.reset()

    async def arrive_late(exchange: Exchange) -> None:
        await late.pop().upstream()
        await forward(exchange)

    stage.means(PAUSE)
    stage.server.acts = [hang, arrive_late]
    with closing(colour(KEY, **stage.options)) as driver:
        assert driver.call(lambda client: client.meeting_requests.pause(id)).status == "paused"
    assert mutations(stage) == 2
    assert PAUSE.effects(stage.emulator, id, "") == 1


def test_what_another_undoes_is_not_done_again(stage: Stage, colour: Colour) -> None:
    """56: our resume took effect and its answer was lost; then a colleague paused. Nobody may overrule that."""
    id = RESUME.prepare(stage)
    stage.clock.leap(60)

    async def resumed_and_paused_again(exchange: Exchange) -> None:
        await exchange.upstream()
        stage.clock.leap(3)
        await asyncio.to_thread(stage.colleague.meeting_requests.pause, id)
        exchange.reset()

    stage.means(RESUME)
    stage.server.acts = [resumed_and_paused_again]
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(AmbiguousOutcomeError) as caught:
        driver.call(lambda client: client.meeting_requests.resume(id))
    assert caught.value.current.status == "paused"
    assert mutations(stage) == 1
    assert RESUME.effects(stage.emulator, id, "") == 1


def test_what_another_did_before_us_is_not_our_success(stage: Stage, colour: Colour) -> None:
    """A colleague cancelled a minute before; our lost cancel is refused as the service would have."""
    id = CANCEL.prepare(stage)
    stage.colleague.meeting_requests.cancel(id)
    stage.clock.leap(60)
    stage.means(CANCEL)
    stage.server.acts = [reset_connection]
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(InvalidRequestError) as caught:
        driver.call(lambda client: client.meeting_requests.cancel(id))
    assert caught.value.current.status == "cancelled"
    assert mutations(stage) == 1


def test_a_refusal_after_sends_that_never_arrived_is_a_refusal(stage: Stage, colour: Colour) -> None:
    """Nothing of ours was lost, so a colleague's cancel, ever so recent, is no success of ours."""
    id = CANCEL.prepare(stage)

    async def cancelled_meanwhile(exchange: Exchange) -> None:
        await asyncio.to_thread(stage.colleague.meeting_requests.cancel, id)
        await forward(exchange)

    stage.means(CANCEL)
    stage.server.acts = [status(429), cancelled_meanwhile]
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(InvalidRequestError) as caught:
        driver.call(lambda client: client.meeting_requests.cancel(id))
    assert caught.value.current is None
    assert not [seen for seen in stage.server.seen if seen.method == "GET"]


def test_a_booked_request_cannot_be_paused_whatever_was_lost(stage: Stage, colour: Colour) -> None:
    """It is elsewhere: the error shows it as it is."""
    id = PAUSE.prepare(stage)

    async def booked(exchange: Exchange) -> None:
        await asyncio.to_thread(stage.emulator.book, id)
        exchange.reset()

    stage.means(PAUSE)
    stage.server.acts = [booked]
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(InvalidRequestError, match="booked") as caught:
        driver.call(lambda client: client.meeting_requests.pause(id))
    assert caught.value.current.status == "booked"


def test_an_object_that_cannot_be_read_back_leaves_the_outcome_open(stage: Stage, colour: Colour) -> None:
    """The error tells of both faults."""
    id = PAUSE.prepare(stage)
    stage.server.always = status(503)
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(AmbiguousOutcomeError) as caught:
        driver.call(lambda client: client.meeting_requests.pause(id))
    assert "reading the object back failed too" in str(caught.value)
    assert caught.value.maybe_applied


def test_with_one_attempt_nothing_is_read_back(stage: Stage, colour: Colour) -> None:
    """A lost answer is told at once."""
    id = PAUSE.prepare(stage)
    stage.server.acts = [reset_connection]
    stage.options["retry"] = RetryPolicy(max_attempts=1)
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(AmbiguousOutcomeError):
        driver.call(lambda client: client.meeting_requests.pause(id))
    assert len(stage.server.seen) == 1


@pytest.mark.parametrize(("lost", "expected"), [(True, None), (False, NotFoundError)])
def test_a_delete_that_finds_nothing_is_done_if_one_was_lost(
    lost: bool, expected: type[SkipUpError] | None, stage: Stage, colour: Colour
) -> None:
    """57: a 404 to the first DELETE is an error, to the second a success."""
    request: Request[None] = Request("DELETE", ("webhook_endpoints", Id("we_1")), type(None))
    stage.server.acts = [reset_connection] if lost else []
    stage.server.always = status(404, "not_found")

    def delete(client: Any) -> Any:
        return client.sender.send(request)

    with closing(colour(KEY, **stage.options)) as driver:
        if expected is None:
            assert driver.call(delete) is None
        else:
            with pytest.raises(expected):
                driver.call(delete)
    assert mutations(stage) == (2 if lost else 1)


def test_an_error_kept_under_a_key_is_told_with_that_key(colour: Colour) -> None:
    """59: the key is not changed behind the caller's back, who alone may decide to begin anew."""
    with Emulator(key=KEY, profile=Profile(idempotency_keeps="all")) as emulator:
        emulator.fail(on="POST /meeting_requests", status=500)
        options = {"base_url": emulator.url, "retry": RetryPolicy(backoff=0)}
        with closing(colour(KEY, **options)) as driver, pytest.raises(ServerError) as caught:
            driver.call(CREATE.about("", "kept"))
        keys = {received.headers["Idempotency-Key"] for received in emulator.requests}
    assert keys == {caught.value.idempotency_key}
    assert caught.value.attempts == 4
    assert caught.value.maybe_applied


@pytest.mark.parametrize("profile", ["default", "strict", "terse", "sparse"])
@pytest.mark.parametrize("other_body", ["replay", 409, 422])
def test_a_key_used_again_with_another_body_is_never_a_second_meeting(
    profile: str, other_body: Any, colour: Colour
) -> None:
    """The first answer again, or an error, as the service decides."""
    with Emulator(key=KEY, profile=attrs.evolve(Profile.named(profile), idempotency_other_body=other_body)) as emulator:
        options = {"base_url": emulator.url, "retry": RetryPolicy(backoff=0)}
        with closing(colour(KEY, **options)) as driver:

            def create(title: str) -> Any:
                return driver.call(
                    lambda client: client.meeting_requests.create(
                        organizer_email="alice@example.com",
                        participants=["bob@example.com"],
                        title=title,
                        idempotency_key="one-key",
                    )
                )

            first = create("one")
            if other_body == "replay":
                assert create("two").id == first.id
            else:
                with pytest.raises(SkipUpError) as caught:
                    create("two")
                assert vars(caught.value)["status_code"] == other_body
                assert caught.value.idempotency_key == "one-key"
        assert len(emulator.meeting_requests()) == 1


@pytest.mark.parametrize("says_when", [True, False])
@pytest.mark.parametrize("kind", ["fixed", "sliding", "token"])
def test_calls_beyond_the_limit_wait_and_come_through(
    says_when: bool, kind: Kind, stage: Stage, colour: Colour
) -> None:
    """48: under each way of counting, with and without Retry-After, nothing is lost and nothing done twice."""
    limit = RateLimit(3, per=10.0, window=kind)
    with Emulator(key=KEY, profile=Profile(retry_after=says_when), rate_limit=limit) as emulator:
        clock = type(stage.clock)(emulator)
        ledger = type(stage.ledger)(clock)
        options = {"base_url": emulator.url, "limiter": ledger, "timing": clock.timing}
        with closing(colour(KEY, **options)) as driver:
            for turn in range(8):
                title = f"turn {turn}"
                assert driver.call(CREATE.about("", title)).title == title
        titles = [request["title"] for request in emulator.meeting_requests()]
    assert titles == [f"turn {turn}" for turn in range(8)]
    assert ledger.pauses


@pytest.mark.parametrize("hours", [1, 24])
def test_a_client_whose_clock_is_wrong_reads_back_rightly(hours: int, stage: Stage, colour: Colour) -> None:
    """67: the service's own time decides, so a clock an hour behind it disturbs nothing."""
    stage.emulator.advance(hours=hours)
    for act, effects in ((reset_connection, 1), (done(reset_connection), 1)):
        id = CANCEL.prepare(stage)
        stage.means(CANCEL)
        stage.server.acts = [act]
        with closing(colour(KEY, **stage.options)) as driver:
            assert driver.call(CANCEL.about(id, "")).status == "cancelled"
        assert CANCEL.effects(stage.emulator, id, "") == effects


def page(cursor: object, more: object = True, items: int = 1) -> Act:
    """Answers with a page with that cursor."""
    meta = {"has_more": more} | ({} if cursor is ... else {"next_cursor": cursor})
    body = json.dumps({"data": [{"id": f"mr_{number}"} for number in range(items)], "meta": meta}).encode()
    return answer(200, body, "Content-Type: application/json")


LISTS: dict[str, tuple[list[Act], int]] = {
    "the same cursor twice": ([page("a"), page("a")], 2),
    "a circle of seven": ([page(letter) for letter in "abcdefga"], 8),
    "more, and no cursor": ([page(...)], 1),
    "more, and null": ([page(None)], 1),
    "more, and an empty cursor": ([page("")], 1),
    "a cursor that is no text": ([page(5)], 1),
}


@pytest.mark.parametrize(("pages", "requests"), LISTS.values(), ids=LISTS)
def test_a_list_that_leads_nowhere_ends(pages: list[Act], requests: int, stage: Stage, colour: Colour) -> None:
    """60: the error comes as soon as it can be known."""
    stage.server.acts = list(pages)
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(PaginationError):
        driver.items(lambda client: client.meeting_requests.list())
    assert len(stage.server.seen) == requests


def test_an_empty_page_with_a_new_cursor_goes_on(stage: Stage, colour: Colour) -> None:
    """60: filters may leave a page empty."""
    stage.server.acts = [page("a", items=0), page("b"), page(..., more=False)]
    with closing(colour(KEY, **stage.options)) as driver:
        assert len(driver.items(lambda client: client.meeting_requests.list())) == 2


def test_empty_pages_without_end_end(stage: Stage, colour: Colour) -> None:
    """60: however new their cursors."""
    stage.server.acts = [page(f"cursor {number}", items=0) for number in range(1000)]
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(PaginationError):
        driver.items(lambda client: client.meeting_requests.list())
    assert len(stage.server.seen) <= 101


def test_a_request_is_sent_as_it_was_when_it_was_called(stage: Stage, colour: Colour) -> None:
    """Changing the argument during a retry changes nothing."""
    query = {"name": "before"}
    stage.server.acts = [status(503)]
    stage.server.meant = lambda seen: (query.update(name="after"), True)[1]
    with closing(colour(KEY, **stage.options)) as driver:
        driver.call(lambda client: client.request("GET", "/teams", query=query))
    assert {seen.path for seen in stage.server.seen} == {"/api/v1/teams?name=before"}


def test_the_deadline_ends_a_call_whose_service_only_stalls(stage: Stage, colour: Colour) -> None:
    """Neither attempts nor backoff outlast it."""
    id = stage.emulator.add_meeting_request()
    stage.server.always = silent
    stage.options |= {"timeout": 0.1, "deadline": 0.25, "retry": RetryPolicy(max_attempts=50, backoff=0)}
    begun = stage.clock.clock()
    with closing(colour(KEY, **stage.options)) as driver, pytest.raises(APITimeoutError) as caught:
        driver.call(lambda client: client.meeting_requests.get(id))
    assert stage.clock.clock() - begun < 0.25 + 0.25
    assert caught.value.attempts <= 3


def test_an_outage_empties_the_quota_and_then_costs_one_send_a_call(stage: Stage, colour: Colour) -> None:
    """The error says so."""
    stage.server.always = status(503)
    stage.options["retry"] = RetryPolicy(quota=100)
    errors: list[SkipUpError] = []
    with closing(colour(KEY, **stage.options)) as driver:
        for _ in range(40):
            with pytest.raises(ServerError) as caught:
                driver.call(lambda client: client.meeting_requests.get("mr_1"))
            errors.append(caught.value)
    assert len(stage.server.seen) == 40 + 100 // 14
    assert [error.retry_quota_exhausted for error in errors].count(True) == 38
    assert errors[-1].attempts == 1


HOSTILE: dict[str, Act] = {
    "gzip bomb": answer(200, BOMB, "Content-Encoding: gzip"),
    "JSON 100,000 deep": answer(200, DEEP),
    "10,000 headers": answer(200, b"{}", *["X: x"] * 10_000),
    "a header of 1 MiB": answer(200, b"{}", "X: " + "x" * MIB),
    "8 MiB and more": answer(200, LARGE),
    "8 MiB and more of an error": answer(500, LARGE),
}


@pytest.mark.parametrize("act", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_answer_costs_little(act: Act, stage: Stage) -> None:
    """Under 32 MiB of memory, what the attacker spends in this process included, and under a second: a typed error."""
    stage.server.always = act
    stage.options["retry"] = RetryPolicy(max_attempts=1)
    with closing(Awaited(KEY, **stage.options)) as driver:
        tracemalloc.start()
        begun = time.process_time()
        with pytest.raises(SkipUpError) as caught:
            driver.call(lambda client: client.meeting_requests.get("mr_1"))
        took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert_documented(caught.value)
    assert peak < 32 * MIB
    assert took < 1.0


def test_the_stamp_of_the_service_is_read_with_its_own_date(stage: Stage) -> None:
    """The emulator dates its answers by the clock it stamps its objects with, on which these tests rely."""
    stage.emulator.advance(hours=5)
    headers = stage.colleague.meeting_requests.get(stage.emulator.add_meeting_request())
    assert headers.created_at is not None
    assert abs((stage.emulator.now() - headers.created_at).total_seconds()) < 3
    assert (stage.emulator.now() - datetime.now(UTC)).total_seconds() > 4 * 3600
