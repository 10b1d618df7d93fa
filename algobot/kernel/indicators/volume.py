# mypy: disable-error-code="no-any-return"
"""What the traded volume says of a move."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np

from algobot.kernel.indicators.windows import LONGEST, WINDOW, pairs, total, totals
from algobot.kernel.jit import inlined
from algobot.kernel.records import Rec, float64, int64, record

_DAY_NS: Final = 86_400 * 10**9
_ROUNDING: Final = 1e-12  # of a price: three prices may add up to the same in decimals and not in binary


def money_flow_of(capacity: int) -> np.dtype[Any]:
    """Return the layout of `mfi` over at most `capacity` bars."""
    return record(last=float64, count=int64, flows=pairs(capacity))


OBV = record(value=float64, last=float64, count=int64)
AD = record(value=float64)
MFI = money_flow_of(LONGEST)
CMF = pairs(LONGEST)
ROLLING_VWAP = pairs(LONGEST)
SESSION_VWAP = record(day=int64, count=int64, traded=float64, volume=float64)
VOLUME_RATIO = WINDOW


@inlined
def typical(bar: Rec) -> float:
    """The typical price: (H + L + C) / 3. Source: TA-Lib `TYPPRICE`; the tests compare."""
    return (bar.high + bar.low + bar.close) * (1.0 / 3.0)


@inlined
def pressure(bar: Rec) -> float:
    """The bar's volume, signed by where it closed: all of it at the high, none of it at the low, as -1 to 1 times.

    ((C - L) - (H - C)) / (H - L) · volume; 0 for a bar without a range. Source: Chaikin.
    """
    reach = bar.high - bar.low
    if reach > 0.0:
        return ((bar.close - bar.low) - (bar.high - bar.close)) / reach * bar.volume
    return 0.0


@inlined
def obv(state: Rec, bar: Rec) -> float:
    """On-balance volume from the first bar on: its volume, then plus that of rising closes, less that of falling ones.

    Source: Granville (1963), TA-Lib `OBV`; the tests compare. Only changes mean anything.
    """
    if state.count == 0 or bar.close > state.last:
        state.value += bar.volume
    elif bar.close < state.last:
        state.value -= bar.volume
    state.last = bar.close
    state.count += 1
    return state.value


@inlined
def accumulation(state: Rec, bar: Rec) -> float:
    """Accumulation/distribution line from the first bar on: the sum of `pressure`.

    Source: Chaikin, TA-Lib `AD`; the tests compare. Only changes mean anything.
    """
    state.value += pressure(bar)
    return state.value


@inlined
def chaikin_money_flow(state: Rec, bar: Rec, period: int) -> float:
    """Chaikin money flow, -1 to 1, from bar `period` on; nan before. 0 in a window without volume.

    The sum of `pressure` over the sum of volume, both of the last `period` bars. Source: Chaikin; StockCharts.
    """
    pushed, volume = totals(state, pressure(bar), bar.volume, period)
    return pushed / volume if volume != 0.0 else 0.0


@inlined
def mfi(state: Rec, bar: Rec, period: int) -> float:
    """Money flow index, 0 to 100, from bar `period + 1` on; nan before.

    The money (typical price times volume) of bars whose typical price rose, in percent of that of all that moved, over
    `period` bars. 0 while it is below 1 in all, which is TA-Lib's rule for "nothing has moved". A price that is
    another by less than 1e-12 of itself is the same: so much differ equal sums by rounding.
    Source: Quong and Soudack (1989), TA-Lib `MFI`; the tests compare.
    """
    price = (bar.high + bar.low + bar.close) / 3.0
    last = state.last
    state.last = price
    state.count += 1
    if state.count == 1:
        return math.nan
    money = price * bar.volume
    change = price - last
    least = _ROUNDING * price
    came, went = totals(state.flows, money if change > least else 0.0, money if change < -least else 0.0, period)
    both = came + went
    return 0.0 if both < 1.0 else 100.0 * (came / both)


@inlined
def rolling_vwap(state: Rec, bar: Rec, period: int) -> float:
    """Volume-weighted average of the typical price of the last `period` bars; nan until there are that many.

    The bar's own typical price in a window without volume.
    """
    price = typical(bar)
    traded, volume = totals(state, price * bar.volume, bar.volume, period)
    return traded / volume if volume != 0.0 else price


@inlined
def session_vwap(state: Rec, bar: Rec) -> float:
    """Volume-weighted average of the typical price since midnight UTC, from the first bar on.

    The bar's own typical price while nothing has traded that day. A day begins with the first bar that opens in it.
    """
    day = bar.open_ns // _DAY_NS
    if state.count == 0 or day != state.day:
        state.day = day
        state.traded = 0.0
        state.volume = 0.0
    state.count += 1
    price = typical(bar)
    state.traded += price * bar.volume
    state.volume += bar.volume
    return state.traded / state.volume if state.volume != 0.0 else price


@inlined
def volume_ratio(state: Rec, bar: Rec, period: int) -> float:
    """The bar's volume over the mean of the last `period`, itself included; nan until there are that many.

    At least 0 and at most `period`; 0 in a window without volume.
    """
    traded = total(state, bar.volume, period)
    return bar.volume * period / traded if traded != 0.0 else 0.0
