"""Rounds in turn: every peer in a process of its own, one after the other, again and again."""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from operator import attrgetter
from typing import Any

import attrs

from benchmarks.report import median_ratio
from benchmarks.worker import Sample

__all__ = ["Costs", "Workers", "running_workers", "some_of"]

#: The name of a work of the peer's, and what it is done with.
Turn = tuple[str | float, ...]


@attrs.frozen
class Costs:
    """What every peer cost in one setting, round by round."""

    samples: dict[str, list[Sample]]

    def median(self, peer: str, figure: str) -> float:
        """The median of one *figure* of *peer*: `cpu`, `wall` or `peak`."""
        return statistics.median(self._all(peer, figure))

    def peak(self, peer: str) -> float:
        """MiB of memory that *peer* held at most."""
        return max(self._all(peer, "peak"))

    def ratio(self, peer: str, reference: str, figure: str = "cpu") -> float:
        """The median over the rounds of one *figure* of *peer* to that of *reference*."""
        return median_ratio(self._all(peer, figure), self._all(reference, figure))

    def _all(self, peer: str, figure: str) -> list[float]:
        return list(map(attrgetter(figure), self.samples[peer]))


class _Worker:
    """The process of one peer."""

    def __init__(self, suite: str, peer: str, url: str) -> None:
        self.peer = peer
        command = [sys.executable, "-m", "benchmarks.worker", suite, peer, url]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            msg = f"the process of {self.peer} has ended with code {self._process.wait()}"
            raise RuntimeError(msg)
        reply: dict[str, Any] = json.loads(line)
        return reply

    def work(self, turn: Turn) -> Sample:
        assert self._process.stdin is not None
        print(json.dumps(turn), file=self._process.stdin, flush=True)
        return Sample(**self.read())

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


class Workers:
    """The peers of a suite, each in its process."""

    def __init__(self, workers: Sequence[_Worker], absent: dict[str, str]) -> None:
        self._workers = {worker.peer: worker for worker in workers}
        #: Why a peer is not among them, by its name.
        self.absent = absent

    @property
    def names(self) -> list[str]:
        """The peers that are there."""
        return list(self._workers)

    def measure(self, turns: Mapping[str, Turn], rounds: int, seconds: float) -> Costs:
        """What the turn of each peer in *turns* costs: *rounds* rounds, fewer where *seconds* are over, but one.

        The order is reversed from round to round.
        """
        whole: list[dict[str, Sample]] = []
        end = time.monotonic() + seconds
        while len(whole) < rounds and (not whole or time.monotonic() < end):
            found: dict[str, Sample] = {}
            for peer in turns if len(whole) % 2 else reversed([*turns]):
                if whole and time.monotonic() > end:
                    break
                found[peer] = self._workers[peer].work(turns[peer])
            else:
                whole.append(found)
        return Costs({peer: [found[peer] for found in whole] for peer in turns})


@contextmanager
def running_workers(suite: str, peers: Iterable[str], url: str, needed: Iterable[str]) -> Iterator[Workers]:
    """Workers for the *peers* in `PEERS` of the module *suite* and the server at *url*.

    A peer whose library is not installed is absent; where it is *needed*, the program ends.
    """
    with ExitStack() as stack:
        started = [_Worker(suite, peer, url) for peer in peers]
        for worker in started:
            stack.callback(worker.end)
        replies = {worker.peer: worker.read() for worker in started}
        absent = {peer: reply["absent"] for peer, reply in replies.items() if reply}
        if missing := [f"{peer}: {absent[peer]}" for peer in needed if peer in absent]:
            sys.exit(f"nothing can be measured without {', '.join(missing)}")
        yield Workers([worker for worker in started if worker.peer not in absent], absent)


def some_of(peers: Container[str], needed: Collection[str]) -> Callable[[str], list[str]]:
    """How an argument names some of *peers*, with commas between, all that are *needed* among them."""

    def names(text: str) -> list[str]:
        found = text.split(",")
        if unknown := [name for name in found if name not in peers]:
            msg = f"no such peer: {', '.join(unknown)}"
            raise argparse.ArgumentTypeError(msg)
        if missing := [name for name in needed if name not in found]:
            msg = f"without {', '.join(missing)} nothing can be compared"
            raise argparse.ArgumentTypeError(msg)
        return found

    return names
