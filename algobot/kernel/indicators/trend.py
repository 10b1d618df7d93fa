# mypy: disable-error-code="no-any-return"
"""Lines that follow a trend and say when it turns."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from algobot.kernel.indicators.averages import EMA, ema
from algobot.kernel.indicators.ranges import ATR, atr
from algobot.kernel.indicators.windows import LONGEST, channel, extremes, lag, window
from algobot.kernel.jit import inlined, kernel
from algobot.kernel.records import Rec, float64, int64, record

SUPERTREND = record(atr=ATR, upper=float64, lower=float64, close=float64, side=int64)
SAR = record(
    stop=float64,  # the value for the next bar, as far as it can be known
    best=float64,  # the extreme since the turn
    pace=float64,
    high=float64,  # of the bar before
    low=float64,
    side=int64,  # 1 rising, -1 falling
    count=int64,
)
KELTNER = record(middle=EMA, atr=ATR)


def ichimoku_of(capacity: int) -> np.dtype[Any]:
    """Return the layout of `ichimoku` for periods and a displacement of at most `capacity` bars."""
    return record(
        conversion=channel(capacity),
        baseline=channel(capacity),
        wide=channel(capacity),
        first=window(capacity),
        second=window(capacity),
        closes=window(capacity),
        ahead_first=float64,
        ahead_second=float64,
        past_close=float64,
    )


ICHIMOKU = ichimoku_of(LONGEST)


@inlined
def supertrend(state: Rec, bar: Rec, period: int, width: float) -> tuple[float, int]:
    """The line and its side, 1 below a rising market and -1 above a falling one, from bar `period + 1` on.

    (nan, 0) before. Bands: (H + L) / 2 ± `width` · ATR; the upper one only falls and the lower one only rises, until
    the close before is beyond it. A close beyond the band in force turns the side; it begins at -1.
    Source: Seban; TradingView `ta.supertrend`, with TA-Lib's ATR.
    """
    reach = width * atr(state.atr, bar, period)
    close = state.close
    state.close = bar.close
    if math.isnan(reach):
        return math.nan, 0
    middle = 0.5 * (bar.high + bar.low)
    upper = middle + reach
    lower = middle - reach
    if state.side == 0:
        state.side = -1
    else:
        upper = upper if upper < state.upper or close > state.upper else state.upper
        lower = lower if lower > state.lower or close < state.lower else state.lower
    state.upper = upper
    state.lower = lower
    if state.side < 0:
        state.side = 1 if bar.close > upper else -1
    else:
        state.side = -1 if bar.close < lower else 1
    return (lower if state.side > 0 else upper), state.side


@inlined
def parabolic_sar(state: Rec, bar: Rec, step: float, most: float) -> float:
    """Parabolic stop and reverse from bar 2 on; nan before. `state.side` says which way, `state.stop` is the next one.

    The stop goes towards the extreme since the turn by a share of the way that begins at `step`, grows by it with each
    new extreme and ends at `most`; it never enters the last two bars. A bar that touches it turns it, and the
    value is then that extreme. Usually 0.02 and 0.2. Source: Wilder (1978), TA-Lib `SAR`; the tests compare.
    """
    state.count += 1
    high = state.high
    low = state.low
    state.high = bar.high
    state.low = bar.low
    if state.count == 1:
        return math.nan
    if state.count == 2:
        fall = low - bar.low
        state.side = -1 if fall > 0.0 and fall > bar.high - high else 1
        state.best = bar.high if state.side > 0 else bar.low
        state.stop = low if state.side > 0 else high
        state.pace = min(step, most)
        high = bar.high
        low = bar.low
    if state.side > 0:
        return _rising(state, bar, high, low, step, most)
    return _falling(state, bar, high, low, step, most)


@inlined
def _rising(state: Rec, bar: Rec, high: float, low: float, step: float, most: float) -> float:
    stop = state.stop
    if bar.low <= stop:
        state.side = -1
        stop = max(state.best, high, bar.high)
        state.pace = min(step, most)
        state.best = bar.low
        state.stop = max(stop + state.pace * (state.best - stop), high, bar.high)
        return stop
    if bar.high > state.best:
        state.best = bar.high
        state.pace = min(state.pace + step, most)
    state.stop = min(stop + state.pace * (state.best - stop), low, bar.low)
    return stop


@inlined
def _falling(state: Rec, bar: Rec, high: float, low: float, step: float, most: float) -> float:
    stop = state.stop
    if bar.high >= stop:
        state.side = 1
        stop = min(state.best, low, bar.low)
        state.pace = min(step, most)
        state.best = bar.high
        state.stop = min(stop + state.pace * (state.best - stop), low, bar.low)
        return stop
    if bar.low < state.best:
        state.best = bar.low
        state.pace = min(state.pace + step, most)
    state.stop = max(stop + state.pace * (state.best - stop), high, bar.high)
    return stop


@inlined
def keltner(state: Rec, bar: Rec, period: int, atr_period: int, width: float) -> tuple[float, float, float]:
    """Lower, middle and upper line from bar max(`period`, `atr_period + 1`) on; nan before.

    EMA(period) of the close, and `width` average true ranges to both sides.
    Source: Keltner (1960) as changed by Raschke; StockCharts "Keltner Channels".
    """
    middle = ema(state.middle, bar.close, period)
    reach = width * atr(state.atr, bar, atr_period)
    if math.isnan(reach) or state.middle.count < period:
        return math.nan, math.nan, math.nan
    return middle - reach, middle, middle + reach


@kernel
def ichimoku(
    state: Rec, bar: Rec, conversion: int, base: int, wide: int, displacement: int
) -> tuple[float, float, float, float]:
    """Conversion line, base line, and the two edges of the cloud this bar stands in; each nan until it is known.

    A line is the middle between the extremes of its number of bars, from that bar on. The edges are (conversion +
    base) / 2 and the line of `wide`, both of `displacement` bars *ago*: a chart draws today's edges that far ahead,
    so the cloud at this bar was worked out then, and nothing here knows the future. They are defined from bar
    max(conversion, base) + displacement and wide + displacement on. Today's edges, the cloud ahead, are in
    `state.ahead_first` and `state.ahead_second`. The lagging line is drawn back: compare the close with
    `state.past_close`, the close of `displacement` bars ago. Usually 9, 26, 52, 26 (a chart that counts the present
    bar draws 25 ahead). Source: Hosoda (1969).
    """
    top, bottom = extremes(state.conversion, bar.high, bar.low, conversion)
    quick = 0.5 * (top + bottom)
    top, bottom = extremes(state.baseline, bar.high, bar.low, base)
    slow = 0.5 * (top + bottom)
    top, bottom = extremes(state.wide, bar.high, bar.low, wide)
    state.ahead_first = 0.5 * (quick + slow)
    state.ahead_second = 0.5 * (top + bottom)
    state.past_close = lag(state.closes, bar.close, displacement)
    first = lag(state.first, state.ahead_first, displacement)
    second = lag(state.second, state.ahead_second, displacement)
    return quick, slow, first, second
