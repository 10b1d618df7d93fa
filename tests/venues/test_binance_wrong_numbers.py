"""Numbers that cannot be are an answer that cannot be read, never a fill, an order or a quote."""

from __future__ import annotations

import time

import msgspec
import pytest

from algobot.errors import StreamClosed
from algobot.model import Quote, Symbol
from algobot.venues import binance_wire as wire
from algobot.venues.binance_private import read
from algobot.venues.binance_stream import LATE_NS, Names, Newest, decode

BTC = Symbol("BTC/USDT")
REPORT = {
    **{"e": "executionReport", "s": "BTCUSDT", "c": "a-1", "S": "BUY", "o": "LIMIT", "q": "2.0", "p": "10.0"},
    **{"x": "TRADE", "X": "PARTIALLY_FILLED", "i": 7, "z": "1.0", "T": 1_700_000_000_000, "l": "0.5", "L": "10.0"},
    **{"n": "0.001", "N": "BTC", "t": 3, "m": True},
}
TRADE = {
    **{"id": 3, "orderId": 7, "price": "10.0", "qty": "0.5", "commission": "0.001", "commissionAsset": "BTC"},
    **{"time": 1_700_000_000_000, "isBuyer": True, "isMaker": True},
}
ORDER = {
    **{"symbol": "BTCUSDT", "orderId": 7, "clientOrderId": "a-1", "status": "NEW", "side": "BUY", "type": "LIMIT"},
    **{"origQty": "2.0", "executedQty": "1.0", "price": "10.0"},
}
WRONG = ("NaN", "0", "-1", "9e99", "Infinity")


def test_the_right_ones_are_read() -> None:
    """What the wrong ones are compared with."""
    assert len(read(REPORT, {"BTCUSDT": BTC})) == 2
    assert wire.to_fill(msgspec.convert(TRADE, wire.RestTrade, strict=False), BTC).trade_id == "3"
    assert wire.to_order(msgspec.convert(ORDER, wire.RestOrder, strict=False), BTC).filled == 1


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["q", "i", "z", "T", "l", "L", "t"])
def test_a_report_with_a_wrong_number_ends_the_stream(field: str, value: str) -> None:
    """What happened is unknown until the account is swept."""
    with pytest.raises(StreamClosed):
        read({**REPORT, field: value}, {"BTCUSDT": BTC})


def test_a_report_that_contradicts_itself_ends_the_stream() -> None:
    """A trade larger than all trades together; more traded than ordered."""
    for change in ({"l": "1.5"}, {"z": "3.0"}):
        with pytest.raises(StreamClosed):
            read({**REPORT, **change}, {"BTCUSDT": BTC})


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["id", "orderId", "price", "qty", "time"])
def test_a_trade_with_a_wrong_number_is_not_read(field: str, value: str) -> None:
    """Neither as text nor as a number."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**TRADE, field: value}, wire.RestTrade, strict=False)


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize("field", ["orderId", "origQty"])
def test_an_order_with_a_wrong_number_is_not_read(field: str, value: str) -> None:
    """Nor one that has traded more than it is."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({**ORDER, field: value}, wire.RestOrder, strict=False)
    with pytest.raises(ValueError, match="has traded"):
        wire.to_order(msgspec.convert({**ORDER, "executedQty": "2.1"}, wire.RestOrder, strict=False), BTC)


def test_a_quote_that_was_overtaken_says_nothing() -> None:
    """A lower update id comes late; after a while the venue may have begun to count anew."""
    names = Names(("btcusdt@bookTicker",), {"BTCUSDT": BTC}, {})
    newest, now_ns = Newest(), time.time_ns()

    def seen(update_id: int, at_ns: int) -> object:
        return decode(f'{{"u":{update_id},"s":"BTCUSDT","b":"10","a":"11"}}', names, at_ns, newest)

    assert isinstance(seen(5, now_ns), Quote)
    assert seen(4, now_ns + 1) is None
    assert isinstance(seen(6, now_ns + 2), Quote)
    assert isinstance(seen(1, now_ns + 3 + LATE_NS), Quote)
