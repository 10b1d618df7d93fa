"""`python -m tests.campaign NAME [--rounds N] [--seed S]`: one campaign; exit 1 on any violation.

Each campaign is a module of this folder with `main(words) -> Summary`; the last line printed is its summary as JSON,
with the seed it can be repeated with.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the campaigns there are: modules that have a `main`."""
    modules = sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))
    return [name for name in modules if "\ndef main(words: list[str]) -> " in (HERE / f"{name}.py").read_text("utf-8")]


def run(words: list[str]) -> int:
    """Run the campaign that is named first."""
    if not words or words[0] not in names():
        sys.stderr.write(f"usage: python -m tests.campaign {{{','.join(names())}}} [OPTIONS]\n")
        return 2
    summary = importlib.import_module(f"tests.campaign.{words[0]}").main(words[1:])
    print(summary.json(), flush=True)
    return 1 if summary.violations else 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
