"""PLANTED: calls a kernel of another folder, whose edits the compile cache does not see."""

from typing import NamedTuple

import planted_rate

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import int64, record


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    state.count += 1
    target(orders, 1.0 if state.count % planted_rate.every(bar.close) == 0 else 0.0)
