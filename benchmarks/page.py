"""What a page of 100 objects costs: ours with and without orjson, beside bare aiohttp and six clients."""

import argparse
from collections.abc import Sequence

from benchmarks.interleaved import Costs, running_workers, some_of
from benchmarks.peers import AGAIN, FLOOR, OTHERS, OURS, PEERS, WITHOUT_ORJSON
from benchmarks.report import Control, at_most, conclusion, table
from benchmarks.server import running_server

__all__ = ["main"]

#: The CPU a page may cost at most, as a multiple of the floor's.
TARGETS = {OURS: 2.2, WITHOUT_ORJSON: 2.6}

_PEERS = (OURS, WITHOUT_ORJSON, FLOOR, AGAIN, *OTHERS)
#: Pages of a turn; of those that take ten times as long, fewer.
_PAGES, _FEWER = 200, 20
_HEAVY = ("stripe", "openai")
_LEGEND = """\
One page of 100 objects after the other, medians of {rounds} rounds in turn, ratios within a round. The floor is bare
aiohttp and orjson, which gives dicts, as gidgethub, slack_sdk, niquests and httpx do; ours, stripe and openai give
typed objects."""


def _row(costs: Costs, peer: str, absent: dict[str, str]) -> list[str]:
    if peer in absent:
        return [peer, absent[peer], "", ""]
    cpu, wall = costs.median(peer, "cpu"), costs.median(peer, "wall")
    return [peer, f"{cpu:,.0f}", f"{costs.ratio(peer, FLOOR):.2f}", f"{wall:,.0f}"]


def main(arguments: Sequence[str]) -> int:
    """Print the table and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="rounds, each peer once in each (11)")
    parser.add_argument("--peers", type=some_of(PEERS, (OURS, FLOOR)), default=list(_PEERS), help=",".join(_PEERS))
    parser.add_argument("--seconds", type=float, default=120.0, help="after which no turn is begun (120)")
    chosen = parser.parse_args(arguments)
    with (
        running_server() as url,
        running_workers("benchmarks.peers", chosen.peers, url, needed=(OURS, FLOOR)) as workers,
    ):
        turns = {peer: ("pages", _FEWER if peer in _HEAVY else _PAGES) for peer in workers.names}
        costs = workers.measure(turns, chosen.rounds, chosen.seconds)
    print(_LEGEND.format(rounds=len(costs.samples[FLOOR])), end="\n\n")
    head = ["page of 100", "CPU, µs a page", "× the floor", "time, µs a page"]
    print(table(head, [_row(costs, peer, workers.absent) for peer in chosen.peers]), end="\n\n")
    verdicts = [
        at_most(f"CPU of a page to the floor's, {peer}", costs.ratio(peer, FLOOR), target)
        for peer, target in TARGETS.items()
        if peer in chosen.peers
    ]
    control = Control({"": costs.ratio(AGAIN, FLOOR)}) if AGAIN in chosen.peers else None
    lines, code = conclusion(verdicts, control)
    print(lines)
    return code
