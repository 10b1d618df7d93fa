"""Every indicator, one step at a time, against TA-Lib or the direct formula over long random histories."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel.indicators import averages, ranges, resample, windows
from algobot.kernel.jit import kernel
from algobot.kernel.records import float64, record
from algobot.model import MINUTE_NS
from tests.kernel.markets import START_NS, random_bars

BARS = 5000


@kernel
def run_values(step, state, values, period, out):
    """Step through all values."""
    for i in range(len(values)):
        out[i] = step(state[0], values[i], period)


def over_values(step: Callable[..., float], layout: np.dtype, values: np.ndarray, period: int) -> np.ndarray:
    """Return what an indicator says after each value."""
    state, out = np.zeros(1, layout), np.zeros(len(values))
    run_values(step, state, values, period, out)
    return out


def over_bars(step: Callable[..., float], layout: np.dtype, bars: np.ndarray, period: int) -> np.ndarray:
    """Return what an indicator says after each bar."""
    return over_values(step, layout, bars, period)


def agree(ours: np.ndarray, oracle: np.ndarray, rel: float = 1e-9, absolute: float = 0.0) -> None:
    """Both are undefined at the same places, and the rest agrees."""
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(oracle))
    known = ~np.isnan(oracle)
    assert known.any()
    np.testing.assert_allclose(ours[known], oracle[known], rtol=rel, atol=absolute)


@pytest.mark.parametrize("period", [1, 2, 5, 14, 50, 200])
def test_sma_is_talibs(period):
    """The moving average agrees from its first value on."""
    close = random_bars(BARS)["close"]
    agree(over_values(windows.sma, windows.SMA, close, period), talib.SMA(close, period) if period > 1 else close)


@pytest.mark.parametrize("period", [2, 14, 50, 200])
def test_ema_is_the_recursive_formula_and_talibs_once_the_seed_has_faded(period):
    """TA-Lib seeds with a mean, we with the first value: equal once that difference is below rounding."""
    close = random_bars(BARS)["close"]
    ours = over_values(averages.ema, averages.EMA, close, period)
    direct = [close[0]]
    for value in close[1:]:
        direct.append(direct[-1] + 2 / (period + 1) * (value - direct[-1]))
    np.testing.assert_array_equal(ours, direct)
    np.testing.assert_allclose(ours[-500:], talib.EMA(close, period)[-500:], rtol=1e-9)


@pytest.mark.parametrize("period", [1, 2, 14, 100])
def test_wilder_starts_with_the_mean_of_the_first_period(period):
    """Then each new value counts one part in `period`."""
    close = random_bars(500)["close"]
    direct = np.full(500, np.nan)
    direct[period - 1] = close[:period].mean()
    for i in range(period, 500):
        direct[i] = direct[i - 1] + (close[i] - direct[i - 1]) / period
    agree(over_values(averages.wilder, averages.WILDER, close, period), direct)


@pytest.mark.parametrize("period", [2, 5, 14, 50])
def test_rsi_is_talibs(period):
    """The relative strength index agrees from its first value on."""
    close = random_bars(BARS)["close"]
    agree(over_values(ranges.rsi, ranges.RSI, close, period), talib.RSI(close, period))


def test_rsi_without_movement_is_zero_as_in_talib():
    """No gain and no loss is 0, not a division by zero."""
    close = np.full(100, 42.0)
    agree(over_values(ranges.rsi, ranges.RSI, close, 14), talib.RSI(close, 14))


@pytest.mark.parametrize("period", [2, 14, 50])
def test_atr_is_talibs(period):
    """The average true range agrees from its first value on."""
    bars = random_bars(BARS)
    agree(over_bars(ranges.atr, ranges.ATR, bars, period), talib.ATR(*high_low_close(bars), period))


@kernel
def plus_di(state, bar, period):
    """+DI, from its first value on."""
    ranges.adx(state, bar, period)
    return state.plus_di if state.count > period else np.nan


@kernel
def minus_di(state, bar, period):
    """-DI, from its first value on."""
    ranges.adx(state, bar, period)
    return state.minus_di if state.count > period else np.nan


@pytest.mark.parametrize("period", [2, 5, 14, 50])
def test_adx_and_both_directional_indicators_are_talibs(period):
    """The index and +DI and -DI agree from their first values on."""
    bars = random_bars(BARS)
    prices = high_low_close(bars)
    agree(over_bars(ranges.adx, ranges.ADX, bars, period), talib.ADX(*prices, period))
    agree(over_bars(plus_di, ranges.ADX, bars, period), talib.PLUS_DI(*prices, period), absolute=1e-9)
    agree(over_bars(minus_di, ranges.ADX, bars, period), talib.MINUS_DI(*prices, period), absolute=1e-9)


def test_adx_survives_a_market_without_movement():
    """Flat bars before, within and after movement: still TA-Lib's values, never a division by zero."""
    bars = random_bars(300)
    for part in (slice(0, 40), slice(120, 160)):
        for name in ("open", "high", "low", "close"):
            bars[name][part] = 60_000.0
    ours = over_bars(ranges.adx, ranges.ADX, bars, 14)
    agree(ours, talib.ADX(*high_low_close(bars), 14), absolute=1e-9)


@kernel
def lower_band(state, value, period):
    """The lower band."""
    return windows.bollinger(state, value, period, 2.0)[0]


@kernel
def middle_band(state, value, period):
    """The middle band."""
    return windows.bollinger(state, value, period, 2.0)[1]


@kernel
def upper_band(state, value, period):
    """The upper band."""
    return windows.bollinger(state, value, period, 2.0)[2]


@pytest.mark.parametrize("period", [2, 20, 100])
def test_bollinger_is_talibs(period):
    """All three bands agree from their first value on."""
    close = random_bars(BARS)["close"]
    upper, middle, lower = talib.BBANDS(close, period, 2.0, 2.0)
    agree(over_values(lower_band, windows.BOLLINGER, close, period), lower)
    agree(over_values(middle_band, windows.BOLLINGER, close, period), middle)
    agree(over_values(upper_band, windows.BOLLINGER, close, period), upper)


@pytest.mark.parametrize("period", [2, 20, 100])
def test_stdev_and_zscore_are_the_direct_formula(period):
    """Against two passes over each window, to 1e-9 (TA-Lib's own difference of sums is less exact than that)."""
    close = random_bars(2000)["close"]
    sliding = np.lib.stride_tricks.sliding_window_view(close, period)
    direct = sliding.std(axis=1)
    ours = over_values(windows.stdev, windows.STDEV, close, period)[period - 1 :]
    np.testing.assert_allclose(ours, direct, rtol=1e-9)
    scores = over_values(windows.zscore, windows.STDEV, close, period)[period - 1 :]
    np.testing.assert_allclose(scores, (close[period - 1 :] - sliding.mean(axis=1)) / direct, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(ours, talib.STDDEV(close, period)[period - 1 :], rtol=1e-4)


def test_windows_do_not_drift_over_a_million_values():
    """Still 1e-9 after a million bars with huge spikes, dead calm, and a fall to a billionth."""
    rng = np.random.default_rng(3)
    close = random_bars(1_000_000, step=0.0005)["close"]
    close[rng.integers(0, 1_000_000, 200)] *= 1e6
    close[700_000:] *= 1e-9
    close[400_000:400_400] = close[400_000]
    where = np.concatenate(
        [rng.integers(60, 1_000_000, 3000), np.arange(400_000, 400_500), np.arange(699_990, 700_300)]
    )
    for period in (20, 50):
        sums = over_values(windows.sma, windows.SMA, close, period)
        spreads = over_values(windows.stdev, windows.STDEV, close, period)
        for i in where:
            values = close[i - period + 1 : i + 1]
            assert sums[i] == pytest.approx(values.mean(), rel=1e-9)
            assert spreads[i] == pytest.approx(values.std(), rel=1e-9, abs=1e-12 * values.mean())


@kernel
def top(state, bar, period):
    """The upper edge of the channel."""
    return windows.donchian(state, bar, period)[0]


@kernel
def bottom(state, bar, period):
    """The lower edge of the channel."""
    return windows.donchian(state, bar, period)[1]


@pytest.mark.parametrize("period", [2, 20, 55])
def test_donchian_is_the_highest_high_and_lowest_low(period):
    """Exactly TA-Lib's MAX and MIN."""
    bars = random_bars(BARS)
    high, low, _ = high_low_close(bars)
    agree(over_bars(top, windows.DONCHIAN, bars, period), talib.MAX(high, period), rel=0)
    agree(over_bars(bottom, windows.DONCHIAN, bars, period), talib.MIN(low, period), rel=0)


@kernel
def run_resample(state, bars, span, out):
    """Write down each higher bar and when it was seen."""
    count = 0
    for i in range(len(bars)):
        if resample.resample(state[0], bars[i], span):
            done = state[0].done
            out[count, 0] = done.open_ns
            out[count, 1] = done.close_ns
            out[count, 2] = done.open
            out[count, 3] = done.high
            out[count, 4] = done.low
            out[count, 5] = done.close
            out[count, 6] = done.volume
            out[count, 7] = bars[i].close_ns
            count += 1
    return count


@given(span=st.integers(1, 12), missing=st.sets(st.integers(0, 119), max_size=60), first=st.integers(0, 30))
@settings(max_examples=60, deadline=None)
def test_a_higher_bar_is_its_parts_and_never_seen_before_its_end(span, missing, first):
    """Whatever is missing, each higher bar is made of its span's bars and appears only once that span is over."""
    bars = random_bars(120)
    shift = first * MINUTE_NS - START_NS
    bars["open_ns"] += shift
    bars["close_ns"] += shift
    bars = bars[[i for i in range(120) if i not in missing]]
    out = np.zeros((121, 8))
    count = run_resample(np.zeros(1, resample.RESAMPLE), bars, span * MINUTE_NS, out)
    seen = set()
    for row in out[:count]:
        inside = bars[(bars["open_ns"] >= row[0]) & (bars["close_ns"] <= row[1])]
        assert row[2:6].tolist() == [inside[0]["open"], inside["high"].max(), inside["low"].min(), inside[-1]["close"]]
        assert row[6] == pytest.approx(inside["volume"].sum())
        assert row[7] >= row[1] == row[0] + span * MINUTE_NS
        seen.add(row[0])
    complete = {row["open_ns"] // (span * MINUTE_NS) for row in bars if row["close_ns"] % (span * MINUTE_NS) == 0}
    assert {int(start) // (span * MINUTE_NS) for start in seen} >= complete


def test_a_record_refuses_names_numpy_uses():
    """`mean` as a field would be numpy's method when interpreted: refused when the record is declared."""
    with pytest.raises(ValueError, match="mean"):
        record(mean=float64)


def high_low_close(bars: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the three as TA-Lib wants them."""
    return tuple(np.ascontiguousarray(bars[name]) for name in ("high", "low", "close"))  # type: ignore[return-value]
