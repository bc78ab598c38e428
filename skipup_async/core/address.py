"""Where a service is: a base URL that a key may be sent to."""

import re
from ipaddress import ip_address

from yarl import URL

from skipup_async.errors import ConfigurationError

__all__ = ["base_address"]

_SUSPECT = re.compile(r"[\s\x00-\x20\x7f\\@?#]")


def base_address(text: object, source: str = "base_url") -> URL:
    """*text* as a URL to send a key to; ConfigurationError, which names *source*, for any other.

    Only https will do, or http on this machine, for a key sent in the clear is
    a key given away. No user, query or fragment: what looks like part of the
    host must be the host.
    """
    rule = ""
    if not isinstance(text, str) or not text or _SUSPECT.search(text):
        rule = "be a URL of scheme, host and path, without blanks, user, query or fragment"
    else:
        url = _parsed(text)
        if url is None or not url.host or url.host.endswith(".") or "//" in url.raw_path:
            rule = "be a URL with a host"
        elif url.scheme == "https" or (url.scheme == "http" and _is_loopback(url.host)):
            return url.with_path(url.raw_path.rstrip("/") or "/", encoded=True)
        else:
            rule = "begin with https:// (http:// is for this machine only: localhost, 127.0.0.1, [::1])"
    msg = f"{source} must {rule}"
    raise ConfigurationError(msg)


def _parsed(text: str) -> URL | None:
    try:
        url = URL(text)
        return url if url.scheme in ("http", "https") and url.port else None
    except (ValueError, AssertionError):
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
