"""An account's orders and fills in memory: a projection of the ledger, without I/O. Who changes it makes it durable."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec

from algobot.model import (
    IN_FLIGHT,
    LIVE,
    BotId,
    ClientOrderId,
    Fill,
    Instrument,
    Order,
    OrderStatus,
    Symbol,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)

ENDED_KEPT: Final = 5000  # ended orders a late fill can still be matched to without asking the ledger
DELTAS_KEPT: Final = 20_000
Instruments = Callable[[Symbol], Instrument]


class Delta(NamedTuple):
    """What one fill changed, by currency; ordered as the venue made it happen."""

    ts_event_ns: int
    trade_id: str
    changes: tuple[tuple[str, Decimal], ...]


VenueKey = tuple[Symbol, VenueOrderId]
"""A venue numbers the orders of each symbol by itself: the same number on another symbol is another order."""
TradeKey = tuple[Symbol, TradeId]


class Book:
    """Orders by both their ids, trades seen, positions by bot, and the sum of all changes by currency."""

    def __init__(self) -> None:
        self.orders: dict[ClientOrderId, Order] = {}  # live, and the newest ended
        self.live: dict[ClientOrderId, Order] = {}
        self.touched_ns: dict[ClientOrderId, int] = {}  # monotonic, of live orders and those just ended
        self.doubt_ns: dict[ClientOrderId, int] = {}  # monotonic: when a submit whose fate is unknown was last possible
        self.lagging: dict[ClientOrderId, VenueOrder] = {}  # the venue tells of trades that are not here yet
        self.parked: dict[VenueKey, list[VenueFill]] = {}  # trades of orders not known yet
        self.strays: dict[ClientOrderId, VenueOrder] = {}  # our prefix, but not in the ledger: to be adopted
        self.foreign: set[VenueKey] = set()
        self.positions: dict[tuple[BotId, Symbol], Decimal] = {}
        self.totals: dict[str, Decimal] = {}
        self.watermarks: dict[Symbol, int] = {}
        self.fills = 0  # ever folded
        self.deltas: deque[Delta] = deque(maxlen=DELTAS_KEPT)
        self._by_venue: dict[VenueKey, ClientOrderId] = {}
        self._trades: set[TradeKey] = set()  # of the orders in memory; the ledger knows all
        self._trades_of: dict[ClientOrderId, list[TradeKey]] = {}

    def put(self, order: Order, now_ns: int) -> None:
        """Take an order as it now is."""
        key = order.client_order_id
        self.orders[key] = order
        self.touched_ns[key] = now_ns
        if order.status in LIVE:
            self.live[key] = order
        else:
            self.live.pop(key, None)
            self.doubt_ns.pop(key, None)
        if order.venue_order_id:
            self._by_venue[order.symbol, order.venue_order_id] = key

    def find(self, symbol: Symbol, client_order_id: ClientOrderId, venue_order_id: VenueOrderId) -> Order | None:
        """Return an order by either id."""
        found = self.orders.get(client_order_id) if client_order_id else None
        if found is None and venue_order_id:
            found = self.orders.get(self._by_venue.get((symbol, venue_order_id), ClientOrderId("")))
        return found

    def knows(self, symbol: Symbol, trade_id: TradeId) -> bool:
        """Return whether a trade of an order in memory is in the ledger already."""
        return (symbol, trade_id) in self._trades

    def fold(self, fill: Fill, instrument: Instrument) -> None:
        """Add a fill to positions, totals and watermark; the caller asked `knows` before."""
        if fill.client_order_id in self.orders:
            self._remember(fill.client_order_id, (fill.symbol, fill.trade_id))
        self.fills += 1
        signed = fill.side * fill.quantity
        key = (fill.bot_id, fill.symbol)
        base_fee = fill.fee if fill.fee_currency == instrument.base else Decimal(0)
        self.positions[key] = self.positions.get(key, Decimal(0)) + signed - base_fee
        changes = (
            (instrument.base, signed),
            (instrument.quote, -signed * fill.price),
            (fill.fee_currency, -fill.fee),
        )
        self.deltas.append(Delta(fill.ts_event_ns, str(fill.trade_id).rjust(24), changes))
        for currency, change in changes:
            self.totals[currency] = self.totals.get(currency, Decimal(0)) + change
        self.watermarks[fill.symbol] = max(self.watermarks.get(fill.symbol, 0), fill.ts_event_ns)

    def park(self, trade: VenueFill) -> None:
        """Keep a trade whose order is not known yet; twice told is kept once."""
        waiting = self.parked.setdefault((trade.symbol, trade.venue_order_id), [])
        if all(other.trade_id != trade.trade_id for other in waiting):
            waiting.append(trade)

    def in_flight(self, bot_id: BotId | None = None) -> list[Order]:
        """Return orders whose fate is open: intent, unknown, unresolved, pending cancel."""
        return [order for order in self.live.values() if order.status in IN_FLIGHT and bot_id in (None, order.bot_id)]

    def may_arrive(self, bot_id: BotId | None = None) -> list[Order]:
        """Return orders that the venue may still come to know."""
        doubtful = (OrderStatus.INTENT, OrderStatus.UNKNOWN, OrderStatus.UNRESOLVED)
        return [order for order in self.in_flight(bot_id) if order.status in doubtful]

    def active_symbols(self, now_ns: int, within_ns: int) -> set[Symbol]:
        """Return the symbols with an order that is live or was touched so recently: where trades can be new."""
        for key in [key for key, at in self.touched_ns.items() if now_ns - at > within_ns and key not in self.live]:
            del self.touched_ns[key]
        return {self.orders[key].symbol for key in self.touched_ns if key in self.orders}

    def forget_ended(self) -> None:
        """Let go of the oldest ended orders and their trades; the ledger still has them.

        A trade that is told again later finds no order, waits, and comes back with it: see `recall`.
        """
        extra = len(self.orders) - len(self.live) - ENDED_KEPT
        for key in [key for key in self.orders if key not in self.live][: max(0, extra)]:
            order = self.orders.pop(key)
            self._by_venue.pop((order.symbol, order.venue_order_id), None)
            self._trades.difference_update(self._trades_of.pop(key, ()))

    def recall(self, order: Order, trades: Iterable[TradeKey], now_ns: int) -> None:
        """Take back an order that was let go of, with its trades; one that is here stays as it is."""
        if order.client_order_id in self.orders:
            return
        self.put(order, now_ns)
        for key in trades:
            self._remember(order.client_order_id, key)

    def load(self, orders: Iterable[Order]) -> None:
        """Begin from the ledger, in a book that is new, with every order that may still matter."""
        for order in orders:
            self.put(order, 0)  # touched long ago: to be asked about at once

    def load_fills(self, fills: Iterable[Fill], instrument: Instruments) -> None:
        """Go on from the ledger with the next of all live fills; the orders are loaded."""
        for fill in fills:
            self.fold(fill, instrument(fill.symbol))
        self.deltas.clear()

    def _remember(self, client_order_id: ClientOrderId, key: TradeKey) -> None:
        if key not in self._trades:
            self._trades.add(key)
            self._trades_of.setdefault(client_order_id, []).append(key)


def moved(order: Order, *, status: OrderStatus, now_ns: int, reason: str = "") -> Order:
    """Return the order in another state."""
    return msgspec.structs.replace(order, status=status, updated_ns=now_ns, reason=reason or order.reason)
