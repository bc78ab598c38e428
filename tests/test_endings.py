"""How a program ends that used a client: each in a Python of its own, in development mode, with warnings as errors."""

import os
import subprocess
import sys
import textwrap

import attrs
import pytest

from skipup_async.emulator import Emulator
from tests.programs import complaints

BEGIN = """
import asyncio, atexit, gc, sys, threading
from skipup_async import AsyncSkipUp, SkipUp, SkipUpError

def members(client):
    return client.workspace_members.list().first_page()
"""

#: How clients end long before their program; one program does it all.
IN_TURN = """
def closed():
    client = SkipUp(); members(client); client.close(); client.close()
def with_block():
    with SkipUp() as client: members(client)
    with SkipUp(): pass
def never_used():
    SkipUp(), AsyncSkipUp()
def collected():
    client = SkipUp(); members(client)
def collected_in_a_cycle():
    client = SkipUp(); members(client); client.me = client
def sibling_first():
    client = SkipUp(); other = client.with_options(timeout=5); members(other); del other; gc.collect(); members(client)
def sibling_last():
    client = SkipUp(); members(client); other = client.with_options(timeout=5); del client; gc.collect(); members(other)
def half_read():
    client = SkipUp(); next(iter(client.workspace_members.list(limit=1)))
def in_threads():
    client = SkipUp()
    for work in (members, lambda _: members(SkipUp())):
        thread = threading.Thread(target=work, args=(client,)); thread.start(); thread.join()
async def async_with():
    async with AsyncSkipUp() as client: await members(client)
async def async_closed():
    client = AsyncSkipUp(); await members(client); await client.aclose(); await client.aclose()
async def async_half_read():
    async with AsyncSkipUp() as client:
        async for member in client.workspace_members.list(limit=1): break

for end in (closed, with_block, never_used, collected, collected_in_a_cycle, sibling_first, sibling_last, half_read,
            in_threads):
    end(); gc.collect()
for end in (async_with, async_closed, async_half_read):
    asyncio.run(end()); gc.collect()
"""
#: How a blocking client may be there still when its program ends.
AT_EXIT = {
    "left open": "clients = [SkipUp() for _ in range(3)]; pages = [members(client) for client in clients]",
    "half read": "client = SkipUp(); items = iter(client.workspace_members.list(limit=1)); next(items)",
    "sys.exit": "client = SkipUp(); members(client); sys.exit(0)",
    "used in an exit handler": "client = SkipUp(); members(client); atexit.register(members, client)",
    "used after its end": """
        def late():
            try:
                members(client)
            except SkipUpError:
                pass
        atexit.register(late); client = SkipUp(); members(client)
    """,
    "inside a running loop": """
        async def main():
            asyncio.get_running_loop().slow_callback_duration = 60  # blocking it is the point
            client = SkipUp(); members(client)
        asyncio.run(main())
    """,
}
#: Every way an async client may be left open.
LEFT_OPEN = {
    "in the loop": """
        async def main():
            client = AsyncSkipUp(); await members(client.with_options(timeout=5)); del client; gc.collect()
        asyncio.run(main())
    """,
    "when the loop ends": """
        async def main():
            client = AsyncSkipUp(); await members(client)
            await client.meeting_requests.create(organizer_email="alice@example.com", participants=["bob@example.com"])
        asyncio.run(main())
    """,
    "after the loop": "client = AsyncSkipUp(); asyncio.run(members(client)); del client; gc.collect()",
    "at exit": "client = AsyncSkipUp(); asyncio.run(members(client))",
}


@attrs.frozen
class End:
    """What is left of a program."""

    code: int
    errors: str


def run(program: str, emulator: Emulator, *, warnings: str) -> End:
    """Run *program* in a Python of its own, with a key and an emulator in its environment."""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", warnings, "-c", BEGIN + textwrap.dedent(program)],
        env={**os.environ, "SKIPUP_API_KEY": emulator.api_key, "SKIPUP_BASE_URL": emulator.url},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return End(done.returncode, complaints(done.stdout + done.stderr))


def test_clients_end_in_silence(emulator: Emulator) -> None:
    """Closed, collected, or never used: no hang, no warning, no word."""
    assert run(IN_TURN, emulator, warnings="error") == End(0, "")


@pytest.mark.parametrize("program", AT_EXIT.values(), ids=AT_EXIT)
def test_a_blocking_client_ends_with_its_program_in_silence(emulator: Emulator, program: str) -> None:
    """Left open, it ends at exit: no hang, no warning, no word, and the program's own exit code."""
    assert run(program, emulator, warnings="error") == End(0, "")


@pytest.mark.parametrize("program", LEFT_OPEN.values(), ids=LEFT_OPEN)
def test_an_async_client_left_open_is_one_warning_of_ours(emulator: Emulator, program: str) -> None:
    """One ResourceWarning, which says what to do; none of aiohttp's or of asyncio's beside it."""
    end = run(program, emulator, warnings="always")
    warnings = [line for line in end.errors.splitlines() if "Warning" in line]
    assert (end.code, [line.partition("Warning: ")[2] for line in warnings]) == (
        0,
        ["a client was left open: use `async with`, or await its aclose()"],
    )


def test_a_client_first_used_in_an_exit_handler_ends(emulator: Emulator) -> None:
    """It comes too late to be ended in time, and from Python 3.12 on to begin: no hang, and one warning at most."""
    end = run("client = SkipUp(); atexit.register(members, client)", emulator, warnings="always")
    assert (end.code, end.errors.count("Warning") <= 1) == (0, True)


def test_a_call_still_running_at_exit_does_not_hold_the_program_up(emulator: Emulator) -> None:
    """A daemon thread waits for an answer that never comes, and the program ends all the same."""
    fault = emulator.fail(on="GET /workspace_members", hold=True)
    program = """
        arrived = threading.Event()
        def work():
            arrived.set()
            try:
                members(client)
            except BaseException:
                pass
        client = SkipUp(); client.campaigns.list().first_page()
        threading.Thread(target=work, daemon=True).start(); arrived.wait()
    """
    end = run(program, emulator, warnings="error")
    fault.release()
    assert end == End(0, "")
