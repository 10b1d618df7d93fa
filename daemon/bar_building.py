"""Closed bars out of a stream's trades, where the venue sends no bars.

What one stream carries is built by one `BarBuilding`, and a new connection begins with a new one: the first bar of each
is dropped, since nobody knows what of it was missed. Bots fetch it from the history, as they do for any gap.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from algobot.market.builder import BarBuilder
from algobot.model import SECOND_NS, Bar, BarUpdate, Symbol, Trade
from algobot.venues.port import Subscription

GRACE_NS: Final = 2 * SECOND_NS  # a trade may be that late before its bar is closed without a later one


class _Building:
    """One symbol's bars of one timeframe."""

    __slots__ = ("builder", "timeframe", "whole_from_ns")

    def __init__(self, timeframe: str) -> None:
        self.timeframe = timeframe
        self.builder = BarBuilder(timeframe)
        self.whole_from_ns = 0  # bars that open before it are parts; 0 before the first trade


class BarBuilding:
    """The bars of one connection, every symbol and timeframe that it carries."""

    def __init__(self, subscriptions: Iterable[Subscription] = ()) -> None:
        self._wanted: dict[Symbol, list[_Building]] = {}
        self._newest: dict[Symbol, Trade] = {}
        for one in subscriptions:
            if one.timeframe:
                self._wanted.setdefault(one.symbol, []).append(_Building(one.timeframe))

    def trade(self, trade: Trade) -> list[BarUpdate]:
        """Take a trade that passed the filter; return the bars that it closes, oldest first within a timeframe."""
        newest = self._newest.get(trade.symbol)
        if newest is None or trade.ts_event_ns >= newest.ts_event_ns:
            self._newest[trade.symbol] = trade
        closed: list[BarUpdate] = []
        for building in self._wanted.get(trade.symbol, ()):
            bars = building.builder.trade(trade)
            if not building.whole_from_ns and (first := building.builder.growing) is not None:
                building.whole_from_ns = first.close_ns
            closed += _whole(trade.symbol, building, bars, trade.ts_recv_ns)
        return closed

    def overdue(self, now_ns: int) -> list[BarUpdate]:
        """Return the bars that are over at `now_ns`, our wall clock, though no later trade has come.

        The venue's clock decides: it stands where its newest trade was, and as much later as we have waited since.
        """
        closed: list[BarUpdate] = []
        for symbol, newest in self._newest.items():
            venue_ns = newest.ts_event_ns + (now_ns - newest.ts_recv_ns) - GRACE_NS
            for building in self._wanted.get(symbol, ()):
                closed += _whole(symbol, building, building.builder.close_until(venue_ns), now_ns)
        return closed


def _whole(symbol: Symbol, building: _Building, bars: list[Bar], recv_ns: int) -> list[BarUpdate]:
    """Return the bars that were seen from their beginning."""
    whole = [bar for bar in bars if bar.open_ns >= building.whole_from_ns]
    return [BarUpdate(symbol, building.timeframe, bar, True, recv_ns) for bar in whole]
