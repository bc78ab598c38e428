"""Receivers that keep what they take in: the same in aiohttp and in FastAPI."""

from collections.abc import Callable
from typing import Any

import attrs
from aiohttp import web
from fastapi import FastAPI, Request, Response

from skipup_async import WebhookVerificationError
from skipup_async.webhooks import Event, Headers, Webhook

__all__ = ["RECEIVERS", "Inbox", "aiohttp_receiver", "fastapi_receiver"]


@attrs.define
class Inbox:
    """What came, and how it is answered."""

    #: None takes everything for genuine and keeps no event.
    webhook: Webhook | None = None
    events: list[Event] = attrs.field(factory=list[Event])
    refused: list[Exception] = attrs.field(factory=list[Exception])
    #: Every body that came, genuine or not.
    bodies: list[bytes] = attrs.field(factory=list[bytes])
    #: The answers to the next genuine deliveries; 204 when there are none left.
    answers: list[int] = attrs.field(factory=list[int])

    def take(self, body: bytes, headers: Headers) -> int:
        """The status to answer a delivery with. Only the one error is caught: any other is a 500."""
        self.bodies.append(body)
        if self.webhook is not None:
            try:
                self.events.append(self.webhook.verify(body, headers))
            except WebhookVerificationError as error:
                self.refused.append(error)
                return 400
        return self.answers.pop(0) if self.answers else 204


def aiohttp_receiver(inbox: Inbox) -> web.Application:
    """A receiver in aiohttp."""

    async def receive(request: web.Request) -> web.Response:
        status = inbox.take(await request.read(), request.headers)
        return web.Response(status=status, headers={"Location": "/elsewhere"} if 300 <= status <= 399 else {})

    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", receive)
    return app


def fastapi_receiver(inbox: Inbox) -> FastAPI:
    """A receiver in FastAPI."""
    app = FastAPI()

    async def receive(request: Request) -> Response:
        return Response(status_code=inbox.take(await request.body(), request.headers))

    app.add_api_route("/{path:path}", receive, methods=["POST"])
    return app


RECEIVERS: dict[str, Callable[[Inbox], Any]] = {"aiohttp": aiohttp_receiver, "FastAPI": fastapi_receiver}
