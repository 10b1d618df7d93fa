"""Line charts in text: points to rows of inked cells, in braille dots or plain ASCII. Pure; no numpy.

A chart has its value axis on the right with the newest value marked on it, its time axis (UTC) below, and fills as ▲
under and ▼ over the line at the time and price they happened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

import msgspec

from tui.format import DAY, HOUR, MINUTE, SECOND
from tui.glyphs import Glyphs
from tui.ink import Piece

Point = tuple[int, float]  # (ts_ns, value)

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille cell, by row and column
_STEPS: Final = tuple(
    [s * SECOND for s in (1, 5, 10, 15, 30)]
    + [m * MINUTE for m in (1, 2, 5, 10, 15, 30)]
    + [h * HOUR for h in (1, 2, 4, 6, 12)]
    + [d * DAY for d in (1, 2, 7, 14, 30, 90, 365)]
)


class Mark(msgspec.Struct, frozen=True):
    """Something that happened at a time and a value: a fill."""

    ts_ns: int
    value: float
    buy: bool


class Frame(msgspec.Struct, frozen=True):
    """What a chart covers, and the cells it has for that."""

    first_ns: int
    last_ns: int
    low: float
    high: float
    columns: int
    rows: int

    def across(self, ts_ns: int, cells: int) -> int:
        """Where a time lies among `cells`, from the left."""
        span = self.last_ns - self.first_ns
        return cells - 1 if span <= 0 else min(cells - 1, max(0, (ts_ns - self.first_ns) * (cells - 1) // span))

    def down(self, value: float, cells: int) -> int:
        """Where a value lies among `cells`, from the top."""
        share = (self.high - value) / (self.high - self.low)
        return min(cells - 1, max(0, round(share * (cells - 1))))


def plot(
    points: Sequence[Point],
    size: tuple[int, int],
    glyphs: Glyphs,
    *,
    label: Callable[[float], str],
    marks: Sequence[Mark] = (),
    ink: str = "up",
) -> list[list[Piece]]:
    """The rows of a chart of `size` (width, height), from the top; `points` oldest first; none for none."""
    width, height = size
    points = [point for point in points if math.isfinite(point[1])]
    if not points:
        return []
    first, last = points[0][0], points[-1][0]
    marks = [mark for mark in marks if first <= mark.ts_ns <= last + (last - first) // 20]  # the bar not yet closed
    low, high = _range([value for _, value in points] + [mark.value for mark in marks])
    rows = max(2, height - 1)
    ticks = _ticks(low, high, max(2, rows // 3))
    labels = max(len(label(value)) for value in (*ticks, points[-1][1]))
    last = max(last, max((mark.ts_ns for mark in marks), default=last))
    frame = Frame(first, last, low, high, max(4, width - labels - 2), rows)
    cells = _line(points, frame, glyphs)
    drawn: list[list[Piece]] = [[(cell, ink) for cell in row] for row in cells]
    for mark in marks:
        across = frame.across(mark.ts_ns, frame.columns)
        row = frame.down(mark.value, frame.rows) + (1 if mark.buy else -1)
        row = min(frame.rows - 1, max(0, row))
        drawn[row][across] = (glyphs.up, "mark_buy") if mark.buy else (glyphs.down, "mark_sell")
    axis = _value_axis(frame, points[-1][1], ticks, lambda value: label(value).rjust(labels), glyphs)
    return [[*_runs(row), *axis[place]] for place, row in enumerate(drawn)] + [_time_axis(frame)]


def spark(values: Sequence[float], width: int, glyphs: Glyphs) -> str:
    """The values as `width` blocks, each as high as its share; spaces on the left where there are fewer."""
    shown = [value for value in values if math.isfinite(value)]
    if len(shown) > width:
        shown = [shown[place * (len(shown) - 1) // (width - 1)] for place in range(width)]
    if not shown:
        return " " * width
    low, high = min(shown), max(shown)
    top = len(glyphs.blocks) - 1
    if high - low <= abs(high) * 1e-9:
        return (glyphs.blocks[0] * len(shown)).rjust(width)
    return "".join(glyphs.blocks[round((value - low) / (high - low) * top)] for value in shown).rjust(width)


def _runs(cells: Sequence[Piece]) -> list[Piece]:
    """Neighbours of one ink as one piece: fewer pieces are faster to draw."""
    return [("".join(text for text, _ in run), ink) for ink, run in groupby(cells, key=lambda cell: cell[1])]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    room = (high - low) * 0.06 or abs(high) * 0.001 or 1.0
    return low - room, high + room


def _line(points: Sequence[Point], frame: Frame, glyphs: Glyphs) -> list[list[str]]:
    across, down = (2, 4) if glyphs.braille else (1, 1)
    columns, rows = frame.columns * across, frame.rows * down
    dots = [(frame.across(ts_ns, columns), frame.down(value, rows)) for ts_ns, value in points]
    bits = [[0] * frame.columns for _ in range(frame.rows)]
    for start, end in zip(dots[:1] + dots, dots, strict=False):
        for x, y in _between(start, end):
            bits[y // down][x // across] |= _DOTS[y % down][x % across] if glyphs.braille else 1
    empty, full = (" ", "*")
    if glyphs.braille:
        return [[chr(0x2800 + cell) if cell else empty for cell in row] for row in bits]
    return [[full if cell else empty for cell in row] for row in bits]


def _between(start: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots of a straight line, both ends included."""
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        share = step / steps
        yield round(start[0] + (end[0] - start[0]) * share), round(start[1] + (end[1] - start[1]) * share)


def _value_axis(
    frame: Frame, newest: float, ticks: Sequence[float], label: Callable[[float], str], glyphs: Glyphs
) -> list[list[Piece]]:
    bar, tick = ("│", "┤") if glyphs.braille else ("|", "+")
    axis: list[list[Piece]] = [[(bar, "dim")] for _ in range(frame.rows)]
    here = frame.down(newest, frame.rows)
    for value in ticks:
        row = frame.down(value, frame.rows)
        if abs(row - here) > 0:
            axis[row] = [(tick, "dim"), (" " + label(value), "dim")]
    axis[here] = [(tick, "strong"), (" " + label(newest), "strong")]
    return axis


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round values between `low` and `high`, about `count` of them."""
    rough = (high - low) / count
    size = 10.0 ** math.floor(math.log10(rough))
    step = next((size * factor for factor in (1, 2, 2.5, 5) if size * factor >= rough), size * 10)
    first = math.ceil(low / step)
    return [step * place for place in range(first, math.floor(high / step) + 1)]


def _time_axis(frame: Frame) -> list[Piece]:
    span = max(1, frame.last_ns - frame.first_ns)
    step = next((step for step in _STEPS if step * frame.columns >= span * 12), _STEPS[-1])
    text = [" "] * frame.columns
    free = 0
    for ts_ns in range(-(-frame.first_ns // step) * step, frame.last_ns + 1, step):
        words = datetime.fromtimestamp(ts_ns / SECOND, UTC).strftime(_pattern(step))
        place = frame.across(ts_ns, frame.columns) - len(words) // 2
        if place >= free and place + len(words) <= frame.columns:
            text[place : place + len(words)] = words
            free = place + len(words) + 2
    return [("".join(text), "dim")]


def _pattern(step: int) -> str:
    return "%m-%d" if step >= DAY else "%H:%M" if step >= MINUTE else "%H:%M:%S"
