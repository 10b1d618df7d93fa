# mypy: disable-error-code="no-any-return"
"""The conventions of the seed strategies: other first values and other averages than the indicators beside this file.

They exist so that results published elsewhere can be reproduced to the last digit: each formula below is also the
order of its floating-point operations. For a strategy of your own take `ranges`, `averages` and `momentum`, which are
TA-Lib's. An average that is hidden is nan: it is kept up from the first bar on and shown later.
"""

from __future__ import annotations

import math

from algobot.kernel.indicators.ranges import true_range
from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record

SEED_EMA = record(value=float64, count=int64)
SEED_WILDER = record(value=float64, count=int64)
SEED_ATR = record(average=SEED_WILDER, close=float64, count=int64)
SEED_ADX = record(
    high=float64,  # of the bar before
    low=float64,
    close=float64,
    count=int64,
    plus_di=float64,
    minus_di=float64,
    rises=SEED_WILDER,
    falls=SEED_WILDER,
    ranges=SEED_WILDER,
    index=SEED_WILDER,
)
SEED_RSI = record(ups=SEED_EMA, downs=SEED_EMA, last=float64, count=int64)
SEED_MACD = record(fast=SEED_EMA, slow=SEED_EMA, signal=SEED_EMA, count=int64)


@kernel
def seed_ema(state: Rec, value: float, period: int) -> float:
    """Exponential average seeded with the first value; nan before bar `period` (index period - 1).

    k = 2 / (period + 1); y = k * x + (1 - k) * y.
    """
    shown = _exponential(state, value, period)
    return shown if state.count >= period else math.nan


@kernel
def _exponential(state: Rec, value: float, period: int) -> float:
    if state.count == 0:
        state.value = value
    else:
        k = 2.0 / (period + 1.0)
        state.value = k * value + (1.0 - k) * state.value
    state.count += 1
    return state.value


@kernel
def seed_wilder(state: Rec, value: float, period: int) -> float:
    """Wilder's average: the mean of the first `period` values, then (y * (period - 1) + x) / period; nan before."""
    state.count += 1
    if state.count > period:
        state.value = (state.value * (period - 1.0) + value) / period
        return state.value
    state.value += value
    if state.count < period:
        return math.nan
    state.value /= period
    return state.value


@kernel
def seed_atr(state: Rec, bar: Rec, period: int) -> float:
    """Average true range from bar `period` on (index period - 1); nan before.

    The first bar counts with its high less its low, so this starts one bar before `ranges.atr`.
    """
    reach = bar.high - bar.low
    if state.count > 0:
        reach = true_range(bar, state.close)
    state.count += 1
    state.close = bar.close
    return seed_wilder(state.average, reach, period)


@kernel
def seed_adx(state: Rec, bar: Rec, period: int) -> float:
    """Average directional index, 0 to 100, from bar 2 * period - 1 on (index 2 * period - 2); nan before.

    The first bar counts as no movement; range and movements are averaged as in `seed_atr`; DI = 100 * movement / range,
    left in `state.plus_di` and `state.minus_di` from bar `period` on; DX = 100 * |+DI - -DI| / (+DI + -DI), 0 where
    both are 0 (so also in a market without any range); the index is `seed_wilder` of DX from bar `period` on.
    """
    up = 0.0
    down = 0.0
    reach = bar.high - bar.low
    if state.count > 0:
        rise = bar.high - state.high
        fall = state.low - bar.low
        up = rise if rise > fall and rise > 0.0 else 0.0
        down = fall if fall > rise and fall > 0.0 else 0.0
        reach = true_range(bar, state.close)
    state.count += 1
    state.high = bar.high
    state.low = bar.low
    state.close = bar.close
    rises = seed_wilder(state.rises, up, period)
    falls = seed_wilder(state.falls, down, period)
    ranges = seed_wilder(state.ranges, reach, period)
    if state.count < period:
        return math.nan
    moved = ranges > 0.0
    state.plus_di = 100.0 * rises / ranges if moved else 0.0
    state.minus_di = 100.0 * falls / ranges if moved else 0.0
    both = state.plus_di + state.minus_di
    apart = 100.0 * abs(state.plus_di - state.minus_di) / both if both > 0.0 else 0.0
    return seed_wilder(state.index, apart, period)


@kernel
def seed_rsi(state: Rec, value: float, period: int) -> float:
    """Relative strength, 0 to 100, by *exponential* averages, from bar `period` on (index period - 1); nan before.

    100 * U / (U + D); U and D are averages (k = 2 / (period + 1)) of the ways up and down, both seeded with 0.1 at
    the first bar. A value not above the one before counts as a way down (of 0 if they are equal). 50 once so many bars
    without movement have passed that both are 0.
    """
    up = 0.1
    down = 0.1
    if state.count > 0:
        up = value - state.last if value > state.last else 0.0
        down = 0.0 if value > state.last else state.last - value
    state.last = value
    state.count += 1
    ups = _exponential(state.ups, up, period)
    downs = _exponential(state.downs, down, period)
    if state.count < period:
        return math.nan
    both = ups + downs
    return 100.0 * ups / both if both > 0.0 else 50.0


@kernel
def seed_macd(state: Rec, value: float, fast: int, slow: int, signal: int) -> tuple[float, float, float]:
    """The difference of two averages, its own average, and the first less the second: MACD, signal, histogram.

    All three averages run from the first bar on (so the signal is seeded with 0, the difference at that bar) and are
    nan before bar `slow` (index slow - 1). `slow` is the longer period.
    """
    line = _exponential(state.fast, value, fast) - _exponential(state.slow, value, slow)
    follows = _exponential(state.signal, line, signal)
    state.count += 1
    if state.count < slow:
        return math.nan, math.nan, math.nan
    return line, follows, line - follows
