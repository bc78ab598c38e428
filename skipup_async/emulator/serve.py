"""`python -m skipup_async emulator`: the emulator alone, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Sequence
from typing import get_args

from skipup_async.emulator.emulator import Emulator
from skipup_async.emulator.profile import PROFILES, Profile
from skipup_async.emulator.signals import stop_signal
from skipup_async.emulator.store import MEMORY
from skipup_async.emulator.switches import described, switched
from skipup_async.emulator.windows import Kind, RateLimit

#: The key of an emulator that runs alone, fixed so that examples can name it. It opens nothing but an emulator.
DEFAULT_KEY = "sk_test_emulator_0000000000000000"
DEFAULT_PORT = 8750

_PROFILE_HELP = "how it answers where the documents leave it open (default: %(default)s)"
_SWITCH_HELP = "one answer of the profile changed, as listed below; may be repeated"


def run(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; give the exit code."""
    options = _parser().parse_args(arguments)
    try:
        emulator = _emulator(options)
    except (OSError, ValueError) as error:
        return _complain(error)
    try:
        asyncio.run(_serve(emulator, options))
    except KeyboardInterrupt:  # where signals cannot be handled in the loop
        return 0
    except (OSError, OverflowError, ValueError, sqlite3.Error) as error:
        return _complain(error)
    return 0


async def _serve(emulator: Emulator, options: argparse.Namespace) -> None:
    async with emulator:
        ended = stop_signal()
        _announce(emulator, options)
        await ended.wait()
    _say("Stopped.")


def _emulator(options: argparse.Namespace) -> Emulator:
    limit = None
    if options.rate_limit is not None:
        limit = RateLimit(options.rate_limit, per=options.per, window=options.window)
    return Emulator(
        key=options.key,
        port=options.port,
        host=options.host,
        db=options.db,
        profile=switched(Profile.named(options.profile), options.switch),
        rate_limit=limit,
        scopes=options.scope,
        seed=options.seed,
        allow_remote=options.allow_remote,
        allow_live_key=options.allow_live_key,
        allow_remote_webhooks=options.allow_remote_webhooks,
    )


def _announce(emulator: Emulator, options: argparse.Namespace) -> None:
    key = DEFAULT_KEY if options.key == DEFAULT_KEY else "the one given"
    _say(f"SkipUp emulator: {emulator.url}")
    _say(f"API key:         {key}")
    _say(f"State:           {'in memory' if options.db == MEMORY else options.db}")
    if options.seed is not None:
        _say(f"Seed:            {options.seed if emulator.seeded else 'left aside, since there is state already'}")
    _say(f"In a browser:    {emulator.page_url}")
    if options.allow_remote:
        _say("Warning: other machines can reach this emulator and read its page, and any web page can call it.")
    _say("Ctrl-C stops it.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m skipup_async emulator",
        description="A local SkipUp that behaves as the public documents say.\nIts page at / shows what is in it.",
        epilog=f"switches, each with its values, the default first:\n{described()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default: %(default)s)")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--profile", default="default", choices=tuple(PROFILES), help=_PROFILE_HELP)
    parser.add_argument("--switch", action="append", default=[], metavar="NAME=VALUE", help=_SWITCH_HELP)
    _add_state(parser)
    _add_key(parser)
    _add_permissions(parser)
    return parser


def _add_state(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is in it")
    group.add_argument("--db", default=MEMORY, metavar="FILE", help="keep the state in this file (default: in memory)")
    group.add_argument(
        "--seed", metavar="FILE", help="a JSON file of what to begin with; left aside where --db holds state already"
    )


def _add_key(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("its API key")
    group.add_argument("--key", default=DEFAULT_KEY, help="the key it accepts (default: %(default)s)")
    group.add_argument("--scope", action="append", help="what the key may do; may be repeated (default: all)")
    group.add_argument("--rate-limit", type=int, metavar="N", help="requests a key may make (default: no limit) ...")
    group.add_argument("--per", type=float, default=60.0, metavar="SECONDS", help="... in this time (default: 60)")
    group.add_argument(
        "--window", default="fixed", choices=get_args(Kind), help="how they are counted (default: %(default)s)"
    )


def _add_permissions(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what it does only if told to")
    group.add_argument("--allow-remote", action="store_true", help="listen on a --host that others can reach")
    group.add_argument("--allow-live-key", action="store_true", help="accept keys that look live")
    group.add_argument("--allow-remote-webhooks", action="store_true", help="post webhooks to other machines")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(error: Exception) -> int:
    sys.stderr.write(f"python -m skipup_async emulator: {error}\n")
    return 2
