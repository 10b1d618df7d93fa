"""Bars as the venue keeps them, in every timeframe somebody asked for."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import msgspec

MINUTE: Final = 60_000
INTERVALS: Final[dict[str, int]] = {
    "1s": 1000, "1m": MINUTE, "3m": 3 * MINUTE, "5m": 5 * MINUTE, "15m": 15 * MINUTE, "30m": 30 * MINUTE,
    "1h": 60 * MINUTE, "2h": 120 * MINUTE, "4h": 240 * MINUTE, "6h": 360 * MINUTE, "8h": 480 * MINUTE,
    "12h": 720 * MINUTE, "1d": 1440 * MINUTE, "3d": 4320 * MINUTE, "1w": 10080 * MINUTE,
}  # fmt: skip
WEEK_START: Final = 4 * 1440 * MINUTE  # the epoch was a Thursday; weeks open on Monday


class Candle(msgspec.Struct, frozen=True):
    """One bar; `open_ms` is market time."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float

    def then(self, later: Candle) -> Candle:
        """Return the bar of both: this one, then `later`."""
        return Candle(
            self.open_ms,
            self.open,
            max(self.high, later.high),
            min(self.low, later.low),
            later.close,
            self.volume + later.volume,
        )


def bucket(open_ms: int, interval_ms: int) -> int:
    """Return when the bar of `interval_ms` opens in which `open_ms` falls."""
    shift = WEEK_START if interval_ms == INTERVALS["1w"] else 0
    return (open_ms - shift) // interval_ms * interval_ms + shift


class Klines:
    """The closed base bars of one market and what is folded from them on demand."""

    def __init__(self, base_ms: int) -> None:
        self.base_ms = base_ms
        self.until_ms = 0  # market time up to which bars are closed
        self.forming: Candle | None = None
        self._folds: dict[int, list[Candle]] = {base_ms: []}

    @property
    def base(self) -> list[Candle]:
        """The closed bars of the base timeframe, oldest first."""
        return self._folds[self.base_ms]

    def offers(self, interval_ms: int) -> bool:
        """Return whether bars of this length can be made of the base bars."""
        return interval_ms >= self.base_ms and interval_ms % self.base_ms == 0

    def close(self, candle: Candle) -> None:
        """Append a base bar that is finished."""
        self.forming = None
        self.until_ms = candle.open_ms + self.base_ms
        for interval_ms, fold in self._folds.items():
            _fold(fold, candle, interval_ms)

    def fold(self, interval_ms: int) -> list[Candle]:
        """Return the bars of a timeframe, oldest first; the last may not be finished."""
        fold = self._folds.get(interval_ms)
        if fold is None:
            fold = self._folds[interval_ms] = []
            for candle in self.base:
                _fold(fold, candle, interval_ms)
        return fold

    def latest(self, interval_ms: int) -> tuple[Candle, bool] | None:
        """Return the bar that contains the newest base bar, forming or closed, and whether it is closed."""
        fold = self.fold(interval_ms)
        if self.forming is None:
            return (fold[-1], fold[-1].open_ms + interval_ms <= self.until_ms) if fold else None
        opened = bucket(self.forming.open_ms, interval_ms)
        if fold and fold[-1].open_ms == opened:
            return fold[-1].then(self.forming), False
        return msgspec.structs.replace(self.forming, open_ms=opened), False

    def query(
        self, interval_ms: int, start_ms: int | None, end_ms: int | None, limit: int, *, forming: bool
    ) -> list[Candle]:
        """Return up to `limit` bars that open within the range: the first ones when it has a start, else the last."""
        fold = self.fold(interval_ms)
        stop = len(fold)
        while stop and fold[stop - 1].open_ms + interval_ms > self.until_ms:
            stop -= 1
        first = 0 if start_ms is None else bisect_left(fold, start_ms, hi=stop, key=lambda c: c.open_ms)
        last = stop if end_ms is None else bisect_left(fold, end_ms + 1, hi=stop, key=lambda c: c.open_ms)
        found = fold[first : min(last, first + limit)] if start_ms is not None else fold[max(0, last - limit) : last]
        newest = self.latest(interval_ms) if forming else None
        if newest is not None and not newest[1] and last == stop:
            candle = newest[0]
            inside = (start_ms is None or candle.open_ms >= start_ms) and (end_ms is None or candle.open_ms <= end_ms)
            if inside and (start_ms is None or len(found) < limit):
                found = [*found, candle][-limit:]
        return found


def _fold(fold: list[Candle], candle: Candle, interval_ms: int) -> None:
    opened = bucket(candle.open_ms, interval_ms)
    if fold and fold[-1].open_ms == opened:
        fold[-1] = fold[-1].then(candle)
    elif opened == candle.open_ms:
        fold.append(candle)
    else:
        fold.append(msgspec.structs.replace(candle, open_ms=opened))
