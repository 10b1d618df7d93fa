"""PLANTED: never comes back from its first bar."""

from typing import NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.records import int64, record


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wait for a count that stays."""
    while state.count == 0:
        if bar.close < 0.0:
            state.count = 1
