"""Buy a close beyond the range of the last bars; ride it with a wide target and a stop that follows."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.seeds import SEED_ATR, seed_atr
from algobot.kernel.indicators.windows import DONCHIAN, donchian
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, ratchet, target
from algobot.kernel.records import Rec, float64, record
from algobot.kernel.strategy import Between
from algobot.strategies.pauses import PAUSE, cools


class Params(NamedTuple):
    """What can be tuned."""

    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    range_bars: Annotated[int, Between(1, 500)] = 10  # bars, the present one not counted
    stop_atr: Annotated[float, Between(0.01, 100)] = 1.5  # ATR from the entry price
    target_atr: Annotated[float, Between(0.01, 100)] = 3.0  # ATR from the entry price
    min_range_pct: Annotated[float, Between(0, 100)] = 0.5  # ATR the range must reach; 0 is any range
    cooldown: Annotated[int, Between(0, 1_000_000)] = 3  # bars after a closed position
    body_ratio: Annotated[float, Between(0, 1)] = 0.6  # of a bar's range its body must fill; 0 is any bar
    enable_reversals: bool = False  # also buy a bar that turns at the bottom of the range
    allow_shorts: bool = False  # mirrored entries


EDGE = 0.1  # of the range: how near to its end a reversal must begin
GUESSED_ATR = 0.02  # of the close, before there is one
STATE = record(range=DONCHIAN, top=float64, bottom=float64, atr=SEED_ATR, close=float64, memory=PAUSE)

WARMING, HOLDING, FOLLOWING, COOLING, NARROW, UP, DOWN, TURNED_UP, TURNED_DOWN, INSIDE = range(1, 11)
REASONS = {
    WARMING: "range and ATR are not complete yet",
    HOLDING: "in a position: close {close:.6g}, entry {entry:.6g}",
    FOLLOWING: "in a position: close {close:.6g}, entry {entry:.6g}, stop follows at {level:.6g}",
    COOLING: "cooling down for {bars:.0f} more bars",
    NARROW: "range of {range:.6g} is less than {least:.6g}",
    UP: "close {close:.6g} crossed the top of the range {top:.6g}, body {body:.0%} of the bar",
    DOWN: "close {close:.6g} crossed the bottom of the range {bottom:.6g}, body {body:.0%} of the bar",
    TURNED_UP: "low {low:.6g} turned at the bottom of the range {bottom:.6g}, body {body:.0%} of the bar",
    TURNED_DOWN: "high {high:.6g} turned at the top of the range {top:.6g}, body {body:.0%} of the bar",
    INSIDE: "no entry: close {close:.6g}, range {bottom:.6g} to {top:.6g}, body {body:.0%} of the bar",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return params.range_bars + params.atr_period + 5


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar."""
    top = state.top  # of the bars before this one
    bottom = state.bottom
    before = state.close
    state.top, state.bottom = donchian(state.range, bar, params.range_bars)
    reach = seed_atr(state.atr, bar, params.atr_period)
    state.close = bar.close
    if math.isnan(reach):
        reach = GUESSED_ATR * bar.close
    bracket(orders, params.stop_atr * reach, params.target_atr * reach)
    cooling = cools(state.memory, position, params.cooldown)

    if state.atr.count < params.range_bars + params.atr_period + 5:
        because(orders, WARMING)
    elif position.side != 0:
        _hold(bar.close, position, orders, reach)
    elif cooling > 0:
        because(orders, COOLING, cooling)
    elif params.min_range_pct > 0.0 and top - bottom < params.min_range_pct * reach:
        because(orders, NARROW, top - bottom, params.min_range_pct * reach)
    else:
        _enter(bar, before, top, bottom, params, orders)


@kernel
def _hold(close: float, position: Rec, orders: Rec, reach: float) -> None:
    """Once an ATR is won, follow at an ATR and never lose again."""
    side = position.side
    entry = position.average
    if (close - (entry + side * reach)) * side >= 0.0:
        level = max(close - reach, entry) if side > 0 else min(close + reach, entry)
        ratchet(orders, level)
        because(orders, FOLLOWING, close, entry, level)
    else:
        because(orders, HOLDING, close, entry)


@kernel
def _enter(bar: Rec, before: float, top: float, bottom: float, params: Rec, orders: Rec) -> None:
    body = (bar.close - bar.open) / (bar.high - bar.low) if bar.high > bar.low else 0.0
    rises = params.body_ratio <= 0.0 or (body > 0.0 and body >= params.body_ratio)
    falls = params.body_ratio <= 0.0 or (body < 0.0 and -body >= params.body_ratio)
    edge = EDGE * (top - bottom)
    if bar.close > top and before <= top and rises:
        target(orders, 1.0)
        because(orders, UP, bar.close, top, body)
    elif params.allow_shorts and bar.close < bottom and before >= bottom and falls:
        target(orders, -1.0)
        because(orders, DOWN, bar.close, bottom, body)
    elif params.enable_reversals and body > 0.0 and rises and bar.low <= bottom + edge and before > bottom:
        target(orders, 1.0)
        because(orders, TURNED_UP, bar.low, bottom, body)
    elif (
        params.enable_reversals
        and params.allow_shorts
        and body < 0.0
        and falls
        and bar.high >= top - edge
        and before < top
    ):
        target(orders, -1.0)
        because(orders, TURNED_DOWN, bar.high, top, body)
    else:
        because(orders, INSIDE, bar.close, bottom, top, body)
