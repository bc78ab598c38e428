"""The signature of a webhook: its header read, its secrets checked, its digest made. Trusts nothing it is given."""

import hmac
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, NoReturn, Protocol, cast

from skipup_async.errors import ConfigurationError, WebhookVerificationError

__all__ = ["HEADER", "HIRINGCENTER_HEADERS", "Claim", "Headers", "claim", "digest", "macs", "value"]

#: The header that carries time and signatures, where a service has no other name for it.
HEADER = "X-Webhook-Signature"
#: The same under the names another service gave it, the one of today first.
HIRINGCENTER_HEADERS = ("X-HiringCenter-Signature", "X-HiringCenter-Pro-Signature")

_MOST_SIGNATURES = 10
_SHORTEST_SECRET = 24

_FIELD = re.compile(r"([a-z][a-z0-9]*)=([!-+\--~]+)")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Headers(Protocol):
    """The headers of a request, of whatever framework: anything with `items()`. Names may be in any case."""

    def items(self) -> Iterable[tuple[object, object]]:
        """Every name with its value."""
        ...


class Claim(NamedTuple):
    """What a signature header says: its form is checked, and nothing of it is believed."""

    #: Seconds since 1970, as written: it is signed as text.
    timestamp: str
    signatures: tuple[bytes, ...]


def claim(headers: Headers, names: Sequence[str]) -> Claim:
    """What the one header among *headers* with one of *names* says; WebhookVerificationError where there is not one."""
    return _parsed(_found(headers, names), names[0])


def value(timestamp: str, signature: bytes) -> str:
    """The header's value that makes a claim."""
    return f"t={timestamp},v1={signature.hex()}"


def macs(secret: object) -> tuple[hmac.HMAC, ...]:
    """The HMAC that each secret begins, its key the secret's own bytes; ConfigurationError where there is none.

    Begun once and copied for each message, so that no frame of a traceback shows a secret.
    """
    keys = [_key(each) for each in _several(secret)]
    if not keys:
        msg = "no webhook secret: pass the endpoint's signing secret, or a list of several"
        raise ConfigurationError(msg)
    if min(map(len, keys)) < _SHORTEST_SECRET:
        warnings.warn(f"a webhook secret of less than {_SHORTEST_SECRET} bytes can be guessed", stacklevel=3)
    return tuple(hmac.new(key, digestmod="sha256") for key in keys)


def digest(mac: hmac.HMAC, timestamp: str, body: bytes) -> bytes:
    """The signature of *body* at *timestamp*."""
    own = mac.copy()
    own.update(timestamp.encode() + b".")
    own.update(body)
    return own.digest()


def _found(headers: Headers, names: Sequence[str]) -> str:
    wanted = {name.lower() for name in names}
    try:
        values = [each for name, value in headers.items() if _text(name).lower() in wanted for each in _each(value)]
    except Exception:  # noqa: BLE001 - `items()` is somebody else's code, and may raise anything
        msg = "headers must be the mapping of the request's headers"
    else:
        if len(values) == 1:
            return _text(values[0])
        msg = f"the request has {'more than one' if values else 'no'} {names[0]} header"
    raise WebhookVerificationError(msg)


def _text(part: object) -> str:
    """A header's name or value, which some servers give as bytes; of anything else, nothing."""
    if isinstance(part, bytes):
        return part.decode("latin-1")
    return part if isinstance(part, str) else ""


def _each(value: object) -> list[object]:
    """The values of one name, which some gateways give as a list."""
    return list(cast("Iterable[object]", value)) if isinstance(value, (list, tuple)) else [value]


def _parsed(header: str, name: str) -> Claim:
    if header.count(",") > _MOST_SIGNATURES:
        msg = f"the {name} header holds more than {_MOST_SIGNATURES} signatures"
        raise WebhookVerificationError(msg)
    fields = [_FIELD.fullmatch(part) or _refuse_form(name) for part in header.split(",")]
    times = [field[2] for field in fields if field[1] == "t"]
    # Other versions are for others to read: a new one beside v1 must not lock anybody out.
    digests = [field[2] for field in fields if field[1] == "v1"]
    if len(times) != 1 or _TIMESTAMP.fullmatch(times[0]) is None:
        _refuse_form(name)
    if not digests or not all(map(_DIGEST.fullmatch, digests)):
        _refuse_form(name)
    return Claim(times[0], tuple(bytes.fromhex(each) for each in digests))


def _refuse_form(name: str) -> NoReturn:
    msg = f"the {name} header is not of the form t=1700000000,v1=<64 lowercase hex digits>"
    raise WebhookVerificationError(msg)


def _several(secret: object) -> list[Any]:
    if isinstance(secret, (str, bytes)):
        return [secret]
    return list(cast("Iterable[object]", secret)) if isinstance(secret, Iterable) else []


def _key(secret: object) -> bytes:
    """The bytes of one secret as given: nothing stripped, nothing decoded."""
    try:
        key = secret.encode() if isinstance(secret, str) else secret
    except UnicodeEncodeError:
        key = None
    if not isinstance(key, bytes) or not key:
        msg = "a webhook secret must be text (a str) or bytes, and not empty"
        raise ConfigurationError(msg)
    return key
