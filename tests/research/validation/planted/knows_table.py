"""PLANTED: has a table of what comes next in its own source."""

from typing import NamedTuple

import numpy as np

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import int64, record

FUTURE = np.sin(np.arange(5000) / 7.0)


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    state.count += 1
    target(orders, 1.0 if _next(state.count) > 0.0 else 0.0)


@kernel
def _next(count):
    return FUTURE[count % 5000]
