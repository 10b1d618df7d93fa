"""PLANTED: plain Python stumbles at a known line."""

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
    target(orders, math.log(bar.open - bar.close))
