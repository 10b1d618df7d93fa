"""What the parts of one account's gateway share, and the one way an order's change is recorded and told."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from algobot.errors import NotFound
from algobot.model import AccountId, BotId, BotSpec, Fill, Instrument, Order, OrderStatus, Symbol, may_follow
from algobot.venues.port import Account
from daemon.gateway.book import Book, moved
from daemon.gateway.budget import Budget
from daemon.gateway.gate import Gate
from daemon.gateway.halts import Halts
from daemon.gateway.hearing import Hearing
from daemon.gateway.ids import OrderIds
from daemon.gateway.settings import Cadence, GatewaySettings
from daemon.messages import FillArrived, OrderMoved
from daemon.ports import Clock, Deliver, Mark, Publisher
from daemon.store import FillRow, OrderRow, Store

SMALLEST: Final = Decimal("0.00000001")


@dataclass
class Context:
    """One account's gateway, as its parts see it."""

    account: Account
    settings: GatewaySettings
    store: Store
    halts: Halts
    budget: Budget
    publisher: Publisher
    deliver: Deliver
    clock: Clock
    mark: Mark
    ids: OrderIds
    book: Book = field(default_factory=Book)
    gate: Gate = field(default_factory=Gate)
    bots: dict[BotId, BotSpec] = field(default_factory=dict)
    hearing: Hearing = field(init=False)
    streaming_ns: int = 0  # wall clock: since when the private stream's connection tells everything
    began_ns: int = 0  # wall clock: when this account was first seen by this run

    def __post_init__(self) -> None:
        """Listen as patiently as the settings say."""
        self.hearing = Hearing(self.settings.cadence.deaf_s)

    @property
    def account_id(self) -> AccountId:
        """Whose gateway."""
        return self.settings.account_id

    @property
    def cadence(self) -> Cadence:
        """How long things take."""
        return self.settings.cadence

    def age_s(self, at_ns: int) -> float:
        """Return the seconds since a monotonic instant."""
        return (self.clock.monotonic_ns() - at_ns) / 1e9

    def traded(self, symbol: Symbol) -> Instrument:
        """Return the rules a fill of ours was made under; of a symbol the venue lists no more, what its name says."""
        try:
            return self.account.instrument(symbol)
        except NotFound:
            base, _, rest = symbol.partition("/")
            return Instrument(symbol, symbol, base, rest.partition(":")[0], tick=SMALLEST, lot=SMALLEST)

    def symbols(self) -> set[Symbol]:
        """Return every symbol that trades of ours can be in."""
        return {spec.symbol for spec in self.bots.values()} | set(self.book.watermarks) | self.live_symbols()

    def live_symbols(self) -> set[Symbol]:
        """Return the symbols of live orders."""
        return {order.symbol for order in self.book.live.values()}

    def record(self, order: Order, fill: Fill | None = None) -> None:
        """Take an order as it now is: in memory at once, told to the bot and the world once durable."""
        self.book.put(order, self.clock.monotonic_ns())
        rows = (OrderRow(order),) if fill is None else (FillRow(fill), OrderRow(order))
        self.store.soon(*rows, then=lambda durable: self._tell(order, fill, 0 if fill is None else durable.seq(fill)))

    def move(self, order: Order, status: OrderStatus, reason: str = "") -> Order:
        """Record an order's next state and return it; an illegal step is an alarm and changes nothing."""
        if not may_follow(order.status, status):
            told = f"order {order.client_order_id} cannot go from {order.status.value} to {status.value}"
            self.alarm("order.illegal", told, bot_id=order.bot_id)
            return order
        after = moved(order, status=status, now_ns=self.clock.wall_ns(), reason=reason)
        self.record(after)
        return after

    def alarm(self, alarm: str, message: str, hint: str = "", *, bot_id: str = "") -> None:
        """Ask for a person."""
        self.publisher.alarm(alarm, message, hint, bot_id, self.account_id)

    def tell_order(self, order: Order) -> None:
        """Tell the world and the bot of an order that is durable as it is here."""
        self.publisher.order_changed(order)
        if order.bot_id:
            self.deliver(order.bot_id, OrderMoved(order))

    def _tell(self, order: Order, fill: Fill | None, seq: int) -> None:
        if fill is not None and seq:
            self.publisher.fill_recorded(fill)
            if fill.bot_id:
                self.deliver(fill.bot_id, FillArrived(fill, seq))
        self.tell_order(order)
