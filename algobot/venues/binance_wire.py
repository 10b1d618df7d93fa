"""Binance's spot protocol as it stands on the wire, and what it means in our vocabulary.

Amounts stay the strings the venue sent until they become exact `Decimal`s; only market data becomes floats. Fields keep
the venue's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final

import msgspec

from algobot.model import (
    Bar,
    ClientOrderId,
    Instrument,
    NewOrder,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TimeInForce,
    TradeId,
    VenueFill,
    VenueOrder,
    VenueOrderId,
)
from algobot.venues.port import Balance, BalancesChanged
from algobot.venues.possible import require_possible

MS_NS: Final = 1_000_000
Amount = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]+(\.[0-9]+)?\Z")]  # refuses NaN, Infinity and exponents
Unsigned = Annotated[str, msgspec.Meta(pattern=r"^[0-9]+(\.[0-9]+)?\Z")]
Positive = Annotated[str, msgspec.Meta(pattern=r"^(?=.*[1-9])[0-9]+(\.[0-9]+)?\Z")]
Counted = Annotated[int, msgspec.Meta(gt=0)]  # an id or a time: 0 and less are none


def exact(amount: str) -> Decimal:
    """Return the decimal without the zeros the venue pads it with: "0.01000000" is 0.01, "0.00000000" is 0."""
    return Decimal(amount.rstrip("0").rstrip(".") if "." in amount else amount)


# --- market rules --------------------------------------------------------------------------------------------------


class Filter(msgspec.Struct, frozen=True):
    """One of the venue's rules; only the fields of its `filterType` are there."""

    filterType: str  # the venue's name
    tickSize: Amount = "0"
    stepSize: Amount = "0"
    minQty: Amount = "0"
    maxQty: Amount = "0"
    minNotional: Amount = "0"


class SymbolInfo(msgspec.Struct, frozen=True):
    """One symbol of exchangeInfo."""

    symbol: str
    baseAsset: str
    quoteAsset: str
    filters: list[Filter]
    status: str = "TRADING"
    isSpotTradingAllowed: bool = True


class ExchangeInfo(msgspec.Struct, frozen=True):
    """`GET /api/v3/exchangeInfo`."""

    symbols: list[SymbolInfo]


def to_instruments(info: ExchangeInfo) -> dict[Symbol, Instrument]:
    """Return the spot instruments by unified symbol."""
    found = {}
    for entry in info.symbols:
        if entry.isSpotTradingAllowed:
            instrument = _to_instrument(entry)
            if instrument is not None:
                found[instrument.symbol] = instrument
    return found


def _to_instrument(entry: SymbolInfo) -> Instrument | None:
    rules = {rule.filterType: rule for rule in entry.filters}
    price, lot = rules.get("PRICE_FILTER"), rules.get("LOT_SIZE")
    if price is None or lot is None or Decimal(price.tickSize) == 0 or Decimal(lot.stepSize) == 0:
        return None  # without steps an order cannot be rounded safely
    notional = rules.get("NOTIONAL") or rules.get("MIN_NOTIONAL")
    return Instrument(
        symbol=Symbol(f"{entry.baseAsset}/{entry.quoteAsset}"),
        venue_symbol=entry.symbol,
        base=entry.baseAsset,
        quote=entry.quoteAsset,
        tick=exact(price.tickSize),
        lot=exact(lot.stepSize),
        min_quantity=exact(lot.minQty),
        max_quantity=exact(lot.maxQty),
        min_notional=exact(notional.minNotional) if notional is not None else Decimal(0),
    )


# --- bars ----------------------------------------------------------------------------------------------------------


class KlineRow(msgspec.Struct, frozen=True, array_like=True):
    """The first seven columns of one row of `GET /api/v3/klines`."""

    open_ms: Counted
    open: float
    high: float
    low: float
    close: float
    volume: float
    close_ms: int


def to_bar(row: KlineRow, timeframe_ns: int) -> Bar:
    """Return the bar of a kline row. Raises ValueError for one that no market can have made."""
    open_ns = row.open_ms * MS_NS
    bar = Bar(open_ns, open_ns + timeframe_ns, row.open, row.high, row.low, row.close, row.volume)
    require_possible(bar)
    return bar


# --- orders and fills over REST ------------------------------------------------------------------------------------

STATUS: Final = {
    "NEW": OrderStatus.OPEN,
    "PENDING_NEW": OrderStatus.OPEN,
    "PARTIALLY_FILLED": OrderStatus.PARTIAL,
    "FILLED": OrderStatus.FILLED,
    "CANCELED": OrderStatus.CANCELED,
    "PENDING_CANCEL": OrderStatus.PENDING_CANCEL,
    "REJECTED": OrderStatus.REJECTED,
    "EXPIRED": OrderStatus.EXPIRED,
    "EXPIRED_IN_MATCH": OrderStatus.EXPIRED,
}
SIDE: Final = {"BUY": Side.BUY, "SELL": Side.SELL}


class RestOrder(msgspec.Struct, frozen=True):
    """An order in an answer: of a submit, a query, or the list of open ones."""

    symbol: str
    orderId: Counted
    clientOrderId: str
    status: str
    side: str
    type: str
    origQty: Positive
    executedQty: Unsigned
    price: Unsigned = "0"
    origClientOrderId: str = ""
    transactTime: int = 0  # of a submit
    updateTime: int = 0  # of a query
    time: int = 0


class RestTrade(msgspec.Struct, frozen=True):
    """One row of `GET /api/v3/myTrades`."""

    id: Counted
    orderId: Counted
    price: Positive
    qty: Positive
    commission: Amount
    commissionAsset: str
    time: Counted
    isBuyer: bool
    isMaker: bool


class RestAsset(msgspec.Struct, frozen=True):
    """One currency of `GET /api/v3/account`."""

    asset: str
    free: Unsigned
    locked: Unsigned


class CommissionRates(msgspec.Struct, frozen=True):
    """The account's own fees, as fractions of notional."""

    maker: Amount
    taker: Amount


class RestAccount(msgspec.Struct, frozen=True):
    """`GET /api/v3/account`."""

    balances: list[RestAsset]
    canTrade: bool = True
    commissionRates: CommissionRates | None = None


def order_params(order: NewOrder, instrument: Instrument, valid_ms: int) -> dict[str, str]:
    """Return the parameters of `POST /api/v3/order`, every amount as an exact string.

    Spot has no reduce-only flag: that promise is kept before an order comes here.
    """
    params = {
        "symbol": instrument.venue_symbol,
        "side": order.side.name,
        "quantity": plain(order.quantity),
        "newClientOrderId": order.client_order_id,
        "newOrderRespType": "RESULT",
        "recvWindow": str(valid_ms),
    }
    if order.type is OrderType.MARKET or order.limit_price is None:
        return params | {"type": "MARKET"}
    params["price"] = plain(order.limit_price)
    if order.time_in_force is TimeInForce.POST_ONLY:
        return params | {"type": "LIMIT_MAKER"}
    return params | {"type": "LIMIT", "timeInForce": order.time_in_force.name}


def plain(amount: Decimal) -> str:
    """Return `amount` in plain digits, never with an exponent."""
    return format(amount, "f")


def to_order(raw: RestOrder, symbol: Symbol) -> VenueOrder:
    """Return a REST answer's order.

    Raises:
        KeyError: a status or side this adapter does not know.
        ValueError: it has traded more than it is.
    """
    is_market = raw.type == "MARKET"
    if exact(raw.executedQty) > exact(raw.origQty):
        raise ValueError(f"order {raw.orderId} of {raw.origQty} has traded {raw.executedQty}")
    return VenueOrder(
        client_order_id=ClientOrderId(raw.origClientOrderId or raw.clientOrderId),
        venue_order_id=VenueOrderId(str(raw.orderId)),
        symbol=symbol,
        side=SIDE[raw.side],
        type=OrderType.MARKET if is_market else OrderType.LIMIT,
        status=STATUS[raw.status],
        quantity=exact(raw.origQty),
        filled=exact(raw.executedQty),
        limit_price=None if is_market else exact(raw.price),
        ts_event_ns=(raw.updateTime or raw.transactTime or raw.time) * MS_NS,
    )


def to_fill(raw: RestTrade, symbol: Symbol) -> VenueFill:
    """Return a REST trade; the venue does not say our client order id there."""
    return VenueFill(
        trade_id=TradeId(str(raw.id)),
        venue_order_id=VenueOrderId(str(raw.orderId)),
        symbol=symbol,
        side=Side.BUY if raw.isBuyer else Side.SELL,
        quantity=exact(raw.qty),
        price=exact(raw.price),
        fee=exact(raw.commission),
        fee_currency=raw.commissionAsset,
        is_maker=raw.isMaker,
        ts_event_ns=raw.time * MS_NS,
    )


def to_balances(raw: RestAccount) -> dict[str, Balance]:
    """Return what the account holds, without the currencies it holds none of."""
    held = {entry.asset: Balance(exact(entry.free), exact(entry.locked)) for entry in raw.balances}
    return {currency: balance for currency, balance in held.items() if balance.total}


# --- the private stream --------------------------------------------------------------------------------------------


class ExecutionReport(msgspec.Struct, frozen=True):
    """`executionReport`: what became of an order, and the trade in it if there was one."""

    s: str  # symbol
    c: str  # client order id; of a cancel, the cancel's own id
    S: str  # side
    o: str  # type
    q: Positive  # quantity
    p: Unsigned  # price
    x: str  # what happened: NEW, TRADE, CANCELED, …
    X: str  # status after it
    i: Counted  # order id
    z: Unsigned  # cumulative quantity
    T: Counted  # transaction time
    C: str | None = None  # of a cancel: the client order id of the order it cancels
    l: Unsigned = "0"  # noqa: E741  # the venue's name: quantity of this trade
    L: Unsigned = "0"  # price of this trade
    n: Amount | None = None  # fee
    N: str | None = None  # currency of the fee
    t: int = -1  # trade id
    m: bool = False  # maker


class AccountPosition(msgspec.Struct, frozen=True):
    """`outboundAccountPosition`: where the currencies that changed stand now."""

    class Held(msgspec.Struct, frozen=True):
        """One currency."""

        a: str
        f: Unsigned
        l: Unsigned  # noqa: E741  # the venue's name: locked

    B: list[Held]
    E: int = 0


def report_events(raw: ExecutionReport, symbol: Symbol) -> list[VenueFill | VenueOrder]:
    """Return the fill of a report, if it has one, and then the order as it stands after it.

    Raises:
        KeyError: a status or side this adapter does not know.
        ValueError: numbers no trade can have.
    """
    client_order_id = ClientOrderId(raw.C or raw.c)
    side, is_market = SIDE[raw.S], raw.o == "MARKET"
    order = VenueOrder(
        client_order_id=client_order_id,
        venue_order_id=VenueOrderId(str(raw.i)),
        symbol=symbol,
        side=side,
        type=OrderType.MARKET if is_market else OrderType.LIMIT,
        status=STATUS[raw.X],
        quantity=exact(raw.q),
        filled=exact(raw.z),
        limit_price=None if is_market else exact(raw.p),
        ts_event_ns=raw.T * MS_NS,
    )
    if order.filled > order.quantity:
        raise ValueError(f"order {raw.i} of {raw.q} has traded {raw.z}")
    if raw.x != "TRADE":
        return [order]
    if not (0 < exact(raw.l) <= order.filled and exact(raw.L) > 0 and raw.t > 0):
        raise ValueError(f"trade {raw.t} of {raw.l} at {raw.L}, order {raw.i} has traded {raw.z}")
    fill = VenueFill(
        trade_id=TradeId(str(raw.t)),
        venue_order_id=order.venue_order_id,
        symbol=symbol,
        side=side,
        quantity=exact(raw.l),
        price=exact(raw.L),
        fee=exact(raw.n or "0"),
        fee_currency=raw.N or "",
        is_maker=raw.m,
        ts_event_ns=order.ts_event_ns,
        client_order_id=client_order_id,
    )
    return [fill, order]


def position_event(raw: AccountPosition) -> BalancesChanged:
    """Return the balances a position event carries."""
    balances: Mapping[str, Balance] = {held.a: Balance(exact(held.f), exact(held.l)) for held in raw.B}
    return BalancesChanged(dict(balances), raw.E * MS_NS)
