"""What a blocking call costs beside the same call awaited and beside the blocking clients people know; and a list."""

import argparse
import asyncio
import itertools
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from benchmarks.interleaved import Costs, running_workers
from benchmarks.peers import KEY
from benchmarks.report import Control, Verdict, at_most, conclusion, table, unproven
from benchmarks.server import PAGES, PER_PAGE, running_server
from benchmarks.worker import Peers, Sample, Stopwatch, Work

__all__ = ["PEERS", "main"]

#: What a call may cost at most: microseconds of CPU above the awaited one, and multiples of the CPU of other clients.
MOST_ABOVE, MOST_TO_HTTPX, MOST_TO_REQUESTS = 200.0, 1.0, 0.5
#: What an object of a list may cost at most, as a multiple of the CPU of an awaited one.
MOST_TO_AWAITED = 1.4

_OURS, _AWAITED, _AGAIN = "`SkipUp`", "`AsyncSkipUp`, awaited", "`AsyncSkipUp` again"
_HTTPX, _REQUESTS = "`httpx.Client`", "`requests.Session`"
_HEADERS = {"Authorization": f"Bearer {KEY}"}
_WARM = 50


def _calls(call: Callable[[str], object]) -> Work:
    """Calls one after the other, each with an id of its own, on a connection that is open."""
    ids = (f"mr_{number}" for number in itertools.count())

    def work(count: int) -> Sample:
        for id in itertools.islice(ids, _WARM):
            call(id)
        with Stopwatch(count) as watch:
            for id in itertools.islice(ids, count):
                call(id)
        return watch.sample

    return work


@contextmanager
def _blocking(url: str) -> Iterator[Mapping[str, Work]]:
    from skipup_async import SkipUp, Unlimited

    def objects(pages: int) -> Sample:
        seen = 0
        with Stopwatch(pages * PER_PAGE) as watch:
            for _ in skipup.meeting_requests.list(limit=PER_PAGE, cursor=str(PAGES - pages)):
                seen += 1
        assert seen == pages * PER_PAGE
        return watch.sample

    with SkipUp(KEY, base_url=url, limiter=Unlimited()) as skipup:
        yield {"call": _calls(skipup.meeting_requests.get), "list": objects}


@contextmanager
def _awaited(url: str) -> Iterator[Mapping[str, Work]]:
    from skipup_async import AsyncSkipUp, Unlimited

    ids = (f"mr_{number}" for number in itertools.count())

    async def calls(count: int) -> Sample:
        for id in itertools.islice(ids, _WARM):
            await skipup.meeting_requests.get(id)
        with Stopwatch(count) as watch:
            for id in itertools.islice(ids, count):
                await skipup.meeting_requests.get(id)
        return watch.sample

    async def objects(pages: int) -> Sample:
        seen = 0
        with Stopwatch(pages * PER_PAGE) as watch:
            async for _ in skipup.meeting_requests.list(limit=PER_PAGE, cursor=str(PAGES - pages)):
                seen += 1
        assert seen == pages * PER_PAGE
        return watch.sample

    with asyncio.Runner() as runner:
        skipup = AsyncSkipUp(KEY, base_url=url, limiter=Unlimited())
        yield {"call": lambda count: runner.run(calls(count)), "list": lambda pages: runner.run(objects(pages))}
        runner.run(skipup.aclose())


@contextmanager
def _httpx(url: str) -> Iterator[Mapping[str, Work]]:
    import httpx

    with httpx.Client(headers=_HEADERS) as client:
        yield {"call": _calls(lambda id: client.get(f"{url}/meeting_requests/{id}").json())}


@contextmanager
def _requests(url: str) -> Iterator[Mapping[str, Work]]:
    import requests

    with requests.Session() as session:
        session.headers.update(_HEADERS)
        yield {"call": _calls(lambda id: session.get(f"{url}/meeting_requests/{id}").json())}


PEERS: Peers = {_OURS: _blocking, _AWAITED: _awaited, _AGAIN: _awaited, _HTTPX: _httpx, _REQUESTS: _requests}


def _above(costs: Costs) -> float:
    """Microseconds of CPU that a blocking call costs above the awaited one: the median over the rounds."""
    pairs = zip(costs.samples[_OURS], costs.samples[_AWAITED], strict=True)
    return statistics.median(ours.cpu - awaited.cpu for ours, awaited in pairs)


def _rows(calls: Costs, lists: Costs, absent: Mapping[str, str]) -> list[list[str]]:
    rows = []
    for peer in PEERS:
        if peer in absent:
            rows.append([peer, absent[peer], "", "", ""])
            continue
        cells = [f"{calls.median(peer, 'cpu'):.0f}", f"{calls.ratio(peer, _OURS):.2f}"]
        each = f"{lists.median(peer, 'cpu'):.2f}" if peer in lists.samples else ""
        rows.append([peer, *cells, f"{calls.median(peer, 'wall'):.0f}", each])
    return rows


def _verdicts(calls: Costs, lists: Costs, absent: Mapping[str, str]) -> list[Verdict]:
    verdicts = [at_most("CPU of a call above the awaited one", _above(calls), MOST_ABOVE, "µs", 0)]
    for peer, target in ((_HTTPX, MOST_TO_HTTPX), (_REQUESTS, MOST_TO_REQUESTS)):
        claim = f"CPU of a call to that of {peer}"
        known = peer not in absent
        verdicts.append(at_most(claim, calls.ratio(_OURS, peer), target) if known else unproven(claim, absent[peer]))
    iteration = at_most("CPU of an object of a list to the awaited one", lists.ratio(_OURS, _AWAITED), MOST_TO_AWAITED)
    return [*verdicts, iteration]


def main(arguments: Sequence[str]) -> int:
    """Print the table and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks blocking", description=__doc__)
    parser.add_argument("--calls", type=int, default=500, help="calls of each client in a round (500)")
    parser.add_argument("--pages", type=int, default=50, help=f"pages of {PER_PAGE} objects in a round (50)")
    parser.add_argument("--rounds", type=int, default=11, help="rounds, each client once in each (11)")
    chosen = parser.parse_args(arguments)
    with (
        running_server() as url,
        running_workers("benchmarks.blocking", PEERS, url, needed=(_OURS, _AWAITED)) as workers,
    ):
        calls = workers.measure(dict.fromkeys(workers.names, ("call", chosen.calls)), chosen.rounds, 80)
        listing = (_OURS, _AWAITED, _AGAIN)
        lists = workers.measure(dict.fromkeys(listing, ("list", chosen.pages)), chosen.rounds, 60)
    print(
        f"One object at a time over one connection, {chosen.rounds} rounds of {chosen.calls} calls in turn, medians, "
        f"ratios within a round; and lists of {chosen.pages}\npages of {PER_PAGE}. `httpx.Client` and "
        "`requests.Session` in their default settings, and to a dict.\n"
    )
    head = ["client", "CPU, µs a call", "× ours", "time, µs a call", "CPU, µs an object of a list"]
    print(table(head, _rows(calls, lists, workers.absent)), end="\n\n")
    control = Control({"call": calls.ratio(_AGAIN, _AWAITED), "list": lists.ratio(_AGAIN, _AWAITED)})
    lines, code = conclusion(_verdicts(calls, lists, workers.absent), control)
    print(lines)
    return code
