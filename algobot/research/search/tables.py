"""What a search found, as a table for people and one for programs."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from algobot.research.search.goals import OBJECTIVES
from algobot.research.search.hunt import Trial


def _number(value: float) -> str:
    return f"{value:,.2f}" if abs(value) < 1000 else f"{value:,.0f}"


def _gain(value: float) -> str:
    return f"{value:+,.1%}" if abs(value) < 1 else f"{value:+,.0%}"


def _share(value: float) -> str:
    return f"{value:.1%}"


# the objective, its heading, its words
_SHOWN: Final[Mapping[str, tuple[str, Callable[[float], str]]]] = {
    "sharpe": ("sharpe", _number),
    "calmar": ("calmar", _number),
    "sortino": ("sortino", _number),
    "return": ("return", _gain),
    "max_drawdown": ("draw\ndown", _share),
    "profit_factor": ("profit\nfactor", _number),
    "win_rate": ("win\nrate", _share),
    "expectancy": ("mean\ntrade", _number),
}


def table(
    title: str,
    best: Sequence[Trial],
    searched: Sequence[str],
    objectives: Sequence[str],
    width: int,
    *,
    markets: bool,
) -> Any:
    """Return the best trials as a rich table: what was searched, the objectives, and of the rest what fits."""
    from rich.box import SIMPLE
    from rich.table import Table

    columns = {"": [str(place) for place in range(1, len(best) + 1)]}
    if markets:
        columns["market"] = [trial.market.label for trial in best]
    columns |= {name: [param_word(getattr(trial.params, name)) for trial in best] for name in searched}
    columns |= {_SHOWN[name][0]: [_word(trial, name) for trial in best] for name in objectives}
    columns["trades"] = [f"{int(trial.score['trades']):,}" for trial in best]
    for name in _SHOWN:
        more = {_SHOWN[name][0]: [_word(trial, name) for trial in best]}
        if sum(map(_width, (columns | more).items())) <= width:
            columns |= more
    made = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    ours = {_SHOWN[name][0] for name in objectives}
    for head in columns:
        style = "dim" if not head else "bold" if head in searched else "cyan" if head in ours else ""
        made.add_column(head, justify="left" if head == "market" else "right", style=style, overflow="fold")
    for cells in zip(*columns.values(), strict=True):
        made.add_row(*cells)
    return made


def _width(column: tuple[str, list[str]]) -> int:
    """Return the characters a column takes, the space around it included."""
    head, cells = column
    return max(len(word) for word in [*head.split("\n"), *cells]) + 2


def write(path: Path, ranked: Sequence[Trial], names: Sequence[str]) -> None:
    """Write trials, best first, as CSV."""
    fields = [OBJECTIVES[name][0] for name in _SHOWN]
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["place", "market", *names, *fields, "trades", "counts"])
        for place, trial in enumerate(ranked, 1):
            found = [float(trial.score[field]) for field in fields]
            plain = [repr(value) if math.isfinite(value) else "" for value in found]
            counts = "no" if trial.worth is None else "yes"
            rows.writerow([place, trial.market.label, *trial.params, *plain, int(trial.score["trades"]), counts])


def param_word(value: Any) -> str:
    """Return a parameter as a person writes it."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _word(trial: Trial, objective: str) -> str:
    value = float(trial.score[OBJECTIVES[objective][0]])
    if not math.isfinite(value):
        return "–"
    return _SHOWN[objective][1](value)
