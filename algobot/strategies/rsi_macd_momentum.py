"""Join momentum as MACD crosses its signal, if RSI agrees and is not at its end yet; leave when MACD crosses back.

The histogram (MACD less its signal) turning positive after a bar at or below 0 is long if RSI is above 50 and below
`overbought`; turning negative is short (flat where shorts are not allowed) if RSI is below 50 and above `oversold`. A
turn that RSI does not confirm on the same bar is let pass. A position ends on the first close with the histogram on the
other side, whatever RSI says, and turns round with it if RSI confirms that side; or by its stop or target, so many
ATR from the entry price.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.averages import MACD, macd
from algobot.kernel.indicators.ranges import ATR, RSI, atr, rsi
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, float64, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    macd_fast: Annotated[int, Between(1, 500)] = 12  # bars
    macd_slow: Annotated[int, Between(2, 500)] = 26  # bars
    macd_signal: Annotated[int, Between(1, 500)] = 9  # bars
    rsi_period: Annotated[int, Between(1, 500)] = 14  # bars
    oversold: Annotated[float, Between(0, 50)] = 30.0  # RSI
    overbought: Annotated[float, Between(50, 100)] = 70.0  # RSI
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars
    stop_atr: Annotated[float, Between(0, 100)] = 2.0  # ATR from the entry price; 0 is no stop
    target_atr: Annotated[float, Between(0, 100)] = 4.0  # ATR from the entry price; 0 is no target


STATE = record(macd=MACD, rsi=RSI, atr=ATR, before=float64, bars=int64)

WARMING, LONG, SHORT, BACK, HOLDING, UNCONFIRMED, WAITING = range(1, 8)
REASONS = {
    WARMING: "indicators are not complete yet",
    LONG: "MACD histogram turned up to {histogram:+.4g} from {before:+.4g}, RSI {rsi:.1f}",
    SHORT: "MACD histogram turned down to {histogram:+.4g} from {before:+.4g}, RSI {rsi:.1f}",
    BACK: "MACD histogram is against the position: {histogram:+.4g}, RSI {rsi:.1f}",
    HOLDING: "momentum goes on: histogram {histogram:+.4g}, RSI {rsi:.1f}, stop {stop:.6g}, target {target:.6g}",
    UNCONFIRMED: "MACD histogram turned to {histogram:+.4g} but RSI {rsi:.1f} does not confirm",
    WAITING: "no turn: MACD histogram {histogram:+.4g}, was {before:+.4g}, RSI {rsi:.1f}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides much as one that started long before: averages forget slowly."""
    return max(3 * params.macd_slow + params.macd_signal, 4 * params.rsi_period + 1, params.atr_period + 1)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    if params.macd_fast >= params.macd_slow:
        return f"macd_fast {params.macd_fast} is not below macd_slow {params.macd_slow}"
    return ""


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Trade turns of the histogram that RSI confirms."""
    before = state.before
    _, _, histogram = macd(state.macd, bar.close, params.macd_fast, params.macd_slow, params.macd_signal)
    strength = rsi(state.rsi, bar.close, params.rsi_period)
    reach = atr(state.atr, bar, params.atr_period)
    state.before = histogram
    state.bars += 1
    bracket(orders, params.stop_atr * reach, params.target_atr * reach)
    rises = before <= 0.0 < histogram
    falls = before >= 0.0 > histogram

    if state.bars < params.macd_slow + params.macd_signal or math.isnan(strength) or math.isnan(reach):
        because(orders, WARMING)
    elif rises and 50.0 < strength < params.overbought and position.side <= 0:
        target(orders, 1.0)
        because(orders, LONG, histogram, before, strength)
    elif falls and params.oversold < strength < 50.0 and position.side >= 0:
        target(orders, -1.0)
        because(orders, SHORT, histogram, before, strength)
    elif histogram * position.side < 0.0:
        target(orders, 0.0)
        because(orders, BACK, histogram, strength)
    elif position.side != 0:
        because(orders, HOLDING, histogram, strength, position.stop, position.target)
    elif rises or falls:
        because(orders, UNCONFIRMED, histogram, strength)
    else:
        because(orders, WAITING, histogram, before, strength)
