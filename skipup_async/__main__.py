"""The command line: `python -m skipup_async demo`, `emulator` or `listen`."""

import argparse
import sys
from collections.abc import Sequence

from skipup_async.version import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command in *argv*; the exit status."""
    parser = argparse.ArgumentParser("python -m skipup_async", description=__doc__)
    parser.add_argument("--version", action="version", version=f"skipup_async {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("demo", help="the main job in a few seconds: no key, no network")
    commands.add_parser("emulator", help="a local SkipUp to work against", add_help=False)
    commands.add_parser("listen", help="print webhooks as they arrive, verified", add_help=False)
    chosen, rest = parser.parse_known_args(argv)
    if chosen.command == "demo":
        if rest:
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        from skipup_async import demo

        return demo.run()
    if chosen.command == "listen":
        from skipup_async.emulator import listen

        return listen.run(rest)
    from skipup_async.emulator import serve

    return serve.run(rest)


if __name__ == "__main__":
    sys.exit(main())
