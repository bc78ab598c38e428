"""Bodies nobody trusts: gzip and JSON within bounds, the same with and without orjson."""

import gzip
import json
import math
import time
import tracemalloc
import zlib
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skipup_async import ResponseError
from skipup_async.core import body
from skipup_async.core.body import LARGEST_BODY, dump, gunzip, load, oversized, truncated

MIB = 1024 * 1024


@pytest.fixture(params=["orjson", "json"], autouse=True)
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with the fast library, where it is installed, and without."""
    if request.param == "json":
        monkeypatch.setattr(body, "_fast_loads", None)
        monkeypatch.setattr(body, "_fast_dumps", None)
    else:
        pytest.importorskip("orjson")


def refusal(data: bytes) -> ResponseError:
    """The error *data* is refused with."""
    with pytest.raises(ResponseError) as caught:
        load(data)
    return caught.value


READ: list[tuple[bytes, object]] = [
    (b'{"a": 1}', {"a": 1}),
    (b' \n{"a": [1, 2.5, true, false, null, "x"]}\r\n', {"a": [1, 2.5, True, False, None, "x"]}),
    (b"\xef\xbb\xbf[]", []),
    ('"\N{PARTY POPPER}"'.encode(), "\N{PARTY POPPER}"),
    (b'"\\ud83c\\udf89"', "\N{PARTY POPPER}"),
    (b'"\\u0000"', "\x00"),
    (b"18446744073709551615", 2**64 - 1),
    (b"-9223372036854775808", -(2**63)),
    (b'{"01234567890123456789": "01234567890123456789"}', {"01234567890123456789": "01234567890123456789"}),
    (b"1e300", 1e300),
    (b"1e-400", 0.0),
    (b'{"a": 1, "a": 2}', {"a": 2}),
    (b"[" * 200 + b"]" * 200, None),
    (b'{"a":' * 200 + b"1" + b"}" * 200, None),
    (b'["' + b"[" * 1000 + b'"]', ["[" * 1000]),
    (b"[" + b"{}," * 1000 + b"{}]", [{}] * 1001),
]


@pytest.mark.parametrize(("data", "value"), READ, ids=range(16))
def test_json_is_read(data: bytes, value: object) -> None:
    """A byte order mark is stripped, and of duplicate keys the last wins."""
    found = load(data)
    assert value is None or (found == value and type(found) is type(value))


@pytest.mark.parametrize(
    "data",
    [
        b"<html>hello</html>",
        b"hello",
        b"tru",
        b"{'a': 1}",
        b'{"a": 1}}',
        b'{"a": 1,}',
        b"[1 2]",
        b"[01]",
        b"[.5]",
        b'["\t"]',
        b"\x00",
        '{"a": "ü"}'.encode("latin-1"),
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        b'{"a": "\xff\xfe"}',
        b"\xef\xbb\xbf\xef\xbb\xbf{}",
        b"NaN",
        b"[NaN]",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e400]",
        b"[-1e400]",
        b"18446744073709551616",
        b"[-9223372036854775809]",
        b"[" + b"1" * 5000 + b"]",
        b'["\\ud800"]',
        b'{"\\udfff": 1}',
        b'["\\ud83c x"]',
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=range(31),
)
def test_what_json_forbids_is_refused(data: bytes) -> None:
    """Not one of these is told as cut short, which would have it fetched again."""
    assert not refusal(data).truncated


@pytest.mark.parametrize("before", range(8))
@pytest.mark.parametrize("number", [b"18446744073709551616", b"-9223372036854775809", b"7" * 40])
def test_an_integer_beyond_64_bits_is_found_wherever_it_stands(number: bytes, before: int) -> None:
    """It is looked for in every fourth byte first."""
    refusal(b'{"title": "' + b"x" * before + b'", "created": "2026-02-16T10:00:00.000000Z", "id": ' + number + b"}")


@pytest.mark.parametrize(
    "data",
    [b"", b"  \n", b"\xef\xbb\xbf", b"{", b"[", b'{"a', b'{"a"', b'{"a":', b'{"a": 1', b'{"a": tr', b'{"a": -',
     b'{"a": 1.',
     b'["\\', b'["\\u12', b'["\xc3', b'{"a": [{"b": "c"'],
)  # fmt: skip
def test_json_that_breaks_off_is_cut_short(data: bytes) -> None:
    """What could go on to be an answer is told apart from what never could."""
    assert refusal(data).truncated


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_what_is_dumped_is_loaded(value: Any) -> None:
    """JSON comes back as it went out."""
    assert load(dump(value)) == value


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), JSON, min_size=1), st.data())
def test_every_beginning_of_an_object_is_cut_short(value: dict[str, Any], data: st.DataObject) -> None:
    """Wherever a connection breaks off within an object, that is noticed."""
    whole = json.dumps(value, ensure_ascii=data.draw(st.booleans())).encode()
    assert refusal(whole[: data.draw(st.integers(0, len(whole) - 1))]).truncated


@given(st.binary(max_size=200))
def test_no_body_breaks_out(data: bytes) -> None:
    """Whatever comes, it is a value or a ResponseError."""
    with suppress(ResponseError):
        load(data)


@given(st.lists(st.text('[]{}"\\\\0-T', max_size=8), min_size=1, max_size=8))
def test_what_stands_in_texts_is_never_taken_for_structure(texts: list[str]) -> None:
    """Brackets, quotes, backslashes and digits."""
    value = [{"key": texts}] * 60
    assert load(json.dumps(value).encode()) == value


def test_a_value_json_cannot_say_is_not_dumped() -> None:
    """NaN is an error without orjson, and null with it, never the word."""
    with suppress(ValueError):
        assert b"NaN" not in dump([math.nan])


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_body_without_encoding_stays_as_it_is(encoding: str) -> None:
    """Nothing is decoded that was not encoded."""
    assert gunzip(b"as it is", encoding) == b"as it is"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", " GZIP "])
def test_gzip_is_decoded(encoding: str) -> None:
    """The one encoding that is asked for, by either name."""
    assert gunzip(gzip.compress(b"hello"), encoding) == b"hello"


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip,br", "identity, gzip", "x", "\x00"])
def test_an_encoding_nobody_asked_for_is_refused(encoding: str) -> None:
    """Its bytes are never taken for text."""
    with pytest.raises(ResponseError, match="not asked for") as caught:
        gunzip(gzip.compress(b"{}"), encoding)
    assert not caught.value.truncated


@pytest.mark.parametrize(
    "raw", [b"garbage", b"{}", zlib.compress(b"{}"), gzip.compress(b"{}", mtime=0)[:-8] + b"\0" * 8]
)
def test_gzip_that_is_none_is_refused(raw: bytes) -> None:
    """Another format, or a wrong checksum."""
    with pytest.raises(ResponseError, match="is not") as caught:
        gunzip(raw, "gzip")
    assert not caught.value.truncated


@pytest.mark.parametrize("length", range(len(gzip.compress(b'{"data": {"id": "mr_1"}}'))))
def test_gzip_cut_anywhere_is_cut_short(length: int) -> None:
    """The end of the stream is demanded, so that no part is taken for the whole."""
    with pytest.raises(ResponseError) as caught:
        gunzip(gzip.compress(b'{"data": {"id": "mr_1"}}')[:length], "gzip")
    assert caught.value.truncated


@pytest.mark.parametrize("size", [99, 100])
def test_a_body_up_to_the_cap_is_decoded(size: int) -> None:
    """The cap itself is allowed."""
    assert gunzip(gzip.compress(b"x" * size), "gzip", 100) == b"x" * size


def test_a_body_past_the_cap_is_refused() -> None:
    """One byte more is too much, and the error says how much is allowed."""
    with pytest.raises(ResponseError, match="larger than 100 bytes"):
        gunzip(gzip.compress(b"x" * 101), "gzip", 100)
    assert "8,388,608" in str(oversized(LARGEST_BODY))


def test_a_body_cut_short_says_so() -> None:
    """The error is one that may be tried again."""
    assert truncated("detail").truncated
    assert "detail" in str(truncated("detail"))


def bomb() -> bytes:
    """200 MiB of nothing, 1000:1."""
    return gzip.compress(bytes(200 * MIB), 9)


HOSTILE: dict[str, tuple[Callable[[bytes], object], Callable[[], bytes]]] = {
    "a gzip bomb": (lambda raw: gunzip(raw, "gzip"), bomb),
    "a list 100,000 deep": (load, lambda: b"[" * 100_000 + b"]" * 100_000),
    "an object 100,000 deep": (load, lambda: b'{"a":' * 100_000 + b"1" + b"}" * 100_000),
    "a number of 100,000 digits": (load, lambda: b"[" + b"7" * 100_000 + b"]"),
    "a string without an end, full of quotes": (load, lambda: b"[" * 201 + b'"' + b'\\"' * MIB),
}


@pytest.mark.parametrize(("read", "made"), HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_costs_little(read: Callable[[bytes], object], made: Callable[[], bytes]) -> None:
    """Under 32 MiB of memory, under a second, and a typed error."""
    raw = made()
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(ResponseError):
        read(raw)
    took, (_, peak) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * MIB
    assert took < 1.0
