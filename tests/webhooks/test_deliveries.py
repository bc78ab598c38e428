"""How the emulator delivers: to whom, how often, and when it gives up."""

import json
import logging
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from skipup_async import AsyncSkipUp, SkipUp, Unlimited, WebhookDelivery, WebhookEndpoint
from skipup_async.emulator import Emulator, courier, deliveries
from skipup_async.webhooks import Headers, Webhook
from tests.webhooks.receivers import Inbox, aiohttp_receiver
from tests.webhooks.servers import serving

TRIES = len(deliveries.BACKOFF) + 1


@pytest.fixture
def inbox() -> Inbox:
    """Takes everything and answers as told."""
    return Inbox()


@pytest.fixture
def url(inbox: Inbox) -> Generator[str]:
    """Where the inbox is."""
    with serving(aiohttp_receiver(inbox)) as base:
        yield f"{base}/skipup"


@pytest.fixture
def client(emulator: Emulator) -> Generator[SkipUp]:
    """A client of the emulator."""
    with SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        yield client


class _Meddler(Inbox):
    """Does something while the first delivery is with it."""

    def __init__(self, act: Callable[[], object]) -> None:
        super().__init__()
        self._act = act

    def take(self, body: bytes, headers: Headers) -> int:
        if not self.bodies:
            self._act()
        return super().take(body, headers)


def _listed(client: SkipUp, endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    return client.webhook_endpoints.list_deliveries(endpoint.id).collect()


def _only(client: SkipUp, endpoint: WebhookEndpoint) -> WebhookDelivery:
    (delivery,) = _listed(client, endpoint)
    return delivery


def _pass_all_waits(emulator: Emulator) -> None:
    """Let every retry come due, one after the other."""
    emulator.settle()
    for seconds in deliveries.BACKOFF:
        emulator.advance(seconds=seconds)
        emulator.settle()


def test_a_delivery_that_was_taken_is_a_success(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """One attempt, its answer, and the very JSON that was posted."""
    endpoint = client.webhook_endpoints.create(url=url)
    emulator.add_meeting_request()
    emulator.settle()
    delivery = _only(client, endpoint)
    assert (delivery.status, delivery.attempts, delivery.response_code) == ("success", 1, 204)
    assert delivery.event_type == "meeting_request.created"
    assert delivery.delivered_at == delivery.last_attempted_at is not None
    assert [json.loads(body) for body in inbox.bodies] == [delivery.to_dict()["payload"]]


def test_before_it_is_tried_a_delivery_is_pending(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """Between a failed attempt and the next it waits, with the last answer on record."""
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.answers = [503]
    emulator.add_meeting_request()
    emulator.settle()
    delivery = _only(client, endpoint)
    assert (delivery.status, delivery.attempts, delivery.response_code) == ("pending", 1, 503)
    assert delivery.delivered_at is None


def test_a_failed_delivery_is_tried_again_when_its_time_has_come(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """Not a second before, and with the same event."""
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.answers = [500, 302]
    emulator.add_meeting_request()
    emulator.settle()
    emulator.advance(seconds=deliveries.BACKOFF[0] - 5)
    emulator.settle()
    assert len(inbox.bodies) == 1
    _pass_all_waits(emulator)
    assert (len(inbox.bodies), len(set(inbox.bodies))) == (3, 1)
    assert (_only(client, endpoint).status, _only(client, endpoint).attempts) == ("success", 3)


def test_a_retry_is_signed_anew_and_verifies(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """However far the emulator's clock was advanced, the receiver's own is what the signature is good for."""
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.webhook, inbox.answers = Webhook(endpoint.secret or ""), [500] * (TRIES - 1)
    emulator.add_meeting_request()
    _pass_all_waits(emulator)
    assert (len(inbox.events), inbox.refused) == (TRIES, [])


def test_after_the_last_attempt_a_delivery_has_failed(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """Five attempts, then no more."""
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.answers = [500] * 100
    emulator.add_meeting_request()
    _pass_all_waits(emulator)
    emulator.advance(days=30)
    emulator.settle()
    delivery = _only(client, endpoint)
    assert (delivery.status, delivery.attempts, len(inbox.bodies)) == ("failed", TRIES, TRIES)


def test_an_endpoint_that_keeps_failing_is_switched_off(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """After ten failed attempts in a row nothing more is sent there, until it is switched on again."""
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.answers = [500] * 100
    for _ in range(3):
        emulator.add_meeting_request()
    _pass_all_waits(emulator)
    now = client.webhook_endpoints.get(endpoint.id)
    assert (now.enabled, now.disabled_reason, len(inbox.bodies)) == (
        False,
        "too_many_failures",
        deliveries.MOST_FAILURES,
    )
    assert now.disabled_at is not None
    emulator.add_meeting_request()
    emulator.settle()
    assert len(inbox.bodies) == deliveries.MOST_FAILURES
    inbox.answers = []
    assert client.webhook_endpoints.update(endpoint.id, enabled=True).disabled_reason is None
    emulator.add_meeting_request()
    emulator.settle()
    assert _listed(client, endpoint)[0].status == "success"


def test_a_success_forgets_the_failures_before_it(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """Only failures in a row count."""
    endpoint = client.webhook_endpoints.create(url=url)
    for _ in range(4):
        inbox.answers = [500] * (TRIES - 1)
        emulator.add_meeting_request()
        _pass_all_waits(emulator)
    assert client.webhook_endpoints.get(endpoint.id).enabled is True
    assert {delivery.status for delivery in _listed(client, endpoint)} == {"success"}


def test_only_what_was_asked_for_is_sent(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """An endpoint for bookings hears of bookings; what is no event of the API is sent to nobody."""
    client.webhook_endpoints.create(url=url, events=["meeting_request.booked", "meeting_request.paused"])
    id = emulator.add_meeting_request()
    client.meeting_requests.pause(id)
    client.meeting_requests.resume(id)
    client.meeting_requests.update_context(id, title="t")
    emulator.book(id)
    emulator.settle()
    assert [json.loads(body)["type"] for body in inbox.bodies] == ["meeting_request.booked"]


def test_each_endpoint_gets_the_same_event_under_its_own_secret(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """Two endpoints, one event, two signatures."""
    secrets = [client.webhook_endpoints.create(url=url).secret or "" for _ in range(2)]
    inbox.webhook = Webhook(secrets)
    emulator.add_meeting_request()
    emulator.settle()
    assert (len(inbox.events), len({event.id for event in inbox.events})) == (2, 1)
    assert len(set(secrets)) == 2


def test_another_workspace_hears_nothing(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """Events stay in their workspace."""
    client.webhook_endpoints.create(url=url)
    emulator.add_meeting_request(workspace="other")
    emulator.settle()
    assert inbox.bodies == []


def test_a_disabled_or_deleted_endpoint_hears_nothing(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """Neither what happens meanwhile, nor that of it when it is switched on again."""
    off, gone = (client.webhook_endpoints.create(url=url) for _ in range(2))
    client.webhook_endpoints.update(off.id, enabled=False)
    client.webhook_endpoints.delete(gone.id)
    emulator.add_meeting_request()
    client.webhook_endpoints.update(off.id, enabled=True)
    emulator.settle()
    assert inbox.bodies == []


def test_what_was_not_done_is_not_told(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """A call that failed makes no event, and a call repeated under its key makes one."""
    client.webhook_endpoints.create(url=url)
    emulator.fail(on="POST /meeting_requests", status=503)
    for _ in range(2):
        client.meeting_requests.create(
            organizer_email="alice@example.com", participants=["b@example.com"], idempotency_key="k"
        )
    emulator.settle()
    assert len(inbox.bodies) == 1


def test_a_redirect_is_not_followed(emulator: Emulator, client: SkipUp, inbox: Inbox, url: str) -> None:
    """An endpoint cannot send the emulator elsewhere: a redirect is a failed attempt."""
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.answers = [307]
    emulator.add_meeting_request()
    emulator.settle()
    assert (len(inbox.bodies), _only(client, endpoint).response_code) == (1, 307)


def test_nobody_there_is_a_failed_attempt(emulator: Emulator, client: SkipUp, inbox: Inbox) -> None:
    """A receiver that is not running is tried later like any other."""
    with serving(aiohttp_receiver(inbox)) as base:
        endpoint = client.webhook_endpoints.create(url=base)
    emulator.add_meeting_request()
    emulator.settle()
    delivery = _only(client, endpoint)
    assert (delivery.status, delivery.attempts, delivery.response_code) == ("pending", 1, None)


def test_a_receiver_that_says_nothing_is_given_up_on(monkeypatch: pytest.MonkeyPatch, silent_port: int) -> None:
    """After its seconds are over an attempt has failed, and the next endpoint gets its turn."""
    monkeypatch.setattr(courier, "_SECONDS", 0.2)
    with Emulator() as emulator, SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        endpoint = client.webhook_endpoints.create(url=f"http://127.0.0.1:{silent_port}/")
        emulator.add_meeting_request()
        emulator.settle()
        assert (_only(client, endpoint).attempts, _only(client, endpoint).response_code) == (1, None)


@pytest.mark.parametrize(("allowed", "attempts"), [(False, 0), (True, 1)])
def test_another_host_is_posted_to_only_if_that_is_allowed(
    allowed: bool, attempts: int, silent_port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is not loopback by name is left alone, and the log says so, unless the switch is on."""
    monkeypatch.setattr(courier, "_SECONDS", 0.2)
    with (
        caplog.at_level(logging.WARNING),
        Emulator(allow_remote_webhooks=allowed) as emulator,
        SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client,
    ):
        # 0.0.0.0 is this machine, and no loopback address: nothing leaves it even if the switch fails.
        endpoint = client.webhook_endpoints.create(url=f"https://0.0.0.0:{silent_port}/")
        emulator.add_meeting_request()
        emulator.settle()
        delivery = _only(client, endpoint)
    assert (delivery.status, delivery.attempts) == ("pending" if allowed else "failed", attempts)
    assert ("is not on this machine" in caplog.text) is not allowed


def test_what_waits_for_a_retry_is_bounded(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """Beyond so many deliveries that were tried and are pending one more fails untried."""
    monkeypatch.setattr(deliveries, "MOST_RETRIED", 2)
    endpoint = client.webhook_endpoints.create(url=url)
    inbox.answers = [500] * 100
    for _ in range(3):
        emulator.add_meeting_request()
        emulator.settle()
    assert [delivery.status for delivery in _listed(client, endpoint)] == ["failed", "pending", "pending"]
    assert len(inbox.bodies) == 2


def test_a_burst_is_delivered_whole(monkeypatch: pytest.MonkeyPatch, emulator: Emulator, client: SkipUp) -> None:
    """What was not tried yet fills no retry queue."""
    monkeypatch.setattr(deliveries, "MOST_RETRIED", 2)
    added = threading.Event()
    inbox = _Meddler(lambda: added.wait(10))
    with serving(aiohttp_receiver(inbox)) as base:
        endpoint = client.webhook_endpoints.create(url=base)
        for _ in range(5):
            emulator.add_meeting_request()
        added.set()
        emulator.settle()
    assert [delivery.status for delivery in _listed(client, endpoint)] == ["success"] * 5


def test_what_one_endpoint_leaves_pending_stops_no_other(
    monkeypatch: pytest.MonkeyPatch, emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """Retries are counted for each endpoint."""
    monkeypatch.setattr(deliveries, "MOST_RETRIED", 1)
    client.webhook_endpoints.create(url=url)
    inbox.answers = [500]
    emulator.add_meeting_request()
    emulator.settle()
    other = client.webhook_endpoints.create(url=url)
    emulator.add_meeting_request()
    emulator.settle()
    assert _only(client, other).status == "success"


def test_what_is_put_in_from_inside_is_delivered_at_once(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """`add_meeting_request` alone sets the posting off."""
    client.webhook_endpoints.create(url=url)
    emulator.add_meeting_request()
    deadline = time.monotonic() + 10
    while not inbox.bodies and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(inbox.bodies) == 1


def _retried_while(emulator: Emulator, client: SkipUp, act: Callable[[str], object]) -> int:
    """How many of three retries of one batch arrive where they failed before, if *act* comes during the first."""
    inbox = _Meddler(lambda: act(endpoint.id))
    inbox.bodies, inbox.answers = [b"not now"], [500] * 3
    with serving(aiohttp_receiver(inbox)) as base:
        endpoint = client.webhook_endpoints.create(url=base)
        for _ in range(3):
            emulator.add_meeting_request()
        emulator.settle()
        inbox.bodies.clear()
        emulator.advance(seconds=deliveries.BACKOFF[0])
        emulator.settle()
    return len(inbox.bodies)


def test_an_endpoint_deleted_in_the_middle_gets_no_more(emulator: Emulator, client: SkipUp) -> None:
    """While it has the first delivery of several."""
    assert _retried_while(emulator, client, client.webhook_endpoints.delete) == 1


def test_an_endpoint_switched_off_in_the_middle_gets_no_more(emulator: Emulator, client: SkipUp) -> None:
    """While it has the first delivery of several."""
    update = client.webhook_endpoints.update
    assert _retried_while(emulator, client, lambda id: update(id, enabled=False)) == 1


def test_an_endpoint_that_moves_in_the_middle_is_posted_to_where_it_is(
    emulator: Emulator, client: SkipUp, inbox: Inbox, url: str
) -> None:
    """What is left goes to the new URL."""
    update = client.webhook_endpoints.update
    assert _retried_while(emulator, client, lambda id: update(id, url=url)) == 1
    assert len(inbox.bodies) == 2


def test_what_is_pending_survives_a_restart(tmp_path: Path, inbox: Inbox, url: str) -> None:
    """An emulator on a file goes on where it stopped."""
    options: dict[str, Any] = {"db": tmp_path / "state.sqlite", "key": "sk_test_1"}
    inbox.answers = [500]
    with Emulator(**options) as emulator, SkipUp("sk_test_1", base_url=emulator.url) as client:
        client.webhook_endpoints.create(url=url)
        emulator.add_meeting_request()
        emulator.settle()
    with Emulator(**options) as emulator:
        emulator.advance(minutes=1)
        emulator.settle()
    assert (len(inbox.bodies), len(set(inbox.bodies))) == (2, 1)


def test_settling_outside_a_running_emulator_is_refused() -> None:
    """There is nothing to wait for."""
    with pytest.raises(RuntimeError, match="not running"):
        Emulator().settle()


def test_settling_ends_with_the_emulator(silent_port: int) -> None:
    """Who waits in another thread hears that it runs no more, and nothing of a closed session or database."""
    said = list[BaseException]()

    def settle() -> None:
        try:
            emulator.settle()
        except BaseException as error:  # noqa: BLE001 - looked at below
            said.append(error)

    with Emulator() as emulator, SkipUp(emulator.api_key, base_url=emulator.url, limiter=Unlimited()) as client:
        client.webhook_endpoints.create(url=f"http://127.0.0.1:{silent_port}/")
        for _ in range(3):
            emulator.add_meeting_request()
        threads = [threading.Thread(target=settle) for _ in range(2)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
    for thread in threads:
        thread.join(10)
    assert [(type(error), str(error)[:27]) for error in said] == [(RuntimeError, "the emulator is not running")] * 2


@pytest.mark.anyio
async def test_in_its_own_loop_the_emulator_is_awaited(inbox: Inbox) -> None:
    """Emulator, client and receiver in one loop: `settled` lets them all run, `settle` would block them."""
    with serving(aiohttp_receiver(inbox)) as url:
        async with Emulator() as emulator, AsyncSkipUp(emulator.api_key, base_url=emulator.url) as client:
            await client.webhook_endpoints.create(url=url)
            emulator.book(emulator.add_meeting_request())
            with pytest.raises(RuntimeError, match="await settled"):
                emulator.settle()
            await emulator.settled()
    assert [json.loads(body)["type"] for body in inbox.bodies] == ["meeting_request.created", "meeting_request.booked"]
