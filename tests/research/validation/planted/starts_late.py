"""PLANTED: says it needs no warm-up and needs two hundred bars."""

import math
from typing import NamedTuple

from algobot.kernel.indicators.windows import SMA, sma
from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import record


class Params(NamedTuple):
    """None."""


STATE = record(average=SMA)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    mean = sma(state.average, bar.close, 200)
    if not math.isnan(mean):
        target(orders, 1.0 if bar.close > mean else 0.0)
