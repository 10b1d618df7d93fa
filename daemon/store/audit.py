"""The whole truth about a database file: every hash, every index, and every sum that must agree with another.

It reads one moment of the file through a snapshot, so that a daemon at work is not disturbed and cannot disturb.
"""

from __future__ import annotations

import itertools
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Final, Literal

import msgspec

from algobot.errors import StoreCorrupt
from algobot.model import BotSpec, OrderStatus, may_follow
from daemon.store import backups, soundness
from daemon.store.schema import version_of
from daemon.store.soundness import Flaw, Mark

FLAWS_MOST: Final = 100
_COUNTS: Final = ("fills", "orders", "order_events", "checkpoints", "adjustments", "audit")
Check = Callable[[sqlite3.Connection], Iterator[Flaw]]


class Audit(msgspec.Struct, frozen=True):
    """What the audit of one database found."""

    schema_version: Literal[1]
    database: str
    sound: bool
    database_version: int
    instance: str
    epoch: str  # of the last start
    rows: dict[str, int]
    head: str  # "ledger number:hash" of the newest fill: note it, and a later audit proves that nothing was cut off
    seconds: float
    flaws: list[Flaw]  # the first of them; empty when all is sound
    flaws_cut: bool  # there were more


def audit(path: Path, *, most: int = FLAWS_MOST) -> Audit:
    """Return all that is wrong with a database, the first broken row first.

    Raises:
        StoreError: it cannot be read.
        StoreCorrupt: it is no database of algobot's.
        StoreTooNew: a newer algobot wrote it.
    """
    began = time.monotonic()
    with closing(backups.read_only(path)) as connection:
        try:
            version = version_of(connection, path)
            connection.execute("BEGIN")
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()  # from here on: this moment
        except (sqlite3.DatabaseError, ValueError) as error:  # a message of SQLite's that is no text is a ValueError
            raise StoreCorrupt(f"the database {path} is damaged: {error}", hint=backups.remedy(path)) from None
        if not version:
            raise StoreCorrupt(f"{path} is empty", hint=backups.remedy(path))
        flaws = list(itertools.islice(_flaws(connection, version), most + 1))
        return Audit(
            schema_version=1,
            database=str(path),
            sound=not flaws,
            database_version=version,
            instance=_meta(connection, "instance"),
            epoch=_meta(connection, "epoch"),
            rows=_rows(connection),
            head=_head(connection),
            seconds=round(time.monotonic() - began, 3),
            flaws=flaws[:most],
            flaws_cut=len(flaws) > most,
        )


def _flaws(connection: sqlite3.Connection, version: int) -> Iterator[Flaw]:
    """Yield everything; a check that the damage itself stops is a flaw, and the others go on."""
    checks: list[Check] = [
        soundness.pages,
        lambda open_: soundness.schema(open_, version),
        lambda open_: soundness.chain(open_, Mark()),
        _fills_are_unique,
        _fills_have_orders,
        _events_fold_to_orders,
        _lives_are_legal,
        _orders_are_the_sum_of_their_fills,
        _checkpoints_are_of_this_ledger,
        _bots_can_be_read,
        lambda open_: soundness.up_to(open_, soundness.mark(open_)),
    ]
    if version >= soundness.DIGESTS_SINCE:
        checks.insert(3, soundness.digests)
    for check in checks:
        try:
            yield from check(connection)
        except (sqlite3.Error, ArithmeticError, ValueError) as error:
            yield Flaw("pages", "the file", f"cannot be read through: {error}", "what lies behind")


def _fills_are_unique(connection: sqlite3.Connection) -> Iterator[Flaw]:
    """Read the table itself: the index that should forbid it may be what is damaged."""
    sql = """SELECT account_id, symbol, trade_id, max(ledger_seq), count(*) FROM fills NOT INDEXED
             GROUP BY account_id, symbol, trade_id, paper HAVING count(*) > 1"""
    for account_id, symbol, trade_id, seq, count in connection.execute(sql):
        affects = f"positions in {symbol} on account {account_id}"
        yield Flaw("reference", f"ledger row {seq}", f"is trade {trade_id} booked {count} times", affects)


def _fills_have_orders(connection: sqlite3.Connection) -> Iterator[Flaw]:
    sql = """SELECT ledger_seq, client_order_id, bot_id FROM fills WHERE NOT EXISTS (
             SELECT 1 FROM orders WHERE orders.client_order_id = fills.client_order_id)"""
    for seq, key, bot_id in connection.execute(sql):
        yield Flaw("reference", f"ledger row {seq}", f"is of order {key!r}, which is not there", f"bot {bot_id!r}")


def _events_fold_to_orders(connection: sqlite3.Connection) -> Iterator[Flaw]:
    """Each order must be what its last event says."""
    sql = """SELECT orders.client_order_id, orders.bot_id, event.event_id FROM orders LEFT JOIN order_events AS event
             ON event.event_id = (SELECT max(event_id) FROM order_events AS other
                                  WHERE other.client_order_id = orders.client_order_id)
             WHERE event.event_id IS NULL
                OR (event.status, event.filled, event.venue_order_id, event.reason, event.ts_ns)
                IS NOT (orders.status, orders.filled, orders.venue_order_id, orders.reason, orders.updated_ns)"""
    for key, bot_id, event_id in connection.execute(sql):
        problem = "has no events" if event_id is None else f"is not what its last event ({event_id}) says"
        yield Flaw("fold", f"order {key!r}", problem, f"what bot {bot_id!r} has open")


def _lives_are_legal(connection: sqlite3.Connection) -> Iterator[Flaw]:
    sql = "SELECT client_order_id, status, filled, event_id FROM order_events ORDER BY client_order_id, event_id"
    for key, events in itertools.groupby(connection.execute(sql), key=lambda row: row[0]):
        before, filled = None, Decimal(0)
        for _, told, now_filled, event_id in events:
            status = OrderStatus(told)
            if before is not None and not may_follow(before, status):
                yield Flaw("fold", f"event {event_id}", f"goes from {before.value} to {told}", f"order {key!r}")
            if Decimal(now_filled) < filled:
                yield Flaw("fold", f"event {event_id}", f"unfills {filled} to {now_filled}", f"order {key!r}")
            before, filled = status, Decimal(now_filled)


def _orders_are_the_sum_of_their_fills(connection: sqlite3.Connection) -> Iterator[Flaw]:
    """What an order says is filled must be what the ledger has of it."""
    ledger = itertools.groupby(
        connection.execute("SELECT client_order_id, quantity FROM fills ORDER BY client_order_id"), lambda row: row[0]
    )
    sums = ((key, sum((Decimal(quantity) for _, quantity in fills), Decimal(0))) for key, fills in ledger)
    key, total = next(sums, ("", Decimal(0)))
    for order, told, bot_id in connection.execute(
        "SELECT client_order_id, filled, bot_id FROM orders ORDER BY client_order_id"
    ):
        while key and key < order:
            key, total = next(sums, ("", Decimal(0)))
        booked = total if key == order else Decimal(0)
        if Decimal(told) != booked:
            problem = f"says {told} filled, its fills sum to {booked}"
            yield Flaw("fold", f"order {order!r}", problem, f"the position of bot {bot_id!r}")


def _checkpoints_are_of_this_ledger(connection: sqlite3.Connection) -> Iterator[Flaw]:
    end = soundness.head(connection).ledger_seq
    sql = """SELECT checkpoints.bot_id, ledger_seq, bots.bot_id FROM checkpoints
             LEFT JOIN bots ON bots.bot_id = checkpoints.bot_id"""
    for bot_id, seq, known in connection.execute(sql):
        if not 0 <= seq <= end:
            problem = f"has applied ledger row {seq}, the ledger ends at {end}"
            yield Flaw("checkpoint", f"checkpoint of bot {bot_id!r}", problem, f"the position of bot {bot_id!r}")
        if known is None:
            yield Flaw("checkpoint", f"checkpoint of bot {bot_id!r}", "is of a bot that is not there")


def _bots_can_be_read(connection: sqlite3.Connection) -> Iterator[Flaw]:
    for bot_id, spec in connection.execute("SELECT bot_id, spec FROM bots"):
        try:
            named = msgspec.json.decode(spec, type=BotSpec).bot_id
        except msgspec.MsgspecError as error:
            yield Flaw("reference", f"bot {bot_id!r}", f"has a specification that cannot be read: {error}")
        else:
            if named != bot_id:
                yield Flaw("reference", f"bot {bot_id!r}", f"has the specification of {named!r}")


def _rows(connection: sqlite3.Connection) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in _COUNTS:
        try:
            counts[table] = int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - ours
        except (sqlite3.Error, ValueError):
            counts[table] = -1  # its damage is among the flaws
    return counts


def _head(connection: sqlite3.Connection) -> str:
    try:
        return soundness.head(connection).text
    except (sqlite3.Error, ValueError):
        return ""


def _meta(connection: sqlite3.Connection, key: str) -> str:
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    except (sqlite3.Error, ValueError):
        return ""
    return str(row[0]) if row else ""
