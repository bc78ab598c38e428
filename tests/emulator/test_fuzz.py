"""Bodies and queries that nobody thought of: an answer in the envelope, and no change unless it says success."""

from __future__ import annotations

import http.client
import json
from collections.abc import Generator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skipup_async.emulator import Emulator

NAMES = st.sampled_from(
    [
        "organizer_email",
        "participant_emails",
        "participants",
        "email",
        "name",
        "timezone",
        "context",
        "title",
        "description",
        "duration_minutes",
        "timeframe",
        "start",
        "end",
        "notify",
        "new_organizer_email",
        "campaign_id",
        "team_id",
        "starts_at",
        "ends_at",
        "role",
        "url",
        "events",
        "enabled",
    ]
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "alice@example.com",
            "2025-02-01T00:00:00Z",
            "9999-12-31T23:59:59-23:59",
            "America/Chicago",
            "\ud800",
            "https://a.b",
        ]
    ),
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4))
BODIES = st.dictionaries(NAMES, VALUES, max_size=8)
QUERIES = st.dictionaries(
    st.sampled_from(["status", "limit", "cursor", "created_after", "created_before", "participant_email", "active"]),
    st.text(max_size=30).filter(lambda text: text.isprintable()),
)
QUICK = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Wire:
    """One kept-alive connection to one emulator, without any loop."""

    def __init__(self, emulator: Emulator) -> None:
        parts = urlsplit(emulator.url)
        self._base = parts.path
        self._headers = {"Authorization": f"Bearer {emulator.api_key}", "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection(parts.netloc, timeout=10)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and decoded body."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, self._base + path, content, self._headers)
        response = self._connection.getresponse()
        return response.status, json.loads(response.read() or b"null")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


@pytest.fixture
def emulator() -> Generator[Emulator]:
    """One in a thread, for code without a loop."""
    with Emulator() as running:
        yield running


@pytest.fixture
def wire(emulator: Emulator) -> Generator[Wire]:
    """A connection to it."""
    wire = Wire(emulator)
    yield wire
    wire.close()


@QUICK
@given(
    action=st.sampled_from(["", "/{id}/cancel", "/{id}/pause", "/{id}/context", "/{id}/change_organizer"]), body=BODIES
)
def test_no_body_breaks_a_meeting_request(emulator: Emulator, wire: Wire, action: str, body: Any) -> None:
    """2xx, or 422 in the envelope with everything as it was."""
    path = "/meeting_requests" + action.format(id=emulator.add_meeting_request())
    before = (emulator.meeting_requests(), emulator.people(), emulator.effects())
    status, answer = wire.call("POST", path, body)
    assert status in (200, 202, 422)
    if status == 422:
        assert set(answer["error"]) == {"type", "message"}
        assert (emulator.meeting_requests(), emulator.people(), emulator.effects()) == before


@QUICK
@given(path=st.sampled_from(["/campaigns", "/workspace_members", "/webhook_endpoints"]), body=BODIES)
def test_no_body_breaks_another_create(wire: Wire, path: str, body: Any) -> None:
    """201, or 422 in the envelope with the list as it was."""
    before = wire.call("GET", path)
    status, answer = wire.call("POST", path, body)
    assert status in (201, 422)
    if status == 422:
        assert set(answer["error"]) == {"type", "message"}
        assert wire.call("GET", path) == before


@QUICK
@given(query=QUERIES)
def test_no_query_breaks_a_list(wire: Wire, query: dict[str, str]) -> None:
    """200, or 422 in the envelope."""
    status, answer = wire.call("GET", f"/meeting_requests?{urlencode(query)}")
    assert status in (200, 422)
    assert set(answer) == ({"data", "meta"} if status == 200 else {"error"})


@QUICK
@given(id=st.text(min_size=1, max_size=40))
def test_no_id_breaks_a_lookup(wire: Wire, id: str) -> None:
    """404 in the envelope."""
    status, answer = wire.call("GET", f"/campaigns/{quote(id, safe='', errors='replace')}")
    assert (status, answer["error"]["type"]) == (404, "not_found")
