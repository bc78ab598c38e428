"""A real HTTP server that writes down what reaches it and answers as told: for what an emulator would never answer."""

import json
from collections import deque
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import attrs
from aiohttp import web
from anyio.from_thread import start_blocking_portal

__all__ = ["Recorder", "Seen"]


#: Requests after which nothing sensible is answered: a client that asks without end fails, and does not hang.
_MOST = 2_000


@attrs.frozen(eq=False)
class Seen:
    """One request as it came off the wire."""

    method: str
    #: As sent: nothing is unquoted, and the query is left out.
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes
    #: The port it came from, which tells one connection from another.
    port: int

    @property
    def json(self) -> Any:
        """The decoded body, None without one."""
        return json.loads(self.body) if self.body else None


class Recorder:
    """Listens on loopback in a thread of its own, inside `with`.

    Answers are given in the order they were told; the last one is given again
    and again.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.url = ""
        self._answers: deque[web.Response] = deque()

    def answer(self, body: Any = None, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Answer one more request with *body*: bytes as they are, all else as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", **(headers or {})}
        self._answers.append(web.Response(body=content, status=status, headers=headers))

    def clear(self) -> None:
        """Forget what was seen and what was told."""
        self.seen.clear()
        self._answers.clear()

    @property
    def last(self) -> Seen:
        """The latest request."""
        return self.seen[-1]

    def __enter__(self) -> Self:
        self._thread = start_blocking_portal("asyncio", name="recorder")
        self._portal = self._thread.__enter__()
        self._runner = self._portal.call(self._start)
        host, port = self._runner.addresses[0]
        self.url = f"http://{host}:{port}/api/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._portal.call(self._runner.cleanup)
        self._thread.__exit__(None, None, None)

    async def _start(self) -> web.AppRunner:
        application = web.Application(client_max_size=2**26)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0, max_line_size=2**17)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    async def _handle(self, request: web.Request) -> web.Response:
        path, body = request.raw_path.partition("?")[0], await request.read()
        port: int = request.transport.get_extra_info("peername")[1] if request.transport else 0
        self.seen.append(Seen(request.method, path, dict(request.query), request.headers, body, port))
        if len(self.seen) > _MOST:
            return web.Response(status=418)
        told = self._answers.popleft() if len(self._answers) > 1 else self._answers[0]
        return web.Response(body=told.body, status=told.status, headers=told.headers)
