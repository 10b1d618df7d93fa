"""Fill storm: a venue tells each of its trades up to three times, shuffled, before and after it names their orders.

Ground truth is the list of trades. Half way the store is closed and opened again. In the end the ledger is that list,
positions are its exact sums, every order is filled, and the audit finds nothing.
"""

from __future__ import annotations

import argparse
import random
import resource
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import anyio
import anyio.lowlevel
import msgspec

from algobot.model import (
    ClientOrderId,
    Order,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from algobot.protocol.rows import AccountRow, BalanceRow, HaltRow, PositionRow
from daemon.gateway import Budget, GatewaySettings, Halts
from daemon.gateway.context import Context
from daemon.gateway.gateway import no_mark
from daemon.gateway.ids import OrderIds
from daemon.gateway.intake import Intake
from daemon.gateway.looks import Looks
from daemon.ports import SystemClock
from daemon.store import OrderRow, Store
from daemon.store.audit import audit
from tests.campaign.summary import Summary
from tests.fakes.venue import BTC, ETH, FakeVenue
from tests.store.builders import ACCOUNT, BOT

PER_ORDER = 10
CHUNK = 256  # deliveries in one turn of the loop, as a burst on a stream
BACKLOG_MOST = 4096
MATCH_EVERY = 4096


class Truth(msgspec.Struct):
    """What happened at the venue."""

    orders: list[Order]
    trades: list[VenueFill]


class Quiet:
    """A publisher that counts alarms."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.recorded = 0

    def order_changed(self, order: Order) -> None:
        """Nobody looks."""

    def fill_recorded(self, fill: object) -> None:
        """Count."""
        self.recorded += 1

    def account_changed(self, row: AccountRow) -> None:
        """Nobody looks."""

    def positions_changed(self, account_id: str, positions: list[PositionRow], balances: list[BalanceRow]) -> None:
        """Nobody looks."""

    def halts_changed(self, halts: list[HaltRow]) -> None:
        """Nobody looks."""

    def alarm(self, alarm: str, message: str, hint: str = "", bot_id: str = "", account_id: str = "") -> None:
        """Keep it: a storm is no reason for one."""
        self.alarms.append(f"{alarm}: {message}")


def made(count: int, draw: random.Random) -> Truth:
    """Return `count` trades of orders of about ten trades each."""
    orders: list[Order] = []
    trades: list[VenueFill] = []
    while len(trades) < count:
        number = len(orders)
        instrument = draw.choice((BTC, ETH))
        side = draw.choice((Side.BUY, Side.SELL))
        key, venue_id = ClientOrderId(f"abmain-storm0-aaaaaa-{number}"), VenueOrderId(str(1000 + number))
        parts = [Decimal(draw.randint(1, 999)) * instrument.lot for _ in range(draw.randint(1, 2 * PER_ORDER - 1))]
        parts = parts[: count - len(trades)]
        for quantity in parts:
            at_ns = 1_700_000_000_000_000_000 + len(trades) * 1_000_000
            fee = Decimal(draw.randint(0, 999)) * Decimal("0.00000001")
            currency = draw.choice((instrument.base, instrument.quote, "BNB"))
            trade_id, price = TradeId(str(9_000_000 + len(trades))), Decimal(draw.randint(1, 10**7)) * instrument.tick
            told = (trade_id, venue_id, instrument.symbol, side, quantity, price, fee, currency)
            trades.append(VenueFill(*told, draw.random() < 0.5, at_ns, key))
        named = venue_id if draw.random() < 0.5 else VenueOrderId("")
        status = OrderStatus.OPEN if named else draw.choice((OrderStatus.INTENT, OrderStatus.UNKNOWN))
        what = (key, ACCOUNT, BOT, instrument.symbol, side, OrderType.LIMIT, sum(parts, Decimal(0)), status)
        orders.append(Order(*what, number, number, limit_price=instrument.tick, venue_order_id=named))
    return Truth(orders, trades)


def deliveries(truth: Truth, count: int, draw: random.Random) -> list[VenueFill]:
    """Return every trade at least once, more of them again until `count`, shuffled; sweeps leave the client id out."""
    told = [*truth.trades, *draw.choices(truth.trades, k=max(0, count - len(truth.trades)))]
    draw.shuffle(told)
    bare = msgspec.structs.replace
    return [bare(trade, client_order_id=ClientOrderId("")) if draw.random() < 0.3 else trade for trade in told]


@asynccontextmanager
async def a_gateway(folder: Path, publisher: Quiet) -> AsyncIterator[tuple[Context, Intake, Looks]]:
    """Open the ledger and run the part of a gateway that takes fills."""
    store = await Store.open(folder / "algobot.db", instance="main")
    clock = SystemClock()
    halts = Halts(folder, store, publisher, clock)
    account = FakeVenue().account()
    settings, budget = GatewaySettings(ACCOUNT, "fake"), Budget(clock)
    ids = OrderIds("main", store.epoch, ACCOUNT)
    on = Context(account, settings, store, halts, budget, publisher, lambda bot_id, message: None, clock, no_mark, ids)
    intake = Intake(on)
    on.book.load(await store.reads.live_orders(ACCOUNT))
    last = 0
    while rows := await store.reads.account_fills(ACCOUNT, after=last, limit=5000):
        on.book.load_fills((row.fill for row in rows), account.instrument)
        last = rows[-1].ledger_seq
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.run)
            yield on, intake, Looks(on, intake)
            await store.flush()
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await store.close()


async def pour(on: Context, intake: Intake, looks: Looks, told: list[VenueFill]) -> None:
    """Deliver trades as fast as the ledger takes them."""
    for start in range(0, len(told), CHUNK):
        for trade in told[start : start + CHUNK]:
            intake.fill(trade)
        await anyio.lowlevel.checkpoint()
        while on.store.backlog > BACKLOG_MOST:  # noqa: ASYNC110 - the store tells nobody how much waits
            await anyio.sleep(0.005)
        if start % MATCH_EVERY == 0:
            on.book.forget_ended()
            await looks._match_parked()
    await on.store.flush()
    await looks._match_parked()


def parked(on: Context) -> list[VenueFill]:
    """Return the trades that still wait for their order."""
    return [trade for waiting in on.book.parked.values() for trade in waiting]


async def look(on: Context, intake: Intake, looks: Looks, truth: Truth) -> None:
    """Tell of every order that is not named yet what the venue's list of orders shows: then its trades find it."""
    for number, order in enumerate(truth.orders):
        known = on.book.orders.get(order.client_order_id)
        if known is not None and not known.venue_order_id:
            terms = (order.symbol, order.side, order.type, OrderStatus.OPEN, order.quantity, Decimal(0))
            named = VenueOrderId(str(1000 + number))
            intake.order(VenueOrder(order.client_order_id, named, *terms, order.limit_price, 1), queried=True)
    await on.store.flush()
    await looks._match_parked()
    await on.store.flush()


async def storm(folder: Path, count: int, draw: random.Random, summary: Summary) -> None:
    """Run it and judge."""
    truth = made(count // 2, draw)
    told = deliveries(truth, count, draw)
    publisher, half = Quiet(), len(told) // 2
    seconds = 0.0
    async with a_gateway(folder, publisher) as (on, intake, looks):
        for order in truth.orders:
            on.book.put(order, 1)
            on.store.soon(OrderRow(order))
        await on.store.flush()
        began = time.perf_counter()
        await pour(on, intake, looks, told[:half])
        told += parked(on)  # what only memory had is told again by the first sweep
        seconds += time.perf_counter() - began
    began = time.perf_counter()
    async with a_gateway(folder, publisher) as (on, intake, looks):
        summary.figures["reopen_s"] = round(time.perf_counter() - began, 2)
        began = time.perf_counter()
        await pour(on, intake, looks, told[half:])
        await look(on, intake, looks, truth)
        summary.expect(not on.book.parked, f"{len(parked(on))} trades found no order")
        seconds += time.perf_counter() - began
        summary.count("deliveries", len(told))
        summary.count("trades", len(truth.trades))
        summary.figures["applied_per_s"] = round(len(truth.trades) / seconds)
        summary.figures["deliveries_per_s"] = round(len(told) / seconds)
        await judge(on, truth, publisher, summary)
    began = time.perf_counter()
    flaws = (await anyio.to_thread.run_sync(audit, folder / "algobot.db")).flaws
    summary.figures["audit_s"] = round(time.perf_counter() - began, 2)
    summary.expect(not flaws, f"audit: {[flaw.words for flaw in flaws[:5]]}")


async def judge(on: Context, truth: Truth, publisher: Quiet, summary: Summary) -> None:
    """Compare the ledger, memory and what was told with the trades of the venue."""
    ledger: list[tuple[object, ...]] = []
    last = 0
    while rows := await on.store.reads.account_fills(ACCOUNT, after=last, limit=5000):
        fills = (row.fill for row in rows)
        ledger += [(f.symbol, f.trade_id, f.client_order_id, f.side, f.quantity, f.price, f.fee) for f in fills]
        last = rows[-1].ledger_seq
    wanted = {(t.symbol, t.trade_id, t.client_order_id, t.side, t.quantity, t.price, t.fee) for t in truth.trades}
    found = set(ledger)
    summary.expect(len(ledger) == len(found), f"{len(ledger) - len(found)} ledger rows are doubled")
    summary.expect(not wanted - found, f"{len(wanted - found)} trades are lost")
    summary.expect(not found - wanted, f"{len(found - wanted)} ledger rows are no trades")
    summary.expect(publisher.recorded == len(truth.trades), f"{publisher.recorded} fills were told")
    summary.expect(not publisher.alarms, f"alarms: {publisher.alarms[:3]}")
    held: dict[Symbol, Decimal] = {}
    for trade in truth.trades:
        base_fee = (
            trade.fee
            if trade.fee_currency in (BTC.base, ETH.base) and trade.symbol.startswith(trade.fee_currency)
            else Decimal(0)
        )
        held[trade.symbol] = held.get(trade.symbol, Decimal(0)) + trade.side * trade.quantity - base_fee
    for symbol, quantity in held.items():
        position = on.book.positions[BOT, symbol]
        summary.expect(position == quantity, f"position in {symbol} is {position}, the trades sum to {quantity}")
    open_ = await on.store.reads.live_orders(ACCOUNT)
    summary.expect(not open_, f"{len(open_)} orders are not filled, like {[o.client_order_id for o in open_[:3]]}")


def main(words: list[str]) -> Summary:
    """Run the campaign."""
    parser = argparse.ArgumentParser(prog="storm", description=__doc__)
    parser.add_argument("--fills", type=int, default=1_000_000, help="deliveries; half of them are new")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(words)
    summary = Summary("storm", options.seed)
    for number in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            anyio.run(storm, Path(folder), options.fills, random.Random(options.seed + number), summary)
        summary.count("rounds")
    summary.figures["peak_rss_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return summary
