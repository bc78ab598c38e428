"""Which `Host` a call may name: a page of the web that resolves its own name to 127.0.0.1 is not let in."""

from __future__ import annotations

import ipaddress
import re

from skipup_async.emulator.call import RefusedError
from skipup_async.emulator.received import Headers

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/@?#\s]+)(:[0-9]{1,5})?")


def is_loopback(host: str) -> bool:
    """Whether *host*, without a port, is this machine's own name or address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_foreign_host(headers: Headers, *, required: bool, check: bool) -> None:
    """Raise 400 for a missing or doubled Host, 403 for one that is not loopback."""
    hosts = headers.all("Host")
    if len(hosts) > 1 or (required and not hosts):
        raise RefusedError(400, "bad_request", "A request has exactly one Host header")
    if not hosts or not check:
        return
    match = _HOST.fullmatch(hosts[0])
    if match is None or not is_loopback(match[1]):
        raise RefusedError(403, "forbidden", "This emulator answers on loopback names only")
