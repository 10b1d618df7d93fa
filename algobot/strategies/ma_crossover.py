"""Long while the fast average is above the slow one, flat otherwise; a stop and a target if you like."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.ranges import ATR, atr
from algobot.kernel.indicators.windows import SMA, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, protect, target
from algobot.kernel.records import Rec, int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    fast: Annotated[int, Between(1, 500)] = 20  # bars
    slow: Annotated[int, Between(2, 500)] = 50  # bars
    stop_atr: Annotated[float, Between(0, 100)] = 0.0  # ATR below the close of the entry's bar; 0 is no stop
    target_atr: Annotated[float, Between(0, 100)] = 0.0  # ATR above it; 0 is no target
    atr_period: Annotated[int, Between(1, 500)] = 14  # bars


STATE = record(fast=SMA, slow=SMA, atr=ATR, wants=int64, side=int64, entries=int64, stopped=int64)

WARMING, ABOVE, BELOW, STOPPED = 1, 2, 3, 4
REASONS = {
    WARMING: "averages are not complete yet",
    ABOVE: "fast SMA {fast:.6g} above slow SMA {slow:.6g}",
    BELOW: "fast SMA {fast:.6g} not above slow SMA {slow:.6g}",
    STOPPED: "stopped out; waits until fast SMA {fast:.6g} has been below slow SMA {slow:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return max(params.fast, params.slow, params.atr_period + 1)


def problem(params: Params) -> str:
    """Return why these cannot go together, or ""."""
    return "" if params.fast < params.slow else f"fast {params.fast} is not below slow {params.slow}"


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar."""
    fast = sma(state.fast, bar.close, params.fast)
    slow = sma(state.slow, bar.close, params.slow)
    reach = atr(state.atr, bar, params.atr_period)
    if _ended_by_other(state, position):
        state.stopped = 1
    if not fast > slow:
        state.stopped = 0

    state.wants = 0
    if math.isnan(fast) or math.isnan(slow) or math.isnan(reach):
        target(orders, 0.0)
        because(orders, WARMING)
    elif not fast > slow:
        target(orders, 0.0)
        because(orders, BELOW, fast, slow)
    elif state.stopped == 1:
        target(orders, 0.0)
        because(orders, STOPPED, fast, slow)
    else:
        state.wants = 1
        target(orders, 1.0)
        because(orders, ABOVE, fast, slow)
        if position.side == 0:
            below = max(bar.close - params.stop_atr * reach, 0.0) if params.stop_atr > 0.0 else 0.0
            above = bar.close + params.target_atr * reach if params.target_atr > 0.0 else 0.0
            protect(orders, below, above, 0.0)


@kernel
def _ended_by_other(state: Rec, position: Rec) -> bool:
    """Whether a position we wanted came to its end since the last bar: its stop, its target, a person."""
    gone = position.side == 0 and (state.side != 0 or position.entries != state.entries)
    state.side = position.side
    state.entries = position.entries
    return bool(gone and state.wants == 1)
