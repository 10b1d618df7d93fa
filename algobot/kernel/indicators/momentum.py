# mypy: disable-error-code="no-any-return"
"""Oscillators: how fast, how far, and where between the extremes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.ranges import RSI, rsi
from algobot.kernel.indicators.windows import LONGEST, WINDOW, channel, extremes, lag, sma, window
from algobot.kernel.jit import kernel
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


@kernel
def momentum(state: Rec, value: float, period: int) -> float:
    """`value` less that of `period` values ago, from value `period + 1` on; nan before.

    Source: TA-Lib `MOM`; the tests compare.
    """
    return value - lag(state, value, period)


@kernel
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
    if not 1 <= period <= len(ring):
        return math.nan
    at = state.at
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


@kernel
def within(value: float, top: float, bottom: float) -> float:
    """Where `value` is between two extremes in percent, 0 at the bottom; 0 if they are one."""
    reach = top - bottom
    return 100.0 * ((value - bottom) / reach) if reach > 0.0 else 0.0


@kernel
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


@kernel
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


@kernel
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


@kernel
def williams_r(state: Rec, bar: Rec, period: int) -> float:
    """Williams %R, -100 (close at the lowest low) to 0 (at the highest high), from bar `period` on; nan before.

    0 if the extremes are one. Source: Williams (1973), TA-Lib `WILLR`; the tests compare.
    """
    top, bottom = extremes(state, bar.high, bar.low, period)
    reach = top - bottom
    if reach == 0.0:
        return 0.0
    return -100.0 * ((top - bar.close) / reach)


@kernel
def aroon(state: Rec, bar: Rec, period: int) -> tuple[float, float, float]:
    """Aroon up, down and oscillator (up less down) from bar `period + 1` on; nan before. Up and down are 0 to 100.

    Up: 100 if this bar has the highest high of the last `period + 1`, 0 if the oldest of them has; the later one
    counts if two are equal. The period must be less than the layout's capacity.
    Source: Chande (1995), TA-Lib `AROON`, `AROONOSC`; the tests compare.
    """
    length = period + 1
    if not 2 <= length <= len(state.highs):
        return math.nan, math.nan, math.nan
    at = state.at
    number = state.count
    state.count = number + 1
    if at == 0 or bar.high >= state.top:
        state.top = bar.high
        state.top_at = number
    if at == 0 or bar.low <= state.bottom:
        state.bottom = bar.low
        state.bottom_at = number
    state.highs[at] = bar.high
    state.lows[at] = bar.low
    high_at = state.top_at
    low_at = state.bottom_at
    if at + 1 < length:
        state.at = at + 1
        if number < period:
            return math.nan, math.nan, math.nan
        high_at = state.highs_at[at + 1] if state.highs[at + 1] > state.top else high_at
        low_at = state.lows_at[at + 1] if state.lows[at + 1] < state.bottom else low_at
    else:
        state.at = 0
        _look_back(state, length, number)
    part = 100.0 / period
    up = part * (period - (number - high_at))
    down = part * (period - (number - low_at))
    return up, down, part * (high_at - low_at)


@kernel
def _look_back(state: Rec, length: int, number: int) -> None:
    """Give each place of a full block the extremes of itself and all that came after it; `number` is the last bar's."""
    last = length - 1
    state.highs_at[last] = number
    state.lows_at[last] = number
    for i in range(last - 1, -1, -1):
        state.highs_at[i] = number - last + i
        state.lows_at[i] = number - last + i
        if state.highs[i + 1] >= state.highs[i]:
            state.highs[i] = state.highs[i + 1]
            state.highs_at[i] = state.highs_at[i + 1]
        if state.lows[i + 1] <= state.lows[i]:
            state.lows[i] = state.lows[i + 1]
            state.lows_at[i] = state.lows_at[i + 1]
