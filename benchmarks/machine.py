"""The machine a figure came from, and what makes figures of two processes on it comparable."""

import importlib.metadata
import os
import platform
import re
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path

__all__ = ["CLIENT_CORE", "SERVER_CORE", "described", "peak_mebibytes", "pin", "settle"]

#: Client and server never share a core, where there are two.
CLIENT_CORE, SERVER_CORE = 0, 1

#: What the figures depend on: what ours stands on, and the peers.
_LIBRARIES = ("aiohttp", "yarl", "multidict", "attrs", "cattrs", "aiolimiter", "anyio", "orjson", "uvloop")
_PEERS = ("gidgethub", "slack_sdk", "stripe", "openai", "httpx", "niquests", "requests")
_DECODERS = ("pydantic", "msgspec", "mashumaro")


def pin(core: int) -> None:
    """Keep this process on one *core* of those it may use, where the system can and there is more than one."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


def settle() -> None:
    """Put this process where clients are measured, on the footing of every other.

    glibc maps and unmaps each of asyncio's 256 KiB receive buffers until a
    larger block has been freed, which some libraries do by chance: a quarter
    more CPU a request for those that do not.
    """
    pin(CLIENT_CORE)
    bytes(4 << 20)


def peak_mebibytes() -> float:
    """The most memory this process has held, in MiB."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says on Linux includes the process that started this one
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def described(command: str) -> str:
    """Date, machine, versions and *command* as Markdown."""
    now = datetime.now(UTC)
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    parts = [
        f"{now:%Y-%m-%d %H:%M} UTC",
        machine,
        f"Python {platform.python_version()}",
        *[", ".join(f"{name} {_version(name)}" for name in names) for names in (_LIBRARIES, _PEERS, _DECODERS)],
        f"C extensions of aiohttp: {'yes' if _has_extensions() else 'no'}",
    ]
    return f"`{command}`: " + "; ".join(parts) + "."


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    named = re.search(r"model name\s*:\s*(.+)", information.read_text()) if information.exists() else None
    return named[1] if named else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _has_extensions() -> bool:
    from aiohttp import http_parser, http_writer

    parser: object = http_parser.HttpResponseParser
    written: object = http_writer._serialize_headers
    return parser is not http_parser.HttpResponseParserPy and written is not http_writer._py_serialize_headers
