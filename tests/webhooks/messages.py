"""Messages to verify, signed here by the rule itself and not by the code under test."""

import hashlib
import hmac
import json
from typing import Any

from skipup_async.webhooks import Webhook

SECRET = "whsec_0123456789abcdef0123456789abcdef"
OTHER_SECRET = "whsec_fedcba9876543210fedcba9876543210"
HEADER = "X-Webhook-Signature"
NOW = 1_790_000_000


def envelope(type: str = "meeting_request.booked", **changes: Any) -> dict[str, Any]:
    """What a delivery may look like."""
    request = {"id": "mr_01H", "status": "booked", "organizer_email": "alice@example.com", "title": "Café"}
    return {"id": "evt_01H", "type": type, "created_at": "2026-09-21T14:13:20Z", "data": request, **changes}


BODY = json.dumps(envelope(), ensure_ascii=False).encode()


def digest(body: bytes = BODY, at: object = NOW, secret: str = SECRET) -> str:
    """The hex digest that signs *body* at *at*."""
    return hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def headers(body: bytes = BODY, at: object = NOW, secret: str = SECRET) -> dict[str, str]:
    """The headers of a delivery of *body* at *at*."""
    return {HEADER: f"t={at},v1={digest(body, at, secret)}"}


def webhook(secret: Any = SECRET, **options: Any) -> Webhook:
    """A `Webhook` whose clock stands at NOW."""
    return Webhook(secret, clock=lambda: NOW, **options)
