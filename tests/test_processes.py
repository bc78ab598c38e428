"""A client and other processes: a child never gets its parent's answers, never hangs, and leaves the parent alone."""

import textwrap

import pytest

from skipup_async.emulator import Emulator
from tests.programs import output, started

FORKED = "the client was made before a fork: make one in each process"

BEGIN = """
import asyncio, gc, logging, multiprocessing, os, sys, warnings
from skipup_async import AsyncSkipUp, SkipUp, SkipUpError

# Python's own advice against a fork beside threads, which is what this is about.
warnings.filterwarnings("ignore", message=".*fork.*")
# In development mode a loop tells of every step above a tenth of a second, and a machine may be slow.
logging.getLogger("asyncio").setLevel(logging.ERROR)

def members(client):
    try:
        return len(client.workspace_members.list().collect())
    except SkipUpError as error:
        return f"{type(error).__name__}: {error}"

def wait_for(child):
    print("child's status:", os.waitpid(child, 0)[1], flush=True)
"""


def run(program: str, emulator: Emulator) -> list[str]:
    """What *program* prints."""
    return output(started(BEGIN + textwrap.dedent(program), emulator))


def test_a_client_carried_over_a_fork_says_so_and_the_parent_goes_on(emulator: Emulator) -> None:
    """The child's call is an error that says what to do; the parent's next call is answered as before."""
    printed = run(
        """
        client = SkipUp()
        members(client)
        child = os.fork()
        if not child:
            print(members(client), flush=True)
            os._exit(0)
        wait_for(child)
        print(members(client))
        """,
        emulator,
    )
    assert printed == [f"ClientClosedError: {FORKED}", "child's status: 0", "2"]


@pytest.mark.parametrize("end", ["client.close()", "del client; gc.collect()", "pass"])
def test_a_child_that_ends_leaves_the_parents_connections_alone(end: str, emulator: Emulator) -> None:
    """Closed, collected or left to the exit of the child: no hang there, and the parent still hears its answers.

    Both share one set of watched sockets in the kernel, so that to close a
    connection in the child by the book would stop the parent from listening.
    """
    printed = run(
        f"""
        client = SkipUp()
        members(client)
        child = os.fork()
        if not child:
            {end}
            sys.exit(0)
        wait_for(child)
        print(members(client), members(client))
        """,
        emulator,
    )
    assert printed == ["child's status: 0", "2 2"]


def test_a_child_can_make_a_client_of_its_own(emulator: Emulator) -> None:
    """After a fork a new client works, beside the old one that does not."""
    printed = run(
        """
        client = SkipUp()
        members(client)
        child = os.fork()
        if not child:
            print(members(SkipUp()), flush=True)
            sys.exit(0)
        wait_for(child)
        """,
        emulator,
    )
    assert printed == ["2", "child's status: 0"]


def test_a_client_that_made_no_call_before_a_fork_says_so_too(emulator: Emulator) -> None:
    """What decides is where the client was made, not whether it has connections yet."""
    printed = run(
        """
        client = SkipUp()
        child = os.fork()
        if not child:
            print(members(client), flush=True)
            os._exit(0)
        wait_for(child)
        print(members(client))
        """,
        emulator,
    )
    assert printed == [f"ClientClosedError: {FORKED}", "child's status: 0", "2"]


def test_a_fork_in_the_middle_of_calls_disturbs_none(emulator: Emulator) -> None:
    """While eight threads call, children come and go, each with a client of its own; every call is answered."""
    printed = run(
        """
        from concurrent.futures import ThreadPoolExecutor
        from skipup_async import Unlimited
        client = SkipUp(limiter=Unlimited())
        ids = [client.meeting_requests.create(organizer_email="alice@example.com", participants=["c@example.org"]).id
               for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            answers = pool.map(lambda number: client.meeting_requests.get(ids[number % 8]).id, range(400))
            statuses = []
            for _ in range(5):
                child = os.fork()
                if not child:
                    os._exit(members(SkipUp(limiter=Unlimited())))
                statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            print(list(answers) == ids * 50, statuses)
        """,
        emulator,
    )
    assert printed == ["True [2, 2, 2, 2, 2]"]


def test_an_async_client_carried_over_a_fork_says_so_and_the_parent_goes_on(emulator: Emulator) -> None:
    """In the child of a running loop the client is refused, and its end there costs the parent nothing."""
    printed = run(
        """
        async def main():
            async with AsyncSkipUp() as client:
                await client.teams.list().collect()
                child = os.fork()
                if not child:
                    try:
                        await client.teams.list().collect()
                    except SkipUpError as error:
                        print(type(error).__name__, error, flush=True)
                    await client.aclose()
                    del client
                    gc.collect()
                    os._exit(0)
                wait_for(child)
                print(len(await client.teams.list().collect()))
        asyncio.run(main())
        """,
        emulator,
    )
    assert printed == [f"ClientClosedError {FORKED}", "child's status: 0", "1"]


def test_a_client_dropped_as_soon_as_a_child_begins_costs_the_parent_nothing(emulator: Emulator) -> None:
    """A hook that was there before the package runs before whatever the package might learn of a fork."""
    hook = "import os\nkept = {}\nos.register_at_fork(after_in_child=kept.clear)\n"
    program = """
    kept["client"] = SkipUp()
    members(kept["client"])
    child = os.fork()
    if not child:
        os._exit(0)
    wait_for(child)
    print(members(kept["client"]))
    """
    assert output(started(hook + BEGIN + textwrap.dedent(program), emulator)) == ["child's status: 0", "2"]


def test_multiprocessing_by_fork_gives_a_clear_error(emulator: Emulator) -> None:
    """A client that a forked worker finds in its globals is refused there, and works on in the parent."""
    printed = run(
        """
        client = SkipUp()
        members(client)
        def work(_):
            return members(client)
        with multiprocessing.get_context("fork").Pool(2) as pool:
            print(*set(pool.map(work, range(4))))
        print(members(client))
        """,
        emulator,
    )
    assert printed == [f"ClientClosedError: {FORKED}", "2"]


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_a_client_cannot_be_sent_to_another_process(method: str, emulator: Emulator) -> None:
    """Given to a worker as an argument, a client says that it is not pickled, and why."""
    printed = run(
        f"""
        if __name__ == "__main__":
            client = SkipUp()
            with multiprocessing.get_context({method!r}).Pool(1) as pool:
                try:
                    pool.map(members, [client])
                except TypeError as error:
                    print(error)
        """,
        emulator,
    )
    assert printed == ["a client is not pickled: it holds an API key and connections; make one in each process"]
