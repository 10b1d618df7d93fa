"""Runs beside each other: their metrics, which is best, and what was set differently."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from algobot.research.report import words
from algobot.research.report.record import Record, Run
from algobot.research.report.stamps import iso
from algobot.research.report.words import Line

_LABEL: Final = 22  # characters
_COLUMN: Final = 18
_MONEY: Final = ("end_equity", "expectancy", "average_win", "average_loss", "best_trade", "worst_trade", "fees")
_OWN: Final = ("name", "made", "command", "warnings", "schema_version", "layout", "data")


class Row(NamedTuple):
    """One metric of every run; `best` are the places of the best, none where that cannot be said."""

    line: Line
    values: tuple[float | None, ...]
    best: tuple[int, ...]


class Difference(NamedTuple):
    """A setting that is not the same in all runs."""

    name: str
    values: tuple[object, ...]


class Comparison(NamedTuple):
    """All there is to say of runs beside each other."""

    rows: list[Row]
    differences: list[Difference]
    notes: list[str]  # why a comparison may not be fair


def compare(runs: Sequence[Run]) -> Comparison:
    """Return the comparison of these runs."""
    same_capital = len({run.metrics.start_equity for run in runs}) == 1
    rows = []
    for _, lines in words.GROUPS:
        for line in lines:
            values = tuple(getattr(run.metrics, line.field) for run in runs)
            fair = same_capital or line.field not in _MONEY
            rows.append(Row(line, values, _best(values, line.better) if fair else ()))
    return Comparison(rows, _differences([run.record for run in runs]), _notes(runs, same_capital=same_capital))


def as_json(runs: Sequence[Run], found: Comparison) -> dict[str, Any]:
    """Return the comparison for a program."""
    return {
        "schema_version": 1,
        "runs": [
            {"name": run.record.name, "strategy": run.record.strategy, "metrics": msgspec.to_builtins(run.metrics)}
            for run in runs
        ],
        "best": {row.line.field: list(row.best) for row in found.rows if row.best},
        "differences": [{"name": one.name, "values": list(one.values)} for one in found.differences],
        "notes": found.notes,
    }


def show(console: Console, runs: Sequence[Run], found: Comparison) -> None:
    """Print the runs, their metrics side by side with the best marked, and what was set differently.

    Runs that do not fit beside each other come in further tables; the best is that of all of them.
    """
    letters = [chr(ord("A") + place) if place < 26 else str(place + 1) for place in range(len(runs))]
    console.print()
    for letter, run in zip(letters, runs, strict=True):
        console.print(Text.assemble((letter, "bold"), f"  {run.record.name}"))
    assumed = [run.record.assumptions for run in runs]
    rows = [row for row in found.rows if not all(words.idle(row.line, one) for one in assumed)]
    rows = [row for row in rows if any(value is not None for value in row.values)]
    fit = max((console.width - _LABEL) // _COLUMN, 1)
    blocks = [range(start, min(start + fit, len(runs))) for start in range(0, len(runs), fit)]
    for block in blocks:
        console.print(_metrics(rows, letters, block))
    if not found.differences:
        console.print("All settings are the same.")
    for block in blocks if found.differences else ():
        console.print(Text("Set differently", "bold"))
        console.print(_set_differently(found.differences, letters, block))
    for note in found.notes:
        console.print(Text(f"! {note}", "yellow"))


def _metrics(rows: Sequence[Row], letters: Sequence[str], block: range) -> Table:
    table = Table(box=SIMPLE, caption="* best", caption_justify="left", padding=(0, 1))
    table.add_column("", no_wrap=True)
    for place in block:
        table.add_column(letters[place], justify="right", no_wrap=True)
    for row in rows:
        table.add_row(row.line.label, *(_cell(row, place) for place in block))
    return table


def _cell(row: Row, place: int) -> Text:
    value = row.values[place]
    text = words.NONE if value is None else row.line.text(value)
    return Text(f"{text} *", "bold green") if place in row.best else Text(f"{text}  ")


def _set_differently(differences: Sequence[Difference], letters: Sequence[str], block: range) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1))
    table.add_column("", overflow="fold")
    for place in block:
        table.add_column(letters[place], overflow="fold")
    for one in differences:
        table.add_row(one.name, *(_setting(one.values[place]) for place in block))
    return table


def _setting(value: object) -> str:
    return words.NONE if value in (None, "") else str(value)


def _best(values: Sequence[float | None], better: int) -> tuple[int, ...]:
    known = [value for value in values if value is not None]
    if better == 0 or len(known) < 2 or min(known) == max(known):
        return ()
    best = max(known) if better > 0 else min(known)
    return tuple(place for place, value in enumerate(values) if value == best)


def _differences(records: Sequence[Record]) -> list[Difference]:
    flat = [_flat(record) for record in records]
    names = list(dict.fromkeys(name for one in flat for name in one))
    rows = [Difference(name, tuple(one.get(name) for one in flat)) for name in names]
    return [row for row in rows if len({repr(value) for value in row.values}) > 1]


def _flat(record: Record) -> dict[str, object]:
    """Return every setting under one name, tables as `table.name`."""
    found: dict[str, object] = {}
    for name, value in msgspec.to_builtins(record).items():
        if isinstance(value, dict):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        elif name not in _OWN:
            found[name] = value
    found["source"] = record.layout.rpartition("source ")[2]
    found["symbols"] = ", ".join(record.symbols)
    found["data"] = ", ".join(f"{file.sha256[:12]} ({file.bars:,} bars)" for file in record.data)
    return found


def _notes(runs: Sequence[Run], *, same_capital: bool) -> list[str]:
    found = []
    spans = {(int(run.close_ns[0]), int(run.close_ns[-1])) if len(run.close_ns) else (0, 0) for run in runs}
    if len(spans) > 1:
        told = ", ".join(sorted(f"{iso(first)[:10]} to {iso(last)[:10]}" for first, last in spans))
        found.append(f"the runs are of different spans ({told}): only figures for a year can be compared, with care")
    if len({tuple(run.record.symbols) for run in runs}) > 1:
        found.append("the runs are of different symbols")
    if not same_capital:
        found.append("the runs started with different capital: amounts of money are not compared")
    return found
