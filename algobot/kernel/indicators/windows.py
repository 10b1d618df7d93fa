# mypy: disable-error-code="no-any-return"
"""The last values of a series: the base of every indicator over a window.

`WINDOW` holds up to 512 values; a longer one is `window(2000)`. Sums are taken afresh each time the ring is full
once round, so that rounding cannot build up over a million bars.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record

LONGEST = 512


def window(capacity: int) -> np.dtype[Any]:
    """Return the layout of a window of at most `capacity` values."""
    return record(total=float64, mean_=float64, spread=float64, count=int64, ring=(float64, capacity))


WINDOW = window(LONGEST)
SMA = WINDOW
STDEV = WINDOW


@kernel
def sma(state: Rec, value: float, period: int) -> float:
    """Return the simple moving average of the last `period` values, nan until there are that many.

    Source: TA-Lib `SMA`; the tests compare.
    """
    ring = state.ring
    at = state.count % period
    if state.count >= period:
        state.total -= ring[at]
    ring[at] = value
    state.total += value
    state.count += 1
    if at == period - 1:
        state.total = 0.0
        for i in range(period):
            state.total += ring[i]
    if state.count < period:
        return math.nan
    return state.total / period
