"""What a bot remembers of itself for those who watch: curves in bounded arrays, Sharpe ratio, drawdown, the day.

Small on purpose: a thousand bots live in one process.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from typing import Final

from algobot.protocol.rows import DecisionRow

POINTS: Final = 600  # bars kept for the charts
DECISIONS: Final = 50
DAY_NS: Final = 86_400_000_000_000
YEAR_NS: Final = 365 * DAY_NS
RETURNS_LEAST: Final = 30  # fewer bar returns say nothing about a Sharpe ratio,
SHARPE_FROM_NS: Final = DAY_NS  # nor does less market time: minutes blown up to a year are noise


class Curve:
    """The newest `POINTS` bars: close time, close, equity; oldest first."""

    __slots__ = ("_closes", "_equities", "_times")

    def __init__(self) -> None:
        self._times = array("q")
        self._closes = array("d")
        self._equities = array("d")

    def add(self, close_ns: int, close: float, equity: float) -> None:
        """Append a bar; the oldest go in blocks, so that appending stays cheap."""
        self._times.append(close_ns)
        self._closes.append(close)
        self._equities.append(equity)
        if len(self._times) >= POINTS + POINTS // 4:
            for column in (self._times, self._closes, self._equities):
                del column[: len(column) - POINTS]

    def prices(self) -> list[tuple[int, float]]:
        """Return (close_ns, close) of each."""
        return list(zip(self._times, self._closes, strict=True))

    def equities(self) -> list[tuple[int, float]]:
        """Return (close_ns, equity) of each that was traded through (warm-up bars have none)."""
        return [(t, e) for t, e in zip(self._times, self._equities, strict=True) if not math.isnan(e)]


class Record:
    """A bot's course so far: told each bar's equity, asked for ratios."""

    __slots__ = (
        "_last",
        "_mean",
        "_square",
        "curve",
        "day",
        "day_start",
        "decisions",
        "drawdown",
        "last_decision",
        "peak",
        "returns",
    )

    def __init__(self, capital: float, *, day_start: float = 0.0, day_start_ns: int = 0) -> None:
        self.curve = Curve()
        self.decisions: deque[DecisionRow] = deque(maxlen=DECISIONS)
        self.last_decision = DecisionRow(0, 0, "", "")
        self.day = day_start_ns // DAY_NS
        self.day_start = day_start or capital
        self.peak = capital
        self.drawdown = 0.0
        self.returns = 0
        self._last = 0.0
        self._mean = 0.0
        self._square = 0.0

    def resume(self, equities: list[tuple[int, float]]) -> None:
        """Take up the course from the points of an earlier life, oldest first."""
        for _, equity in equities:
            self._step(equity)

    def begin_day(self, open_ns: int) -> None:
        """Start a UTC day, by the clock of the bars, where the last bar left the equity."""
        day = open_ns // DAY_NS
        if day > self.day:
            if self._last > 0.0:
                self.day_start = self._last
            self.day = day

    def bar(self, close_ns: int, close: float, equity: float) -> None:
        """Count a bar that ended at `equity`."""
        self._step(equity)
        self.curve.add(close_ns, close, equity)

    def warm(self, close_ns: int, close: float) -> None:
        """Draw a bar of the history, which was not traded."""
        self.curve.add(close_ns, close, math.nan)

    def sharpe(self, bar_ns: int) -> float | None:
        """Return the Sharpe ratio of the bar returns, annualised by the bar's length.

        None while it would be noise (under a day of bars by market time, or under 30) or when the equity never moved.
        """
        if self.returns < RETURNS_LEAST or self.returns * bar_ns < SHARPE_FROM_NS or self._square <= 0.0:
            return None
        deviation = math.sqrt(self._square / (self.returns - 1))
        return self._mean / deviation * math.sqrt(YEAR_NS / bar_ns) if deviation > 0.0 else None

    def decided(self, row: DecisionRow, *, notable: bool) -> None:
        """Keep the last decision, and the notable ones for the list."""
        self.last_decision = row
        if notable:
            self.decisions.appendleft(row)

    def _step(self, equity: float) -> None:
        if self._last > 0.0:
            change = equity / self._last - 1.0
            self.returns += 1
            delta = change - self._mean
            self._mean += delta / self.returns
            self._square += delta * (change - self._mean)
        self._last = equity
        self.peak = max(self.peak, equity)
        self.drawdown = 1.0 - equity / self.peak if self.peak > 0.0 else 0.0
