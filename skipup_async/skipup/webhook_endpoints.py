"""Webhook endpoints: where SkipUp sends its events, and what became of them.

Fields as support.skipup.ai/api/webhooks documents them; of the endpoints that
page shows the list alone. `skipup_async.webhooks` verifies what arrives.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import attrs

from skipup_async.core import arguments
from skipup_async.core.record import Record
from skipup_async.core.request import Id, Page, Request
from skipup_async.core.resource import Resource, S_co, endpoint, paged
from skipup_async.core.unset import UNSET, Unset, given
from skipup_async.errors import InvalidArgumentError

__all__ = ["WebhookDelivery", "WebhookEndpoint", "WebhookEndpoints"]

# The documented path; the two below follow the API's other resources.
_ENDPOINTS = ("webhook_endpoints",)


def _endpoint(id: str) -> tuple[str, ...]:
    return (*_ENDPOINTS, Id(id))


def _deliveries(id: str) -> tuple[str, ...]:
    return (*_endpoint(id), "deliveries")


@attrs.frozen(repr=False, slots=False)
class WebhookEndpoint(Record):
    """An address that SkipUp posts events to."""

    #: The id that the other calls take.
    id: str
    #: Where the events go.
    url: str | None = None
    #: What it is for.
    description: str | None = None
    #: Whether events are sent there.
    enabled: bool | None = None
    #: The event types sent there, such as ``meeting_request.booked``.
    events: tuple[str, ...] | None = None
    #: When it was switched off; None while it is on.
    disabled_at: datetime | None = None
    #: Such as ``too_many_failures``; a value added later passes through.
    disabled_reason: str | None = None
    #: When it was created.
    created_at: datetime | None = None
    #: When it last changed.
    updated_at: datetime | None = None
    #: Provisional: what deliveries are signed with, shown once by `create`; kept out of `repr`. That it comes under
    #: this name is inferred: under any other it is in `extra`.
    secret: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(repr=False, slots=False)
class WebhookDelivery(Record):
    """One event on its way to one endpoint."""

    #: The id of the delivery.
    id: str
    #: Such as ``meeting_request.booked``.
    event_type: str | None = None
    #: ``pending``, ``success`` or ``failed``; a value added later passes through.
    status: str | None = None
    #: What was sent, as JSON.
    payload: Mapping[str, Any] | None = attrs.field(default=None, hash=False)
    #: The HTTP status the endpoint answered with last; None while there is none.
    response_code: int | None = None
    #: How often it was sent.
    attempts: int | None = None
    #: When the endpoint took it; None where it has not.
    delivered_at: datetime | None = None
    #: When it was last sent.
    last_attempted_at: datetime | None = None
    #: When it was made.
    created_at: datetime | None = None


class WebhookEndpoints(Resource[S_co]):
    """Where SkipUp sends its events, and what became of them."""

    @paged
    def list(
        self,
        *,
        limit: int | Unset | None = UNSET,
        cursor: str | Unset | None = UNSET,
        prefetch: int = 0,
    ) -> Request[Page[WebhookEndpoint]]:
        """The workspace's endpoints, newest first."""
        return Request("GET", _ENDPOINTS, Page[WebhookEndpoint], query=_position(limit, cursor))

    @endpoint
    def get(self, id: str) -> Request[WebhookEndpoint]:
        """One endpoint as it is now, without its secret.

        Provisional: the path is inferred.
        """
        return Request("GET", _endpoint(id), WebhookEndpoint, provisional=True)

    @endpoint
    def create(
        self,
        *,
        url: str,
        events: Iterable[str] | Unset = UNSET,
        description: str | Unset | None = UNSET,
    ) -> Request[WebhookEndpoint]:
        """Have events sent to *url*, which must be https; keep the `secret` of the answer, it is shown once.

        *events* are types such as ``meeting_request.booked``; which ones are
        sent where it is left out is for the service to say. An answer that is
        lost is an AmbiguousOutcomeError, and the call is never repeated by itself.

        Provisional: the path and the secret are inferred.
        """
        body = _fields(url, events, description, UNSET)
        return Request("POST", _ENDPOINTS, WebhookEndpoint, body=body, provisional=True)

    @endpoint
    def update(
        self,
        id: str,
        *,
        url: str | Unset = UNSET,
        events: Iterable[str] | Unset = UNSET,
        description: str | Unset | None = UNSET,
        enabled: bool | Unset = UNSET,
    ) -> Request[WebhookEndpoint]:
        """Change an endpoint, or switch it on or off with *enabled*; what is left out stays.

        Provisional: the method and the path are inferred.
        """
        body = _fields(url, events, description, enabled)
        return Request("PATCH", _endpoint(id), WebhookEndpoint, body=body, provisional=True)

    @endpoint
    def delete(self, id: str) -> Request[None]:
        """Have no more events sent there; gives None.

        Provisional: the method and the path are inferred.
        """
        return Request("DELETE", _endpoint(id), type(None), provisional=True)

    @paged
    def list_deliveries(
        self,
        id: str,
        *,
        limit: int | Unset | None = UNSET,
        cursor: str | Unset | None = UNSET,
        prefetch: int = 0,
    ) -> Request[Page[WebhookDelivery]]:
        """What was sent to an endpoint, and with what success.

        Provisional: the path is inferred.
        """
        query = _position(limit, cursor)
        return Request("GET", _deliveries(id), Page[WebhookDelivery], query=query, provisional=True)


def _position(limit: int | Unset | None, cursor: str | Unset | None) -> dict[str, str | int]:
    return arguments.query(
        limit=arguments.optional(arguments.page_limit, "limit", limit),
        cursor=arguments.optional(arguments.text, "cursor", cursor),
    )


def _fields(
    url: str | Unset,
    events: Iterable[str] | Unset,
    description: str | Unset | None,
    enabled: bool | Unset,
) -> dict[str, Any]:
    return given(
        {
            "url": arguments.needed(arguments.text, "url", url),
            "events": arguments.needed(_event_types, "events", events),
            "description": arguments.optional(arguments.text, "description", description),
            "enabled": arguments.needed(arguments.flag, "enabled", enabled),
        }
    )


def _event_types(name: str, value: object) -> list[str]:
    """The event types to send; ones that this package does not know pass through."""
    types = arguments.many(name, value)
    if not types:
        msg = f"{name} must name at least one event type, such as meeting_request.booked"
        raise InvalidArgumentError(msg)
    return [arguments.text(f"{name}[{position}]", type) for position, type in enumerate(types)]
