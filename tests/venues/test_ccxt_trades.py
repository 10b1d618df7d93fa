"""Trades by the page, from a venue in memory that gives them as the real ones do."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs

import pytest

from algobot.errors import VenueUnavailable
from algobot.model import Symbol, VenueOrderId
from tests.venues.canned import Heard, a_market, canned

DAY_MS = 86_400_000
NOW_MS = time.time_ns() // 1_000_000
ALL = [(str(index), NOW_MS - 14 * DAY_MS + index * DAY_MS // 20) for index in range(260)]  # id and time of each trade


def _bybit(heard: Heard) -> Any:
    start, end = int(heard.query["startTime"]), int(heard.query.get("endTime") or NOW_MS)
    assert end - start <= 7 * DAY_MS, "more than seven days at once are refused"
    page = [one for one in reversed(ALL) if start <= one[1] <= end][: min(100, int(heard.query["limit"]))]
    rows = [
        {"symbol": "BTCUSDT", "execId": key, "orderId": "42", "side": "Buy", "execPrice": "15000", "execQty": "0.01",
         "execFee": "0.1", "feeCurrency": "USDT", "execTime": str(at), "isMaker": False, "category": "spot"}
        for key, at in page
    ]  # fmt: skip
    return {"retCode": 0, "retMsg": "OK", "result": {"list": rows, "category": "spot"}}


def _okx(heard: Heard) -> Any:
    start, end = int(heard.query["begin"]), int(heard.query.get("end") or NOW_MS)
    page = [one for one in reversed(ALL) if start <= one[1] <= end][:100]
    rows = [
        {"instId": "BTC-USDT", "instType": "SPOT", "tradeId": key, "ordId": "42", "clOrdId": "", "billId": key,
         "side": "buy", "fillPx": "15000", "fillSz": "0.01", "fee": "-0.1", "feeCcy": "USDT", "ts": str(at),
         "execType": "T"}
        for key, at in page
    ]  # fmt: skip
    return {"code": "0", "data": rows}


def _kraken(heard: Heard) -> Any:
    asked = {name: int(values[0]) for name, values in parse_qs(heard.body).items() if name in ("start", "end")}
    start, end = asked["start"] * 1000, asked.get("end", NOW_MS // 1000 + 1) * 1000
    page = [one for one in reversed(ALL) if start < one[1] <= end][:50]
    rows = {
        key: {"ordertxid": "42", "pair": "XBTUSDT", "time": at / 1000, "type": "buy", "ordertype": "limit",
              "price": "15000.0", "cost": "150.0", "fee": "0.1", "vol": "0.01", "margin": "0.0", "misc": ""}
        for key, at in page
    }  # fmt: skip
    return {"error": [], "result": {"trades": rows, "count": len(ALL)}}


VENUES = {
    "bybit": ("/execution/list", _bybit),
    "okx": ("/fills-history", _okx),
    "kraken": ("/TradesHistory", _kraken),
}


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(VENUES))
async def test_every_trade_since_then_is_read_once(adapter: str) -> None:
    """However few a page holds, from whichever end it begins, and however short the span of one question."""
    path, page = VENUES[adapter]
    symbol = Symbol(a_market(adapter)["symbol"])
    async with canned(adapter) as (venue, account):
        venue.say_with(path, page)
        fills = await account.fills(symbol, since_ns=ALL[3][1] * 1_000_000 + 1)
        assert [fill.trade_id for fill in fills if int(fill.trade_id) > 3] == [key for key, _ in ALL[4:]]
        assert len({fill.trade_id for fill in fills}) == len(fills)
        assert len(venue.heard) < 15


@pytest.mark.anyio
@pytest.mark.parametrize("adapter", sorted(VENUES))
async def test_a_page_that_fails_fails_all(adapter: str) -> None:
    """Half the trades would be taken for all of them."""
    path, page = VENUES[adapter]
    symbol = Symbol(a_market(adapter)["symbol"])
    async with canned(adapter) as (venue, account):
        said = 0

        def failing(heard: Heard) -> Any:
            nonlocal said
            said += 1
            return page(heard) if said < 2 else {"error": ["EService:Unavailable"], "retCode": 10016, "code": "50026"}

        venue.say_with(path, failing)
        with pytest.raises(VenueUnavailable):
            await account.fills(symbol, since_ns=ALL[3][1] * 1_000_000)


@pytest.mark.anyio
async def test_the_trades_of_one_order_are_asked_for_by_the_order() -> None:
    """Its age does not matter then."""
    async with canned("okx") as (venue, account):
        venue.say_with("/trade/fills ordId", lambda heard: _okx_of_order(heard))
        fills = await account.fills(Symbol("BTC/USDT"), order=VenueOrderId("42"))
        assert [fill.trade_id for fill in fills] == ["1"]
        assert len(venue.heard) == 1


def _okx_of_order(heard: Heard) -> Any:
    assert heard.query["ordId"] == "42"
    return _okx(Heard("GET", "", {"begin": str(ALL[1][1]), "end": str(ALL[1][1])}, "", {}))


def _bybit_orders(heard: Heard) -> Any:
    first = int(heard.query.get("cursor") or 0)
    rows = [
        {"symbol": "BTCUSDT", "orderId": str(index), "orderLinkId": f"abm-x1-b2-{index}", "side": "Buy",
         "orderType": "Limit", "orderStatus": "New", "price": "15000", "qty": "0.01", "cumExecQty": "0",
         "createdTime": str(NOW_MS), "updatedTime": str(NOW_MS), "timeInForce": "GTC"}
        for index in range(first, min(first + int(heard.query.get("limit", 20)), 120))
    ]  # fmt: skip
    after = str(first + len(rows)) if first + len(rows) < 120 else ""
    return {"retCode": 0, "retMsg": "OK", "result": {"list": rows, "nextPageCursor": after, "category": "spot"}}


def _okx_orders(heard: Heard) -> Any:
    below = int(heard.query.get("after") or 1_120)
    rows = [
        {"instId": "BTC-USDT", "instType": "SPOT", "ordId": str(index), "clOrdId": f"abmZx1Zb2Z{index}", "side": "buy",
         "ordType": "limit", "state": "live", "px": "15000", "sz": "0.01", "accFillSz": "0", "avgPx": "",
         "cTime": str(NOW_MS + index), "uTime": str(NOW_MS + index), "fee": "0", "feeCcy": "BTC", "tgtCcy": ""}
        for index in range(below - 1, max(below - 101, 999), -1)
    ]  # fmt: skip
    return {"code": "0", "data": rows}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("adapter", "path", "page"),
    [("bybit", "/order/realtime", _bybit_orders), ("okx", "/orders-pending", _okx_orders)],
)
async def test_every_open_order_is_read(adapter: str, path: str, page: Any) -> None:
    """An order on the second page is open too."""
    async with canned(adapter) as (venue, account):
        venue.say_with(path, page)
        orders = await account.open_orders()
        assert len({order.venue_order_id for order in orders}) == 120
        assert len(venue.heard) <= 3
        assert all(order.client_order_id.startswith("abm-x1-b2-") for order in orders)


@pytest.mark.anyio
async def test_deribit_is_asked_for_open_orders_of_every_currency() -> None:
    """ccxt would ask for those of one."""
    async with canned("deribit") as (venue, account):
        order = {
            "order_id": "42", "label": "abm-x1-b2-7", "order_state": "open", "direction": "buy", "amount": 0.01,
            "price": 15000.0, "filled_amount": 0.0, "order_type": "limit", "instrument_name": "BTC_USDC",
            "creation_timestamp": NOW_MS, "last_update_timestamp": NOW_MS,
        }  # fmt: skip
        venue.say("/private/get_open_orders", json.dumps({"jsonrpc": "2.0", "result": [order]}))
        (found,) = await account.open_orders()
        assert (found.client_order_id, found.venue_order_id, found.symbol) == ("abm-x1-b2-7", "42", "BTC/USDC")
        assert venue.heard[0].query == {"kind": "spot"}
