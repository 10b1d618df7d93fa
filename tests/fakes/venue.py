"""A venue in memory behind both ports, told by the test what to do and when.

`FakeVenue` is the place itself: its books, its trades, its log (`accepted`, `trades`) are the ground truth. `account()`
and `market()` are the ports to it. Nothing moves by itself: the test says `quote`, `bar`, `fill`, `cut`, `arrive`.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import anyio.lowlevel

from algobot.errors import (
    NotFound,
    VenueRejected,
    VenueTimeout,
)
from algobot.model import (
    Bar,
    BarUpdate,
    ClientOrderId,
    Instrument,
    NewOrder,
    OrderStatus,
    Quote,
    Side,
    Symbol,
    TimeInForce,
    Trade,
    TradeId,
    VenueFill,
    VenueOrderId,
)
from algobot.venues.port import Balance, BalancesChanged, MarketEvent, PrivateEvent, Subscription
from tests.fakes.ports import Answer, FakeAccount, FakeMarket
from tests.fakes.resting import OPEN, Resting

BTC = Instrument(
    symbol=Symbol("BTC/USDT"),
    venue_symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.00001"),
    min_quantity=Decimal("0.00001"),
    max_quantity=Decimal(9000),
    min_notional=Decimal(5),
)
ETH = Instrument(
    symbol=Symbol("ETH/USDT"),
    venue_symbol="ETHUSDT",
    base="ETH",
    quote="USDT",
    tick=Decimal("0.01"),
    lot=Decimal("0.0001"),
    min_quantity=Decimal("0.0001"),
    max_quantity=Decimal(9000),
    min_notional=Decimal(5),
)


@dataclass
class FakeVenue:
    """The trading place. Set its public fields to make it misbehave."""

    instruments: tuple[Instrument, ...] = (BTC, ETH)
    totals: dict[str, Decimal] = field(default_factory=lambda: {"USDT": Decimal(100_000), "BTC": Decimal(1)})
    now: Callable[[], int] = time.time_ns
    offset_ns: int = 0  # the venue's clock minus ours
    down: bool = False  # every read fails as a dead network does; submits time out
    key_refused: bool = False
    adapter: str = "binance"  # whose facts the accounts have
    dead_man_until_ns: int | None = None  # the timer, when one is armed
    hold_before: anyio.Event | None = None  # submits wait here before they reach the venue
    hold_reply: anyio.Event | None = None  # and here, done but unanswered
    fills_at_once: bool = True  # a market order, or a limit that crosses the quote, fills whole
    retry_after_ns: int = 1_000_000_000  # what RATE_LIMIT says
    mute: bool = False  # private streams stay connected and say nothing
    submit_answers: deque[Answer] = field(default_factory=deque)
    cancel_answers: deque[Answer] = field(default_factory=deque)
    orders: dict[tuple[Symbol, VenueOrderId], Resting] = field(default_factory=dict)  # numbered by symbol, as venues do
    trades: list[VenueFill] = field(default_factory=list)
    submits: list[NewOrder] = field(default_factory=list)  # every submit called, whatever became of it
    history: dict[tuple[str, str], list[Bar]] = field(default_factory=dict)
    quotes: dict[str, Quote] = field(default_factory=dict)
    private: list[asyncio.Queue[PrivateEvent | None]] = field(default_factory=list)
    public: list[tuple[frozenset[Subscription], asyncio.Queue[MarketEvent | None]]] = field(default_factory=list)
    late: list[tuple[NewOrder, int]] = field(default_factory=list)  # on the wire, with the last instant of validity

    def account(self) -> FakeAccount:
        """Return a new account port; several share one account's state, as two clients of one key do."""
        return FakeAccount(self)

    def market(self) -> FakeMarket:
        """Return a new market port."""
        return FakeMarket(self)

    @property
    def accepted(self) -> list[NewOrder]:
        """Every order that came to exist, in order: what a test compares intents with."""
        return [resting.order for resting in self.orders.values()]

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return the rules of `symbol`."""
        for instrument in self.instruments:
            if instrument.symbol == symbol:
                return instrument
        raise NotFound(f"symbol {symbol!r} is not traded here")

    def by_client_id(self, client_order_id: ClientOrderId) -> Resting | None:
        """Return the newest order with that id."""
        found = [r for r in self.orders.values() if r.order.client_order_id == client_order_id]
        return found[-1] if found else None

    # --- what the market does ------------------------------------------------------------------------------------

    def quote(self, symbol: str, bid: float, ask: float) -> None:
        """Move the best bid and ask, tell who subscribed, fill resting orders they cross."""
        now = self.now()
        quote = Quote(Symbol(symbol), bid, ask, now + self.offset_ns, now)
        self.quotes[symbol] = quote
        self._publish(Subscription(quote.symbol), quote)
        if self.fills_at_once:
            for resting in [r for r in self.orders.values() if r.status in OPEN and r.order.symbol == symbol]:
                self._match(resting)

    def bar(self, symbol: str, timeframe: str, bar: Bar, *, closed: bool = True) -> None:
        """Tell who subscribed of a bar; a closed one joins the history."""
        if closed:
            self.history.setdefault((symbol, timeframe), []).append(bar)
        update = BarUpdate(Symbol(symbol), timeframe, bar, closed, self.now())
        self._publish(Subscription(Symbol(symbol), timeframe), update)

    def print(self, trade: Trade) -> None:
        """Tell who subscribed to bars of the symbol of a public trade, once a stream, as a venue without bars does."""
        for wanted, queue in self.public:
            if any(one.symbol == trade.symbol and one.timeframe for one in wanted):
                queue.put_nowait(trade)

    def fill(self, client_order_id: str, quantity: Decimal, price: Decimal, *, streamed: bool = True) -> VenueFill:
        """Trade `quantity` of an order at `price`; with `streamed` False the private stream misses it."""
        resting = self.by_client_id(ClientOrderId(client_order_id))
        if resting is None:
            raise KeyError(client_order_id)
        order, instrument = resting.order, self.instrument(resting.order.symbol)
        fee = quantity * price * instrument.taker_fee
        self._move(instrument.base, order.side * quantity)
        self._move(instrument.quote, -order.side * quantity * price - fee)
        resting.filled += quantity
        if resting.status in OPEN:
            resting.status = OrderStatus.PARTIAL if resting.left > 0 else OrderStatus.FILLED
        resting.ts_event_ns = self.now() + self.offset_ns
        trade = VenueFill(
            trade_id=TradeId(str(1 + sum(trade.symbol == order.symbol for trade in self.trades))),
            venue_order_id=resting.venue_order_id,
            symbol=order.symbol,
            side=order.side,
            quantity=quantity,
            price=price,
            fee=fee,
            fee_currency=instrument.quote,
            is_maker=False,
            ts_event_ns=resting.ts_event_ns,
            client_order_id=order.client_order_id,
        )
        self.trades.append(trade)
        if streamed:
            self.tell(trade, resting.seen(), self._balances_event())
        return trade

    # --- what goes wrong -----------------------------------------------------------------------------------------

    def cut(self) -> None:
        """End every stream: readers see StreamClosed, what happens meanwhile is missed."""
        for queue in self.private:
            queue.put_nowait(None)
        for _, market_queue in self.public:
            market_queue.put_nowait(None)
        self.private.clear()
        self.public.clear()

    def arrive(self) -> None:
        """Let every LATE request reach the venue now; one past its validity is refused there."""
        late, self.late = self.late, []
        for order, valid_until_ns in late:
            if self.now() <= valid_until_ns:
                self.accept(order)

    def dead_man_fires(self) -> bool:
        """Cancel every open order if the timer has run out; return whether it had."""
        if self.dead_man_until_ns is None or self.now() < self.dead_man_until_ns:
            return False
        self.dead_man_until_ns = None
        for resting in [r for r in self.orders.values() if r.status in OPEN]:
            self.end(resting)
        return True

    def tell(self, *events: PrivateEvent) -> None:
        """Put events on every private stream: also duplicates and nonsense, if the test wants them."""
        if self.mute:
            return
        for queue in self.private:
            for event in events:
                queue.put_nowait(event)

    # --- inside --------------------------------------------------------------------------------------------------

    def accept(self, order: NewOrder) -> Resting:
        """Bring an order into existence (also a foreign one) or raise VenueRejected."""
        self._check(order)
        resting = Resting(
            order=order,
            venue_order_id=VenueOrderId(str(1 + sum(symbol == order.symbol for symbol, _ in self.orders))),
            status=OrderStatus.OPEN,
            filled=Decimal(0),
            ts_event_ns=self.now() + self.offset_ns,
        )
        self.orders[order.symbol, resting.venue_order_id] = resting
        self.tell(resting.seen(), self._balances_event())
        if self.fills_at_once:
            self._match(resting)
        if resting.status in OPEN and order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
            resting.status = OrderStatus.EXPIRED
            self.tell(resting.seen(), self._balances_event())
        return resting

    def end(self, resting: Resting, status: OrderStatus = OrderStatus.CANCELED) -> None:
        """Take an open order off the book."""
        resting.status = status
        resting.ts_event_ns = self.now() + self.offset_ns
        self.tell(resting.seen(), self._balances_event())

    def balances(self) -> dict[str, Balance]:
        """Return free and locked by currency, exactly."""
        locked: dict[str, Decimal] = {}
        for resting in self.orders.values():
            if resting.status in OPEN:
                currency, amount = self._needs(resting.order, resting.left)
                locked[currency] = locked.get(currency, Decimal(0)) + amount
        return {
            currency: Balance(free=total - locked.get(currency, Decimal(0)), locked=locked.get(currency, Decimal(0)))
            for currency, total in self.totals.items()
        }

    def _check(self, order: NewOrder) -> None:
        instrument = self.instrument(order.symbol)
        price = order.limit_price if order.limit_price is not None else self._touch(order)
        if reason := instrument.refusal(order.quantity, price):
            raise VenueRejected(f"Filter failure: {reason}")
        twin = self.by_client_id(order.client_order_id)
        if twin is not None and twin.status in OPEN:
            raise VenueTimeout(f"client order id {order.client_order_id} is open already")
        currency, amount = self._needs(order, order.quantity)
        if self.balances().get(currency, Balance(Decimal(0))).free < amount:
            raise VenueRejected(f"insufficient balance: {amount} {currency} needed")

    def _needs(self, order: NewOrder, quantity: Decimal) -> tuple[str, Decimal]:
        instrument = self.instrument(order.symbol)
        if order.side is Side.SELL:
            return instrument.base, quantity
        price = order.limit_price if order.limit_price is not None else self._touch(order)
        return instrument.quote, quantity * price

    def _touch(self, order: NewOrder) -> Decimal:
        quote = self.quotes.get(order.symbol)
        if quote is None:
            raise VenueRejected(f"{order.symbol} has no quote: a market order cannot be priced")
        return Decimal(repr(quote.ask if order.side is Side.BUY else quote.bid))

    def _match(self, resting: Resting) -> None:
        order = resting.order
        if order.symbol not in self.quotes or resting.left <= 0:
            return
        touch = self._touch(order)
        if order.limit_price is not None and order.side * (order.limit_price - touch) < 0:
            return
        self.fill(order.client_order_id, resting.left, touch)

    def _move(self, currency: str, amount: Decimal) -> None:
        self.totals[currency] = self.totals.get(currency, Decimal(0)) + amount

    def _balances_event(self) -> BalancesChanged:
        return BalancesChanged(self.balances(), self.now() + self.offset_ns)

    def _publish(self, subscription: Subscription, event: MarketEvent) -> None:
        for wanted, queue in self.public:
            if subscription in wanted:
                queue.put_nowait(event)
