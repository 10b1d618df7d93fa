"""PLANTED: asks whether two ways to compute the same number give the same bits."""

import math
from typing import NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import int64, record


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    root = math.sqrt(bar.close)
    target(orders, 1.0 if root * root == bar.close else 0.0)
