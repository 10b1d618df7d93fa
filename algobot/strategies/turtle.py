"""Trade the cross of two averages: long when the fast one rises above the slow one, flat or short when it falls below.

Only the cross itself trades. Started in the midst of a trend it waits for the next one, and so it does after a stop or
a person has ended a position; only an exit that did not come about is asked for again. Equal averages have not
crossed. Without shorts a fall below means flat.
"""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ATR, atr
from algobot.kernel.indicators.windows import SMA, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, bracket, target
from algobot.kernel.records import Rec, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    fast: Annotated[int, Between(1, 500)] = 20  # bars
    slow: Annotated[int, Between(2, 500)] = 50  # bars
    stop_atr: Annotated[float, Between(0, 100)] = 0.0  # ATR from the entry price; 0 is no stop
    atr_period: Annotated[int, Between(1, 500)] = 20  # bars


STATE = record(fast=SMA, slow=SMA, atr=ATR, side=int64)

WARMING, ROSE, FELL, ABOVE, BELOW = range(1, 6)
REASONS = {
    WARMING: "averages are not complete yet",
    ROSE: "fast SMA {fast:.6g} crossed above slow SMA {slow:.6g}",
    FELL: "fast SMA {fast:.6g} crossed below slow SMA {slow:.6g}",
    ABOVE: "no cross: fast SMA {fast:.6g} stays above slow SMA {slow:.6g}",
    BELOW: "no cross: fast SMA {fast:.6g} stays below slow SMA {slow:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.fast, params.slow, params.atr_period + 1)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    return "" if params.fast < params.slow else f"fast {params.fast} is not below slow {params.slow}"


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """Trade on the bar that closes with the averages crossed."""
    fast = sma(state.fast, bar.close, params.fast)
    slow = sma(state.slow, bar.close, params.slow)
    reach = atr(state.atr, bar, params.atr_period)
    before = state.side
    if fast != slow and not (math.isnan(fast) or math.isnan(slow)):
        state.side = 1 if fast > slow else -1

    if math.isnan(fast) or math.isnan(slow) or math.isnan(reach):
        because(orders, WARMING)
    elif (before != 0 and state.side != before) or position.side * state.side < 0:
        bracket(orders, params.stop_atr * reach, 0.0)
        target(orders, state.side)
        because(orders, ROSE if state.side > 0 else FELL, fast, slow)
    else:
        because(orders, ABOVE if state.side > 0 else BELOW, fast, slow)
