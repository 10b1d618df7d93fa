"""The orders of one live bot that may still move, and what of them has not reached its position yet.

An intent has no name until the gateway gives it one; the gateway keeps a bot's submits in order, so the oldest unnamed
intent that looks like a new order is that order.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from algobot.model import LIVE, ClientOrderId, Fill, Order, OrderStatus, OrderType, Side, TimeInForce
from daemon.messages import Intent

UNCLEAR = frozenset({OrderStatus.UNKNOWN, OrderStatus.UNRESOLVED})


class Tracked(msgspec.Struct, frozen=True):
    """An order and how much of it the bot has booked."""

    order: Order
    booked: Decimal = Decimal(0)

    @property
    def pending(self) -> Decimal:
        """How much may still come to the position, unsigned."""
        whole = self.order.status in LIVE or self.order.status is OrderStatus.FILLED
        return max(Decimal(0), (self.order.quantity if whole else self.order.filled) - self.booked)


class Slate(msgspec.Struct, frozen=True):
    """A value: every change is a new slate, so that a fault halfway leaves the old one."""

    told: tuple[Intent, ...] = ()  # on their way to the gateway
    tracked: dict[ClientOrderId, Tracked] = {}

    def tell(self, intents: tuple[Intent, ...]) -> Slate:
        """Return the slate with intents told to the gateway."""
        return Slate((*self.told, *intents), self.tracked)

    def move(self, order: Order) -> Slate:
        """Return the slate after an order moved; one that is over and wholly booked is forgotten.

        One that is not known here and is over is none of it: its fills came before, or come by themselves.
        """
        known = self.tracked.get(order.client_order_id)
        told = self.told
        if known is None:
            twin = next((i for i, intent in enumerate(told) if _is(intent, order)), None)
            if twin is not None:
                told = (*told[:twin], *told[twin + 1 :])
            elif order.status not in LIVE:
                return self
        return self._with(told, Tracked(order, known.booked if known is not None else Decimal(0)))

    def book(self, fill: Fill) -> Slate:
        """Return the slate after a fill reached the position."""
        known = self.tracked.get(fill.client_order_id)
        if known is None:
            return self
        return self._with(self.told, Tracked(known.order, known.booked + fill.quantity))

    def pending(self) -> Decimal:
        """Return what may still come to the position, signed."""
        told = sum((intent.side * intent.quantity for intent in self.told), Decimal(0))
        return told + sum((one.order.side * one.pending for one in self.tracked.values()), Decimal(0))

    def pending_on(self, side: Side) -> bool:
        """Return whether anything of this side is on its way."""
        return any(intent.side is side for intent in self.told) or any(
            one.order.side is side and one.pending for one in self.tracked.values()
        )

    def resting(self) -> list[tuple[Intent | Order, Decimal]]:
        """Return the limit orders that may stay at the venue, those on their way to it too, and what is left of each.

        One that is filled and not booked yet is among them: until its fill is here, it is not to be placed again.
        """
        told: list[tuple[Intent | Order, Decimal]] = [(intent, intent.quantity) for intent in self.told]
        left = [(one.order, one.pending) for one in self.tracked.values() if one.pending]
        return [(one, rest) for one, rest in told + left if _rests(one)]

    @property
    def open_orders(self) -> int:
        """How many may still fill, intents included."""
        return len(self.told) + sum(one.order.status in LIVE for one in self.tracked.values())

    @property
    def unclear(self) -> str:
        """The first order whose fate is not known, in words, or ""."""
        for one in self.tracked.values():
            if one.order.status in UNCLEAR:
                return f"order {one.order.client_order_id} is {one.order.status.value}"
        return ""

    def _with(self, told: tuple[Intent, ...], one: Tracked) -> Slate:
        others = {key: value for key, value in self.tracked.items() if key != one.order.client_order_id}
        if one.order.status in LIVE or one.pending:
            others[one.order.client_order_id] = one
        return Slate(told, others)


def _rests(one: Intent | Order) -> bool:
    return one.type is OrderType.LIMIT and one.time_in_force is not TimeInForce.IOC


def _is(intent: Intent, order: Order) -> bool:
    """Return whether `order` looks like what `intent` asked for."""
    return (
        intent.side is order.side
        and intent.type is order.type
        and intent.quantity == order.quantity
        and intent.tag == order.tag
    )
