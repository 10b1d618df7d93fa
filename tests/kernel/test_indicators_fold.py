"""What holds for every indicator: it is a fold, it says when it is defined, and it survives markets that do nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernel.indicators import HOUR_NS, catalogue, fresh, over, rough_bars
from tests.kernel.markets import random_bars

NAMES = list(catalogue())
WINDOWED = [
    "sma", "total", "lag", "stdev", "zscore", "bollinger", "band_width", "donchian", "wma", "slope", "hull", "kama",
    "momentum", "roc", "cci", "stochastic_fast", "stochastic", "williams_r", "aroon", "ichimoku", "percent_rank",
    "realised_volatility", "mfi", "chaikin_money_flow", "rolling_vwap", "volume_ratio",
]  # fmt: skip
BOUNDS = {
    "rsi": (0, 100), "stochastic": (0, 100), "stochastic_fast": (0, 100), "stoch_rsi": (0, 100), "mfi": (0, 100),
    "williams_r": (-100, 0), "adx": (0, 100), "percent_rank": (0, 100), "chaikin_money_flow": (-1, 1),
    "volume_ratio": (0, 14), "stdev": (0, np.inf), "atr": (0, np.inf), "realised_volatility": (0, np.inf),
}  # fmt: skip
P = 1234.5  # the price of a market that stands still
STILL = {
    "sma": (P,), "total": (0,), "lag": (P,), "stdev": (0,), "zscore": (0,), "bollinger": (P, P, P),
    "band_width": (0, 0.5), "donchian": (P, P), "wma": (P,), "slope": (0,), "hull": (P,), "ema": (P,), "dema": (P,),
    "tema": (P,), "kama": (P,), "macd": (0, 0, 0), "rsi": (0,), "true_range": (0,), "atr": (0,), "natr": (0,),
    "adx": (0, 0, 0), "momentum": (0,), "roc": (0,), "cci": (0,), "stochastic_fast": (0, 0), "stochastic": (0, 0),
    "stoch_rsi": (0, 0), "williams_r": (0,), "aroon": (100, 100, 0), "supertrend": (P, -1), "parabolic_sar": (P,),
    "keltner": (P, P, P), "ichimoku": (P, P, P, P), "realised_volatility": (0,), "percent_rank": (50,),
    "typical": (P, 0), "obv": (0,), "accumulation": (0,), "mfi": (0,), "chaikin_money_flow": (0,),
    "rolling_vwap": (P,), "session_vwap": (P,), "volume_ratio": (0,), "heikin_ashi": (P,) * 4, "pivots": (P,) * 7,
    "wilder": (P,),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bits_wherever_the_history_is_cut(name):
    """State carried over as bytes gives the same values and ends as the same bytes as the whole history at once."""
    indicator = catalogue(7, 4, 3)[name]
    market = rough_bars(300, 4)
    state = fresh(indicator)
    whole = over(indicator, market, state)

    @given(cuts=st.lists(st.integers(0, len(market)), min_size=1, max_size=4))
    @settings(max_examples=10, deadline=None)
    def cut_there(cuts: list[int]) -> None:
        carried, parts = fresh(indicator).tobytes(), []
        for part in np.split(market, sorted(cuts)):
            state_of_part = np.frombuffer(carried, indicator.layout).copy()
            parts.append(over(indicator, part, state_of_part))
            carried = state_of_part.tobytes()
        np.testing.assert_array_equal(np.concatenate(parts), whole)
        assert carried == state.tobytes()

    cut_there()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("periods", [(14, 5, 3), (1, 1, 1), (2, 2, 2), (2, 1, 3), (5, 9, 4), (64, 33, 7)])
def test_it_is_nan_before_its_first_bar_and_never_after(name, periods):
    """On a plain walk and on a rough one the documented bar is the first with a value, and all later ones have one."""
    for market in (random_bars(400), rough_bars(600, 5)):
        indicator = catalogue(*periods)[name]
        hour_end = 1 + int(np.argmax(market["close_ns"] // HOUR_NS > market["open_ns"][0] // HOUR_NS))
        for column, first in zip(over(indicator, market).T, indicator.first, strict=True):
            if name == "supertrend" and first == 1:
                assert np.array_equal(column == 0, np.arange(len(market)) < periods[0])  # its side is 0 before
            since = first or hour_end
            assert np.isnan(column[: since - 1]).all()
            assert np.isfinite(column[since - 1 :]).all()


@pytest.mark.parametrize("name", WINDOWED)
@pytest.mark.parametrize("period", [0, -1, 513, 1_000_000])
def test_a_period_that_does_not_fit_gives_nan_and_touches_no_other_record(name, period):
    """The layouts hold 512 values; the records before and behind stay as they were."""
    indicator = catalogue()[name]
    params = (period, *indicator.params[1:])
    if name == "ichimoku":
        params = (period,) * 4
    states = np.zeros(3, indicator.layout)
    out = over(indicator._replace(params=params), random_bars(600), states[1:2])
    assert np.isnan(out).all()
    assert not np.frombuffer(states[[0, 2]].tobytes(), np.uint8).any()


@pytest.mark.parametrize("name", WINDOWED)
def test_the_longest_period_fits(name):
    """511 everywhere, and 512 where the period is the window."""
    market = random_bars(1700)
    for period in (511,) if name == "aroon" else (511, 512):
        indicator = catalogue()[name]
        params = (period, *indicator.params[1:]) if name != "ichimoku" else (period,) * 4
        out = over(indicator._replace(params=params), market)
        assert np.isfinite(out[-600:]).all()


@pytest.mark.parametrize("name", BOUNDS)
def test_it_keeps_within_its_range(name):
    """Rounding aside, on rough bars."""
    low, high = BOUNDS[name]
    for seed in range(6):
        out = over(catalogue()[name], rough_bars(2000, seed))
        known = out[~np.isnan(out)]
        assert known.min() >= low - 1e-9
        assert known.max() <= high + 1e-9


@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_stands_still_has_its_value(name):
    """No movement and no volume from the first bar on: exactly this, wherever in the window, and no rounding."""
    market = random_bars(400)
    for field in ("open", "high", "low", "close"):
        market[field] = P
    market["volume"] = 0.0
    out = over(catalogue()[name], market)
    np.testing.assert_array_equal(out[200:], np.tile(STILL[name], (200, 1)))


@pytest.mark.parametrize("name", ["sma", "wma", "slope", "stdev", "zscore", "bollinger", "roc", "cci", "williams_r"])
def test_a_market_that_comes_to_rest_has_that_value_too(name):
    """Once the window is full of one price, whatever came before."""
    market = random_bars(400)
    for field in ("open", "high", "low", "close"):
        market[field][200:] = P
    out = over(catalogue()[name], market)
    np.testing.assert_array_equal(out[230:], np.tile(STILL[name], (170, 1)))
