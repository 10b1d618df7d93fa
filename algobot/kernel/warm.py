"""`python -m algobot.kernel.warm [--dir FOLDER] [NAME …]`: compile strategies into the cache before they are needed.

The daemon runs it as a process of its own before it runs a strategy, since compiling holds the interpreter for seconds;
a second run takes one. FOLDER is a person's own strategies; without names it is all there are. Prints one line per
strategy; one that cannot be loaded is named on stderr and does not stop the others (exit code 2).
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from algobot.errors import StrategyError
from algobot.kernel.session import Session, Settings
from algobot.kernel.strategy import Strategy
from algobot.model import MINUTE_NS, Bar


def warm(strategy: Strategy) -> float:
    """Compile, or load, all that a session of this strategy calls; return the seconds it took."""
    start = time.monotonic()
    settings = Settings(lot=1.0, tick=0.01, maker_fee=0.0, taker_fee=0.0, capital=1000.0)
    session = Session(strategy, {}, settings)
    session.step(Bar(0, MINUTE_NS, 10.0, 10.0, 10.0, 10.0, 1.0))
    session.apply_fill(1, 1, 10.0, 0.0)
    session.protect(10.0)
    session.set_position(1)
    session.close_now(10.0, MINUTE_NS)
    return time.monotonic() - start


def main(words: Sequence[str]) -> int:
    """Warm the strategies named, or all of the package and the folder; return the exit code."""
    # The registry stands above the kernel and is fetched by name: this module is a program, nothing here imports it.
    registry = importlib.import_module("algobot.strategies.registry")
    asked = argparse.ArgumentParser(prog="python -m algobot.kernel.warm", description="Compile strategies.")
    asked.add_argument("--dir", type=Path, help="a folder of your own strategies")
    asked.add_argument("names", nargs="*", metavar="NAME", help="a strategy; without one all of them")
    given = asked.parse_args(words)
    folder = given.dir
    code = 0
    for name in given.names or registry.names(folder):
        try:
            seconds = warm(registry.load(name, folder))
        except StrategyError as error:
            sys.stderr.write(f"{name}: {error.message}\n")
            code = 2
        else:
            sys.stdout.write(f"{name} ready in {seconds:.2f} s\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
