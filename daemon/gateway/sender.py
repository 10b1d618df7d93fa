"""The only path to a create endpoint.

halt → gate → limits, collar, market rules → budget → [INTENT and checkpoint durable together] → halt again →
shielded send with a validity window → ack, refusal or UNKNOWN → the bot is told. Nothing is ever sent twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import anyio

from algobot.errors import AlgobotError, NotFound, StoreError, VenueError, VenueRateLimited, VenueRejected
from algobot.model import BotId, NewOrder, Order, OrderStatus
from daemon.gateway import checks
from daemon.gateway.budget import Priority
from daemon.gateway.context import Context
from daemon.gateway.intake import Intake
from daemon.messages import Intent, PauseBot, Submit
from daemon.store import OrderRow

_S = OrderStatus
LATENCIES_KEPT: Final = 64
BAN_NS: Final = 30_000_000_000  # a wish to wait longer than this closes the gate
_NO_BREAKER: Final = ("halted", "the account is")


class Sender:
    """Turns a bot's intents into orders at the venue."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self.sending: set[str] = set()  # ids whose submit is under way
        self.latencies_ns: deque[int] = deque(maxlen=LATENCIES_KEPT)
        self.banned: Callable[[int], None] = lambda duration_ns: None
        self._on = context
        self._intake = intake
        self._breaker = checks.Breaker(context.settings.limits)

    async def submit(self, message: Submit, told_ns: int) -> None:
        """Send a bot's intents in their order; each ends as an order with a status, whatever happens."""
        await self._wait_for_gate(message)
        orders = [self._order(intent) for intent in message.intents]
        good = [order for order in orders if order.status is _S.INTENT]
        for order in good:
            await self._on.budget.take(Priority.REDUCE if order.reduce_only else Priority.ENTRY)
        keys = {order.client_order_id for order in good}
        self.sending |= keys  # nobody proves an order absent that waits for the disk, or for the one before it
        try:
            with anyio.CancelScope(shield=True):
                if await self._intend(orders, message):
                    for order in good:
                        await self._send(order, told_ns)
        finally:
            self.sending -= keys

    async def _wait_for_gate(self, message: Submit) -> None:
        gate = self._on.gate
        if message.intents and not gate.open and not self._flattening(message.intents[0]):
            with anyio.move_on_after(self._on.cadence.ready_wait_s):
                await gate.wait_open()

    async def _intend(self, orders: list[Order], message: Submit) -> bool:
        """Make intents, refusals and the checkpoint durable in one transaction; False when the disk says no."""
        rows = [OrderRow(order) for order in orders]
        checkpoint = () if message.checkpoint is None else (message.checkpoint,)
        for order in orders:
            self._on.book.put(order, self._on.clock.monotonic_ns())
            if order.status is _S.INTENT:
                self._doubt(order)
        try:
            await self._on.store.commit(*rows, *checkpoint)
        except StoreError as error:
            for order in orders:
                if order.status is _S.INTENT:
                    self._on.move(order, _S.REJECTED, f"not sent: {error.message}")
                else:
                    self._on.record(order)
            return False
        for order in orders:
            self._on.tell_order(order)
        return True

    async def _send(self, order: Order, told_ns: int) -> None:
        """Send one durable intent; what cannot be known stays UNKNOWN."""
        order = self._on.book.orders[order.client_order_id]
        if reason := self._closed(order, told_ns):
            self._on.move(order, _S.REJECTED, f"not sent: {reason}")
            return
        self.sending.add(order.client_order_id)
        started_ns = self._doubt(order)
        try:
            with anyio.fail_after(self._on.cadence.submit_timeout_s):
                valid_ns = int(self._on.cadence.valid_s * 1e9)
                seen = await self._on.account.submit(_new_order(order), valid_ns=valid_ns)
        except VenueRejected as error:
            self._refused(order, error)
        except (VenueError, TimeoutError) as error:
            self._unknown(order, str(error) or "no answer in time")
        else:
            self.latencies_ns.append(self._on.clock.monotonic_ns() - started_ns)
            self._on.hearing.witnessed(self._on.clock.monotonic_ns())
            if seen.venue_order_id and seen.client_order_id in ("", order.client_order_id):
                self._intake.answered(order.client_order_id, seen)
            else:
                self._unknown(order, "the venue's answer does not name the order")
        finally:
            self.sending.discard(order.client_order_id)

    def _order(self, intent: Intent) -> Order:
        """Return the intent as an order: INTENT, or REJECTED with the reason."""
        reason, intent = self._judged(intent)
        now_ns = self._on.clock.wall_ns()
        order = Order(
            client_order_id=self._on.ids.make(intent.bot_id),
            account_id=self._on.account_id,
            bot_id=intent.bot_id,
            symbol=intent.symbol,
            side=intent.side,
            type=intent.type,
            quantity=intent.quantity,
            status=_S.REJECTED if reason else _S.INTENT,
            created_ns=now_ns,
            updated_ns=now_ns,
            limit_price=intent.limit_price,
            time_in_force=intent.time_in_force,
            reduce_only=intent.reduce_only,
            tag=intent.tag,
            reason=reason,
        )
        if reason and not reason.startswith(_NO_BREAKER):
            self._count_refusal(intent.bot_id)
        return order

    def _judged(self, intent: Intent) -> tuple[str, Intent]:
        if reason := self._halted(intent) or self._on.gate.closed_for(flattening=self._flattening(intent)):
            return reason, intent
        try:
            instrument = self._on.account.instrument(intent.symbol)
        except NotFound as error:
            return error.message, intent
        intent = checks.rounded(intent, instrument)
        position = self._on.book.positions.get((intent.bot_id, intent.symbol), instrument.lot * 0)
        spec, mark = self._on.bots.get(intent.bot_id), self._on.mark(intent.symbol)
        reason = checks.refusal(intent, instrument, self._on.settings.limits, spec=spec, mark=mark)
        return reason or checks.not_reducing(intent, position), intent

    def _halted(self, wanted: Intent | Order) -> str:
        latch = self._on.halts.covering(self._on.account_id, wanted.bot_id)
        if latch is None or (latch.mode == "flatten" and wanted.reduce_only):
            return ""
        return latch.words

    def _flattening(self, wanted: Intent | Order) -> bool:
        latch = self._on.halts.covering(self._on.account_id, wanted.bot_id) if wanted.reduce_only else None
        return latch is not None and latch.mode == "flatten"

    def _closed(self, order: Order, told_ns: int) -> str:
        """Look once more, after the intent is durable: at the latch, at the gate, at the time."""
        if self._on.age_s(told_ns) > self._on.cadence.intent_ttl_s:
            return f"it waited longer than {self._on.cadence.intent_ttl_s:g} s"
        return self._halted(order) or self._on.gate.closed_for(flattening=self._flattening(order))

    def _doubt(self, order: Order) -> int:
        now_ns = self._on.clock.monotonic_ns()
        self._on.book.doubt_ns[order.client_order_id] = now_ns
        return now_ns

    def _refused(self, order: Order, error: VenueRejected) -> None:
        now = self._on.book.orders[order.client_order_id]
        self._on.move(now, _S.REJECTED, error.message)
        if isinstance(error, VenueRateLimited):
            self.rate_limited(error)
        else:
            self._count_refusal(order.bot_id)

    def _unknown(self, order: Order, why: str) -> None:
        now = self._on.book.orders[order.client_order_id]
        if now.status is _S.INTENT:
            self._on.move(now, _S.UNKNOWN, why)

    def rate_limited(self, error: AlgobotError) -> None:
        """Take the venue's wish to wait: nobody asks before, and a ban closes the gate."""
        if isinstance(error, VenueRateLimited):
            self._on.budget.pause(error.retry_after_ns)
            if error.retry_after_ns >= BAN_NS:
                self.banned(error.retry_after_ns)

    def _count_refusal(self, bot_id: BotId) -> None:
        if self._breaker.refused(bot_id, self._on.clock.monotonic_ns()):
            limits = self._on.settings.limits
            told = f"bot {bot_id}: {limits.refusals} orders refused in {limits.refusals_within_s:g} s; it is paused"
            self._on.alarm("bot.refused", told, "see its orders for the reasons, then resume it", bot_id=bot_id)
            self._on.deliver(bot_id, PauseBot())


def _new_order(order: Order) -> NewOrder:
    return NewOrder(
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        limit_price=order.limit_price,
        time_in_force=order.time_in_force,
        reduce_only=order.reduce_only,
    )
