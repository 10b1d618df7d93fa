"""One market in motion: it walks the source's bars as market time passes, moving book, prints and klines."""

from __future__ import annotations

from collections import deque
from random import Random
from typing import Final, Protocol

import msgspec

from algobot.simulator.candles import Candle, Klines
from algobot.simulator.exchange import Exchange, Market
from algobot.simulator.maker import Maker
from algobot.simulator.sources import Point, Source

KEPT_PRINTS: Final = 1000


class Print(msgspec.Struct, frozen=True):
    """One public trade."""

    trade_id: int
    price: int  # ticks
    lots: int
    buyer_is_maker: bool
    ms: int  # wall time


class Watch(Protocol):
    """Who is told that bars move."""

    def bar_moved(self, tape: Tape, *, closed: Candle | None) -> None:
        """A base bar closed (then it is given), or the forming one moved."""
        ...


class Tape:
    """The moving part of one market."""

    def __init__(
        self, exchange: Exchange, market: Market, source: Source, maker: Maker, watch: Watch, end_ms: int | None
    ) -> None:
        self.market = market
        self.source = source
        self.klines = Klines(source.base_ms)
        self.prints: deque[Print] = deque(maxlen=KEPT_PRINTS)
        self.done = False
        self._exchange = exchange
        self._maker = maker
        self._watch = watch
        self._end_ms = end_ms
        self._bar: Candle | None = None
        self._path: list[Point] = []
        self._next = 0
        self._seen: Candle | None = None  # of the bar so far
        self._held: int | None = None
        for candle in source.history():
            self.klines.close(candle)

    def open(self, ms: int) -> None:
        """Quote for the first time, at the last price of the history or the open of the first bar."""
        self._load()
        history = self.klines.base
        if self._bar is not None and (not history or self.klines.until_ms <= self._bar.open_ms):
            self.market.last_price = self.market.rules.ticks_of(history[-1].close if history else self._bar.open)
        self._maker.quote(self.market.last_price, ms)

    def advance(self, to_ms: int, ms: int) -> None:
        """Let market time pass up to `to_ms`; `ms` is the wall time written on what happens."""
        while not self.done:
            bar = self._bar
            if bar is None:
                self.done = True
                return
            due = self._due(bar, to_ms)
            if due:
                self._step(due, ms)
            if bar.open_ms + self.klines.base_ms > to_ms:
                if due:
                    self._watch.bar_moved(self, closed=None)
                return
            self.klines.close(bar)
            self._watch.bar_moved(self, closed=bar)
            self._load()

    def jump(self, price: int, ms: int, *, hold: bool) -> None:
        """Move the price now; with `hold` it stays there whatever the bars do. A recorded bar is never altered."""
        self._held = price if hold else None
        value = float(self.market.rules.price_text(price))
        point = Point(0.0, value, 0.0, buyer_is_maker=price < self.market.last_price)
        bar = self._bar
        if self.source.jump(value) and bar is not None:
            seen = self._seen or Candle(bar.open_ms, bar.open, bar.open, bar.open, bar.open, 0.0)
            self._seen = seen
            self._bar = Candle(bar.open_ms, bar.open, max(seen.high, value), min(seen.low, value), value, bar.volume)
            self._path, self._next = [point], 0
        self._move([point], ms)

    def release(self) -> None:
        """Follow the bars again."""
        self._held = None

    def _load(self) -> None:
        found = self.source.next()
        self._seen = None
        self._next = 0
        if found is None or (self._end_ms is not None and found[0].open_ms >= self._end_ms):
            self._bar = None
        else:
            self._bar, self._path = found

    def _due(self, bar: Candle, to_ms: int) -> list[Point]:
        start = self._next
        passed = (to_ms - bar.open_ms) / self.klines.base_ms
        while self._next < len(self._path) and self._path[self._next].offset <= passed:
            self._next += 1
        return self._path[start : self._next]

    def _step(self, due: list[Point], ms: int) -> None:
        bar = self._bar
        assert bar is not None
        for point in due:
            now = Candle(bar.open_ms, point.price, point.price, point.price, point.price, point.volume)
            self._seen = now if self._seen is None else self._seen.then(now)
        self.klines.forming = self._seen
        self._move(due if self._held is None else [], ms)

    def _move(self, points: list[Point], ms: int) -> None:
        """Print the points against accounts' orders, then quote around the last of them."""
        market = self.market
        self._maker.pull()
        for point in points:
            price = market.rules.ticks_of(point.price)
            market.last_price = price
            if point.volume > 0:
                self._print(price, point, ms)
            if market.stops:
                self._maker.quote(price, ms)
                self._exchange.trigger_stops(market, ms)
                self._maker.pull()
        if self._held is not None:
            market.last_price = self._held
        self._maker.quote(market.last_price, ms)
        if market.stops:
            self._exchange.trigger_stops(market, ms)

    def _print(self, price: int, point: Point, ms: int) -> None:
        rules = self.market.rules
        lots = max(1, round(point.volume * 1e8 / rules.step))
        side = -1 if point.buyer_is_maker else 1
        lots -= self._exchange.sweep(self.market, side, price, lots, ms)
        if lots > 0:
            self._exchange.stranger(self.market, price, lots, buyer_is_maker=point.buyer_is_maker)


def seeded(seed: int, symbol: str, purpose: str) -> Random:
    """Return a random stream of its own for one market and purpose; the same seed gives the same stream."""
    return Random(f"{seed}:{symbol}:{purpose}")  # noqa: S311 - repeatable, not secret
