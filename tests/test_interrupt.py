"""Ctrl-C in a blocking call: it returns within a second, what it began is cancelled, and the client goes on."""

import signal
import subprocess
import time

from skipup_async.emulator import Emulator
from skipup_async.emulator.faults import Fault
from tests.programs import output, started
from tests.waiting import until_threads

BEGIN = """
import threading
from contextlib import asynccontextmanager
from skipup_async import SkipUp, SkipUpError, TokenBucket, Unlimited

ends = []
tick = threading.Event()

class Watched(Unlimited):
    # Every send takes a slot, so that its end is the end of the call's coroutine.
    @asynccontextmanager
    async def slot(self, rank=None):
        try:
            yield
        except BaseException as error:
            ends.append(type(error).__name__)
            raise

def until(condition):
    while not condition():
        tick.wait(0.01)

def interrupted(call):
    try:
        call()
    except KeyboardInterrupt:
        print("interrupted", flush=True)

def members():
    return len(client.workspace_members.list().collect())

def create():
    client.meeting_requests.create(organizer_email="alice@example.com", participants=["carol@example.org"])
"""


def interrupt(process: "subprocess.Popen[str]") -> float:
    """Press Ctrl-C, and say how many seconds it takes until *process* has noticed."""
    assert process.stdout is not None
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "interrupted\n"
    return time.monotonic() - begun


def until_hit(fault: Fault, times: int = 1) -> None:
    """Wait until so many calls are held by *fault*."""
    until_threads(lambda: fault.hits == times)


def test_a_call_that_waits_for_its_answer_is_given_up_at_once(emulator: Emulator) -> None:
    """KeyboardInterrupt within a second, the coroutine cancelled, the next call answered."""
    fault = emulator.fail(on="GET /workspace_members", hold=True)
    program = """
client = SkipUp(limiter=Watched())
interrupted(members)
until(lambda: ends)
print(ends, members())
"""
    process = started(BEGIN + program, emulator)
    until_hit(fault)
    assert interrupt(process) < 1.0
    assert output(process) == ["['CancelledError'] 2"]


def test_a_state_change_that_is_given_up_is_not_sent_again(emulator: Emulator) -> None:
    """After Ctrl-C nothing goes on behind the user's back: the POST went out once."""
    fault = emulator.fail(on="POST /meeting_requests", hold=True)
    program = """
client = SkipUp(limiter=Watched())
interrupted(create)
until(lambda: ends)
print(ends, members())
"""
    process = started(BEGIN + program, emulator)
    until_hit(fault)
    assert interrupt(process) < 1.0
    assert output(process) == ["['CancelledError'] 2"]
    assert [received.method for received in emulator.requests].count("POST") == 1


def test_a_call_that_waits_for_the_limiter_is_given_up_at_once(emulator: Emulator) -> None:
    """A call that would leave in an hour is gone from the line."""
    program = """
def tell():
    until(lambda: client.rate_limit.waiting == 1)
    print("waits", flush=True)

client = SkipUp(limiter=TokenBucket(1, per=3600.0))
members()
threading.Thread(target=tell).start()
interrupted(members)
until(lambda: client.rate_limit.waiting == 0)
"""
    process = started(BEGIN + program, emulator)
    assert process.stdout is not None
    assert process.stdout.readline() == "waits\n"
    assert interrupt(process) < 1.0
    assert output(process) == []
    assert emulator.request_count == 1


def test_a_first_call_that_is_given_up_leaves_no_thread(emulator: Emulator) -> None:
    """Its thread may not even have begun; the next call starts one, which ends with the client."""
    program = """
import sys

class Slow:
    # The first import of the loop's library waits until nobody wants it any more.
    begun, over = threading.Event(), threading.Event()

    def find_spec(self, name, path=None, target=None):
        if name == "anyio":
            self.begun.set()
            self.over.wait()

sys.meta_path.insert(0, Slow())
client = SkipUp()
threading.Thread(target=lambda: (Slow.begun.wait(), print("begun", flush=True))).start()
interrupted(members)
Slow.over.set()

def loops():
    return [thread for thread in threading.enumerate() if thread.name == "skipup_async"]

until(lambda: not loops())
print(members(), len(loops()))
client.close()
print(len(loops()))
"""
    process = started(BEGIN + program, emulator)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    interrupt(process)
    assert output(process) == ["2 1", "0"]


def test_a_user_who_presses_again_and_again_is_obeyed(emulator: Emulator) -> None:
    """Each of five calls in a row is given up, and the client still works after the last."""
    fault = emulator.fail(on="GET /workspace_members", next=5, hold=True)
    program = """
client = SkipUp(limiter=Watched())
for _ in range(5):
    interrupted(members)
until(lambda: len(ends) == 5)
print(members())
"""
    process = started(BEGIN + program, emulator)
    for times in range(1, 6):
        until_hit(fault, times)
        assert interrupt(process) < 1.0
    assert output(process) == ["2"]


def test_closing_from_another_thread_ends_a_waiting_call(emulator: Emulator) -> None:
    """`close()` does not wait for an answer that does not come: the call is an error that says what may be."""
    fault = emulator.fail(on="POST /meeting_requests", hold=True)
    program = """
def work():
    try:
        create()
    except SkipUpError as error:
        print(error.maybe_applied, flush=True)

client = SkipUp()
caller = threading.Thread(target=work)
caller.start()
input()
client.close()
caller.join()
"""
    process = started(BEGIN + program, emulator)
    until_hit(fault)
    assert process.stdin is not None
    process.stdin.write("close\n")
    process.stdin.flush()
    assert output(process) == ["True"]
