"""What one GET of one object costs, each with an id of its own, at 1, 50, 500 and 1,000 calls at once."""

import argparse
import time
from collections.abc import Sequence

from benchmarks.interleaved import Costs, Workers, running_workers, some_of
from benchmarks.peers import AGAIN, FLOOR, OTHERS, OURS, PEERS
from benchmarks.report import Control, Verdict, at_most, conclusion, table, unproven
from benchmarks.server import running_server

__all__ = ["main"]

#: The CPU a call may cost at most, as a multiple of the floor's, by the number of calls at once.
TARGETS = {1: 1.10, 50: 1.10, 500: 1.15, 1000: 1.15}
#: MiB of peak memory at most above the floor's, at the widest.
MOST_MEMORY = 12.0

#: Calls of a turn, by the number at once, of those that are near the floor and of those that are far from it.
_NEAR = {1: 500, 50: 2000, 500: 2000, 1000: 2000}
_FAR = {1: 200, 50: 500, 500: 500, 1000: 1000}
_FAR_FROM_THE_FLOOR = ("stripe", "openai", "niquests", "httpx")

_PEERS = (OURS, FLOOR, AGAIN, *OTHERS)
_LEGEND = """\
CPU, µs a call · × the floor's CPU · time, µs a call. The floor is `ClientSession(connector=TCPConnector(limit=0))`,
everything else as aiohttp has it, not even a key is sent, and `async with session.get(url) as response:
orjson.loads(await response.read())`, `url` a new `str` each time. Ours gives typed objects and keeps all promises but a
rate limit; stripe and openai give objects too, the others dicts. Medians of {rounds} rounds in turn, ratios within a
round."""


def _count(peer: str, width: int) -> int:
    return (_FAR if peer in _FAR_FROM_THE_FLOOR else _NEAR)[width]


def measure(workers: Workers, widths: Sequence[int], rounds: int, seconds: float) -> dict[int, Costs]:
    """The costs by the number of calls at once, from few to many; within *seconds*."""
    end = time.monotonic() + seconds
    costs: dict[int, Costs] = {}
    for number, width in enumerate(widths):
        share = (end - time.monotonic()) / (len(widths) - number)
        turns = {peer: ("calls", width, _count(peer, width)) for peer in workers.names}
        costs[width] = workers.measure(turns, rounds, share)
    return costs


def _rows(costs: dict[int, Costs], peers: Sequence[str], absent: dict[str, str]) -> list[list[str]]:
    rows = []
    for peer in peers:
        if peer in absent:
            rows.append([peer, absent[peer], *[""] * len(costs)])
            continue
        cells = [
            f"{cost.median(peer, 'cpu'):,.0f} · {cost.ratio(peer, FLOOR):.2f} · {cost.median(peer, 'wall'):,.0f}"
            for cost in costs.values()
        ]
        rows.append([peer, *cells, f"{costs[max(costs)].peak(peer):.1f}"])
    return rows


def _ahead(costs: dict[int, Costs], others: Sequence[str], absent: dict[str, str]) -> Verdict:
    """Whether ours costs less than each of *others* at every width, each by the median of the rounds."""
    claim = "ahead of every peer at every width"
    if missing := [peer for peer in others if peer in absent]:
        return unproven(claim, ", ".join(absent[peer] for peer in missing))
    nearest = {(peer, width): cost.ratio(OURS, peer) for width, cost in costs.items() for peer in others}
    peer, width = max(nearest, key=lambda key: nearest[key])
    figure = f"{nearest[peer, width]:.2f} × the CPU of the nearest, {peer} at {width:,}, target below 1.00 ×"
    return Verdict(claim, figure, nearest[peer, width] < 1)


def _verdicts(costs: dict[int, Costs], peers: Sequence[str], absent: dict[str, str]) -> list[Verdict]:
    verdicts = [
        at_most(f"CPU of a call to the floor's, {w:,} at once", cost.ratio(OURS, FLOOR), TARGETS[w])
        for w, cost in costs.items()
    ]
    if others := [peer for peer in peers if peer in OTHERS]:
        verdicts.append(_ahead(costs, others, absent))
    widest = max(costs)
    above = costs[widest].peak(OURS) - costs[widest].peak(FLOOR)
    return [*verdicts, at_most(f"peak memory above the floor's, {widest:,} at once", above, MOST_MEMORY, "MiB", 1)]


def main(arguments: Sequence[str]) -> int:
    """Print the table and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks calls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="rounds, each peer once in each (7)")
    parser.add_argument("--peers", type=some_of(PEERS, (OURS, FLOOR)), default=list(_PEERS), help=",".join(_PEERS))
    parser.add_argument(
        "--widths",
        type=lambda text: [int(w) for w in text.split(",")],
        default=list(TARGETS),
        help="calls at once, of " + ",".join(map(str, TARGETS)),
    )
    parser.add_argument("--seconds", type=float, default=140.0, help="after which no turn is begun (140)")
    chosen = parser.parse_args(arguments)
    with (
        running_server() as url,
        running_workers("benchmarks.peers", chosen.peers, url, needed=(OURS, FLOOR)) as workers,
    ):
        costs = measure(workers, sorted(chosen.widths), chosen.rounds, chosen.seconds)
    head = ["one GET", *[f"{width:,} at once" for width in costs], f"peak MiB at {max(costs):,}"]
    made = sorted({len(cost.samples[OURS]) for cost in costs.values()})
    print(_LEGEND.format(rounds=f"{made[0]} to {made[-1]}" if made[1:] else made[0]), end="\n\n")
    print(table(head, _rows(costs, chosen.peers, workers.absent)), end="\n\n")
    control = None
    if AGAIN in chosen.peers:
        control = Control({f"{width:,}": cost.ratio(AGAIN, FLOOR) for width, cost in costs.items()})
    lines, code = conclusion(_verdicts(costs, chosen.peers, workers.absent), control)
    print(lines)
    return code
