"""Hashes over rows: SQLite does not notice a flipped bit, these do.

Every ledger row is chained to the one before it; every other row that matters carries a digest of its own columns.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from algobot.model import Fill

GENESIS: Final = b"\0" * 16
Values = tuple[int | str, ...]
Column = int | float | str | bytes | None
DIGESTED: Final = {  # table: how many of its first columns, numbers that the database gives, stay outside
    "meta": 0,
    "bots": 0,
    "checkpoints": 0,
    "orders": 0,
    "order_events": 1,
    "adjustments": 1,
    "halts": 0,
    "audit": 1,
}


def text(amount: Decimal) -> str:
    """Return an amount in plain digits, as the ledger keeps it."""
    return format(amount, "f")


def values(ledger_seq: int, fill: Fill, *, paper: bool) -> Values:
    """Return a ledger row's columns up to the hashes, in the table's order."""
    return (
        ledger_seq,
        int(paper),
        fill.account_id,
        fill.symbol,
        fill.trade_id,
        fill.bot_id,
        fill.client_order_id,
        int(fill.side),
        text(fill.quantity),
        text(fill.price),
        text(fill.fee),
        fill.fee_currency,
        int(fill.is_maker),
        fill.ts_event_ns,
        fill.ts_recv_ns,
        fill.tag,
    )


def link(prev_hash: bytes, row: Values) -> bytes:
    """Return the hash of a ledger row that follows `prev_hash`."""
    return hashlib.blake2b(prev_hash + "\x1f".join(map(str, row)).encode(), digest_size=16).digest()


def digest(columns: Sequence[Column]) -> bytes:
    """Return the hash of one row's columns, as the database has them."""
    return hashlib.blake2b("\x1f".join([_plain(column) for column in columns]).encode(), digest_size=16).digest()


def is_whole(table: str, row: Sequence[Any]) -> bool:
    """Return whether a row, as `SELECT *` gives it, is the one that was written; a table without hashes says yes."""
    if table == "fills":
        return bool(row[-1] == link(row[-2], tuple(row[:-2])))
    skipped = DIGESTED.get(table)
    return skipped is None or bool(row[-1] == digest(row[skipped:-1]))


def _plain(column: Column) -> str:
    if isinstance(column, bytes):
        return column.hex()
    return "\0" if column is None else str(column)
