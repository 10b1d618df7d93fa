"""A gateway on a stage: the real store on disk, the venue in memory, a cadence of milliseconds."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import anyio
import msgspec

from algobot.model import (
    AccountId,
    BotId,
    BotMode,
    BotSpec,
    ClientOrderId,
    Fill,
    Order,
    OrderType,
    Side,
    Symbol,
)
from daemon.gateway import Budget, Cadence, Gateway, GatewaySettings, Halts, Limits
from daemon.messages import BotControl, BotFill, FillArrived, Intent, OrderMoved, Submit
from daemon.ports import SystemClock
from daemon.store import Store
from tests.fakes.publisher import FakePublisher
from tests.fakes.venue import FakeVenue
from tests.waiting import until

ACCOUNT, ALPHA, BTC = AccountId("main"), BotId("alpha"), Symbol("BTC/USDT")
QUICK = Cadence(
    valid_s=0.15,
    skew_s=0.05,
    submit_timeout_s=2.0,
    tick_s=0.01,
    inflight_after_s=0.05,
    inflight_every_s=0.03,
    recovery_every_s=0.02,
    absent_gap_s=0.05,
    unresolved_after_s=0.6,
    lag_s=0.02,
    orders_every_s=0.1,
    trades_every_s=0.1,
    balances_every_s=0.1,
    settle_s=0.08,
    reconnect_s=0.01,
    ready_wait_s=0.3,
    intent_ttl_s=3.0,
)
SLOW = msgspec.structs.replace(
    QUICK, inflight_every_s=30.0, orders_every_s=30.0, trades_every_s=30.0, balances_every_s=30.0, lag_s=30.0
)


def a_bot(bot_id: BotId = ALPHA, symbol: Symbol = BTC) -> BotSpec:
    """Return a live bot."""
    return BotSpec(bot_id, "ma_crossover", symbol, "1m", ACCOUNT, Decimal(10_000), mode=BotMode.LIVE)


def an_intent(quantity: str = "0.1", price: str | None = "50000", *, bot_id: BotId = ALPHA, **change: object) -> Intent:
    """Return a wish to buy BTC: resting below the market, or at market when `price` is None."""
    intent = Intent(
        bot_id=bot_id,
        account_id=ACCOUNT,
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.MARKET if price is None else OrderType.LIMIT,
        quantity=Decimal(quantity),
        reference_price=50_000.0,
        limit_price=None if price is None else Decimal(price),
        tag="entry",
    )
    return msgspec.structs.replace(intent, **change)


def a_venue() -> FakeVenue:
    """Return a venue where nothing rests by accident: bid 50,500, ask 50,501."""
    venue = FakeVenue()
    venue.quote("BTC/USDT", 50_500.0, 50_501.0)
    return venue


@dataclass
class Stage:
    """What a test of the money path needs at hand."""

    venue: FakeVenue
    store: Store
    halts: Halts
    gateway: Gateway
    publisher: FakePublisher
    delivered: list[tuple[BotId, BotFill | BotControl]] = field(default_factory=list)

    def submit(self, *intents: Intent) -> None:
        """Tell the gateway of intents."""
        self.gateway.tell(Submit(intents))

    async def placed(self, *intents: Intent) -> list[Order]:
        """Submit and return the orders once none of them is an intent any more."""
        known = {order.client_order_id for order in await self.store.reads.orders(limit=1000)}
        self.submit(*intents or (an_intent(),))

        def new() -> list[Order]:
            book = self.gateway._on.book.orders.values()
            return [order for order in book if order.client_order_id not in known]

        await until(lambda: len(new()) == len(intents or (1,)) and all(o.status.value != "intent" for o in new()))
        return new()

    def now(self, order: Order) -> Order:
        """Return an order as the gateway has it."""
        found = self.gateway.order(order.client_order_id)
        assert found is not None
        return found

    def moves(self, order: Order) -> list[str]:
        """Return the statuses a bot was told of, in order."""
        told = [message for _, message in self.delivered if isinstance(message, OrderMoved)]
        return [move.order.status.value for move in told if move.order.client_order_id == order.client_order_id]

    def fills(self) -> list[Fill]:
        """Return the fills bots were told of, in order."""
        return [message.fill for _, message in self.delivered if isinstance(message, FillArrived)]

    def alarms(self) -> set[str]:
        """Return the kinds of alarms raised."""
        return {alarm for alarm, _ in self.publisher.alarms}

    def venue_orders(self) -> list[ClientOrderId]:
        """Return the ids of all orders that ever came to exist."""
        return [order.client_order_id for order in self.venue.accepted]

    async def assert_equal_to_venue(self) -> None:
        """Ground truth: orders one to one, fills equal, balances proved, nothing in doubt."""
        await self.store.flush()
        ledger = await self.store.reads.account_fills(ACCOUNT)
        ours = {(r.fill.trade_id, r.fill.client_order_id, r.fill.quantity, r.fill.price, r.fill.fee) for r in ledger}
        trades = {(t.trade_id, t.client_order_id, t.quantity, t.price, t.fee) for t in self.venue.trades}
        assert ours == trades
        assert len(ledger) == len(trades)
        accepted = self.venue_orders()
        assert len(accepted) == len(set(accepted)), "an id was sent twice"
        never = {"rejected", "never_accepted"}
        orders = await self.store.reads.orders(limit=100_000)
        assert {o.client_order_id for o in orders if o.status.value not in never} == set(accepted)
        assert not self.gateway._on.book.may_arrive()


@asynccontextmanager
async def a_stage(
    tmp_path: Path,
    venue: FakeVenue | None = None,
    *,
    cadence: Cadence = QUICK,
    limits: Limits | None = None,
    wait: bool = True,
    bots: tuple[BotSpec, ...] = (a_bot(),),
) -> AsyncIterator[Stage]:
    """Raise the curtain: store, halts and gateway run until the block ends; nothing may take 30 s."""
    venue = venue if venue is not None else a_venue()
    publisher, clock = FakePublisher(), SystemClock()
    store = await Store.open(tmp_path / "algobot.db", instance="main")
    halts = Halts(tmp_path, store, publisher, clock)
    delivered: list[tuple[BotId, BotFill | BotControl]] = []
    gateway = Gateway(
        venue.account(),
        GatewaySettings(ACCOUNT, "fake", cadence=cadence, limits=limits or Limits(collar_fraction=0.5)),
        store=store,
        halts=halts,
        budget=Budget(clock, per_second=5000.0, burst=5000.0),
        publisher=publisher,
        deliver=lambda bot_id, message: delivered.append((bot_id, message)),
        clock=clock,
        mark=lambda symbol: 50_500.0,
    )
    for spec in bots:
        gateway.add_bot(spec)
    stage = Stage(venue, store, halts, gateway, publisher, delivered)
    try:
        async with anyio.create_task_group() as outer:
            outer.start_soon(store.run)
            with anyio.fail_after(30):
                await halts.load()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(halts.run)
                    tasks.start_soon(gateway.run)
                    if wait:
                        await gateway.wait_ready()
                    yield stage
                    tasks.cancel_scope.cancel()
            outer.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await store.close()  # its thread would keep a failed run from ending
