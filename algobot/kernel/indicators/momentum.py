# mypy: disable-error-code="no-any-return"
"""Oscillators: how fast, how far, and where between the extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.ranges import RSI, rsi
from algobot.kernel.indicators.windows import LONGEST, WINDOW, channel, extremes, lag, sma, window
from algobot.kernel.jit import inlined, kernel
from algobot.kernel.records import Rec, float64, int64, record


def stochastic_of(capacity: int) -> np.dtype[Any]:
    """Return the layout of the stochastics over at most `capacity` bars."""
    return record(channel=channel(capacity), slow=window(capacity), signal=window(capacity))


def arrivals(capacity: int) -> np.dtype[Any]:
    """Return the layout of `aroon` over a period of less than `capacity`."""
    return record(
        count=int64,
        at=int64,  # where the next bar goes
        top=float64,  # of the block being filled
        bottom=float64,
        top_at=int64,  # the number of that bar
        bottom_at=int64,
        highs=(float64, capacity),
        lows=(float64, capacity),
        highs_at=(int64, capacity),
        lows_at=(int64, capacity),
    )


MOMENTUM = WINDOW
ROC = WINDOW
CCI = WINDOW
STOCHASTIC = stochastic_of(LONGEST)
STOCH_RSI = record(rsi=RSI, channel=channel(LONGEST), signal=WINDOW)
WILLIAMS = channel(LONGEST)
AROON = arrivals(LONGEST)


@inlined
def momentum(state: Rec, value: float, period: int) -> float:
    """`value` less that of `period` values ago, from value `period + 1` on; nan before.

    Source: TA-Lib `MOM`; the tests compare.
    """
    return value - lag(state, value, period)


@inlined
def roc(state: Rec, value: float, period: int) -> float:
    """Change since `period` values ago in percent, from value `period + 1` on; nan before; 0 from a value of 0.

    Source: TA-Lib `ROC`; the tests compare.
    """
    past = lag(state, value, period)
    return (value / past - 1.0) * 100.0 if past != 0.0 else 0.0


@kernel
def cci(state: Rec, bar: Rec, period: int) -> float:
    """Commodity channel index from bar `period` on; nan before. About -300 to 300; 0 without movement.

    (x - mean) / (0.015 · mean distance from the mean) of (H + L + C) / 3 over the last `period` bars. A step takes
    time in proportion to `period`. Source: Lambert (1980), TA-Lib `CCI`; the tests compare.
    """
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan
    state.at = at + 1 if at + 1 < period else 0
    price = (bar.high + bar.low + bar.close) / 3.0
    ring[at] = price
    state.count += 1
    if state.count < period:
        return math.nan
    away = 0.0
    for i in range(period):
        away += price - ring[i]
    distance = away / period
    centre = price - distance
    apart = 0.0
    for i in range(period):
        apart += abs(ring[i] - centre)
    if distance == 0.0 or apart == 0.0:
        return 0.0
    return distance / (0.015 * (apart / period))


@inlined
def within(value: float, top: float, bottom: float) -> float:
    """Where `value` is between two extremes in percent, 0 at the bottom; 0 if they are one."""
    reach = top - bottom
    return 100.0 * ((value - bottom) / reach) if reach > 0.0 else 0.0


@inlined
def stochastic_fast(state: Rec, bar: Rec, period: int, signal: int) -> tuple[float, float]:
    """%K and %D, 0 to 100, from bar `period + signal - 1` on; nan before.

    %K: where the close is between the extremes of the last `period` bars, 0 if they are one; %D: the mean of the last
    `signal` %K. Source: Lane (1950s), TA-Lib `STOCHF`; the tests compare.
    """
    top, bottom = extremes(state.channel, bar.high, bar.low, period)
    if math.isnan(top):
        return math.nan, math.nan
    quick = within(bar.close, top, bottom)
    follows = sma(state.signal, quick, signal)
    return (math.nan if math.isnan(follows) else quick), follows


@inlined
def stochastic(state: Rec, bar: Rec, period: int, slowing: int, signal: int) -> tuple[float, float]:
    """Slow %K and %D, 0 to 100, from bar `period + slowing + signal - 2` on; nan before.

    Slow %K is the mean of the last `slowing` fast ones, %D that of the last `signal` slow ones.
    Source: TA-Lib `STOCH`; the tests compare.
    """
    top, bottom = extremes(state.channel, bar.high, bar.low, period)
    if math.isnan(top):
        return math.nan, math.nan
    slow = sma(state.slow, within(bar.close, top, bottom), slowing)
    if math.isnan(slow):
        return math.nan, math.nan
    follows = sma(state.signal, slow, signal)
    return (math.nan if math.isnan(follows) else slow), follows


@inlined
def stoch_rsi(state: Rec, value: float, rsi_period: int, period: int, signal: int) -> tuple[float, float]:
    """%K and %D of the relative strength index, 0 to 100, from value `rsi_period + period + signal - 1` on; nan before.

    %K: where the index is between its own extremes of the last `period` values, 0 if they are less than 1e-9 apart (in
    a market that stands still the index moves by rounding alone); %D: the mean of the last `signal` %K.
    Source: Chande and Kroll (1994), TA-Lib `STOCHRSI`; the tests compare.
    """
    strength = rsi(state.rsi, value, rsi_period)
    if math.isnan(strength):
        return math.nan, math.nan
    top, bottom = extremes(state.channel, strength, strength, period)
    if math.isnan(top):
        return math.nan, math.nan
    quick = within(strength, top, bottom) if top - bottom > 1e-9 else 0.0
    follows = sma(state.signal, quick, signal)
    return (math.nan if math.isnan(follows) else quick), follows


@inlined
def williams_r(state: Rec, bar: Rec, period: int) -> float:
    """Williams %R, -100 (close at the lowest low) to 0 (at the highest high), from bar `period` on; nan before.

    0 if the extremes are one. Source: Williams (1973), TA-Lib `WILLR`; the tests compare.
    """
    top, bottom = extremes(state, bar.high, bar.low, period)
    reach = top - bottom
    if reach == 0.0:
        return 0.0
    return -100.0 * ((top - bar.close) / reach)


@inlined
def aroon(state: Rec, bar: Rec, period: int) -> tuple[float, float, float]:
    """Aroon up, down and oscillator (up less down) from bar `period + 1` on; nan before. Up and down are 0 to 100.

    Up: 100 if this bar has the highest high of the last `period + 1`, 0 if the oldest of them has; the later one
    counts if two are equal. The period must be less than the layout's capacity.
    Source: Chande (1995), TA-Lib `AROON`, `AROONOSC`; the tests compare.
    """
    at = state.at
    if not 0 < period < len(state.highs) or not 0 <= at <= period:
        return math.nan, math.nan, math.nan
    number = state.count
    state.count = number + 1
    risen = at == 0 or bar.high >= state.top
    fallen = at == 0 or bar.low <= state.bottom
    top = bar.high if risen else state.top
    bottom = bar.low if fallen else state.bottom
    high_at = number if risen else state.top_at
    low_at = number if fallen else state.bottom_at
    state.top = top
    state.bottom = bottom
    state.top_at = high_at
    state.bottom_at = low_at
    state.highs[at] = bar.high
    state.lows[at] = bar.low
    if at == period:
        state.at = 0
        _look_back(state, period, number)
    else:
        at += 1
        state.at = at
        if number < period:
            return math.nan, math.nan, math.nan
        high_at = state.highs_at[at] if state.highs[at] > top else high_at
        low_at = state.lows_at[at] if state.lows[at] < bottom else low_at
    part = 100.0 / period
    return part * (period - number + high_at), part * (period - number + low_at), part * (high_at - low_at)


@kernel
def _look_back(state: Rec, last: int, number: int) -> None:
    """Give each place of a full block the extremes of itself and all after it; `number` is that of the `last` bar."""
    high = state.highs[last]
    low = state.lows[last]
    high_at = number
    low_at = number
    for i in range(last, -1, -1):
        higher = state.highs[i] > high
        lower = state.lows[i] < low
        high = state.highs[i] if higher else high
        low = state.lows[i] if lower else low
        high_at = number - last + i if higher else high_at
        low_at = number - last + i if lower else low_at
        state.highs[i] = high
        state.lows[i] = low
        state.highs_at[i] = high_at
        state.lows_at[i] = low_at
