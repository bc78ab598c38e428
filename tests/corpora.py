"""Odd and bad values that people and programs pass by mistake, or on purpose."""

import itertools
import re
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

__all__ = [
    "ADDRESSES",
    "BAD_ADDRESSES",
    "BAD_API_KEYS",
    "BAD_BASE_URLS",
    "BAD_BODIES",
    "BAD_FLAGS",
    "BAD_IDEMPOTENCY_KEYS",
    "BAD_IDS",
    "BAD_METHODS",
    "BAD_MOMENTS",
    "BAD_NUMBERS",
    "BAD_PATHS",
    "BAD_PEOPLE",
    "BAD_QUERIES",
    "BAD_SECONDS",
    "BAD_TEXTS",
    "BAD_TIMEFRAMES",
    "BAD_ZONES",
    "BASE_URLS",
    "IDEMPOTENCY_KEYS",
    "IDS",
    "Index",
    "MOMENTS",
    "TEXTS",
    "ZONES",
]


class Index:
    """A whole number of another kind than `int`, as numeric libraries have."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


_CONTROLS = [*map(chr, range(0x20)), "\x7f", *map(chr, range(0x80, 0xA0))]
_BLANKS = ["\xa0", "\u1680", "\u2003", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"]
_INVISIBLE = [
    "\u200b",
    "\u200c",
    "\u200d",
    "\u2060",
    "\u2062",
    "\ufeff",
    "\u00ad",
    "\u034f",
    "\u180e",
    "\ufffe",
    "\uffff",
]
_DIRECTIONS = [
    "\u200e",
    "\u200f",
    "\u202a",
    "\u202b",
    "\u202c",
    "\u202d",
    "\u202e",
    "\u2066",
    "\u2067",
    "\u2068",
    "\u2069",
]
_SCRIPTS = [
    "Ünïcödé", "ﬀﬁﬂ", "ｆｕｌｌ　ｗｉｄｔｈ", "田中さんにあげて下さい", "社會科學院語學研究所", "찦차를 타고 온 펲시맨",
    "مُنَاقَشَةُ سُبُلِ", "שלום", "Ρ and P, а and a, о and o", "ŞİIıißẞ", "ǅ", "Ω≈ç√∫˜µ≤≥÷", "٠١٢٣٤٥٦٧٨٩",
    "１２３", "⁰⁴⁵₀₁₂", "½ Ⅷ ㊿", "𝓂𝒶𝓉𝒽", "𠜎𠜱𠝹", "ﷺ", "e\u0301 é", "a\u0300\u0316\u0317\u0318\u0319" * 9,
]  # fmt: skip
_EMOJI = ["😀", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏿", "🇺🇳🇷🇺🇸🇦", "0️⃣ 1️⃣", "❤️", "\U0010ffff", "🀄", "☺︎"]
_MARKUP = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '"><svg/onload=alert(1)>', "javascript:alert(1)",
    "<!--#exec cmd=id-->", "<![CDATA[x]]>", "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///x'>]>",
    "&lt;b&gt;", "&#x41;", "&nosuch;", "{{7*7}}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{%raw%}", "[[x]]", "@import 'x'",
]  # fmt: skip
_SQL = [
    "1'; DROP TABLE meeting_requests; --", "' OR '1'='1", "1 UNION SELECT NULL", "%", "_", "a%_b", "\\'", "''",
    "x' AND sleep(5) --", ":status", "?1", "$1", "/* */", "0x27", "`id`", "[id]", "NULL", "null", "undefined", "None",
]  # fmt: skip
_SHELL = [
    "$(touch x)", "`touch x`", "| cat /etc/passwd", "; true", "&& true", "$HOME", "${IFS}", "~root", "-rf", "--help",
    ">x", "<x", "*", "?", "!x", "!!", "\\", "\\\\", "'", '"', "''''", '""""', "%PATH%", "\\x41", "\\u0041", "\\n",
]  # fmt: skip
_FORMATS = [
    "%s",
    "%n",
    "%d%d%d",
    "{}",
    "{0}",
    "{0.__class__}",
    "{__doc__}",
    "%(x)s",
    "%x",
    "%%",
    "{{",
    "}}",
    "f'{x}'",
    "%*d",
]
_PATHS = [
    "..", ".", "../x", "..\\x", "/", "//", "/etc/passwd", "C:\\x", "file:///x", "//host/x", "%2e%2e", "%2E%2E%2F",
    "%252e", "..%2f", "..;/", "%00", "%0d%0aX-Header: 1", "%C0%AE", "%u002e", "%", "%g1", "a%20b", "a+b", "a/b?c=d#e",
    "a&b=c", "a=b;c=d", "https://example.com/?x=1&y=2#z", "mailto:a@b", "data:,x", "/api/v1/meeting_requests",
]  # fmt: skip
_NUMBERS = [
    "0", "-0", "1e400", "0x10", "1_000", "1,5", "NaN", "Infinity", "-Infinity", "9" * 40, "00012", "+1", "1.0", "0b1",
    "true", "True", "false", "nil", "inf", "1/0", "2025-02-30", "24:60", "١", "१",
]  # fmt: skip
_JSON = [
    '{"a": 1}',
    "[]",
    '"',
    '\\"',
    "{",
    "}",
    "\\ud800",
    "\\u0000",
    '{"__proto__": {}}',
    "\x1b[31mred\x1b[0m",
    "a\r\nb: c",
]
_SIZES = ["", " ", "  ", "\t\t", "a", "a" * 5000, "é" * 5000, "\U0001f600" * 2500, " padded ", "\nlines\n\n"]

#: Any of these is a text, and arrives as it is.
TEXTS = list(
    dict.fromkeys(
        [
            *_SIZES,
            *_SCRIPTS,
            *_EMOJI,
            *_MARKUP,
            *_SQL,
            *_SHELL,
            *_FORMATS,
            *_PATHS,
            *_NUMBERS,
            *_JSON,
            *(f"a{odd}b" for odd in itertools.chain(_CONTROLS, _BLANKS, _INVISIBLE, _DIRECTIONS)),
            *itertools.chain(_CONTROLS, _BLANKS, _INVISIBLE, _DIRECTIONS),
        ]
    )
)
_HALVES = ["\ud800", "a\udfff", "\udc80b", "\ude00\ud83d"]
_NOT_TEXT: list[Any] = [1, 1.5, True, b"bytes", bytearray(b"x"), [], ["a"], {}, ("a",), object(), uuid.UUID(int=1)]
#: None of these is a text that JSON can carry.
BAD_TEXTS: list[Any] = [*_HALVES, *_NOT_TEXT]

IDS = [
    "mr_01HQ8XK4ZB", "m", "A", "0", "-", "_", "--", "__", "x" * 128, "cmp_wrong_prefix", "MR_01HQ", "tm_1",
    "0123456789",
    "-rf", "null", "mr_01HQ-8XK4", "index", "cancel",
]  # fmt: skip
BAD_IDS: list[Any] = [
    *(text for text in TEXTS if re.fullmatch("[A-Za-z0-9_-]{1,128}", text) is None),
    *BAD_TEXTS,
    None,
    "x" * 129, "x" * 10_000, "x" * 1_000_000,
    *(f"mr_1{separator}" for separator in "/?#\\;:@&=+$,!~*'()[]{}|^`<>\" %."),
    *(f"{separator}mr_1" for separator in "/?#\\;:. "),
    "mr_1/cancel", "mr_1/../mr_2", "mr_1?x=1", "mr_1#x", "mr_1;x", "./mr_1", "mr_1/.", "mr_1/..", ".hidden", "...",
    "....//",
    "mr_1%2fcancel", "mr_1%2Fcancel", "%6dr_1", "mr_1%00", "mr_1%3fx", "mr_1%23", "%2e", "%2e%2e", "%2e%2e%2f", "%25",
    "mr_1\r\nX: y", "mr_1\n", "\nmr_1", "mr_1\r", "mr_1\t", "mr_1 ", " mr_1", "mr 1", "mr_1\x00", "mr_1\x7f",
    "é", "mr_é", "mr_1\u200b", "mr_１", "mr_\u0661", "м_1", "mr_1\u202e", "mr_ſ", "mr_\u212a", "mr_1．",
]  # fmt: skip

ADDRESSES = [
    "a@b", "alice@example.com", "Alice.Smith+tag@Example.COM", "!#$%&'*+/=?^_`{|}~-@example.com", "a@[127.0.0.1]",
    "a@[IPv6:::1]", "x" * 64 + "@" + "y" * 185 + ".org", "用户@例子.广告", "δοκιμή@παράδειγμα.δοκιμή",
    "a@xn--bcher-kva.example",
    "..a..@b", "a@b..c", "a@-b", "a@b.", "'a'@b", "a@1", "a@localhost", "<a@b>", "a,b@c", "%61@b", "a@b/c", "a\u200b@b",
    "Ǆ@ß.de", "a@😀.la", "@", "a@", "@b",
]  # fmt: skip
BAD_ADDRESSES: list[Any] = [
    "", "a", "a.b.c", "a@b@c", "@@", "a b@c", "a@b c", " a@b", "a@b ", "a@b\n", "a@b\r\nBcc: c@d", "\ta@b", "a\x00@b",
    "a@b\x7f",
    "a@b\x85", "a\xa0@b", "a@\u3000b", "a\u2028@b", "x" * 254 + "@b", "x" * 250 + "@bbbb", "Alice <alice@example.com>",
    "a@b, c@d", "mailto:a@b c",
    *BAD_TEXTS,
]  # fmt: skip

_ODD_ZONE = timezone(timedelta(hours=5, minutes=45))
#: A time, and how it goes over the wire.
MOMENTS: list[tuple[Any, str]] = [
    (datetime(2026, 2, 16, 9, tzinfo=UTC), "2026-02-16T09:00:00Z"),
    (datetime(2026, 2, 16, 9, tzinfo=_ODD_ZONE), "2026-02-16T09:00:00+05:45"),
    (datetime(2026, 2, 16, 9, 0, 0, 250000, tzinfo=UTC), "2026-02-16T09:00:00.250000Z"),
    (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00Z"),
    (datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC), "9999-12-31T23:59:59.999999Z"),
    (datetime(2026, 10, 25, 1, 30, tzinfo=UTC, fold=1), "2026-10-25T01:30:00Z"),
    (datetime(1900, 1, 1, tzinfo=timezone(timedelta(seconds=30))), "1899-12-31T23:59:30Z"),
    (datetime(1800, 1, 1, tzinfo=timezone(-timedelta(hours=4, minutes=56, seconds=2))), "1800-01-01T04:56:02Z"),
    *(
        (text, text)
        for text in (
            "2026-02-16T09:00:00Z", "2026-02-16T09:00:00+00:00", "2026-02-16T09:00:00-00:00", "2026-02-16T09:00:00.1Z",
            "2026-02-16T09:00:00.123456+05:45", "2026-02-16T09:00:00,5Z", "2026-02-16t09:00:00z",
            "2026-02-16 09:00:00Z",
            "2026-02-16T09:00Z", "2026-02-16T09:00:00-0800", "2024-02-29T00:00:00Z", "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59-12:00", "2026-02-16T09:00:00+23:59",
        )
    ),
]  # fmt: skip
BAD_MOMENTS: list[Any] = [
    datetime(2026, 2, 16, 9),  # noqa: DTZ001 - the point
    date(2026, 2, 16),
    datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9, minutes=18, seconds=59))),
    0, 1771232400, 1771232400.5, True, b"2026-02-16T09:00:00Z", (2026, 2, 16), [],
    "", " ", "now", "tomorrow", "2026", "2026-02", "2026-02-16", "09:00:00Z", "2026-02-16T09:00:00", "2026-02-16T09:00",
    "2026-02-16T09Z", "20260216T090000Z", "2026-W08-1T09:00:00Z", "2026-047T09:00:00Z", "26-02-16T09:00:00Z",
    "2026-2-16T09:00:00Z", "2026-02-30T09:00:00Z", "2026-13-01T09:00:00Z", "2026-00-01T09:00:00Z",
    "2026-02-00T09:00:00Z",
    "2026-02-16T25:00:00Z", "2026-02-16T09:60:00Z", "2026-02-16T09:00:61Z", "2023-02-29T00:00:00Z",
    "0000-01-01T00:00:00Z",
    "2026-02-16T09:00:00+24:00", "2026-02-16T09:00:00+05:99", "2026-02-16T09:00:00+5", "2026-02-16T09:00:00+05",
    "2026-02-16T09:00:00 Z", "2026-02-16T09:00:00Z ", " 2026-02-16T09:00:00Z", "2026-02-16T09:00:00Z\n",
    "2026-02-16T09:00:00 UTC", "2026-02-16T09:00:00 GMT", "2026-02-16T09:00:00EST", "2026-02-16T09:00:00.Z",
    "2026-02-16T09:00:00Z[UTC]", "2026-02-16T09:00:00[Europe/Paris]", "2026/02/16T09:00:00Z", "2026-02-16_09:00:00Z",
    "+2026-02-16T09:00:00Z", "-2026-02-16T09:00:00Z", "12026-02-16T09:00:00Z", "２０２６-02-16T09:00:00Z",
    "2026-02-16T09:00:00+٠٥:00", "1998-12-31T23:59:60Z", "Mon, 16 Feb 2026 09:00:00 GMT", "1771232400", "P1D", "\ud800",
]  # fmt: skip

ZONES = [
    "UTC", "GMT", "Etc/GMT+5", "Etc/GMT-14", "America/New_York", "America/Argentina/Buenos_Aires", "Asia/Kolkata",
    "EST5EDT",
    "Europe/Isle_of_Man", "America/Port-au-Prince", "NZ-CHAT", "W-SU", "GB-Eire", "Mars/Olympus_Mons",
]  # fmt: skip
BAD_ZONES: list[Any] = [
    "", " ", "+02:00", "UTC+2 ", " UTC", "UTC\n", "America/New York", "America//New_York", "/UTC", "UTC/",
    "../etc/localtime",
    "America/../UTC", ".", "..", "5", "-5", "Europe\\Paris", "Europe/Zürich", "Europe/Paris?", "Europe/Paris\x00",
    "a" * 65,
    "Europe/Paris;x", "Europe/%50aris", "Європа/Київ", "UTC\u200b", "(GMT+01:00) Paris", "UTC:", "<+03>-3",
    "EST5EDT,M3.2.0",
    *BAD_TEXTS,
]  # fmt: skip

#: Numbers that are no count of anything; which whole numbers are too large depends on what they count.
BAD_NUMBERS: list[Any] = [
    0, -1, -(2**63), 2**63, 10**400, True, False, 0.0, 1.0, 25.0, 1.5, float("nan"), float("inf"), -float("inf"), "25",
    "", "x",
    b"25", Decimal(25), 1j, [25], (25,), {}, object(), Index(0), Index(-1), timedelta(minutes=30),
]  # fmt: skip
#: Numbers that are no time span.
BAD_SECONDS: list[Any] = [
    0, -1, 0.0, -0.5, True, False, float("nan"), float("inf"), -float("inf"), "30", b"30", Decimal(30), 1j, [30], {},
    timedelta(seconds=30), object(), 10**400,
]  # fmt: skip

IDEMPOTENCY_KEYS = [
    "a", "0", "x" * 255, "550e8400-e29b-41d4-a716-446655440000", "".join(map(chr, range(0x21, 0x7F))), "a,b", "a;b",
    '"a"',
    "<a>", "a=b", "%00", "\\n",
]  # fmt: skip
BAD_IDEMPOTENCY_KEYS: list[Any] = [
    "", " ", "  ", " a", "a ", "a b", "a\t", "\ta", "a\r", "a\n", "a\r\nX: y", "\n", "a\x00", "\x00", "\x01", "\x1f",
    "\x7f",
    "a\x7f", "\x80", "\xa0", "é", "ключ", "😀", "a\u2028", "a\u200b", "\ufeffa", "１", "x" * 256, "x" * 9000, "\ud800",
    None, 1,
    0, True, 1.5, b"key", bytearray(b"key"), uuid.UUID(int=1), ["a"], {}, object(),
]  # fmt: skip

BAD_API_KEYS: list[Any] = [
    "", " ", "Bearer s3cret-value", "bearer s3cret-value", "s3cret-value\n", "s3cret-value\r\n", "\ns3cret-value",
    " s3cret-value",
    "s3cret-value ", "s3cret value", "s3cret-value\t", "s3cret-value\x00", "s3cret-value\x7f",
    "s3cret-value\r\nX-Other: 1",
    "s3cret-valué", "s3cret-value😀", "s3cret-value\u200b", "\ufeffs3cret-value", "s3cret-value\xa0", "s3cret–value",
    "s3cret-value" * 900, "s3cret-value\ud800", b"s3cret-value", bytearray(b"s3cret-value"), 12345, 1.5, True,
    ["s3cret-value"],
    ("s3cret-value",), {"key": "s3cret-value"}, object(), uuid.UUID(int=1),
]  # fmt: skip

BASE_URLS = [
    "https://api.skipup.ai/api/v1", "https://api.skipup.ai/api/v1/", "https://api.skipup.ai", "https://api.skipup.ai/",
    "HTTPS://API.SKIPUP.AI/api/v1", "https://example.com:8443/x/y", "https://10.0.0.1",
    "https://[2001:db8::1]:8443/api",
    "https://xn--bcher-kva.example/api", "https://bücher.example/api", "http://localhost",
    "http://localhost:8750/api/v1",
    "http://LOCALHOST:8750", "http://127.0.0.1:8750/api/v1", "http://127.8.9.10", "http://[::1]:8750/api",
    "https://a_b.example",
]  # fmt: skip
BAD_BASE_URLS: list[Any] = [
    "", " ", "x", "/", "/api/v1", "api.skipup.ai", "api.skipup.ai/api/v1", "//api.skipup.ai", "https:", "https:/",
    "https://",
    "https:///api", "https:api.skipup.ai", "https:/api.skipup.ai", "http://api.skipup.ai", "http://example.com",
    "http://10.0.0.1",
    "http://0.0.0.0", "http://localhost.example.com", "http://127.0.0.1.example.com", "http://127.1",
    "http://2130706433",
    "http://0x7f000001", "http://0177.0.0.1", "http://[::ffff:127.0.0.1.example]", "http://[::2]", "http://localhost.",
    "https://api.skipup.ai.", "ftp://api.skipup.ai", "ws://localhost", "wss://api.skipup.ai", "file:///etc/passwd",
    "data:,x",
    "javascript:alert(1)", "unix:/run/x.sock", "http+unix://x", "about:blank",
    "https://us3r:s3cret-value@api.skipup.ai",
    "https://us3r@api.skipup.ai", "https://@api.skipup.ai", "https://api.skipup.ai@example.com",
    "https://api.skipup.ai?x=1",
    "https://api.skipup.ai/api/v1?key=s3cret-value", "https://api.skipup.ai/#x", "https://api.skipup.ai/api/v1#",
    "https://api.skipup.ai/?",
    "https://api.skipup.ai\\@example.com", "https:\\\\api.skipup.ai", "https://api skipup.ai", " https://api.skipup.ai",
    "https://api.skipup.ai ", "https://api.skipup.ai\n", "https://api.skipup.ai\r\nHost: x", "https://api.\tskipup.ai",
    "https://api.skipup.ai/\x00", "https://api.skipup.ai\x7f", "https://api.skipup.ai:port",
    "https://api.skipup.ai:99999",
    "https://api.skipup.ai:-1", "https://api.skipup.ai:0", "https://[::1", "https://::1", "https://[]",
    "https://[::1]x", "https://[x]",
    "https://api.skipup.ai//v1", "https://api.skipup.ai/api//v1", "https://\ud800.example", "https://\u2028", 1, True,
    1.5,
    b"https://api.skipup.ai", ["https://api.skipup.ai"], {}, object(),
]  # fmt: skip

#: No list of people.
BAD_PEOPLE: list[Any] = [
    [], (), set[str](), {}, iter([]), None, "bob@example.com", "", b"bob@example.com", bytearray(b"bob@example.com"),
    1, True,
    {"bob@example.com": "Bob"}, {"email": "bob@example.com"}, object(), [None], [1], [b"bob@example.com"],
    [["bob@example.com"]],
    [("bob@example.com", "Bob")], [{"email": "bob@example.com"}], ["bob@example.com", None], ["bob@example.com", ""],
    ["bob@example.com", "nobody"], ["bob@example.com, carol@example.com"], [object()],
]  # fmt: skip

BAD_FLAGS: list[Any] = [0, 1, "", "true", "false", "yes", 0.0, b"", [], {}, object()]
BAD_TIMEFRAMES: list[Any] = [
    "", "tomorrow", 0, True, [], (), ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), {"start": None}, object(),
]  # fmt: skip

BAD_METHODS: list[Any] = ["", "get", "HEAD", "OPTIONS", "TRACE", "CONNECT", "GET ", "GET\r\n", 1, None, ["GET"]]
BAD_PATHS: list[Any] = [
    "", "/", "//", "a//b", "/a/", "..", "/..", "a/../b", ".", "a/.", "a?b=c", "a#b", "a b", "a%2fb", "%2e%2e", "a\\b",
    "a\n",
    "\na", "a\r\nX: y", "é", "https://example.com/a", "//example.com", "a:b", "a;b", "a@b", "a\x00", None, 1, b"a",
    ["a"],
]  # fmt: skip
BAD_QUERIES: list[Any] = [
    1, "", "a=b", [("a", "b")], {"a": {"b": 1}}, {"a": [1]}, {"a": object()}, {"a": b"x"}, {"a": float("nan")},
    {"a": float("inf")}, {"a": "\ud800"}, {"\ud800": "a"}, {b"a": "b"},
]  # fmt: skip


def _nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = {"a": value}
    return value


BAD_BODIES: list[Any] = [
    1, "", "a", b"{}", [], [1], True, {"a": object()}, {"a": b"x"}, {"a": {1, 2}}, {"a": float("nan")},
    {"a": [float("inf")]},
    {"a": "\ud800"}, {"\udfff": 1}, {("a", "b"): 1}, {"a": 2**64}, {"a": [-(2**63) - 1]}, {"a": 10**400}, _nested(250),
]  # fmt: skip
