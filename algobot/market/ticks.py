"""The bad-tick filter: what cannot be true never reaches a strategy, and is counted.

A price is held against the last good one of its symbol. One outside the collar is refused, unless it turns out to be
where the market now is: `settle` refused prices in a row that agree with each other become the new anchor.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Final

import msgspec

from algobot.model import SECOND_NS, Bar, Quote, Symbol, Trade

NOT_A_PRICE: Final = "not_a_price"  # not finite, or not positive; a volume that is not finite or negative
CROSSED: Final = "crossed"  # bid above ask
WIDE: Final = "wide"  # bid and ask too far apart to mean anything
CONTRADICTION: Final = "contradiction"  # open, high, low, close and times that no bar can have
WICK: Final = "wick"  # high or low impossibly far from the close
BACKWARDS: Final = "backwards"  # older than what came before
AHEAD: Final = "ahead"  # from the future
COLLAR: Final = "collar"  # too far from the last good price


class TickLimits(msgspec.Struct, frozen=True):
    """How far is too far, as fractions (0.2 is 20 %)."""

    collar: float = 0.2  # from one good price to the next
    wick: float = 1.0  # of a bar's high above its close, and of its close above its low
    spread: float = 0.4  # of ask above bid
    settle: int = 5  # prices in a row, agreeing within the collar, that move the anchor
    ahead_ns: int = 60 * SECOND_NS  # of a quote's or a trade's own time before ours


class _Level:
    """What is known of one symbol's price."""

    __slots__ = ("agreeing", "anchor", "candidate", "newest_bar_ns", "newest_quote_ns")

    def __init__(self) -> None:
        self.anchor = 0.0  # the last good price; 0 before the first
        self.candidate = 0.0  # the last refused one
        self.agreeing = 0
        self.newest_quote_ns = 0
        self.newest_bar_ns: dict[int, int] = {}  # by the length of the bar


class TickFilter:
    """Judges one venue's quotes, trades and bars; `rejected` counts what it refused, by reason."""

    def __init__(self, limits: TickLimits | None = None) -> None:
        self.rejected: Counter[str] = Counter()
        self._limits = limits or TickLimits()
        self._levels: dict[Symbol, _Level] = {}

    def anchor(self, symbol: Symbol, price: float) -> None:
        """Take `price`, for instance of the newest bar of the history, as the last good one."""
        if is_price(price):
            self._level(symbol).anchor = price

    def quote(self, quote: Quote) -> bool:
        """Return whether `quote` may pass."""
        reason = self._quote_fault(quote)
        if reason:
            self.rejected[reason] += 1
        return not reason

    def trade(self, trade: Trade) -> bool:
        """Return whether `trade` may pass; one a little older than the last may, whoever counts time by it decides."""
        reason = self._trade_fault(trade)
        if reason:
            self.rejected[reason] += 1
        return not reason

    def bar(self, symbol: Symbol, bar: Bar) -> bool:
        """Return whether `bar`, closed or still growing, may pass."""
        reason = bar_fault(bar, self._limits.wick) or self._bar_fault(symbol, bar)
        if reason:
            self.rejected[reason] += 1
        return not reason

    def _quote_fault(self, quote: Quote) -> str:
        if not (is_price(quote.bid) and is_price(quote.ask)):
            return NOT_A_PRICE
        if quote.bid > quote.ask:
            return CROSSED
        if quote.ask > quote.bid * (1.0 + self._limits.spread):
            return WIDE
        level = self._level(quote.symbol)
        if quote.ts_event_ns > quote.ts_recv_ns + self._limits.ahead_ns:
            return AHEAD
        if quote.ts_event_ns < level.newest_quote_ns:
            return BACKWARDS
        if not self._near(level, (quote.bid + quote.ask) / 2.0):
            return COLLAR
        level.newest_quote_ns = quote.ts_event_ns
        return ""

    def _trade_fault(self, trade: Trade) -> str:
        if not (is_price(trade.price) and is_price(trade.quantity)):
            return NOT_A_PRICE
        if trade.ts_event_ns > trade.ts_recv_ns + self._limits.ahead_ns:
            return AHEAD
        return "" if self._near(self._level(trade.symbol), trade.price) else COLLAR

    def _bar_fault(self, symbol: Symbol, bar: Bar) -> str:
        level, length_ns = self._level(symbol), bar.close_ns - bar.open_ns
        if bar.open_ns < level.newest_bar_ns.get(length_ns, 0):
            return BACKWARDS
        if not self._near(level, bar.close):
            return COLLAR
        level.newest_bar_ns[length_ns] = bar.open_ns
        return ""

    def _near(self, level: _Level, price: float) -> bool:
        """Return whether `price` is near the anchor, and move the anchor; or count it towards a new one."""
        collar = self._limits.collar
        if level.anchor == 0.0 or within(price, level.anchor, collar):
            level.anchor, level.agreeing = price, 0
            return True
        agrees = level.agreeing > 0 and within(price, level.candidate, collar)
        level.agreeing = level.agreeing + 1 if agrees else 1
        level.candidate = price
        if level.agreeing < self._limits.settle:
            return False
        level.anchor, level.agreeing = price, 0
        return True

    def _level(self, symbol: Symbol) -> _Level:
        level = self._levels.get(symbol)
        if level is None:
            level = self._levels[symbol] = _Level()
        return level


def is_price(value: float) -> bool:
    """Return whether `value` can be a price: finite and positive (`nan <= 0` is False, so ask the other way round)."""
    return 0.0 < value < math.inf


def within(price: float, anchor: float, fraction: float) -> bool:
    """Return whether neither of the two is more than `fraction` above the other."""
    return price <= anchor * (1.0 + fraction) and anchor <= price * (1.0 + fraction)


def bar_fault(bar: Bar, wick: float = TickLimits().wick) -> str:
    """Return why no market can have made `bar`, or "": needs nothing but the bar, so it serves history too."""
    if not (is_price(bar.open) and is_price(bar.high) and is_price(bar.low) and is_price(bar.close)):
        return NOT_A_PRICE
    if not 0.0 <= bar.volume < math.inf:
        return NOT_A_PRICE
    if bar.close_ns <= bar.open_ns or not bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high:
        return CONTRADICTION
    if bar.high > bar.close * (1.0 + wick) or bar.close > bar.low * (1.0 + wick):
        return WICK
    return ""
