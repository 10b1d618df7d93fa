"""Questions to the venue: one order, all open orders, trades. Each tells the intake; a failed one proves nothing."""

from __future__ import annotations

from typing import Final

from algobot.errors import StoreError, VenueError, VenueOrderNotFound, VenueRateLimited, VenueReadRefused
from algobot.model import (
    BotId,
    ClientOrderId,
    Order,
    OrderStatus,
    Symbol,
    VenueFill,
    VenueOrder,
)
from daemon.gateway.budget import Priority
from daemon.gateway.context import Context
from daemon.gateway.ids import bot_of
from daemon.gateway.intake import Intake

_S = OrderStatus
FOREIGN_AFTER_NS: Final = 600_000_000_000
_RESTING: Final = frozenset({_S.OPEN, _S.PARTIAL, _S.PENDING_CANCEL})


class Looks:
    """What an account's gateway asks of its venue."""

    def __init__(self, context: Context, intake: Intake) -> None:
        self._on = context
        self._intake = intake
        self._gone: set[Symbol] = set()  # of which an alarm was raised

    async def look_at(self, order: Order) -> bool | None:
        """Fetch one order: True it is there, False the venue knows none (weak evidence), None no answer."""
        await self._on.budget.take(Priority.QUERY)
        asked_ns = self._on.clock.monotonic_ns()
        try:
            seen = await self._on.account.fetch_order(order.symbol, order.client_order_id)
        except VenueOrderNotFound:
            return False
        except VenueError as error:
            self._heed(error)
            return None
        fresh = self._untouched(order.client_order_id, asked_ns)
        self._intake.answered(order.client_order_id, seen, queried=fresh)
        if order.client_order_id in self._on.book.lagging:
            await self.trades_of(order)
        return True

    async def trades_of(self, order: Order) -> bool:
        """Fetch the trades of one order; return whether there was an answer."""
        venue_order_id = self._on.book.orders[order.client_order_id].venue_order_id
        if not venue_order_id:
            return False
        await self._on.budget.take(Priority.QUERY)
        try:
            trades = await self._on.account.fills(order.symbol, order=venue_order_id)
        except VenueError as error:
            self._heed(error)
            return False
        for trade in trades:
            self._intake.fill(trade)
        return True

    async def open_orders(self) -> bool:
        """Compare all open orders with the book; return whether every answer came."""
        before = dict(self._on.book.live)
        asked_ns = self._on.clock.monotonic_ns()
        await self._on.budget.take(Priority.QUERY)
        try:
            seen = await self._on.account.open_orders()
        except VenueError as error:
            self._heed(error)
            return False
        for order in seen:
            self._intake.order(order, queried=self._untouched(order.client_order_id, asked_ns))
        ours = self._on.ids.is_ours
        self._on.book.foreign = {(o.symbol, o.venue_order_id) for o in seen if not ours(o.client_order_id)}
        shown = {order.client_order_id for order in seen}
        complete = True
        for key, resting in before.items():
            if key not in shown and resting.status in _RESTING and self._settled(key):
                complete &= await self.look_at(resting) is not None
        return await self._adopt() and complete

    async def trades(self, symbols: set[Symbol], *, since_ns: int = 0) -> bool:
        """Sweep the trades of symbols from before the newest fill known; return whether every answer came."""
        complete = True
        for symbol in sorted(symbols):
            await self._on.budget.take(Priority.QUERY)
            try:
                trades = await self._on.account.fills(symbol, since_ns=since_ns or self._since_ns(symbol))
            except VenueReadRefused as error:  # the venue knows the symbol no more: its balances are all the proof left
                self._alarm_gone(symbol, error)
                continue
            except VenueError as error:
                self._heed(error)
                complete = False
                continue
            for trade in trades:
                self._intake.fill(trade)
        return await self._match_parked() and complete

    async def is_absent(self, order: Order) -> bool | None:
        """Ask all three ways for an order that may not exist: True no trace, False a trace or doubt, None no answer."""
        there = await self.look_at(order)
        if there is not False:
            return None if there is None else False
        await self._on.budget.take(Priority.QUERY)
        try:
            seen = await self._on.account.open_orders(order.symbol)
        except VenueError as error:
            self._heed(error)
            return None
        for other in seen:
            if other.client_order_id == order.client_order_id:
                self._intake.order(other, queried=True)
                return False
        since_ns = order.created_ns - int(self._on.cadence.overlap_s * 1e9)
        if not await self.trades({order.symbol}, since_ns=since_ns):
            return None
        return not self._maybe_its(order)

    def _maybe_its(self, order: Order) -> bool:
        """Return whether a trade nobody owns could be of this order: no proof of absence then."""
        return any(
            trade.symbol == order.symbol and trade.side is order.side and trade.ts_event_ns >= order.created_ns
            for waiting in self._on.book.parked.values()
            for trade in waiting
        )

    def _untouched(self, key: ClientOrderId, asked_ns: int) -> bool:
        return self._on.book.touched_ns.get(key, 0) <= asked_ns

    def _settled(self, key: ClientOrderId) -> bool:
        return self._on.age_s(self._on.book.touched_ns.get(key, 0)) >= self._on.cadence.settle_s

    def _since_ns(self, symbol: Symbol) -> int:
        marks = [order.created_ns for order in self._on.book.live.values() if order.symbol == symbol]
        if symbol in self._on.book.watermarks:
            marks.append(self._on.book.watermarks[symbol])
        newest = min(marks) if marks else self._on.began_ns
        return max(1, newest - int(self._on.cadence.overlap_s * 1e9))

    async def _match_parked(self) -> bool:
        """Ask the ledger, then the venue, whose the trades are that no order in memory claims."""
        book = self._on.book
        for place, waiting in list(book.parked.items()):
            try:
                order = await self._on.store.reads.order_by_venue_id(self._on.account_id, *place)
                if order is not None:
                    await self._recall(order)
            except StoreError:
                return False
            if order is not None:
                for trade in book.parked.pop(place, []):
                    self._intake.fill(trade)
            elif waiting and self._on.ids.is_ours(waiting[0].client_order_id):
                await self._fetch_stray(waiting[0])
            elif self._is_foreign(waiting):
                book.parked.pop(place, None)
        return await self._adopt()

    def _is_foreign(self, waiting: list[VenueFill]) -> bool:
        """Return whether no order of ours can still claim these trades: they are old and nothing is in doubt."""
        newest_ns = max((trade.ts_event_ns for trade in waiting), default=0)
        old = self._on.clock.wall_ns() - newest_ns > FOREIGN_AFTER_NS
        return old and not self._on.book.may_arrive()

    async def _fetch_stray(self, trade: VenueFill) -> None:
        await self._on.budget.take(Priority.QUERY)
        try:
            seen = await self._on.account.fetch_order(trade.symbol, trade.client_order_id)
        except VenueError as error:
            self._heed(error)
            return
        self._on.book.strays.setdefault(seen.client_order_id, seen)

    async def _adopt(self) -> bool:
        """Give every order of our prefix that the book does not know a row, its bot a halt, and a person an alarm."""
        book = self._on.book
        for key, seen in list(book.strays.items()):
            try:
                known = book.orders.get(key) or await self._on.store.reads.order(key)
                if known is not None:
                    await self._recall(known)
            except StoreError:
                return False
            book.strays.pop(key, None)
            if known is None:
                self._take_in(seen)
                continue
            self._intake.order(seen, queried=True)
        return True

    async def _recall(self, order: Order) -> None:
        """Have an order of the ledger in the book again, with the trades it has had. Raises StoreError."""
        if order.client_order_id not in self._on.book.orders:
            trades = await self._on.store.reads.trades_of(order.client_order_id)
            self._on.book.recall(order, trades, self._on.clock.monotonic_ns())

    def _take_in(self, seen: VenueOrder) -> None:
        bot_id = bot_of(seen.client_order_id, self._on.bots)
        order = _adopted(seen, self._on, bot_id)
        self._on.record(order)
        told = f"order {seen.client_order_id} is ours but not in the ledger: adopted for bot {bot_id or '(none)'}"
        hint = "was an older database restored? compare with the venue, then unhalt"
        self._on.alarm("order.adopted", told, hint, bot_id=bot_id)
        self._intake.halt_bot(bot_id, told)
        self._intake.order(seen, queried=True)
        for trade in self._on.book.parked.pop((seen.symbol, seen.venue_order_id), []):
            self._intake.fill(trade)

    def _alarm_gone(self, symbol: Symbol, error: VenueError) -> None:
        if symbol not in self._gone:
            self._gone.add(symbol)
            told = f"the venue answers no question about {symbol}: {error.message}"
            self._on.alarm("symbol.gone", told, "delisted? its balances are still compared")

    def _heed(self, error: VenueError) -> None:
        if isinstance(error, VenueRateLimited):
            self._on.budget.pause(error.retry_after_ns)


def _adopted(seen: VenueOrder, context: Context, bot_id: BotId) -> Order:
    now_ns = context.clock.wall_ns()
    return Order(
        client_order_id=seen.client_order_id,
        account_id=context.account_id,
        bot_id=bot_id,
        symbol=seen.symbol,
        side=seen.side,
        type=seen.type,
        quantity=seen.quantity,
        status=_S.OPEN,
        created_ns=seen.ts_event_ns or now_ns,
        updated_ns=now_ns,
        limit_price=seen.limit_price,
        venue_order_id=seen.venue_order_id,
        tag="adopted",
        reason="found at the venue",
    )
