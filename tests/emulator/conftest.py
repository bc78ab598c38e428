"""An emulator in the test's own loop, and a plain aiohttp client to call it: nothing of ours in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from types import TracebackType
from typing import Any, Self

import aiohttp
import attrs
import pytest

from skipup_async.emulator import Emulator


@attrs.frozen
class Reply:
    """An answer: its status, its decoded body (`None` if empty) and its headers."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        """What stands under `data`."""
        return self.body["data"]

    @property
    def error(self) -> tuple[int, str]:
        """Status and type of an error in the documented envelope, which has nothing else in it."""
        assert set(self.body) == {"error"}
        assert set(self.body["error"]) == {"type", "message"}
        return self.status, self.body["error"]["type"]

    @property
    def message(self) -> str:
        """The text of an error."""
        return str(self.body["error"]["message"])


class Api:
    """Calls one emulator with one key."""

    def __init__(self, emulator: Emulator, key: str | None = None) -> None:
        self._base = emulator.url
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {key or emulator.api_key}"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def call(self, method: str, path: str, **options: Any) -> Reply:
        """Send any request, with aiohttp's own options."""
        async with self._session.request(method, self._base + path, **options) as response:
            content = await response.read()
            body = await response.json() if content else None
            return Reply(response.status, body, dict(response.headers))

    async def get(self, path: str, **query: Any) -> Reply:
        """GET with query parameters."""
        return await self.call("GET", path, params=query)

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Reply:
        """POST a JSON body, under an Idempotency-Key if one is given."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return await self.call("POST", path, json=body, headers=headers)

    async def patch(self, path: str, body: Any) -> Reply:
        """PATCH with a JSON body."""
        return await self.call("PATCH", path, json=body)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop go round until *condition* holds; fail if it never does."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for announces itself to nobody
            await asyncio.sleep(0)


#: The least that a create takes.
MINIMAL = {"organizer_email": "alice@example.com", "participant_emails": ["carol@example.com"]}


@pytest.fixture
async def emulator() -> AsyncGenerator[Emulator]:
    """An emulator with nothing in it but what every one begins with."""
    async with Emulator() as running:
        yield running


@pytest.fixture
async def api(emulator: Emulator) -> AsyncGenerator[Api]:
    """A client of it, with its key."""
    async with Api(emulator) as client:
        yield client
