"""How an objective changes with two parameters, others at their best: for a terminal, a page, a picture."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.errors import UsageError
from algobot.model import Param
from algobot.research.search.goals import OBJECTIVES
from algobot.research.search.hunt import Trial

_MOST: Final = 400  # values of one parameter
_BAD, _MIDDLE, _GOOD = (178, 60, 54), (226, 226, 220), (34, 128, 84)  # red, light grey, green
_PERCENT: Final = ("return", "win_rate", "max_drawdown")

Colour = tuple[int, int, int]


class Heatmap(NamedTuple):
    """`cells[row, column]` is the best value of the objective there, nan where nothing counted."""

    title: str
    objective: str
    columns: tuple[str, tuple[Param, ...]]  # name and values
    rows: tuple[str, tuple[Param, ...]]
    cells: npt.NDArray[np.float64]

    def text(self, row: int, column: int) -> str:
        """Return a cell as people read it."""
        value = float(self.cells[row, column])
        if not math.isfinite(value):
            return "·"
        return f"{value:.0%}" if self.objective in _PERCENT else f"{value:.3g}" if abs(value) >= 100 else f"{value:.2f}"

    def colour(self, row: int, column: int) -> Colour | None:
        """Return red for the worst cell to green for the best, None where there is nothing."""
        value = self.cells[row, column]
        if not np.isfinite(value):
            return None
        low, high = float(np.nanmin(self.cells)), float(np.nanmax(self.cells))
        place = (float(value) - low) / (high - low) if high > low else 1.0
        if not OBJECTIVES[self.objective][1]:
            place = 1.0 - place
        return _between(_BAD, _MIDDLE, 2 * place) if place < 0.5 else _between(_MIDDLE, _GOOD, 2 * place - 1)


def heatmap(trials: Sequence[Trial], objective: str, across: str, down: str) -> Heatmap:
    """Return the best of the trials for each pair of values of two parameters; `trials` are of one market.

    Raises:
        UsageError: nothing to show, or too many values.
    """
    counted = [trial for trial in trials if trial.worth is not None]
    if not counted:
        raise UsageError("no run counts, so there is no heatmap", hint="lower --min-trades")
    field, more = OBJECTIVES[objective]
    columns, rows = (tuple(sorted({getattr(trial.params, name) for trial in trials})) for name in (across, down))
    if max(len(columns), len(rows)) > _MOST:
        raise UsageError(f"a heatmap of {len(columns):,} × {len(rows):,} values", hint="search fewer values, as a grid")
    cells = np.full((len(rows), len(columns)), np.nan)
    better = np.fmax if more else np.fmin
    across_at, down_at = ({value: at for at, value in enumerate(values)} for values in (columns, rows))
    for trial in counted:
        at = (down_at[getattr(trial.params, down)], across_at[getattr(trial.params, across)])
        cells[at] = better(cells[at], float(trial.score[field]))
    title = f"{objective} on {counted[0].market.label}"
    return Heatmap(title, objective, (across, columns), (down, rows), cells)


def terminal(of: Heatmap, width: int) -> Any:
    """Return it for rich: with numbers if they fit into `width` columns, else as coloured blocks."""
    from rich.table import Table
    from rich.text import Text

    (across, columns), (down, rows) = of.columns, of.rows
    labels = max(len(f"{value:g}") for value in rows)
    cell = max(len(of.text(y, x)) for y in range(len(rows)) for x in range(len(columns)))
    cell = max(cell, *(len(f"{value:g}") for value in columns))
    numbers = labels + 4 + len(columns) * (cell + 2) <= width
    block = " " * min((width - labels - 1) // len(columns), 2)
    if not numbers and not block:
        return Text(f"{of.title}: {len(columns)} columns do not fit here; the page and the picture show them", "dim")
    title = f"{of.title}: {down} down, {across} across"
    if not numbers:
        title += f" from {columns[0]:g} to {columns[-1]:g}; green is best"
    table = Table(box=None, padding=0, title=title, title_justify="left", show_header=numbers)
    table.add_column("", justify="right")
    for value in columns:
        table.add_column(f"{value:g} ", justify="right", no_wrap=True)
    for y, value in enumerate(rows):
        cells = [Text(f" {of.text(y, x)} " if numbers else block, _style(of.colour(y, x))) for x in range(len(columns))]
        table.add_row(f"{value:g} ", *cells)
    return table


def page(of: Heatmap) -> str:
    """Return it as one self-contained HTML page."""
    (across, columns), (down, rows) = of.columns, of.rows
    heads = "".join(f"<th>{value:g}</th>" for value in columns)
    body = "".join(f"<tr><th>{value:g}</th>{''.join(_cells(of, y))}</tr>" for y, value in enumerate(rows))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>{html.escape(of.title)}</title>
<style>body{{font:14px system-ui,sans-serif;margin:2rem;color:#1f2430}}table{{border-collapse:collapse}}
td{{min-width:3.2em;padding:.35em .5em;text-align:right;border:1px solid #fff}}
th{{padding:.35em .5em;text-align:right;font-weight:500;color:#5b6472}}caption{{text-align:left;padding:.5em 0}}</style>
<h1>{html.escape(of.title)}</h1><table><caption>{html.escape(across)} across, {html.escape(down)} down;
each cell is the best over all other parameters</caption><tr><th></th>{heads}</tr>{body}</table></html>
"""


def picture(of: Heatmap, path: Path) -> None:
    """Write it as a PNG; needs matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    (across, columns), (down, rows) = of.columns, of.rows
    stops = [tuple(part / 255 for part in colour) for colour in (_BAD, _MIDDLE, _GOOD)]
    if not OBJECTIVES[of.objective][1]:
        stops.reverse()
    size = (min(3 + 0.55 * len(columns), 16), min(2 + 0.4 * len(rows), 12))
    figure = Figure(figsize=size, dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(of.cells, cmap=LinearSegmentedColormap.from_list("worth", stops), aspect="auto", origin="upper")
    for set_ticks, values in ((axes.set_xticks, columns), (axes.set_yticks, rows)):
        step = -(-len(values) // 25)
        set_ticks(range(0, len(values), step), [f"{value:g}" for value in values[::step]])
    axes.set_xlabel(across)
    axes.set_ylabel(down)
    axes.set_title(of.title, loc="left", fontsize=11, fontweight="bold")
    if len(columns) <= 16 and len(rows) <= 24:
        for y, x in np.ndindex(of.cells.shape):
            axes.text(x, y, of.text(y, x), ha="center", va="center", fontsize=8, color=_ink(of.colour(y, x)))
    figure.colorbar(image)
    figure.savefig(path)


def _cells(of: Heatmap, row: int) -> Iterator[str]:
    for column in range(of.cells.shape[1]):
        colour = of.colour(row, column)
        style = f"background:rgb{colour};color:{_ink(colour)}" if colour else "color:#9aa3b2"
        yield f'<td style="{style}">{of.text(row, column)}</td>'


def _between(low: Colour, high: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(low, high, strict=True))
    return red, green, blue


def _ink(colour: Colour | None) -> str:
    """Return a colour of text that can be read on this one."""
    return "#1f2430" if colour is None or sum(colour) > 420 else "#ffffff"


def _style(colour: Colour | None) -> str:
    return f"{_ink(colour)} on rgb({colour[0]},{colour[1]},{colour[2]})" if colour else "dim"
