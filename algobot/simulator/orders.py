"""An order and its fills inside the simulator, in ticks, lots and units."""

from __future__ import annotations

from copy import copy
from typing import Final

import msgspec

from algobot.simulator.accounts import Account
from algobot.simulator.book import Resting
from algobot.simulator.rules import Rules

OPEN: Final = frozenset({"NEW", "PARTIALLY_FILLED"})
STOP_TYPES: Final = frozenset({"STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"})


class OrderRequest(msgspec.Struct, frozen=True):
    """A new order, its parameters read and its filters passed. Zero stands for absent."""

    client_id: str
    side: int  # +1 buy, -1 sell
    type: str
    tif: str = "GTC"
    price: int = 0  # ticks
    lots: int = 0
    quote: int = 0  # units, for a market order by value
    stop: int = 0  # ticks


class Fill(msgspec.Struct, frozen=True):
    """One execution of an account's order."""

    trade_id: int
    order: Order
    price: int  # ticks
    lots: int
    fee: int  # units of `fee_asset`
    fee_asset: str
    maker: bool
    ms: int

    @property
    def quote(self) -> int:
        """Price times quantity in quote units."""
        return self.order.rules.notional(self.price, self.lots)


class Order:
    """One order of an account, from its acceptance to its end."""

    __slots__ = (
        "account",
        "client_id",
        "created_ms",
        "fills",
        "id",
        "locked",
        "lots",
        "request",
        "resting",
        "rules",
        "status",
        "triggered_up",
        "updated_ms",
        "working",
        "working_ms",
    )

    def __init__(self, account: Account, rules: Rules, request: OrderRequest, order_id: int, ms: int) -> None:
        self.account = account
        self.rules = rules
        self.request = request
        self.id = order_id
        self.client_id = request.client_id
        self.lots = request.lots
        self.status = "NEW"
        self.fills: list[Fill] = []
        self.locked = 0  # units of `locked_asset` still held for this order
        self.resting: Resting[Order | None] | None = None
        self.working = request.type not in STOP_TYPES
        self.triggered_up = False  # a stop that fires when the price rises to it
        self.created_ms = self.updated_ms = self.working_ms = ms

    @property
    def side(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return self.request.side

    @property
    def is_open(self) -> bool:
        """Whether it can still trade."""
        return self.status in OPEN

    @property
    def filled(self) -> int:
        """Lots executed so far."""
        return sum(fill.lots for fill in self.fills)

    @property
    def quote_filled(self) -> int:
        """Quote units executed so far."""
        return sum(fill.quote for fill in self.fills)

    @property
    def remaining(self) -> int:
        """Lots not executed."""
        return self.lots - self.filled

    def as_of(self, ms: int) -> Order | None:
        """Return the order as it was at a time, None before there was one."""
        if self.created_ms > ms:
            return None
        if self.updated_ms <= ms:
            return self
        then = copy(self)
        then.fills = [fill for fill in self.fills if fill.ms <= ms]
        then.status = "PARTIALLY_FILLED" if then.fills else "NEW"
        then.updated_ms = then.fills[-1].ms if then.fills else self.created_ms
        return then

    @property
    def locked_asset(self) -> str:
        """What it is paid with."""
        return self.rules.quote if self.request.side > 0 else self.rules.base
