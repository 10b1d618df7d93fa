"""Chance: intervals, the fair coin, and how sure a Sharpe ratio is."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from algobot.research.metrics import odds


def random_returns(seed: int, count: int = 500) -> np.ndarray:
    """Return skewed returns."""
    rng = np.random.default_rng(seed)
    return rng.gamma(2.0, 0.01, count) - 0.0195


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 5000), st.data())
def test_the_interval_and_the_test_are_scipys(count, data):
    """For any number of wins, to nine digits."""
    wins = data.draw(st.integers(0, count))
    theirs = stats.binomtest(wins, count)
    interval = theirs.proportion_ci(0.95, method="wilson")
    low, high = odds.wilson(wins, count)
    assert (low, high) == (pytest.approx(interval.low, abs=1e-12), pytest.approx(interval.high, abs=1e-12))
    assert low <= wins / count <= high
    assert odds.fair_coin_p_value(wins, count) == pytest.approx(theirs.pvalue, rel=1e-9, abs=1e-290)


def test_small_counts_by_hand():
    """Eight of ten heads: 2 · (45 + 10 + 1) / 1024."""
    assert odds.fair_coin_p_value(8, 10) == pytest.approx(112 / 1024)
    assert odds.fair_coin_p_value(5, 10) == 1.0
    assert odds.fair_coin_p_value(0, 1) == 1.0
    z2 = 1.959963984540054**2
    assert odds.wilson(0, 10) == (0.0, pytest.approx(z2 / (10 + z2)))


def test_without_a_trade_there_is_nothing_to_say():
    """None, not one half."""
    assert odds.wilson(0, 0) is None
    assert odds.fair_coin_p_value(0, 0) is None


def test_a_million_trades_are_no_trouble():
    """Nothing overflows and nothing loops for long."""
    assert odds.fair_coin_p_value(500_000, 1_000_000) == pytest.approx(1.0, abs=1e-9)
    assert 0.0 <= odds.fair_coin_p_value(400_000, 1_000_000) < 1e-300


@pytest.mark.parametrize("seed", range(4))
def test_the_chance_of_skill_is_the_papers_formula(seed):
    """Bailey and López de Prado (2012), equation 11, written out with scipy's moments."""
    some = random_returns(seed)
    ratio = some.mean() / some.std(ddof=1)
    skew, kurtosis = stats.skew(some), stats.kurtosis(some, fisher=False)
    spread = math.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
    expected = stats.norm.cdf((ratio - 0.02) * math.sqrt(len(some) - 1) / spread)
    shape = odds.shape(some)
    assert (shape.skew, shape.kurtosis) == (pytest.approx(skew), pytest.approx(kurtosis))
    assert odds.probabilistic_sharpe(shape, 0.02) == pytest.approx(expected, rel=1e-12)


def test_the_papers_own_example_of_a_deflated_ratio():
    """Bailey and López de Prado (2014), p. 10: 0.9004 for 100 trials over five years of days."""
    variance = 0.5 / 250
    of = odds.Shape(1250, 2.5 / math.sqrt(250), -3.0, 10.0)
    assert odds.best_of_luck(100, variance) == pytest.approx(0.1132, abs=5e-5)
    assert odds.deflated_sharpe(of, 100, variance) == pytest.approx(0.9004, abs=5e-5)
    assert odds.deflated_sharpe(of, 46, variance) == pytest.approx(0.9505, abs=5e-4)


def test_the_luck_of_many_is_what_many_show():
    """The mean best of 50 normal ratios, by simulation."""
    rng = np.random.default_rng(0)
    best = rng.normal(0.0, 0.1, (20_000, 50)).max(axis=1).mean()
    assert odds.best_of_luck(50, 0.01) == pytest.approx(best, rel=0.02)


def test_one_trial_deflates_nothing_and_more_deflate_more():
    """The default says what the probabilistic ratio says."""
    shape = odds.shape(random_returns(2))
    chances = [odds.deflated_sharpe(shape, trials) for trials in (1, 2, 10, 1000)]
    assert chances[0] == odds.probabilistic_sharpe(shape)
    assert chances == sorted(chances, reverse=True)
    assert chances[0] > chances[-1]


def test_returns_that_do_not_vary_have_no_shape():
    """None, for a constant and for a single one."""
    assert odds.shape(np.full(10, 0.01)) is None
    assert odds.shape(np.array([0.01])) is None


def test_a_variance_that_is_none_gives_no_chance():
    """Skew and ratio can make the formula's variance negative; then it says nothing."""
    assert odds.probabilistic_sharpe(odds.Shape(10, 2.0, 3.0, 1.0)) is None
