"""Requests a second that the emulator answers, in memory and on a file, in a process of its own."""

import argparse
import asyncio
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import attrs

from benchmarks.report import at_least, conclusion, table
from skipup_async.emulator import Emulator

__all__ = ["main"]

#: Requests a second that are asked of the emulator.
LEAST = 1000.0
_KEY = "sk_test_benchmark_emulator"
_LISTED = 100
_CONNECTIONS = 8
_MEETING = {
    "organizer_email": "alice@example.com",
    "participant_emails": ["alex@example.com", "priya@example.com"],
    "context": {"title": "Product demo walkthrough", "purpose": "Show the new dashboard features"},
}

#: The bytes of one request after the other.
Requests = Iterator[bytes]


def _request(method: str, path: str, body: Any = None, **headers: str) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    headers |= {"Host": "127.0.0.1", "Authorization": f"Bearer {_KEY}"}
    if content:
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{method} /api/v1{path} HTTP/1.1\r\n{head}\r\n".encode() + content


def _creates() -> Requests:
    while True:
        yield _request("POST", "/meeting_requests", _MEETING, **{"Idempotency-Key": str(uuid.uuid4())})


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered: the least that a client can do."""

    _transport: asyncio.Transport

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._received = bytearray()
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answered = 0
        self.last = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the emulator hung up"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._received[:end]).lower()
        whole = end + 4 + int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(self._received) < whole:
            return
        self.last = bytes(self._received[end + 4 : whole])
        assert head[9:10] == b"2", self.last
        self.answered += 1
        del self._received[:whole]
        self._send()

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


async def _answered(port: int, requests: Requests, connections: int = _CONNECTIONS) -> list[_Connection]:
    """The connections over which all of *requests* were answered."""
    loop = asyncio.get_running_loop()
    made = [loop.create_connection(lambda: _Connection(requests), "127.0.0.1", port) for _ in range(connections)]
    opened = [connection for _, connection in await asyncio.gather(*made)]
    await asyncio.gather(*(connection.done for connection in opened))
    return opened


def _for_a_while(requests: Requests, seconds: float) -> Requests:
    ends = time.perf_counter() + seconds
    return itertools.takewhile(lambda _: time.perf_counter() < ends, requests)


async def _work(port: int) -> dict[str, Callable[[], Requests]]:
    """Fill the emulator, and give what is asked of it from then on."""
    filled = await _answered(port, itertools.islice(_creates(), _LISTED), connections=1)
    one = json.loads(filled[0].last)["data"]["id"]
    return {
        "GET one": lambda: itertools.repeat(_request("GET", f"/meeting_requests/{one}")),
        f"GET a list of {_LISTED}": lambda: itertools.repeat(_request("GET", f"/meeting_requests?limit={_LISTED}")),
        "POST under a new idempotency key": _creates,
    }


@attrs.frozen
class _Emulator:
    """An emulator at work in a process of its own."""

    port: int
    _process: "subprocess.Popen[str]"

    def cpu(self) -> float:
        """Seconds of processor time that its process has taken."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())


@contextmanager
def _running(db: str) -> Generator[_Emulator]:
    command = [sys.executable, "-m", "benchmarks.emulator", db]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield _Emulator(int(process.stdout.readline()), process)


def _serve(db: str) -> None:
    """Serve until stdin ends; for each line on it tell the processor time so far."""
    with Emulator(db=db, key=_KEY) as emulator:
        print(emulator.url.rpartition(":")[2].partition("/")[0], flush=True)
        for _ in sys.stdin:
            print(time.process_time(), flush=True)


@attrs.frozen
class _Rates:
    """What one emulator did with one kind of request, round by round."""

    wall: list[float] = attrs.field(factory=list[float])
    cpu: list[float] = attrs.field(factory=list[float])

    @property
    def a_second(self) -> float:
        """Requests answered in a second."""
        return statistics.median(self.wall)

    async def add(self, emulator: _Emulator, requests: Requests, seconds: float) -> None:
        """Measure one round."""
        begun, cpu = time.perf_counter(), emulator.cpu()
        opened = await _answered(emulator.port, _for_a_while(requests, seconds))
        answered = sum(connection.answered for connection in opened)
        self.wall.append(answered / (time.perf_counter() - begun))
        self.cpu.append((emulator.cpu() - cpu) / answered * 1e6)


async def _measured(emulators: dict[str, _Emulator], seconds: float, rounds: int) -> dict[tuple[str, str], _Rates]:
    """What each emulator did with each kind of request, all in turn in every round."""
    work = {place: await _work(emulator.port) for place, emulator in emulators.items()}
    found = {(kind, place): _Rates() for place, kinds in work.items() for kind in kinds}
    for _ in range(rounds):
        for (kind, place), rates in found.items():
            await rates.add(emulators[place], work[place][kind](), seconds)
    return found


def main(arguments: Sequence[str]) -> int:
    """Print the table and the verdicts; 0 where the targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks emulator", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.8, help="how long each is measured in a round (0.8)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds, each once in each (7)")
    chosen = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        files = {"in memory": ":memory:", "on a file": str(Path(folder) / "state.sqlite")}
        emulators = {place: stack.enter_context(_running(db)) for place, db in files.items()}
        found = asyncio.run(_measured(emulators, chosen.seconds, chosen.rounds))
    print(f"Over {_CONNECTIONS} kept connections, medians of {chosen.rounds} rounds in turn:\n")
    rows = [
        [kind, place, f"{rates.a_second:,.0f}", f"{statistics.median(rates.cpu):,.0f}"]
        for (kind, place), rates in found.items()
    ]
    print(table(["request", "state", "a second", "CPU, µs each"], rows, texts=2), end="\n\n")
    lines, code = conclusion(
        at_least(f"{kind}, {place}", rates.a_second, LEAST, "a second", digits=0)
        for (kind, place), rates in found.items()
    )
    print(lines)
    return code


if __name__ == "__main__":
    _serve(sys.argv[1])
