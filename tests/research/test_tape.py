"""Funding put beside the bars, and what it does to a run."""

from __future__ import annotations

import numpy as np
import pytest

from algobot.errors import UsageError
from algobot.market.store import Funding, Series
from algobot.model import MINUTE_NS
from algobot.research.backtest import run
from algobot.research.tape import fingerprint, tape
from algobot.strategies import registry
from tests.kernel.markets import START_NS, plain, random_bars


def funded(bars: np.ndarray, at: list[int], rates: list[float]) -> Series:
    """Return bars with payments so many minutes after the first bar's open."""
    times = np.array([START_NS + minute * MINUTE_NS for minute in at], np.int64)
    return Series("X", MINUTE_NS, bars, Funding(times, np.array(rates)))


def test_a_payment_falls_to_the_first_bar_that_opens_at_or_after_it():
    """Two between the same opens add up; one before the first bar and one after the last are nobody's."""
    bars = random_bars(6)
    bars = np.delete(bars, 3)  # the symbol has no bar there
    series = funded(bars, [-1, 0, 1, 3, 4, 9], [9.0, 0.1, 0.2, 0.3, 0.4, 9.0])
    assert tape([series]).funding.tolist() == [[0.1, 0.2, 0.0, pytest.approx(0.7), 0.0]]
    assert tape([Series("X", MINUTE_NS, bars)]).funding.shape == (1, 0)


def test_payments_before_the_first_traded_bar_are_not_paid():
    """A run that starts later owes nothing of its warm-up."""
    series = funded(random_bars(6), [1, 2, 3], [0.1, 0.2, 0.3])
    assert tape([series], START_NS + 3 * MINUTE_NS).funding.tolist() == [[0.2, 0.3, 0.0, 0.0]]


def test_with_several_symbols_only_the_one_with_rates_pays():
    """A spot symbol beside a perpetual has a row of nothing."""
    bars = random_bars(4)
    both = [funded(bars, [2], [0.5]), Series("Y", MINUTE_NS, bars)]
    assert tape(both).funding.tolist() == [[0.0, 0.0, 0.5, 0.0], [0.0] * 4]


def test_what_a_run_pays_is_the_rate_times_the_value_of_what_it_holds():
    """The same run with and without: the difference of the last equity is the sum over the bars held into."""
    bars = random_bars(400, 3, step=0.003)
    every, rate = list(range(0, 400, 50)), 0.0001
    strategy, settings = registry.load("ma_crossover"), plain(capital=1e6, position_fraction=0.001)
    free = run(strategy, {}, [Series("X", MINUTE_NS, bars)], settings)
    paid = run(strategy, {}, [funded(bars, every, [rate] * len(every))], settings)
    into = np.zeros(len(bars))
    held = 0
    for t in range(len(bars)):
        into[t] = held
        held += sum(fill.side * fill.lots for fill in free.fills[0] if fill.ts_ns == bars["open_ns"][t])
    owed = sum(into[t] * settings.lot * bars["open"][t] * rate for t in every)
    assert owed > 0.0
    assert free.curve[-1] - paid.curve[-1] == pytest.approx(owed, rel=1e-9)


def test_bars_with_other_funding_are_other_data():
    """A study is not gone on with where only the rates differ."""
    bars = random_bars(5)
    prints = {fingerprint(Series("X", MINUTE_NS, bars)), *(fingerprint(funded(bars, [1], [x])) for x in (0.1, 0.2))}
    assert len(prints) == 3


def test_funding_is_given_for_each_data_or_for_none(tmp_path):
    """Two files of bars and one of rates cannot be told apart."""
    from click.testing import CliRunner

    from algobot.cli.backtest import backtest

    words = ["--strategy", "turtle", "--data", "a", "--data", "b", "--funding", str(tmp_path / "f")]
    failed = CliRunner().invoke(backtest, words).exception
    assert isinstance(failed, UsageError)
    assert "1 --funding for 2 --data" in str(failed)
