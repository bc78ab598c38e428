"""HTTP itself: what no route answers, what no client of ours would send, and what browsers might."""

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from skipup_async.emulator import Emulator
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio


async def test_an_id_is_read_as_one_segment(api: Api) -> None:
    """Escaped slashes and dots lead nowhere else."""
    for id in ("a%2Fb", "%2e%2e", "%00", "%ff", "'%20OR%201=1", "x" * 4000):
        reply = await api.call("GET", f"/meeting_requests/{id}")
        assert reply.error == (404, "not_found")
        assert len(reply.message) < 300


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "8.8.8.8", "[::2]", "a b", ""]
)
async def test_a_foreign_host_is_forbidden(api: Api, host: str) -> None:
    """A page of the web that points its own name here is not let in."""
    assert (await api.call("GET", "/teams", headers={"Host": host})).error == (403, "forbidden")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8750", "127.0.0.1", "127.9.9.9:80", "[::1]:8750"])
async def test_every_loopback_name_is_let_in(api: Api, host: str) -> None:
    """With a port or without."""
    assert (await api.call("GET", "/teams", headers={"Host": host})).status == 200


async def test_any_host_is_let_in_where_remote_callers_are() -> None:
    """The emulator cannot know the names it has."""
    async with Emulator(allow_remote=True) as emulator, Api(emulator) as api:
        assert (await api.call("GET", "/teams", headers={"Host": "skipup.internal"})).status == 200


async def test_a_chunked_body_is_read(emulator: Emulator, api: Api) -> None:
    """Without a Content-Length."""

    async def chunks() -> Any:
        yield json.dumps(MINIMAL).encode()

    headers = {"Content-Type": "application/json"}
    assert (await api.call("POST", "/meeting_requests", data=chunks(), headers=headers)).status == 202


@pytest.mark.parametrize("encoding", ["gzip", "br", "nonsense"])
async def test_a_body_that_cannot_be_decoded_is_refused(api: Api, encoding: str) -> None:
    """400 or 422 in the envelope, never a 500."""
    headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
    reply = await api.call("POST", "/meeting_requests", data=b"\x00junk", headers=headers, skip_auto_headers=[])
    assert reply.error[0] in (400, 422)


async def test_the_date_is_the_emulators(emulator: Emulator, api: Api) -> None:
    """So that a client can compare it with timestamps."""
    emulator.advance(days=3)
    date = parsedate_to_datetime((await api.get("/teams")).headers["Date"])
    assert abs(date - emulator.now()) < timedelta(seconds=5)


async def test_no_page_of_another_origin_may_read_an_answer(api: Api) -> None:
    """No CORS headers, whoever asks."""
    reply = await api.call("GET", "/teams", headers={"Origin": "http://localhost:3000"})
    assert not [name for name in reply.headers if name.lower().startswith("access-control")]
