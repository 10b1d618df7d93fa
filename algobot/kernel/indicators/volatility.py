# mypy: disable-error-code="no-any-return"
"""How wild a market is, and how unusual a value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.windows import LONGEST, WINDOW, total, window
from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record


def realised_of(capacity: int) -> np.dtype[Any]:
    """Return the layout of `realised_volatility` over at most `capacity` values."""
    return record(last=float64, count=int64, squares=window(capacity))


REALISED = realised_of(LONGEST)
PERCENT_RANK = WINDOW


@kernel
def realised_volatility(state: Rec, price: float, period: int, per_year: float) -> float:
    """Realised volatility a year as a fraction, from price `period + 1` on; nan before. At least 0; 0 without movement.

    The root of `per_year / period` times the sum of the last `period` squared log returns (their mean is taken as 0);
    `per_year` is the number of bars in a year: 365 for days, 525,600 for minutes.
    Source: Andersen and Bollerslev (1998).
    """
    state.count += 1
    last = state.last
    state.last = price
    if state.count == 1:
        return math.nan
    change = math.log(price / last)
    return math.sqrt(total(state.squares, change * change, period) * (per_year / period))


@kernel
def percent_rank(state: Rec, value: float, period: int) -> float:
    """The share of the other values of the window that are below `value`, in percent; nan until there are `period`.

    0 for the lowest of the last `period` values, 100 for the highest; an equal value counts half, so a window without
    movement, and one of 1, gives 50. A step takes time in proportion to `period`.
    Source: scipy `percentileofscore(kind="mean")` among the others.
    """
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan
    state.at = at + 1 if at + 1 < period else 0
    ring[at] = value
    state.count += 1
    if state.count < period:
        return math.nan
    if period == 1:
        return 50.0
    below = 0
    above = 0
    for i in range(period):
        below += ring[i] < value
        above += ring[i] > value
    return 50.0 + 50.0 * (below - above) / (period - 1)
