"""Reads a simulator's log back as what really happened: orders by client id, trades by id, what everybody ends with.

Balances are summed here from the funding and the trades alone, independently of the engine's own books.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import msgspec

from algobot.errors import DataError
from algobot.simulator.journal import Accepted, BanBroken, Changed, Funded, Injected, Record, Refused, Traded

OrderKey = tuple[str, str, int]  # account, symbol, order id
TradeKey = tuple[str, str, int]  # account, symbol, trade id


class TrueOrder(msgspec.Struct):
    """One accepted order as the venue knows it at the end of the log."""

    account: str
    symbol: str
    order_id: int
    client_id: str
    side: str
    type: str
    price: Decimal
    quantity: Decimal
    filled: Decimal
    status: str
    accepted_ms: int
    trades: list[int]  # trade ids, oldest first


class Truth(msgspec.Struct):
    """Everything the log says. Account names are those of the log (an account's name, or else its key)."""

    orders: dict[OrderKey, TrueOrder]
    trades: dict[TradeKey, Traded]
    refused: list[Refused]
    injected: list[Injected]
    funded: list[Funded]
    broken_bans: list[BanBroken] = []

    def by_client_id(self, account: str | None = None) -> dict[str, list[TrueOrder]]:
        """Return the accepted orders of each client id: more than one means that an id was used again."""
        found: defaultdict[str, list[TrueOrder]] = defaultdict(list)
        for order in self.orders.values():
            if account is None or order.account == account:
                found[order.client_id].append(order)
        return dict(found)

    def trades_of(self, account: str) -> dict[tuple[str, int], Traded]:
        """Return one account's trades by (symbol, trade id)."""
        return {(t.symbol, t.trade_id): t for t in self.trades.values() if t.account == account}

    def balances(self) -> dict[str, dict[str, Decimal]]:
        """Return what each account holds in the end, free and locked together, by asset."""
        held: defaultdict[str, defaultdict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
        for funding in self.funded:
            held[funding.account][funding.asset] += Decimal(funding.amount)
        for trade in self.trades.values():
            sign = 1 if trade.side == "BUY" else -1
            held[trade.account][trade.base_asset] += sign * Decimal(trade.quantity)
            held[trade.account][trade.quote_asset] -= sign * Decimal(trade.quote)
            held[trade.account][trade.fee_asset] -= Decimal(trade.fee)
        return {account: dict(assets) for account, assets in held.items()}


def read(path: Path) -> Truth:
    """Return what the log at `path` says; a last line cut short by a kill is left out. Raises DataError."""
    truth = Truth({}, {}, [], [], [])
    decoder = msgspec.json.Decoder(Record)
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}", hint="start the simulator with --log") from None
    for number, line in enumerate(lines[:-1], 1):
        try:
            _add(truth, decoder.decode(line))
        except (msgspec.MsgspecError, KeyError) as error:
            raise DataError(f"{path}, line {number}: {error}", hint="this is not a simulator's log") from None
    return truth


def _add(truth: Truth, record: Record) -> None:
    match record:
        case Funded():
            truth.funded.append(record)
        case Refused():
            truth.refused.append(record)
        case Injected():
            truth.injected.append(record)
        case BanBroken():
            truth.broken_bans.append(record)
        case Accepted():
            truth.orders[(record.account, record.symbol, record.order_id)] = TrueOrder(
                account=record.account,
                symbol=record.symbol,
                order_id=record.order_id,
                client_id=record.client_id,
                side=record.side,
                type=record.type,
                price=Decimal(record.price),
                quantity=Decimal(record.quantity),
                filled=Decimal(0),
                status="NEW",
                accepted_ms=record.ms,
                trades=[],
            )
        case Changed():
            order = truth.orders[(record.account, record.symbol, record.order_id)]
            order.status = record.status
            order.filled = Decimal(record.filled)
        case Traded():
            order = truth.orders[(record.account, record.symbol, record.order_id)]
            order.trades.append(record.trade_id)
            order.filled += Decimal(record.quantity)
            truth.trades[(record.account, record.symbol, record.trade_id)] = record
