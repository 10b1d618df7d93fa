"""Orders whose fate is open: found, proved absent, or UNRESOLVED for a person.

Absent means: no trace in two looks, far enough apart, after the order could last have been accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from algobot.model import BotId, ClientOrderId, Order, OrderStatus
from daemon.gateway.context import Context
from daemon.gateway.looks import Looks

_S = OrderStatus
_DOUBTFUL: Final = frozenset({_S.INTENT, _S.UNKNOWN, _S.UNRESOLVED})


class Resolver:
    """Asks about what is in flight too long. `sending` are ids whose submit is still under way."""

    def __init__(self, context: Context, looks: Looks, sending: set[str]) -> None:
        self.halt_bot: Callable[[BotId, str], None] = lambda bot_id, reason: None
        self._on = context
        self._looks = looks
        self._sending = sending
        self._absent_ns: dict[ClientOrderId, int] = {}  # monotonic: the first look that found no trace

    def begin(self) -> None:
        """Take up what an earlier run left: a submit may have left us until just now, whenever it was intended."""
        now_ns = self._on.clock.monotonic_ns()
        for order in self._on.book.may_arrive():
            self._on.book.doubt_ns[order.client_order_id] = now_ns
            if order.status is _S.INTENT:
                self._on.move(order, _S.UNKNOWN, "the daemon ended before the venue's answer was recorded")

    async def look(self, *, older_s: float) -> None:
        """Ask about every order in flight that was not touched for `older_s`, and for trades that lag."""
        for order in self._on.book.in_flight():
            key = order.client_order_id
            if key not in self._sending and self._on.age_s(self._on.book.touched_ns.get(key, 0)) >= older_s:
                await self._resolve(self._on.book.orders[key])

    async def catch_up(self) -> None:
        """Fetch the trades the venue told of but did not send."""
        for key in list(self._on.book.lagging):
            if self._on.age_s(self._on.book.touched_ns.get(key, 0)) >= self._on.cadence.lag_s:
                await self._looks.trades_of(self._on.book.orders[key])

    async def _resolve(self, order: Order) -> None:
        if order.status is _S.PENDING_CANCEL:
            await self._looks.look_at(order)
        elif order.status in _DOUBTFUL:
            await self._find(order)

    async def _find(self, order: Order) -> None:
        key, cadence = order.client_order_id, self._on.cadence
        waited_s = self._on.age_s(self._on.book.doubt_ns.setdefault(key, self._on.clock.monotonic_ns()))
        if waited_s <= cadence.valid_s + cadence.skew_s:
            await self._looks.look_at(order)  # it can still arrive: only finding it means something
            return
        asked_ns = self._on.clock.monotonic_ns()
        absent = await self._looks.is_absent(order)
        order = self._on.book.orders[key]
        if order.status not in _DOUBTFUL:
            self._absent_ns.pop(key, None)
            return
        if absent is False:
            self._absent_ns.pop(key, None)
        first_ns = self._absent_ns.setdefault(key, asked_ns) if absent else 0
        if absent and (asked_ns - first_ns) / 1e9 >= cadence.absent_gap_s:
            del self._absent_ns[key]
            self._on.move(order, _S.NEVER_ACCEPTED, "the venue has no trace of it after its validity")
        elif waited_s > cadence.unresolved_after_s and order.status is not _S.UNRESOLVED:
            self._give_up(order)

    def _give_up(self, order: Order) -> None:
        told = f"order {order.client_order_id} was neither found nor proved absent; bot {order.bot_id} is halted"
        self._on.move(order, _S.UNRESOLVED, "neither found nor proved absent")
        self._on.alarm("order.unresolved", told, "look at the venue's own order history", bot_id=order.bot_id)
        self.halt_bot(order.bot_id, told)
