"""`python -m tests.published [--corrected] [--switches] [--before]`: the published table beside what is got.

By itself: the original's conventions; exit code 1 if a digit differs. `--corrected` adds what the real engine makes of
the same strategies on the same bars, `--switches` what one convention of the original alone is worth, `--before` what
the real engine makes of the years before, which nobody chose the parameters by.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from algobot.market.store import when
from algobot.research.metrics import Metrics
from tests.published import corrected
from tests.published.bars import path_of
from tests.published.reproduce import ORIGINAL, reproduced, row
from tests.published.table import TABLE, Entry

FIGURES: Final = ("Sharpe", "Calmar", "return %", "post-tax %", "win %", "trades", "max DD %", "profit factor")
SWITCHES: Final = {
    "as published": ORIGINAL,
    "stops at the close": ORIGINAL._replace(stop_fills_at_its_price=False),
    "targets at their price": ORIGINAL._replace(target_fills_at_the_open=False),
    "both": ORIGINAL._replace(stop_fills_at_its_price=False, target_fills_at_the_open=False),
    "no stale records": ORIGINAL._replace(keeps_records=False),
    "no target in the entry's bar": ORIGINAL._replace(target_within_the_entry_bar=False),
    "shorts marked as debts": ORIGINAL._replace(shorts_are_assets=False),
}


def main(words: list[str]) -> int:
    """Print the tables and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.published", description=__doc__)
    parser.add_argument("--corrected", action="store_true", help="also by the real engine")
    parser.add_argument("--switches", action="store_true", help="also with single conventions of the original off")
    parser.add_argument("--before", action="store_true", help="also the real engine on the years before")
    asked = parser.parse_args(words)
    missing = [path for entry in TABLE.values() for path in paths(entry) if not path.is_file()]
    if missing:
        sys.stderr.write(f"no {missing[0]}: set ALGOBOT_DATA_DIR to the folder that holds seed/table_a\n")
        return 1
    differ = show_published()
    if asked.corrected:
        show_corrected()
    if asked.switches:
        show_switches()
    if asked.before:
        show_before()
    print(f"{differ} cells differ" if differ else f"all {len(TABLE)} rows are equal to the last printed digit")
    return 1 if differ else 0


def paths(entry: Entry) -> list:
    """Return the files an entry needs."""
    return [path_of(symbol, entry.span) for symbol in entry.symbols]


def show_published() -> int:
    """Print the published table and return how many cells differ from it."""
    shown = columns(
        "The published table; a cell that differs shows published / got", ("strategy", "tf"), FIGURES, "note"
    )
    differ = 0
    for name, entry in TABLE.items():
        pairs = [*zip(entry.published.printed(), row(entry, reproduced(entry)).printed(), strict=True)]
        differ += sum(wanted != got for wanted, got in pairs)
        cells = (got if wanted == got else f"[red]{wanted} / {got}[/red]" for wanted, got in pairs)
        shown.add_row(name, entry.span, *cells, entry.note)
    put(shown)
    return differ


def show_corrected() -> None:
    """Print what the real engine makes of the same rows."""
    title = "The real engine: decided at the close, filled at the next open, the unfinished last bar left out"
    shown = columns(title, ("strategy", "tf"), FIGURES, "buy and hold %")
    for name, entry in TABLE.items():
        holds = corrected.held(entry)
        mean = sum(hold.return_pct for hold in holds) / len(holds)
        each = " ".join(f"{hold.symbol} {hold.return_pct:+.0f}" for hold in holds)
        shown.add_row(name, entry.span, *real_cells(corrected.corrected(entry).metrics), f"{mean:+.1f} ({each})")
    put(shown)


def show_before() -> None:
    """Print what the real engine makes of the rows on the years before."""
    shown = columns("The real engine on the years before", ("strategy", "tf"), FIGURES, "bars; buy and hold %")
    for name, entry in TABLE.items():
        series, outcome = corrected.before(entry)
        if outcome is None:
            shown.add_row(name, entry.span, *["–"] * len(FIGURES), "no BINANCE_*_USDT Parquet files")
            continue
        bars = ", ".join(f"{one.symbol} {when(int(one.bars['open_ns'][0]))[:10]}" for one in series)
        hold = number(outcome.metrics.buy_and_hold_fraction, 100.0)
        shown.add_row(name, entry.span, *real_cells(outcome.metrics), f"{bars}; {hold}")
    put(shown)


def real_cells(metrics: Metrics) -> Iterable[str]:
    """Return the same figures of a run of the real engine."""
    yield number(metrics.sharpe)
    yield number(metrics.calmar)
    yield number(metrics.return_fraction, 100.0)
    yield number(metrics.post_tax_return_fraction, 100.0)
    yield number(metrics.win_fraction, 100.0)
    yield str(metrics.trades)
    yield number(metrics.max_drawdown_fraction, 100.0)
    yield number(metrics.profit_factor)


def show_switches() -> None:
    """Print the return (and trades) of each row with one convention of the original done right."""
    shown = columns("Return % (trades) with one convention of the original done right", ("strategy",), SWITCHES, "")
    for name, entry in TABLE.items():
        cells = []
        for how in SWITCHES.values():
            got = row(entry, reproduced(entry, how))
            cells.append(f"{got.return_pct:.1f} ({got.trades})")
        shown.add_row(name, *cells)
    put(shown)


def columns(title: str, left: Iterable[str], right: Iterable[str], last: str) -> Table:
    """Return an empty table."""
    shown = Table(title=title, title_justify="left")
    for name in left:
        shown.add_column(name)
    for name in right:
        shown.add_column(name, justify="right")
    if last:
        shown.add_column(last)
    return shown


def number(value: float | None, scale: float = 1.0) -> str:
    """Return a figure as the table prints it."""
    return "–" if value is None else f"{scale * value:.2f}"


def put(shown: Table) -> None:
    """Print a table, wide where nobody looks."""
    Console(width=None if sys.stdout.isatty() else 170).print(shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
