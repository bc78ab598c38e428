"""The replay guard: an event is given once, however often it arrives."""

import json
import threading
from typing import Any

import pytest

from skipup_async import ConfigurationError, ReplayedEvent, WebhookVerificationError
from skipup_async.webhooks import Webhook
from tests.webhooks.messages import BODY, HEADER, NOW, envelope, headers, webhook


def _outcome(mine: Webhook, body: bytes, at: int = NOW) -> str:
    """What becomes of a delivery: `event`, or the name of the error."""
    try:
        mine.verify(body, headers(body, at))
    except WebhookVerificationError as error:
        return type(error).__name__
    return "event"


def _body(id: object) -> bytes:
    return json.dumps(envelope(id=id)).encode()


def test_a_second_delivery_is_a_replay() -> None:
    """The same bytes with the same signature are refused the second time."""
    mine = webhook(replay=True)
    assert [_outcome(mine, BODY), _outcome(mine, BODY)] == ["event", "ReplayedEvent"]


def test_a_delivery_signed_anew_is_a_replay() -> None:
    """A retry of the sender's has another time and the same event id."""
    mine = webhook(replay=True)
    assert [_outcome(mine, BODY, NOW - 60), _outcome(mine, BODY)] == ["event", "ReplayedEvent"]


def test_an_event_told_in_other_bytes_is_a_replay() -> None:
    """The id says which event it is, not the form of its JSON."""
    mine, anew = webhook(replay=True), json.dumps(envelope(attempt=2), indent=1).encode()
    assert [_outcome(mine, BODY), _outcome(mine, anew)] == ["event", "ReplayedEvent"]


def test_a_replay_is_caught_as_the_one_error() -> None:
    """Who does not care catches the parent."""
    assert issubclass(ReplayedEvent, WebhookVerificationError)


def test_without_the_guard_every_delivery_is_an_event() -> None:
    """Nothing is remembered unless it is asked for."""
    for mine in (webhook(), webhook(replay=None), webhook(replay=False)):
        assert [_outcome(mine, BODY), _outcome(mine, BODY)] == ["event", "event"]


def test_other_events_are_let_through() -> None:
    """Of one type only the id counts, and each is new once."""
    mine = webhook(replay=True)
    assert [_outcome(mine, _body(f"evt_{number % 50}")) for number in range(100)] == ["event"] * 50 + [
        "ReplayedEvent"
    ] * 50


def test_an_event_of_another_type_is_another_event() -> None:
    """A sender may number by something else than the event, such as the request: each type of it is new once."""
    mine, cancelled = webhook(replay=True), json.dumps(envelope("meeting_request.cancelled")).encode()
    assert [_outcome(mine, body) for body in (BODY, cancelled, BODY, cancelled)] == ["event"] * 2 + [
        "ReplayedEvent"
    ] * 2


def test_an_event_without_an_id_is_known_by_its_bytes() -> None:
    """Where the sender gives no id, the same body is the same event."""
    mine = webhook(replay=True)
    assert [_outcome(mine, _body(None)), _outcome(mine, _body(None)), _outcome(mine, b"{}")] == [
        "event",
        "ReplayedEvent",
        "event",
    ]


def test_a_message_that_is_refused_leaves_no_trace() -> None:
    """Nobody without the secret can make a genuine event look like a replay."""
    mine = webhook(replay=True)
    with pytest.raises(WebhookVerificationError):
        mine.verify(BODY, {HEADER: f"t={NOW},v1={'0' * 64}"})
    assert _outcome(mine, BODY, NOW - 1000) == "WebhookVerificationError"
    assert _outcome(mine, BODY) == "event"


def test_the_memory_is_bounded() -> None:
    """With room for 3 the fourth event takes the place of the first."""
    mine = webhook(replay=3)
    assert [_outcome(mine, _body(f"evt_{number}")) for number in range(4)] == ["event"] * 4
    assert [_outcome(mine, _body(f"evt_{number}")) for number in (1, 2, 3)] == ["ReplayedEvent"] * 3
    assert _outcome(mine, _body("evt_0")) == "event"


def test_true_remembers_ten_thousand() -> None:
    """The guard that is merely switched on has room for 10,000 events."""
    mine = webhook(replay=True)
    for number in range(10_000):
        _outcome(mine, _body(f"evt_{number}"))
    assert _outcome(mine, _body("evt_0")) == "ReplayedEvent"


def test_one_of_many_threads_gets_the_event() -> None:
    """A server with threads hands an event on once, however many copies arrive together."""
    mine, outcomes, start = webhook(replay=True), list[str](), threading.Barrier(8)

    def deliver() -> None:
        start.wait(10)
        outcomes.append(_outcome(mine, BODY))

    threads = [threading.Thread(target=deliver) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert sorted(outcomes) == ["ReplayedEvent"] * 7 + ["event"]


@pytest.mark.parametrize("replay", [0, -1, 1.5, "yes", [], object()], ids=["0", "-1", "1.5", "text", "list", "object"])
def test_a_guard_that_remembers_nothing_is_refused(replay: Any) -> None:
    """A bound is a whole number above zero."""
    with pytest.raises(ConfigurationError, match="replay"):
        webhook(replay=replay)
