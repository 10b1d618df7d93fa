"""Buy what fell too far and sell what rose too far, unless the trend is against it."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import RSI, rsi
from algobot.kernel.indicators.windows import BOLLINGER, SMA, bollinger, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, target
from algobot.kernel.records import Rec, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    rsi_period: Annotated[int, Between(1, 500)] = 14  # bars
    oversold: Annotated[float, Between(0, 100)] = 30.0
    overbought: Annotated[float, Between(0, 100)] = 70.0
    bb_period: Annotated[int, Between(2, 500)] = 20  # bars
    bb_std: Annotated[float, Between(0.01, 100)] = 2.0  # population deviations
    trend_filter_ma: Annotated[int, Between(1, 500)] = 50  # bars
    trend_filter_threshold: Annotated[float, Between(0, 10)] = 0.02  # a fraction of that average
    max_hold_bars: Annotated[int, Between(1, 1_000_000)] = 50
    cooldown_bars: Annotated[int, Between(0, 1_000_000)] = 10


STATE = record(rsi=RSI, bands=BOLLINGER, trend=SMA, bars_held=int64, cooling=int64)

WARMING, TOO_LONG, REVERTED, LOW, HIGH, HOLDING, COOLING, WAITING = range(1, 9)
REASONS = {
    WARMING: "indicators are not complete yet",
    TOO_LONG: "held for {bars:.0f} bars",
    REVERTED: "back at the mean: close {close:.6g}, middle band {middle:.6g}, RSI {rsi:.1f}",
    LOW: "RSI {rsi:.1f} oversold, close {close:.6g} below the band {band:.6g}, {deviation:+.2%} from the trend",
    HIGH: "RSI {rsi:.1f} overbought, close {close:.6g} above the band {band:.6g}, {deviation:+.2%} from the trend",
    HOLDING: "not back yet: close {close:.6g}, middle band {middle:.6g}, RSI {rsi:.1f}, bar {bars:.0f}",
    COOLING: "cooling down for {bars:.0f} more bars",
    WAITING: "no entry: RSI {rsi:.1f}, close {close:.6g}, band {lower:.6g} to {upper:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.rsi_period + 1, params.bb_period, params.trend_filter_ma)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.oversold >= params.overbought:
        return f"oversold {params.oversold:g} is not below overbought {params.overbought:g}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar; the first rule that applies decides."""
    close = bar.close
    strength = rsi(state.rsi, close, params.rsi_period)
    lower, middle, upper = bollinger(state.bands, close, params.bb_period, params.bb_std)
    trend = sma(state.trend, close, params.trend_filter_ma)
    if math.isnan(strength) or math.isnan(middle) or math.isnan(trend):
        _out(state, params, orders, WARMING, 0.0, 0.0, 0.0)
        state.cooling = 0
        return
    if position.side != 0:
        _hold(state, close, position, params, orders, strength, middle)
        return
    if state.bars_held > 0:  # closed by somebody else: a stop, a person
        state.bars_held = 0
        state.cooling = params.cooldown_bars
    state.cooling = max(state.cooling - 1, 0)
    deviation = close / trend - 1.0
    if state.cooling > 0:
        because(orders, COOLING, state.cooling)
    elif strength < params.oversold and close < lower and deviation >= -params.trend_filter_threshold:
        target(orders, 1.0)
        because(orders, LOW, strength, close, lower, deviation)
    elif strength > params.overbought and close > upper and deviation <= params.trend_filter_threshold:
        target(orders, -1.0)
        because(orders, HIGH, strength, close, upper, deviation)
    else:
        because(orders, WAITING, strength, close, lower, upper)


@kernel
def _hold(state: Rec, close: float, position: Rec, params: Rec, orders: Rec, strength: float, middle: float) -> None:
    state.bars_held += 1
    side = position.side
    if state.bars_held >= params.max_hold_bars:
        _out(state, params, orders, TOO_LONG, state.bars_held, 0.0, 0.0)
    elif (close - middle) * side >= 0.0 or (strength - 50.0) * side >= 0.0:
        _out(state, params, orders, REVERTED, close, middle, strength)
    else:
        because(orders, HOLDING, close, middle, strength, state.bars_held)


@kernel
def _out(state: Rec, params: Rec, orders: Rec, reason: int, a: float, b: float, c: float) -> None:
    state.bars_held = 0
    state.cooling = params.cooldown_bars
    target(orders, 0.0)
    because(orders, reason, a, b, c)
