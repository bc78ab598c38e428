"""The signature's header: SkipUp's name for it, HiringCenter's two, or one of the caller's."""

import json

import pytest

from skipup_async import ConfigurationError, WebhookVerificationError
from skipup_async.webhooks import UnknownEvent, Webhook

SECRET = "whsec_only_for_these_tests_0123456789"
BODY = json.dumps({"id": "evt_1", "type": "prospect.created", "data": {"id": "c1a7"}}).encode()


def signed() -> str:
    """The value of a genuine signature."""
    [value] = Webhook(SECRET).sign(BODY).values()
    return value


@pytest.mark.parametrize(
    "name",
    ["X-Webhook-Signature", "X-HiringCenter-Signature", "x-hiringcenter-signature", "X-HiringCenter-Pro-Signature"],
)
def test_the_names_the_services_document_are_known(name: str) -> None:
    """SkipUp's header, HiringCenter's of today and its older one are found without being named."""
    event = Webhook(SECRET).verify(BODY, {name: signed()})
    assert isinstance(event, UnknownEvent)
    assert event.type == "prospect.created"


def test_two_names_in_one_request_are_refused() -> None:
    """Which of two signatures counts is not for a stranger to choose."""
    with pytest.raises(WebhookVerificationError, match="more than one"):
        Webhook(SECRET).verify(BODY, {"X-Webhook-Signature": signed(), "X-HiringCenter-Signature": signed()})


def test_a_name_that_is_given_is_the_only_one() -> None:
    """With header= no other header counts, and sign() uses it."""
    webhook = Webhook(SECRET, header="X-Ours")
    assert list(webhook.sign(BODY)) == ["X-Ours"]
    assert webhook.verify(BODY, webhook.sign(BODY)).id == "evt_1"
    with pytest.raises(WebhookVerificationError, match="no X-Ours header"):
        webhook.verify(BODY, {"X-Webhook-Signature": signed()})


@pytest.mark.parametrize("header", ["", 5, b"X-Ours"])
def test_a_header_has_a_name(header: object) -> None:
    """What is no name of a header is refused."""
    with pytest.raises(ConfigurationError, match="header"):
        Webhook(SECRET, header=header)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
