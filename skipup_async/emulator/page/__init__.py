"""The page at `/`: what is in a running emulator, for a browser. It is read-only and no part of the API."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from skipup_async.emulator.call import Answer, RefusedError
from skipup_async.emulator.page.document import PAUSED, document, style
from skipup_async.emulator.page.state import read
from skipup_async.emulator.received import Log, Received
from skipup_async.emulator.router import API
from skipup_async.emulator.service import Service

__all__ = ["PATH", "answer"]

PATH = "/"
_METHODS = ("GET", "HEAD")


def answer(service: Service, log: Log, asked: Received) -> Answer:
    """The page as it is now; 405 for a method that does not read."""
    if asked.method not in _METHODS:
        allowed = ", ".join(_METHODS)
        message = f"This path answers {allowed}"
        return RefusedError(405, "method_not_allowed", message, {"Allow": allowed}).answer()
    host = asked.headers.get("Host", "")
    base_url = f"http://{host}{API}" if host else API
    html = document(read(service, log), base_url, paused=PAUSED in asked.query)
    return Answer(200, html.encode(), {"Content-Type": "text/html; charset=utf-8", **_protection()})


@cache
def _protection() -> dict[str, str]:
    """Headers by which a browser runs and loads nothing but the style that stands in the page."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    policy = (
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
