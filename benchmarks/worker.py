"""One peer in a process of its own: reads what to do from stdin, a line each, and answers what it cost."""

import gc
import importlib
import json
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import attrs

from benchmarks.machine import peak_mebibytes, settle

__all__ = ["Peers", "Sample", "Stopwatch", "Work"]


@attrs.frozen
class Sample:
    """What each of many equal pieces of work cost: microseconds, and the process's peak memory so far in MiB."""

    cpu: float
    wall: float
    peak: float


class Stopwatch:
    """Measures so many *pieces* of work that are done between `with` and its end."""

    def __init__(self, pieces: int) -> None:
        self._pieces = pieces

    def __enter__(self) -> "Stopwatch":
        gc.collect()
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        cpu, wall = time.process_time() - self._cpu, time.perf_counter() - self._wall
        self.sample = Sample(cpu / self._pieces * 1e6, wall / self._pieces * 1e6, peak_mebibytes())


#: Warms up, does so many pieces of work and says what they cost.
Work = Callable[..., Sample]
#: The peers of a suite: what each can do, by the URL of the server.
Peers = Mapping[str, Callable[[str], AbstractContextManager[Mapping[str, Work]]]]


def _reply(value: Mapping[str, Any]) -> None:
    print(json.dumps(value), flush=True)


def main(suite: str, peer: str, url: str) -> None:
    """Serve until stdin ends."""
    settle()
    with ExitStack() as stack:
        try:
            peers: Peers = importlib.import_module(suite).PEERS
            works = stack.enter_context(peers[peer](url))
        except ImportError as fault:
            _reply({"absent": f"{fault.name or fault} is not installed"})
            return
        _reply({})
        for line in sys.stdin:
            work, *numbers = json.loads(line)
            _reply(attrs.asdict(works[work](*numbers)))


if __name__ == "__main__":
    main(*sys.argv[1:])
