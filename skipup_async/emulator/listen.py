"""`python -m skipup_async listen`: print verified events as they arrive, until Ctrl-C. For development."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Sequence

from aiohttp import web

from skipup_async.core.readable import readable
from skipup_async.emulator.signals import stop_signal
from skipup_async.errors import ConfigurationError, ReplayedEvent, WebhookVerificationError
from skipup_async.webhooks import Event, Webhook

SECRET_VARIABLE = "SKIPUP_WEBHOOK_SECRET"  # noqa: S105 - a name
DEFAULT_PORT = 8751


def run(arguments: Sequence[str] | None = None) -> int:
    """Listen until SIGINT or SIGTERM; give the exit code."""
    options = _parser().parse_args(arguments)
    try:
        webhook = Webhook(options.secret or [os.environ.get(SECRET_VARIABLE, "")], replay=True)
    except ConfigurationError as error:
        return _complain(f"{error}: pass --secret, or set {SECRET_VARIABLE}")
    try:
        asyncio.run(_serve(application(webhook), options.host, options.port))
    except KeyboardInterrupt:  # where signals cannot be handled in the loop
        return 0
    except (OSError, OverflowError) as error:
        return _complain(str(error))
    return 0


def application(webhook: Webhook) -> web.Application:
    """An application that takes webhooks on every path and prints those that are genuine."""

    async def receive(request: web.Request) -> web.Response:
        try:
            event = webhook.verify(await request.read(), request.headers)
        except ReplayedEvent:
            _say("An event came again.")
            return web.Response(status=204)
        except WebhookVerificationError as error:
            _say(f"Refused: {error}")
            return web.Response(status=400)
        _say(described(event))
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/{path:.*}", receive)
    return app


def described(event: Event) -> str:
    """An event in lines for a terminal: nothing in it can move the cursor."""
    title = " ".join(readable(part) for part in (event.type or "(no type)", event.id or "") if part)
    return f"{title}\n{json.dumps(event.raw, indent=2)}"


async def _serve(app: web.Application, host: str, port: int) -> None:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        ended = stop_signal()
        _say(f"Listening on http://{host}:{runner.addresses[0][1]}/ and every path below it. Ctrl-C stops it.")
        await ended.wait()
    finally:
        await runner.cleanup()
    _say("Stopped.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skipup_async listen", description="Print verified webhooks as they arrive."
    )
    parser.add_argument(
        "--secret", action="append", help=f"the signing secret; repeatable (default: {SECRET_VARIABLE})"
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="(default: %(default)s)")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(message: str) -> int:
    sys.stderr.write(f"python -m skipup_async listen: {message}\n")
    return 2
