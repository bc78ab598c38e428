"""The fault matrix: what may go wrong, and what a call then does, one line a fault.

The five words of a line are for the operation classes, in this order: S reads
only, K is done once for each idempotency key, D changes nothing more the
second time, G is refused the second time and can be read back, A would add
again. A word says how the call ends:

    ok=2   the right answer after exactly 2 sends; `ok` after any number
    rc     the right answer, read back after 1 send; `rc=2` read back, then sent again
    amb    AmbiguousOutcomeError after 1 send, and never another
    line   APIConnectionError when the attempts are spent; `time` APITimeoutError, `5xx` ServerError
    bad    ResponseError after 1 send, `bad=2` after 2; `trust` TLSVerificationError, `no` the error named
    ...?   and the error says that the call may have been done; without, that it was not
    -      does not exist for this class

A fault meets the first request of the call, or every one where `ever` is set,
and never the request that reads an object back. `after` means that the request
has taken effect by then. The numbers are those of the specification; a star
marks its core. What is not played here is listed below, with the reason.
"""

import gzip
from typing import Any

import attrs

from tests.faults import acts, worlds
from tests.faults.acts import answer, changed, close, done, reset_connection, says, silent, stalled
from tests.faults.server import Act, Reply

__all__ = ["CLASSES", "ELSEWHERE", "MATRIX", "Row"]

MIB = 1024 * 1024
#: The operation classes, in the order of the words.
CLASSES = "SKDGA"


@attrs.frozen
class Row:
    """One fault, and what each class makes of it."""

    number: str
    fault: str
    act: Act | None
    words: str
    #: The error that `no` stands for.
    error: str = attrs.field(default="", kw_only=True)
    #: Every request of the call meets the fault, and not only the first.
    ever: bool = attrs.field(default=False, kw_only=True)
    #: How many requests meet it, where it is neither one nor all.
    times: int = attrs.field(default=1, kw_only=True)
    world: worlds.World = attrs.field(default=worlds.plain, kw_only=True)
    #: Only a time-out ends it, so that one operation of each class must do.
    slow: bool = attrs.field(default=False, kw_only=True)
    #: Seconds the limiter is paused, at least.
    waits: float = attrs.field(default=0.0, kw_only=True)

    def word(self, kind: str) -> str:
        """The word for that class."""
        return self.words.split()[CLASSES.index(kind)]


def malformed(number: str, fault: str, act: Act) -> Row:
    """A 2xx whose body is complete and cannot be the answer."""
    return Row(number, fault, act, "bad bad? bad? rc bad?")


def cut(number: str, fault: str, act: Act) -> Row:
    """A 2xx whose body breaks off."""
    return Row(number, fault, act, "ok=2 ok=2 ok=2 rc bad?")


def lost(number: str, fault: str, act: Act | None, *, after: bool = False, **options: Any) -> Row:
    """A request that may have arrived, and whose answer did not."""
    return Row(number, fault, act, f"ok=2 ok=2 ok=2 {'rc' if after else 'rc=2'} amb", **options)


def fine(number: str, fault: str, act: Act, **options: Any) -> Row:
    """An answer that is odd, and right."""
    return Row(number, fault, act, "ok=1 ok=1 ok=1 ok=1 ok=1", **options)


def nobody(number: str, fault: str, world: worlds.World, word: str = "line", **options: Any) -> Row:
    """Nothing is ever sent."""
    return Row(number, fault, None, " ".join([word] * 5), world=world, **options)


def refusal(number: str, fault: str, act: Act, error: str) -> Row:
    """The service refuses, and has done nothing."""
    return Row(number, fault, act, "no no no no no", error=error)


def throttled(fault: str, waits: float, *headers: str) -> Row:
    """A 429, after which nobody comes back too early."""
    return Row("48*", fault, acts.status(429, None, *headers), "ok=2 ok=2 ok=2 ok=2 ok=2", waits=waits)


async def go_on(_exchange: Any) -> None:
    """Leave the connection as it is."""


def garbled(data: bytes) -> Act:
    """The request has taken effect, and what comes back is no HTTP."""
    return done(says(data))


def body(text: bytes) -> Act:
    """A 2xx with that body."""
    return changed(lambda reply: reply.rewritten(text), go_on)


def other_id(payload: dict[str, Any]) -> dict[str, Any]:
    """The answer about another object."""
    return {"data": {**payload["data"], "id": "mr_other"}}


def grown(payload: dict[str, Any]) -> dict[str, Any]:
    """The answer of a service that has grown."""
    return {"data": {**payload["data"], "mood": {"today": ["good"]}}, "meta": {"version": 2}}


LINE = b"HTTP/1.1 200 OK\r\n"
OK = LINE + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
SWITCHING = b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
CHUNKS_TOO = OK[:-4] + b"Transfer-Encoding: chunked\r\n\r\n{}"
LATE_503 = b"HTTP/1.1 503 Busy\r\nContent-Length: 99\r\n\r\n{"
HTML = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
DEEP = b"[" * 100_000 + b"]" * 100_000
BOMB = gzip.compress(bytes(9 * MIB), 9)
LARGE = b'"' + b"x" * (8 * MIB) + b'"'
MARCH = "Date: Sun, 01 Mar 2026 12:00:00 GMT", "Retry-After: Sun, 01 Mar 2026 12:00:07 GMT"
CODES = {
    400: "BadRequestError", 401: "AuthenticationError", 402: "APIStatusError", 403: "PermissionDeniedError",
    404: "NotFoundError", 405: "APIStatusError", 410: "APIStatusError", 413: "APIStatusError",
    422: "UnprocessableEntityError",
}  # fmt: skip


def too_long(reply: Reply) -> bytes:
    """More bytes are promised than come."""
    return reply.rewritten(length=9999)


def too_short(reply: Reply) -> bytes:
    """More bytes come than were promised."""
    return reply.rewritten(length=len(reply.body) - 9)


def half(text: bytes) -> bytes:
    """Half of it."""
    return text[: len(text) // 2]


def charset(reply: Reply) -> bytes:
    """A charset nobody knows."""
    return reply.rewritten(Content_Type="application/json; charset=x")


slow_head = acts.drip(lambda reply: (b"", reply.head))
slow_body = acts.drip(lambda reply: (reply.head, reply.body))
reset_early = done(says(OK[:30], reset_connection))
utf16 = changed(lambda reply: reply.rewritten(reply.body.decode().encode("utf-16")))
bom = changed(lambda reply: reply.rewritten(b"\xef\xbb\xbf" + reply.body))
endless_hints = acts.endlessly(b"HTTP/1.1 103 Early Hints\r\n\r\n")
endless_continue = acts.endlessly(b"HTTP/1.1 100 Continue\r\n\r\n")


def more(connection: str | None) -> Act:
    """The answer, and another one in the same packet."""
    return changed(lambda reply: reply.rewritten(Connection=connection) + OK, go_on)


def before(data: bytes) -> Act:
    """The answer, and something before it."""
    return changed(lambda reply: data + reply.whole)


# fmt: off
MATRIX: list[Row] = [
    # ---- never sent
    nobody("1*", "refused",                      worlds.refused),
    nobody("2*", "refused, then up",             worlds.refused_at_first, "ok"),
    nobody("3*", "SYN black hole",               worlds.black_hole, "time", slow=True),
    nobody("4*", "name not found",               worlds.by_name(9)),
    nobody("4*", "name not found once",          worlds.by_name(1), "ok"),
    nobody("5",  "name server stalls",           worlds.by_name(9, stall=True), "time", slow=True),
    nobody("6",  "first address a black hole",   worlds.two_addresses, "ok=1", slow=True),
    nobody("7*", "certificate of a stranger",    worlds.secured("stranger"), "trust"),
    nobody("7*", "certificate of another host",  worlds.secured(host="elsewhere.example"), "trust"),
    nobody("7*", "certificate expired",          worlds.secured(days=-1), "trust"),
    nobody("8*", "RST in the TLS handshake",     worlds.secured(first=worlds.reset_in_handshake), "ok"),
    nobody("9*", "TLS handshake stalls",         worlds.secured(ever=worlds.stall_in_handshake), "time", slow=True),
    nobody("9*", "plain HTTP on a TLS port",     worlds.secured(ever=worlds.plain_on_tls_port)),
    nobody("10", "proxy says 407",               worlds.proxied(407), "no", error="APIConnectionError"),
    nobody("10", "proxy says 502 once",          worlds.proxied(502, once=True), "ok"),
    nobody("68", "no file descriptor left",      worlds.no_files_left),
    # ---- sent, and no answer
    lost("12*", "RST as it comes in",            None, world=worlds.reset_on_accept),
    lost("13*", "RST before the head",           reset_connection),
    lost("14*", "RST before the head, after",    done(reset_connection), after=True),
    lost("15*", "FIN before the head",           close),
    lost("15*", "FIN before the head, after",    done(close), after=True),
    lost("16", "part of a status line, FIN",     garbled(LINE[:11]), after=True),
    lost("16", "part of the head, FIN",          garbled(OK[:30]), after=True),
    lost("16", "part of the head, RST",          done(says(OK[:30], reset_connection)), after=True),
    lost("18*", "silent",                        silent, slow=True),
    lost("18*", "silent, after",                 done(silent), after=True, slow=True),
    Row("18*", "silent for ever",                silent, "time time? time? time? amb", ever=True, slow=True),
    lost("19*", "head byte by byte",             slow_head, after=True, slow=True),
    Row("19*", "head byte by byte for ever",     slow_head, "time time? time? rc amb", ever=True, slow=True),
    lost("20", "103 for ever",                   endless_hints, slow=True),
    lost("20", "100 for ever",                   endless_continue, slow=True),
    # ---- an answer that is no HTTP
    lost("25*", "bad status line",               garbled(b"HTTP/1.1 OK 200\r\n\r\n"), after=True),
    lost("25*", "HTTP 0.9",                      garbled(b'{"data": {}}'), after=True),
    lost("25*", "HTTP/2 preface",                garbled(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), after=True),
    lost("25*", "TLS record",                    garbled(b"\x15\x03\x01\x00\x02\x02\x16"), after=True),
    Row("25*", "no HTTP for ever",               says(b"SSH-2.0-OpenSSH\r\n"), "line line? line? line? amb", ever=True),
    lost("26", "status 20",                      garbled(b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"), after=True),
    lost("27*", "a header of 64 kB",             garbled(LINE + b"X: " + b"x" * 65_536 + b"\r\n\r\n"), after=True),
    lost("27*", "10,000 headers",                garbled(LINE + b"X: x\r\n" * 10_000 + b"\r\n"), after=True),
    lost("27*", "NUL in a header",               garbled(LINE + b"X: a\0b\r\n\r\n"), after=True),
    lost("27*", "a header without colon",        garbled(LINE + b"what is this\r\n\r\n"), after=True),
    lost("28*", "length and chunks",             garbled(CHUNKS_TOO), after=True),
    lost("28*", "two lengths",                   garbled(OK[:-4] + b"Content-Length: 3\r\n\r\n{}"), after=True),
    lost("28*", "a length below zero",           garbled(LINE + b"Content-Length: -2\r\n\r\n{}"), after=True),
    # ---- an answer that breaks off
    cut("29*", "length too long, FIN",           changed(too_long)),
    cut("29*", "length too long, RST",           changed(too_long, reset_connection)),
    lost("30*", "length too long, silence",      stalled(too_long), after=True, slow=True),
    lost("31", "length too short",               changed(too_short), after=True),
    cut("32*", "chunks cut",                     changed(acts.chunked(b"\r\n40\r\nmo"))),
    cut("32*", "chunks without end",             changed(acts.chunked(b"\r\n"))),
    lost("32*", "a chunk of no size",            changed(acts.chunked(b"\r\nZZ\r\n")), after=True),
    cut("33*", "JSON cut by the end",            changed(acts.close_delimited(half))),
    cut("34*", "gzip cut",                       changed(acts.gzipped(lambda text: text[:-12]))),
    cut("34*", "no body at all",                 body(b"")),
    cut("37*", "connection ends in the body",    acts.limit_data(320)),
    lost("37*", "body byte by byte",             slow_body, after=True, slow=True),
    # ---- an answer that cannot be the one
    malformed("35", "gzip that is none",         changed(acts.gzipped(lambda _: b"garbage"))),
    malformed("35", "brotli",                    changed(lambda reply: reply.rewritten(Content_Encoding="br"))),
    malformed("35", "a coding nobody knows",     changed(lambda reply: reply.rewritten(Content_Encoding="rot13"))),
    malformed("36*", "gzip bomb",                changed(lambda reply: reply.rewritten(BOMB, Content_Encoding="gzip"))),
    malformed("36*", "8 MiB and more",           body(LARGE)),
    malformed("38*", "a captive portal",         body(HTML)),
    malformed("39*", "UTF-16",                   utf16),
    malformed("39*", "bad UTF-8",                body(b'{"data": {"id": "\xff\xfe"}}')),
    malformed("40*", "JSON 100,000 deep",        body(DEEP)),
    malformed("40*", "a number of 5,000 digits", body(b'{"data": ' + b"7" * 5000 + b"}")),
    malformed("40*", "NaN",                      body(b'{"data": NaN}')),
    malformed("40*", "half a character",         body(b'{"data": "\\ud800"}')),
    malformed("41", "null",                      body(b"null")),
    malformed("41", "a list",                    body(b"[]")),
    malformed("41", "no data",                   body(b"{}")),
    malformed("41", "wrong types",               body(b'{"data": {"id": 7}}')),
    Row("43*", "another object",                 changed(acts.data(other_id)), "ok=2 - bad? rc bad?"),
    Row("43*", "another object for ever",        changed(acts.data(other_id)), "bad=2 - bad? rc bad?", ever=True),
    Row("22", "101 Switching Protocols",         says(SWITCHING), "bad bad? bad? bad? bad?"),
    Row("26", "status 999",                      answer(999), "bad bad? bad? bad? bad?"),
    *[Row("53*", f"{code} to {where}",           answer(code, b"", f"Location: {target}"), "bad bad? bad? bad? bad?")
      for code in (301, 302, 303, 307, 308)
      for where, target in (("itself", "/api/v1/teams"), ("another", "http://127.0.0.2:9/"))],
    # ---- an answer that is odd, and right
    fine("18*", "slow, and in time",             acts.latency(0.05), slow=True),
    fine("21", "a 100 before it",                before(b"HTTP/1.1 100 Continue\r\n\r\n")),
    fine("21", "a 103 before it",                before(b"HTTP/1.1 103 Early Hints\r\nX: x\r\n\r\n")),
    fine("24", "two answers in one packet",      more(None)),
    Row("24", "more, after the last answer",     more("close"), "ok=2 ok=2 ok=2 rc amb"),
    fine("33*", "ends with the connection",      acts.slow_close(0.02)),
    fine("34*", "gzip",                          changed(acts.gzipped())),
    fine("37*", "in pieces of 7 bytes",          acts.slicer(7)),
    fine("37*", "10 kB a second",                acts.bandwidth(10_000), slow=True),
    fine("39*", "a byte order mark",             bom),
    fine("39*", "a charset nobody knows",        changed(charset)),
    fine("42*", "fields nobody announced",       changed(acts.data(grown))),
    Row("58*", "a proxy that sends it twice",    acts.twice, "ok=1 ok=1 ok=1 ok=1 -"),
    # ---- an error status
    *[Row("44*", f"{code} twice",                acts.status(code), "ok=3 ok=3 ok=3 rc=3 amb", times=2)
      for code in (500, 502, 503, 504)],
    *[Row("44*", f"{code} once",                 acts.status(code), "ok=2 ok=2 ok=2 rc=2 amb")
      for code in (520, 521, 522, 523, 524, 525, 526, 530)],
    Row("45*", "503 for ever",                   acts.status(503), "5xx 5xx? 5xx? 5xx? amb", ever=True),
    lost("46*", "500 after the commit",          done(acts.status(500)), after=True),
    lost("46*", "502 in HTML after the commit",  done(answer(502, HTML)), after=True),
    lost("46*", "503 whose body never comes",    done(says(LATE_503, silent)), after=True, slow=True),
    *[Row("47", f"{code}",                       acts.status(code), "no no? no? no? no?", error="ServerError")
      for code in (501, 505, 511)],
    Row("51", "408 once",                        acts.status(408), "ok=2 ok=2 ok=2 rc=2 amb"),
    Row("51", "425 once",                        acts.status(425), "ok=2 ok=2 ok=2 ok=2 ok=2"),
    Row("52*", "409 while the key is in flight", acts.status(409), "no ok=2 no no no", error="ConflictError"),
    *[refusal("54*", f"{code}",                  acts.status(code), error) for code, error in CODES.items()],
    refusal("54*", "422 invalid_request",        acts.status(422, "invalid_request"), "InvalidRequestError"),
    refusal("54*", "422 validation_error",       acts.status(422, "validation_error"), "ValidationError"),
    # ---- 429
    throttled("429, no Retry-After",             1.0),
    *[throttled(f"429, Retry-After {value}",     1.0, f"Retry-After: {value}")
      for value in ("0", "-1", "soon", "inf", "Sun, 06 Nov 1994 08:49:37 GMT")],
    throttled("429, Retry-After 2",              2.0, "Retry-After: 2"),
    throttled("429, Retry-After 60",             60.0, "Retry-After: 60"),
    throttled("429, two Retry-After",            9.0, "Retry-After: 3", "Retry-After: 9"),
    throttled("429, Retry-After a date",         7.0, *MARCH),
    refusal("49*", "429, come back tomorrow",    acts.status(429, None, "Retry-After: 86400"), "RateLimitError"),
]
# fmt: on

_LIFE, _MORE, _CANCEL = "tests/test_lifecycles.py", "tests/faults/test_more.py", "tests/test_cancellation.py"
#: What is not one line of the table, and where it is played, or why it is not.
ELSEWHERE: dict[str, str] = {
    "11": f"{_MORE}: it takes two calls at once",
    "17*": f"{_MORE}: it takes a call before",
    "23*": f"{_MORE}: it takes a call before",
    "50*": f"{_MORE}: it takes a hundred calls at once",
    "55*": f"{_MORE}: the first request takes effect while the second is on its way",
    "56*": f"{_MORE}: it takes a colleague",
    "57": f"{_MORE}: DELETE alone",
    "59": f"{_MORE}: it takes an emulator that keeps errors under a key",
    "60*": f"{_MORE}: lists alone",
    "61*": f"{_CANCEL}",
    "62*": f"{_CANCEL}",
    "63*": f"{_LIFE}",
    "64*": f"{_LIFE}, and tests/test_processes.py for forks",
    "65*": "tests/test_interrupt.py",
    "66*": f"{_LIFE}, and tests/test_endings.py for the end of a program",
    "67": f"{_MORE}: the service's clock is moved, since the machine's own cannot be; a suspended machine cannot be"
    " produced on loopback, but no decision reads the wall clock",
    "69*": "the limiter's own tests: nothing of it is on the way of a call",
    "70": "the limiter's own tests, likewise",
}
