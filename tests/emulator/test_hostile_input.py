"""Input that means harm or means nothing: a 4xx in the documented envelope, and all as it was."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from skipup_async.emulator.routes import ROUTES
from tests.emulator.hostile import (
    INJECTIONS,
    NO_AUTHORIZATIONS,
    NO_JSON,
    NO_OBJECTS,
    NO_QUERIES,
    NO_VALUES,
    PATTERNS,
)
from tests.emulator.target import Target

CREATE = {"organizer_email": "alice@example.com", "participant_emails": ["carol@example.com"]}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")
PATHS: dict[str, set[str]] = {}
for route in ROUTES:
    PATHS.setdefault(route.path, set()).add(route.method)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Generator[Target]:
    """One for all of this file: nothing here leaves a trace."""
    with Target(tmp_path_factory.mktemp("hostile")) as target:
        yield target


def shown(value: Any) -> str:
    """A row's name in the report: short, and in ASCII."""
    return ascii(value)[:40]


# Methods and paths.


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for path in PATHS for method in METHODS if method not in PATHS[path]]
)
def test_a_method_that_a_path_has_not_is_405(target: Target, method: str, path: str) -> None:
    """With the methods it has in Allow, in the envelope where there may be a body, for an unknown id as well."""
    with target.untouched():
        answer = target.call(method, path.replace(":id", "mr_1"), b"{}" if method in ("PUT", "DELETE") else None)
    assert answer.status == 405
    assert PATHS[path] <= set(answer.headers["allow"].split(", "))
    assert method == "HEAD" or answer.error == (405, "method_not_allowed")


@pytest.mark.parametrize("method", [method for method in METHODS if method not in ("HEAD", "CONNECT")])
@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "//", "/.", "/..", "/nothing", "/teams/a/b", "/teams/a/activate", "/campaigns/a/b/c"),
        *("/meeting_requests/a/explode", "/meeting_requests/a/Cancel", "/Meeting_Requests", "/meeting_requests.json"),
        *("/meeting_requests;a=1", "/meeting%5Frequests", "/webhook_endpoints/a/deliveries/b", "/%2e%2e/teams"),
        *("/../../etc/passwd", "/api/v1/teams", "/%00", "/%ff", "/teams%2Fa", "/.git/config", "/" + "a" * 4000),
    ],
    ids=shown,
)
def test_an_unknown_path_is_404(target: Target, method: str, path: str) -> None:
    """By every method, in the envelope, without the whole of a long path."""
    with target.untouched():
        answer = target.call(method, path)
    assert answer.error == (404, "not_found")
    assert len(answer.body) < 500


@pytest.mark.parametrize("prefix", ["/api", "/api/", "/api/v1", "/api/v2/teams", "/API/V1/teams", "/v1/teams"])
def test_nothing_is_served_outside_the_api(target: Target, prefix: str) -> None:
    """404 in the envelope."""
    (answer,) = target.exchange(f"GET {prefix} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.error == (404, "not_found")


# Who calls.


@pytest.mark.parametrize("form", NO_AUTHORIZATIONS, ids=shown)
def test_what_is_no_bearer_token_lets_nobody_in(target: Target, form: str) -> None:
    """401 before the body is looked at, with the way to authenticate."""
    key = target.emulator.api_key
    header = form.format(key=key, upper=key.upper(), half=key[:-1]) if "{" in form else form
    with target.untouched():
        answer = target.call("POST", "/meeting_requests", b"{", [("Authorization", header)])
    assert answer.error == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


# Bodies.


@pytest.mark.parametrize("text", NO_VALUES, ids=shown)
def test_what_json_has_no_value_for_is_refused(target: Target, text: str) -> None:
    """422 invalid_request, wherever in the body it stands."""
    for body in (text, f'{{"context": {text}}}', f'{{"participant_emails": [{text}]}}'):
        if text.strip(" ") or body != f'{{"participant_emails": [{text}]}}':  # an empty list is JSON
            with target.untouched():
                answer = target.call("POST", "/meeting_requests", body.encode())
            assert answer.error == (422, "validation_error" if body == "" else "invalid_request")


@pytest.mark.parametrize("body", NO_OBJECTS, ids=shown)
def test_a_body_that_is_no_json_object_is_refused(target: Target, body: bytes) -> None:
    """422 invalid_request on every path that takes a body."""
    for method, path in (
        ("POST", "/meeting_requests"),
        ("POST", f"/meeting_requests/{target.request_id}/pause"),
        ("POST", f"/meeting_requests/{target.request_id}/context"),
        ("PATCH", f"/campaigns/{target.campaign_id}"),
        ("DELETE", "/webhook_endpoints/we_1"),
        ("POST", "/teams"),
        ("PATCH", f"/teams/{target.emulator.team_id()}"),
        ("POST", "/api_keys"),
        ("DELETE", "/api_keys/key_1"),
    ):
        with target.untouched():
            assert target.call(method, path, body).error == (422, "invalid_request")


@pytest.mark.parametrize("media_type", NO_JSON, ids=shown)
def test_another_media_type_is_refused(target: Target, media_type: str | None) -> None:
    """422 invalid_request, though the body would be right."""
    with target.untouched():
        answer = target.call("POST", "/meeting_requests", json.dumps(CREATE).encode(), [("Content-Type", media_type)])
    assert answer.error == (422, "invalid_request")


@pytest.mark.parametrize(("size", "status"), [(2**20 - 1, 422), (2**20, 422), (2**20 + 1, 413), (8 * 2**20, 413)])
def test_a_body_has_at_most_a_mebibyte(target: Target, size: int, status: int) -> None:
    """One byte more is 413, and the answer arrives though the body was not wanted."""
    with target.untouched():
        assert target.call("POST", "/meeting_requests", b"x" * size).error[0] == status


def test_a_mebibyte_of_json_is_read(target: Target) -> None:
    """What is too large is the description, not the body."""
    body: dict[str, Any] = {**CREATE, "context": {"description": ""}}
    body["context"]["description"] = "x" * (2**20 - len(json.dumps(body)))
    with target.untouched():
        answer = target.post("/meeting_requests", body)
    assert answer.error == (422, "validation_error")


# Queries.


@pytest.mark.parametrize(("name", "value"), NO_QUERIES, ids=shown)
def test_a_query_that_cannot_be_read_is_refused(target: Target, name: str, value: str) -> None:
    """422 invalid_request, not a filter silently left out."""
    with target.untouched():
        answer = target.call("GET", f"/meeting_requests?{urlencode({name: value})}")
    assert answer.error == (422, "invalid_request")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        *(("limit=%ed%a0%80", 422), ("status=%c0%af", 422), ("cursor=%80", 422), ("limit=%zz", 422)),
        *(("created_after=%ff", 422), ("limit=5&limit=x", 422), ("limit=x&limit=5", 200)),
        *(("participant_email=%ff", 200), ("a=%ff", 200), ("%ff=a", 200), ("limit[]=x", 200), ("&&=&;", 200)),
    ],
)
def test_a_query_that_is_no_text_is_judged_like_any_other(target: Target, query: str, status: int) -> None:
    """Of a repeated parameter the last counts, and what no parameter is called is nothing."""
    with target.untouched():
        answer = target.call("GET", f"/meeting_requests?{query}")
    assert answer.status == status
    assert status == 200 or answer.error == (422, "invalid_request")


# Texts.


@pytest.mark.parametrize("text", INJECTIONS, ids=shown)
def test_sql_is_text_like_other_text(target: Target, text: str) -> None:
    """It is no id, finds nothing, and is kept and given back as it came."""
    quoted = quote(text, safe="")
    with target.untouched():
        assert target.call("GET", f"/meeting_requests/{quoted}").error == (404, "not_found")
        assert target.call("POST", f"/meeting_requests/{quoted}/cancel").error == (404, "not_found")
        for name in ("organizer_email", "participant_email"):
            assert json.loads(target.call("GET", f"/meeting_requests?{name}={quoted}").body)["data"] == []
        assert json.loads(target.call("GET", f"/workspace_members?role={quoted}").body)["data"] == []
        assert target.call("GET", f"/meeting_requests?cursor={quoted}").error == (422, "invalid_request")
        assert target.post("/campaigns", {"name": "x", "team_id": text}).error == (422, "validation_error")
    path = f"/meeting_requests/{target.request_id}"
    told = dict.fromkeys(("title", "purpose", "description"), text)
    assert target.post(f"{path}/context", told).status == 200
    data = json.loads(target.call("GET", path).body)["data"]
    assert {name: data[name] for name in told} == told


@pytest.mark.parametrize("text", PATTERNS, ids=shown)
def test_a_filter_finds_only_what_is_asked_for(target: Target, text: str) -> None:
    """No wildcard, no accent, width or look-alike counts for another: `bob@example.com` is found by his address."""
    bob = {"participant_email": "bob@example.com"}
    assert json.loads(target.call("GET", f"/meeting_requests?{urlencode(bob)}").body)["data"]
    with target.untouched():
        for path, name in (
            ("/meeting_requests", "participant_email"),
            ("/meeting_requests", "organizer_email"),
            ("/workspace_members", "email"),
            ("/workspace_members", "role"),
        ):
            found = json.loads(target.call("GET", f"{path}?{urlencode({name: text})}").body)
            assert found["data"] == []
