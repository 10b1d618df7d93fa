"""A strategy's fold, called bar by bar from Python: what it says, and a way to have said nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from algobot.kernel import records as r
from algobot.kernel.records import Rec, Records
from algobot.kernel.strategy import Strategy
from algobot.model import Param

RESTING: Final = 512  # orders of one symbol: the original's never expire


def _longer(waiting: int) -> Any:
    """Return the layout of `orders` with room for more that rest."""
    fields = {}
    for name in r.ORDERS.names or ():
        kind = r.ORDERS.fields[name][0]  # type: ignore[index]
        fields[name] = (kind.base, kind.shape[0]) if kind.shape else kind
    return r.record(**fields | {"waiting": (r.ORDER, waiting)})


_ORDERS: Final = _longer(RESTING)


class Seen(NamedTuple):
    """What a strategy is told of its position and its account."""

    quantity: float  # signed
    average: float
    closes: int
    equity: float
    peak: float
    cash: float


class Resting(NamedTuple):
    """A limit order that waits."""

    side: int
    quantity: float
    price: float
    placed: int  # bar


class Folds:
    """One strategy on several symbols that share what it shares."""

    def __init__(self, strategy: Strategy, params: Mapping[str, Param], symbols: int) -> None:
        self._fold = strategy.on_bar
        self._params = strategy.params_records(strategy.params(params))[0]
        self._states = np.zeros(symbols, strategy.state)
        self._memory = self._states["memory"] if "memory" in (strategy.state.names or ()) else None
        self._position: Records = np.zeros(1, r.POSITION)
        self._orders: Records = np.zeros(1, _ORDERS)
        self._shared = np.zeros(r.SHARED)
        self._before: Any = None

    def ask(self, symbol: int, bar: Rec, seen: Seen, resting: list[Resting]) -> Rec:
        """Return the `orders` after one bar; they are the next call's too."""
        if self._memory is not None:
            self._before = self._memory[symbol].copy()
        orders, position = self._orders[0], self._position[0]
        for name, value in seen._asdict().items():
            position[name] = value
        position.side = np.sign(seen.quantity)
        orders.asked = orders.wish = orders.brackets = orders.protects = 0
        orders.ratchet = 0.0
        orders.score = 1.0
        orders.shared[:] = self._shared
        orders.waits = len(resting)
        for i, order in enumerate(resting):
            row = orders.waiting[i]
            row.kind, row.side, row.price = r.LIMIT, order.side, order.price
        self._fold(self._states[symbol], bar, position, self._params, orders)
        return orders

    def keep(self) -> None:
        """Let what the last call wrote for the other symbols stand."""
        self._shared[:] = self._orders[0].shared

    def take_back(self, symbol: int) -> None:
        """Let the last call not have been: only the indicators have seen its bar."""
        if self._memory is not None:
            self._memory[symbol] = self._before
