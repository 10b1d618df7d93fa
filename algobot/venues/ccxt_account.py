"""`Account` over ccxt's unified API, for venues without an adapter of their own.

Weaker than such an adapter, and plainly so: amounts pass through ccxt's floats, and where the venue has no validity
window (`VALIDITY`) a late order can be accepted for as long as the venue likes.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any, Final

import msgspec

from algobot.errors import NotFound, VenueRejected, VenueTimeout, VenueUnavailable
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
from algobot.venues.ccxt_client import RECV_WINDOW_MS, CcxtClient
from algobot.venues.ccxt_stream import merged
from algobot.venues.classify import Action
from algobot.venues.port import Balance, BalancesChanged, PrivateEvent

PAGE: Final = 500
VALIDITY: Final[Mapping[str, Callable[[int], dict[str, Any]]]] = {  # milliseconds -> parameters of create_order
    "binance": lambda ms: {"recvWindow": ms},
    "binanceus": lambda ms: {"recvWindow": ms},
    "kraken": lambda ms: {"deadline": _iso_in(ms)},
}


class CcxtAccount:
    """Implements `venues.port.Account`."""

    def __init__(self, client: CcxtClient) -> None:
        self._client = client
        self._instruments: dict[Symbol, Instrument] = {}

    async def open(self) -> None:
        """As the port promises."""
        await self._client.open()
        await self._client.ask(Action.OPEN, "load_markets")
        self._instruments = wire.to_instruments(self._client.exchange)
        await self.clock_offset_ns()
        await self._client.ask(Action.OPEN, "fetch_balance")

    async def close(self) -> None:
        """As the port promises."""
        await self._client.close()

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises."""
        if symbol not in self._instruments:
            raise NotFound(f"symbol {symbol!r} is not traded here", hint="write it like BTC/USDT")
        return self._instruments[symbol]

    async def clock_offset_ns(self) -> int:
        """As the port promises; 0 where the venue tells no time."""
        if not self._client.exchange.has.get("fetchTime"):
            return 0
        sent_ns = time.time_ns()
        venue_ms = await self._client.ask(Action.READ, "fetch_time")
        received_ns = time.time_ns()
        if not isinstance(venue_ms, int):
            raise VenueUnavailable(f"{self._client.adapter}: the time cannot be read")
        offset_ns = venue_ms * wire.MS_NS - (sent_ns + received_ns) // 2
        self._client.set_clock_offset(offset_ns)
        return offset_ns

    async def submit(self, order: NewOrder, *, valid_ns: int) -> VenueOrder:
        """As the port promises, where the venue knows a validity window."""
        if order.symbol not in self._instruments:
            raise VenueRejected(f"symbol {order.symbol!r} is not traded here; nothing was sent")
        _refuse_rounding(order, self._instruments[order.symbol])
        valid_ms = min(valid_ns // wire.MS_NS, RECV_WINDOW_MS)
        if valid_ms < 1:
            raise VenueRejected(f"the validity of {valid_ns} ns is over before it could be sent; nothing was sent")
        window = VALIDITY.get(self._client.adapter)
        params = _order_params(order) | (window(valid_ms) if window else {})
        kind, side = order.type.value, "buy" if order.side is Side.BUY else "sell"
        price = None if order.limit_price is None else format(order.limit_price, "f")
        answer = await self._client.ask(
            Action.SUBMIT,
            "create_order",
            order.symbol,
            kind,
            side,
            format(order.quantity, "f"),
            price,
            params,
        )
        placed = self._read(answer, order)
        if placed.status is OrderStatus.REJECTED:
            raise VenueRejected(f"{self._client.adapter}: the order was refused on arrival")
        return placed

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId, venue_order_id: VenueOrderId) -> None:
        """As the port promises."""
        params = {} if venue_order_id else {"clientOrderId": client_order_id}
        await self._client.ask(Action.CANCEL, "cancel_order", venue_order_id or None, symbol, params)

    async def fetch_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """As the port promises."""
        params = {"clientOrderId": client_order_id}
        answer = await self._client.ask(Action.READ, "fetch_order", None, symbol, params)
        return _orders([answer], self._client.adapter)[0]

    async def open_orders(self, symbol: Symbol | None = None) -> list[VenueOrder]:
        """As the port promises."""
        answer = await self._client.ask(Action.READ, "fetch_open_orders", symbol)
        return _orders(answer, self._client.adapter)

    async def fills(
        self, symbol: Symbol, *, since_ns: int = 0, after: TradeId | None = None, order: VenueOrderId | None = None
    ) -> list[VenueFill]:
        """As the port promises, paging by time."""
        found: dict[TradeId, VenueFill] = {}
        since_ms = since_ns // wire.MS_NS or None
        while True:
            page = await self._client.ask(Action.READ, "fetch_my_trades", symbol, since_ms, PAGE)
            fills = _fills(page, self._client.adapter)
            new = [fill for fill in fills if fill.trade_id not in found]
            found.update({fill.trade_id: fill for fill in new})
            if not new or len(fills) < PAGE:
                break
            since_ms = fills[-1].ts_event_ns // wire.MS_NS
        ordered = sorted(found.values(), key=lambda fill: fill.ts_event_ns)
        if after is not None and after in found:
            ordered = ordered[[fill.trade_id for fill in ordered].index(after) + 1 :]
        return [fill for fill in ordered if order is None or fill.venue_order_id == order]

    async def balances(self) -> Mapping[str, Balance]:
        """As the port promises."""
        return wire.to_balances(await self._client.ask(Action.READ, "fetch_balance"))

    async def stream(self) -> AsyncIterator[PrivateEvent]:
        """As the port promises; `Connected` means that ccxt is logged in, where it can say so."""
        watchers = [partial(self._watch, method, read) for method, read in _WATCHERS]
        async with aclosing(merged(self._client, watchers)) as events:
            async for event in events:
                yield event

    async def _watch(
        self,
        method: str,
        read: Callable[[Any, str], Sequence[PrivateEvent]],
        tell: Callable[[PrivateEvent], Awaitable[None]],
    ) -> None:
        while True:
            for event in read(await self._client.ask(Action.READ, method), self._client.adapter):
                await tell(event)

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
        try:
            return wire.to_order(msgspec.convert(known | said, wire.UnifiedOrder, strict=False))
        except (msgspec.ValidationError, KeyError) as error:
            raise VenueTimeout(
                f"{self._client.adapter}: the answer to the order cannot be read ({error})",
                hint="reconcile by client order id; do not resend",
            ) from None


def _refuse_rounding(order: NewOrder, rules: Instrument) -> None:
    """Raise VenueRejected for what ccxt would silently round to something else than was meant."""
    if order.quantity % rules.lot:
        raise VenueRejected(f"quantity {order.quantity} is not a multiple of the lot {rules.lot}; nothing was sent")
    if order.limit_price is not None and order.limit_price % rules.tick:
        raise VenueRejected(f"price {order.limit_price} is not a multiple of the tick {rules.tick}; nothing was sent")


def _order_params(order: NewOrder) -> dict[str, Any]:
    params: dict[str, Any] = {"clientOrderId": order.client_order_id}
    if order.time_in_force is TimeInForce.POST_ONLY:
        params["postOnly"] = True
    elif order.type is OrderType.LIMIT:
        params["timeInForce"] = order.time_in_force.name
    return params


def _iso_in(milliseconds: int) -> str:
    at = time.time() + milliseconds / 1000
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}Z"


def _orders(answer: Any, adapter: str) -> list[VenueOrder]:
    try:
        return [wire.to_order(raw) for raw in msgspec.convert(list(answer), list[wire.UnifiedOrder], strict=False)]
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise VenueUnavailable(f"{adapter}: an order cannot be read ({error})") from None


def _fills(answer: Any, adapter: str) -> list[VenueFill]:
    try:
        return [wire.to_fill(raw) for raw in msgspec.convert(list(answer), list[wire.UnifiedTrade], strict=False)]
    except (msgspec.ValidationError, KeyError, TypeError) as error:
        raise VenueUnavailable(f"{adapter}: a trade cannot be read ({error})") from None


def _balances(answer: Any, adapter: str) -> list[BalancesChanged]:
    del adapter
    return [BalancesChanged(wire.to_balances(answer), time.time_ns())]


_WATCHERS: Final[tuple[tuple[str, Callable[[Any, str], Sequence[PrivateEvent]]], ...]] = (
    ("watch_orders", _orders),
    ("watch_my_trades", _fills),
    ("watch_balance", _balances),
)
