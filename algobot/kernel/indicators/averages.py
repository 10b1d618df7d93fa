# mypy: disable-error-code="no-any-return"
"""Averages that remember everything, ever more faintly, and what is made of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.windows import LONGEST, add_up
from algobot.kernel.jit import inlined
from algobot.kernel.records import Rec, float64, int64, record

EMA = record(value=float64, count=int64)
WILDER = record(value=float64, count=int64)
DEMA = record(once=EMA, twice=EMA)
TEMA = record(once=EMA, twice=EMA, thrice=EMA)
MACD = record(fast=EMA, slow=EMA, signal=EMA)


def adaptive(capacity: int) -> np.dtype[Any]:
    """Return the layout of `kama` over at most `capacity` values."""
    return record(
        value=float64,
        last=float64,
        total=float64,  # of the moves of the block being filled
        count=int64,  # values so far, at most the period and one
        at=int64,  # where the next value and its move go
        past=(float64, capacity),
        moves=(float64, capacity),  # from each place of the block before to its end
    )


KAMA = adaptive(LONGEST)


@inlined
def ema(state: Rec, value: float, period: int) -> float:
    """Exponential moving average after `value`, from the first value on, which seeds it.

    y[0] = x[0]; y[t] = y[t-1] + 2 / (period + 1) * (x[t] - y[t-1]).
    Source: pandas `ewm(span=period, adjust=False)`. TA-Lib `EMA` seeds with the mean of the first period instead,
    which fades: the tests compare after it has.
    """
    if state.count == 0:
        state.value = value
    else:
        state.value += 2.0 / (period + 1.0) * (value - state.value)
    state.count += 1
    return state.value


@inlined
def wilder(state: Rec, value: float, period: int) -> float:
    """Wilder's average: the mean of the first `period` values, then 1 / period of each new one; nan before.

    Source: Wilder, New Concepts in Technical Trading Systems (1978); the smoothing inside TA-Lib's `ATR` and `RSI`.
    """
    state.count += 1
    if state.count > period:
        state.value += (value - state.value) * (1.0 / period)
        return state.value
    state.value += value
    if state.count < period:
        return math.nan
    state.value /= period
    return state.value


@inlined
def dema(state: Rec, value: float, period: int) -> float:
    """Double exponential average, from the first value on: 2 * EMA - EMA of EMA, which takes out most of the lag.

    Source: Mulloy (1994), TA-Lib `DEMA`; the tests compare once the seeds have faded.
    """
    once = ema(state.once, value, period)
    return 2.0 * once - ema(state.twice, once, period)


@inlined
def tema(state: Rec, value: float, period: int) -> float:
    """Triple exponential average, from the first value on: 3 * EMA - 3 * EMA of EMA + EMA of EMA of EMA.

    Source: Mulloy (1994), TA-Lib `TEMA`; the tests compare once the seeds have faded.
    """
    once = ema(state.once, value, period)
    twice = ema(state.twice, once, period)
    return 3.0 * once - 3.0 * twice + ema(state.thrice, twice, period)


@inlined
def macd(state: Rec, value: float, fast: int, slow: int, signal: int) -> tuple[float, float, float]:
    """MACD, signal and histogram from value `slow + signal - 1` on; nan before.

    EMA(fast) - EMA(slow), its EMA(signal) begun at value `slow`, and the first less the second; 0 without movement.
    `fast` is the shorter period.
    Source: Appel (1979), TA-Lib `MACD`; the tests compare once the seeds have faded.
    """
    line = ema(state.fast, value, fast) - ema(state.slow, value, slow)
    if state.slow.count < slow:
        return math.nan, math.nan, math.nan
    follows = ema(state.signal, line, signal)
    if state.signal.count < signal:
        return math.nan, math.nan, math.nan
    return line, follows, line - follows


@inlined
def kama(state: Rec, value: float, period: int) -> float:
    """Kaufman's adaptive average from value `period + 1` on, seeded with the one before it; nan before.

    y += c² * (x - y) with c between 2 / 31 (noise) and 2 / 3 (a straight way): c = e * (2 / 3 - 2 / 31) + 2 / 31, and
    e the way made in `period` values over the way gone, 1 if neither.
    Source: Kaufman, Smarter Trading (1995), TA-Lib `KAMA`; the tests compare.
    """
    moves = state.moves
    at = state.at
    if not 0 <= at < period <= len(moves):
        return math.nan
    before = state.last
    state.last = value
    count = state.count
    if count <= period:
        count += 1
        state.count = count
        if count == 1:
            state.past[period - 1] = value  # the first move comes with the second value
            return math.nan
        state.value = before
    move = abs(value - before)
    made = abs(value - state.past[at])
    gone = state.total + move
    state.past[at] = value
    moves[at] = move
    at += 1
    if at == period:
        state.at = 0
        state.total = 0.0
        gone = add_up(moves, period, 0.0)
    else:
        state.at = at
        state.total = gone
        gone += moves[at]
    if count <= period:
        return math.nan
    pace = (made / gone if made < gone else 1.0) * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0
    state.value += pace * pace * (value - state.value)
    return state.value
