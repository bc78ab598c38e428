"""What `Webhook.verify` accepts, and what a `Webhook` can be made from."""

import copy
import pickle
import re
import time
import traceback
from collections.abc import Mapping
from email.message import Message
from typing import Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from starlette.datastructures import Headers as StarletteHeaders
from werkzeug.datastructures import EnvironHeaders
from werkzeug.datastructures import Headers as WerkzeugHeaders

from skipup_async import ConfigurationError, InvalidArgumentError, WebhookVerificationError
from skipup_async.webhooks import Headers, MeetingRequestBooked, Webhook
from tests.webhooks.messages import BODY, HEADER, NOW, OTHER_SECRET, SECRET, digest, headers, webhook

VALUE = headers()[HEADER]
GOOD = digest()


def _message(*values: str) -> Message:
    message = Message()
    for value in values:
        message[HEADER] = value
    return message


MAPPINGS: dict[str, Headers] = {
    "a dict": {HEADER: VALUE},
    "lower case": {HEADER.lower(): VALUE},
    "upper case": {HEADER.upper(): VALUE},
    "mixed case among others": {"Host": "a", "x-Webhook-siGnature": VALUE, "Content-Type": "b"},
    "bytes": {HEADER.lower().encode(): VALUE.encode()},
    "a list of one": {HEADER: [VALUE]},
    "aiohttp": CIMultiDictProxy(CIMultiDict({HEADER: VALUE})),
    "Starlette": StarletteHeaders({HEADER: VALUE}),
    "werkzeug": WerkzeugHeaders({HEADER: VALUE}),
    "WSGI": EnvironHeaders({"HTTP_X_WEBHOOK_SIGNATURE": VALUE}),
    "http.server": _message(VALUE),
}
TWICE: dict[str, Headers] = {
    "a dict, in two cases": {HEADER: VALUE, HEADER.lower(): VALUE},
    "a list of two": {HEADER: [VALUE, VALUE]},
    "an empty list": {HEADER: []},
    "aiohttp": CIMultiDictProxy(CIMultiDict([(HEADER, VALUE), (HEADER, VALUE)])),
    "Starlette": StarletteHeaders(raw=[(HEADER.lower().encode(), VALUE.encode())] * 2),
    "werkzeug": WerkzeugHeaders([(HEADER, VALUE), (HEADER, VALUE)]),
    "WSGI, which joins them": EnvironHeaders({"HTTP_X_WEBHOOK_SIGNATURE": f"{VALUE},{VALUE}"}),
    "http.server": _message(VALUE, VALUE),
}


@pytest.mark.parametrize("given", MAPPINGS.values(), ids=MAPPINGS.keys())
def test_headers_of_every_framework_are_read(given: Headers) -> None:
    """The header is found in any case and any mapping."""
    assert isinstance(webhook().verify(BODY, given), MeetingRequestBooked)


@pytest.mark.parametrize("given", TWICE.values(), ids=TWICE.keys())
def test_anything_but_one_header_is_refused(given: Headers) -> None:
    """A header that comes twice is refused, even where both values are right."""
    with pytest.raises(WebhookVerificationError):
        webhook().verify(BODY, given)


FORMS = {
    "another order": f"v1={GOOD},t={NOW}",
    "an older version beside it": f"t={NOW},v0={GOOD[:40]},v1={GOOD}",
    "a newer version beside it": f"t={NOW},v1={GOOD},v2=a/b+c==",
    "the right one last of two": f"t={NOW},v1={'0' * 64},v1={GOOD}",
    "the right one last of ten": f"t={NOW}{(',v1=' + '0' * 64) * 9},v1={GOOD}",
}


@pytest.mark.parametrize("value", FORMS.values(), ids=FORMS.keys())
def test_one_right_signature_among_others_is_enough(value: str) -> None:
    """Fields come in any order, several signatures may be there, and other versions are for others."""
    assert webhook().verify(BODY, {HEADER: value}).id == "evt_01H"


@pytest.mark.parametrize("age", [-300, -299, 0, 299, 300])
def test_a_signature_is_good_within_the_tolerance(age: int) -> None:
    """300 seconds either way are accepted, the last one too."""
    assert webhook().verify(BODY, headers(at=NOW - age)).id == "evt_01H"


@pytest.mark.parametrize(("age", "words"), [(301, "too old"), (-301, "from the future")])
def test_a_signature_beyond_the_tolerance_is_refused(age: int, words: str) -> None:
    """The first second beyond is refused, and the error says in which direction to look."""
    with pytest.raises(WebhookVerificationError, match=words):
        webhook().verify(BODY, headers(at=NOW - age))


def test_the_tolerance_can_be_set() -> None:
    """A tolerance of 5 seconds refuses what is 6 seconds old."""
    with pytest.raises(WebhookVerificationError, match="too old"):
        webhook(tolerance=5).verify(BODY, headers(at=NOW - 6))


@pytest.mark.parametrize("at", [0, NOW - 10**8, NOW + 10**8, 999_999_999_999])
def test_without_a_tolerance_any_time_is_accepted(at: int) -> None:
    """`tolerance=None`, said aloud, is for recorded messages."""
    assert webhook(tolerance=None).verify(BODY, headers(at=at)).id == "evt_01H"


def test_the_machines_clock_is_the_default() -> None:
    """Without a clock of one's own it is the time of day that counts."""
    plain = Webhook(SECRET)
    assert plain.verify(BODY, plain.sign(BODY)).id == "evt_01H"
    assert plain.verify(BODY, headers(at=int(time.time()))).id == "evt_01H"


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_each_of_several_secrets_is_accepted(secret: str) -> None:
    """While one secret replaces another both are good."""
    assert webhook([SECRET, OTHER_SECRET]).verify(BODY, headers(secret=secret)).id == "evt_01H"


def test_a_secret_that_is_not_listed_is_refused() -> None:
    """Once the old secret is dropped, what it signed is refused."""
    with pytest.raises(WebhookVerificationError, match="no signature fits"):
        webhook([SECRET]).verify(BODY, headers(secret=OTHER_SECRET))


@pytest.mark.parametrize(
    "secret",
    [
        f" {SECRET}",
        f"{SECRET}\n",
        SECRET.upper(),
        f"\ufeff{SECRET}",
        "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo",
        "YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=",
        "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo=",
        "ключ-подписи-вебхука",
        "🔑" * 8,
        " " * 24,
        "x" * 64,
        "x" * 65,
        "x" * 10_000,
    ],
    ids=lambda secret: ascii(secret[:20]),
)
def test_the_key_is_the_secret_as_given(secret: str) -> None:
    """Its UTF-8 bytes are the key: nothing is stripped, no prefix cut, no base64 decoded."""
    assert webhook(secret).verify(BODY, headers(secret=secret)).id == "evt_01H"
    assert webhook(secret.encode()).verify(BODY, headers(secret=secret)).id == "evt_01H"
    with pytest.raises(WebhookVerificationError):
        webhook(f"{secret}!").verify(BODY, headers(secret=secret))


@pytest.mark.parametrize(
    "secret",
    [None, "", b"", [], (), {}, [""], [SECRET, ""], [None], [[SECRET]], 5, 5.5, print, "\ud800" * 24, bytearray(24)],
    ids=repr,
)
def test_what_is_no_secret_is_refused(secret: Any) -> None:
    """A `Webhook` is never made without something to verify with."""
    with pytest.raises(ConfigurationError):
        Webhook(secret)


@pytest.mark.parametrize("secret", ["x", "whsec_", " ", b"short", ["x" * 24, "x" * 23]], ids=repr)
def test_a_short_secret_is_warned_of(secret: Any) -> None:
    """A secret of less than 24 bytes works, with a warning."""
    with pytest.warns(UserWarning, match="24 bytes"):
        Webhook(secret)


@pytest.mark.parametrize("tolerance", [0, -1, float("nan"), float("inf"), "300", True, [], 10**400 * -1], ids=repr)
def test_a_tolerance_that_is_none_is_refused(tolerance: Any) -> None:
    """Zero would mean "off" to some and "never" to others."""
    with pytest.raises(ConfigurationError, match="tolerance"):
        webhook(tolerance=tolerance)


@pytest.mark.parametrize("body", ["{}", {}, None, 5, bytearray(b"{}"), memoryview(b"{}"), [b"{}"]])
def test_a_body_that_is_not_raw_is_refused_with_what_to_pass(body: Any) -> None:
    """Text and parsed JSON are refused by a sentence that names each framework's own call."""
    with pytest.raises(WebhookVerificationError, match=r"request\.get_data\(\) in Flask|request\.read"):
        webhook().verify(body, headers())
    with pytest.raises(InvalidArgumentError, match=r"await request\.body\(\)"):
        webhook().sign(body)


def test_what_is_signed_here_is_what_the_rule_says() -> None:
    """`sign` gives the header that the rule gives, by the first of several secrets."""
    assert webhook([SECRET, OTHER_SECRET]).sign(BODY) == headers()
    assert webhook().sign(BODY, timestamp=5) == headers(at=5)


def test_a_webhook_does_not_pickle() -> None:
    """Its secret stays where it is."""
    for attempt in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="secret"):
            attempt(webhook())


def test_no_frame_of_an_error_shows_a_secret_or_the_right_signature() -> None:
    """A crash report with local variables tells nobody how to sign."""
    mine = webhook()
    with pytest.raises(WebhookVerificationError) as caught:
        mine.verify(BODY, {HEADER: f"t={NOW},v1={'0' * 64}"})
    report = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    inside = report[report.index("in verify") :]
    raw = bytes.fromhex(GOOD)
    assert "claim" in inside
    assert not [secret for secret in (SECRET, GOOD, repr(raw)) if secret in inside]
    assert repr(mine) == "Webhook(…)"


def test_an_error_pickles_and_has_no_cause() -> None:
    """It survives the way between processes, and holds no other exception."""
    with pytest.raises(WebhookVerificationError) as caught:
        webhook().verify(b"{", headers(b"{"))
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_webhook_serves_many_threads() -> None:
    """The state begun for a secret is copied for each message, never changed."""
    mine: Mapping[str, str] = headers()
    tool = webhook()
    tool.sign(b"another message")
    tool.verify(BODY, mine)
    assert re.fullmatch(rf"t={NOW},v1={GOOD}", tool.sign(BODY)[HEADER])
