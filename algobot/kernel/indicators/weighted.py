# mypy: disable-error-code="no-any-return"
"""Averages whose weights fall in a straight line, and the straight line itself. In blocks, as in `windows`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.windows import LONGEST, WINDOW, begin, window
from algobot.kernel.jit import inlined, kernel
from algobot.kernel.records import Rec, record


def hull_of(capacity: int) -> np.dtype[Any]:
    """Return the layout of `hull` over at most `capacity` values."""
    return record(half=window(capacity), whole=window(capacity), last=window(math.isqrt(capacity) + 1))


WMA = WINDOW
SLOPE = WINDOW
HULL = hull_of(LONGEST)


@inlined
def _weighed(state: Rec, value: float, period: int, newest: float) -> tuple[float, float]:
    """An origin, and the sum of the last `period` values from there, the last times `newest`, each before one less.

    nan until there are that many. Every step takes the plain sum of a block's values from their weighed one.
    """
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan, math.nan
    if state.count == 0:
        state.count = 1
        state.origin = value
        begin(ring, period)
    origin = state.origin
    away = value - origin
    total = state.total
    weighed = state.weighed - total + newest * away
    ring[at] = value
    at += 1
    if at == period:
        state.at = 0
        state.total = 0.0
        state.weighed = 0.0
        state.origin = value
        return value, _add_up(ring, period, value, newest - period)
    state.at = at
    state.total = total + away
    state.weighed = weighed
    return origin, weighed + ring[at]


@kernel
def _add_up(ring: Rec, period: int, origin: float, least: float) -> float:
    """Make each value of a full block the weighed sum, from `origin`, of itself and all after it; return that of all.

    As it is needed once that value is the oldest in the window: with the weight `least + 1`, the next one more.
    """
    after = 0.0
    weighed = 0.0
    first = least + 1.0
    for i in range(period - 1, -1, -1):
        away = ring[i] - origin
        weighed += after + first * away
        after += away
        ring[i] = weighed
    return weighed


@inlined
def wma(state: Rec, value: float, period: int) -> float:
    """Average of the last `period` values with weights 1 (the oldest) to `period`; nan until there are that many.

    Exactly the value where it does not change. Source: TA-Lib `WMA`; the tests compare.
    """
    origin, weighed = _weighed(state, value, period, float(period))
    return origin + weighed * (2.0 / (period * (period + 1.0)))


@inlined
def slope(state: Rec, value: float, period: int) -> float:
    """Rise per step of the straight line nearest to the last `period` values; nan until there are that many.

    Least squares: Σ (i - mean of i) · x · 12 / (p³ - p); a window of 1 has no slope: nan. Exactly 0 where the value
    does not change. Source: TA-Lib `LINEARREG_SLOPE`; the tests compare.
    """
    weighed = _weighed(state, value, period, 0.5 * (period - 1.0))[1]
    return weighed * (12.0 / (period * (period * float(period) - 1.0))) if period > 1 else math.nan


@kernel
def hull(state: Rec, value: float, period: int) -> float:
    """Hull's average from value `period + isqrt(period) - 1` on; nan before.

    WMA over isqrt(period) values of 2 · WMA(period // 2) - WMA(period), halves and roots rounded down; a period of 1 is
    the value itself. Source: Hull, https://alanhull.com/hull-moving-average.
    """
    quick = wma(state.half, value, max(period // 2, 1))
    whole = wma(state.whole, value, period)
    if math.isnan(whole):
        return math.nan
    root = 1
    while (root + 1) * (root + 1) <= period:
        root += 1
    return wma(state.last, 2.0 * quick - whole, root)
