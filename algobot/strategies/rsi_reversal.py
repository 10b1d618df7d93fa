"""Buy when a sold-out market turns up and sell when an overbought one turns down, by RSI; leave by stop or time.

The turn is what trades: RSI closes above `oversold` after a bar at or below it (long), or below `overbought` after a
bar at or above it (short, or flat where shorts are not allowed). The first rule that applies decides: a turn
against the position (or any turn while flat), the time stop, nothing. A turn that points where the position already
does is ignored. The stop lies `stop_atr` ATR from the entry price.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ATR, RSI, atr, rsi
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between
from algobot.strategies.held import HELD, held


class Params(NamedTuple):
    """What can be tuned."""

    rsi_period: Annotated[int, Between(1, 500)] = 14  # bars
    oversold: Annotated[float, Between(0, 100)] = 30.0  # RSI
    overbought: Annotated[float, Between(0, 100)] = 70.0  # RSI
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    stop_atr: Annotated[float, Between(0, 100)] = 2.0  # ATR from the entry price; 0 is no stop
    max_hold_bars: Annotated[int, Between(1, 1_000_000)] = 48  # bars in a position at the most


STATE = record(rsi=RSI, atr=ATR, before=float64, bars=int64, held=HELD)

WARMING, TURNED_UP, TURNED_DOWN, TOO_LONG, HOLDING, WAITING = range(1, 7)
REASONS = {
    WARMING: "indicators are not complete yet",
    TURNED_UP: "RSI {rsi:.1f} back above {level:g}, was {before:.1f}",
    TURNED_DOWN: "RSI {rsi:.1f} back below {level:g}, was {before:.1f}",
    TOO_LONG: "held for {bars:.0f} bars, RSI {rsi:.1f}",
    HOLDING: "holding: RSI {rsi:.1f}, bar {bars:.0f} of at most {most:.0f}, stop {stop:.6g}",
    WAITING: "no turn: RSI {rsi:.1f}, was {before:.1f}; turns at {oversold:g} and {overbought:g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides much as one that started long before: averages forget slowly."""
    return max(4 * params.rsi_period, params.atr_period + 1) + 1


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.oversold >= params.overbought:
        return f"oversold {params.oversold:g} is not below overbought {params.overbought:g}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Trade turns of RSI."""
    before = state.before
    strength = rsi(state.rsi, bar.close, params.rsi_period)
    reach = atr(state.atr, bar, params.atr_period)
    state.before = strength
    state.bars += 1
    bars = held(state.held, position)
    bracket(orders, params.stop_atr * reach, 0.0)

    if state.bars < max(params.rsi_period + 2, params.atr_period + 1):
        because(orders, WARMING)
    elif before <= params.oversold < strength and position.side <= 0:
        target(orders, 1.0)
        because(orders, TURNED_UP, strength, params.oversold, before)
    elif before >= params.overbought > strength and position.side >= 0:
        target(orders, -1.0)
        because(orders, TURNED_DOWN, strength, params.overbought, before)
    elif bars >= params.max_hold_bars:
        target(orders, 0.0)
        because(orders, TOO_LONG, bars, strength)
    elif position.side != 0:
        because(orders, HOLDING, strength, bars, params.max_hold_bars, position.stop)
    else:
        because(orders, WAITING, strength, before, params.oversold, params.overbought)
