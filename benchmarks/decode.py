"""What it costs to make objects of JSON, in this process: ours beside pydantic, msgspec, mashumaro and code by hand."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.decoders import AGAIN, BY_HAND, DECODERS, OURS, PYDANTIC, Decoder, plain
from benchmarks.machine import settle
from benchmarks.report import Control, Verdict, at_most, conclusion, median_ratio, table, unproven
from benchmarks.server import OBJECT, PER_PAGE
from benchmarks.worker import Stopwatch
from skipup_async import MeetingRequest
from skipup_async.core.convert import decode

__all__ = ["main"]

#: What decoding may cost at most, as a multiple of what pydantic takes.
TARGET = 0.95

_ITEMS = [OBJECT | {"id": f"mr_{place}"} for place in range(PER_PAGE)]
_BODY = json.dumps({"data": _ITEMS}, separators=(",", ":")).encode()
_PAGES = 20


def _check(decoders: Mapping[str, Decoder]) -> None:
    """Fail where two decoders make different objects of the same page."""
    expected = [plain(decode(MeetingRequest, item)) for item in _ITEMS]
    for name, decoder in decoders.items():
        if decoder.of_dicts is None:
            continue
        for made in (decoder.of_bytes(_BODY), decoder.of_dicts(_ITEMS)):
            assert [plain(one) for one in made] == expected, f"{name} makes other objects of the same page"


def _turn(work: Callable[[Any], object], page: object) -> float:
    """Microseconds of CPU for each object."""
    with Stopwatch(_PAGES * PER_PAGE) as watch:
        for _ in range(_PAGES):
            work(page)
    return watch.sample.cpu


_Costs = dict[str, dict[str, list[float]]]


def _measure(decoders: Mapping[str, Decoder], rounds: int) -> _Costs:
    """Microseconds for each object in every round, of bytes and of dicts, by decoder."""
    costs: _Costs = {"bytes": {}, "dicts": {}}
    for number in range(rounds):
        for name in decoders if number % 2 else reversed([*decoders]):
            decoder = decoders[name]
            costs["bytes"].setdefault(name, []).append(_turn(decoder.of_bytes, _BODY))
            if decoder.of_dicts is not None:
                costs["dicts"].setdefault(name, []).append(_turn(decoder.of_dicts, _ITEMS))
    return costs


def _available() -> tuple[dict[str, Decoder], dict[str, str]]:
    """The decoders whose library is there, and why the others are not."""
    decoders, absent = {}, {}
    for name, make in DECODERS.items():
        try:
            decoders[name] = make()
        except ImportError as fault:
            absent[name] = f"{fault.name} is not installed"
    return decoders, absent


def _cells(costs: _Costs, name: str) -> list[str]:
    cells = []
    for of in costs.values():
        if name in of:
            cells += [f"{statistics.median(of[name]):.2f}", f"{median_ratio(of[name], of[OURS]):.2f}"]
        else:
            cells += ["", ""]
    return cells


def _verdicts(costs: _Costs, absent: Mapping[str, str]) -> list[Verdict]:
    claims = {
        "bytes": "`orjson.loads` and ours to `model_validate_json`",
        "dicts": "ours to `model_validate`, both of decoded JSON",
    }
    if PYDANTIC in absent:
        return [unproven(claim, absent[PYDANTIC]) for claim in claims.values()]
    return [at_most(claim, median_ratio(costs[of][OURS], costs[of][PYDANTIC]), TARGET) for of, claim in claims.items()]


def main(arguments: Sequence[str]) -> int:
    """Print the table and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks decode", description=__doc__)
    parser.add_argument("--rounds", type=int, default=31, help="rounds, each decoder once in each (31)")
    chosen = parser.parse_args(arguments)
    settle()
    decoders, absent = _available()
    if OURS in absent:
        sys.exit(f"nothing can be measured: {absent[OURS]}")
    _check(decoders)
    costs = _measure(decoders, chosen.rounds)
    print(
        f"A page of {PER_PAGE} meeting requests, µs of CPU for each; medians of {chosen.rounds} rounds in turn, ratios "
        'within a round. All have\nthe same fields, frozen, times aware; pydantic has `extra="allow"`, and ours keeps '
        "unknown fields too, which the\nothers drop. All make equal objects.\n"
    )
    rows = [[name, absent[name], "", "", ""] if name in absent else [name, *_cells(costs, name)] for name in DECODERS]
    print(table(["decoder", "of bytes", "× ours", "of decoded JSON", "× ours"], rows), end="\n\n")
    control = Control({of: median_ratio(cost[AGAIN], cost[BY_HAND]) for of, cost in costs.items()})
    lines, code = conclusion(_verdicts(costs, absent), control)
    print(lines)
    return code
