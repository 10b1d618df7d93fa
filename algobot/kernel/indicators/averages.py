# mypy: disable-error-code="no-any-return"
"""Averages that remember everything, ever more faintly: no window, two numbers of state."""

from __future__ import annotations

import math

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record

EMA = record(value=float64, count=int64)
WILDER = record(value=float64, count=int64)


@kernel
def ema(state: Rec, value: float, period: int) -> float:
    """Exponential moving average after `value`; the first value seeds it.

    y[0] = x[0]; y[t] = y[t-1] + 2 / (period + 1) * (x[t] - y[t-1]).
    Source: pandas `ewm(span=period, adjust=False)`. TA-Lib seeds with the mean of the first period instead, which
    fades: the tests compare after it has.
    """
    if state.count == 0:
        state.value = value
    else:
        state.value += 2.0 / (period + 1.0) * (value - state.value)
    state.count += 1
    return state.value


@kernel
def wilder(state: Rec, value: float, period: int) -> float:
    """Wilder's average: the mean of the first `period` values, then 1 / period of each new one; nan before.

    Source: Wilder, New Concepts in Technical Trading Systems (1978); the smoothing inside TA-Lib's `ATR` and `RSI`.
    """
    state.count += 1
    if state.count <= period:
        state.value += value
        if state.count < period:
            return math.nan
        state.value /= period
    else:
        state.value = (state.value * (period - 1) + value) / period
    return state.value
