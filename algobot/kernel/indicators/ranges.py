# mypy: disable-error-code="no-any-return"
"""Wilder's indicators: how far a market moves, and how one-sided. All as TA-Lib computes them."""

from __future__ import annotations

import math

from algobot.kernel.indicators.averages import WILDER, wilder
from algobot.kernel.jit import inlined
from algobot.kernel.records import Rec, float64, int64, record

RSI = record(gain=WILDER, loss=WILDER, last=float64, count=int64)
ATR = record(average=WILDER, last=float64, count=int64)
ADX = record(
    high=float64,  # of the bar before
    low=float64,
    close=float64,
    count=int64,
    rises=float64,  # smoothed sums
    falls=float64,
    ranges=float64,
    plus_di=float64,
    minus_di=float64,
    index=WILDER,
)


@inlined
def rsi(state: Rec, value: float, period: int) -> float:
    """Relative strength index, 0 to 100, from the `period + 1`-th value on; nan before.

    0 while nothing has moved at all, as in TA-Lib `RSI`; the tests compare.
    """
    state.count += 1
    change = value - state.last
    state.last = value
    if state.count == 1:
        return math.nan
    gain = wilder(state.gain, max(change, 0.0), period)
    loss = wilder(state.loss, max(-change, 0.0), period)
    if math.isnan(gain):
        return math.nan
    if gain + loss == 0.0:
        return 0.0
    return 100.0 * (gain / (gain + loss))


@inlined
def true_range(bar: Rec, last_close: float) -> float:
    """The bar's range, the way from the last close included; at least 0.

    The largest of H - L, |H - C'| and |L - C'|. Source: Wilder (1978), TA-Lib `TRANGE`; the tests compare.
    """
    top = last_close if last_close > bar.high else bar.high
    bottom = last_close if last_close < bar.low else bar.low
    return top - bottom


@inlined
def atr(state: Rec, bar: Rec, period: int) -> float:
    """Average true range from the `period + 1`-th bar on; nan before (the first bar has no last close).

    Source: TA-Lib `ATR`; the tests compare.
    """
    state.count += 1
    last = state.last
    state.last = bar.close
    if state.count == 1:
        return math.nan
    return wilder(state.average, true_range(bar, last), period)


@inlined
def natr(state: Rec, bar: Rec, period: int) -> float:
    """Average true range in percent of the close, from the `period + 1`-th bar on; nan before. State: `ATR`.

    Source: TA-Lib `NATR`; the tests compare.
    """
    return atr(state, bar, period) * 100.0 / bar.close


@inlined
def adx(state: Rec, bar: Rec, period: int) -> float:
    """Average directional index, 0 to 100, from bar `2 * period` on; nan before.

    +DI and -DI are left in `state.plus_di` and `state.minus_di`, defined from bar `period + 1` on. The sums start with
    `period - 1` bars and fade by 1 / period from then on, and the index rests while there is no movement.
    Source: TA-Lib `ADX`, `PLUS_DI`, `MINUS_DI` for periods of 2 and more; the tests compare.
    """
    state.count += 1
    moves = state.count - 1  # bars with one before them
    if moves > 0:
        rise = bar.high - state.high
        fall = state.low - bar.low
        fade = 1.0 / period if moves >= period else 0.0
        state.rises += (rise if rise > 0.0 and rise > fall else 0.0) - state.rises * fade
        state.falls += (fall if fall > 0.0 and fall > rise else 0.0) - state.falls * fade
        state.ranges += true_range(bar, state.close) - state.ranges * fade
    state.high = bar.high
    state.low = bar.low
    state.close = bar.close
    if moves < period:
        return math.nan
    if state.ranges > 0.0:
        state.plus_di = 100.0 * (state.rises / state.ranges)
        state.minus_di = 100.0 * (state.falls / state.ranges)
        both = state.plus_di + state.minus_di
        if both > 0.0:
            return wilder(state.index, 100.0 * (abs(state.plus_di - state.minus_di) / both), period)
    if state.index.count < period:
        return wilder(state.index, 0.0, period)
    return state.index.value
