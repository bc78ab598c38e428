"""Bodies that nobody trusts: gunzipped within bounds, JSON within bounds, and never more than was asked for."""

import json
import math
import re
import zlib
from collections.abc import Callable
from typing import Any

from skipup_async.core.depth import DEEPEST
from skipup_async.errors import ResponseError

try:
    import orjson
except ImportError:
    _fast_loads: Callable[[bytes], Any] | None = None
    _fast_dumps: Callable[[Any], bytes] | None = None
else:
    _fast_loads, _fast_dumps = orjson.loads, orjson.dumps

__all__ = ["LARGEST_BODY", "dump", "gunzip", "load", "oversized", "too_deep", "truncated"]

#: Bytes of a decoded body beyond which an answer is refused.
LARGEST_BODY = 8 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_LARGEST_INTEGER, _SMALLEST_INTEGER = 2**64 - 1, -(2**63)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
# To find numbers of 19 digits, many times faster than a pattern does: every digit made a 0.
_DIGITS_TO_ZERO, _LONG_NUMBER = bytes.maketrans(b"123456789", b"000000000"), b"0" * 19
# Of each fourth byte they are four in a row, which the digits of a time never are.
_STRIDE, _OF_LONG_NUMBER = 4, b"0" * 4
_CUT_WORD = re.compile(r"[-\w.+]*\Z")


def oversized(cap: int) -> ResponseError:
    """The error for a body larger than *cap* bytes."""
    return ResponseError(f"the answer is larger than {cap:,} bytes")


def truncated(detail: str) -> ResponseError:
    """The error for a body that ended too early."""
    error = ResponseError(f"the answer ended too early: {detail}")
    error.truncated = True
    return error


def gunzip(raw: bytes, encoding: str, cap: int = LARGEST_BODY) -> bytes:
    """*raw* without its content *encoding*, which is gzip or nothing; ResponseError past *cap* bytes or cut short."""
    if encoding.strip().lower() in ("", "identity"):
        return raw
    if encoding.strip().lower() not in ("gzip", "x-gzip"):
        msg = "the answer has a content encoding that was not asked for"
        raise ResponseError(msg)
    inflater = zlib.decompressobj(wbits=31)
    try:
        data = inflater.decompress(raw, cap + 1)
    except zlib.error:
        msg = "the answer says it is gzip and is not"
        raise ResponseError(msg) from None
    if len(data) > cap:
        raise oversized(cap)
    if not inflater.eof:
        detail = "its gzip stream is cut"
        raise truncated(detail)
    return data


def dump(value: Any) -> bytes:
    """*value* as JSON in UTF-8."""
    if _fast_dumps is not None:
        return _fast_dumps(value)
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def load(data: bytes) -> Any:
    """The JSON value in *data*; ResponseError for what is not JSON in UTF-8, or holds what JSON forbids.

    With and without orjson the same values come back and the same bodies are
    refused: integers beyond 64 bits, NaN, and lone surrogates. Of duplicate
    keys the last wins.
    """
    data = data.removeprefix(_BOM)
    # First a quick look at a part of it, which is enough for nearly all.
    may_be_long = data[::_STRIDE].translate(_DIGITS_TO_ZERO).find(_OF_LONG_NUMBER) >= 0 and (
        _LONG_NUMBER in data.translate(_DIGITS_TO_ZERO)
    )
    # orjson makes a float of an integer beyond 64 bits, which an id of that many digits would not survive.
    if _fast_loads is not None and not may_be_long:
        try:
            return _fast_loads(data)
        except ValueError:
            pass  # the standard library says below what is wrong, the same with and without orjson
    return _strict_loads(data, _WATCHFUL_DECODER if may_be_long else _DECODER)


def too_deep() -> ResponseError:
    """The error for JSON that nests deeper than anything of ours."""
    return ResponseError(f"the answer is JSON nested deeper than {DEEPEST} levels")


def _strict_loads(data: bytes, decoder: json.JSONDecoder) -> Any:
    try:
        text = data.decode()
    except UnicodeDecodeError as fault:
        if fault.end == len(data) and fault.reason == "unexpected end of data":
            detail = "it breaks off within a character"
        else:
            detail = ""
    else:
        return _parse(text, data, decoder)
    if detail:
        raise truncated(detail)
    msg = "the answer is not UTF-8"
    raise ResponseError(msg)


def _parse(text: str, data: bytes, decoder: json.JSONDecoder) -> Any:
    failure: ResponseError
    try:
        value = decoder.decode(text)
        if b"\\" in data and _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as fault:
        failure = _not_json(text, fault)
    except RecursionError:
        failure = too_deep()
    except ValueError:
        failure = ResponseError("the answer holds what JSON forbids: a number too large, NaN, or half a character")
    else:
        return value
    raise failure


def _not_json(text: str, fault: json.JSONDecodeError) -> ResponseError:
    rest = text[fault.pos :]
    if not text.strip():
        return truncated("it is empty")
    if text.lstrip()[0] in '{["' and (fault.msg.startswith("Unterminated string") or _CUT_WORD.match(rest)):
        return truncated("its JSON breaks off")
    return ResponseError("the answer is not JSON")


def _integer(digits: str) -> int:
    # Python refuses to convert some thousands of digits; twenty-one are already beyond 64 bits.
    if len(digits) > 20 or not _SMALLEST_INTEGER <= (value := int(digits)) <= _LARGEST_INTEGER:
        msg = "integer beyond 64 bits"
        raise ValueError(msg)
    return value


def _finite(digits: str) -> float:
    value = float(digits)
    return value if math.isfinite(value) else _no_constant(digits)


def _no_constant(name: str) -> float:
    raise ValueError(name)


# Made once: to make one takes as long as to decode a small object.
_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant)
_WATCHFUL_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_no_constant, parse_int=_integer)
