"""The page at `/`: what it shows, what it keeps to itself, and that looking at it leaves no trace."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import attrs
import pytest

from skipup_async.emulator import Emulator, RateLimit
from skipup_async.emulator.page.markup import distance, span
from skipup_async.emulator.windows import Kind
from tests.emulator.conftest import MINIMAL, Api

pytestmark = pytest.mark.anyio

KINDS: list[Kind] = ["fixed", "sliding", "token", "weighted"]


@attrs.frozen
class Seen:
    """A page as it was received: its status, headers and source."""

    status: int
    headers: dict[str, str]
    html: str

    @property
    def parsed(self) -> Parsed:
        """What a browser makes of the source."""
        parsed = Parsed()
        parsed.feed(self.html)
        parsed.close()
        return parsed

    @property
    def text(self) -> str:
        """What can be read on it, in one line."""
        return " ".join(" ".join(self.parsed.texts).split())


class Parsed(HTMLParser):
    """The tags, attributes and texts of a page, its style sheet aside."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.tags.add(tag)
        self.attributes += attrs
        self._in_style = tag == "style"

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if not self._in_style:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Leave the style sheet, if this is its end."""
        self._in_style = False

    def titles(self) -> Iterable[str]:
        """What shows when something is pointed at."""
        return [value or "" for name, value in self.attributes if name == "title"]


async def look(emulator: Emulator, query: str = "", *, method: str = "GET", host: str | None = None) -> Seen:
    """Fetch the page as a browser does, without a key."""
    headers = {} if host is None else {"Host": host}
    async with aiohttp.request(method, emulator.page_url + query, headers=headers) as response:
        return Seen(response.status, dict(response.headers), await response.text())


async def test_an_emulator_without_requests_says_what_to_do(emulator: Emulator) -> None:
    """Where to point a client, whom there is, and that nothing else is there yet."""
    page = await look(emulator)
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    for words in (
        f"SKIPUP_BASE_URL={emulator.url}",
        "Alice Johnson alice@example.com admin",
        "Sales sales pool 2",
        "No meeting request yet",
        "No campaigns",
        "No webhook endpoints",
        "Nothing was delivered yet",
        "real time",
        "In memory",
    ):
        assert words in page.text


async def test_what_was_called_is_seen(emulator: Emulator, api: Api) -> None:
    """Each answer by number and word, the request, its idempotency key and the end of its API key; the latest first."""
    await api.post("/meeting_requests", MINIMAL, key="order-17")
    await api.get("/teams/tm_unknown", limit=3)
    text = (await look(emulator)).text
    end = emulator.api_key[-4:]
    first, second = text.index("404 Not Found GET /teams/tm_unknown?limit=3"), text.index("202 Accepted POST")
    assert first < second
    assert f"202 Accepted POST /meeting_requests Idempotency-Key: order-17 …{end} just now" in text


async def test_what_was_not_answered_is_seen(emulator: Emulator, api: Api) -> None:
    """A request that was dropped says so."""
    emulator.fail(connection="reset")
    with pytest.raises(aiohttp.ClientError):
        await api.post("/meeting_requests", MINIMAL)
    assert "no answer POST /meeting_requests" in (await look(emulator)).text


async def test_what_the_api_holds_is_seen(emulator: Emulator, api: Api) -> None:
    """Statuses by their words, and each thing by its names."""
    campaign = emulator.add_campaign("NAA 2026", ends_at="2020-01-01T00:00:00Z")
    ids = [emulator.add_meeting_request(context={"title": f"Kickoff {n}"}, campaign_id=campaign) for n in range(4)]
    emulator.book(ids[1])
    await api.post(f"/meeting_requests/{ids[2]}/pause")
    await api.post(f"/meeting_requests/{ids[3]}/cancel")
    await api.post("/webhook_endpoints", {"url": "https://hooks.example.com/skipup"})
    member = emulator.add_member("dana@example.com", name="Dana Xu")
    await api.post(f"/workspace_members/{member}/deactivate")
    text = (await look(emulator)).text
    for words in (
        f"active Kickoff 0 {ids[0]} alice@example.com with bob@example.com",
        "booked Kickoff 1",
        "paused Kickoff 2",
        "cancelled Kickoff 3",
        "1 active 1 paused 1 booked 1 cancelled",
        "ended NAA 2026 Sales · naa-2026 1 of 4 25.0 %",
        "enabled https://hooks.example.com/skipup created, booked, cancelled, organizer_changed",
        "deactivated Dana Xu dana@example.com",
    ):
        assert words in text


async def test_deliveries_are_seen(emulator: Emulator, api: Api) -> None:
    """What is told to whom, and what came of it."""
    await api.post("/webhook_endpoints", {"url": "http://127.0.0.1:9/hook"})
    emulator.add_meeting_request()
    await emulator.settled()
    text = (await look(emulator)).text
    assert "pending meeting_request.created http://127.0.0.1:9/hook no answer 1 attempt" in text
    assert "1 pending 0 success 0 failed" in text


async def test_the_clock_is_seen(emulator: Emulator) -> None:
    """The time by the emulator, and how far it is ahead."""
    emulator.advance(days=3, hours=4, minutes=5)
    text = (await look(emulator)).text
    assert "3 d 4 h ahead" in text
    assert f"{emulator.now():%Y-%m-%d %H:}" in text


@pytest.mark.parametrize("kind", KINDS)
async def test_the_fill_of_the_limit_is_seen(kind: Kind) -> None:
    """Used and allowed, how it is counted, when it is empty again, and a full one by a word."""
    limit = RateLimit(3, per=60, window=kind)
    async with Emulator(rate_limit=limit) as emulator, Api(emulator) as api:
        assert "active …" in (await look(emulator)).text
        assert "0 of 3" in (await look(emulator)).text
        await api.get("/teams")
        some = (await look(emulator)).text
        for _ in range(3):
            await api.get("/teams")
        full = (await look(emulator)).text
    assert re.search(r"1 of 3, resets in \d+ (s|min)", some)
    assert "key full" not in some
    assert "3 in 1 min" in full
    assert "1 key full" in full
    assert "full 3 of 3, resets in" in full


async def test_a_workspace_is_named_where_there_are_several(emulator: Emulator) -> None:
    """One needs no name beside each thing."""
    alone = (await look(emulator)).text
    emulator.add_meeting_request(workspace="globex")
    several = (await look(emulator)).text
    assert "Member Role" in alone
    assert "Member Workspace Role" in several
    assert "globex" in several


HOSTILE = "<img src=x onerror=alert(1)>\"'&</td><script>alert(2)</script>\u202e\x1b[31m"


async def test_nothing_that_was_sent_becomes_markup(emulator: Emulator, api: Api) -> None:
    """Names, titles, e-mails, roles, ids, paths, queries, headers: all of it is text, and none of it invisible."""
    before = (await look(emulator)).parsed
    email = "<script>alert('3')</script>@example.com"
    emulator.add_member(email, name=HOSTILE, role=HOSTILE)
    emulator.add_team(HOSTILE, members=[email])
    emulator.add_campaign(HOSTILE, description=HOSTILE)
    emulator.add_meeting_request(organizer_email=email, participant_emails=[email], context={"title": HOSTILE})
    emulator.add_key(workspace=HOSTILE)
    await api.post("/webhook_endpoints", {"url": "https://h.example/<script>'\"", "events": ["a.b"]})
    await api.get("/teams/<script>alert(4)</script>", **{"<b>": '"><script>'})
    await api.post("/meeting_requests", MINIMAL, key="\"'><script>alert(5)</script>")
    page = await look(emulator)
    assert page.parsed.tags == before.tags | {"b"}
    assert {name for name, _ in page.parsed.attributes} <= {name for name, _ in before.attributes} | {"title"}
    assert "<script" not in page.html
    assert page.text.count("<img src=x onerror=alert(1)>\"'&</td><script>alert(2)</script>\\u202e\\x1b[31m") >= 5
    assert not set("\u202e\x1b") & set(page.html)


async def test_no_key_and_no_secret_is_seen(api: Api, emulator: Emulator) -> None:
    """Of a long key its last four characters, of a short one nothing; wherever it was sent, and whosever it was."""
    secret = (await api.post("/webhook_endpoints", {"url": "https://hooks.example.com"})).data["secret"]
    other = emulator.add_key()
    emulator.add_meeting_request(context={"title": f"My key is {other}"})
    await api.post("/meeting_requests", MINIMAL, key=other)
    await api.get("/teams", api_key=emulator.api_key, secret=secret)
    await api.get(f"/teams/{other.replace('_', '%5F')}")
    for key in (other, "short", "sk_live_0123456789abcdef", "x" * 40):
        async with Api(emulator, key) as stranger:
            await stranger.get("/teams")
    html = (await look(emulator)).html
    for hidden in (emulator.api_key, other, secret):
        assert hidden[len("sk_test_") : -4] not in html
    for hidden in ("short", "0123456789", "x" * 5):
        assert hidden not in html
    assert html.count(f"…{other[-4:]}") >= 4


async def test_a_key_of_the_users_own_is_not_seen() -> None:
    """Nor its end, where it is so short that the rest could be guessed."""
    async with Emulator(key="hunter2!") as emulator, Api(emulator) as api:
        await api.get("/teams")
        html = (await look(emulator)).html
    assert "er2!" not in html


async def test_looking_counts_for_nothing() -> None:
    """No key is asked, no request is recorded, and the limit stays as it is."""
    async with Emulator(rate_limit=RateLimit(1)) as emulator, Api(emulator) as api:
        for _ in range(5):
            assert (await look(emulator)).status == 200
        assert (emulator.request_count, emulator.requests) == (0, ())
        assert (await api.get("/teams")).status == 200
        await look(emulator)
        assert (await api.get("/teams")).status == 429
        assert emulator.request_count == 2


async def test_looking_meets_no_fault(emulator: Emulator, api: Api) -> None:
    """An order for every call is for calls of the API."""
    fault = emulator.fail(next=1)
    assert (await look(emulator)).status == 200
    assert (await api.get("/teams")).status == 503
    assert fault.hits == 1


async def test_looking_changes_nothing(tmp_path: Path) -> None:
    """The database is the same afterwards, row by row."""

    def content() -> list[str]:
        connection = sqlite3.connect(file)
        try:
            return list(connection.iterdump())
        finally:
            connection.close()

    file = tmp_path / "state.sqlite"
    async with Emulator(db=file) as emulator, Api(emulator) as api:
        await api.post("/meeting_requests", MINIMAL)
        before = content()
        for _ in range(3):
            assert "In a file" in (await look(emulator)).text
        assert content() == before


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_the_page_can_only_be_read(emulator: Emulator, method: str) -> None:
    """405 with Allow for every other method, and no trace of it."""
    page = await look(emulator, method=method)
    assert (page.status, page.headers["Allow"]) == (405, "GET, HEAD")
    assert '"method_not_allowed"' in page.html
    assert emulator.request_count == 0


async def test_head_gives_the_head(emulator: Emulator) -> None:
    """The headers of a GET, and no body."""
    get, head = await look(emulator), await look(emulator, method="HEAD")
    assert (head.status, head.html) == (200, "")
    assert head.headers["Content-Security-Policy"] == get.headers["Content-Security-Policy"]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "8.8.8.8"])
async def test_a_foreign_host_does_not_see_it(emulator: Emulator, host: str) -> None:
    """A page of the web that points its own name here is not let in, and is no request either."""
    page = await look(emulator, host=host)
    assert page.status == 403
    assert "alice@example.com" not in page.html
    assert emulator.request_count == 0


async def test_a_browser_is_told_to_run_and_to_load_nothing(emulator: Emulator) -> None:
    """The policy allows the one style sheet, by its hash, and an icon that stands in the page; nothing is stored."""
    page = await look(emulator)
    styles = re.findall(r"<style>(.*?)</style>", page.html, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() for style in styles]
    policy = page.headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["default-src 'none'", f"style-src 'sha256-{digests[0]}'"]
    assert "frame-ancestors 'none'" in policy
    assert not [rule for rule in policy if "unsafe" in rule or "http" in rule or "*" in rule]
    assert len(styles) == 1
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"""(src|href)="(https?:|//)""", page.html)
    assert "style=" not in page.html.replace("<style", "")


async def test_it_comes_anew_until_it_is_paused(emulator: Emulator) -> None:
    """Every three seconds; a paused one leads back."""
    running, paused = await look(emulator), await look(emulator, "?paused")
    assert '<meta http-equiv="refresh" content="3">' in running.html
    assert ("href", "?paused") in running.parsed.attributes
    assert "http-equiv" not in paused.html
    assert ("href", "?") in paused.parsed.attributes


async def test_long_texts_are_cut(emulator: Emulator, api: Api) -> None:
    """However long a title or a path is, the page stays short."""
    for _ in range(30):
        emulator.add_meeting_request(context={"title": "x" * 100_000})
        await api.get(f"/teams/{'y' * 4000}")
    page = await look(emulator)
    assert len(page.html) < 100_000
    assert max(map(len, page.parsed.texts)) <= 202  # with an ellipsis, and a space before it
    assert max(map(len, page.parsed.titles())) <= 202  # with an ellipsis, and a space before it


async def test_ten_thousand_requests_are_counted_and_the_latest_shown(tmp_path: Path) -> None:
    """All in the figures, 25 in the table; the page is no larger for it."""
    file = tmp_path / "state.sqlite"
    async with Emulator(db=file) as emulator:
        emulator.add_meeting_request(context={"title": "The first"})
    connection = sqlite3.connect(file)
    connection.execute(
        "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 9999)"
        " INSERT INTO meeting_requests SELECT printf('mr_9%025d', n), workspace_id, organizer_email, organizer_folded,"
        " participant_emails,"
        " iif(n % 4, 'active', 'booked'), 'Kickoff ' || n, purpose, description, include_introduction,"
        " duration_minutes, timeframe_start, timeframe_end, campaign_id, campaign_source, created_at, updated_at,"
        " booked_at, cancelled_at, paused_at FROM meeting_requests, numbers"
    )
    connection.execute(
        "INSERT INTO participants SELECT 'bob@example.com', id FROM meeting_requests WHERE id LIKE 'mr_9%'"
    )
    connection.commit()
    connection.close()
    async with Emulator(db=file) as emulator:
        page = await look(emulator)
    assert "Meeting requests 10,000 the latest 25" in page.text
    assert "7,501 active 0 paused 2,499 booked 0 cancelled" in page.text
    assert re.findall(r"Kickoff (\d+)", page.text) == [str(number) for number in range(9999, 9974, -1)]
    assert "The first" not in page.text
    assert len(page.html) < 60_000


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (86400, "1 d"),
        (90061, "1 d 1 h"),
        (86700, "1 d"),
    ],
)
def test_a_span_is_told_in_two_units(seconds: float, text: str) -> None:
    """The largest and the next one, without a zero."""
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "just now"),
        (-0.5, "just now"),
        (1.9, "1 s ago"),
        (-90, "in 1 min"),
        (7200, "2 h ago"),
        (-86400 * 2000, "in 2,000 d"),
    ],
)
def test_a_distance_is_told_in_one_unit(seconds: float, text: str) -> None:
    """Ago or ahead."""
    assert distance(seconds) == text
