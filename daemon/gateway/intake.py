"""What the venue says becomes orders and fills of ours, whatever the order and however often it is said.

The law: only trades make fills, each once; an order ends only when all its trades are here; what is told late, twice
or out of turn changes nothing. An order the ledger has buried but the venue shows is an alarm and halts its bot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from algobot.model import (
    CLOSED,
    BotId,
    ClientOrderId,
    Fill,
    Order,
    OrderStatus,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from daemon.gateway.context import Context

_S = OrderStatus
ENDS: Final = frozenset({_S.FILLED, _S.CANCELED, _S.EXPIRED, _S.REJECTED})
BURIED: Final = frozenset({_S.REJECTED, _S.NEVER_ACCEPTED})
_AWAITED: Final = frozenset({_S.INTENT, _S.UNKNOWN, _S.UNRESOLVED})


class Intake:
    """The only writer of fills. `halt_bot` and `cancel_stray` are wired by the gateway."""

    def __init__(self, context: Context) -> None:
        self.halt_bot: Callable[[BotId, str], None] = lambda bot_id, reason: None
        self.cancel_stray: Callable[[VenueOrder], None] = lambda seen: None
        self.opened: Callable[[Order], None] = lambda order: None
        self._on = context

    def order(self, seen: VenueOrder, *, queried: bool = False) -> None:
        """Take an order as the venue shows it; `queried` says that it answers a question of ours, asked just now."""
        book = self._on.book
        order = book.find(seen.symbol, seen.client_order_id, seen.venue_order_id)
        if order is None:
            if self._on.ids.is_ours(seen.client_order_id):
                book.strays.setdefault(seen.client_order_id, seen)
            return
        if order.status in BURIED:
            if seen.status is not _S.REJECTED:
                self._rise(order, seen)
            return
        order = self._name(order, seen.venue_order_id)
        if seen.filled < order.filled:
            return  # older than what is known
        if seen.status in ENDS:
            self._end(order, seen)
        elif order.status not in CLOSED:
            self._rest(order, seen, queried=queried)

    def answered(self, client_order_id: ClientOrderId, seen: VenueOrder, *, queried: bool = True) -> None:
        """Take the venue's answer about an order of ours, which may leave our own id out."""
        self.order(msgspec.structs.replace(seen, client_order_id=client_order_id), queried=queried)

    def fill(self, trade: VenueFill) -> None:
        """Take a trade: match it to its order, or park it until that is known."""
        book = self._on.book
        if book.knows(trade.symbol, trade.trade_id):
            return
        order = book.find(trade.symbol, trade.client_order_id, trade.venue_order_id)
        if order is None:
            book.park(trade)
            return
        self._name(order, trade.venue_order_id)
        if book.knows(trade.symbol, trade.trade_id):
            return  # it was parked as well
        self._book(book.orders[order.client_order_id], trade)
        seen = book.lagging.pop(order.client_order_id, None)
        if seen is not None:
            self.order(seen, queried=True)

    def _book(self, order: Order, trade: VenueFill) -> None:
        fill = Fill(
            trade_id=trade.trade_id,
            account_id=self._on.account_id,
            bot_id=order.bot_id,
            client_order_id=order.client_order_id,
            symbol=trade.symbol,
            side=trade.side,
            quantity=trade.quantity,
            price=trade.price,
            fee=trade.fee,
            fee_currency=trade.fee_currency,
            is_maker=trade.is_maker,
            ts_event_ns=trade.ts_event_ns,
            ts_recv_ns=self._on.clock.wall_ns(),
            tag=order.tag,
        )
        if fill.ts_event_ns > self._on.streaming_ns > 0:
            self._on.hearing.witnessed(self._on.clock.monotonic_ns())
        self._on.book.fold(fill, self._on.traded(fill.symbol))
        filled = order.filled + fill.quantity
        after = msgspec.structs.replace(
            order,
            filled=filled,
            status=_after_fill(order, complete=filled >= order.quantity),
            updated_ns=fill.ts_recv_ns,
        )
        self._on.record(after, fill)
        if filled > order.quantity:
            self._wrong(after, "order.overfilled", f"filled {filled} of {order.quantity}")
        if order.status in BURIED:
            self._wrong(after, "order.risen", f"a trade of an order that was {order.status.value}")
        if trade.side is not order.side or trade.symbol != order.symbol:
            self._wrong(after, "fill.mismatched", f"{trade.side.name} {trade.symbol} on another kind of order")
        if order.status in _AWAITED and after.status not in CLOSED:
            self.opened(after)

    def _name(self, order: Order, venue_order_id: VenueOrderId) -> Order:
        if order.venue_order_id or not venue_order_id:
            return order
        named = msgspec.structs.replace(order, venue_order_id=venue_order_id)
        if order.status in _AWAITED:
            self._on.book.put(named, self._on.clock.monotonic_ns())  # recorded with the step that follows
        else:
            self._on.record(named)
        for trade in self._on.book.parked.pop((order.symbol, venue_order_id), []):
            self.fill(trade)
        return self._on.book.orders[order.client_order_id]

    def _end(self, order: Order, seen: VenueOrder) -> None:
        complete = order.quantity if seen.status is _S.FILLED else seen.filled
        if order.filled < complete:
            self._on.book.lagging[order.client_order_id] = seen
            if order.status in _AWAITED:
                self._on.move(order, _S.OPEN)
            return
        self._on.book.lagging.pop(order.client_order_id, None)
        if order.status not in CLOSED:
            self._on.move(order, seen.status)

    def _rest(self, order: Order, seen: VenueOrder, *, queried: bool) -> None:
        lags = seen.filled > order.filled
        if lags:
            self._on.book.lagging.setdefault(order.client_order_id, seen)
        if order.status is _S.PENDING_CANCEL and (lags or not queried):
            return  # told before the venue heard of our cancel
        status = _S.PARTIAL if order.filled else _S.OPEN
        if order.status is not status:
            self.opened(self._on.move(order, status))

    def _rise(self, order: Order, seen: VenueOrder) -> None:
        self._wrong(order, "order.risen", f"it was {order.status.value}, the venue shows it {seen.status.value}")
        if seen.status not in ENDS:
            self.cancel_stray(seen)

    def _wrong(self, order: Order, alarm: str, what: str) -> None:
        told = f"order {order.client_order_id} of bot {order.bot_id or '(none)'}: {what}"
        self._on.alarm(alarm, told, "the bot is halted; compare with the venue, then unhalt", bot_id=order.bot_id)
        self.halt_bot(order.bot_id, told)


def _after_fill(order: Order, *, complete: bool) -> OrderStatus:
    if order.status in BURIED:
        return order.status
    if complete:
        return _S.FILLED
    if order.status in CLOSED or order.status is _S.PENDING_CANCEL:
        return order.status
    return _S.PARTIAL
