"""PLANTED: adds and takes away the same numbers, and trades on what rounding leaves."""

from typing import NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import float64, record


class Params(NamedTuple):
    """None."""


STATE = record(total=float64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    third = bar.close / 3.0
    state.total += bar.close
    state.total -= third
    state.total -= third
    state.total -= third
    target(orders, 1.0 if state.total > 0.0 else -1.0)
