"""`Account` over ccxt's unified API, for venues without an adapter of their own.

Weaker than such an adapter, and plainly so: amounts pass through ccxt's floats, and where the venue has no validity
window (`facts.validity`) a late order can be accepted for as long as the venue likes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing, suppress
from functools import partial
from typing import Any

import msgspec

from algobot.errors import (
    NotFound,
    VenueAuthFailed,
    VenueOrderNotFound,
    VenueRateLimited,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
)
from algobot.model import (
    ClientOrderId,
    Instrument,
    NewOrder,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from algobot.venues import ccxt_wire as wire
from algobot.venues import dead_man, permissions
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.ccxt_stream import merged
from algobot.venues.ccxt_trades import fetch_trades, read_trades
from algobot.venues.classify import Action
from algobot.venues.dialects import dialect_of, own_id
from algobot.venues.facts import facts_of
from algobot.venues.order_ids import encoding_of, read_id, write_id
from algobot.venues.port import Balance, BalancesChanged, PrivateEvent
from algobot.venues.validity import window_params


class CcxtAccount:
    """Implements `venues.port.Account`."""

    def __init__(self, client: CcxtClient, *, check_permissions: bool = True) -> None:
        self.facts = facts_of(client.adapter)
        self.client = client
        self._dialect = dialect_of(client.adapter)
        self._instruments: dict[Symbol, Instrument] = {}
        self._armed = asyncio.Event()
        self._check_permissions = check_permissions
        self._warnings: tuple[str, ...] = ()

    @property
    def used_weight(self) -> int:
        """As the port promises."""
        return self.client.used_weight

    @property
    def warnings(self) -> tuple[str, ...]:
        """As the port promises."""
        return self._warnings

    async def open(self) -> None:
        """As the port promises. A key that can withdraw is refused where the venue says what a key can do."""
        await self.client.open()
        await self._ask(Action.OPEN, "load_markets")
        self._instruments = wire.to_instruments(self.client.exchange)
        await self.clock_offset_ns()
        if self._check_permissions:
            self._warnings = await permissions.check(self.client)
        await self._ask(Action.OPEN, "fetch_balance")
        await self._check_kind()

    async def close(self) -> None:
        """As the port promises."""
        await self.client.close()

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises."""
        if symbol not in self._instruments:
            raise NotFound(f"symbol {symbol!r} is not traded here", hint="write it like BTC/USDT")
        return self._instruments[symbol]

    async def clock_offset_ns(self) -> int:
        """As the port promises; 0 where the venue tells no time."""
        if not self.client.exchange.has.get("fetchTime"):
            return 0
        sent_ns = time.time_ns()
        venue_ms = await self.client.ask(Action.READ, "fetch_time")
        received_ns = time.time_ns()
        if not isinstance(venue_ms, int):
            raise VenueUnavailable(f"{self.client.adapter}: the time cannot be read")
        venue_ns = venue_ms * wire.MS_NS + self._dialect.clock_step_ms * wire.MS_NS // 2
        offset_ns = venue_ns - (sent_ns + received_ns) // 2
        self.client.set_clock_offset(offset_ns)
        return offset_ns

    async def submit(self, order: NewOrder, *, valid_ns: int) -> VenueOrder:
        """As the port promises, where the venue knows a validity window."""
        if order.symbol not in self._instruments:
            raise VenueRejected(f"symbol {order.symbol!r} is not traded here; nothing was sent", kind="closed")
        _refuse_rounding(order, self._instruments[order.symbol])
        await self._mend_clock()  # before the end of its validity is computed
        params = self._own_id_params(order.client_order_id) | self._window(valid_ns) | _order_params(order)
        answer = await self._ask(
            Action.SUBMIT,
            "create_order",
            order.symbol,
            order.type.value,
            "buy" if order.side is Side.BUY else "sell",
            format(order.quantity, "f"),
            await self._price(order),
            params,
        )
        placed = self._read(answer, order)
        if placed.status is OrderStatus.REJECTED:
            raise VenueRejected(f"{self.client.adapter}: the order was refused on arrival")
        return placed

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId, venue_order_id: VenueOrderId) -> None:
        """As the port promises; where a cancel needs the venue's id, that is looked up first."""
        params: dict[str, Any] = {}
        if not venue_order_id:
            if self._dialect.cancel_param:
                params = {self._dialect.cancel_param: write_id(self.client.adapter, client_order_id)}
            else:
                venue_order_id = await self._venue_id(symbol, client_order_id)
        await self._ask(Action.CANCEL, "cancel_order", venue_order_id or None, symbol, params)

    async def fetch_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """As the port promises; where no query takes our id, every list it can stand in is looked through."""
        form = write_id(self.client.adapter, client_order_id)
        if not self._dialect.looks:
            answer = await self._ask(Action.READ, "fetch_order", None, symbol, {"clientOrderId": form})
            return self._orders([answer])[0]
        for look in self._dialect.looks:
            params = {look.param: form} if look.param else {}
            answer = await self._ask(Action.READ, look.method, symbol, None, None, params)
            found = [order for order in self._orders(answer) if order.client_order_id == client_order_id]
            if found:
                return found[0]
        raise VenueOrderNotFound(f"{self.client.adapter}: no order {client_order_id} in any list")

    async def open_orders(self, symbol: Symbol | None = None) -> list[VenueOrder]:
        """As the port promises, every page of them."""
        found: dict[VenueOrderId, VenueOrder] = {}
        params: dict[str, Any] | None = dict(self._dialect.first_open)
        while params is not None:
            rows = await self._ask(Action.READ, "fetch_open_orders", symbol, None, None, params)
            new = [order for order in self._orders(rows) if order.venue_order_id not in found]
            found.update({order.venue_order_id: order for order in new})
            params = self._dialect.more_open(rows) if new else None
        return list(found.values())

    async def fills(
        self, symbol: Symbol, *, since_ns: int = 0, after: TradeId | None = None, order: VenueOrderId | None = None
    ) -> list[VenueFill]:
        """As the port promises, paging by time."""
        if order is not None and self._dialect.trades.by_order:
            rows = await self._ask(Action.READ, "fetch_order_trades", order, symbol)
            found = read_trades(rows, self.client.adapter)
        else:
            found = await fetch_trades(self.client, symbol, since_ns // wire.MS_NS, self._dialect.trades)
        ordered = sorted(found, key=lambda fill: fill.ts_event_ns)
        ids = [fill.trade_id for fill in ordered]
        if after is not None and after in ids:
            ordered = ordered[ids.index(after) + 1 :]
        return [fill for fill in ordered if order is None or fill.venue_order_id == order]

    async def balances(self) -> Mapping[str, Balance]:
        """As the port promises."""
        return wire.to_balances(await self._ask(Action.READ, "fetch_balance"))

    async def arm_dead_man(self, seconds: float, symbols: Collection[Symbol]) -> None:
        """As the port promises."""
        await dead_man.arm(self.client, seconds, symbols)
        self._armed.set()

    async def disarm_dead_man(self, symbols: Collection[Symbol]) -> None:
        """As the port promises."""
        await dead_man.disarm(self.client, symbols)
        self._armed.clear()

    async def stream(self) -> AsyncIterator[PrivateEvent]:
        """As the port promises; `Connected` means that ccxt is logged in, where it can say so."""
        readers: dict[str, Callable[[Any], Sequence[PrivateEvent]]] = {
            "watch_orders": self._orders,
            "watch_my_trades": partial(read_trades, adapter=self.client.adapter),
            "watch_balance": _balances,
        }
        watchers = [partial(self._watch, method, read) for method, read in readers.items()]
        if self._dialect.dead_man_topic:
            watchers.append(partial(self._keep_dead_man_topic))
        async with aclosing(merged(self.client, watchers)) as events:
            async for event in events:
                yield event

    async def _watch(
        self,
        method: str,
        read: Callable[[Any], Sequence[PrivateEvent]],
        tell: Callable[[PrivateEvent], Awaitable[None]],
    ) -> None:
        while True:
            for event in read(await self._ask(Action.READ, method)):
                await tell(event)

    async def _ask(self, action: Action, method: str, *arguments: object) -> Any:
        await self._mend_clock()
        return await self.client.ask(action, method, *arguments)

    async def _mend_clock(self) -> None:
        """Measure the clock again once the venue refused it."""
        if self.client.skewed:
            with suppress(VenueUnavailable, VenueRateLimited):  # then the venue refuses our clock again, and says so
                await self.clock_offset_ns()

    async def _check_kind(self) -> None:
        if not self._dialect.fitness:
            return
        answer = await self._ask(Action.OPEN, self._dialect.fitness)
        if reason := self._dialect.unfit(answer):
            raise VenueAuthFailed(f"{self.client.adapter}: {reason}", kind="restricted")

    def _own_id_params(self, client_order_id: ClientOrderId) -> dict[str, Any]:
        adapter = self.client.adapter
        try:
            return {encoding_of(adapter).param: write_id(adapter, client_order_id)}
        except ValueError as error:
            hint = "a shorter daemon.instance makes shorter ids"
            raise VenueRejected(f"{error}; nothing was sent", hint=hint, kind="malformed") from None

    def _window(self, valid_ns: int) -> dict[str, Any]:
        """Return the parameters that end the order's validity, or refuse what the venue cannot promise."""
        promised = self.facts.validity
        valid_ms = min(valid_ns // wire.MS_NS, promised.longest_ms)
        if valid_ms < promised.shortest_ms:
            told = f"{self.client.adapter}: a validity of {valid_ms} ms is less than {promised.shortest_ms} ms"
            raise VenueRejected(f"{told}; nothing was sent", kind="clock")
        venue_ms = time.time_ns() // wire.MS_NS - int(self.client.exchange.options.get("timeDifference") or 0)
        return window_params(self.client.adapter, valid_ms, venue_ms)

    async def _price(self, order: NewOrder) -> str | None:
        if order.limit_price is not None:
            return format(order.limit_price, "f")
        if not self._dialect.market_needs_price:
            return None
        try:
            ticker = await self._ask(Action.READ, "fetch_ticker", order.symbol)
        except VenueUnavailable as error:
            raise VenueRejected(f"{error.message}; nothing was sent", kind="price") from None
        last = ticker.get("last") if isinstance(ticker, dict) else None
        if not isinstance(last, int | float) or not 0 < last < float("inf"):
            raise VenueRejected(f"{self.client.adapter}: no price for a market order; nothing was sent", kind="price")
        return format(wire.exact(last), "f")

    async def _venue_id(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrderId:
        try:
            return (await self.fetch_order(symbol, client_order_id)).venue_order_id
        except VenueUnavailable as error:
            raise VenueTimeout(error.message, hint="the cancel was not sent; ask again") from None

    def _orders(self, answer: Any) -> list[VenueOrder]:
        """Return ccxt's orders with our ids in our own form."""
        adapter = self.client.adapter
        try:
            named = [raw | {"clientOrderId": read_id(adapter, own_id(self._dialect, raw))} for raw in answer]
            return [wire.to_order(raw) for raw in msgspec.convert(named, list[wire.UnifiedOrder], strict=False)]
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            raise VenueUnavailable(f"{adapter}: an order cannot be read ({error})") from None

    async def _keep_dead_man_topic(self, tell: Callable[[PrivateEvent], Awaitable[None]]) -> None:
        """Subscribe, once a timer is armed, to the topic whose end starts it; nothing ever comes on it."""
        del tell
        await self._armed.wait()
        topic = self._dialect.dead_man_topic
        url = await self._ask(Action.READ, "get_url_by_market_type", None, True, "watchOrders", {})
        await self._ask(Action.READ, "authenticate", url)
        await self._ask(Action.READ, "watch_topics", url, [topic], [topic])

    def _read(self, answer: Any, order: NewOrder) -> VenueOrder:
        """Return the answer to a submit; venues repeat little of what was asked, so `order` fills the gaps."""
        known = {
            "symbol": order.symbol,
            "side": "buy" if order.side is Side.BUY else "sell",
            "type": order.type.value,
            "amount": str(order.quantity),
            "price": None if order.limit_price is None else str(order.limit_price),
            "clientOrderId": order.client_order_id,
        }
        said = {name: value for name, value in answer.items() if value is not None} if isinstance(answer, dict) else {}
        if form := own_id(self._dialect, said):
            said["clientOrderId"] = read_id(self.client.adapter, form)
        try:
            return wire.to_order(msgspec.convert(known | said, wire.UnifiedOrder, strict=False))
        except (msgspec.ValidationError, KeyError) as error:
            raise VenueTimeout(
                f"{self.client.adapter}: the answer to the order cannot be read ({error})",
                hint="reconcile by client order id; do not resend",
            ) from None


def _refuse_rounding(order: NewOrder, rules: Instrument) -> None:
    """Raise VenueRejected for what ccxt would silently round to something else than was meant."""
    if order.quantity % rules.lot:
        told = f"quantity {order.quantity} is not a multiple of the lot {rules.lot}; nothing was sent"
        raise VenueRejected(told, kind="rules")
    if order.limit_price is not None and order.limit_price % rules.tick:
        told = f"price {order.limit_price} is not a multiple of the tick {rules.tick}; nothing was sent"
        raise VenueRejected(told, kind="price")


def _order_params(order: NewOrder) -> dict[str, Any]:
    params: dict[str, Any] = {}
    if order.time_in_force is TimeInForce.POST_ONLY:
        params["postOnly"] = True
    elif order.type is OrderType.LIMIT:
        params["timeInForce"] = order.time_in_force.name
    return params


def _balances(answer: Any) -> list[BalancesChanged]:
    return [BalancesChanged(wire.to_balances(answer), time.time_ns())]
