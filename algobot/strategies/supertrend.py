"""Follow the SuperTrend line: long when it turns to rising, flat or short when to falling; the stop is on the line.

Only a turn of the line enters; started in the midst of a trend, stopped out, or closed by a person, it waits for the
next turn. The stop lies on the line and only ever moves towards the price; it may go before a turn does, because it is
touched within a bar while the line turns by closes.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.trend import SUPERTREND
from algobot.kernel.indicators.trend import supertrend as follow
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, protect, ratchet, target
from algobot.kernel.records import Rec, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    atr_period: Annotated[int, Between(1, 500)] = 10  # bars
    width: Annotated[float, Between(0.1, 100)] = 3.0  # ATR from the middle of the bar to the line
    stop_on_line: bool = True  # stopped at the line within a bar, not only turned by a close


STATE = record(line=SUPERTREND, side=int64)

WARMING, ROSE, FELL, HOLDING, RISING, FALLING = range(1, 7)
REASONS = {
    WARMING: "the line is not complete yet",
    ROSE: "line turned to rising: close {close:.6g}, line now below at {line:.6g}",
    FELL: "line turned to falling: close {close:.6g}, line now above at {line:.6g}",
    HOLDING: "following the line: close {close:.6g}, line {line:.6g}",
    RISING: "waits for a turn: line is rising at {line:.6g}, close {close:.6g}",
    FALLING: "waits for a turn: line is falling at {line:.6g}, close {close:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides much as one that started long before: averages forget slowly."""
    return 5 * params.atr_period + 1


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Trade turns of the line, and keep the stop on it."""
    before = state.side
    line, side = follow(state.line, bar, params.atr_period, params.width)
    state.side = side
    if math.isnan(line):
        because(orders, WARMING)
    elif (before != 0 and side != before) or position.side * side < 0:
        target(orders, side)
        if params.stop_on_line:
            protect(orders, max(line, 0.0), 0.0, 0.0)  # a wide line may lie below nothing
        because(orders, ROSE if side > 0 else FELL, bar.close, line)
    elif position.side != 0:
        if params.stop_on_line:
            ratchet(orders, line)
        because(orders, HOLDING, bar.close, line)
    else:
        because(orders, RISING if side > 0 else FALLING, line, bar.close)
