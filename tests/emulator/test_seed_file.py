"""Seed data: what a fresh emulator begins with, and what is told of a file that cannot be used."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from skipup_async.emulator import Emulator
from skipup_async.webhooks import Webhook
from tests.emulator.conftest import Api

pytestmark = pytest.mark.anyio

Json = dict[str, Any]

READER, GLOBEX = "sk_test_reader_000000", "sk_test_globex_000000"
SECRET = "whsec_of_the_first_endpoint"


def people() -> Json:
    """A seed with two workspaces and everything that can be in one."""
    return {
        "workspaces": [
            {
                "members": [
                    {"email": "Ann@example.com", "name": "Ann", "role": "admin", "created_at": "2024-01-02T03:04:05Z"},
                    {"email": "ben@example.com", "deactivated_at": "2030-01-01T00:00:00Z"},
                ],
                "teams": [
                    {"name": "Onboarding", "mode": "stack", "members": ["ann@example.com"], "include_all_members": True}
                ],
                "campaigns": [
                    {
                        "name": "NAA 2026",
                        "team": "Onboarding",
                        "description": "Fair",
                        "ends_at": "2099-01-01T00:00:00Z",
                    },
                    {"name": "Old", "team": "Onboarding", "deactivated_at": "2030-01-01T00:00:00Z"},
                ],
                "meeting_requests": [
                    meeting("active"),
                    meeting("paused", paused_at="2026-02-01T00:00:00Z"),
                    meeting("booked", campaign="NAA 2026"),
                    {**meeting("cancelled"), "organizer_email": "ben@example.com"},
                ],
                "webhook_endpoints": [{"url": "http://127.0.0.1:9/hook", "secret": SECRET}],
                "keys": [{"key": READER, "scopes": ["meeting_requests.read"], "expires_at": "2099-01-01T00:00:00Z"}],
            },
            {
                "handle": "globex",
                "members": [{"email": "ann@example.com"}],
                "keys": [{"key": GLOBEX}],
            },
        ]
    }


def meeting(status: str, **more: str) -> Json:
    """A meeting request of that status."""
    context = {"title": status.title(), "duration_minutes": 30}
    body = {"organizer_email": "ann@example.com", "participants": [{"email": "carol@example.org", "name": "Carol"}]}
    return {**body, "context": context, "status": status, "created_at": "2026-01-01T00:00:00Z", **more}


async def test_everything_is_there_from_the_start() -> None:
    """Members, teams, campaigns, requests in every status, and endpoints, as the API shows them."""
    async with Emulator(seed=people()) as emulator, Api(emulator) as api:
        members = (await api.get("/workspace_members")).data
        teams = (await api.get("/teams")).data
        campaigns = (await api.get("/campaigns")).data
        endpoints = (await api.get("/webhook_endpoints")).data
        requests = {request["status"]: request for request in (await api.get("/meeting_requests")).data}
        assert emulator.seeded
    assert [(m["email"], m["name"], m["role"], m["created_at"]) for m in members] == [
        ("Ann@example.com", "Ann", "admin", "2024-01-02T03:04:05Z")
    ]
    assert [(t["name"], t["mode"], t["member_count"], t["include_all_members"]) for t in teams] == [
        ("Onboarding", "stack", 1, True)
    ]
    assert [(c["name"], c["active"], c["team_name"], c["meeting_request_count"]) for c in campaigns] == [
        ("Old", False, "Onboarding", 0),
        ("NAA 2026", True, "Onboarding", 1),
    ]
    assert [endpoint["url"] for endpoint in endpoints] == ["http://127.0.0.1:9/hook"]
    assert list(requests) == ["cancelled", "booked", "paused", "active"]
    assert requests["paused"]["paused_at"] == requests["paused"]["updated_at"] == "2026-02-01T00:00:00Z"
    assert requests["booked"]["booked_at"] == "2026-01-01T00:00:00Z"
    assert requests["booked"]["campaign_source"] == "Fair"
    assert requests["cancelled"]["organizer_email"] == "ben@example.com"


async def test_a_key_of_the_file_opens_its_workspace_as_far_as_it_says() -> None:
    """And nothing else."""
    async with Emulator(seed=people()) as emulator:
        async with Api(emulator, READER) as reader:
            assert len((await reader.get("/meeting_requests")).data) == 4
            assert (await reader.get("/teams")).error == (403, "forbidden")
        async with Api(emulator, GLOBEX) as globex:
            assert (await globex.get("/meeting_requests")).data == []
            assert [member["email"] for member in (await globex.get("/workspace_members")).data] == ["ann@example.com"]


async def test_the_emulators_own_key_may_stand_in_the_file(tmp_path: Path) -> None:
    """Then it opens the workspace and has the rights that stand there, after a restart too."""
    file = tmp_path / "state.sqlite"
    for _ in range(2):
        async with Emulator(seed=people(), key=GLOBEX, db=file) as emulator, Api(emulator) as api:
            assert [member["email"] for member in (await api.get("/workspace_members")).data] == ["ann@example.com"]
    with pytest.raises(ValueError, match="leave scopes out"):
        Emulator(seed=people(), key=GLOBEX, scopes=["teams.read"])


async def test_without_a_workspace_example_there_is_the_usual_one() -> None:
    """What the emulator's own key opens, with Alice and Bob."""
    async with Emulator(seed={"workspaces": [{"handle": "globex"}]}) as emulator, Api(emulator) as api:
        assert len((await api.get("/workspace_members")).data) == 2


async def test_seeding_tells_no_webhook() -> None:
    """What was there already is no event; what comes afterwards is signed with the secret of the file."""
    events: list[str | None] = []

    async def receive(request: web.BaseRequest) -> web.Response:
        events.append(Webhook(SECRET).verify(await request.read(), request.headers).type)
        return web.Response(status=204)

    async with RawTestServer(receive) as receiver:
        seed = people()
        change("webhook_endpoints", 0, url=str(receiver.make_url("/")))(seed)
        async with Emulator(seed=seed) as emulator:
            await emulator.settled()
            assert events == []
            emulator.book(emulator.add_meeting_request(organizer_email="ann@example.com"))
            await emulator.settled()
    assert events == ["meeting_request.created", "meeting_request.booked"]


async def test_a_file_is_read(tmp_path: Path) -> None:
    """By its path, as UTF-8 with a byte order mark or without."""
    file = tmp_path / "people.json"
    for encoding in ("utf-8", "utf-8-sig"):
        file.write_text(json.dumps({"workspaces": [{"members": [{"email": "zoë@example.com"}]}]}), encoding=encoding)
        async with Emulator(seed=file) as emulator, Api(emulator) as api:
            assert [member["email"] for member in (await api.get("/workspace_members")).data] == ["zoë@example.com"]


async def test_state_that_is_there_counts(tmp_path: Path) -> None:
    """A seed goes into a fresh database only, once; later starts find what was made of it."""
    file = tmp_path / "state.sqlite"
    async with Emulator(seed=people(), db=file, key="sk_test_own") as emulator:
        emulator.add_member("new@example.com")
        before = emulator.meeting_requests()
    async with Emulator(seed=people(), db=file, key="sk_test_own") as emulator, Api(emulator) as api:
        assert not emulator.seeded
        assert emulator.meeting_requests() == before
        assert len((await api.get("/workspace_members", email="new@example.com")).data) == 1


async def test_memory_is_seeded_at_every_start() -> None:
    """The state of the last run is gone, and so it begins as before."""
    emulator = Emulator(seed=people())
    for _ in range(2):
        async with emulator:
            assert len(emulator.meeting_requests()) == 4
            emulator.add_meeting_request(organizer_email="ann@example.com")


def test_what_is_done_to_the_mapping_later_does_not_count() -> None:
    """It was read when the emulator was made."""
    seed = people()
    emulator = Emulator(seed=seed)
    seed["workspaces"].clear()
    with emulator:
        assert len(emulator.meeting_requests()) == 4


def first(seed: Json) -> Json:
    """The first workspace."""
    workspace: Json = seed["workspaces"][0]
    return workspace


def add_workspace(workspace: Any) -> Callable[[Json], None]:
    """Puts another workspace at the end."""
    return lambda seed: seed["workspaces"].append(workspace)


def put(**values: Any) -> Callable[[Json], None]:
    """Sets names at the top."""
    return lambda seed: seed.update(values)


def put_in_workspace(**values: Any) -> Callable[[Json], None]:
    """Sets names of the first workspace."""
    return lambda seed: first(seed).update(values)


def append(name: str, *values: Any) -> Callable[[Json], None]:
    """Puts *values* at the end of a list of the first workspace."""
    return lambda seed: first(seed)[name].extend(values)


def change(name: str, at: int, **values: Any) -> Callable[[Json], None]:
    """Sets fields of an entry of the first workspace."""
    return lambda seed: first(seed)[name][at].update(values)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (append("members", {"email": "nobody"}), "workspaces[0].members[2].email is not a valid email address"),
        (append("members", {"name": "Nobody"}), "workspaces[0].members[2].email can't be blank"),
        (append("members", {"email": "ANN@example.com"}), "workspaces[0].members[2].email has already been taken"),
        (append("members", {"email": "a@b.co", "emial": 1}), "workspaces[0].members[2].emial is not a field"),
        (append("members", "ann"), "workspaces[0].members[2] must be an object"),
        (change("members", 0, created_at="2024"), "workspaces[0].members[0].created_at must be an ISO 8601"),
        (change("members", 0, created_at="1969-01-01T00:00:00Z"), "workspaces[0].members[0].created_at must not be"),
        (change("members", 1, deactivated_at="1999-01-01T00:00:00Z"), "workspaces[0].members[1].deactivated_at must"),
        (change("teams", 0, members=["ann@example.com", "x@y.z"]), "workspaces[0].teams[0].members[1]: 'x@y.z' is no"),
        (change("teams", 0, mode="round"), "workspaces[0].teams[0].mode must be one of pool, stack, manual"),
        (change("teams", 0, include_all_members=1), "workspaces[0].teams[0].include_all_members must be true or"),
        (append("teams", {}), "workspaces[0].teams[1].name can't be blank"),
        (change("campaigns", 0, team="Sales"), "workspaces[0].campaigns[0].team is none of this workspace: 'Sales'"),
        (change("campaigns", 0, team=None), "workspaces[0].campaigns[0].team can't be blank"),
        (change("campaigns", 0, team_id="tm_1"), "workspaces[0].campaigns[0].team_id is made when the file is read"),
        (
            change("meeting_requests", 0, status="done"),
            "workspaces[0].meeting_requests[0].status must be one of active",
        ),
        (change("meeting_requests", 0, paused_at=None), "workspaces[0].meeting_requests[0].paused_at is not a field"),
        (
            change("meeting_requests", 1, paused_at="2020-01-01T00:00:00Z"),
            "[1].paused_at must not be before created_at",
        ),
        (change("meeting_requests", 0, campaign="X"), "workspaces[0].meeting_requests[0].campaign is none of this"),
        (
            change("meeting_requests", 0, campaign_id="cmp_1"),
            "workspaces[0].meeting_requests[0].campaign_id is not one",
        ),
        (change("meeting_requests", 0, organizer_email="x@y.z"), "[0].organizer_email must be an active workspace"),
        (change("meeting_requests", 0, participants=[]), "workspaces[0].meeting_requests[0]: At least one participant"),
        (change("meeting_requests", 0, participants=[{"email": 1}]), "[0].participants[0].email must be a string"),
        (
            change("meeting_requests", 0, participants=[{"email": "a@b.co", "nam": 1}]),
            "[0].participants[0].nam is not a",
        ),
        (
            change("meeting_requests", 0, context={"titel": "x"}),
            "workspaces[0].meeting_requests[0].context.titel is not",
        ),
        (
            change("meeting_requests", 0, context={"title": 1}),
            "workspaces[0].meeting_requests[0].context.title must be",
        ),
        (change("webhook_endpoints", 0, url="ftp://x"), "workspaces[0].webhook_endpoints[0].url must be https"),
        (change("webhook_endpoints", 0, secret="x"), "workspaces[0].webhook_endpoints[0].secret is too short"),
        (append("keys", {"key": "sk_live_0123456789"}), "workspaces[0].keys[1].key: this key looks live"),
        (append("keys", {"key": READER}), "workspaces[0].keys[1].key stands in the file twice"),
        (append("keys", {"key": "sk test"}), "workspaces[0].keys[1].key: an API key is 1 to 256 visible"),
        (append("keys", {}), "workspaces[0].keys[1].key can't be blank"),
        (append("keys", {"key": "k", "scopes": ["a.b"]}), "workspaces[0].keys[1].scopes: no such scope: a.b"),
        (add_workspace({"handle": "globex"}), "workspaces[2].handle stands in the file twice"),
        (add_workspace({"handle": "A b"}), "workspaces[2].handle must be lower-case"),
        (add_workspace(None), "workspaces[2] must be an object"),
        (put_in_workspace(members={}), "workspaces[0].members must be a list"),
        (put_in_workspace(member=[]), "workspaces[0].member is not a field"),
        (put(workspaces=1), "workspaces must be a list"),
        (put(workspace=[]), "workspace is not a field"),
        (put(workspaces={1, 2}), "the seed is not JSON"),
        (put(workspaces=float("nan")), "NaN is no JSON number"),
    ],
)
def test_what_cannot_be_used_is_told_by_its_place(tmp_path: Path, spoil: Callable[[Json], None], message: str) -> None:
    """When the emulator is made, in words that name the place and no key, and before a file is touched."""
    seed, file = people(), tmp_path / "state.sqlite"
    spoil(seed)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole text is looked at
        Emulator(seed=seed, db=file)
    assert message in str(refused.value)
    assert "0123456789" not in str(refused.value)
    assert not file.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "people.json is not JSON: Expecting value: line 1 column 1"),
        (b'{"workspaces": [}', "people.json is not JSON: Expecting value: line 1 column 17"),
        (b"[]", "people.json must hold a JSON object"),
        (b"\xff\xfe", "people.json is not UTF-8"),
        (b"[" * 100_000, "people.json is not JSON"),
        (b'{"workspaces": ' + b'{"a":' * 3000 + b"1" + b"}" * 3001, "people.json is not JSON"),
        (b'{"workspaces": NaN}', "NaN is no JSON number"),
        (b'{"workspaces": ' + b"9" * 5000 + b"}", "people.json is not JSON"),
    ],
)
def test_a_file_that_is_no_json_is_told_by_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    """And by line and column, where it ends to be JSON."""
    file = tmp_path / "people.json"
    file.write_bytes(content)
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the whole text is looked at
        Emulator(seed=file)
    assert message in str(refused.value)


def test_a_file_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    """As for every file."""
    with pytest.raises(FileNotFoundError, match=r"people\.json"):
        Emulator(seed=tmp_path / "people.json")


async def test_a_live_key_in_the_file_can_be_allowed() -> None:
    """For those who know what they do."""
    seed = {"workspaces": [{"keys": [{"key": "sk_live_0123456789"}]}]}
    async with Emulator(seed=seed, allow_live_key=True) as emulator, Api(emulator, "sk_live_0123456789") as api:
        assert (await api.get("/teams")).status == 200
