"""What `import skipup_async` costs in a fresh interpreter, beside its five dependencies and other clients."""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence

import attrs

from benchmarks.machine import CLIENT_CORE, pin
from benchmarks.report import Control, at_most, conclusion, median_ratio, table

__all__ = ["main"]

#: What the import may cost at most, as a multiple of the import of the dependencies.
TARGET = 1.05

_OURS, _CLIENT = "skipup_async", "skipup_async, and a client made"
_FLOOR, _AGAIN = "its five dependencies", "its five dependencies again"
_DEPENDENCIES = "aiohttp, aiolimiter, anyio, attrs, cattrs"
#: What stands behind `import`, by its name in the table. Since ours may be lazy, a client is made as well.
_IMPORTS = {
    _OURS: "skipup_async",
    _CLIENT: "skipup_async; skipup_async.AsyncSkipUp('sk_test_benchmark')",
    _FLOOR: _DEPENDENCIES,
    _AGAIN: _DEPENDENCIES,
    "aiohttp": "aiohttp",
    "gidgethub": "gidgethub.aiohttp",
    "slack_sdk": "slack_sdk.web.async_client",
    "stripe": "stripe",
    "openai": "openai",
    "httpx": "httpx",
    "niquests": "niquests",
    "requests": "requests",
}
_PROGRAM = """
import sys, time
modules, cpu, wall = len(sys.modules), time.process_time(), time.perf_counter()
import {}
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
print([cpu * 1000, wall * 1000, len(sys.modules) - modules])
"""


@attrs.frozen
class _Import:
    """What one import cost: milliseconds, and how many modules it loaded."""

    cpu: float
    wall: float
    modules: int


def _fresh(modules: str) -> _Import | None:
    """Import *modules* in a new interpreter that sees nothing but installed packages; None where one is missing."""
    command = [sys.executable, "-I", "-c", _PROGRAM.format(modules)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode == 0:
        return _Import(*json.loads(ran.stdout))
    if "ModuleNotFoundError" in ran.stderr:
        return None
    raise RuntimeError(ran.stderr)


def _measure(rounds: int) -> dict[str, list[_Import]]:
    """Import everything once to have it compiled, then *rounds* times in turn; what is not installed is left out."""
    there = [name for name, modules in _IMPORTS.items() if _fresh(modules) is not None]
    found: dict[str, list[_Import]] = {name: [] for name in there}
    for number in range(rounds):
        for name in there if number % 2 else reversed(there):
            one = _fresh(_IMPORTS[name])
            assert one is not None
            found[name].append(one)
    return found


def _ratio(found: Mapping[str, Sequence[_Import]], name: str, figure: str) -> float:
    return median_ratio((getattr(one, figure) for one in found[name]), (getattr(one, figure) for one in found[_FLOOR]))


def _row(found: Mapping[str, Sequence[_Import]], name: str) -> list[str]:
    if name not in found:
        return [name, "not installed", "", "", ""]
    cpu, wall = (statistics.median(getattr(one, figure) for one in found[name]) for figure in ("cpu", "wall"))
    return [name, f"{cpu:.0f}", f"{_ratio(found, name, 'cpu'):.2f}", f"{wall:.0f}", f"{found[name][0].modules}"]


def main(arguments: Sequence[str]) -> int:
    """Print the table and the verdicts; 0 where all targets are kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="rounds, each import once in each (11)")
    chosen = parser.parse_args(arguments)
    pin(CLIENT_CORE)
    found = _measure(chosen.rounds)
    print(
        f"Fresh interpreters (`python -I`), without their own start; medians of {chosen.rounds} rounds in turn, ratios "
        f"within a round.\nThe five dependencies are {_DEPENDENCIES}.\n"
    )
    head = ["import of", "CPU, ms", "× the dependencies", "time, ms", "modules"]
    print(table(head, [_row(found, name) for name in _IMPORTS]), end="\n\n")
    verdicts = [
        at_most(f"{words} of the import to the dependencies'", _ratio(found, _OURS, figure), TARGET)
        for figure, words in (("cpu", "CPU"), ("wall", "time"))
    ]
    lines, code = conclusion(verdicts, Control({"": _ratio(found, _AGAIN, "cpu")}))
    print(lines)
    return code
