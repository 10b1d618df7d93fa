"""What is read back: at start-up, and for views. Through the one connection, between transactions, never beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from decimal import Decimal

import anyio
import msgspec

from algobot.errors import StoreCorrupt, StoreError
from algobot.model import (
    LIVE,
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
    TimeInForce,
    TradeId,
    VenueOrderId,
)
from daemon.messages import Checkpoint
from daemon.store.backups import remedy
from daemon.store.chain import is_whole
from daemon.store.rows import Adjustment, BotRecord, HaltRecord, LedgerFill
from daemon.store.writer import Writer

_LIVE = sorted(status.value for status in LIVE)


class Reads:
    """Queries on the ledger; each raises StoreError while the database itself is failing.

    A row that is not the one that was written is StoreCorrupt: nothing is ever computed from it.
    """

    def __init__(self, writer: Writer) -> None:
        self.lock = anyio.Lock()
        self._writer = writer

    async def live_orders(self, account_id: AccountId) -> list[Order]:
        """Return an account's orders that may still move, oldest first; paper ones are not in it."""
        marks = ", ".join("?" * len(_LIVE))
        where = f"account_id = ? AND paper = 0 AND status IN ({marks}) ORDER BY created_ns"
        return [_order(row) for row in await self._all("orders", where, (account_id, *_LIVE))]

    async def closed_orders(self, account_id: AccountId, since_ns: int) -> list[Order]:
        """Return an account's orders that ended after `since_ns`, oldest first: a late fill may still name them."""
        marks = ", ".join("?" * len(_LIVE))
        where = f"account_id = ? AND paper = 0 AND status NOT IN ({marks}) AND updated_ns >= ? ORDER BY created_ns"
        return [_order(row) for row in await self._all("orders", where, (account_id, *_LIVE, since_ns))]

    async def order(self, client_order_id: ClientOrderId) -> Order | None:
        """Return one order of any age."""
        found = await self._all("orders", "client_order_id = ?", (client_order_id,))
        return _order(found[0]) if found else None

    async def order_by_venue_id(
        self, account_id: AccountId, symbol: Symbol, venue_order_id: VenueOrderId
    ) -> Order | None:
        """Return the order the venue knows by that number of that symbol."""
        where = "account_id = ? AND symbol = ? AND venue_order_id = ?"
        found = await self._all("orders", where, (account_id, symbol, venue_order_id))
        return _order(found[0]) if found else None

    async def orders(self, bot_id: BotId | None = None, *, open_only: bool = False, limit: int = 200) -> list[Order]:
        """Return orders, paper ones too, newest first."""
        marks = ", ".join("?" * len(_LIVE))
        live = f"status IN ({marks})" if open_only else "1"
        mine = "bot_id = ?" if bot_id is not None else "1"
        parameters = (*(_LIVE if open_only else ()), *((bot_id,) if bot_id is not None else ()), limit)
        where = f"{live} AND {mine} ORDER BY created_ns DESC, rowid DESC LIMIT ?"
        return [_order(row) for row in await self._all("orders", where, parameters)]

    async def fills(self, bot_id: BotId | None = None, *, limit: int = 200) -> list[Fill]:
        """Return fills, paper ones too, newest first."""
        mine = "bot_id = ?" if bot_id is not None else "1"
        parameters = (*((bot_id,) if bot_id is not None else ()), limit)
        found = await self._all("fills", f"{mine} ORDER BY ledger_seq DESC LIMIT ?", parameters)
        return [_ledger_fill(row).fill for row in found]

    async def fills_after(self, ledger_seq: int, bot_id: BotId) -> list[LedgerFill]:
        """Return a bot's fills behind number `ledger_seq`, oldest first: what its session has not applied."""
        where = "bot_id = ? AND ledger_seq > ? ORDER BY ledger_seq"
        return [_ledger_fill(row) for row in await self._all("fills", where, (bot_id, ledger_seq))]

    async def account_fills(self, account_id: AccountId, *, after: int = 0, limit: int = -1) -> list[LedgerFill]:
        """Return live fills of an account, oldest first: those behind number `after`, `limit` at most."""
        where = (
            "ledger_seq > ? AND +account_id = ? AND paper = 0 ORDER BY ledger_seq LIMIT ?"  # + : in the ledger's order
        )
        return [_ledger_fill(row) for row in await self._all("fills", where, (after, account_id, limit))]

    async def trades_of(self, client_order_id: ClientOrderId) -> list[tuple[Symbol, TradeId]]:
        """Return what identifies the fills of one order."""
        found = await self._all("fills", "client_order_id = ? AND paper = 0", (client_order_id,))
        return [(Symbol(row["symbol"]), TradeId(row["trade_id"])) for row in found]

    async def watermarks(self, account_id: AccountId) -> dict[Symbol, int]:
        """Return the time of the newest live fill of each symbol an account has traded."""
        sql = "SELECT symbol, max(ts_event_ns) FROM fills WHERE account_id = ? AND paper = 0 GROUP BY symbol"
        return {Symbol(str(row[0])): int(row[1]) for row in await self._rows(sql, (account_id,))}

    async def checkpoint(self, bot_id: BotId) -> Checkpoint | None:
        """Return where a bot's session was last made durable."""
        for row in await self._all("checkpoints", "bot_id = ?", (bot_id,)):
            return Checkpoint(
                bot_id=BotId(str(row["bot_id"])),
                bar_close_ns=row["bar_close_ns"],
                ledger_seq=row["ledger_seq"],
                session=bytes(row["session"]),
                layout=row["layout"],
                written_ns=row["written_ns"],
                paused=bool(row["paused"]),
                day_start_equity=row["day_start_equity"],
                day_start_ns=row["day_start_ns"],
            )
        return None

    async def bots(self) -> list[BotRecord]:
        """Return every bot that exists, by name."""
        found = await self._all("bots", "1 ORDER BY bot_id", ())
        return [
            BotRecord(msgspec.json.decode(row["spec"], type=BotSpec), row["origin"], row["updated_ns"]) for row in found
        ]

    async def adjustments(self, account_id: AccountId) -> list[Adjustment]:
        """Return all that was booked as external to an account's bots, oldest first."""
        found = await self._all("adjustments", "account_id = ? ORDER BY adjustment_id", (account_id,))
        return [
            Adjustment(
                AccountId(row["account_id"]),
                row["currency"],
                Decimal(row["amount"]),
                row["kind"],
                row["reason"],
                row["by"],
                row["ts_ns"],
            )
            for row in found
        ]

    async def halts(self) -> list[HaltRecord]:
        """Return the latches whose rows are closed."""
        found = await self._all("halts", "1 ORDER BY since_ns", ())
        return [
            HaltRecord(row["scope"], row["target"], row["mode"], row["reason"], row["since_ns"], row["by"])
            for row in found
        ]

    async def equity(self, bot_id: BotId, *, since_ns: int = 0, limit: int = 5000) -> list[tuple[int, float]]:
        """Return the newest points of a bot's equity curve, oldest first."""
        sql = "SELECT ts_ns, equity FROM equity WHERE bot_id = ? AND ts_ns >= ? ORDER BY ts_ns DESC LIMIT ?"
        found = await self._rows(sql, (bot_id, since_ns, limit))
        return [(int(row[0]), float(row[1])) for row in reversed(found)]

    async def counts(self, bot_id: BotId) -> tuple[int, int]:
        """Return how many orders and fills a bot ever had."""
        orders = await self._rows("SELECT count(*) FROM orders WHERE bot_id = ?", (bot_id,))
        fills = await self._rows("SELECT count(*) FROM fills WHERE bot_id = ?", (bot_id,))
        return int(orders[0][0]), int(fills[0][0])

    async def _all(self, table: str, where: str, parameters: tuple[object, ...]) -> list[sqlite3.Row]:
        found = await self._rows(f"SELECT * FROM {table} WHERE {where}", parameters)  # noqa: S608 - both are ours
        for row in found:
            if not is_whole(table, row):
                told = f"the database {self._writer.path} is damaged: row {row[0]!r} of {table} does not match its hash"
                raise StoreCorrupt(told, hint=remedy(self._writer.path))
        return found

    async def _rows(self, sql: str, parameters: Iterable[object]) -> list[sqlite3.Row]:
        async with self.lock:
            try:
                cursor = await self._writer.connection.execute(sql, tuple(parameters))
                cursor.row_factory = sqlite3.Row
                found = list(await cursor.fetchall())
                await cursor.close()
            except (sqlite3.Error, ValueError) as error:  # a damaged text, or a message of SQLite's that quotes one
                hint = f"check {self._writer.path} and the disk it is on"
                raise StoreError(f"the database cannot be read: {error}", hint=hint) from None
        return found


def _order(row: sqlite3.Row) -> Order:
    return Order(
        client_order_id=ClientOrderId(row["client_order_id"]),
        account_id=AccountId(row["account_id"]),
        bot_id=BotId(row["bot_id"]),
        symbol=Symbol(row["symbol"]),
        side=Side(row["side"]),
        type=OrderType(row["type"]),
        quantity=Decimal(row["quantity"]),
        status=OrderStatus(row["status"]),
        created_ns=row["created_ns"],
        updated_ns=row["updated_ns"],
        limit_price=None if row["limit_price"] is None else Decimal(row["limit_price"]),
        time_in_force=TimeInForce(row["time_in_force"]),
        reduce_only=bool(row["reduce_only"]),
        venue_order_id=VenueOrderId(row["venue_order_id"]),
        filled=Decimal(row["filled"]),
        tag=row["tag"],
        reason=row["reason"],
    )


def _ledger_fill(row: sqlite3.Row) -> LedgerFill:
    fill = Fill(
        trade_id=TradeId(row["trade_id"]),
        account_id=AccountId(row["account_id"]),
        bot_id=BotId(row["bot_id"]),
        client_order_id=ClientOrderId(row["client_order_id"]),
        symbol=Symbol(row["symbol"]),
        side=Side(row["side"]),
        quantity=Decimal(row["quantity"]),
        price=Decimal(row["price"]),
        fee=Decimal(row["fee"]),
        fee_currency=row["fee_currency"],
        is_maker=bool(row["is_maker"]),
        ts_event_ns=row["ts_event_ns"],
        ts_recv_ns=row["ts_recv_ns"],
        tag=row["tag"],
    )
    return LedgerFill(row["ledger_seq"], fill, bool(row["paper"]))
