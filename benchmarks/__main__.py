"""`python -m benchmarks SUITE`: runs one suite and prints its figures as Markdown."""

import argparse
import importlib

#: What each suite measures; it lives in the module of its name.
SUITES = {
    "blocking": "what a blocking call costs beside the awaited one, httpx.Client and requests.Session",
    "fanout": "throughput and memory of fan_out beside a semaphore loop by hand",
    "limits": "429s, finishing time and CPU of a fan-out under a rate limit, ours beside its peers",
}


def main() -> None:
    """Run the suite that the first argument names with the arguments that follow."""
    listed = "\n".join(f"  {name:12}{what}" for name, what in SUITES.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"suites:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suite", choices=SUITES, metavar="SUITE")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="see `python -m benchmarks SUITE --help`")
    chosen = parser.parse_args()
    importlib.import_module(f"benchmarks.{chosen.suite}").main(chosen.arguments)


if __name__ == "__main__":
    main()
