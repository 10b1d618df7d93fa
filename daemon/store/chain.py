"""The hash that chains every ledger row to the one before it: SQLite does not notice a flipped bit, this does."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Final

from algobot.model import Fill

GENESIS: Final = b"\0" * 16
Values = tuple[int | str, ...]


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
