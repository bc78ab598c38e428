"""Measure what this package costs, beside its peers, and print it as Markdown.

    python -m benchmarks                     all suites, each in a process of its own
    python -m benchmarks decode              one suite
    python -m benchmarks decode --rounds 5   what follows it is the suite's; --help lists it

Ends with 0 where every target is kept and no run is void, else with 1. Wants a quiet machine.
"""

import argparse
import importlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from benchmarks.machine import described

__all__ = ["LONGEST", "SUITES", "main"]

#: What each suite measures; it lives in the module of its name.
SUITES = {
    "calls": "CPU, time and memory of one GET at 1, 50, 500 and 1,000 at once, beside bare aiohttp and six clients",
    "page": "CPU and time of a page of 100 objects, with and without orjson, beside the same",
    "decode": "CPU of making objects of JSON, beside pydantic, msgspec, mashumaro and code by hand",
    "pages": "CPU and memory of 100,000 objects over 1,000 pages, and the time that prefetch=1 saves",
    "blocking": "CPU of a blocking call and list, beside the awaited ones, httpx.Client and requests.Session",
    "imports": "CPU, time and modules of `import skipup_async`, beside its five dependencies and other clients",
    "fanout": "throughput and memory of fan_out, beside a semaphore loop by hand",
    "limits": "429s, finishing time and CPU of a fan-out under a rate limit, beside its peers",
    "emulator": "requests a second that the emulator answers",
    "soak": "thousands of creates through a faulty line: none twice, none lost",
}
#: Seconds that a suite may take in a run of all.
LONGEST = 180.0
#: Arguments of a suite in a run of all, where its own defaults take longer than need be.
_SHORTER = {"soak": ("--creates", "10000")}


def one(suite: str, arguments: Sequence[str]) -> int:
    """Run *suite* in this process and return its exit code."""
    code: int | None = importlib.import_module(f"benchmarks.{suite}").main(arguments)
    return code or 0


def _ended(command: Sequence[str]) -> int | None:
    """The exit code of *command*; None where it takes too long, and then it and all it has started are killed."""
    with subprocess.Popen(command, start_new_session=True) as process:
        try:
            return process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def every() -> int:
    """Run all suites, one after the other, and return 0 where each ends with 0."""
    failed = []
    for suite, measures in SUITES.items():
        print(f"## {suite}\n\n{measures[0].upper()}{measures[1:]}.\n", flush=True)
        begun = time.monotonic()
        command = [sys.executable, "-m", "benchmarks", "--no-header", suite, *_SHORTER.get(suite, ())]
        code = _ended(command)
        if code is None:
            print(f"- **missed**: {suite} did not end within {LONGEST:.0f} seconds")
        if code != 0:
            failed.append(suite)
        arguments = shlex.join((suite, *_SHORTER.get(suite, ())))
        print(f"\n`python -m benchmarks {arguments}`: {time.monotonic() - begun:.0f} s.\n", flush=True)
    print(f"**Not all is kept: {', '.join(failed)}.**" if failed else "**Every target is kept.**")
    return 1 if failed else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite that the first of *arguments* names with those that follow, or all of them."""
    listed = "\n".join(f"  {name:10}{measures}" for name, measures in SUITES.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\nsuites:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--no-header", action="store_true", help="leave out the date and the machine")
    parser.add_argument("suite", nargs="?", choices=SUITES, metavar="SUITE")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see `python -m benchmarks SUITE --help`")
    chosen = parser.parse_args(arguments)
    if not chosen.no_header:
        command = ["python", "-m", "benchmarks", *([chosen.suite] if chosen.suite else []), *chosen.arguments]
        print(described(shlex.join(command)), end="\n\n", flush=True)
    return one(chosen.suite, chosen.arguments) if chosen.suite else every()


if __name__ == "__main__":
    sys.exit(main())
