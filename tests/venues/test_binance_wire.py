from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from algobot.errors import StreamClosed
from algobot.model import (
    ClientOrderId,
    NewOrder,
    OrderStatus,
    OrderType,
    Side,
    Symbol,
    TimeInForce,
    VenueFill,
    VenueOrder,
)
from algobot.venues import binance_wire as wire
from algobot.venues.binance_private import read
from algobot.venues.port import Balance, BalancesChanged
from tests.fakes.venue import BTC

SYMBOLS = {"BTCUSDT": Symbol("BTC/USDT")}
REPORT = {
    "e": "executionReport", "E": 1499405658658, "s": "BTCUSDT", "c": "main-1", "S": "BUY", "o": "LIMIT", "f": "GTC",
    "q": "0.30000000", "p": "20000.10000000", "P": "0.00000000", "F": "0.00000000", "g": -1, "C": "", "x": "TRADE",
    "X": "PARTIALLY_FILLED", "r": "NONE", "i": 4293153, "l": "0.10000000", "z": "0.10000000", "L": "20000.10000000",
    "n": "0.00010000", "N": "BTC", "T": 1499405658657, "t": 77, "I": 8641984, "w": True, "m": True, "M": False,
    "O": 1499405658657, "Z": "2000.01000000", "Y": "2000.01000000", "Q": "0.00000000",
}  # fmt: skip


def an_order(**changes: object) -> NewOrder:
    """Return a limit order that is fine but for `changes`."""
    order = NewOrder(
        client_order_id=ClientOrderId("main-1"),
        symbol=Symbol("BTC/USDT"),
        side=Side.BUY,
        type=OrderType.LIMIT,
        quantity=Decimal("0.00001"),
        limit_price=Decimal("20000.10"),
    )
    return msgspec.structs.replace(order, **changes)


def test_a_trade_report_is_a_fill_and_then_its_order_in_the_venues_own_digits() -> None:
    """0.1 stays one tenth, and the fee stays in the currency it was taken in."""
    fill, order = read(REPORT, SYMBOLS)
    assert isinstance(fill, VenueFill)
    assert isinstance(order, VenueOrder)
    assert (fill.trade_id, fill.quantity, fill.price) == ("77", Decimal("0.1"), Decimal("20000.1"))
    assert (fill.fee, fill.fee_currency, fill.is_maker) == (Decimal("0.0001"), "BTC", True)
    assert (fill.client_order_id, fill.venue_order_id) == ("main-1", "4293153")
    assert fill.ts_event_ns == 1499405658657000000
    assert (order.status, order.filled, order.quantity) == (OrderStatus.PARTIAL, Decimal("0.1"), Decimal("0.3"))


def test_a_cancel_report_is_about_the_order_it_cancels() -> None:
    """There `c` is the cancel's own id and `C` the order's."""
    canceled = REPORT | {"x": "CANCELED", "X": "CANCELED", "c": "web_1", "C": "main-1", "t": -1, "n": "0", "N": None}
    (order,) = read(canceled, SYMBOLS)
    assert isinstance(order, VenueOrder)
    assert (order.client_order_id, order.status) == ("main-1", OrderStatus.CANCELED)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e5", "", "0x10", "1\n", "١"])
def test_an_amount_that_is_no_plain_decimal_ends_the_stream(amount: str) -> None:
    """`Decimal` would take them; the ledger must not."""
    with pytest.raises(StreamClosed):
        read(REPORT | {"l": amount}, SYMBOLS)


@pytest.mark.parametrize("change", [{"X": "NEW_STATUS"}, {"S": "HOLD"}, {"i": "x"}])
def test_an_event_that_cannot_be_read_ends_the_stream(change: dict[str, object]) -> None:
    """What happened is then unknown until the account is swept."""
    with pytest.raises(StreamClosed):
        read(REPORT | change, SYMBOLS)


def test_balances_come_exact_and_only_those_that_changed() -> None:
    """Free and locked, by currency."""
    event = {"e": "outboundAccountPosition", "E": 5, "u": 5, "B": [{"a": "USDT", "f": "0.10000000", "l": "0.2"}]}
    assert read(event, {}) == [BalancesChanged({"USDT": Balance(Decimal("0.1"), Decimal("0.2"))}, 5_000_000)]


def test_an_order_goes_out_in_plain_digits_with_its_window() -> None:
    """No exponent, no float: 1E-5 would be refused, 0.00001 is what was meant."""
    params = wire.order_params(an_order(), BTC, 4000)
    assert params == {
        "symbol": "BTCUSDT",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.00001",
        "price": "20000.10",
        "newClientOrderId": "main-1",
        "newOrderRespType": "RESULT",
        "recvWindow": "4000",
    }
    assert wire.order_params(an_order(quantity=Decimal("1E-8")), BTC, 1)["quantity"] == "0.00000001"


def test_each_kind_of_order_has_its_own_words() -> None:
    """A market order has no price, a post-only one no time in force."""
    market = wire.order_params(an_order(type=OrderType.MARKET, limit_price=None), BTC, 1)
    assert market["type"] == "MARKET"
    assert not {"price", "timeInForce"} & set(market)
    maker = wire.order_params(an_order(time_in_force=TimeInForce.POST_ONLY), BTC, 1)
    assert maker["type"] == "LIMIT_MAKER"
    assert "timeInForce" not in maker
    assert wire.order_params(an_order(time_in_force=TimeInForce.IOC), BTC, 1)["timeInForce"] == "IOC"


def test_market_rules_are_read_exactly() -> None:
    """The venue pads its steps with zeros; the step is what counts. A symbol without steps cannot be traded safely."""
    filters = [
        {"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "1000000", "tickSize": "0.01000000"},
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
        {"filterType": "PERCENT_PRICE_BY_SIDE", "bidMultiplierUp": "5"},
    ]
    btc = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT", "filters": filters}
    bare = btc | {"symbol": "XYZUSDT", "baseAsset": "XYZ", "filters": filters[1:]}
    info = msgspec.convert({"symbols": [btc, bare]}, wire.ExchangeInfo)
    assert wire.to_instruments(info) == {"BTC/USDT": BTC}
