"""ccxt's unified structures, and what they mean in our vocabulary: for venues without an adapter of their own.

ccxt hands out floats; the shortest decimal that reads back as one is exact for the 15 digits venues use.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec

from algobot.model import (
    Bar,
    ClientOrderId,
    Instrument,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    Trade,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
    as_decimal,
)
from algobot.venues.port import Balance

MS_NS: Final = 1_000_000
Number = float | str | None
_STATUS: Final = {
    "open": OrderStatus.OPEN,
    "closed": OrderStatus.FILLED,
    "canceled": OrderStatus.CANCELED,
    "canceling": OrderStatus.PENDING_CANCEL,
    "expired": OrderStatus.EXPIRED,
    "rejected": OrderStatus.REJECTED,
}
_SIDE: Final = {"buy": Side.BUY, "sell": Side.SELL}


class UnifiedOrder(msgspec.Struct, frozen=True):
    """ccxt's order; an answer without an id is no answer."""

    id: str
    symbol: str
    side: str
    amount: Number
    type: str | None = None
    status: str | None = None
    filled: Number = None
    price: Number = None
    clientOrderId: str | None = None
    timestamp: int | None = None


class UnifiedFee(msgspec.Struct, frozen=True):
    """What a trade cost."""

    cost: Number = None
    currency: str | None = None


class UnifiedTrade(msgspec.Struct, frozen=True):
    """ccxt's trade of ours."""

    id: str
    symbol: str
    side: str
    price: Number
    amount: Number
    timestamp: int
    order: str | None = None
    fee: UnifiedFee | None = None
    takerOrMaker: str | None = None


def exact(number: Number) -> Decimal:
    """Return the decimal behind a unified number; None is 0."""
    if number is None:
        return Decimal(0)
    return Decimal(number) if isinstance(number, str) else as_decimal(number)


def to_order(raw: UnifiedOrder) -> VenueOrder:
    """Return a unified order. Raises KeyError for a status or side nobody documented."""
    quantity, filled = exact(raw.amount), exact(raw.filled)
    status = _STATUS[raw.status or "open"]
    if status is OrderStatus.OPEN and filled:
        status = OrderStatus.PARTIAL if filled < quantity else OrderStatus.FILLED
    is_market = raw.type == "market"
    return VenueOrder(
        client_order_id=ClientOrderId(raw.clientOrderId or ""),
        venue_order_id=VenueOrderId(raw.id),
        symbol=Symbol(raw.symbol),
        side=_SIDE[raw.side],
        type=OrderType.MARKET if is_market else OrderType.LIMIT,
        status=status,
        quantity=quantity,
        filled=filled,
        limit_price=None if is_market else exact(raw.price),
        ts_event_ns=(raw.timestamp or 0) * MS_NS,
    )


def to_fill(raw: UnifiedTrade) -> VenueFill:
    """Return a unified trade."""
    fee = raw.fee or UnifiedFee()
    return VenueFill(
        trade_id=TradeId(raw.id),
        venue_order_id=VenueOrderId(raw.order or ""),
        symbol=Symbol(raw.symbol),
        side=_SIDE[raw.side],
        quantity=exact(raw.amount),
        price=exact(raw.price),
        fee=exact(fee.cost),
        fee_currency=fee.currency or "",
        is_maker=raw.takerOrMaker == "maker",
        ts_event_ns=raw.timestamp * MS_NS,
    )


def to_balances(raw: dict[str, Any]) -> dict[str, Balance]:
    """Return the currencies of a unified balance that are not empty."""
    free, used = raw.get("free") or {}, raw.get("used") or {}
    held = {str(name): Balance(exact(free.get(name)), exact(used.get(name))) for name in {*free, *used}}
    return {name: balance for name, balance in held.items() if balance.total}


def to_instruments(exchange: Any) -> dict[Symbol, Instrument]:
    """Return the spot instruments of an exchange whose markets are loaded."""
    found = {}
    for market in exchange.markets.values():
        if market.get("spot") and market.get("active") is not False:
            tick, lot = _steps(market, exchange.precisionMode)
            if tick and lot:
                found[Symbol(market["symbol"])] = _to_instrument(market, tick, lot)
    return found


def _to_instrument(market: dict[str, Any], tick: Decimal, lot: Decimal) -> Instrument:
    amount, cost = market["limits"].get("amount") or {}, market["limits"].get("cost") or {}
    return Instrument(
        symbol=Symbol(market["symbol"]),
        venue_symbol=str(market["id"]),
        base=market["base"],
        quote=market["quote"],
        tick=tick,
        lot=lot,
        min_quantity=exact(amount.get("min")),
        max_quantity=exact(amount.get("max")),
        min_notional=exact(cost.get("min")),
        maker_fee=exact(market.get("maker") if market.get("maker") is not None else 0.001),
        taker_fee=exact(market.get("taker") if market.get("taker") is not None else 0.001),
    )


def _steps(market: dict[str, Any], precision_mode: int) -> tuple[Decimal, Decimal]:
    """Return tick and lot; 0 where the venue does not say, or says it in significant digits (mode 3)."""
    precision = market["precision"]
    steps = [exact(precision.get("price")), exact(precision.get("amount"))]
    if precision_mode == 2:  # decimal places; mode 4 gives the step itself
        steps = [Decimal(1).scaleb(-int(digits)) for digits in steps]
    return (steps[0], steps[1]) if precision_mode in (2, 4) else (Decimal(0), Decimal(0))


def to_bar(row: list[float], length_ns: int) -> Bar:
    """Return the bar of one of ccxt's OHLCV rows, unfiltered."""
    open_ns = int(row[0]) * MS_NS
    return Bar(open_ns, open_ns + length_ns, *(float(value) for value in row[1:6]))


def to_trade(raw: dict[str, Any], symbol: Symbol, recv_ns: int) -> Trade:
    """Return a public print, unfiltered. Raises KeyError, TypeError, ValueError or OverflowError for what is none."""
    event_ns = int(raw["timestamp"]) * MS_NS
    return Trade(symbol, float(raw["price"]), float(raw["amount"]), _SIDE[raw["side"]], event_ns, recv_ns)
