"""Where an axis has its marks, and what they say."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

_WANTED: Final = 5  # marks on a value axis, about
_MOST: Final = 8  # on a time axis
_ROUNDING: Final = 1e-9
_LOG_FROM: Final = 6.0  # a range that grows more than this is drawn by ratios


class Mark(NamedTuple):
    """A place on an axis, 0 to 1 from its start, and its words."""

    place: float
    text: str


class Scale(NamedTuple):
    """A value axis from `low` to `high`, by ratios if `log`."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where a value is, 0 at the bottom and 1 at the top."""
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def scale(low: float, high: float, *, may_log: bool = False, zero: bool = False) -> Scale:
    """Return an axis that holds these values with a little room; with `zero`, that line too."""
    if may_log and low > 0 and high / low > _LOG_FROM:
        room = (high / low) ** 0.03
        return Scale(low / room, high * room, True)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = (high - low) * 0.04 or abs(high) * 0.01 or 1.0
    return Scale(low - (0.0 if zero and low == 0.0 else room), high + (0.0 if zero and high == 0.0 else room))


def value_marks(axis: Scale) -> list[float]:
    """Return round values within the axis."""
    if axis.log and axis.high / axis.low > 30:
        decades = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        steps = (1.0,) if len(decades) > 4 else (1.0, 3.0)
        marks = [step * 10.0**decade for decade in decades for step in steps]
        return [mark for mark in marks if axis.low <= mark <= axis.high]
    step = _round_step((axis.high - axis.low) / _WANTED)
    first, last = math.ceil(axis.low / step - _ROUNDING), math.floor(axis.high / step + _ROUNDING)
    return [index * step for index in range(first, last + 1)]


def time_marks(start_ns: int, end_ns: int) -> list[Mark]:
    """Return at most eight round times between the two (UTC), in the words of their kind."""
    if end_ns <= start_ns:
        return []
    start, end = (datetime.fromtimestamp(ns / 1e9, UTC) for ns in (start_ns, end_ns))
    for months, pattern in ((1, "%b %Y"), (3, "%b %Y"), (6, "%b %Y"), (12, "%Y"), (24, "%Y"), (60, "%Y")):
        if (end - start).days / 30.44 / months <= _MOST and (end - start).days > 90:
            return [_mark(one, start, end, pattern) for one in _months(start, end, months)]
    return [_mark(one, start, end, pattern) for one, pattern in _even(start, end)]


def brief(value: float) -> str:
    """Return a number for an axis: 12k, 3.4M, 0.05."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least)) if least > 0 else 1.0
    return next((size * power for size in (1, 2, 2.5, 5) if size * power >= least * 0.999), 10 * power)


def _months(start: datetime, end: datetime, every: int) -> list[datetime]:
    first = start.year * 12 + start.month - 1
    counts = (count for count in range(first, end.year * 12 + end.month) if count % every == 0)
    times = (datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC) for count in counts)
    return [one for one in times if start <= one <= end]


def _even(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    minutes = (end - start).total_seconds() / 60
    steps = (1, 5, 15, 30, 60, 180, 360, 720, 1440, 2880, 7200, 14_400, 28_800)
    step = next((size for size in steps if minutes / size <= _MOST), steps[-1])
    pattern = "%d %b" if step >= 1440 else "%d %b %H:%M"
    first = math.ceil(start.timestamp() / 60 / step) * step
    count = int((end.timestamp() / 60 - first) // step) + 1
    begin = datetime.fromtimestamp(first * 60, UTC)
    return [(begin + timedelta(minutes=step * index), pattern) for index in range(max(count, 0))]


def _mark(one: datetime, start: datetime, end: datetime, pattern: str) -> Mark:
    return Mark((one - start) / (end - start), one.strftime(pattern))
