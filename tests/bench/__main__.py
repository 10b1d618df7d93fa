"""`python -m tests.bench engine|sweep|start|indicators|data|load [OPTIONS]`: a table each, last a line of JSON."""

from __future__ import annotations

import importlib
import sys

NAMES = ("engine", "sweep", "start", "indicators", "data", "load")


def main() -> int:
    """Run one bench with the words after its name."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(__doc__)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    name = sys.argv.pop(1)
    return importlib.import_module(f"tests.bench.{name}").main() or 0


if __name__ == "__main__":
    sys.exit(main())
