# mypy: disable-error-code="no-any-return"
"""The last values of a series: means, deviations and extremes over a window.

`WINDOW` holds up to 512 values; a longer one is `window(2000)`. A period must fit. Running sums are taken afresh each
time the ring has gone once round, and also when they collapse, so that rounding never builds up: a
million bars later the values still agree with the direct formula to 1e-9.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from algobot.kernel.jit import kernel
from algobot.kernel.records import Rec, float64, int64, record

LONGEST: Final = 512
_COLLAPSED: Final = 1e-4  # of the largest since it was last taken afresh


def window(capacity: int) -> np.dtype[Any]:
    """Return the layout of a window of at most `capacity` values."""
    return record(
        count=int64,
        at=int64,  # where the next value goes
        total=float64,
        centre=float64,  # the mean, of `stdev`
        spread=float64,  # the sum of squared distances from it
        widest=float64,  # the largest total or spread since it was taken afresh
        ring=(float64, capacity),
    )


def channel(capacity: int) -> np.dtype[Any]:
    """Return the layout of the highs and lows of at most `capacity` bars."""
    return record(
        count=int64, at=int64, top=float64, bottom=float64, highs=(float64, capacity), lows=(float64, capacity)
    )


WINDOW = window(LONGEST)
SMA = WINDOW
STDEV = WINDOW
BOLLINGER = WINDOW
DONCHIAN = channel(LONGEST)


@kernel
def sma(state: Rec, value: float, period: int) -> float:
    """Simple moving average of the last `period` values; nan until there are that many.

    Source: TA-Lib `SMA`; the tests compare.
    """
    ring = state.ring
    at = state.at
    state.at = at + 1 if at + 1 < period else 0
    if state.count >= period:
        state.total -= ring[at]
    ring[at] = value
    state.total += value
    state.count += 1
    if at == period - 1 or abs(state.total) < _COLLAPSED * state.widest:
        state.total = 0.0
        for i in range(period):
            state.total += ring[i]
        state.widest = 0.0
    state.widest = max(state.widest, abs(state.total))
    if state.count < period:
        return math.nan
    return state.total / period


@kernel
def stdev(state: Rec, value: float, period: int) -> float:
    """Population standard deviation of the last `period` values; nan until there are that many.

    The mean is left in `state.centre`. The sliding form of Welford's update; TA-Lib's `STDDEV` takes the difference of
    two large sums instead and is the less exact of the two where prices are large and still.
    """
    ring = state.ring
    at = state.at
    state.at = at + 1 if at + 1 < period else 0
    left = ring[at]
    ring[at] = value
    state.count += 1
    if state.count < period:
        return math.nan
    before = state.centre
    change = value - left
    state.centre = before + change / period
    state.spread += change * ((value - state.centre) + (left - before))
    if at == period - 1 or state.spread < _COLLAPSED * state.widest:
        _afresh(state, period)
    state.widest = max(state.widest, state.spread)
    return math.sqrt(state.spread / period)


@kernel
def _afresh(state: Rec, period: int) -> None:
    """Take mean and spread from the values themselves, in two passes."""
    ring = state.ring
    total = 0.0
    for i in range(period):
        total += ring[i]
    centre = total / period
    spread = 0.0
    for i in range(period):
        spread += (ring[i] - centre) * (ring[i] - centre)
    state.centre = centre
    state.spread = spread
    state.widest = spread


@kernel
def bollinger(state: Rec, value: float, period: int, width: float) -> tuple[float, float, float]:
    """Lower, middle and upper band: mean and `width` population deviations; nan until there are `period` values.

    Source: TA-Lib `BBANDS` (simple average); the tests compare.
    """
    reach = width * stdev(state, value, period)
    if math.isnan(reach):
        return math.nan, math.nan, math.nan
    return state.centre - reach, state.centre, state.centre + reach


@kernel
def zscore(state: Rec, value: float, period: int) -> float:
    """How many population deviations `value` is from the mean of the window it ends; 0 in a window without movement."""
    deviation = stdev(state, value, period)
    if deviation == 0.0:
        return 0.0
    return (value - state.centre) / deviation


@kernel
def donchian(state: Rec, bar: Rec, period: int) -> tuple[float, float]:
    """Highest high and lowest low of the last `period` bars, this one included; nan until there are that many.

    Source: TA-Lib `MAX` and `MIN`; the tests compare. For a breakout compare with the values of the bar before.
    """
    at = state.at
    state.at = at + 1 if at + 1 < period else 0
    full = state.count >= period
    old_high = state.highs[at]
    old_low = state.lows[at]
    state.highs[at] = bar.high
    state.lows[at] = bar.low
    state.count += 1
    if state.count < period:
        return math.nan, math.nan
    if not full or old_high == state.top or old_low == state.bottom:
        state.top = state.highs[0]
        state.bottom = state.lows[0]
        for i in range(1, period):
            state.top = max(state.top, state.highs[i])
            state.bottom = min(state.bottom, state.lows[i])
    state.top = max(state.top, bar.high)
    state.bottom = min(state.bottom, bar.low)
    return state.top, state.bottom
