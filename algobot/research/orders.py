"""What became of each order: the engine's journal, one row per order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from algobot.kernel import records as r
from algobot.kernel.journal import why_word
from algobot.kernel.records import Records
from algobot.kernel.session import KINDS, tag_word
from algobot.kernel.strategy import Strategy

_STATUS: Final = {
    r.FILLED: "filled",
    r.CANCELED: "canceled",
    r.EXPIRED: "expired",
    r.REFUSED: "rejected",
}


class OrderRow(NamedTuple):
    """What became of an order."""

    symbol: str
    placed_ns: int
    kind: str  # "market", "limit", "stop" …; "" if it is not known
    side: int
    lots: int
    price: float  # asked for, of a stop its trigger; 0.0 is the market's
    tag: str
    status: str  # "filled", "canceled", "expired", "rejected", "open"
    filled_lots: int
    average_price: float  # of its fills
    done_ns: int
    reason: str = ""  # of a refusal or a cancellation


class _Order:
    """An order being followed through the journal."""

    __slots__ = ("filled", "first", "last", "spent")

    def __init__(self, first: tuple[float, ...]) -> None:
        self.first = self.last = first
        self.filled = 0
        self.spent = 0.0


def order_rows(notes: Records, symbols: Sequence[str], strategy: Strategy) -> list[OrderRow]:
    """Return one row per order of the journal, in the order they were placed."""
    orders: dict[int, _Order] = {}
    for row in notes.tolist():
        _, _, number, event, _, _, _, lots, price, _, _ = row
        order = orders.setdefault(number, _Order(row))
        order.last = row
        if event == r.FILLED:
            order.filled += lots
            order.spent += lots * price
    return [_row(orders[number], symbols, strategy) for number in sorted(orders)]


def _row(order: _Order, symbols: Sequence[str], strategy: Strategy) -> OrderRow:
    placed_ns, symbol, _, _, _, kind, side, lots, price, trigger, tag = order.first
    done_ns, _, _, event, why, *_ = order.last
    status = "open" if event == r.FILLED and order.filled < lots else _STATUS.get(int(event), "open")
    return OrderRow(
        symbols[int(symbol)],
        int(placed_ns),
        KINDS.get(int(kind), ""),
        int(side),
        int(lots),
        trigger or price,
        tag_word(int(tag), strategy),
        status,
        order.filled,
        order.spent / order.filled if order.filled else 0.0,
        0 if status == "open" else int(done_ns),
        why_word(int(why)),
    )
