"""Every built-in strategy over four years of real daily and hourly bars."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest

from algobot.strategies import registry
from tests.strategies.years import COINS, TIMEFRAMES, over_years

NEVER = {
    ("mean_reversion", "1d"): "a close below the band is further than 2 % below the average of 50 days",
    ("opening_range_breakout", "1d"): "a daily bar is longer than the opening range",
}


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_it_runs_on_four_years_of_five_coins(name, timeframe, real_file):
    """No error, every metric a number, never in debt; trades somewhere, but where its rules cannot."""
    outcomes = over_years(name, timeframe, real_file)
    assert set(outcomes) == set(COINS)
    for outcome in outcomes.values():
        assert outcome.metrics.days > 3 * 365
        assert np.isfinite(outcome.curve).all()
        assert outcome.curve.min() > 0.0
        figures = msgspec.structs.asdict(outcome.metrics)
        wrong = {key: value for key, value in figures.items() if isinstance(value, float) and math.isnan(value)}
        assert not wrong
    assert any(outcome.fills[0] for outcome in outcomes.values()) or (name, timeframe) in NEVER
