"""Small charts as HTML: lines in an SVG that stretches, words beside it that do not.

Text inside a stretched SVG would be squeezed on a phone, so the axes' words are HTML, placed in per cent; lines keep
their width through `vector-effect`. What the pointer shows is in a JSON block that page.js reads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.research.report import axes
from algobot.research.report.axes import Mark, Scale
from algobot.research.report.shrink import Columns

WIDTH: Final = 1000  # of the view box; its height is HEIGHT
HEIGHT: Final = 300
_MANY_DOTS: Final = 500  # then they are small, and behind the lines

Values = npt.NDArray[Any]


class Series(NamedTuple):
    """One line of a chart. `style` is a class of page.css: "a" is the strategy, "b" what it is held against."""

    label: str
    values: Values
    style: str = "a"
    fill: bool = False  # down to zero


class Dots(NamedTuple):
    """Marks on a chart, at these times and values."""

    label: str
    times_ns: Values
    values: Values
    style: str  # "buy" or "sell"


class Look(NamedTuple):
    """How a chart is headed and its values are read."""

    title: str
    unit: str = ""  # "%" multiplies by 100
    note: str = ""
    may_log: bool = False
    zero: bool = False
    low: bool = False  # a lower chart


def line_chart(look: Look, times_ns: Values, series: Sequence[Series], dots: Sequence[Dots] = ()) -> str:
    """Return a figure of these values over time; "" if there is nothing to draw."""
    if len(times_ns) < 2 or times_ns[-1] <= times_ns[0]:
        return ""
    columns = Columns(times_ns)
    drawn = [(one, *columns.points(one.values)) for one in series]
    drawn = [item for item in drawn if len(item[1])]
    if not drawn:
        return ""
    low = min(float(values.min()) for _, _, values in drawn)
    high = max(float(values.max()) for _, _, values in drawn)
    axis = axes.scale(low, high, may_log=look.may_log, zero=look.zero)
    many = sum(len(some.values) for some in dots) > _MANY_DOTS
    marked = [_dots(some, columns, axis, many=many) for some in dots]
    parts = [_grid(axis), *(marked if many else ())]
    for one, at, values in drawn:
        parts.append(_line(one, _across(times_ns[at], columns), _up(values, axis), axis))
    parts += () if many else marked
    marks = axes.time_marks(columns.start, columns.end)
    legend = [(one.label, one.style) for one in series if one.label] + [(some.label, some.style) for some in dots]
    hover = _hover(look, columns, series)
    return figure(look, "".join(parts), axis, marks, legend=legend, hover=hover)


def histogram(look: Look, values: Values, bins: int = 41) -> str:
    """Return a figure of how often values fall where; what lies beyond the middle 98 % is in the outermost bars."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return ""
    low, high = (float(one) for one in np.percentile(values, [1, 99]))
    reach = max(abs(low), abs(high)) or float(np.abs(values).max())
    if reach == 0.0:
        return ""
    edges = np.linspace(-reach, reach, bins + 1)
    counts, _ = np.histogram(np.clip(values, -reach, reach), edges)
    axis = Scale(0.0, float(counts.max()) * 1.05)
    step = WIDTH / bins
    bars = []
    for index, count in enumerate(counts.tolist()):
        if count:
            height = max(count / axis.high * HEIGHT, 1.5)
            left, right = edges[index : index + 2].tolist()
            style = "buy" if left + right > 1e-12 * reach else "sell" if left + right < -1e-12 * reach else "b"
            words = f"{_value(left, look.unit)} to {_value(right, look.unit)}: {count:,}"
            bars.append(
                f'<rect class="{style}" x="{index * step:.1f}" y="{HEIGHT - height:.1f}" width="{step * 0.86:.1f}" '
                f'height="{height:.1f}"><title>{escape(words)}</title></rect>'
            )
    marks = [
        Mark((value + reach) / (2 * reach), _value(value, look.unit))
        for value in axes.value_marks(Scale(-reach, reach))
    ]
    return figure(look, _grid(axis) + "".join(bars), axis, marks, counted=True)


def figure(
    look: Look,
    drawing: str,
    axis: Scale,
    marks: Sequence[Mark],
    *,
    legend: Sequence[tuple[str, str]] = (),
    hover: str = "",
    counted: bool = False,
) -> str:
    """Return the frame around a drawing: heading, legend, axes, what the pointer shows."""
    unit = "" if counted else look.unit
    keys = "".join(f'<span class="key {style}">{escape(label)}</span>' for label, style in legend)
    notes = " · ".join(word for word in (look.note, "log scale" if axis.log else "") if word)
    ys = "".join(
        f'<span class="y" style="top:{(1 - axis.place(value)) * 100:.2f}%">{_value(value, unit)}</span>'
        for value in axes.value_marks(axis)
    )
    xs = "".join(
        f'<span class="x" style="left:{mark.place * 100:.2f}%">{escape(mark.text)}</span>'
        for mark in marks
        if 0.015 <= mark.place <= 0.985
    )
    lines = "".join(f'<path class="grid" d="M{mark.place * WIDTH:.1f} 0V{HEIGHT}"/>' for mark in marks)
    note = f'<span class="note">{escape(notes)}</span>' if notes else ""
    return (
        f'<figure class="chart{" low" if look.low else ""}"><figcaption><b>{escape(look.title)}</b>{keys}{note}'
        f'</figcaption><div class="plot"><svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(look.title)}">{lines}{drawing}</svg>{ys}{xs}<i class="cursor"></i>'
        f'<output class="tip"></output></div>{hover}</figure>\n'
    )


def script_json(value: object) -> str:
    """Return JSON that may stand inside a script element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _across(times_ns: Values, columns: Columns) -> Values:
    found: Values = (times_ns - columns.start) * (WIDTH / (columns.end - columns.start))
    return found


def _up(values: Values, axis: Scale) -> Values:
    places = (
        np.log(values / axis.low) / np.log(axis.high / axis.low)
        if axis.log
        else (values - axis.low) / (axis.high - axis.low)
    )
    found: Values = (1.0 - places) * HEIGHT
    return found


def _grid(axis: Scale) -> str:
    lines = []
    for value in axes.value_marks(axis):
        style = "grid zero" if value == 0.0 and not axis.log else "grid"
        lines.append(f'<path class="{style}" d="M0 {(1 - axis.place(value)) * HEIGHT:.1f}H{WIDTH}"/>')
    return "".join(lines)


def _line(one: Series, xs: Values, ys: Values, axis: Scale) -> str:
    points = " ".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs.tolist(), ys.tolist(), strict=True))
    drawn = f'<path class="line {one.style}" d="M{points}"/>'
    if not one.fill:
        return drawn
    ground = (1 - axis.place(0.0)) * HEIGHT
    return f'<path class="area {one.style}" d="M{xs[0]:.1f} {ground:.1f}L{points}V{ground:.1f}Z"/>' + drawn


def _dots(some: Dots, columns: Columns, axis: Scale, *, many: bool) -> str:
    """Draw at most one dot for each spot that can be told from its neighbours."""
    xs = np.round(_across(some.times_ns, columns) / 1.5) * 1.5
    ys = np.round(_up(some.values, axis) / 3.0) * 3.0
    spots = np.unique(np.column_stack([xs, ys]), axis=0)
    style = f"dot many {some.style}" if many else f"dot {some.style}"
    return f'<path class="{style}" d="{"".join(f"M{x:.1f} {y:.1f}h0" for x, y in spots.tolist())}"/>'


def _hover(look: Look, columns: Columns, series: Sequence[Series]) -> str:
    rows = [_short(columns.lasts(one.values)) for one in series]
    told = {
        "t": (columns.times_ns // 1_000_000).tolist(),
        "v": rows,
        "n": [one.label or look.title for one in series],
        "u": look.unit,
        "s": [columns.start // 1_000_000, columns.end // 1_000_000],
    }
    return f'<script type="application/json">{script_json(told)}</script>'


def _short(values: Values) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values.tolist()]


def _value(value: float, unit: str) -> str:
    return f"{value * 100:.4g}%".replace("-0%", "0%") if unit == "%" else axes.brief(value)
