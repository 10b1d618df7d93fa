# mypy: disable-error-code="no-any-return"
"""Averages whose weights fall in a straight line, and the straight line itself. In blocks, as in `windows`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.windows import LONGEST
from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record


def weighted(capacity: int) -> np.dtype[Any]:
    """Return the layout of `wma` and `slope` over at most `capacity` values."""
    return record(
        count=int64,
        at=int64,  # where the next value goes
        origin=float64,  # values count from here: a market that stands still gives exactly its price, and slope 0
        total=float64,  # of the block being filled
        rising=float64,  # the same with weights 1, 2, 3 …
        totals=(float64, capacity),  # from each place of the block before to its end
        risings=(float64, capacity),
    )


def hull_of(capacity: int) -> np.dtype[Any]:
    """Return the layout of `hull` over at most `capacity` values."""
    return record(half=weighted(capacity), whole=weighted(capacity), last=weighted(math.isqrt(capacity) + 1))


WMA = weighted(LONGEST)
SLOPE = WMA
HULL = hull_of(LONGEST)


@kernel
def _sums(state: Rec, value: float, period: int) -> tuple[float, float]:
    """Sum of the last `period` values from `state.origin`, and with weights 1 (the oldest) to `period`; nan before."""
    totals = state.totals
    risings = state.risings
    if not 1 <= period <= len(totals):
        return math.nan, math.nan
    at = state.at
    if state.count == 0:
        state.origin = value
    state.count += 1
    away = value - state.origin
    total = state.total + away
    rising = state.rising + (at + 1.0) * away
    totals[at] = value
    if at + 1 < period:
        state.at = at + 1
        state.total = total
        state.rising = rising
        if state.count < period:
            return math.nan, math.nan
        return total + totals[at + 1], rising + (period - 1.0 - at) * total + risings[at + 1]
    state.at = 0
    state.total = 0.0
    state.rising = 0.0
    state.origin = value
    behind = 0.0
    weighed = 0.0
    for i in range(period - 1, -1, -1):
        behind += totals[i] - value
        weighed += behind
        totals[i] = behind
        risings[i] = weighed
    return behind, weighed


@kernel
def wma(state: Rec, value: float, period: int) -> float:
    """Average of the last `period` values with weights 1 (the oldest) to `period`; nan until there are that many.

    Exactly the value where it does not change. Source: TA-Lib `WMA`; the tests compare.
    """
    rising = _sums(state, value, period)[1]
    return state.origin + rising * (2.0 / (period * (period + 1.0)))


@kernel
def slope(state: Rec, value: float, period: int) -> float:
    """Rise per step of the straight line nearest to the last `period` values; nan until there are that many.

    Least squares: (Σ i·x - mean of i · Σ x) · 12 / (p³ - p); a window of 1 has no slope: nan. Exactly 0 where the
    value does not change. Source: TA-Lib `LINEARREG_SLOPE`; the tests compare.
    """
    total, rising = _sums(state, value, period)
    if period < 2:
        return math.nan
    return (rising - 0.5 * (period + 1.0) * total) * (12.0 / (period * (period * float(period) - 1.0)))


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
