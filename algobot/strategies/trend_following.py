"""Follow a trend that ADX confirms, long and short; stand aside when the market is wild."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ADX, ATR, adx, atr
from algobot.kernel.indicators.windows import SMA, sma, window
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, target
from algobot.kernel.records import Rec, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    ma_fast: Annotated[int, Between(1, 500)] = 20  # bars
    ma_slow: Annotated[int, Between(2, 500)] = 50  # bars
    adx_period: Annotated[int, Between(2, 500)] = 14  # bars
    adx_threshold: Annotated[float, Between(0, 100)] = 25.0
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    atr_critical_multiplier: Annotated[float, Between(0.1, 1000)] = 3.0  # of the mean of the last 20 ATR values
    max_hold_bars: Annotated[int, Between(1, 1_000_000)] = 200


ATR_VALUES = 20
STATE = record(fast=SMA, slow=SMA, adx=ADX, atr=ATR, atr_mean=window(ATR_VALUES), bars_held=int64)

WARMING, WILD, WEAK, TOO_LONG, RISING, FALLING, CROSSED, HOLDING, WAITING = range(1, 10)
REASONS = {
    WARMING: "indicators are not complete yet",
    WILD: "ATR {atr:.6g} above {multiplier:g} times its mean {mean:.6g}",
    WEAK: "ADX {adx:.1f} below {threshold:g}",
    TOO_LONG: "held for {bars:.0f} bars",
    RISING: "fast SMA {fast:.6g} above slow {slow:.6g}, close {close:.6g} above both, ADX {adx:.1f}",
    FALLING: "fast SMA {fast:.6g} below slow {slow:.6g}, close {close:.6g} below both, ADX {adx:.1f}",
    CROSSED: "fast SMA {fast:.6g} crossed slow {slow:.6g}",
    HOLDING: "trend goes on: fast SMA {fast:.6g}, slow {slow:.6g}, ADX {adx:.1f}, bar {bars:.0f}",
    WAITING: "no entry: fast SMA {fast:.6g}, slow {slow:.6g}, close {close:.6g} not beyond both",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.ma_fast, params.ma_slow, 2 * params.adx_period, params.atr_period + ATR_VALUES)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.ma_fast >= params.ma_slow:
        return f"ma_fast {params.ma_fast} is not below ma_slow {params.ma_slow}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar; the first rule that applies decides."""
    close = bar.close
    fast = sma(state.fast, close, params.ma_fast)
    slow = sma(state.slow, close, params.ma_slow)
    strength = adx(state.adx, bar, params.adx_period)
    reach = atr(state.atr, bar, params.atr_period)
    usual = math.nan
    if not math.isnan(reach):
        usual = sma(state.atr_mean, reach, ATR_VALUES)

    if position.side == 0:
        state.bars_held = 0
    if math.isnan(fast) or math.isnan(slow) or math.isnan(strength) or math.isnan(usual):
        _out(state, orders, WARMING, 0.0, 0.0, 0.0)
    elif reach > params.atr_critical_multiplier * usual:
        _out(state, orders, WILD, reach, params.atr_critical_multiplier, usual)
    elif strength < params.adx_threshold:
        _out(state, orders, WEAK, strength, params.adx_threshold, 0.0)
    elif position.side != 0:
        _hold(state, position, params, orders, fast, slow, strength)
    elif fast > slow and close > fast and close > slow:
        target(orders, 1.0)
        because(orders, RISING, fast, slow, close, strength)
    elif fast < slow and close < fast and close < slow:
        target(orders, -1.0)
        because(orders, FALLING, fast, slow, close, strength)
    else:
        because(orders, WAITING, fast, slow, close)


@kernel
def _hold(state: Rec, position: Rec, params: Rec, orders: Rec, fast: float, slow: float, strength: float) -> None:
    state.bars_held += 1
    if state.bars_held >= params.max_hold_bars:
        _out(state, orders, TOO_LONG, state.bars_held, 0.0, 0.0)
    elif (fast - slow) * position.side < 0.0:
        _out(state, orders, CROSSED, fast, slow, 0.0)
    else:
        because(orders, HOLDING, fast, slow, strength, state.bars_held)


@kernel
def _out(state: Rec, orders: Rec, reason: int, a: float, b: float, c: float) -> None:
    state.bars_held = 0
    target(orders, 0.0)
    because(orders, reason, a, b, c)
