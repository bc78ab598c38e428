"""What a long list costs: 100,000 objects over 1,000 pages, its memory, and what `prefetch=1` saves a busy consumer."""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from benchmarks.interleaved import Costs, running_workers
from benchmarks.peers import KEY
from benchmarks.report import Control, Verdict, at_most, below, conclusion, table
from benchmarks.server import PAGES, PER_PAGE, running_server
from benchmarks.worker import Peers, Sample, Stopwatch, Work

__all__ = ["PEERS", "main"]

#: Multiples of the bare loop's CPU and of the time without prefetch, and MiB.
MOST_CPU, MOST_TIME, MOST_GROWTH = 2.2, 0.65, 5.0

_OURS, _PREFETCH, _FLOOR, _AGAIN = "ours", "ours, `prefetch=1`", "bare loop", "bare loop again"
#: Seconds that the server takes for a page, and pages of a turn, where a consumer works on them.
_DELAY, _SLOW_PAGES = 0.02, 25


@contextmanager
def _bare_loop(url: str) -> Iterator[Mapping[str, Work]]:
    import aiohttp
    import orjson

    async def opened() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def walk(cursor: str | None, pages: int) -> Sample:
        seen = 0
        with Stopwatch(pages * PER_PAGE) as watch:
            while cursor is not None:
                async with session.get(f"{url}/meeting_requests?limit={PER_PAGE}&cursor={cursor}") as response:
                    answer = orjson.loads(await response.read())
                for _ in answer["data"]:
                    seen += 1
                cursor = answer["meta"]["next_cursor"]
        assert seen == pages * PER_PAGE
        return watch.sample

    with asyncio.Runner() as runner:
        session = runner.run(opened())
        yield {"walk": lambda pages: runner.run(walk(str(PAGES - pages), pages))}
        runner.run(session.close())


async def _walked(objects: AsyncIterator[Any]) -> int:
    seen = 0
    async for _ in objects:
        seen += 1
    return seen


async def _computed(objects: AsyncIterator[Any], seconds: float) -> int:
    """Keep the processor busy with each object, *seconds* for a page, and give the event loop no turn in between."""
    seen, begun = 0, 0.0
    async for _ in objects:
        place = seen % PER_PAGE
        if place == 0:
            begun = time.perf_counter()
        while time.perf_counter() < begun + seconds * (place + 1) / PER_PAGE:
            pass
        seen += 1
    return seen


async def _awaited(objects: AsyncIterator[Any], seconds: float) -> int:
    """Await something for *seconds* after each page."""
    seen = 0
    async for _ in objects:
        seen += 1
        if seen % PER_PAGE == 0:
            await asyncio.sleep(seconds)
    return seen


def _ours(**options: Any) -> Callable[[str], AbstractContextManager[Mapping[str, Work]]]:
    """This package's list with these *options*."""

    @contextmanager
    def opened(url: str) -> Iterator[Mapping[str, Work]]:
        from skipup_async import AsyncSkipUp, Unlimited

        with asyncio.Runner() as runner:
            skipup = AsyncSkipUp(KEY, base_url=url, limiter=Unlimited())

            def consumed(consumer: Callable[..., Any], pages: int, *seconds: float) -> Sample:
                objects = skipup.meeting_requests.list(limit=PER_PAGE, cursor=str(PAGES - pages), **options)
                with Stopwatch(pages * PER_PAGE) as watch:
                    seen = runner.run(consumer(aiter(objects), *seconds))
                assert seen == pages * PER_PAGE
                return watch.sample

            yield {
                "walk": lambda pages: consumed(_walked, pages),
                "compute": lambda pages, seconds: consumed(_computed, pages, seconds),
                "await": lambda pages, seconds: consumed(_awaited, pages, seconds),
            }
            runner.run(skipup.aclose())

    return opened


PEERS: Peers = {_OURS: _ours(), _PREFETCH: _ours(prefetch=1), _FLOOR: _bare_loop, _AGAIN: _bare_loop}


def _long_list(pages: int, rounds: int) -> tuple[Costs, dict[str, float]]:
    """What every peer costs over *pages* pages, and how many MiB it grows after the first tenth of them."""
    with running_server() as url, running_workers("benchmarks.pages", PEERS, url, needed=PEERS) as workers:
        first = workers.measure(dict.fromkeys(PEERS, ("walk", max(1, pages // 10))), 1, 60)
        costs = workers.measure(dict.fromkeys(PEERS, ("walk", pages)), rounds, 80)
    return costs, {peer: costs.peak(peer) - first.peak(peer) for peer in costs.samples}


def _busy_consumers(rounds: int) -> dict[str, Costs]:
    """Times with and without prefetch, by what the consumer does for as long as a page takes to come."""
    ways = (_OURS, _PREFETCH)
    with running_server(_DELAY) as url, running_workers("benchmarks.pages", ways, url, needed=ways) as workers:
        alone = workers.measure({_OURS: ("walk", _SLOW_PAGES)}, 1, 30)
        fetch = alone.median(_OURS, "wall") * PER_PAGE / 1e6
        turns = {what: (what, _SLOW_PAGES, fetch) for what in ("compute", "await")}
        return {what: workers.measure(dict.fromkeys(ways, turn), rounds, 30) for what, turn in turns.items()}


def _list_table(costs: Costs, grown: Mapping[str, float]) -> str:
    rows = [
        [
            peer,
            f"{costs.median(peer, 'cpu'):.2f}",
            f"{costs.ratio(peer, _FLOOR):.2f}",
            f"{costs.median(peer, 'wall'):.2f}",
            f"{grown[peer]:.1f}",
        ]
        for peer in costs.samples
    ]
    return table(["list", "CPU, µs an object", "× the bare loop", "time, µs an object", "MiB after a tenth"], rows)


def _consumer_table(busy: Mapping[str, Costs]) -> str:
    words = {"compute": "computes", "await": "awaits"}
    rows = [
        [
            f"{words[what]} as long as a fetch takes",
            *[f"{costs.median(peer, 'wall') * PER_PAGE / 1000:.1f}" for peer in (_OURS, _PREFETCH)],
            f"{costs.ratio(_PREFETCH, _OURS, 'wall'):.2f}",
        ]
        for what, costs in busy.items()
    ]
    return table(["the consumer", "ms a page", "with `prefetch=1`", "×"], rows)


def _verdicts(costs: Costs, grown: Mapping[str, float], busy: Mapping[str, Costs]) -> list[Verdict]:
    return [
        at_most("CPU of a long list to a bare loop's", costs.ratio(_OURS, _FLOOR), MOST_CPU),
        below("memory after the first tenth", max(grown[_OURS], grown[_PREFETCH]), MOST_GROWTH, "MiB"),
        *[
            at_most(f"time with `prefetch=1`, {words}", busy[what].ratio(_PREFETCH, _OURS, "wall"), MOST_TIME)
            for what, words in (("compute", "a consumer that computes"), ("await", "a consumer that awaits"))
        ],
    ]


def main(arguments: Sequence[str]) -> int:
    """Print the tables and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__)
    parser.add_argument(
        "--pages", type=int, default=PAGES, help=f"pages of {PER_PAGE} objects, at most {PAGES} ({PAGES})"
    )
    parser.add_argument("--rounds", type=int, default=9, help="rounds, each peer once in each (9)")
    chosen = parser.parse_args(arguments)
    costs, grown = _long_list(chosen.pages, chosen.rounds)
    busy = _busy_consumers(chosen.rounds)
    print(
        f"{chosen.pages * PER_PAGE:,} objects over {chosen.pages:,} pages, one page after the other; medians of "
        f"{len(costs.samples[_FLOOR])} rounds in turn, ratios within a round. The bare loop\nis aiohttp and orjson, "
        "and makes no objects.\n"
    )
    print(_list_table(costs, grown), end="\n\n")
    print(f"{_SLOW_PAGES} pages from a server that takes {_DELAY * 1000:.0f} ms for each:\n")
    print(_consumer_table(busy), end="\n\n")
    lines, code = conclusion(_verdicts(costs, grown, busy), Control({"": costs.ratio(_AGAIN, _FLOOR)}))
    print(lines)
    return code
