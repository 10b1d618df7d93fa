"""Round trips and metrics from fills and equity."""

from __future__ import annotations

import math

import numpy as np
import pytest

from algobot.kernel.session import SimFill
from algobot.research.metrics import measure
from algobot.research.trades import round_trips

DAY_NS = 86_400 * 10**9


def fill(ts: int, side: int, lots: int, price: float, fee: float = 0.0, tag: str = "") -> SimFill:
    """Return a taker's fill."""
    return SimFill(ts, side, lots, price, fee, False, tag)


def test_a_position_from_flat_to_flat_is_one_trip():
    """Averages by lots, all fees, profit after them, tags of the first and the last fill."""
    fills = [
        fill(1, 1, 10, 100.0, 1.0, "entry"),
        fill(2, 1, 30, 120.0, 3.0, "more"),
        fill(3, -1, 20, 130.0, 2.0),
        fill(4, -1, 20, 110.0, 2.0, "stop"),
    ]
    [trip] = round_trips(fills, 0.1)
    assert (trip.side, trip.lots, trip.entry_ns, trip.exit_ns) == (1, 40, 1, 4)
    assert (trip.entry_price, trip.exit_price) == (115.0, 120.0)
    assert (trip.entry_tag, trip.exit_tag, trip.fees) == ("entry", "stop", 8.0)
    assert trip.profit == pytest.approx(4 * 5.0 - 8.0)


def test_a_turn_around_ends_one_trip_and_begins_the_next():
    """One fill, its fee shared by lots."""
    one, two = round_trips([fill(1, 1, 10, 100.0), fill(2, -1, 30, 90.0, 3.0)], 1.0)
    assert (one.closed, one.profit, one.fees) == (True, -101.0, 1.0)
    assert (two.closed, two.side, two.lots, two.fees, two.exit_price) == (False, -1, 20, 2.0, 0.0)


def test_profits_of_trips_are_the_change_of_cash():
    """Over random fills that end flat."""
    rng = np.random.default_rng(1)
    fills, held = [], 0
    for i in range(200):
        side, lots = int(rng.choice([-1, 1])), int(rng.integers(1, 50))
        fills.append(fill(i, side, lots, float(rng.uniform(90, 110)), float(rng.uniform(0, 1))))
        held += side * lots
    fills.append(fill(200, -int(math.copysign(1, held)), abs(held), 100.0, 0.5))
    cash = sum(-f.side * f.lots * 0.01 * f.price - f.fee for f in fills)
    trips = round_trips(fills, 0.01)
    assert len(trips) > 10
    assert sum(trip.profit for trip in trips) == pytest.approx(cash)


def test_no_fills_are_no_trips():
    """Nothing in, nothing out."""
    assert round_trips([], 1.0) == []


def test_metrics_of_a_small_curve_are_the_hand_computed_ones():
    """Return, drawdown and its length, ratios over a year of days."""
    curve = np.array([110.0, 99.0, 104.5, 121.0])
    times = np.arange(1, 5) * DAY_NS
    trips = round_trips([fill(0, 1, 1, 100.0), fill(2 * DAY_NS, -1, 1, 121.0, 1.0)], 1.0)
    trips += round_trips([fill(2 * DAY_NS, 1, 1, 100.0), fill(3 * DAY_NS, -1, 1, 95.0)], 1.0)
    m = measure(curve, np.array([10.0, 9.0, 9.0, 12.0]), times, 100.0, trips)
    returns = np.array([0.10, -0.10, 104.5 / 99 - 1, 121 / 104.5 - 1])
    assert m.return_fraction == pytest.approx(0.21)
    assert m.cagr_fraction == pytest.approx(1.21 ** (365 / 4) - 1)
    assert m.buy_and_hold_fraction == pytest.approx(0.2)
    assert m.max_drawdown_fraction == pytest.approx(0.1)
    assert m.longest_drawdown_days == 3.0
    assert m.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(365))
    assert m.sortino == pytest.approx(returns.mean() / math.sqrt(0.01 / 4) * math.sqrt(365))
    assert (m.trades, m.win_fraction, m.profit_factor, m.expectancy) == (2, 0.5, 4.0, 7.5)
    assert (m.best_trade, m.worst_trade, m.fees, m.days) == (20.0, -5.0, 1.0, 4.0)
    assert m.time_in_market_fraction == 0.75


def test_minutes_are_not_blown_up_to_a_year():
    """An hour of bars has a return and a drawdown, but nothing annualised."""
    curve = 100.0 + np.sin(np.arange(60.0))
    m = measure(curve, np.full(60, 10.0), np.arange(60) * 60 * 10**9, 100.0, [])
    assert (m.annual_return_fraction, m.sharpe, m.sortino, m.calmar) == (None,) * 4
    assert m.max_drawdown_fraction > 0.0


def test_a_run_without_trades_has_no_ratios():
    """None, never a division by zero or an infinity."""
    m = measure(np.full(3, 100.0), np.full(3, 5.0), np.arange(3) * DAY_NS, 100.0, [])
    assert (m.sharpe, m.sortino, m.calmar, m.win_fraction, m.profit_factor) == (None,) * 5
    assert (m.trades, m.return_fraction, m.time_in_market_fraction) == (0, 0.0, 0.0)


def test_a_single_bar_can_be_measured():
    """One bar has no span and no ratios."""
    m = measure(np.array([90.0]), np.array([5.0]), np.array([DAY_NS]), 100.0, [])
    assert m.return_fraction == pytest.approx(-0.1)
    assert m.annual_return_fraction is None


def test_time_in_the_market_counts_overlapping_positions_once():
    """Two symbols held over the same day are one day."""
    trips = round_trips([fill(0, 1, 1, 1.0), fill(2 * DAY_NS, -1, 1, 1.0)], 1.0) * 2
    m = measure(np.full(4, 100.0), np.full(4, 5.0), np.arange(1, 5) * DAY_NS, 100.0, trips)
    assert m.time_in_market_fraction == 0.5
