"""An emulator for each line on stdin, a moment and a file: begun in milliseconds, and killed at that moment."""

import importlib
import os
import signal
import sys
import time

from skipup_async.__main__ import main

__all__ = ["ENDED"]

#: Said of an emulator that is no more, with its exit code. Its URL it says itself.
ENDED = "ended with"


def emulate(kind: str, file: str) -> None:
    """Be the emulator: *forked* with all that is imported here, or a *program* begun anew."""
    arguments = ["emulator", "--port", "0", "--db", file]
    if kind == "forked":
        os._exit(main(arguments))
    os.execv(sys.executable, [sys.executable, "-m", "skipup_async", *arguments])


def let_live(kind: str, seconds: float, file: str) -> int:
    """Begin an emulator, kill it after so many *seconds*; its exit code."""
    pid = os.fork()
    if pid == 0:
        emulate(kind, file)
    time.sleep(seconds)
    os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    importlib.import_module("skipup_async.emulator.serve")  # once, and not in every child
    for line in sys.stdin:
        moment, _, place = line.strip().partition(" ")
        sys.stdout.write(f"{ENDED} {let_live(sys.argv[1], float(moment), place)}\n")
        sys.stdout.flush()
