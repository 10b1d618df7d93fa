"""`Account` of Binance-protocol venues over ccxt.pro, with the venue's own digits.

Requests go through ccxt's implicit endpoints: it signs, stamps and sends, we write the parameters and read the answer,
so that no amount is ever a float and ccxt need not load 3,000 markets. The private stream is ccxt's signed WebSocket
subscription; its events are taken as they arrive, before ccxt folds them into caches that keep only the latest.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from typing import Final, TypeVar

import msgspec

from algobot.errors import NotFound, VenueAuthFailed, VenueRejected, VenueTimeout, VenueUnavailable
from algobot.model import (
    ClientOrderId,
    Instrument,
    NewOrder,
    OrderStatus,
    Symbol,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from algobot.venues import binance_wire as wire
from algobot.venues import dead_man, permissions
from algobot.venues.binance_market import BinanceMarket
from algobot.venues.binance_private import follow_private
from algobot.venues.ccxt_client import RECV_WINDOW_MS, CcxtClient
from algobot.venues.classify import Action
from algobot.venues.facts import facts_of
from algobot.venues.port import Balance, PrivateEvent

PAGE: Final = 1000
DAY_MS: Final = 86_400_000
T = TypeVar("T")


class BinanceAccount:
    """Implements `venues.port.Account`; `market` gives the rules and may be shared with other accounts."""

    def __init__(
        self,
        client: CcxtClient,
        market: BinanceMarket,
        *,
        owns_market: bool,
        check_permissions: bool,
        page: int = PAGE,
    ) -> None:
        self.facts = facts_of(client.adapter)
        self._client = client
        self._client.wait = market.rest.wait  # the venue counts by address: who makes it angry does so for all
        self._market = market
        self._warnings: tuple[str, ...] = ()
        self._owns_market = owns_market
        self._check_permissions = check_permissions
        self._page = page
        self._fees: wire.CommissionRates | None = None
        self._symbols: dict[str, Symbol] = {}

    @property
    def used_weight(self) -> int:
        """As the port promises."""
        return self._client.used_weight

    @property
    def warnings(self) -> tuple[str, ...]:
        """As the port promises."""
        return self._warnings

    async def open(self) -> None:
        """As the port promises. A key that can withdraw is refused where the venue says what a key can do."""
        await self._market.ensure_open()
        self._symbols = {rules.venue_symbol: symbol for symbol, rules in self._market.instruments().items()}
        await self.clock_offset_ns()
        account = await self._client.call(Action.OPEN, wire.RestAccount, "private_get_account")
        self._fees = account.commissionRates
        if not account.canTrade:
            raise VenueAuthFailed(f"{self._client.adapter}: this account may not trade", hint="ask the venue why")
        if self._check_permissions:
            self._warnings = await permissions.check(self._client)

    async def close(self) -> None:
        """As the port promises."""
        await self._client.close()
        if self._owns_market:
            await self._market.close()

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises, with this account's own fees."""
        rules = self._market.instrument(symbol)
        if self._fees is None:
            return rules
        return msgspec.structs.replace(
            rules, maker_fee=wire.exact(self._fees.maker), taker_fee=wire.exact(self._fees.taker)
        )

    async def clock_offset_ns(self) -> int:
        """As the port promises; requests are stamped with the result from now on."""
        offset_ns = await self._market.rest.clock_offset_ns()
        await self._client.open()
        self._client.set_clock_offset(offset_ns)
        return offset_ns

    async def submit(self, order: NewOrder, *, valid_ns: int) -> VenueOrder:
        """As the port promises, within a recvWindow of at most 5 s."""
        try:
            instrument = self.instrument(order.symbol)
        except NotFound as error:
            raise VenueRejected(error.message, hint=error.hint) from None
        valid_ms = min(valid_ns // wire.MS_NS, RECV_WINDOW_MS)
        if valid_ms < 1:
            raise VenueRejected(f"the validity of {valid_ns} ns is over before it could be sent; nothing was sent")
        params = wire.order_params(order, instrument, valid_ms)
        raw = await self._call(Action.SUBMIT, wire.RestOrder, "private_post_order", params)
        answer = self._order(raw, Action.SUBMIT)
        if answer.status is OrderStatus.REJECTED:
            raise VenueRejected(f"{self._client.adapter}: the order was refused on arrival")
        if answer.client_order_id != order.client_order_id:
            raise VenueTimeout(
                f"{self._client.adapter}: the answer is about another order", hint="reconcile by client order id"
            )
        return answer

    async def cancel(self, symbol: Symbol, client_order_id: ClientOrderId, venue_order_id: VenueOrderId) -> None:
        """As the port promises."""
        params = {"symbol": self._venue_symbol(symbol)}
        if venue_order_id:
            params["orderId"] = venue_order_id
        else:
            params["origClientOrderId"] = client_order_id
        await self._call(Action.CANCEL, wire.RestOrder, "private_delete_order", params)

    async def fetch_order(self, symbol: Symbol, client_order_id: ClientOrderId) -> VenueOrder:
        """As the port promises."""
        params = {"symbol": self._venue_symbol(symbol), "origClientOrderId": client_order_id}
        return self._order(await self._call(Action.READ, wire.RestOrder, "private_get_order", params), Action.READ)

    async def open_orders(self, symbol: Symbol | None = None) -> list[VenueOrder]:
        """As the port promises."""
        params = {} if symbol is None else {"symbol": self._venue_symbol(symbol)}
        found = await self._call(Action.READ, list[wire.RestOrder], "private_get_openorders", params)
        return [self._order(raw, Action.READ) for raw in found]

    async def fills(
        self, symbol: Symbol, *, since_ns: int = 0, after: TradeId | None = None, order: VenueOrderId | None = None
    ) -> list[VenueFill]:
        """As the port promises."""
        asked = {"symbol": self._venue_symbol(symbol), "limit": str(self._page)}
        if order is not None:
            rows = await self._trades_from(asked | {"orderId": order}, None)
        elif after is not None:
            rows = await self._trades_from(asked, int(after) + 1)
        elif since_ns == 0:
            rows = await self._trades_from(asked, 0)
        else:
            rows = await self._trades_since(asked, since_ns // wire.MS_NS)
        fills = [wire.to_fill(raw, symbol) for raw in rows]
        return [fill for fill in fills if fill.ts_event_ns >= since_ns // wire.MS_NS * wire.MS_NS]

    async def balances(self) -> Mapping[str, Balance]:
        """As the port promises."""
        return wire.to_balances(await self._call(Action.READ, wire.RestAccount, "private_get_account", {}))

    async def arm_dead_man(self, seconds: float, symbols: Collection[Symbol]) -> None:
        """As the port promises."""
        await dead_man.arm(self._client, seconds, symbols)

    async def disarm_dead_man(self, symbols: Collection[Symbol]) -> None:
        """As the port promises."""
        await dead_man.disarm(self._client, symbols)

    async def stream(self) -> AsyncIterator[PrivateEvent]:
        """As the port promises; each call makes a new connection."""
        if self._client.skewed:
            with suppress(VenueUnavailable):
                await self.clock_offset_ns()
        async for event in follow_private(self._client, self._symbols):
            yield event

    # --- inside --------------------------------------------------------------------------------------------------

    async def _trades_from(self, asked: Mapping[str, str], first_id: int | None) -> list[wire.RestTrade]:
        """Return every trade from `first_id` on, page by page; None starts where the venue does."""
        rows: list[wire.RestTrade] = []
        while True:
            params = dict(asked) if first_id is None else {**asked, "fromId": str(first_id)}
            page = await self._call(Action.READ, list[wire.RestTrade], "private_get_mytrades", params)
            rows += page
            if len(page) < self._page:
                return rows
            first_id = page[-1].id + 1

    async def _trades_since(self, asked: Mapping[str, str], since_ms: int) -> list[wire.RestTrade]:
        """Return every trade since then: a start time reaches one day far, an id as far as there are trades."""
        start_ms = since_ms
        while True:
            params = {**asked, "startTime": str(start_ms)}
            page = await self._call(Action.READ, list[wire.RestTrade], "private_get_mytrades", params)
            if page:
                return page + await self._trades_from(asked, page[-1].id + 1)
            start_ms += DAY_MS
            if start_ms * wire.MS_NS > time.time_ns():
                return []

    async def _call(self, action: Action, wanted: type[T], method: str, params: Mapping[str, str]) -> T:
        if self._client.skewed:
            with suppress(VenueUnavailable):  # then the venue refuses our clock again, and says so
                await self.clock_offset_ns()
        return await self._client.call(action, wanted, method, dict(params))

    def _order(self, raw: wire.RestOrder, action: Action) -> VenueOrder:
        try:
            return wire.to_order(raw, self._symbols.get(raw.symbol, Symbol(raw.symbol)))
        except (KeyError, ValueError) as error:
            unreadable = f"{self._client.adapter}: an answer that cannot be: {error}"
            raise VenueTimeout(unreadable) if action is Action.SUBMIT else VenueUnavailable(unreadable) from None

    def _venue_symbol(self, symbol: Symbol) -> str:
        try:
            return self._market.instrument(symbol).venue_symbol
        except NotFound:
            return symbol.replace("/", "")  # delisted, or never known: the venue decides
