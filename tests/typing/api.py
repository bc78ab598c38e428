"""The types a user sees, in both colours. Checked by mypy and by pyright, and never run.

A mistake carries the comments that quiet both checkers about it; a comment that
quiets nothing is an error, so a mistake that either lets pass fails the check.
"""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Any, assert_type

import aiohttp

from skipup_async import (
    UNSET,
    APIStatusError,
    AsyncSkipUp,
    BlockingPager,
    Campaign,
    MeetingRequest,
    Page,
    Pager,
    Participant,
    RetryPolicy,
    SkipUp,
    SkipUpError,
    Timeframe,
    TokenBucket,
    Unlimited,
    WorkspaceMember,
)

NOW = datetime.now(UTC)


async def awaited(client: AsyncSkipUp) -> None:
    """Every call of the awaited client, and what it gives."""
    requests = client.meeting_requests
    assert_type(await requests.get("mr_1"), MeetingRequest)
    assert_type(await requests.create(organizer_email="a@b", participants=["c@d", Participant("e@f")]), MeetingRequest)
    assert_type(await requests.cancel("mr_1", notify=True), MeetingRequest)
    assert_type(await requests.pause("mr_1"), MeetingRequest)
    assert_type(await requests.resume("mr_1"), MeetingRequest)
    assert_type(await requests.change_organizer("mr_1", "a@b"), MeetingRequest)
    assert_type(await requests.update_context("mr_1", title=None, timeframe=Timeframe(NOW)), MeetingRequest)
    assert_type(await client.campaigns.get("cmp_1"), Campaign)
    assert_type(await client.campaigns.create(name="x", team_id="tm_1", starts_at=NOW), Campaign)
    assert_type(await client.campaigns.update("cmp_1", ends_at="2026-02-16T09:00:00Z"), Campaign)
    assert_type(await client.campaigns.deactivate("cmp_1"), Campaign)
    assert_type(await client.request("GET", "/teams", query={"limit": 1}), Any)
    call: Coroutine[Any, Any, MeetingRequest] = requests.get("mr_1")
    await call


async def awaited_lists(client: AsyncSkipUp) -> None:
    """Lists to iterate over with `async for`."""
    pager = client.meeting_requests.list(status="active", created_after=NOW, limit=UNSET)
    assert_type(pager, Pager[MeetingRequest])
    assert_type(client.workspace_members.list(email=None, prefetch=1), Pager[WorkspaceMember])
    assert_type(client.campaigns.list(active=True), Pager[Campaign])
    assert_type(await pager.first_page(), Page[MeetingRequest])
    members: list[WorkspaceMember] = await client.workspace_members.list().collect(max_items=3)
    async for request in pager:
        assert_type(request, MeetingRequest)
    async for page in pager.pages():
        assert_type(page, Page[MeetingRequest])
        assert_type(page.items, tuple[MeetingRequest, ...])
        assert_type(page.next_cursor, str | None)
    iterator: AsyncIterator[MeetingRequest] = aiter(pager)
    await anext(iterator)
    assert_type(members[0].role, str | None)


def blocking(client: SkipUp) -> None:
    """Every call of the blocking client, and what it gives."""
    requests = client.meeting_requests
    assert_type(requests.get("mr_1"), MeetingRequest)
    assert_type(requests.create(organizer_email="a@b", participants=("c@d",)), MeetingRequest)
    assert_type(requests.cancel("mr_1"), MeetingRequest)
    assert_type(requests.pause("mr_1"), MeetingRequest)
    assert_type(requests.resume("mr_1"), MeetingRequest)
    assert_type(requests.change_organizer("mr_1", new_organizer_email="a@b"), MeetingRequest)
    assert_type(requests.update_context("mr_1", duration_minutes=30), MeetingRequest)
    assert_type(client.campaigns.get("cmp_1"), Campaign)
    assert_type(client.campaigns.create(name="x", team_id="tm_1"), Campaign)
    assert_type(client.campaigns.update("cmp_1", name="y"), Campaign)
    assert_type(client.campaigns.deactivate("cmp_1"), Campaign)
    assert_type(client.request("POST", "/teams", body={"name": "x"}), Any)


def blocking_lists(client: SkipUp) -> None:
    """Lists to iterate over with `for`."""
    pager = client.meeting_requests.list(organizer_email="a@b")
    assert_type(pager, BlockingPager[MeetingRequest])
    assert_type(client.workspace_members.list(prefetch=1), BlockingPager[WorkspaceMember])
    assert_type(client.campaigns.list(), BlockingPager[Campaign])
    assert_type(pager.first_page(), Page[MeetingRequest])
    requests: list[MeetingRequest] = pager.collect()
    for request in pager:
        assert_type(request, MeetingRequest)
    for page in pager.pages():
        assert_type(page, Page[MeetingRequest])
    iterator: Iterator[MeetingRequest] = iter(pager)
    assert_type(next(iterator).timeframe, Timeframe | None)
    assert_type(requests[0].participant_emails, tuple[str, ...] | None)


async def making(session: aiohttp.ClientSession, make: Callable[[], aiohttp.ClientSession]) -> None:
    """How clients are made, opened and closed."""
    async with AsyncSkipUp("sk", session=session, limiter=TokenBucket(60, per=60.0)) as client:
        assert_type(client, AsyncSkipUp)
        assert_type(client.with_options(timeout=None, retry=RetryPolicy(max_attempts=1)), AsyncSkipUp)
    assert_type(await AsyncSkipUp(base_url="https://example.com").aclose(), None)
    with SkipUp("sk", session=make, limiter=Unlimited(), deadline=None) as other:
        assert_type(other, SkipUp)
        assert_type(other.with_options(deadline=5), SkipUp)
    assert_type(SkipUp(session=None).close(), None)


def errors(error: SkipUpError, refusal: APIStatusError) -> None:
    """What every error tells."""
    assert_type(error.idempotency_key, str | None)
    assert_type(error.attempts, int)
    assert_type(error.maybe_applied, bool)
    assert_type((refusal.status_code, refusal.type), tuple[int, str | None])
    assert_type((refusal.message, refusal.request_id), tuple[str, str | None])
    assert_type(refusal.retry_after, float | None)


async def a_missing_await(client: AsyncSkipUp) -> None:
    """What is not awaited is no object, and a call that nobody awaits is not made."""
    client.meeting_requests.pause("mr_1")  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]
    request: MeetingRequest = client.meeting_requests.get("mr_1")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    client.meeting_requests.get("mr_1").title  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]  # noqa: B018
    for _ in client.meeting_requests.list():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass
    del request


async def a_blocking_result_awaited(client: SkipUp) -> None:
    """There is nothing to wait for."""
    await client.meeting_requests.get("mr_1")  # type: ignore[misc]  # pyright: ignore[reportGeneralTypeIssues]
    async for _ in client.meeting_requests.list():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
        pass
    async with client:  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues]
        pass


def wrong_arguments(client: SkipUp) -> None:
    """Names, types, numbers of arguments."""
    client.meeting_requests.get()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.meeting_requests.get(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.meeting_requests.cancel("mr_1", True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.meeting_requests.cancel("mr_1", notfy=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.meeting_requests.cancel("mr_1", notify="yes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.meeting_requests.create(participants=["a@b"])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.meeting_requests.create(organizer_email="a@b", participants=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    client.meeting_requests.create(organizer_email="a@b", participants=["c@d"], idempotency_key=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.meeting_requests.list(prefetch="all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.meeting_requests.list(limit="10")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.meeting_requests.update_context("mr_1", duration_minutes=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.campaigns.create(name="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.campaigns.update("cmp_1", name=None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.request("HEAD", "/teams")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.with_options(limiter=Unlimited())  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    SkipUp("sk", "https://example.com")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def wrong_arguments_awaited(client: AsyncSkipUp) -> None:
    """The same in the other colour."""
    await client.meeting_requests.get(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.meeting_requests.cancel("mr_1", notfy=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.meeting_requests.list(status=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await client.meeting_requests.list().collect("all")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def wrong_results(client: SkipUp, member: WorkspaceMember) -> None:
    """What comes back is what it is, and cannot be changed."""
    campaign: Campaign = client.meeting_requests.get("mr_1")  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    members: list[str] = client.workspace_members.list().collect()  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]
    member.email.lower()  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    member.role = "admin"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    client.meeting_requests.gte("mr_1")  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    del campaign, members
