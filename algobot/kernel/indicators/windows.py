# mypy: disable-error-code="no-any-return"
"""The last values of a series: sums, means, deviations and extremes over a window.

A layout holds as many values as it was made for, 512 unless said otherwise: a longer one is `window(2000)`. A period
that does not fit, or is below 1, gives nan for ever and touches nothing beside its record.

Sums and extremes are kept in blocks of `period` values: what a block's end adds up to, from each place on, is worked
out once when the block is full, and a window is the end of one block and the beginning of the next. So nothing
is ever taken away from a sum, rounding does not build up, and each value costs the same few steps however long the
window is. Deviations slide instead, and are taken afresh every now and then, and when they collapse.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from algobot.kernel.jit import inlined, kernel
from algobot.kernel.records import Rec, float64, int64, record

LONGEST: Final = 512
_COLLAPSED: Final = 1e-2  # of the largest since it was last taken afresh
_AFRESH: Final = 64  # values, or a period if that is longer


def window(capacity: int) -> np.dtype[Any]:
    """Return the layout of a window of at most `capacity` values."""
    return record(
        count=int64,  # 0 before the first value; of `stdev` the values so far
        at=int64,  # where the next value goes
        origin=float64,  # the means count from here: a market that stands still gives exactly its price
        total=float64,  # of the block being filled
        weighed=float64,  # the same with weights, of `wma` and `slope`
        centre=float64,  # the mean, of `stdev`
        spread=float64,  # the sum of squared distances from it
        widest=float64,  # the largest spread since it was taken afresh
        due=int64,  # the count at which it is taken afresh
        ring=(float64, capacity),
    )


def pairs(capacity: int) -> np.dtype[Any]:
    """Return the layout of two sums over the same window of at most `capacity` values."""
    return record(
        count=int64,
        at=int64,
        first=float64,
        second=float64,
        firsts=(float64, capacity),
        seconds=(float64, capacity),
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


@inlined
def lag(state: Rec, value: float, period: int) -> float:
    """The value of `period` values ago, from value `period + 1` on; nan before. State: `window`."""
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan
    if state.count == 0:
        state.count = 1
        begin(ring, period)
    state.at = at + 1 if at + 1 < period else 0
    past = ring[at]
    ring[at] = value
    return past


@kernel
def begin(ring: Rec, period: int) -> None:
    """Make the values before the first ones unknown: whatever is made of them is nan too."""
    for i in range(period):
        ring[i] = math.nan


@inlined
def total(state: Rec, value: float, period: int) -> float:
    """Sum of the last `period` values; nan until there are that many. State: `window`.

    Source: TA-Lib `SUM`; the tests compare.
    """
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan
    if state.count == 0:
        state.count = 1
        begin(ring, period)
    begun = state.total + value
    ring[at] = value
    at += 1
    if at == period:
        state.at = 0
        state.total = 0.0
        return add_up(ring, period, 0.0)
    state.at = at
    state.total = begun
    return begun + ring[at]


@kernel
def add_up(ring: Rec, period: int, origin: float) -> float:
    """Make each value of a full block the sum, from `origin`, of itself and all after it; return that of all."""
    after = 0.0
    for i in range(period - 1, -1, -1):
        after += ring[i] - origin
        ring[i] = after
    return after


@inlined
def totals(state: Rec, first: float, second: float, period: int) -> tuple[float, float]:
    """Sums of the last `period` values of two series; nan until there are that many. State: `pairs`."""
    firsts = state.firsts
    seconds = state.seconds
    at = state.at
    if not 0 <= at < period <= len(firsts):
        return math.nan, math.nan
    if state.count == 0:
        state.count = 1
        begin(firsts, period)
        begin(seconds, period)
    one = state.first + first
    two = state.second + second
    firsts[at] = first
    seconds[at] = second
    at += 1
    if at == period:
        state.at = 0
        state.first = 0.0
        state.second = 0.0
        return add_up(firsts, period, 0.0), add_up(seconds, period, 0.0)
    state.at = at
    state.first = one
    state.second = two
    return one + firsts[at], two + seconds[at]


@inlined
def sma(state: Rec, value: float, period: int) -> float:
    """Simple moving average of the last `period` values; nan until there are that many.

    Exactly the value where it does not change: the sums count from the last value of the block before, which is in the
    window with every other value of that block. Source: TA-Lib `SMA`; the tests compare.
    """
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan
    if state.count == 0:
        state.count = 1
        state.origin = value
        begin(ring, period)
    origin = state.origin
    begun = state.total + (value - origin)
    ring[at] = value
    at += 1
    if at == period:
        state.at = 0
        state.total = 0.0
        state.origin = value
        return value + add_up(ring, period, value) * (1.0 / period)
    state.at = at
    state.total = begun
    return origin + (begun + ring[at]) * (1.0 / period)


@inlined
def stdev(state: Rec, value: float, period: int) -> float:
    """Population standard deviation of the last `period` values; nan until there are that many. At least 0.

    The mean is left in `state.centre`. The sliding form of Welford's update; TA-Lib's `STDDEV` takes the difference of
    two large sums instead and is the less exact of the two where prices are large and still.
    """
    ring = state.ring
    at = state.at
    if not 0 <= at < period <= len(ring):
        return math.nan
    state.at = at + 1 if at + 1 < period else 0
    left = ring[at]
    ring[at] = value
    count = state.count + 1
    state.count = count
    if count < period:
        return math.nan
    part = 1.0 / period
    before = state.centre
    change = value - left
    centre = before + change * part
    spread = state.spread + change * ((value - centre) + (left - before))
    state.centre = centre
    state.spread = spread
    state.widest = spread if spread > state.widest else state.widest
    if not spread >= _COLLAPSED * state.widest or count >= state.due:
        spread = _afresh(state, period)
    return math.sqrt(spread * part)


@kernel
def _afresh(state: Rec, period: int) -> float:
    """Take mean and spread from the values themselves, in two passes; the spread of equal values is exactly 0."""
    ring = state.ring
    origin = ring[0]
    away = 0.0
    for i in range(period):
        away += ring[i] - origin
    centre = origin + away / period
    spread = 0.0
    for i in range(period):
        spread += (ring[i] - centre) * (ring[i] - centre)
    state.centre = centre
    state.spread = spread
    state.widest = spread
    state.due = state.count + max(_AFRESH, period)
    return spread


@inlined
def bollinger(state: Rec, value: float, period: int, width: float) -> tuple[float, float, float]:
    """Lower, middle and upper band: mean and `width` population deviations; nan until there are `period` values.

    Source: TA-Lib `BBANDS` (simple average); the tests compare.
    """
    reach = width * stdev(state, value, period)
    if math.isnan(reach):
        return math.nan, math.nan, math.nan
    return state.centre - reach, state.centre, state.centre + reach


@inlined
def band_width(lower: float, middle: float, upper: float) -> float:
    """How far apart two bands are, as a fraction of the middle one. Source: Bollinger on Bollinger Bands (2001)."""
    return (upper - lower) / middle


@inlined
def percent_b(value: float, lower: float, upper: float) -> float:
    """Where `value` is between two bands: 0 on the lower, 1 on the upper, beyond them outside; 0.5 if they are one.

    Source: Bollinger on Bollinger Bands (2001).
    """
    reach = upper - lower
    return (value - lower) / reach if reach != 0.0 else 0.5


@inlined
def zscore(state: Rec, value: float, period: int) -> float:
    """How many population deviations `value` is from the mean of the window it ends; 0 in a window without movement."""
    deviation = stdev(state, value, period)
    if deviation == 0.0:
        return 0.0
    return (value - state.centre) / deviation


@inlined
def extremes(state: Rec, high: float, low: float, period: int) -> tuple[float, float]:
    """Highest `high` and lowest `low` of the last `period`; nan until there are that many. State: `channel`.

    In blocks: van Herk, A fast algorithm for local minimum and maximum filters (1992). Exact, as TA-Lib `MAX`, `MIN`.
    """
    highs = state.highs
    lows = state.lows
    at = state.at
    if not 0 <= at < period <= len(highs):
        return math.nan, math.nan
    if state.count == 0:
        state.count = 1
        state.top = -math.inf
        state.bottom = math.inf
        begin(highs, period)
        begin(lows, period)
    top = state.top
    bottom = state.bottom
    top = high if high > top else top
    bottom = low if low < bottom else bottom
    highs[at] = high
    lows[at] = low
    at += 1
    if at == period:
        state.at = 0
        state.top = -math.inf
        state.bottom = math.inf
        _look_back(highs, lows, period)
        return top, bottom
    state.at = at
    state.top = top
    state.bottom = bottom
    above = highs[at]
    below = lows[at]
    return (top if top > above else above), (bottom if bottom < below else below)


@kernel
def _look_back(highs: Rec, lows: Rec, period: int) -> None:
    """Give each place of a full block the extremes of itself and all after it."""
    high = highs[period - 1]
    low = lows[period - 1]
    for i in range(period - 2, -1, -1):
        high = highs[i] if highs[i] > high else high
        low = lows[i] if lows[i] < low else low
        highs[i] = high
        lows[i] = low


@inlined
def donchian(state: Rec, bar: Rec, period: int) -> tuple[float, float]:
    """Highest high and lowest low of the last `period` bars, this one included; nan until there are that many.

    Source: TA-Lib `MAX` and `MIN`; the tests compare. For a breakout compare with the values of the bar before.
    """
    return extremes(state, bar.high, bar.low, period)
