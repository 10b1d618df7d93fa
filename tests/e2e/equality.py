"""EQ: the daemon's ledger against what really happened at the venue, as the simulator wrote it down.

The venue's journal is the truth; the daemon's belief is what is examined. Both are read from their files.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Final, NamedTuple

from algobot.model import OrderStatus
from algobot.simulator import truth
from algobot.simulator.journal import Traded

ABSENT: Final = {OrderStatus.REJECTED.value, OrderStatus.NEVER_ACCEPTED.value}
IN_DOUBT: Final = {OrderStatus.INTENT.value, OrderStatus.UNKNOWN.value, OrderStatus.PENDING_CANCEL.value}
STATUS: Final = {
    "NEW": "open",
    "PARTIALLY_FILLED": "partial",
    "FILLED": "filled",
    "CANCELED": "canceled",
    "EXPIRED": "expired",
    "EXPIRED_IN_MATCH": "expired",
}


class FillKey(NamedTuple):
    """Everything about a fill on which ledger and venue must agree."""

    symbol: str
    trade_id: str
    client_order_id: str
    side: int
    quantity: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str


class Truth(NamedTuple):
    """One account as the venue's journal tells it."""

    accepted: Counter[str]  # client id -> how often an order with it was taken
    status: dict[str, str]  # client id -> our word for its last status
    fills: list[FillKey]
    balances: dict[str, Decimal]


class Ledger(NamedTuple):
    """One account as the daemon's database tells it; live only."""

    orders: dict[str, str]  # client id -> status
    filled: dict[str, Decimal]  # client id -> the order's own sum
    fills: list[FillKey]
    external: dict[str, Decimal]
    integrity: str


def differences(database: Path, journal: Path, *, account: str) -> list[str]:
    """Return every way in which the ledger is not equal to the venue, in words; [] is EQ."""
    venue, ledger = read_truth(journal, account=account), read_ledger(database)
    found = [] if ledger.integrity == "ok" else [f"database: {ledger.integrity}"]
    found += _order_differences(venue, ledger)
    ours, theirs = Counter(ledger.fills), Counter(venue.fills)
    found += [f"fill the venue does not know, or twice: {fill}" for fill in (ours - theirs).elements()]
    found += [f"fill lost: {fill}" for fill in (theirs - ours).elements()]
    summed = defaultdict(Decimal, ledger.external)
    for currency, change in balance_changes(ledger.fills).items():
        summed[currency] += change
    for currency in sorted(set(summed) | set(venue.balances)):
        if summed[currency] != venue.balances.get(currency, Decimal(0)):
            found.append(f"balance of {currency}: ledger {summed[currency]}, venue {venue.balances.get(currency)}")
    return found


def settled_differences(database: Path, journal: Path, *, account: str, timeout_s: float = 20.0) -> list[str]:
    """Return what still differs once the bots' last exits had their time; equality has to come and needs no more.

    A paused bot may still leave a position, so its ledger may be a moment behind; nothing lost or doubled ever mends.
    """
    deadline = time.monotonic() + timeout_s
    while found := differences(database, journal, account=account):
        if time.monotonic() > deadline:
            break
        time.sleep(0.1)
    return found


def _order_differences(venue: Truth, ledger: Ledger) -> Iterable[str]:
    for client_id, times in venue.accepted.items():
        if times > 1:
            yield f"order doubled: {client_id} was accepted {times} times"
        if client_id not in ledger.orders:
            yield f"order unknown to the ledger: {client_id}"
        elif ledger.orders[client_id] in ABSENT:
            yield f"order {client_id} exists at the venue, the ledger says {ledger.orders[client_id]}"
        elif ledger.orders[client_id] not in IN_DOUBT and ledger.orders[client_id] != venue.status[client_id]:
            yield f"order {client_id}: ledger {ledger.orders[client_id]}, venue {venue.status[client_id]}"
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in ledger.fills:
        sums[fill.client_order_id] += fill.quantity
    for client_id, status in ledger.orders.items():
        if status in IN_DOUBT:
            yield f"order {client_id} is still {status}"
        elif client_id not in venue.accepted and status not in ABSENT:
            yield f"order {client_id} is {status} in the ledger, the venue never took it"
        if ledger.filled[client_id] != sums[client_id]:
            yield f"order {client_id} says filled {ledger.filled[client_id]}, its fills sum to {sums[client_id]}"


def read_truth(journal: Path, *, account: str) -> Truth:
    """Return what the venue's journal says of one account."""
    told = truth.read(journal)
    ours = told.by_client_id(account)
    return Truth(
        accepted=Counter({client_id: len(orders) for client_id, orders in ours.items()}),
        status={client_id: STATUS[orders[-1].status] for client_id, orders in ours.items()},
        fills=[_fill_of(trade) for trade in told.trades_of(account).values()],
        balances=told.balances()[account],
    )


def _fill_of(trade: Traded) -> FillKey:
    return FillKey(
        symbol=trade.symbol,
        trade_id=str(trade.trade_id),
        client_order_id=trade.client_id,
        side=1 if trade.side == "BUY" else -1,
        quantity=Decimal(trade.quantity),
        price=Decimal(trade.price),
        fee=Decimal(trade.fee),
        fee_currency=trade.fee_asset,
    )


def read_ledger(database: Path) -> Ledger:
    """Return what the database says of live orders and fills."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        rows = connection.execute("SELECT client_order_id, status, filled FROM orders WHERE paper = 0").fetchall()
        fills = connection.execute(
            "SELECT symbol, trade_id, client_order_id, side, quantity, price, fee, fee_currency"
            " FROM fills WHERE paper = 0 ORDER BY ledger_seq"
        ).fetchall()
        external: defaultdict[str, Decimal] = defaultdict(Decimal)
        for currency, amount in connection.execute("SELECT currency, amount FROM adjustments"):
            external[currency] += Decimal(amount)
        integrity = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return Ledger(
        orders={row[0]: row[1] for row in rows},
        filled={row[0]: Decimal(row[2]) for row in rows},
        fills=[
            FillKey(s.replace("/", ""), t, c, side, Decimal(q), Decimal(p), Decimal(f), fc)
            for s, t, c, side, q, p, f, fc in fills
        ],
        external=dict(external),
        integrity=integrity,
    )


def balance_changes(fills: Iterable[FillKey]) -> Mapping[str, Decimal]:
    """Return what fills did to each currency, exactly (all pairs here are against USDT)."""
    changes: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in fills:
        changes[fill.symbol.removesuffix("USDT")] += fill.side * fill.quantity
        changes["USDT"] -= fill.side * fill.quantity * fill.price
        changes[fill.fee_currency] -= fill.fee
    return changes
