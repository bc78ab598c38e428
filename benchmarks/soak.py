"""Thousands of creates through a faulty line, judged by the emulator's own record.

    python -m benchmarks soak                    20,000 creates, 50 at once, 3 of 10 sends fail
    python -m benchmarks soak --creates 100000

A create that succeeded must stand in the record once, one that failed and may
have been done at most once, any other not at all. Then the same in a total
outage with the retry quota on, where calls must cost at most 1.05 sends each.
Ends with exit code 1 where one of these does not hold.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs

from benchmarks.report import Verdict, at_most, conclusion, table
from skipup_async import AsyncSkipUp, RetryPolicy, SkipUpError, Unlimited
from skipup_async.core.session import Timing
from skipup_async.emulator import Emulator

_AT_ONCE = 50
_FAULTY = 0.3
_MOST_SENDS_IN_AN_OUTAGE = 1.05
_LONGEST = 1800.0
#: The ways a send may fail: before the request has taken effect, or after.
_FAULTS: tuple[dict[str, Any], ...] = (
    {"status": 500},
    {"status": 503},
    {"status": 502, "after_commit": True},
    {"status": 408},
    {"connection": "reset"},
    {"connection": "reset", "after_commit": True},
    {"connection": "close"},
    {"connection": "close", "after_commit": True},
    {"connection": "truncate"},
    {"status": 422, "type": "validation_error"},
)


async def _at_once(_seconds: float) -> None:
    await asyncio.sleep(0)


class _Hasty(AsyncSkipUp):
    """A client whose waits take no time."""

    _timing = Timing(time.monotonic, _at_once, random.random)


@attrs.define
class Outcomes:
    """What the caller was told of each create, by its title."""

    done: dict[str, str] = attrs.field(factory=dict[str, str])
    maybe: set[str] = attrs.field(factory=set[str])
    failed: set[str] = attrs.field(factory=set[str])

    @property
    def told(self) -> int:
        """How many outcomes were told."""
        return len(self.done) + len(self.maybe) + len(self.failed)


async def create(client: AsyncSkipUp, title: str, outcomes: Outcomes) -> None:
    """Ask for one meeting, and note what is told of it."""
    try:
        made = await client.meeting_requests.create(
            organizer_email="alice@example.com", participants=["bob@example.com"], title=title
        )
    except SkipUpError as error:
        (outcomes.maybe if error.maybe_applied else outcomes.failed).add(title)
    else:
        outcomes.done[title] = made.id


async def run(emulator: Emulator, creates: int, policy: RetryPolicy, faulty: float) -> Outcomes:
    """Make so many creates; before some of them, order a fault for the next that comes."""
    outcomes, titles = Outcomes(), iter(range(creates))
    # A fault leads to one more send: so many of them for each create are that share of all sends.
    share = faulty / (1 - faulty)
    async with _Hasty(emulator.api_key, base_url=emulator.url, limiter=Unlimited(), retry=policy) as client:

        async def worker() -> None:
            for number in titles:
                if random.random() < share:
                    emulator.fail(on="POST /meeting_requests", **random.choice(_FAULTS))
                await create(client, f"meeting {number}", outcomes)

        async with asyncio.timeout(_LONGEST):
            await asyncio.gather(*[worker() for _ in range(_AT_ONCE)])
    return outcomes


def judge(outcomes: Outcomes, emulator: Emulator, creates: int) -> dict[str, int]:
    """Everything that must be 0."""
    record = emulator.meeting_requests()
    times = Counter(request["title"] for request in record)
    ids = {request["title"]: request["id"] for request in record}
    return {
        "done twice": sum(count > 1 for count in times.values()),
        "told as done and not there": sum(times[title] != 1 or ids[title] != id for title, id in outcomes.done.items()),
        "told as not done and there": sum(times[title] != 0 for title in outcomes.failed),
        "without an outcome": creates - outcomes.told,
    }


def soak(creates: int) -> tuple[list[list[str]], list[Verdict]]:
    """Through a faulty line: what happened, and whether all that must be 0 is 0."""
    begun = time.perf_counter()
    with Emulator(keep_requests=1) as emulator:
        outcomes = asyncio.run(run(emulator, creates, RetryPolicy(quota=None), _FAULTY))
        wrong = judge(outcomes, emulator, creates)
        sends = emulator.request_count
        record = {request["title"] for request in emulator.meeting_requests()}
    faulty = (sends - creates + len(outcomes.maybe) + len(outcomes.failed)) / sends
    happened = {
        "creates": f"{creates:,}",
        "sends": f"{sends:,}, of which {faulty:.1%} failed",
        "done": f"{len(outcomes.done):,}",
        "failed": f"{len(outcomes.failed):,}",
        "may have been done": f"{len(outcomes.maybe):,}, of which were {len(outcomes.maybe & record):,}",
        "seconds": f"{time.perf_counter() - begun:.0f}",
    }
    verdicts = [Verdict(name, f"{count}, target 0", count == 0) for name, count in wrong.items()]
    return [[name, value] for name, value in happened.items()], verdicts


def outage(calls: int) -> list[Verdict]:
    """With the quota on, and every answer a 503; whether a call costs few sends, and all are told what may be."""
    with Emulator(keep_requests=1) as emulator:
        emulator.fail(next=None, status=503)
        outcomes = asyncio.run(run(emulator, calls, RetryPolicy(), 0.0))
        each = emulator.request_count / calls
    wrongly = calls - len(outcomes.maybe)
    return [
        at_most(f"sends a call, {calls:,} calls in a total outage", each, _MOST_SENDS_IN_AN_OUTAGE, "", 4),
        Verdict("told wrongly in the outage", f"{wrongly}, target 0", wrongly == 0),
    ]


def main(arguments: Sequence[str]) -> int:
    """Run both, print what came of it; 0 where all that was promised held."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--creates", type=int, default=20_000, help="creates through a faulty line (20000)")
    parser.add_argument("--seed", type=int, default=4, help="of the faults (4)")
    chosen = parser.parse_args(arguments)
    random.seed(chosen.seed)
    happened, verdicts = soak(chosen.creates)
    print(table([f"{_AT_ONCE} at once", f"{_FAULTY:.0%} of the sends to fail"], happened), end="\n\n")
    lines, code = conclusion([*verdicts, *outage(max(1000, chosen.creates // 10))])
    print(lines)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
