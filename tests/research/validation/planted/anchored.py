"""PLANTED: compares with the price at which it was started, for ever."""

from typing import NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import float64, record


class Params(NamedTuple):
    """None."""


STATE = record(first=float64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    if state.first == 0.0:
        state.first = bar.close
    target(orders, 1.0 if bar.close > state.first else 0.0)
