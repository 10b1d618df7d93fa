"""An order as a venue in memory keeps it."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from algobot.model import NewOrder, OrderStatus, VenueOrder, VenueOrderId

OPEN = frozenset({OrderStatus.OPEN, OrderStatus.PARTIAL})


class Resting(msgspec.Struct):
    """One order at the venue, with what is left of it."""

    order: NewOrder
    venue_order_id: VenueOrderId
    status: OrderStatus
    filled: Decimal
    ts_event_ns: int

    @property
    def left(self) -> Decimal:
        """What has not been filled."""
        return self.order.quantity - self.filled

    def seen(self) -> VenueOrder:
        """Return the order as the venue reports it."""
        order = self.order
        return VenueOrder(
            client_order_id=order.client_order_id,
            venue_order_id=self.venue_order_id,
            symbol=order.symbol,
            side=order.side,
            type=order.type,
            status=self.status,
            quantity=order.quantity,
            filled=self.filled,
            limit_price=order.limit_price,
            ts_event_ns=self.ts_event_ns,
        )
