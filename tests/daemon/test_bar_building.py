"""Bars out of trades: whole ones only, each once, in time."""

from __future__ import annotations

from algobot.model import MINUTE_NS, SECOND_NS, Bar, BarUpdate, Side, Symbol, Trade
from algobot.venues.port import Subscription
from daemon.bar_building import GRACE_NS, BarBuilding

BTC = Symbol("BTC/USDT")
ETH = Symbol("ETH/USDT")
LAG_NS = 3600 * SECOND_NS  # our clock is that far from the venue's: bars must not depend on it


def a_trade(at_s: int, price: float, symbol: Symbol = BTC) -> Trade:
    """Return a print at `at_s` of the venue's clock."""
    return Trade(symbol, price, 1.0, Side.BUY, at_s * SECOND_NS, at_s * SECOND_NS + LAG_NS)


def building(*timeframes: str) -> BarBuilding:
    """Return a new connection's bars of BTC."""
    return BarBuilding([Subscription(BTC), *(Subscription(BTC, timeframe) for timeframe in timeframes)])


def fed(bars: BarBuilding, *trades: tuple[int, float]) -> list[BarUpdate]:
    """Return what the trades close."""
    return [update for at_s, price in trades for update in bars.trade(a_trade(at_s, price))]


def test_the_first_bar_of_a_connection_is_a_part_and_is_dropped() -> None:
    """The next one was seen from its beginning."""
    (update,) = fed(building("1m"), (30, 9.0), (61, 10.0), (80, 14.0), (90, 8.0), (119, 11.0), (120, 12.0))
    assert update.bar == Bar(MINUTE_NS, 2 * MINUTE_NS, 10.0, 14.0, 8.0, 11.0, 4.0)
    assert (update.symbol, update.timeframe, update.closed) == (BTC, "1m", True)
    assert update.ts_recv_ns == 120 * SECOND_NS + LAG_NS


def test_each_timeframe_gets_its_own_bars_from_the_same_trades() -> None:
    """A two-minute bar is both of its minutes; its own first one is dropped as well."""
    updates = fed(building("1m", "2m"), *((60 * minute, 10.0 + minute) for minute in range(5)))
    minutes = [update.bar.open_ns // MINUTE_NS for update in updates if update.timeframe == "1m"]
    pairs = [update.bar for update in updates if update.timeframe == "2m"]
    assert minutes == [1, 2, 3]
    assert pairs == [Bar(2 * MINUTE_NS, 4 * MINUTE_NS, 12.0, 13.0, 12.0, 13.0, 2.0)]


def test_a_bar_closes_without_a_later_trade_once_the_venues_clock_is_past_it() -> None:
    """After a grace for what is still under way, and flat bars after it; none before the first whole one."""
    bars = building("1m")
    assert bars.overdue(LAG_NS) == []
    fed(bars, (30, 9.0), (70, 10.0))
    over_ns = 120 * SECOND_NS + LAG_NS + GRACE_NS
    assert bars.overdue(over_ns - 1) == []
    (update,) = bars.overdue(over_ns)
    assert update.bar == Bar(MINUTE_NS, 2 * MINUTE_NS, 10.0, 10.0, 10.0, 10.0, 1.0)
    assert bars.overdue(over_ns) == []
    (flat,) = bars.overdue(over_ns + MINUTE_NS)
    assert flat.bar == Bar(2 * MINUTE_NS, 3 * MINUTE_NS, 10.0, 10.0, 10.0, 10.0, 0.0)
    assert fed(bars, (119, 99.0)) == [], "what comes too late changes nothing"


def test_the_part_of_a_bar_is_dropped_also_when_only_time_closes_it() -> None:
    """Silence makes no whole bar of a part."""
    bars = building("1m")
    fed(bars, (30, 9.0))
    assert bars.overdue(60 * SECOND_NS + LAG_NS + GRACE_NS) == []
    assert [update.bar.open_ns for update in fed(bars, (60, 10.0), (120, 11.0))] == [MINUTE_NS]


def test_trades_that_nobody_wants_bars_of_make_none() -> None:
    """Neither another symbol's, nor those of one that only quotes are wanted of."""
    assert building("1m").trade(a_trade(0, 1.0, ETH)) == []
    assert fed(building(), (0, 1.0), (60, 1.0), (120, 1.0)) == []
