"""HMAC vectors of our own making: the signature is what its definition says, for bodies of every length to 4 KiB."""

import hashlib
import json

import pytest

from skipup_async import WebhookVerificationError
from tests.webhooks.messages import HEADER, NOW, SECRET, webhook

LONGEST = 4096
BLOCK = 64


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    """HMAC written out after RFC 2104, with nothing but SHA-256."""
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK, b"\x00")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def _tag(body: bytes, key: bytes = SECRET.encode(), at: int = NOW) -> str:
    return _hmac_sha256(key, f"{at}.".encode() + body).hex()


def _noise(length: int) -> bytes:
    """*length* bytes that look random and are always the same."""
    return hashlib.shake_256(str(length).encode()).digest(length)


def _object(length: int) -> bytes:
    """A JSON object of *length* bytes, 7 at least."""
    return json.dumps({"": "x" * (length - 8)}).encode() if length > 7 else b"{}" + b" " * (length - 2)


def test_the_definition_is_right() -> None:
    """The reference used here agrees with a tag made once by another program."""
    expected = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    assert _hmac_sha256(b"key", b"The quick brown fox jumps over the lazy dog").hex() == expected


def test_every_length_of_body_is_signed_as_defined() -> None:
    """All 4,097 lengths from 0 to 4 KiB give the tag of the definition."""
    mine = webhook()
    wrong = [
        size
        for size in range(LONGEST + 1)
        if mine.sign(_noise(size), NOW)[HEADER] != f"t={NOW},v1={_tag(_noise(size))}"
    ]
    assert wrong == []


def test_every_length_of_body_is_verified() -> None:
    """JSON objects of all lengths from 2 bytes to 4 KiB pass with the tag of the definition."""
    mine = webhook()
    for size in range(2, LONGEST + 1):
        body = _object(size)
        assert len(body) == size
        mine.verify(body, {HEADER: f"t={NOW},v1={_tag(body)}"})


@pytest.mark.parametrize("size", [24, 31, 32, 33, 63, 64, 65, 127, 128, 129, 4096])
def test_every_length_of_secret_keys_as_defined(size: int) -> None:
    """Below, at and beyond one block of the hash, where HMAC changes its ways."""
    secret = "k" * size
    assert webhook(secret).sign(b"{}", NOW)[HEADER] == f"t={NOW},v1={_tag(b'{}', secret.encode())}"


@pytest.mark.parametrize("at", [0, 9, 10, 999_999_999, NOW, 999_999_999_999])
def test_every_length_of_time_is_signed_as_defined(at: int) -> None:
    """The time is signed as it is written."""
    assert webhook().sign(b"{}", at)[HEADER] == f"t={at},v1={_tag(b'{}', at=at)}"


def _spoiled(tag: bytes) -> dict[str, bytes]:
    """*tag* made wrong in the ways a careless comparison would miss."""
    spoiled = {f"byte {place} flipped": _with(tag, place, tag[place] ^ 0xFF) for place in range(32)}
    spoiled |= {f"lowest bit of byte {place}": _with(tag, place, tag[place] ^ 1) for place in range(32)}
    spoiled |= {f"first {length} bytes right": tag[:length] + bytes(32 - length) for length in range(32)}
    spoiled |= {f"last {length} bytes right": bytes(32 - length) + tag[32 - length :] for length in range(32)}
    spoiled |= {f"cut to {length}": tag[:length] for length in range(32)}
    spoiled |= {"all ones": b"\xff" * 32, "inverted": bytes(byte ^ 0xFF for byte in tag), "reversed": tag[::-1]}
    return spoiled | {"one too long": tag + b"\x00", "twice": tag * 2, "turned by one": tag[1:] + tag[:1]}


def _with(tag: bytes, place: int, byte: int) -> bytes:
    return tag[:place] + bytes([byte]) + tag[place + 1 :]


@pytest.mark.parametrize("size", [2, 32, 55, 56, 64, 119, 120, 1024, 4096])
def test_no_spoiled_tag_is_accepted(size: int) -> None:
    """Not one of 166 wrong tags passes, whatever part of it is right."""
    mine, body = webhook(), _object(size)
    right = bytes.fromhex(_tag(body))
    accepted: list[str] = []
    for name, tag in _spoiled(right).items():
        try:
            mine.verify(body, {HEADER: f"t={NOW},v1={tag.hex()}"})
        except WebhookVerificationError:
            continue
        accepted.append(name)
    assert accepted == []
    assert len(_spoiled(right)) == 166
