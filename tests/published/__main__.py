"""`python -m tests.published`: the published table beside what is got; exit code 1 if a digit differs."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from tests.published.bars import FOLDER
from tests.published.reproduce import reproduced, row
from tests.published.table import TABLE

COLUMNS = ("Sharpe", "Calmar", "return %", "post-tax %", "win %", "trades", "max DD %", "profit factor")


def main() -> int:
    """Print the table and return the exit code."""
    if not FOLDER.is_dir():
        sys.stderr.write(f"no {FOLDER}: set ALGOBOT_DATA_DIR to the folder that holds seed/table_a\n")
        return 1
    shown = Table(title="published / got by the original's conventions", caption="a cell with two values differs")
    for name in ("strategy", "tf", *COLUMNS, ""):
        shown.add_column(name, justify="left" if name in ("strategy", "tf", "") else "right")
    differ = 0
    for name, entry in TABLE.items():
        got = row(entry, reproduced(entry)).printed()
        pairs = list(zip(entry.published.printed(), got, strict=True))
        differ += sum(wanted != cell for wanted, cell in pairs)
        cells = [cell if wanted == cell else f"[red]{wanted} / {cell}[/red]" for wanted, cell in pairs]
        shown.add_row(name, entry.span, *cells, entry.note)
    Console(width=None if sys.stdout.isatty() else 150).print(shown)
    print(f"{differ} cells differ" if differ else f"all {len(TABLE)} rows are equal to the last printed digit")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
