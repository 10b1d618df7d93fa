"""PLANTED: throws dice."""

from typing import NamedTuple

import numpy as np

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import int64, record


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    target(orders, 1.0 if np.random.random() > 0.5 else 0.0)
