"""The ledger of record: `Store` writes, `Store.reads` reads, `rows` is what there is."""

from daemon.store.rows import (
    Adjustment,
    AuditRow,
    BotForgotten,
    BotRecord,
    EquitySample,
    FillRow,
    HaltCleared,
    HaltRecord,
    LedgerFill,
    OrderRow,
    Row,
)
from daemon.store.store import OK, Durable, Store

__all__ = [
    "OK",
    "Adjustment",
    "AuditRow",
    "BotForgotten",
    "BotRecord",
    "Durable",
    "EquitySample",
    "FillRow",
    "HaltCleared",
    "HaltRecord",
    "LedgerFill",
    "OrderRow",
    "Row",
    "Store",
]
