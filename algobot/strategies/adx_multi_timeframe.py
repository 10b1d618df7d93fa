"""Let the daily ADX say whether there is a trend and which way, and the hourly averages when to join it.

Two timeframes are built from the bars, whatever theirs is, and each is seen only once it has closed:

- **Direction**, on bars of `trend_hours`: a trend begins when ADX is at least `adx_enter`, upwards when +DI is above
  -DI; it ends when ADX falls below `adx_leave` or the two change places.
- **Timing**, on bars of `entry_minutes`: aligned upwards is close above the fast average above the slow one. It enters
  when both agree, at the close of an entry bar. Downwards everything is mirrored.

Exits, the first that applies decides: 1. the stop, `stop_atr` ATR (of entry bars) from the entry price, at any time;
2. the trend has ended or turned; 3. the alignment is broken: the fast average is not beyond the slow one any more;
4. `max_hold_bars` entry bars have passed. After the stop, after 4. and after a person's hand it enters again only once
the alignment has been broken in between. On bars longer than a timeframe each bar counts as one of it.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ADX, ATR, adx, atr
from algobot.kernel.indicators.resample import RESAMPLE, resample
from algobot.kernel.indicators.windows import SMA, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    trend_hours: Annotated[int, Between(1, 168)] = 24  # hours, of a bar that decides the direction
    adx_period: Annotated[int, Between(2, 100)] = 14  # bars of trend_hours
    adx_enter: Annotated[float, Between(0, 100)] = 25.0  # a trend begins at this ADX
    adx_leave: Annotated[float, Between(0, 100)] = 20.0  # and ends below this one
    entry_minutes: Annotated[int, Between(1, 1440)] = 60  # minutes, of a bar that times the entry
    ma_fast: Annotated[int, Between(1, 500)] = 20  # bars of entry_minutes
    ma_slow: Annotated[int, Between(2, 500)] = 50  # bars of entry_minutes
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars of entry_minutes
    stop_atr: Annotated[float, Between(0, 100)] = 3.0  # ATR from the entry price; 0 is no stop
    max_hold_bars: Annotated[int, Between(1, 1_000_000)] = 240  # bars of entry_minutes


HOUR_NS = 3_600_000_000_000
MINUTE_NS = 60_000_000_000
STATE = record(
    high=RESAMPLE,  # the trend's timeframe
    cut=int64,  # the first higher bar began before the first bar here
    adx=ADX,
    strength=float64,  # 0 before the first higher bar
    trend=int64,  # which way, 0 is none
    low=RESAMPLE,  # the entry's timeframe
    fast=SMA,
    slow=SMA,
    atr=ATR,
    bars=int64,  # higher ones judged
    entries=int64,
    held=int64,  # entry bars the position has lasted
    used=int64,  # the alignment of this side has been traded and not broken since
)

WARMING, BETWEEN, UP, DOWN, TREND_ENDED, BROKEN, TOO_LONG, HOLDING, USED, NO_TREND, NOT_ALIGNED = range(1, 12)
REASONS = {
    WARMING: "indicators are not complete yet",
    BETWEEN: "between two entry bars: decides at the next one's close",
    UP: "long: ADX {adx:.1f}, +DI {plus:.1f} above -DI {minus:.1f}; fast SMA {fast:.6g} above slow {slow:.6g}",
    DOWN: "short: ADX {adx:.1f}, -DI {minus:.1f} above +DI {plus:.1f}; fast SMA {fast:.6g} below slow {slow:.6g}",
    TREND_ENDED: "exit: the higher trend has ended: ADX {adx:.1f}, +DI {plus:.1f}, -DI {minus:.1f}",
    BROKEN: "exit: alignment is broken: fast SMA {fast:.6g}, slow {slow:.6g}",
    TOO_LONG: "exit: held for {bars:.0f} entry bars",
    HOLDING: "holding: ADX {adx:.1f}, fast SMA {fast:.6g}, slow {slow:.6g}, entry bar {bars:.0f}, stop {stop:.6g}",
    USED: "this alignment was traded; waits until it breaks: fast SMA {fast:.6g}, slow {slow:.6g}",
    NO_TREND: "no higher trend: ADX {adx:.1f}, begins at {enter:g}; +DI {plus:.1f}, -DI {minus:.1f}",
    NOT_ALIGNED: "trend without alignment: close {close:.6g}, fast SMA {fast:.6g}, slow {slow:.6g}; ADX {adx:.1f}",
}


def warmup(params: Params) -> int:
    """Return the bars of `entry_minutes` until it decides much as one that started long before.

    A first higher bar may be cut at its beginning, so it is not counted; ADX forgets slowly.
    """
    per_trend_bar = -(-params.trend_hours * 60 // params.entry_minutes)
    higher = (3 * params.adx_period + 1) * per_trend_bar
    return max(higher, params.ma_slow + 1, params.atr_period + 2)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.ma_fast >= params.ma_slow:
        return f"ma_fast {params.ma_fast} is not below ma_slow {params.ma_slow}"
    if params.adx_leave > params.adx_enter:
        return f"adx_leave {params.adx_leave:g} is above adx_enter {params.adx_enter:g}"
    if params.entry_minutes > params.trend_hours * 60:
        return f"entry_minutes {params.entry_minutes} is longer than trend_hours {params.trend_hours}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Look at what has closed; decide when an entry bar has."""
    if position.entries != state.entries:
        state.entries = position.entries
        state.held = 0
        state.used = 1
    span_ns = params.trend_hours * HOUR_NS
    if state.high.done.close_ns == 0 and state.high.started == 0 and bar.open_ns % span_ns != 0:
        state.cut = 1
    if resample(state.high, bar, span_ns):
        _judge_trend(state, params)
    if not resample(state.low, bar, params.entry_minutes * MINUTE_NS):
        because(orders, BETWEEN)
        return
    done = state.low.done
    fast = sma(state.fast, done.close, params.ma_fast)
    slow = sma(state.slow, done.close, params.ma_slow)
    reach = atr(state.atr, done, params.atr_period)
    bracket(orders, params.stop_atr * reach, 0.0)
    if math.isnan(slow) or math.isnan(reach) or state.bars < 2 * params.adx_period:
        because(orders, WARMING)
    elif position.side != 0:
        _hold(state, position, params, orders, fast, slow)
    else:
        _enter(state, done.close, params, orders, fast, slow)


@kernel
def _judge_trend(state: Rec, params: Rec) -> None:
    """Take the higher bar that has closed into account, unless it is one cut at its beginning."""
    if state.cut == 1:
        state.cut = 0
        return
    state.bars += 1
    strength = adx(state.adx, state.high.done, params.adx_period)
    state.strength = strength
    way = 1 if state.adx.plus_di > state.adx.minus_di else -1
    if math.isnan(strength) or strength < params.adx_leave or (state.trend != 0 and way != state.trend):
        state.trend = 0
    if strength >= params.adx_enter:
        state.trend = way


@kernel
def _hold(state: Rec, position: Rec, params: Rec, orders: Rec, fast: float, slow: float) -> None:
    """Leave by the first rule that applies; the stop is the engine's and comes before all of them."""
    state.held += 1
    side = position.side
    if state.trend != side:
        state.used = 0
        target(orders, 0.0)
        because(orders, TREND_ENDED, state.strength, state.adx.plus_di, state.adx.minus_di)
    elif (fast - slow) * side <= 0.0:
        state.used = 0
        target(orders, 0.0)
        because(orders, BROKEN, fast, slow)
    elif state.held >= params.max_hold_bars:
        target(orders, 0.0)
        because(orders, TOO_LONG, state.held)
    else:
        because(orders, HOLDING, state.strength, fast, slow, state.held, position.stop)


@kernel
def _enter(state: Rec, close: float, params: Rec, orders: Rec, fast: float, slow: float) -> None:
    side = state.trend
    plus = state.adx.plus_di
    minus = state.adx.minus_di
    if (fast - slow) * side <= 0.0:
        state.used = 0
    if side == 0:
        because(orders, NO_TREND, state.strength, params.adx_enter, plus, minus)
    elif (fast - slow) * side <= 0.0 or (close - fast) * side <= 0.0:
        because(orders, NOT_ALIGNED, close, fast, slow, state.strength)
    elif state.used == 1:
        because(orders, USED, fast, slow)
    elif side > 0:
        target(orders, 1.0)
        because(orders, UP, state.strength, plus, minus, fast, slow)
    else:
        target(orders, -1.0)
        because(orders, DOWN, state.strength, minus, plus, fast, slow)
