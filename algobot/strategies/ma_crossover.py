"""Long while the fast average is above the slow one, flat otherwise."""

from __future__ import annotations

import math
from typing import Annotated, NamedTuple

from algobot.kernel.indicators.windows import SMA, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, target
from algobot.kernel.records import Rec, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    """What can be tuned."""

    fast: Annotated[int, Between(1, 500)] = 20  # bars
    slow: Annotated[int, Between(2, 500)] = 50  # bars


STATE = record(fast=SMA, slow=SMA)

WARMING, ABOVE, BELOW = 1, 2, 3
REASONS = {
    WARMING: "averages are not complete yet",
    ABOVE: "fast SMA {fast:.6g} above slow SMA {slow:.6g}",
    BELOW: "fast SMA {fast:.6g} not above slow SMA {slow:.6g}",
}


def warmup(params: Params) -> int:
    """Return the bars until it decides."""
    return params.slow


@kernel
def on_bar(state: Rec, bar: Rec, position: Rec, params: Rec, orders: Rec) -> None:
    """State the exposure after each closed bar."""
    fast = sma(state.fast, bar.close, params.fast)
    slow = sma(state.slow, bar.close, params.slow)
    if math.isnan(fast) or math.isnan(slow):
        target(orders, 0.0)
        because(orders, WARMING)
    elif fast > slow:
        target(orders, 1.0)
        because(orders, ABOVE, fast, slow)
    else:
        target(orders, 0.0)
        because(orders, BELOW, fast, slow)
