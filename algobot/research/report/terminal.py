"""A run's summary for a terminal of 80 columns, with or without colour."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from algobot.research.report import months, words
from algobot.research.report.breakdown import breakdown, by_symbol
from algobot.research.report.record import Run

_LEFT: Final = ("Return", "For the risk", "What it took")
_STYLES: Final = {1: "green", -1: "red", 0: ""}
_STRONG: Final = 0.05  # a month beyond it is bold


def show(console: Console, run: Run) -> None:
    """Print what was run, its metrics, the months and what to be wary of."""
    record, m = run.record, run.metrics
    console.print()
    console.print(Text(f"{record.strategy} on {', '.join(record.symbols)}", "bold"))
    first, last = _dates(run)
    console.print(Text(f"{first} to {last} · {m.bars:,} bars · {m.days:,.1f} days", "dim"))
    console.print(Text(" ".join(f"{name}={value}" for name, value in record.params.items()), "dim"))
    console.print()
    console.print(Padding(_metrics(run), (0, 0, 1, 0)))
    console.print(_months(run))
    if len(record.symbols) > 1:
        console.print(_symbols(run))
    for warning in record.warnings:
        console.print(Text(f"! {warning}", "yellow"))


def _dates(run: Run) -> tuple[str, str]:
    import numpy as np

    if len(run.close_ns) == 0:
        return "–", "–"
    ends = run.close_ns[[0, -1]] - 1
    first, last = np.datetime_as_string(ends.astype("datetime64[ns]"), unit="D")
    return str(first), str(last)


def _metrics(run: Run) -> Table:
    """Two columns of groups side by side."""
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(min_width=20)
    table.add_column(justify="right", min_width=16)
    table.add_column(width=2)
    table.add_column(min_width=20)
    table.add_column(justify="right", min_width=16)
    sides = [[group for group in words.GROUPS if (group[0] in _LEFT) is left] for left in (True, False)]
    columns = [list(_rows(run, side)) for side in sides]
    for left, right in zip_longest(*columns, fillvalue=(Text(""), Text(""))):
        table.add_row(*left, "", *right)
    return table


def _rows(run: Run, groups: Iterable[tuple[str, tuple[words.Line, ...]]]) -> Iterable[tuple[Text, Text]]:
    """Yield label and value of each line worth a look; a whole group without a heading says nothing."""
    for place, (title, lines) in enumerate(groups):
        if place:
            yield Text(""), Text("")
        yield Text(title, "bold"), Text("")
        for line in lines:
            if not words.idle(line, run.record.assumptions):
                yield Text("  " + line.label), _value(run, line)


def _value(run: Run, line: words.Line) -> Text:
    value = getattr(run.metrics, line.field)
    sign = 0 if value is None or line.text not in (words.signed,) else (value > 0) - (value < 0)
    return Text(line.of(run.metrics), _STYLES[sign])


def _months(run: Run) -> Group | Text:
    """The matrix of monthly returns in per cent, a row per year."""
    years = months.matrix(run.close_ns, run.equity, run.metrics.start_equity)
    if not years:
        return Text("")
    table = Table(box=None, padding=(0, 0, 0, 1), pad_edge=False, header_style="dim")
    table.add_column("%")
    for name in months.NAMES:
        table.add_column(name, justify="right", min_width=4)
    table.add_column("year", justify="right", min_width=6)
    for year in years:
        cells = [Text("·", "dim") if cell is None else _cell(cell.fraction) for cell in year.months]
        table.add_row(Text(str(year.year), "dim"), *cells, _cell(year.total.fraction, bold=True))
    return Group(Text("Months, return in per cent", "bold"), table, Text(""))


def _symbols(run: Run) -> Table:
    """What each symbol's closed trades came to."""
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("Symbols", header_style="bold")
    for name in ("trades", "won", "profit", "fees"):
        table.add_column(name, justify="right")
    for one in breakdown(run.trades, by_symbol):
        profit = Text(f"{one.profit:+,.2f}", _STYLES[(one.profit > 0) - (one.profit < 0)])
        table.add_row(Text(one.name), f"{one.trades:,}", f"{one.win_fraction:.1%}", profit, f"{one.fees:,.2f}")
    table.add_row("")
    return table


def _cell(fraction: float | None, *, bold: bool = False) -> Text:
    if fraction is None:
        return Text(words.NONE, "dim")
    per_cent = fraction * 100
    digits = 0 if abs(per_cent) >= (999.5 if bold else 9.95) else 1
    text = f"{per_cent:.{digits}f}"
    text = "0.0" if text == "-0.0" else text
    style = "dim" if text == "0.0" else _STYLES[1 if fraction > 0 else -1]
    return Text(text, f"bold {style}" if bold or abs(fraction) >= _STRONG else style)
