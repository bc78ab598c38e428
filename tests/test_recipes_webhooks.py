"""The README's webhook receivers: each is run as it stands there, on a socket."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from skipup_async.webhooks import Webhook
from tests.webhooks.messages import HEADER, OTHER_SECRET, SECRET, envelope
from tests.webhooks.servers import post, serving

README = Path(__file__).parents[1] / "README.md"
HEADINGS = ("aiohttp", "FastAPI and Starlette", "Flask")


def recipe(heading: str) -> str:
    """The Python block under the README's heading of that name."""
    sections = re.split(r"^#+ ", README.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = [section for section in sections if section.partition("\n")[0].strip() == heading]
    assert len(found) == 1, f"the README has {len(found)} sections named {heading!r}"
    blocks = re.findall(r"^```python\n(.*?)^```$", found[0], flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1, f"the section {heading!r} has {len(blocks)} programs"
    return str(blocks[0])


@pytest.fixture(params=HEADINGS)
def app(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The application a recipe makes."""
    monkeypatch.setenv("SKIPUP_WEBHOOK_SECRET", SECRET)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(compile(recipe(request.param), f"README.md, {request.param}", "exec"), names)
    return names["app"]


def test_a_genuine_event_is_taken_and_so_is_its_replay(app: Any) -> None:
    """Both are answered 204: what is refused would be sent again."""
    body = json.dumps(envelope()).encode()
    with serving(app) as url:
        assert [post(f"{url}/skipup", body, Webhook(SECRET).sign(body)) for _ in range(2)] == [204, 204]


def test_an_event_is_acted_upon_once(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """It is printed when it comes, and not when it comes again."""
    body = json.dumps(envelope()).encode()
    with serving(app) as url:
        for _ in range(3):
            post(f"{url}/skipup", body, Webhook(SECRET).sign(body))
    assert capsys.readouterr().out.count("booked: mr_01H") == 1


def test_an_event_of_another_type_is_taken(app: Any) -> None:
    """What nobody announced is answered 204 all the same, or the endpoint would be switched off."""
    body = json.dumps(envelope("something.new")).encode()
    with serving(app) as url:
        assert post(f"{url}/skipup", body, Webhook(SECRET).sign(body)) == 204


def test_whatever_is_not_genuine_is_answered_400(app: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong secret, a changed byte, an old signature, a missing header."""
    body = json.dumps(envelope()).encode()
    good = Webhook(SECRET).sign(body)
    deliveries: list[tuple[bytes, dict[str, str]]] = [
        (body, Webhook(OTHER_SECRET).sign(body)),
        (body + b" ", good),
        (body, Webhook(SECRET).sign(body, timestamp=1)),
        (body, {}),
        (body, {HEADER: "t=1,v1="}),
    ]
    with serving(app) as url:
        assert [post(f"{url}/skipup", *delivery) for delivery in deliveries] == [400] * 5
    assert "booked" not in capsys.readouterr().out
