"""The matching engine: orders of accounts against a book, money moved to the last unit.

Synchronous and without a clock of its own: the caller passes wall milliseconds. Everything a client may learn of goes
to the `Sink`, before the call returns, in the order it happened.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Final, Literal, Protocol

from algobot.simulator import refusals
from algobot.simulator.accounts import PPM, Account, House
from algobot.simulator.book import Book, Resting
from algobot.simulator.journal import Accepted, Changed, Journal, Traded
from algobot.simulator.orders import Fill, Order, OrderRequest
from algobot.simulator.rules import Rules
from algobot.simulator.units import show

MarketStatus = Literal["TRADING", "BREAK", "DELISTED"]
SIDES: Final = {1: "BUY", -1: "SELL"}


class Sink(Protocol):
    """Who is told what the engine does."""

    def reported(self, order: Order, execution: str, *, fill: Fill | None = None, cancel_id: str = "") -> None:
        """An order was taken, traded, canceled or expired."""
        ...

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """These assets of the account stand differently now."""
        ...

    def traded(self, market: Market, trade_id: int, price: int, lots: int, *, buyer_is_maker: bool) -> None:
        """Something was traded, for the public tape."""
        ...


class Market:
    """One symbol's book and its orders."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.book: Book[Order | None] = Book()
        self.last_price = rules.ticks_of(rules.start_price)  # ticks
        self.orders: dict[int, Order] = {}
        self.stops: dict[int, Order] = {}
        self.status: MarketStatus = "TRADING"
        self._order_id = 0
        self._trade_id = 0

    def next_order_id(self) -> int:
        """Return a fresh order id of this symbol."""
        self._order_id += 1
        return self._order_id

    def next_trade_id(self) -> int:
        """Return a fresh trade id of this symbol; ids only grow."""
        self._trade_id += 1
        return self._trade_id


class Blotter:
    """What one account did in one market."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self.fills: list[Fill] = []
        self.by_client: dict[str, Order] = {}
        self.open: dict[int, Order] = {}

    def fills_from(self, trade_id: int) -> list[Fill]:
        """Return the fills with this trade id or a later one, oldest first."""
        return self.fills[bisect_left(self.fills, trade_id, key=lambda fill: fill.trade_id) :]


class Exchange:
    """Every market and every account."""

    def __init__(self, markets: dict[str, Market], accounts: list[Account], journal: Journal, sink: Sink) -> None:
        self.markets = markets
        self.accounts = accounts
        self.house = House()
        self.journal = journal
        self._sink = sink
        self._blotters: dict[tuple[str, str], Blotter] = {}

    def blotter(self, account: Account, market: Market) -> Blotter:
        """Return what `account` did in `market`."""
        return self._blotters.setdefault((account.key, market.rules.symbol), Blotter())

    def open_orders(self, account: Account) -> Iterator[tuple[Market, Order]]:
        """Yield the account's open orders in every market."""
        for market in self.markets.values():
            for order in self.blotter(account, market).open.values():
                yield market, order

    # --- what accounts do ------------------------------------------------------------------------------------------

    def place(self, account: Account, market: Market, request: OrderRequest, ms: int) -> Order:
        """Take an order, trade what trades at once, let the rest wait or end. Raises Refusal: there is no order."""
        if market.status != "TRADING":
            raise refusals.rejected("Market is closed.")
        blotter = self.blotter(account, market)
        self._check(account, market, blotter, request)
        lots = request.lots
        if request.quote:
            lots = market.book.lots_for(request.side, request.quote // market.rules.cost, _owned_by(account))
            if not lots:
                raise refusals.rejected("Order book liquidity is less than symbol minimum quantity.")
        order = Order(account, market.rules, request, market.next_order_id(), ms)
        order.lots = lots
        self._reserve(order, market)
        market.orders[order.id] = order
        blotter.orders.append(order)
        blotter.open[order.id] = order
        blotter.by_client[request.client_id] = order
        self._journal_accepted(order)
        self._sink.reported(order, "NEW")
        if order.working:
            self._work(order, market, ms)
        else:
            order.triggered_up = request.stop > market.last_price
            market.stops[order.id] = order
        self._sink.balances_changed(account, (market.rules.base, market.rules.quote))
        return order

    def cancel(self, market: Market, order: Order, cancel_id: str, ms: int) -> None:
        """End an open order at its owner's wish."""
        self._end(market, order, "CANCELED", ms, cancel_id=cancel_id)
        self._sink.balances_changed(order.account, (order.locked_asset,))

    def expire_all(self, market: Market, ms: int) -> None:
        """End every account's open orders in a market that is no more."""
        for account in self.accounts:
            for order in list(self.blotter(account, market).open.values()):
                self._end(market, order, "EXPIRED", ms)
                self._sink.balances_changed(account, (order.locked_asset,))

    # --- what the background does ----------------------------------------------------------------------------------

    def quote(self, market: Market, side: int, price: int, lots: int, ms: int) -> Resting[Order | None] | None:
        """Let the market maker quote; what crosses an account's order trades with it. Returns what rests, if any."""
        if market.book.crosses(side, price):
            lots -= self.sweep(market, side, price, lots, ms)
        if lots <= 0 or market.book.crosses(side, price):
            return None
        resting: Resting[Order | None] = Resting(side, price, lots, None)
        market.book.add(resting)
        return resting

    def sweep(self, market: Market, side: int, price: int, lots: int, ms: int) -> int:
        """Let a stranger take up to `lots` within `price`; returns the lots that were accounts' orders."""
        done = 0
        for resting, taken in market.book.match(side, lots, price):
            done += taken
            trade_id = market.next_trade_id()
            if resting.owner is not None:
                self._fill(resting.owner, market, trade_id, resting.price, taken, maker=True, ms=ms)
                self._finish_fill(resting.owner, market, ms)
            self._sink.traded(market, trade_id, resting.price, taken, buyer_is_maker=side < 0)
        return done

    def stranger(self, market: Market, price: int, lots: int, *, buyer_is_maker: bool) -> None:
        """Put a trade between strangers on the tape."""
        self._sink.traded(market, market.next_trade_id(), price, lots, buyer_is_maker=buyer_is_maker)

    def trigger_stops(self, market: Market, ms: int) -> None:
        """Put the stop orders to work whose price the market has reached."""
        last = market.last_price
        for order in [
            o for o in market.stops.values() if (last >= o.request.stop) == o.triggered_up or last == o.request.stop
        ]:
            del market.stops[order.id]
            order.working = True
            order.working_ms = ms
            self._work(order, market, ms)
            self._sink.balances_changed(order.account, (market.rules.base, market.rules.quote))

    # --- inside ----------------------------------------------------------------------------------------------------

    def _check(self, account: Account, market: Market, blotter: Blotter, request: OrderRequest) -> None:
        known = blotter.by_client.get(request.client_id)
        if known is not None and known.is_open:
            raise refusals.duplicate_order()
        if len(blotter.open) >= market.rules.max_open_orders:
            raise refusals.filter_failure("MAX_NUM_ORDERS")
        price = request.price or market.last_price
        value = request.quote or market.rules.notional(price, request.lots)
        if value < market.rules.min_notional:
            raise refusals.filter_failure("NOTIONAL")
        if request.type == "LIMIT_MAKER" and market.book.crosses(request.side, request.price):
            raise refusals.rejected("Order would immediately match and take.")

    def _prevent_self_trade(self, order: Order, market: Market, limit: int | None, ms: int) -> None:
        """Expire the account's own orders that this one would hit (mode EXPIRE_MAKER): no trade has one owner twice."""
        lots = order.remaining
        mine: list[Order] = []
        for resting in market.book.reach(order.side, limit):
            if lots <= 0:
                break
            if resting.owner is not None and resting.owner.account is order.account:
                mine.append(resting.owner)
            else:
                lots -= resting.lots
        for own in mine:
            self._end(market, own, "EXPIRED_IN_MATCH", ms)

    def _reserve(self, order: Order, market: Market) -> None:
        """Lock what the order may cost. Raises Refusal when the account cannot pay it."""
        request, rules, account = order.request, market.rules, order.account
        if request.side < 0:
            units = order.lots * rules.step
        elif request.type == "MARKET":
            units = market.book.cost_of(1, order.lots, _owned_by(account))[1] * rules.cost
        else:
            units = rules.notional(request.price, order.lots)
        if request.side > 0 and account.fee_in_quote:
            units += -(-units * max(account.maker_ppm, account.taker_ppm) // PPM)
        if not account.lock(order.locked_asset, units):
            raise refusals.insufficient_balance()
        order.locked = units

    def _work(self, order: Order, market: Market, ms: int) -> None:
        """Match an accepted order and decide what becomes of the rest."""
        request = order.request
        limit = None if request.type == "MARKET" else request.price
        others = market.book.reach(order.side, limit, _owned_by(order.account))
        if request.tif == "FOK" and sum(r.lots for r in others) < order.lots:
            self._end(market, order, "EXPIRED", ms)
            return
        if len(self.blotter(order.account, market).open) > 1:
            self._prevent_self_trade(order, market, limit, ms)
        for resting, lots in market.book.match(order.side, order.remaining, limit):
            trade_id = market.next_trade_id()
            self._fill(order, market, trade_id, resting.price, lots, maker=False, ms=ms)
            if resting.owner is not None:
                self._fill(resting.owner, market, trade_id, resting.price, lots, maker=True, ms=ms)
                self._finish_fill(resting.owner, market, ms)
            self._sink.traded(market, trade_id, resting.price, lots, buyer_is_maker=order.side < 0)
        if not order.remaining:
            self._close(market, order, "FILLED", ms)
        elif request.type == "MARKET" or request.tif in ("IOC", "FOK"):
            self._end(market, order, "EXPIRED", ms)
        else:
            self._rest(order, market)

    def _rest(self, order: Order, market: Market) -> None:
        """Put what is left into the book, and free what a better price saved."""
        rules, account, price, left = market.rules, order.account, order.request.price, order.remaining
        need = rules.notional(price, left) if order.side > 0 else left * rules.step
        if order.side > 0 and account.fee_in_quote:
            need += -(-need * max(account.maker_ppm, account.taker_ppm) // PPM)
        if order.locked > need:
            account.unlock(order.locked_asset, order.locked - need)
            order.locked = need
        order.resting = Resting(order.side, price, left, order)
        market.book.add(order.resting)
        if order.fills:
            self._journal_change(order)

    def _fill(
        self, order: Order, market: Market, trade_id: int, price: int, lots: int, *, maker: bool, ms: int
    ) -> None:
        """Move the money of one execution, record it and tell its owner."""
        rules, account = market.rules, order.account
        base, quote = lots * rules.step, rules.notional(price, lots)
        ppm = account.maker_ppm if maker else account.taker_ppm
        paid, got, got_asset = (quote, base, rules.base) if order.side > 0 else (base, quote, rules.quote)
        in_quote = order.side > 0 and account.fee_in_quote
        fee_asset = rules.quote if in_quote else got_asset
        fee = (quote if in_quote else got) * ppm // PPM
        account.spend(order.locked_asset, paid + (fee if in_quote else 0))
        order.locked -= paid + (fee if in_quote else 0)
        account.receive(got_asset, got - (0 if in_quote else fee))
        account.updated_ms = order.updated_ms = ms
        self.house.fees[fee_asset] += fee
        self.house.maker[order.locked_asset] += paid
        self.house.maker[got_asset] -= got
        fill = Fill(trade_id, order, price, lots, fee, fee_asset, maker, ms)
        order.fills.append(fill)
        self.blotter(account, market).fills.append(fill)
        order.status = "PARTIALLY_FILLED" if order.remaining else "FILLED"
        self._journal_fill(fill)
        self._sink.reported(order, "TRADE", fill=fill)

    def _finish_fill(self, order: Order, market: Market, ms: int) -> None:
        """After a resting order traded: close it when done, and show its owner the new balances."""
        if not order.remaining:
            self._close(market, order, "FILLED", ms)
        else:
            self._journal_change(order)
        self._sink.balances_changed(order.account, (market.rules.base, market.rules.quote))

    def _end(self, market: Market, order: Order, status: str, ms: int, *, cancel_id: str = "") -> None:
        """End an order that has lots left."""
        self._close(market, order, status, ms)
        execution = {"CANCELED": "CANCELED", "EXPIRED_IN_MATCH": "TRADE_PREVENTION"}.get(status, "EXPIRED")
        self._sink.reported(order, execution, cancel_id=cancel_id)

    def _close(self, market: Market, order: Order, status: str, ms: int) -> None:
        order.status = status
        order.updated_ms = ms
        if order.resting is not None:
            market.book.remove(order.resting)
            order.resting = None
        market.stops.pop(order.id, None)
        order.account.unlock(order.locked_asset, order.locked)
        order.locked = 0
        self.blotter(order.account, market).open.pop(order.id, None)
        self._journal_change(order)

    # --- the record ------------------------------------------------------------------------------------------------

    def _journal_accepted(self, order: Order) -> None:
        rules, request = order.rules, order.request
        self.journal.write(
            Accepted(
                order.account.name,
                rules.symbol,
                order.id,
                order.client_id,
                SIDES[order.side],
                request.type,
                request.tif,
                rules.price_text(request.price),
                rules.lots_text(order.lots),
                order.created_ms,
            )
        )

    def _journal_change(self, order: Order) -> None:
        rules = order.rules
        self.journal.write(
            Changed(
                order.account.name,
                rules.symbol,
                order.id,
                order.client_id,
                order.status,
                rules.lots_text(order.lots),
                rules.lots_text(order.filled),
                order.updated_ms,
            )
        )

    def _journal_fill(self, fill: Fill) -> None:
        order, rules = fill.order, fill.order.rules
        self.journal.write(
            Traded(
                order.account.name,
                rules.symbol,
                rules.base,
                rules.quote,
                fill.trade_id,
                order.id,
                order.client_id,
                SIDES[order.side],
                rules.price_text(fill.price),
                rules.lots_text(fill.lots),
                show(fill.quote),
                show(fill.fee),
                fill.fee_asset,
                fill.maker,
                fill.ms,
            )
        )


def _owned_by(account: Account) -> Callable[[Order | None], bool]:
    return lambda owner: owner is not None and owner.account is account
