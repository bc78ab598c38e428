"""Everything that is no genuine, timely webhook is one error, whatever is wrong with it."""

import base64
import hashlib
import hmac
import io
import json
import unicodedata
from typing import Any

import pytest

from skipup_async import WebhookVerificationError
from tests.webhooks.messages import BODY, HEADER, NOW, OTHER_SECRET, SECRET, digest, headers, webhook


def _hmac(message: bytes, key: bytes = SECRET.encode(), algorithm: str = "sha256") -> str:
    return hmac.new(key, message, algorithm).hexdigest()


GOOD = digest()
RAW = bytes.fromhex(GOOD)
SIGNED = f"{NOW}.".encode() + BODY

#: T stands for the time, V for the right signature, Z for one of zeros.
FORMS = """
, = ,, == t v1 t= v1= t=,v1= t,v1 null undefined None {} [] T V T,V T.V V,T sha256=V v1,V v1:V BearerV
t=T v1=V t=T, ,t=T,v1=V t=T,,v1=V t=T,v1=V, t=T;v1=V t=T&v1=V t=T|v1=V t=Tv1=V t:T,v1:V t=T,v1==V t==T,v1=V
t="T",v1="V" t=T,v1='V' T=T,v1=V t=T,V1=V ts=T,v1=V time=T,v1=V t=T,s=V t=T,v=V t=T,1=V t=T,v01=V t=T,v1a=V
t=T,v0=V t=T,v2=V t=T,v11=V t=T,v=1V t=T,=V =T,v1=V t=T,t=T,v1=V t=T,v1=V,t=T t=0,v1=V,t=T t=T,t=,v1=V t=0T,v1=V
t=T0,v1=V t=T,v1=Z t=T,v1=0xV t=T,v1=V0 t=T,v1=0V t=T,v1=VV t=T,v1=-V t=T,v1=\\xV t=T,v1=%V t=T,v1=V,v1=
t=T,v1=V,v1=junk t=T,v1=junk,v1=V t=T,v1=V,v1=Z0
"""
SPACED = [
    *("", " ", "t=T v1=V", "t=T, v1=V", "t=T ,v1=V", " t=T,v1=V", "t=T,v1=V ", "t=T,v1= V", "t =T,v1=V", "t= T,v1=V"),
    *("t=T\tv1=V", "t=T,v1=V\n", "t=T,v1=V\r\n", "t=T,v1=V\x00", "\x00t=T,v1=V", "t=T,\x7fv1=V", "t=T,v1=V\x1b[0m"),
    *(
        "\ufefft=T,v1=V",
        "t=T,v1=V\u200b",
        "\u202et=T,v1=V",
        "\ud800",
        "t=T,v1=V\ud800",
        "t=T\uff0cv1=V",
        "t\uff1dT,v1=V",
        "t=T,v\uff11=V",
        "\u0442=T,v1=V",
        "Bearer V",
        "v1=V t=T",
    ),
    "t=T" + ",v1=Z" * 10 + ",v1=V",
    "t=T,v1=V" + ",v1=Z" * 10,
    "t=T" + ",v1=Z" * 10_000,
    "t=T,v1=V" + ",v1=Z" * 10_000,
    "t=T,v1=V" + "," * 100_000,
    "t=T,v1=" + "a" * 1_000_000,
    "t=" + "1" * 1_000_000 + ",v1=V",
]
#: What stands where the signature belongs: the right one disguised, and right ones for something else.
SIGNATURES = [
    *(
        GOOD.upper(),
        GOOD.title(),
        GOOD[::-1],
        GOOD[:-1],
        GOOD[1:],
        GOOD[:32],
        GOOD[:2],
        GOOD[:-2],
        "f" * 64,
        str(list(RAW)),
    ),
    *(GOOD[:10] + " " + GOOD[10:], GOOD[:31] + "_" + GOOD[32:], GOOD[:63] + "g", GOOD[:32] + ":" + GOOD[33:]),
    *(
        "%" + GOOD[1:],
        "-" + GOOD[1:],
        "+" + GOOD[1:],
        GOOD[:63] + "\x00",
        GOOD[:63] + "\u0660",
        "\uff10" * 64,
        GOOD[:63] + "é",
    ),
    *(
        encode(RAW).decode()
        for encode in (base64.b64encode, base64.urlsafe_b64encode, base64.b32encode, base64.b85encode)
    ),
    *(
        base64.b64encode(RAW).decode().rstrip("="),
        base64.b64encode(GOOD.encode()).decode(),
        hashlib.sha256(SIGNED).hexdigest(),
    ),
    *(hashlib.sha256(text).hexdigest() for text in (SECRET.encode() + SIGNED, SIGNED + SECRET.encode())),
    *(_hmac(SIGNED, algorithm=name) for name in ("md5", "sha1", "sha384", "sha512", "sha3_256", "blake2s")),
    *(_hmac(text) for text in (b"", BODY, str(NOW).encode() + BODY, SIGNED + b".", BODY + f".{NOW}".encode())),
    *(
        _hmac(f"{before}".encode() + BODY)
        for before in (f"{NOW}:", f"t={NOW}.", f"{NOW}000.", f"{NOW}.\n", f"{NOW + 1}.")
    ),
    *(_hmac(SIGNED, key) for key in (OTHER_SECRET.encode(), b"x", SECRET.encode() + b" ", SECRET[6:].encode())),
    *(_hmac(SIGNED, key) for key in (bytes.fromhex(SECRET[6:]), base64.b64decode(SECRET[6:]), SECRET.upper().encode())),
]
VALUES = [
    *(form.replace("T", str(NOW)).replace("V", GOOD).replace("Z", "0" * 64) for form in (*FORMS.split(), *SPACED)),
    *(f"t={NOW},v1={signature}" for signature in SIGNATURES),
]

TIMES = [
    *(NOW - 301, NOW + 301, NOW - 3600, NOW + 3600, 0, 1, 10**9, 2**31 - 1, 2**31, 2**32, 10**11, 999_999_999_999),
    *(NOW * 1000, NOW * 10**6, NOW * 10**9, 10**12, 10**19, 2**63, 2**64, 10**400, -1, -NOW, f"-0{NOW}", f"+{NOW}"),
    *(f" {NOW}", f"{NOW} ", f"\t{NOW}", f"{NOW}\n", f"{NOW}.0", f"{NOW}.", f".{NOW}", f"{NOW}.5", f"{NOW}e0", "1.79e9"),
    *("179e7", "1_790_000_000", "1,790,000,000", "1 790 000 000", "1'790'000'000", f"{NOW}L", f"{NOW}s", f"{NOW}Z"),
    *(
        f"0x{NOW:x}",
        f"0o{NOW:o}",
        "\u0661\u0667\u0669" + "\u0660" * 7,
        "\uff11\uff17\uff19" + "\uff10" * 7,
        "१७९०००००००",
        "¹⁷⁹⁰⁰⁰⁰⁰⁰⁰",
        "Ⅻ",
        "NaN",
        "nan",
        "inf",
        "-inf",
    ),
    *("Infinity", "null", "None", "true", "", "now", "2026-09-21T14:13:20Z", "20260921T141320Z", "%31", "${NOW}"),
    *("Mon, 21 Sep 2026 14:13:20 GMT", "0" * 13, "9" * 4000),
]
#: Those whose form alone gives them away.
SHAPELESS = [time for time in TIMES if not isinstance(time, int) or not 0 <= time < 10**12]

ALTERED = [
    *(
        b"",
        BODY[:-1],
        BODY[1:],
        BODY[:-1] + b" }",
        BODY + b"\n",
        BODY + b"\r\n",
        BODY + b" ",
        b" " + BODY,
        b"\n" + BODY,
    ),
    *(BODY + b"\x00", b"\xef\xbb\xbf" + BODY, BODY * 2, BODY[::-1], BODY.lower(), BODY.upper(), BODY + b"0" * 1024),
    *(BODY.replace(b", ", b","), BODY.replace(b", ", b",\n"), BODY.replace(b", ", b",\r\n"), BODY.replace(b": ", b":")),
    *(BODY.replace(b"booked", b"Booked"), BODY.replace(b"mr_01H", b"mr_01I"), BODY.replace(b"evt_01H", b"evt_02H")),
    *(json.dumps(json.loads(BODY), indent=width).encode() for width in (None, 0, 2)),
    *(
        json.dumps(json.loads(BODY), sort_keys=True).encode(),
        json.dumps(json.loads(BODY), separators=(",", ":")).encode(),
    ),
    *(BODY.decode().encode(encoding) for encoding in ("utf-16", "latin-1", "utf-8-sig")),
    *(unicodedata.normalize("NFD", BODY.decode()).encode(), BODY.replace("é".encode(), b"e"), BODY.replace(b'"', b"'")),
    *(b"{}", b"null", b"[]", base64.b64encode(BODY), SIGNED),
]

UNREADABLE = [
    *(b"", b" ", b"\n", b"null", b"true", b"0", b"1.5", b'"text"', b"[]", b"[{}]", b"NaN", b"{", b"}", b"{}{}", b"{},"),
    *(
        b"{'a': 1}",
        b"<xml/>",
        b'{"a":}',
        b'{"a":1,}',
        b"{a:1}",
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":01}',
        b'{"a":1}x',
    ),
    *(
        b'{"a":"\xff"}',
        b'{"a":"\xc3"}',
        b"\xff\xfe{}",
        b'{"a":"\\ud800"}',
        b'{"a":"\n"}',
        b"\x00",
        b"\x00{}",
        b'{"a":1}\x00',
    ),
    *(b'{"a":' + b"9" * 5000 + b"}", b'{"a":' + b"[" * 100_000, b'{"a":' * 300 + b"1" + b"}" * 300, b"a=1&b=2"),
    *("{}".encode("utf-16"), "{}".encode("utf-32"), b"\x1f\x8b\x08\x00", b"{}" + b" " * 1024 * 1024),
    *(b'{"a":"' + b"x" * size + b'"}' for size in (1024 * 1024, 10_000_000)),
]


class Strange:
    """Has `items`, and not as a mapping has it."""

    def __init__(self, items: Any) -> None:
        self.items = items


VALUE = headers()[HEADER]
MAPPINGS: list[Any] = [
    *({}, {"Host": "a"}, {"X-Webhook-Signatures": VALUE}, {"Webhook-Signature": VALUE}, {"X_Webhook_Signature": VALUE}),
    *(
        {"HTTP_X_WEBHOOK_SIGNATURE": VALUE},
        {f"{HEADER} ": VALUE},
        {HEADER: None},
        {HEADER: 5},
        {HEADER: 5.5},
        {HEADER: {}},
    ),
    *({HEADER: b"\xff\xfe"}, {HEADER: {"t": NOW, "v1": GOOD}}, {HEADER: True}, {HEADER: []}, {HEADER: [None]}),
    *({HEADER: [[VALUE]]}, {HEADER: ("t", NOW)}, {None: "a"}, {5: "a"}, {(): "a"}, None, 5, "t=1", b"t=1", [], VALUE),
    *(
        [(HEADER, VALUE)],
        set[str](),
        object(),
        dict,
        io.BytesIO(b"a"),
        Strange(None),
        Strange(5),
        Strange(lambda: None),
    ),
    *(Strange(lambda: 5), Strange(lambda: [5]), Strange(lambda: [(1, 2, 3)]), Strange(lambda: ["ab"]), Strange([])),
    *(Strange(lambda: [None]), Strange(len), Strange(lambda: [(HEADER,)]), Strange(dict[str, str]().popitem)),
]


def _refused(body: Any, given: Any) -> str:
    """What the one error says of a message."""
    with pytest.raises(WebhookVerificationError) as caught:
        webhook().verify(body, given)
    assert type(caught.value) is WebhookVerificationError
    text = repr(caught.value)
    assert len(text) <= 1000
    assert SECRET not in text
    assert GOOD not in text
    return str(caught.value)


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_header_that_signs_nothing_is_refused(value: str) -> None:
    """No form of the header but the documented one, made with the secret for these bytes, is accepted."""
    _refused(BODY, {HEADER: value})


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_a_header_in_bytes_is_refused_alike(value: str) -> None:
    """What a server hands over undecoded is judged as its text is."""
    _refused(BODY, {HEADER.encode(): value.encode("utf-8", "surrogatepass")})


@pytest.mark.parametrize("time", TIMES, ids=range(len(TIMES)))
def test_a_time_that_is_none_is_refused_though_signed(time: object) -> None:
    """The time is 1 to 12 ASCII digits within the tolerance, even for one who knows the secret."""
    _refused(BODY, headers(at=time))


@pytest.mark.parametrize("time", SHAPELESS, ids=range(len(SHAPELESS)))
def test_a_time_of_another_form_is_refused_at_any_tolerance(time: object) -> None:
    """Where the age does not count, the form does."""
    with pytest.raises(WebhookVerificationError, match="form"):
        webhook(tolerance=None).verify(BODY, headers(at=time))


@pytest.mark.parametrize("body", ALTERED, ids=range(len(ALTERED)))
def test_an_altered_body_is_refused(body: bytes) -> None:
    """The signature covers the bytes: the same JSON written otherwise is another message."""
    assert body != BODY
    assert "no signature fits" in _refused(body, headers())


@pytest.mark.parametrize("body", UNREADABLE, ids=range(len(UNREADABLE)))
def test_a_genuine_body_that_is_no_object_is_refused(body: bytes) -> None:
    """What is signed and cannot be read is the same error, and never a parser's."""
    assert "JSON object" in (said := _refused(body, headers(body))) or "1 MiB" in said


@pytest.mark.parametrize("given", MAPPINGS, ids=range(len(MAPPINGS)))
def test_headers_that_are_none_are_refused(given: Any) -> None:
    """Whatever comes in the place of the headers, the answer is the same error."""
    _refused(BODY, given)


def test_the_header_is_judged_before_the_json_is_read() -> None:
    """Nobody without the secret reaches the parser."""
    assert "no signature fits" in _refused(b"{" * 1000, headers())


def test_the_signature_is_judged_before_the_time() -> None:
    """What the header says of the time is not believed before it is signed."""
    assert "no signature fits" in _refused(BODY, {HEADER: f"t=0,v1={GOOD}"})
