"""How each kind of row is written: its statements and their parameters, in the order a transaction runs them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from daemon.messages import Checkpoint
from daemon.store.chain import Column, digest, text
from daemon.store.rows import (
    Adjustment,
    AuditRow,
    BotForgotten,
    BotRecord,
    EquitySample,
    HaltCleared,
    HaltRecord,
    OrderRow,
    Row,
)

Parameters = tuple[Column, ...]


def _marks(count: int) -> str:
    return ", ".join("?" * count)


_ORDER: Final = (  # what of an order may differ from one row to the next: all of it, its digest covers it whole
    *("account_id", "bot_id", "symbol", "side", "type", "quantity", "status", "created_ns", "updated_ns"),
    *("limit_price", "time_in_force", "reduce_only", "venue_order_id", "filled", "tag", "reason", "paper", "digest"),
)
UPSERT_ORDER: Final = f"""
INSERT INTO orders VALUES ({_marks(19)}) ON CONFLICT (client_order_id) DO UPDATE SET
    {", ".join(f"{column} = excluded.{column}" for column in _ORDER)}
"""  # noqa: S608 - only question marks and our columns are put in
APPEND_ORDER_EVENT: Final = f"INSERT INTO order_events VALUES (NULL, {_marks(7)})"  # noqa: S608
APPEND_FILL: Final = f"INSERT INTO fills VALUES ({_marks(18)})"  # noqa: S608
PUT_CHECKPOINT: Final = f"INSERT OR REPLACE INTO checkpoints VALUES ({_marks(10)})"  # noqa: S608
PUT_BOT: Final = "INSERT OR REPLACE INTO bots VALUES (?, ?, ?, ?, ?)"
FORGET_BOT: Final = "DELETE FROM bots WHERE bot_id = ?"
FORGET_CHECKPOINT: Final = "DELETE FROM checkpoints WHERE bot_id = ?"
APPEND_ADJUSTMENT: Final = f"INSERT INTO adjustments VALUES (NULL, {_marks(8)})"  # noqa: S608
PUT_HALT: Final = f"INSERT OR REPLACE INTO halts VALUES ({_marks(7)})"  # noqa: S608
CLEAR_HALT: Final = "DELETE FROM halts WHERE scope = ? AND target = ?"
APPEND_AUDIT: Final = f"INSERT INTO audit VALUES (NULL, {_marks(6)})"  # noqa: S608
PUT_EQUITY: Final = "INSERT OR REPLACE INTO equity VALUES (?, ?, ?)"
PUT_META: Final = "INSERT OR REPLACE INTO meta VALUES (?, ?, ?)"


def grouped(rows: Iterable[Row]) -> list[tuple[str, list[Parameters]]]:
    """Return statements with all their parameters, so that each runs once for a whole batch.

    Rows that take something away keep their place: a batch with one is not merged. Fills are not in it: they need
    their numbers and hashes (`writer`).
    """
    rows = list(rows)
    lines = [line for row in rows for line in written(row)]
    if any(isinstance(row, BotForgotten | HaltCleared) for row in rows):
        return [(statement, [parameters]) for statement, parameters in lines]
    groups: dict[str, list[Parameters]] = {}
    for statement, parameters in lines:
        groups.setdefault(statement, []).append(parameters)
    return list(groups.items())


def sealed(columns: Parameters) -> Parameters:
    """Return a row's columns with their digest behind them."""
    return (*columns, digest(columns))


def written(row: Row) -> list[tuple[str, Parameters]]:
    """Return what one row writes; a fill writes nothing here."""
    match row:
        case OrderRow():
            return _order(row)
        case Checkpoint():
            return [(PUT_CHECKPOINT, sealed(_checkpoint(row)))]
        case BotRecord(spec=spec):
            spec_json = msgspec.json.encode(spec).decode()
            return [(PUT_BOT, sealed((spec.bot_id, spec_json, row.origin, row.updated_ns)))]
        case BotForgotten(bot_id=bot_id):
            return [(FORGET_BOT, (bot_id,)), (FORGET_CHECKPOINT, (bot_id,))]
        case Adjustment():
            amount = text(row.amount)
            line = (row.account_id, row.currency, amount, row.kind, row.reason, row.by, row.ts_ns)
            return [(APPEND_ADJUSTMENT, sealed(line))]
        case HaltRecord():
            return [(PUT_HALT, sealed((row.scope, row.target, row.mode, row.reason, row.since_ns, row.by)))]
        case HaltCleared():
            return [(CLEAR_HALT, (row.scope, row.target))]
        case AuditRow():
            return [(APPEND_AUDIT, sealed((row.ts_ns, row.by, row.method, row.params, row.outcome)))]
        case EquitySample():
            return [(PUT_EQUITY, (row.bot_id, row.ts_ns, row.equity))]
        case _:
            return []


def _order(row: OrderRow) -> list[tuple[str, Parameters]]:
    order = row.order
    filled = text(order.filled)
    projected: Parameters = (
        order.client_order_id,
        order.account_id,
        order.bot_id,
        order.symbol,
        int(order.side),
        order.type.value,
        text(order.quantity),
        order.status.value,
        order.created_ns,
        order.updated_ns,
        None if order.limit_price is None else text(order.limit_price),
        order.time_in_force.value,
        int(order.reduce_only),
        order.venue_order_id,
        filled,
        order.tag,
        order.reason,
        int(row.paper),
    )
    event: Parameters = (
        order.client_order_id,
        order.updated_ns,
        order.status.value,
        filled,
        order.venue_order_id,
        order.reason,
    )
    return [(UPSERT_ORDER, sealed(projected)), (APPEND_ORDER_EVENT, sealed(event))]


def _checkpoint(row: Checkpoint) -> Parameters:
    return (
        row.bot_id,
        row.bar_close_ns,
        row.ledger_seq,
        row.session,
        row.layout,
        row.written_ns,
        int(row.paused),
        row.day_start_equity,
        row.day_start_ns,
    )
