"""The main charts as PNGs, drawn by matplotlib without a screen."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Final

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from algobot.research.report import charts, months
from algobot.research.report.axes import brief
from algobot.research.report.record import Run
from algobot.research.report.shrink import Columns
from algobot.research.report.tables import below_start

_BLUE, _GREY, _GREEN, _RED = "#2563eb", "#9aa3b2", "#12935b", "#d6453d"
_DPI: Final = 110
_LOG_FROM: Final = 6.0


def write(folder: Path, run: Run) -> list[Path]:
    """Write equity.png, price.png, months.png and returns.png into `folder`; return those there was something for."""
    if len(run.close_ns) < 2:
        return []
    made = [_equity(folder, run), _price(folder, run), _months(folder, run), _returns(folder, run)]
    return [path for path in made if path]


def _save(figure: Figure, path: Path) -> Path:
    FigureCanvasAgg(figure)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a letter that the font lacks is a box, not a reason to talk
        figure.savefig(path)
    return path


def _figure(width: float, height: float) -> Figure:
    """Return a figure with half an inch around its axes: measuring its words would take as long as drawing it."""
    left, bottom, right, top = 0.62 / width, 0.38 / height, 1 - 0.36 / width, 1 - 0.36 / height
    figure = Figure(figsize=(width, height), dpi=_DPI)
    figure.subplots_adjust(left, bottom, right, top, wspace=0.14, hspace=0.22)
    return figure


def _plain(axes: Any, title: str) -> None:
    axes.set_title(_literal(title), loc="left", fontsize=11, fontweight="bold")
    axes.grid(visible=True, color="#e4e6ea", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.005)


def _literal(text: str) -> str:
    """Return text that is not taken for a formula, nor for a label to hide."""
    return " " * text.startswith("_") + text.replace("$", r"\$")


def _times(times_ns: Any) -> Any:
    return times_ns.astype("datetime64[ns]").astype("datetime64[ms]")


def _line(axes: Any, columns: Columns, run: Run, values: Any, **look: Any) -> None:
    at, drawn = columns.points(values)
    axes.plot(_times(run.close_ns[at]), drawn, **look)


def _may_log(axes: Any, *values: Any) -> None:
    low, high = (float(fold([fold(one[np.isfinite(one)]) for one in values])) for fold in (np.min, np.max))
    if low > 0 and high / low > _LOG_FROM:
        axes.set_yscale("log", subs=(2, 3, 5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: brief(value)))
        axes.yaxis.set_minor_formatter(FuncFormatter(lambda value, _: brief(value)))
        axes.tick_params(axis="y", which="minor", labelsize=8)


def _equity(folder: Path, run: Run) -> Path:
    figure = _figure(10, 6)
    top, low = figure.subplots(2, 1, sharex=True, height_ratios=[2.4, 1])
    columns = Columns(run.close_ns)
    _line(top, columns, run, run.hold, color=_GREY, linewidth=1.0, label="buy and hold")
    _line(top, columns, run, run.equity, color=_BLUE, linewidth=1.3, label=_literal(run.record.strategy))
    _may_log(top, run.hold, run.equity)
    top.legend(frameon=False, loc="upper left")
    _plain(top, f"{run.record.strategy} on {', '.join(run.record.symbols)}")
    below = below_start(run) * 100
    at, drawn = columns.points(below)
    low.fill_between(_times(run.close_ns[at]), drawn, 0.0, color=_RED, alpha=0.25, linewidth=0)
    low.plot(_times(run.close_ns[at]), drawn, color=_RED, linewidth=0.9)
    _plain(low, "underwater, %")
    return _save(figure, folder / "equity.png")


def _price(folder: Path, run: Run) -> Path:
    figure = _figure(10, 4.5)
    axes = figure.subplots()
    symbol, closes = run.record.symbols[0], run.closes[0]
    _line(axes, Columns(run.close_ns), run, closes, color="#4b5565", linewidth=0.9)
    trips = [trip for name, trip in run.trades if name == symbol]
    size, order = (14, 3) if len(trips) < charts.MANY else (1.5, 1)  # many would hide the price
    for dots in charts.marks(trips, run.close_ns):
        colour, shape = (_GREEN, "^") if dots.style == "buy" else (_RED, "v")
        axes.scatter(_times(dots.times_ns), dots.values, s=size, c=colour, marker=shape, label=dots.label, zorder=order)
    _may_log(axes, closes)
    if trips:
        axes.legend(frameon=False, loc="upper left")
    _plain(axes, f"{symbol}, close")
    return _save(figure, folder / "price.png")


def _months(folder: Path, run: Run) -> Path | None:
    years = months.matrix(run.close_ns, run.equity, run.metrics.start_equity)
    figure = _figure(10, 1.0 + 0.36 * len(years))
    axes = figure.subplots()
    cells = [[*year.months, year.total] for year in years]
    rows = np.array(
        [[cell.fraction * 100 if cell and cell.fraction is not None else np.nan for cell in row] for row in cells]
    )
    axes.imshow(
        rows,
        cmap=LinearSegmentedColormap.from_list("gain", [_RED, "#ffffff", _GREEN]),
        vmin=-20,
        vmax=20,
        aspect="auto",
    )
    for (row, column), value in np.ndenumerate(rows):
        if np.isfinite(value):
            axes.text(column, row, f"{value:.1f}".replace("-0.0", "0.0"), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(13), [*months.NAMES, "year"], fontsize=8)
    axes.set_yticks(range(len(years)), [str(year.year) for year in years], fontsize=8)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_title("Months, return in per cent", loc="left", fontsize=11, fontweight="bold")
    return _save(figure, folder / "months.png")


def _returns(folder: Path, run: Run) -> Path:
    figure = _figure(10, 3.6)
    left, right = figure.subplots(1, 2)
    of = charts.rhythm(run)
    trades = np.array([trip.profit_fraction for _, trip in run.trades if trip.closed])
    for axes, values, title in ((left, of.returns, f"returns of {of.word}s, %"), (right, trades, "trades, %")):
        if len(values):
            reach = float(np.abs(np.percentile(values, [1, 99])).max()) * 100 or 1.0
            axes.hist(np.clip(values * 100, -reach, reach), bins=41, range=(-reach, reach), color=_BLUE, alpha=0.8)
            axes.axvline(0.0, color=_GREY, linewidth=0.8)
        _plain(axes, title)
    return _save(figure, folder / "returns.png")
