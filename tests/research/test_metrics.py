"""All metrics of a run together: trades, time, tax, and what cannot be formed."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from algobot.research.metrics import Assumptions, Metrics, measure
from algobot.research.metrics.trips import longest_run, mean_exposure, tax
from algobot.research.trades import RoundTrip

DAY_NS = 86_400 * 10**9
HOUR_NS = 3600 * 10**9


def a_trip(profit: float, start: int = 0, end: int = 1, *, bought: float = 100.0, fees: float = 0.0) -> RoundTrip:
    """Return a long trip between two days; `end` 0 is still open."""
    sold = bought + profit if end else 0.0
    return RoundTrip(1, 1, start * DAY_NS, 100.0, "", end * DAY_NS, 110.0, "", fees, profit, bought, sold)


def days_of(curve: list[float], trips: list[RoundTrip] | None = None, **assumed: float) -> Metrics:
    """Return the metrics of an equity by day that starts at 100."""
    times = np.arange(1, len(curve) + 1) * DAY_NS
    return measure(np.array(curve), np.array(curve), times, 100.0, trips or [], Assumptions(**assumed))


def numbers(metrics: Metrics) -> list[float]:
    """Return every value that is a number."""
    return [value for value in msgspec.to_builtins(metrics).values() if value is not None]


def test_trades_by_hand():
    """Five trades: +30, -10, -20, 0, +40, in the order they ended."""
    profits = [30.0, -10.0, -20.0, 0.0, 40.0]
    trips = [a_trip(profit, index, index + 2) for index, profit in enumerate(profits)]
    m = days_of([100.0] * 10, [trips[index] for index in (1, 4, 2, 0, 3)])
    assert (m.trades, m.win_fraction, m.profit_factor, m.expectancy) == (5, 0.4, 70 / 30, 8.0)
    assert (m.average_win, m.average_loss, m.best_trade, m.worst_trade) == (35.0, -10.0, 40.0, -20.0)
    assert (m.longest_win_streak, m.longest_loss_streak, m.mean_holding_days) == (1, 3, 2.0)
    assert m.win_p_value == 1.0
    assert m.win_low_fraction < 0.4 < m.win_high_fraction
    assert m.time_in_market_fraction == 0.6


def test_an_open_trade_counts_for_time_and_fees_only():
    """It has neither won nor lost."""
    m = days_of([100.0] * 4, [a_trip(-1.0, 2, 0, fees=1.0)])
    assert (m.trades, m.open_position, m.fees, m.win_fraction) == (0, True, 1.0, None)
    assert m.time_in_market_fraction == 0.5


def test_returns_a_year_are_the_mean_and_the_compound():
    """Two days of +10 % and -10 %: the mean is nothing, the compound a loss."""
    m = days_of([110.0, 99.0])
    assert m.annual_return_fraction == pytest.approx(0.0, abs=1e-12)
    assert m.cagr_fraction == pytest.approx(0.99 ** (365 / 2) - 1)
    assert (m.best_day_fraction, m.worst_day_fraction) == (pytest.approx(0.1), pytest.approx(-0.1))


def test_a_year_has_the_bars_the_history_has():
    """Every other hour is missing: the volatility of a year is that of 4380 bars, not of 8760."""
    rng = np.random.default_rng(5)
    some = rng.normal(0, 0.01, 1001)
    times = np.sort(rng.choice(np.arange(2002), 1001, replace=False)) * HOUR_NS
    times[0], times[-1] = 0, 2001 * HOUR_NS
    m = measure(100 * np.cumprod(1 + some), np.ones(1001), times, 100.0, [])
    lasting = (times[-1] - times[0] + HOUR_NS) / (365 * DAY_NS)
    assert m.volatility_fraction == pytest.approx(some.std(ddof=1) * math.sqrt(1001 / lasting))
    assert m.volatility_fraction == pytest.approx(0.01 * math.sqrt(4380), rel=0.1)


def test_the_daily_sharpe_does_not_depend_on_the_bars():
    """Bars of days, and the same with an hour of noise in between."""
    rng = np.random.default_rng(6)
    daily = 100 * np.cumprod(1 + rng.normal(0.001, 0.01, 200))
    times = np.arange(1, 201) * DAY_NS
    fine = np.repeat(daily, 2)
    fine[::2] *= 1.01
    fine_times = np.repeat(times, 2)
    fine_times[::2] -= HOUR_NS
    by_day, by_part = (measure(c, c, t, 100.0, []) for c, t in ((daily, times), (fine, fine_times)))
    assert by_day.sharpe_daily == pytest.approx(by_day.sharpe)
    assert by_part.sharpe_daily == pytest.approx(by_day.sharpe_daily, rel=0.02)
    assert by_part.sharpe < by_day.sharpe / 1.2


def test_buy_and_hold_of_itself_is_explained_by_itself():
    """An equity in step with the market: beta 1, alpha 0."""
    rng = np.random.default_rng(7)
    curve = (100 * np.cumprod(1 + rng.normal(0, 0.01, 100))).tolist()
    m = days_of(curve)
    assert (m.beta, m.alpha_fraction) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-9))
    assert m.buy_and_hold_fraction == pytest.approx(curve[-1] / curve[0] - 1)


def test_turnover_is_half_of_what_was_bought_and_sold():
    """100 bought and 110 sold within a year of a mean equity of 105, give or take the start."""
    m = days_of([105.0] * 365, [a_trip(10.0)])
    assert m.turnover_per_year == pytest.approx(210 / 2 / (105 * 365 + 100) * 366)


@pytest.mark.parametrize(
    ("assumed", "owed", "withheld"),
    [
        (Assumptions(), 0.0, 0.0),
        (Assumptions(tax_fraction=0.3), 6.0, 0.0),
        (Assumptions(tax_fraction=0.3, tax_offsets_losses=False), 15.0, 0.0),
        (Assumptions(tax_fraction=0.3, tds_fraction=0.01), 6.0, 2.2),
        (Assumptions(tax_fraction=0.3, tds_fraction=0.05), 6.0, 11.0),
    ],
)
def test_tax_by_hand(assumed, owed, withheld):
    """Wins of 50, losses of 30, sales of 220."""
    found = tax(np.array([50.0, -30.0]), 220.0, assumed)
    assert found == pytest.approx((owed, withheld))
    trips = [a_trip(50.0), a_trip(-30.0)]
    m = measure(np.full(3, 120.0), np.ones(3), np.arange(3) * DAY_NS, 100.0, trips, assumed)
    assert m.post_tax_return_fraction == pytest.approx(0.2 - owed / 100)
    assert (m.tax, m.tds) == pytest.approx((owed, withheld))


def test_a_loss_owes_nothing():
    """No refund either."""
    assert tax(np.array([-50.0, 30.0]), 0.0, Assumptions(tax_fraction=0.3)).owed == 0.0


def test_exposure_is_the_value_of_positions_over_equity():
    """Long one and short another add up; a symbol without a price counts nothing."""
    held = np.array([[1.0, 1.0, 0.0], [0.0, -2.0, -2.0]])
    closes = np.array([[10.0, 20.0, 30.0], [np.nan, 5.0, np.nan]])
    assert mean_exposure(held, closes, np.array([100.0, 100.0, 100.0])) == pytest.approx((0.1 + 0.3 + 0.0) / 3)
    assert mean_exposure(held, closes, np.array([100.0, -1.0, 100.0])) is None
    assert mean_exposure(held[:, :0], closes[:, :0], np.zeros(0)) is None


@pytest.mark.parametrize(("flags", "longest"), [("", 0), ("0", 0), ("1", 1), ("0110111", 3), ("1101", 2)])
def test_streaks(flags, longest):
    """The longest run of ones."""
    assert longest_run(np.array([flag == "1" for flag in flags], bool)) == longest


def test_a_risk_free_rate_lowers_the_ratios_by_itself():
    """The mean of a year's excess is the mean of the year less the rate, nearly."""
    rng = np.random.default_rng(8)
    curve = (100 * np.cumprod(1 + rng.normal(0.001, 0.01, 365))).tolist()
    plain, free = days_of(curve), days_of(curve, risk_free_fraction=0.05)
    assert free.sharpe == pytest.approx(plain.sharpe - math.log(1.05) / plain.volatility_fraction, rel=1e-3)
    assert free.sortino < plain.sortino
    assert free.omega < plain.omega
    assert free.volatility_fraction == plain.volatility_fraction


def test_more_trials_deflate_and_are_named():
    """What was tried before belongs to the result."""
    rng = np.random.default_rng(9)
    curve = (100 * np.cumprod(1 + rng.normal(0.001, 0.01, 365))).tolist()
    one, many = days_of(curve), days_of(curve, trials=200)
    assert (one.trials, many.trials) == (1, 200)
    assert one.deflated_sharpe == one.probabilistic_sharpe == many.probabilistic_sharpe
    assert many.deflated_sharpe < one.deflated_sharpe


def test_no_bars_at_all():
    """Zeros and None, nothing else."""
    m = measure(np.zeros(0), np.zeros(0), np.zeros(0, np.int64), 100.0, [])
    assert (m.bars, m.days, m.end_equity, m.return_fraction) == (0, 0.0, 100.0, 0.0)
    assert (m.sharpe, m.max_drawdown_fraction, m.cagr_fraction, m.buy_and_hold_fraction) == (None,) * 4


@pytest.mark.parametrize("end", [0.0, -50.0])
def test_a_lost_account_has_a_return_but_no_ratios(end):
    """Down to nothing, or below it, and back up: no division by what is gone."""
    m = days_of([50.0, end, 10.0])
    assert m.return_fraction == pytest.approx(-0.9)
    assert (m.sharpe, m.sortino, m.volatility_fraction, m.annual_return_fraction) == (None,) * 4
    assert m.max_drawdown_fraction == pytest.approx(1.0 - end / 100)
    assert m.cagr_fraction == pytest.approx(0.1 ** (365 / 3) - 1)
    assert days_of([50.0, end]).cagr_fraction is None


def test_a_constant_equity():
    """It earned nothing at no risk: no ratio."""
    m = days_of([100.0] * 50)
    assert (m.return_fraction, m.volatility_fraction, m.max_drawdown_fraction, m.ulcer_fraction) == (0.0,) * 4
    assert (m.sharpe, m.sortino, m.calmar, m.omega, m.beta, m.deflated_sharpe) == (None,) * 6


@settings(max_examples=80, deadline=None)
@given(
    arrays(np.float64, st.integers(0, 40), elements=st.floats(-1e9, 1e9)),
    st.sampled_from([60 * 10**9, HOUR_NS, DAY_NS, 30 * DAY_NS]),
    st.lists(st.floats(-1e6, 1e6), max_size=5),
)
def test_whatever_the_equity_no_number_is_infinite_or_nan(curve, span_ns, profits):
    """Any curve, negative ones too: every metric is a finite number or None, and survives JSON."""
    times = np.arange(len(curve)) * span_ns
    m = measure(curve, np.abs(curve) + 1, times, 1000.0, [a_trip(profit) for profit in profits])
    assert all(math.isfinite(value) for value in numbers(m))
    assert msgspec.json.decode(msgspec.json.encode(m), type=Metrics) == m


def test_an_equity_that_is_no_number_yields_none():
    """Not a nan that a comparison would swallow."""
    m = days_of([100.0, math.nan, 100.0])
    assert (m.sharpe, m.max_drawdown_fraction, m.volatility_fraction) == (None,) * 3
    assert all(math.isfinite(value) for value in numbers(m))
