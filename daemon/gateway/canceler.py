"""Cancels: allowed while halted and while the database is down; an answer is a hint, the order is fetched."""

from __future__ import annotations

from typing import Final

import anyio

from algobot.errors import NotFound, VenueError, VenueOrderNotFound, VenueRateLimited, VenueRejected
from algobot.model import LIVE, BotId, ClientOrderId, Order, OrderStatus, VenueOrder
from daemon.gateway.budget import Priority
from daemon.gateway.context import Context
from daemon.gateway.ids import bot_of, bot_tag
from daemon.gateway.looks import Looks
from daemon.ports import Swept

_S = OrderStatus
AT_ONCE: Final = 8  # cancels under way while canceling all
ATTEMPTS: Final = 3  # of one cancel that the venue's rate limit refused
_AWAITED: Final = frozenset({_S.INTENT, _S.UNKNOWN, _S.UNRESOLVED})


class Canceler:
    """Takes orders off the book."""

    def __init__(self, context: Context, looks: Looks) -> None:
        self.wanted: dict[ClientOrderId, str] = {}  # to be canceled as soon as they are known to exist
        self._on = context
        self._looks = looks

    async def cancel(self, client_order_id: ClientOrderId, reason: str = "") -> Order:
        """Cancel one order of ours and return it as the venue then has it.

        Raises:
            NotFound: no such order here.
        """
        order = self._on.book.orders.get(client_order_id)
        if order is None:
            raise NotFound(f"order {client_order_id!r} is not one of account {self._on.account_id}'s live orders")
        if order.status not in LIVE:
            return order
        if order.status in _AWAITED:
            self.wanted[client_order_id] = reason
            return order
        if order.status is not _S.PENDING_CANCEL:
            order = self._on.move(order, _S.PENDING_CANCEL, reason)
        await self._ask(order)
        if self._on.book.orders[client_order_id].status is _S.PENDING_CANCEL:
            await self._looks.look_at(order)
        return self._on.book.orders[client_order_id]

    async def cancel_bot(self, bot_id: BotId, reason: str) -> None:
        """Cancel every live order of a bot, several at once."""
        keys = [order.client_order_id for order in self._on.book.live.values() if order.bot_id == bot_id]
        async with anyio.create_task_group() as tasks:
            for key in keys:
                tasks.start_soon(self.cancel, key, reason)

    async def cancel_seen(self, seen: VenueOrder) -> None:
        """Cancel an order of our prefix as the venue shows it, whatever the ledger says of it."""
        if seen.client_order_id in self._on.book.live:
            await self.cancel(seen.client_order_id, "canceled with all others")
            return
        try:
            await self._on.budget.take(Priority.CANCEL)
            with anyio.fail_after(self._on.cadence.cancel_timeout_s):
                await self._on.account.cancel(seen.symbol, seen.client_order_id, seen.venue_order_id)
        except (VenueError, TimeoutError):
            pass  # the next look at the open orders tells

    async def cancel_all(self, bot_id: BotId | None, deadline_s: float) -> Swept:
        """Cancel all of ours until the venue shows none in two looks, or until the deadline."""
        asked: set[ClientOrderId] = set()
        notes: list[str] = []
        clean = 0
        with anyio.move_on_after(deadline_s):
            while clean < 2:
                left = await self._ours_open(bot_id, notes)
                if left:
                    asked |= {seen.client_order_id for seen in left}
                    await self._cancel_each(left)
                    clean = 0
                    await anyio.sleep(self._on.cadence.tick_s)
                    continue
                nothing_left = left is not None and not self._on.book.may_arrive(bot_id)
                clean = clean + 1 if nothing_left else 0
                if clean < 2:
                    await anyio.sleep(self._on.cadence.absent_gap_s if nothing_left else self._on.cadence.tick_s)
        live = [order for order in self._on.book.live.values() if bot_id in (None, order.bot_id)]
        keys = [] if clean >= 2 else sorted({order.client_order_id for order in live})
        if clean < 2:
            notes.append(f"not proved empty within {deadline_s:g} s")
        return Swept(len(asked), keys, clean >= 2, list(dict.fromkeys(notes)))

    async def _ours_open(self, bot_id: BotId | None, notes: list[str]) -> list[VenueOrder] | None:
        try:
            await self._on.budget.take(Priority.CANCEL)
            seen = await self._on.account.open_orders()
        except VenueRateLimited as error:
            self._on.budget.pause(error.retry_after_ns)
            notes.append(f"the venue asks to wait: {error.message}")
            return None
        except VenueError as error:
            notes.append(f"open orders cannot be read: {error.message}")
            await anyio.sleep(self._on.cadence.reconnect_s)
            return None
        return [order for order in seen if self._on.ids.is_ours(order.client_order_id) and self._is_of(order, bot_id)]

    def _is_of(self, seen: VenueOrder, bot_id: BotId | None) -> bool:
        if bot_id is None:
            return True
        order = self._on.book.orders.get(seen.client_order_id)
        if order is not None:
            return order.bot_id == bot_id
        return bool(bot_of(seen.client_order_id, [bot_id])) and bool(bot_tag(bot_id))

    async def _cancel_each(self, orders: list[VenueOrder]) -> None:
        limiter = anyio.CapacityLimiter(AT_ONCE)

        async def one(seen: VenueOrder) -> None:
            async with limiter:
                await self.cancel_seen(seen)

        async with anyio.create_task_group() as tasks:
            for seen in orders:
                tasks.start_soon(one, seen)

    async def _ask(self, order: Order) -> None:
        """Send the cancel; whatever comes back is only a hint."""
        for _ in range(ATTEMPTS):
            await self._on.budget.take(Priority.CANCEL)
            try:
                with anyio.fail_after(self._on.cadence.cancel_timeout_s):
                    await self._on.account.cancel(order.symbol, order.client_order_id, order.venue_order_id)
                return
            except VenueRateLimited as error:
                self._on.budget.pause(error.retry_after_ns)
            except (VenueOrderNotFound, VenueRejected, VenueError, TimeoutError):
                return
