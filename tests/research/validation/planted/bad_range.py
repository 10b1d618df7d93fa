"""PLANTED: one end of a range makes it buy for a reason that is no number."""

from typing import Annotated, NamedTuple

from algobot.kernel.jit import kernel
from algobot.kernel.orders import because, target
from algobot.kernel.records import int64, record
from algobot.kernel.strategy import Between


class Params(NamedTuple):
    divisor: Annotated[float, Between(0, 10)] = 2.0


STATE = record(count=int64)
REASONS = {1: "because of {share:.2f}"}


@kernel
def on_bar(state, bar, position, params, orders):
    """Wish."""
    state.count += 1
    target(orders, 1.0 if state.count % 2 == 0 else 0.0)
    because(orders, 1, (bar.close - bar.close) / params.divisor)
