"""A venue's past in memory: behind the port of `market.fetch`, with the ways real venues answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from algobot.kernel.records import Records
from algobot.market.store import as_bar
from algobot.model import Bar, Symbol, timeframe_ns


class FakePast:
    """Gives the bars of one symbol, `page` at a time; `before` is called first and may raise."""

    def __init__(self, bars: Records, *, page: int = 7, windowed: bool = False, days: Records | None = None) -> None:
        self.bars_there = bars
        self.page = page
        self.timeframes: tuple[str, ...] = ("1m", "1h", "1d")
        self.before: Callable[[], None] = lambda: None
        self.asked: list[tuple[str, int]] = []
        self._windowed = windowed  # an empty page says nothing of what comes later
        self._days = days

    async def bars(self, symbol: Symbol, timeframe: str, since_ns: int) -> list[Bar]:
        """As the port promises."""
        self.asked.append((timeframe, since_ns))
        self.before()
        rows = self.bars_there if timeframe != "1d" or self._days is None else self._days
        first = int(np.searchsorted(rows["open_ns"], since_ns))
        page = rows[first : first + self.page]
        if self._windowed:
            page = page[page["open_ns"] < since_ns + self.page * timeframe_ns(timeframe)]
        return [as_bar(row) for row in page]
