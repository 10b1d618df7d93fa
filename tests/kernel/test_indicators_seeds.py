"""The seed strategies' own conventions, bit for bit against the rules written out over whole arrays."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from algobot.kernel.indicators import seeds
from algobot.kernel.jit import kernel
from tests.kernel.markets import random_bars

PERIODS = [1, 2, 3, 14, 34]


def markets() -> list[np.ndarray]:
    """Return a random walk, one with constant stretches, and one that never moves."""
    plain, still, dead = random_bars(400), random_bars(400, seed=11), random_bars(400, seed=12)
    for bars, parts in ((still, (slice(0, 40), slice(150, 200))), (dead, (slice(0, 400),))):
        for part in parts:
            for name in ("open", "high", "low", "close"):
                bars[name][part] = 1234.5
    return [plain, still, dead]


@kernel
def run(step, state, values, period, out):
    """Step through all values or bars."""
    for i in range(len(values)):
        out[i] = step(state[0], values[i], period)


def over(step, layout, values: np.ndarray, period: int) -> np.ndarray:
    """Return what an indicator says after each value or bar."""
    out = np.zeros(len(values))
    run(step, np.zeros(1, layout), values, period, out)
    return out


def hidden(values: list[float], first: int) -> np.ndarray:
    """Return the values, unknown before index `first`."""
    out = np.array(values)
    out[:first] = np.nan
    return out


def exponential(values: list[float], period: int) -> list[float]:
    """Return the average seeded with the first value."""
    k, out = 2.0 / (period + 1), [values[0]]
    for value in values[1:]:
        out.append(k * value + (1.0 - k) * out[-1])
    return out


def smoothed(values: list[float], period: int) -> list[float]:
    """Return Wilder's average seeded with the mean of the first `period`, unknown before."""
    total = 0.0
    for value in values[:period]:
        total += value
    out = [np.nan] * (period - 1) + [total / period]
    for value in values[period:]:
        out.append((out[-1] * (period - 1) + value) / period)
    return out


def reaches(bars: np.ndarray) -> list[float]:
    """Return the true ranges; the first bar's is its own range."""
    rows = [(float(bar["high"]), float(bar["low"]), float(bar["close"])) for bar in bars]
    out = [rows[0][0] - rows[0][1]]
    for (_, _, close), (high, low, _) in itertools.pairwise(rows):
        out.append(max(high - low, abs(high - close), abs(low - close)))
    return out


@pytest.mark.parametrize("period", PERIODS)
def test_seed_ema_is_seeded_with_the_first_close_and_hidden_until_its_period(period):
    """The same bits as the recursion over the array."""
    for bars in markets():
        expected = hidden(exponential(bars["close"].tolist(), period), period - 1)
        np.testing.assert_array_equal(over(seeds.seed_ema, seeds.SEED_EMA, bars["close"], period), expected)


@pytest.mark.parametrize("period", PERIODS)
def test_seed_atr_counts_the_first_bars_own_range(period):
    """The mean of the first ranges, then Wilder's recursion; defined at index period - 1."""
    for bars in markets():
        expected = smoothed(reaches(bars), period)
        np.testing.assert_array_equal(over(seeds.seed_atr, seeds.SEED_ATR, bars, period), expected)


@pytest.mark.parametrize("period", PERIODS)
def test_seed_adx_smooths_its_movements_like_its_ranges(period):
    """Defined at index 2 * period - 2; no movement at all is 0."""
    for bars in markets():
        high, low = bars["high"].tolist(), bars["low"].tolist()
        ups, downs = [0.0], [0.0]
        for i in range(1, len(bars)):
            rise, fall = high[i] - high[i - 1], low[i - 1] - low[i]
            ups.append(rise if rise > fall and rise > 0 else 0.0)
            downs.append(fall if fall > rise and fall > 0 else 0.0)
        apart = []
        for up, down, reach in zip(
            smoothed(ups, period), smoothed(downs, period), smoothed(reaches(bars), period), strict=True
        ):
            plus, minus = (100.0 * up / reach, 100.0 * down / reach) if reach != 0.0 else (0.0, 0.0)
            apart.append(100.0 * abs(plus - minus) / (plus + minus) if plus + minus != 0.0 else 0.0)
        expected = [np.nan] * (period - 1) + smoothed(apart[period - 1 :], period)
        np.testing.assert_array_equal(over(seeds.seed_adx, seeds.SEED_ADX, bars, period), expected)


@pytest.mark.parametrize("period", PERIODS)
def test_seed_rsi_starts_at_fifty_and_counts_an_equal_close_as_down(period):
    """Exponential averages of the ways up and down, both seeded with 0.1."""
    for bars in markets():
        close = bars["close"].tolist()
        ups, downs = [0.1], [0.1]
        for last, value in itertools.pairwise(close):
            ups.append(value - last if value > last else 0.0)
            downs.append(0.0 if value > last else last - value)
        pairs = zip(exponential(ups, period), exponential(downs, period), strict=True)
        expected = hidden([100.0 * up / (up + down) if up + down > 0.0 else 50.0 for up, down in pairs], period - 1)
        np.testing.assert_array_equal(over(seeds.seed_rsi, seeds.SEED_RSI, bars["close"], period), expected)
        if period == 1:
            assert expected[0] == 50.0


@kernel
def run_macd(state, values, fast, slow, signal, out):
    """Step through all values."""
    for i in range(len(values)):
        out[i, 0], out[i, 1], out[i, 2] = seeds.seed_macd(state[0], values[i], fast, slow, signal)


@pytest.mark.parametrize(("fast", "slow", "signal"), [(12, 26, 9), (1, 2, 1), (5, 5, 3)])
def test_seed_macd_runs_from_the_first_bar_and_is_hidden_until_the_slow_period(fast, slow, signal):
    """The signal is seeded with the line's first value, which is 0."""
    for bars in markets():
        close = bars["close"].tolist()
        line = [a - b for a, b in zip(exponential(close, fast), exponential(close, slow), strict=True)]
        follows = exponential(line, signal)
        out = np.zeros((len(bars), 3))
        run_macd(np.zeros(1, seeds.SEED_MACD), bars["close"], fast, slow, signal, out)
        np.testing.assert_array_equal(out[:, 0], hidden(line, slow - 1))
        np.testing.assert_array_equal(out[:, 1], hidden(follows, slow - 1))
        np.testing.assert_array_equal(out[:, 2], hidden([a - b for a, b in zip(line, follows, strict=True)], slow - 1))
