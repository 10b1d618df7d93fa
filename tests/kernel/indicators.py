"""Every indicator with its layout, parameters and first bars, for tests and benches: the step in a loop and no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from algobot.kernel.indicators import averages, bars, momentum, ranges, trend, volatility, volume, weighted, windows
from algobot.kernel.jit import kernel
from tests.kernel.markets import random_bars

HOUR_NS = 3600 * 10**9


class Indicator(NamedTuple):
    """One indicator as it is called, and the bar (counted from 1) from which each of its values is defined."""

    step: Callable[..., Any]
    layout: np.dtype
    takes: str  # "bar", or the field it is given
    params: tuple[float, ...]
    first: tuple[int, ...]  # one for each value


@kernel
def true_range_step(state, bar):
    """The true range as a step: nan on the first bar."""
    last = state.value
    state.value = bar.close
    state.count += 1
    return ranges.true_range(bar, last) if state.count > 1 else np.nan


@kernel
def width_step(state, value, period, width):
    """Width of the Bollinger bands and %b."""
    lower, middle, upper = windows.bollinger(state, value, period, width)
    return windows.band_width(lower, middle, upper), windows.percent_b(value, lower, upper)


@kernel
def di_step(state, bar, period):
    """ADX, +DI, -DI."""
    index = ranges.adx(state, bar, period)
    shown = state.count > period
    return index, state.plus_di if shown else np.nan, state.minus_di if shown else np.nan


@kernel
def typical_step(state, bar):
    """Typical price and pressure need no state."""
    return volume.typical(bar), volume.pressure(bar)


def catalogue(p: int = 14, q: int = 5, s: int = 3) -> dict[str, Indicator]:
    """Return all indicators with a longer, a shorter and a smoothing period."""
    one = (p,)
    root = int(p**0.5)
    bar, close, vol = "bar", "close", "volume"
    return {
        "sma": Indicator(windows.sma, windows.SMA, close, one, (p,)),
        "total": Indicator(windows.total, windows.WINDOW, vol, one, (p,)),
        "lag": Indicator(windows.lag, windows.WINDOW, close, one, (p + 1,)),
        "stdev": Indicator(windows.stdev, windows.STDEV, close, one, (p,)),
        "zscore": Indicator(windows.zscore, windows.STDEV, close, one, (p,)),
        "bollinger": Indicator(windows.bollinger, windows.BOLLINGER, close, (p, 2.0), (p, p, p)),
        "band_width": Indicator(width_step, windows.BOLLINGER, close, (p, 2.0), (p, p)),
        "donchian": Indicator(windows.donchian, windows.DONCHIAN, bar, one, (p, p)),
        "wma": Indicator(weighted.wma, weighted.WMA, close, one, (p,)),
        "slope": Indicator(weighted.slope, weighted.SLOPE, close, (max(p, 2),), (max(p, 2),)),
        "hull": Indicator(weighted.hull, weighted.HULL, close, one, (p + root - 1,)),
        "ema": Indicator(averages.ema, averages.EMA, close, one, (1,)),
        "wilder": Indicator(averages.wilder, averages.WILDER, close, one, (p,)),
        "dema": Indicator(averages.dema, averages.DEMA, close, one, (1,)),
        "tema": Indicator(averages.tema, averages.TEMA, close, one, (1,)),
        "kama": Indicator(averages.kama, averages.KAMA, close, one, (p + 1,)),
        "macd": Indicator(averages.macd, averages.MACD, close, (min(p, q), max(p, q), s), (max(p, q) + s - 1,) * 3),
        "rsi": Indicator(ranges.rsi, ranges.RSI, close, one, (p + 1,)),
        "true_range": Indicator(true_range_step, averages.EMA, bar, (), (2,)),
        "atr": Indicator(ranges.atr, ranges.ATR, bar, one, (p + 1,)),
        "natr": Indicator(ranges.natr, ranges.ATR, bar, one, (p + 1,)),
        "adx": Indicator(di_step, ranges.ADX, bar, one, (2 * p, p + 1, p + 1)),
        "momentum": Indicator(momentum.momentum, momentum.MOMENTUM, close, one, (p + 1,)),
        "roc": Indicator(momentum.roc, momentum.ROC, close, one, (p + 1,)),
        "cci": Indicator(momentum.cci, momentum.CCI, bar, one, (p,)),
        "stochastic_fast": Indicator(momentum.stochastic_fast, momentum.STOCHASTIC, bar, (p, s), (p + s - 1,) * 2),
        "stochastic": Indicator(momentum.stochastic, momentum.STOCHASTIC, bar, (p, s, q), (p + s + q - 2,) * 2),
        "stoch_rsi": Indicator(momentum.stoch_rsi, momentum.STOCH_RSI, close, (p, q, s), (p + q + s - 1,) * 2),
        "williams_r": Indicator(momentum.williams_r, momentum.WILLIAMS, bar, one, (p,)),
        "aroon": Indicator(momentum.aroon, momentum.AROON, bar, one, (p + 1,) * 3),
        "supertrend": Indicator(trend.supertrend, trend.SUPERTREND, bar, (p, 3.0), (p + 1, 1)),
        "parabolic_sar": Indicator(trend.parabolic_sar, trend.SAR, bar, (0.02, 0.2), (2,)),
        "keltner": Indicator(trend.keltner, trend.KELTNER, bar, (p, q, 2.0), (max(p, q + 1),) * 3),
        "ichimoku": Indicator(trend.ichimoku, trend.ICHIMOKU, bar, (q, p, 2 * p, p), (q, p, max(p, q) + p, 2 * p + p)),
        "realised_volatility": Indicator(
            volatility.realised_volatility, volatility.REALISED, close, (p, 365.0), (p + 1,)
        ),
        "percent_rank": Indicator(volatility.percent_rank, volatility.PERCENT_RANK, close, one, (p,)),
        "typical": Indicator(typical_step, volume.AD, bar, (), (1, 1)),
        "obv": Indicator(volume.obv, volume.OBV, bar, (), (1,)),
        "accumulation": Indicator(volume.accumulation, volume.AD, bar, (), (1,)),
        "mfi": Indicator(volume.mfi, volume.MFI, bar, one, (p + 1,)),
        "chaikin_money_flow": Indicator(volume.chaikin_money_flow, volume.CMF, bar, one, (p,)),
        "rolling_vwap": Indicator(volume.rolling_vwap, volume.ROLLING_VWAP, bar, one, (p,)),
        "session_vwap": Indicator(volume.session_vwap, volume.SESSION_VWAP, bar, (), (1,)),
        "volume_ratio": Indicator(volume.volume_ratio, volume.VOLUME_RATIO, bar, one, (p,)),
        "heikin_ashi": Indicator(bars.heikin_ashi, bars.HEIKIN_ASHI, bar, (), (1,) * 4),
        "pivots": Indicator(bars.pivots, bars.PIVOTS, bar, (HOUR_NS,), (0,) * 7),  # the first hour's end
    }


@kernel
def run_1(step, state, values, params, out):
    """Step through all values or bars: one number each."""
    for i in range(len(values)):
        out[i, 0] = step(state[0], values[i], *params)


@kernel
def run_2(step, state, values, params, out):
    """The same for two numbers."""
    for i in range(len(values)):
        out[i, 0], out[i, 1] = step(state[0], values[i], *params)


@kernel
def run_3(step, state, values, params, out):
    """The same for three numbers."""
    for i in range(len(values)):
        out[i, 0], out[i, 1], out[i, 2] = step(state[0], values[i], *params)


@kernel
def run_4(step, state, values, params, out):
    """The same for four numbers."""
    for i in range(len(values)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = step(state[0], values[i], *params)


@kernel
def run_7(step, state, values, params, out):
    """The same for seven numbers."""
    for i in range(len(values)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3], out[i, 4], out[i, 5], out[i, 6] = step(state[0], values[i], *params)


RUNS = {1: run_1, 2: run_2, 3: run_3, 4: run_4, 7: run_7}


def fresh(indicator: Indicator) -> np.ndarray:
    """Return the state before the first bar."""
    return np.zeros(1, indicator.layout)


def over(indicator: Indicator, market: np.ndarray, state: np.ndarray | None = None) -> np.ndarray:
    """Return what an indicator says after each bar, a column for each of its values."""
    out = np.zeros((len(market), len(indicator.first)))
    values = market if indicator.takes == "bar" else np.ascontiguousarray(market[indicator.takes])
    run = RUNS[len(indicator.first)]
    run(indicator.step, fresh(indicator) if state is None else state, values, indicator.params, out)
    return out


def rough_bars(count: int, seed: int) -> np.ndarray:
    """Return a random walk with constant stretches, bars without volume or range, gaps, equal closes and spikes."""
    rng = np.random.default_rng(seed)
    market = random_bars(count, seed=seed)
    prices = ("open", "high", "low", "close")
    for start in rng.integers(0, count, 6):
        stretch = slice(start, start + int(rng.integers(2, 60)))
        for name in prices:
            market[name][stretch] = market["close"][start]
        if rng.random() < 0.5:
            market["volume"][stretch] = 0.0
    for start, jump in zip(rng.integers(0, count, 4), (0.7, 0.95, 1.05, 1.4), strict=True):
        for name in prices:
            market[name][start:] *= jump
    still = rng.integers(0, count, count // 20)
    for name in ("high", "low", "open"):
        market[name][still] = market["close"][still]
    market["volume"][rng.integers(0, count, count // 20)] = 0.0
    missing = np.ones(count, bool)
    missing[rng.integers(0, count, count // 20)] = False
    return np.ascontiguousarray(market[missing])
