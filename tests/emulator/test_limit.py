"""The rate limit over a socket: 429 and the headers that tell of it."""

from __future__ import annotations

from typing import Any

import pytest

from skipup_async.emulator import Emulator, Profile, RateLimit
from tests.emulator.conftest import Api

pytestmark = pytest.mark.anyio


async def test_nothing_is_limited_unless_asked(api: Api) -> None:
    """More than the documented 120 get through."""
    assert {(await api.get("/teams")).status for _ in range(150)} == {200}


async def test_one_too_many_is_told_when_to_come_back() -> None:
    """429 rate_limited and Retry-After in whole seconds; no other header."""
    async with Emulator(rate_limit=RateLimit(2, per=60)) as emulator, Api(emulator) as api:
        replies = [await api.get("/teams") for _ in range(3)]
    assert [reply.status for reply in replies] == [200, 200, 429]
    assert replies[2].error == (429, "rate_limited")
    assert replies[2].headers["Retry-After"] == "60"
    assert not [name for reply in replies for name in reply.headers if "ratelimit" in name.lower()]


async def test_the_limit_moves_with_the_clock() -> None:
    """After `advance` the window is open again."""
    async with Emulator(rate_limit=RateLimit(1, per=60)) as emulator, Api(emulator) as api:
        await api.get("/teams")
        assert (await api.get("/teams")).status == 429
        emulator.advance(seconds=60)
        assert (await api.get("/teams")).status == 200


async def test_each_key_has_its_own_limit() -> None:
    """Documented per API key."""
    async with Emulator(rate_limit=RateLimit(1, per=60)) as emulator, Api(emulator) as first:
        await first.get("/teams")
        assert (await first.get("/teams")).status == 429
        async with Api(emulator, emulator.add_key()) as second:
            assert (await second.get("/teams")).status == 200


async def test_refused_calls_count_too() -> None:
    """A 404 or a 422 is a request like others; one without a key is nobody's."""
    async with Emulator(rate_limit=RateLimit(2, per=60)) as emulator, Api(emulator) as api:
        async with Api(emulator, "wrong") as nobody:
            await nobody.get("/teams")
        await api.get("/teams/tm_unknown")
        await api.post("/meeting_requests", {})
        assert (await api.get("/teams")).status == 429


async def test_a_limited_create_creates_nothing() -> None:
    """429 comes before the work."""
    async with Emulator(rate_limit=RateLimit(1, per=60)) as emulator, Api(emulator) as api:
        await api.get("/teams")
        body = {"organizer_email": "alice@example.com", "participant_emails": ["a@b.co"]}
        assert (await api.post("/meeting_requests", body)).status == 429
        assert emulator.meeting_requests() == []


@pytest.mark.parametrize("family", ["RateLimit", "X-RateLimit"])
async def test_other_headers_tell_of_the_limit_on_every_answer(family: Any) -> None:
    """Limit, Remaining and Reset, on success and on refusal."""
    profile = Profile(limit_headers=family)
    async with Emulator(rate_limit=RateLimit(2, per=60), profile=profile) as emulator, Api(emulator) as api:
        replies = [await api.get("/teams") for _ in range(3)]
    names = [f"{family}-{name}" for name in ("Limit", "Remaining", "Reset")]
    shown = [[reply.headers[name] for name in names] for reply in replies]
    assert shown == [["2", "1", "60"], ["2", "0", "60"], ["2", "0", "60"]]


async def test_a_429_may_be_silent_about_when() -> None:
    """The worst the real service may do."""
    profile = Profile(retry_after=False)
    async with Emulator(rate_limit=RateLimit(1, per=60), profile=profile) as emulator, Api(emulator) as api:
        await api.get("/teams")
        assert "Retry-After" not in (await api.get("/teams")).headers
