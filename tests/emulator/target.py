"""An emulator to be mistreated: raw bytes in, answers out, and a look at whether its state is still the same."""

from __future__ import annotations

import http.client
import json
import re
import socket
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import attrs

from skipup_async.emulator import Emulator
from tests.conformance.watch import Watch

_TELLTALE = re.compile(r"Traceback|File \"|\.py\b|site-packages|aiohttp|sqlite|/home/|/usr/|/tmp/|\\n", re.IGNORECASE)
_SECONDS = 10


@attrs.frozen
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> tuple[int, str]:
        """Status and type of an error, which is in the documented envelope and tells nothing of the machine."""
        assert 400 <= self.status <= 499
        assert self.headers["content-type"] == "application/json; charset=utf-8"
        (error,) = json.loads(self.body).values()
        assert set(error) == {"type", "message"}
        assert not _TELLTALE.search(error["message"])
        return self.status, error["type"]


class Target:
    """One emulator, with something in every list, called from this thread."""

    def __init__(self, folder: Path) -> None:
        path = folder / "emulator.db"
        self.emulator = Emulator(db=path).__enter__()
        self.request_id = self.emulator.add_meeting_request()
        self.campaign_id = self.emulator.add_campaign("Spring")
        self._watch = Watch(str(path))
        parts = urlsplit(self.emulator.url)
        self.address = (parts.hostname or "", parts.port or 0)
        self._base = parts.path
        self._bearer = f"Bearer {self.emulator.api_key}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.close()
        self.emulator.__exit__(None, None, None)

    @contextmanager
    def untouched(self) -> Generator[None]:
        """Fail if the block changes anything."""
        self._watch.hold()
        yield
        assert not self._watch.let_go()

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Iterable[tuple[str, str | None]] = (),
    ) -> Answer:
        """Call a path of the API with the right key; a header of None is left out, one of another value is sent."""
        given = {"Authorization": self._bearer, "Content-Type": "application/json", **dict(headers)}
        connection = http.client.HTTPConnection(*self.address, timeout=_SECONDS)
        try:
            connection.putrequest(method, self._base + path)
            for name, value in given.items():
                if value is not None:
                    connection.putheader(name, value.encode("utf-8"))
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def post(self, path: str, body: Any) -> Answer:
        """POST a JSON value."""
        return self.call("POST", path, json.dumps(body).encode())

    def head(self, *lines: str, method: str = "GET", target: str = "/teams", version: str = "1.1") -> bytes:
        """The head of a request with the right key and Host, which is the connection's last unless *lines* say."""
        first = [f"{method} {self._base}{target} HTTP/{version}", "Host: localhost", f"Authorization: {self._bearer}"]
        last = [] if any(line.startswith("Connection") for line in lines) else ["Connection: close"]
        return "\r\n".join([*first, *lines, *last, "", ""]).encode("latin-1")

    def exchange(self, *pieces: bytes) -> list[Answer]:
        """Send raw bytes, piece by piece; give every answer until the server closes."""
        with socket.create_connection(self.address, timeout=_SECONDS) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for piece in pieces:
                connection.sendall(piece)
            received = b"".join(iter(lambda: connection.recv(65536), b""))
        return list(_answers(received))


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def _answers(received: bytes) -> Generator[Answer]:
    """Every answer in what was received."""
    while received:
        head, _, rest = received.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", 0))
        yield Answer(int(status.split(" ")[1]), headers, rest[:length])
        received = rest[length:]
