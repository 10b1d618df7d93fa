"""Rows of bot alpha, and a store that runs: what tests of the ledger begin with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import anyio

from algobot.model import (
    AccountId,
    BotId,
    BotSpec,
    ClientOrderId,
    Fill,
    Order,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TradeId,
)
from daemon.messages import Checkpoint
from daemon.store import Store

ACCOUNT, BOT, BTC = AccountId("main"), BotId("alpha"), Symbol("BTC/USDT")


def an_order(number: int = 1, status: OrderStatus = OrderStatus.INTENT) -> Order:
    """Return an order of bot alpha."""
    return Order(
        client_order_id=ClientOrderId(f"abmain-e-b-{number}"),
        account_id=ACCOUNT,
        bot_id=BOT,
        symbol=BTC,
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.00100"),
        status=status,
        created_ns=number,
        updated_ns=number,
        limit_price=Decimal("50000.10"),
        tag="entry",
    )


def a_fill(number: int = 1, bot_id: BotId = BOT) -> Fill:
    """Return a fill of bot alpha's first order."""
    return Fill(
        trade_id=TradeId(str(number)),
        account_id=ACCOUNT,
        bot_id=bot_id,
        client_order_id=ClientOrderId("abmain-e-b-1"),
        symbol=BTC,
        side=Side.BUY,
        quantity=Decimal("0.00040"),
        price=Decimal("50000.10"),
        fee=Decimal("0.00000040"),
        fee_currency="BTC",
        is_maker=False,
        ts_event_ns=1_000 + number,
        ts_recv_ns=2_000 + number,
    )


def a_checkpoint(ledger_seq: int = 7) -> Checkpoint:
    """Return a checkpoint with bytes that are no text."""
    return Checkpoint(BOT, 60, ledger_seq, b"\x00\xff", "layout", 61, paused=True, day_start_equity=1000.5)


@asynccontextmanager
async def a_store(path: Path) -> AsyncIterator[Store]:
    """Open a store, run it, stop and close it; nothing here may take 20 s."""
    store = await Store.open(path, instance="main")
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.run)
            try:
                with anyio.fail_after(20):
                    yield store
            finally:
                tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await store.close()  # its thread would keep a failed run from ending


def a_spec() -> BotSpec:
    """Return bot alpha."""
    return BotSpec(BOT, "ma_crossover", BTC, "1m", ACCOUNT, Decimal("1000.50"))
