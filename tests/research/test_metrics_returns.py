"""Ratios of returns against empyrical-reloaded, and against small examples worked by hand."""

from __future__ import annotations

import math

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from algobot.market.store import read_bars
from algobot.research.metrics import drawdown, returns

FREE = 0.0001
PER_YEAR = 365
DAY_NS = 86_400 * 10**9


def random_returns(seed: int, count: int = 900) -> np.ndarray:
    """Return returns with fat tails and a little drift."""
    rng = np.random.default_rng(seed)
    return rng.standard_t(4, count) * 0.01 + 0.0004


def equity_of(of: np.ndarray) -> np.ndarray:
    """Return the equity that these returns make of 100."""
    return 100.0 * np.cumprod(np.concatenate([[1.0], 1.0 + of]))


PAIRS = {
    "sharpe": (
        lambda r: returns.sharpe(r, PER_YEAR, FREE),
        lambda r: empyrical.sharpe_ratio(r, risk_free=FREE, annualization=PER_YEAR),
    ),
    "sortino": (
        lambda r: returns.sortino(r, PER_YEAR, FREE),
        lambda r: empyrical.sortino_ratio(r, required_return=FREE, annualization=PER_YEAR),
    ),
    "volatility": (
        lambda r: returns.volatility(r, PER_YEAR),
        lambda r: empyrical.annual_volatility(r, annualization=PER_YEAR),
    ),
    "omega": (lambda r: returns.omega(r, FREE), lambda r: empyrical.omega_ratio(r, risk_free=FREE)),
    "value at risk": (returns.value_at_risk, lambda r: -empyrical.value_at_risk(r)),
    "expected shortfall": (returns.expected_shortfall, lambda r: -empyrical.conditional_value_at_risk(r)),
    "CAGR": (
        lambda r: returns.compound_rate(float(np.prod(1 + r)) - 1, len(r) / PER_YEAR),
        lambda r: empyrical.annual_return(r, annualization=PER_YEAR),
    ),
    "deepest drawdown": (
        lambda r: drawdown.deepest(drawdown.underwater(equity_of(r))),
        lambda r: -empyrical.max_drawdown(r),
    ),
    "Calmar": (
        lambda r: (
            returns.compound_rate(float(np.prod(1 + r)) - 1, len(r) / PER_YEAR)
            / drawdown.deepest(drawdown.underwater(equity_of(r)))
        ),
        lambda r: empyrical.calmar_ratio(r, annualization=PER_YEAR),
    ),
}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", PAIRS)
def test_each_ratio_is_empyricals(name, seed):
    """To twelve digits, over returns with fat tails."""
    ours, theirs = PAIRS[name]
    some = random_returns(seed, 200 + 333 * seed)
    assert ours(some) == pytest.approx(theirs(some), rel=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_each_ratio_is_empyricals_on_real_days(name, real_file):
    """Eight years of a real market, as a strategy that held it."""
    closes = read_bars(real_file("BINANCE_BTC_USDT_1d")).bars["close"]
    some = returns.simple_returns(np.ascontiguousarray(closes))
    ours, theirs = PAIRS[name]
    assert ours(some) == pytest.approx(theirs(some), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_alpha_and_beta_are_empyricals(seed):
    """Returns that follow the market by half, and a bit of their own."""
    market = random_returns(seed)
    some = 0.5 * market + random_returns(seed + 100) * 0.3
    alpha, beta = empyrical.alpha_beta_aligned(some, market, risk_free=FREE, annualization=PER_YEAR)
    ours = returns.alpha_beta(some, market, PER_YEAR, FREE)
    assert ours == (pytest.approx(alpha, rel=1e-10), pytest.approx(beta, rel=1e-12))


def test_returns_by_day_are_empyricals_monthly_sums_of_the_same_days():
    """Hours joined to days lose nothing: days joined to a year give the whole return."""
    hourly = random_returns(1, 24 * 60)
    close_ns = (np.arange(len(hourly)) + 1) * 3600 * 10**9
    equity = equity_of(hourly)
    days = returns.simple_returns(np.concatenate([equity[:1], equity[1:][returns.day_ends(close_ns)]]))
    index = pd.to_datetime(close_ns - 1)
    grouped = (1 + pd.Series(hourly, index)).groupby(index.date).prod() - 1
    assert len(days) == 60
    assert days == pytest.approx(grouped.to_numpy(), rel=1e-9)
    assert empyrical.cum_returns_final(days) == pytest.approx(equity[-1] / 100 - 1)


def test_a_bar_that_closes_at_midnight_ends_its_day():
    """The last hour of a day belongs to it, the first of the next does not."""
    close_ns = np.array([23, 24, 25, 48, 49]) * 3600 * 10**9
    assert returns.day_ends(close_ns).tolist() == [1, 3, 4]


def test_small_examples_by_hand():
    """Four returns of ±10 % and ±20 %."""
    some = np.array([0.10, -0.10, 0.20, -0.20])
    assert returns.sharpe(some, 4) == 0.0
    assert returns.omega(some) == pytest.approx(1.0)
    assert returns.omega(some, 0.1) == pytest.approx(0.1 / 0.5)
    assert returns.volatility(some, 4) == pytest.approx(math.sqrt(0.1 / 3) * 2)
    assert returns.sortino(some + 0.1, 4) == pytest.approx(0.1 / math.sqrt(0.01 / 4) * 2)
    assert returns.compound_rate(0.21, 2.0) == pytest.approx(0.1)
    assert returns.rate_per_bar(0.21, 2.0) == pytest.approx(0.1)


def test_tail_of_twenty_and_more_by_hand():
    """Of 41 returns from -20 % to +20 %, the 5th percentile is the third lowest; the tail is the three lowest."""
    some = np.arange(-20, 21) / 100
    assert returns.value_at_risk(some) == pytest.approx(0.18)
    assert returns.expected_shortfall(some) == pytest.approx(0.19)
    assert returns.value_at_risk(some[:19]) is None
    assert returns.expected_shortfall(some[:19]) is None


def test_beta_of_the_market_itself_is_one_and_its_alpha_none_at_all():
    """And a market that stands still has neither."""
    market = random_returns(3)
    assert returns.alpha_beta(market, market, PER_YEAR) == (pytest.approx(0.0, abs=1e-12), pytest.approx(1.0))
    assert returns.alpha_beta(market, np.zeros(len(market)), PER_YEAR) == (None, None)
    assert returns.alpha_beta(market[:-1], market, PER_YEAR) == (None, None)


@pytest.mark.parametrize("some", [np.zeros(0), np.array([0.1]), np.full(50, 0.001), np.zeros(50)])
def test_no_variation_is_no_ratio(some):
    """None of too few or equal returns, whatever rounding leaves."""
    assert returns.sharpe(some, PER_YEAR) is None
    assert returns.sortino(some, PER_YEAR) is None
    assert returns.omega(some) is None


def test_growth_that_never_falters_has_no_sharpe_in_spite_of_rounding():
    """An equity of constant growth has returns that differ in the last bits."""
    some = returns.simple_returns(100 * 1.001 ** np.arange(500.0))
    assert some.std() > 0
    assert returns.sharpe(some, PER_YEAR) is None


def test_equity_that_was_lost_has_no_returns():
    """A return on nothing is no number; a last value of zero is one."""
    assert len(returns.simple_returns(np.array([100.0, 0.0, 50.0]))) == 0
    assert len(returns.simple_returns(np.array([100.0, -5.0, 50.0]))) == 0
    assert returns.simple_returns(np.array([100.0, 50.0, 0.0])).tolist() == [-0.5, -1.0]


def test_drawdown_by_hand():
    """Two falls: 20 % for three days, and 10 % that never recovers."""
    equity = np.array([100.0, 80.0, 90.0, 100.0, 110.0, 99.0, 99.0, 99.0, 99.0])
    below = drawdown.underwater(equity)
    times = np.arange(len(equity)) * DAY_NS
    assert drawdown.deepest(below) == pytest.approx(0.2)
    assert drawdown.longest_ns(below, times) == 4 * DAY_NS
    assert drawdown.longest_ns(below[:6], times[:6]) == 3 * DAY_NS
    assert drawdown.ulcer(below) == pytest.approx(math.sqrt((0.04 + 0.01 + 4 * 0.01) / 9))


def test_a_curve_that_only_rises_was_never_below():
    """No depth and no length."""
    below = drawdown.underwater(np.array([1.0, 2.0, 3.0]))
    assert (drawdown.deepest(below), drawdown.longest_ns(below, np.arange(3)), drawdown.ulcer(below)) == (0.0, 0, 0.0)


@settings(max_examples=60, deadline=None)
@given(arrays(np.float64, st.integers(1, 60), elements=st.floats(0.01, 1e6)))
def test_drawdowns_are_those_of_a_plain_loop(equity):
    """Depth and length of any positive curve."""
    peak, since, depth, longest = equity[0], 0, 0.0, 0
    for t, value in enumerate(equity):
        if value >= peak:
            longest = max(longest, t - since if t - since > 1 else 0)
            peak, since = value, t
        else:
            longest = max(longest, t - since)
            depth = max(depth, 1 - value / peak)
    below = drawdown.underwater(equity)
    assert drawdown.deepest(below) == pytest.approx(depth, abs=1e-12)
    assert drawdown.longest_ns(below, np.arange(len(equity))) == longest
