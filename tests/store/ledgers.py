"""Databases for tests: a small one with every kind of row, and the oldest there ever was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import msgspec

from algobot.model import ClientOrderId, OrderStatus, VenueOrderId
from daemon.store import Adjustment, AuditRow, BotRecord, EquitySample, FillRow, HaltRecord, OrderRow, Row
from tests.store.builders import ACCOUNT, BOT, a_checkpoint, a_fill, a_spec, a_store, an_order

FROZEN = Path(__file__).with_name("frozen")


def rows(orders: int = 5) -> list[Row]:
    """Return a bot's life: orders opened, most of them filled in two trades, and one row of every other kind."""
    told: list[Row] = [
        BotRecord(a_spec(), "config", 4),
        EquitySample(BOT, 10, 1000.25),
        HaltRecord("bot", BOT, "halt", "overfill", 6, "gateway"),
        Adjustment(ACCOUNT, "BTC", Decimal("-0.00000001"), "dust", "rounding", "reconciler", 5),
        AuditRow(7, "uid 1000", "pause", "alpha", "ok"),
    ]
    for number in range(1, orders + 1):
        order = an_order(number)
        told.append(OrderRow(order))
        order = msgspec.structs.replace(order, status=OrderStatus.OPEN, venue_order_id=VenueOrderId(str(70 + number)))
        told.append(OrderRow(order))
        for half in (1, 2) if number % 3 else ():
            fill = msgspec.structs.replace(
                a_fill(10 * number + half), client_order_id=order.client_order_id, quantity=Decimal("0.00050")
            )
            status = OrderStatus.FILLED if half == 2 else OrderStatus.PARTIAL
            order = msgspec.structs.replace(order, filled=order.filled + fill.quantity, status=status)
            told += [FillRow(fill), OrderRow(order)]
    paper = msgspec.structs.replace(
        an_order(9), client_order_id=ClientOrderId("p-1"), status=OrderStatus.FILLED, filled=Decimal("0.00040")
    )
    trade = msgspec.structs.replace(a_fill(11), client_order_id=paper.client_order_id)
    return [*told, OrderRow(paper, paper=True), FillRow(trade, paper=True), a_checkpoint(2)]


async def a_ledger(path: Path, orders: int = 5) -> Path:
    """Write a sound database and return its path."""
    async with a_store(path) as store:
        for row in rows(orders):
            await store.commit(row)
    return path


def frozen(number: int, path: Path) -> Path:
    """Make the database that a program of schema `number` once wrote."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FROZEN / f"{number:04d}.sql").read_text("utf-8"))
    path.chmod(0o600)
    return path
