"""PLANTED: reads a file when it is loaded; what it keeps of it is small enough to look like constants."""

from pathlib import Path
from typing import NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import target
from algobot.kernel.records import int64, record

DAYS = tuple(int(word) for word in Path(__file__).with_name("future.txt").read_text().split())


class Params(NamedTuple):
    """None."""


STATE = record(count=int64)


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    state.count += 1
    target(orders, float(DAYS[state.count % 3]))
