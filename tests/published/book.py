"""Cash, positions and trades as the original keeps them: in floats, a record per symbol, fills first in first out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.published.conventions import Conventions


class Trade(NamedTuple):
    """A position that came to its end; what it sold before on the way is in cash only."""

    symbol: int
    side: int
    entered: int  # bar
    left: int  # bar
    entry: float
    exit: float
    quantity: float
    net: float


class Deal(NamedTuple):
    """A fill."""

    side: int
    quantity: float
    price: float
    fee: float
    t: int  # bar


@dataclass(slots=True)
class Held:
    """A position, or what is left of its record once it is closed."""

    side: int
    average: float
    quantity: float
    entered: int  # bar of its first fill
    last: int  # bar of its last fill that made it larger
    fills: list[list[float]] = field(default_factory=list)  # quantity and fee, oldest first


class Change(NamedTuple):
    """What a fill did to the position there was."""

    before: Held | None
    closed: bool
    turned: bool  # closed, and what remained opened the opposite side


class Book:
    """The account."""

    def __init__(self, capital: float, symbols: int, how: Conventions) -> None:
        self.cash = capital
        self.held: dict[int, Held] = {}
        self.closes = [0] * symbols
        self.trades: list[Trade] = []
        self.losses = 0  # in a row
        self.levels: dict[int, tuple[float, float]] = {}  # stop and target of the position
        self.trails: dict[int, float] = {}  # its trailing stop
        self._how = how

    def position(self, symbol: int) -> Held | None:
        """Return the position, None if there is none (a record of nothing is none)."""
        held = self.held.get(symbol)
        return held if held is not None and held.quantity > 0.0 else None

    def open_positions(self) -> int:
        """Return how many there are."""
        return sum(held.quantity > 0.0 for held in self.held.values())

    def fill(self, symbol: int, deal: Deal) -> Change:
        """Book cash and position; remainders of rounding stay, as positions of their own."""
        if deal.side > 0:
            self.cash -= deal.price * deal.quantity + deal.fee
        else:
            self.cash += deal.price * deal.quantity - deal.fee
        held = self.held.get(symbol)
        if held is None:
            self.held[symbol] = Held(deal.side, deal.price, deal.quantity, deal.t, deal.t, [[deal.quantity, deal.fee]])
            return Change(None, closed=False, turned=False)
        before = replace(held, fills=[[*fill] for fill in held.fills])
        if held.side == deal.side:
            whole = held.quantity + deal.quantity
            held.average = (held.average * held.quantity + deal.price * deal.quantity) / whole
            held.quantity += deal.quantity
            held.last = deal.t
            held.fills.append([deal.quantity, deal.fee])
            return Change(before, closed=False, turned=False)
        left = _consume(held, deal.quantity)
        if left > 0.0:
            held.side, held.average, held.quantity, held.last = deal.side, deal.price, left, deal.t
            held.fills = [[left, deal.fee]]
            return Change(before, closed=False, turned=before.quantity > 0.0)
        return Change(before, closed=held.quantity <= 0.0, turned=False)

    def record(self, symbol: int, before: Held, price: float, rate: float, t: int) -> None:
        """Write down that the position `before` came to its end at this price."""
        commission = sum(fee for _, fee in before.fills) + price * before.quantity * rate
        net = before.side * (price - before.average) * before.quantity - commission
        self.trades.append(Trade(symbol, before.side, before.entered, t, before.average, price, before.quantity, net))
        self.losses = 0 if net > 0.0 else self.losses + 1
        self.closes[symbol] += 1
        self.levels.pop(symbol, None)
        self.trails.pop(symbol, None)
        if not self._how.keeps_records and self.position(symbol) is None:
            self.held.pop(symbol, None)

    def close_all(self, prices: list[float], rate: float, t: int) -> None:
        """End every record at these prices, in trades only; one of nothing becomes a trade of nothing."""
        for symbol, held in sorted(self.held.items()):
            self.record(symbol, held, prices[symbol], rate, t)
        self.held.clear()


def _consume(held: Held, quantity: float) -> float:
    """Take `quantity` from the oldest fills on and return what is left of it; their fees stay whole."""
    left = quantity
    while left > 0.0 and held.fills:
        oldest = held.fills[0]
        if oldest[0] <= left:
            left -= oldest[0]
            held.quantity -= oldest[0]
            held.fills.pop(0)
        else:
            oldest[0] -= left
            held.quantity -= left
            left = 0.0
    return left
