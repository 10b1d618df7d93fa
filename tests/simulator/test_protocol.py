"""The protocol on the wire, by a client that is nothing but HTTP: checks, codes, shapes, and the admin endpoint."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest

from algobot.simulator import AccountSpec, Simulator
from algobot.simulator.truth import read
from tests.waiting import until

from .builders import ALICE, BOB, MANUAL, RestClient

CORE = {
    *("symbol", "orderId", "orderListId", "clientOrderId", "price", "origQty", "executedQty", "origQuoteOrderQty"),
    *("cummulativeQuoteQty", "status", "timeInForce", "type", "side", "selfTradePreventionMode"),
}
TRADE = {
    *("symbol", "id", "orderId", "orderListId", "price", "qty", "quoteQty", "commission", "commissionAsset", "time"),
    *("isBuyer", "isMaker", "isBestMatch"),
}
ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "50000"}


@pytest.fixture
async def sim(anyio_backend: str, tmp_path: Any) -> AsyncIterator[Simulator]:
    """A venue whose market time stands still."""
    async with Simulator(msgspec.structs.replace(MANUAL, log=tmp_path / "truth.jsonl")) as simulator:
        yield simulator


@pytest.fixture
async def rest(sim: Simulator) -> AsyncIterator[RestClient]:
    """Alice's client."""
    async with aiohttp.ClientSession() as session:
        yield RestClient(session, sim.url)


@pytest.mark.anyio
async def test_an_order_is_answered_in_the_documented_shape(rest: RestClient) -> None:
    """A resting limit order, its query, its cancel and a market order with its fills hold the documented fields."""
    status, placed = await rest("POST", "/api/v3/order", **ORDER, newClientOrderId="mine-1")
    assert status == 200
    assert isinstance(placed, dict)
    assert set(placed) == CORE | {"transactTime", "workingTime", "fills"}
    assert (placed["status"], placed["clientOrderId"], placed["price"]) == ("NEW", "mine-1", "50000.00000000")
    status, shown = await rest("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine-1")
    assert isinstance(shown, dict)
    assert set(shown) == CORE | {"stopPrice", "icebergQty", "time", "updateTime", "isWorking", "workingTime"}
    status, canceled = await rest("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine-1")
    assert isinstance(canceled, dict)
    assert set(canceled) == CORE | {"origClientOrderId", "transactTime"}
    assert (canceled["status"], canceled["origClientOrderId"]) == ("CANCELED", "mine-1")
    status, filled = await rest("POST", "/api/v3/order", symbol="BTCUSDT", side="BUY", type="MARKET", quantity="1")
    assert isinstance(filled, dict)
    assert filled["status"] == "FILLED"
    assert len(filled["fills"]) > 1, "one bitcoin is more than the first level"
    assert set(filled["fills"][0]) == {"price", "qty", "commission", "commissionAsset", "tradeId"}
    assert sum(Decimal(f["qty"]) for f in filled["fills"]) == 1
    status, trades = await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert isinstance(trades, list)
    assert [t["id"] for t in trades] == [f["tradeId"] for f in filled["fills"]]
    assert set(trades[0]) == TRADE


@pytest.mark.anyio
async def test_who_is_not_who_he_says_is_turned_away(rest: RestClient) -> None:
    """No key, an unknown key, a wrong signature, a late and an early timestamp: each has its code."""
    now = int(time.time() * 1000)
    cases = [
        (await rest("GET", "/api/v3/account", signature="0" * 64), -1022),
        (await rest("GET", "/api/v3/account", timestamp=now - 6000), -1021),
        (await rest("GET", "/api/v3/account", timestamp=now + 2000), -1021),
        (await rest("GET", "/api/v3/account", recvWindow=60_001), -1131),
        (await rest("GET", "/api/v3/account", sign=False), -2014),
        (await rest("GET", "/api/v3/klines", sign=False, symbol="NOPE", interval="1m"), -1121),
        (await rest("GET", "/api/v3/klines", sign=False, symbol="BTCUSDT", interval="7m"), -1120),
        (await rest("DELETE", "/api/v3/order", symbol="BTCUSDT", orderId=99), -2011),
        (await rest("GET", "/api/v3/order", symbol="BTCUSDT", orderId=99), -2013),
        (await rest("GET", "/api/v3/order", symbol="BTCUSDT"), -1102),
        (await rest("POST", "/api/v3/order", **{**ORDER, "quantity": "0.00001"}), -1013),
        (await rest("POST", "/api/v3/order", **{**ORDER, "quantity": "1000"}), -2010),
    ]
    for (status, body), code in cases:
        assert status >= 400
        assert isinstance(body, dict)
        assert (body["code"], set(body)) == (code, {"code", "msg"})
    rest.spec = msgspec.structs.replace(ALICE, key="stranger")
    status, body = await rest("GET", "/api/v3/account")
    assert (status, isinstance(body, dict) and body["code"]) == (401, -2015)


@pytest.mark.anyio
async def test_an_order_that_comes_late_to_the_book_is_refused(rest: RestClient, sim: Simulator) -> None:
    """The window is checked again after the way to the book, so a slow venue cannot accept a stale order."""
    rule = {"where": "engine", "fault": {"type": "latency", "ms": 300}, "match": "POST /api/v3/order"}
    await rest.admin("POST", "/sim/faults", rule)
    status, body = await rest("POST", "/api/v3/order", **ORDER, recvWindow=200, newClientOrderId="late")
    assert (status, body) == (400, {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."})
    status, body = await rest("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="late")
    assert status == 400
    status, body = await rest("POST", "/api/v3/order", **ORDER, recvWindow=200, newClientOrderId="late")
    assert status == 200, "the rule struck once"
    assert sim.log_path is not None
    refused = [r for r in read(sim.log_path).refused if r.request.startswith("POST")]
    assert [(r.client_id, r.code, r.account) for r in refused] == [("late", -1021, "alice")]


@pytest.mark.anyio
async def test_weight_is_told_and_limited(rest: RestClient, sim: Simulator) -> None:
    """Each answer says what was used; over the limit comes 429 with Retry-After, then 418."""
    await rest("GET", "/api/v3/ping", sign=False)
    before = int(rest.headers["X-MBX-USED-WEIGHT-1M"])
    await rest("GET", "/api/v3/exchangeInfo", sign=False)
    assert int(rest.headers["X-MBX-USED-WEIGHT-1M"]) == before + 20
    for budget in sim.venue.weights.values():
        budget.limit = 0
    status, body = await rest("GET", "/api/v3/ping", sign=False)
    assert status == 429
    assert 1 <= int(rest.headers["Retry-After"]) <= 60
    assert isinstance(body, dict)
    assert body["code"] == -1003
    statuses = [(await rest("GET", "/api/v3/ping", sign=False))[0] for _ in range(11)]
    assert statuses[-1] == 418


@pytest.mark.anyio
async def test_trades_are_paged_by_id_time_and_order(rest: RestClient) -> None:
    """`fromId`, `orderId`, `startTime` and `limit` each cut the same list of trades."""
    orders: list[Any] = []
    for _ in range(4):
        orders.append(
            (await rest("POST", "/api/v3/order", symbol="BTCUSDT", side="SELL", type="MARKET", quantity="0.5"))[1]
        )
        await rest.admin("POST", "/sim/advance", {"ms": 60_000})
    everything: Any = (await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT"))[1]
    ids = [t["id"] for t in everything]
    assert ids == sorted(set(ids))
    assert len(ids) >= 8
    later: Any = (await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT", fromId=ids[3], limit=2))[1]
    assert [t["id"] for t in later] == ids[3:5]
    of_one: Any = (await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT", orderId=orders[2]["orderId"]))[1]
    assert [t["id"] for t in of_one] == [f["tradeId"] for f in orders[2]["fills"]]
    last: Any = (await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT", limit=3))[1]
    assert [t["id"] for t in last] == ids[-3:]
    start = everything[0]["time"]
    since: Any = (await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT", startTime=start, endTime=start + 1000))[1]
    assert [t["id"] for t in since] == [t["id"] for t in everything if start <= t["time"] <= start + 1000]
    status, _ = await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT", startTime=start, endTime=start + 86_400_001)
    assert status == 400


@pytest.mark.anyio
async def test_orders_may_be_signed_in_the_body(sim: Simulator) -> None:
    """A form body signed as a whole is taken as a query is."""
    import hashlib
    import hmac
    from urllib.parse import urlencode

    body = urlencode({**ORDER, "timestamp": int(time.time() * 1000)})
    signature = hmac.new(BOB.secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"X-MBX-APIKEY": BOB.key, "Content-Type": "application/x-www-form-urlencoded"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{sim.url}/api/v3/order", data=f"{body}&signature={signature}", headers=headers) as response,
    ):
        assert response.status == 200, await response.text()


@pytest.mark.anyio
async def test_the_admin_moves_prices_money_and_time(rest: RestClient, sim: Simulator) -> None:
    """A moved price stays when held, a stranger's order fills ours, a deposit arrives, a bar closes."""
    await rest("POST", "/api/v3/order", **{**ORDER, "price": "90000", "newClientOrderId": "bid"})
    await rest.admin("POST", "/sim/price", {"symbol": "BTCUSDT", "price": 89_000, "hold": True})
    shown: Any = (await rest("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="bid"))[1]
    assert shown["status"] == "FILLED"
    await rest.admin("POST", "/sim/advance", {"bars": 2})
    price: Any = (await rest("GET", "/api/v3/ticker/price", sign=False, symbol="BTCUSDT"))[1]
    assert price["price"] == "89000.00000000"
    params = {**ORDER, "price": "88000"}
    await rest.admin("POST", "/sim/orders", {"account": ALICE.key, "params": params})
    await rest.admin("POST", "/sim/deposit", {"account": ALICE.key, "asset": "ETH", "amount": "3"})
    account: Any = (await rest("GET", "/api/v3/account"))[1]
    held = {b["asset"]: (Decimal(b["free"]), Decimal(b["locked"])) for b in account["balances"]}
    assert held["ETH"] == (3, 0)
    assert held["USDT"][1] == Decimal("44000")
    state: Any = await rest.admin("GET", "/sim/state")
    assert state["markets"]["BTCUSDT"]["bars"] == 52
    async with rest.session.post(sim.url + "/sim/price", json={"symbol": "BTCUSDT", "prize": 1}) as response:
        assert response.status == 400
        assert "prize" in await response.text()


@pytest.mark.anyio
async def test_the_admin_sets_the_clock_and_opens_accounts(rest: RestClient) -> None:
    """A venue whose clock is wrong refuses honest timestamps; market time can be set going; a new account can trade."""
    await rest.admin("POST", "/sim/clock", {"skew_ms": 10_000})
    status, body = await rest("GET", "/api/v3/account")
    assert (status, isinstance(body, dict) and body["code"]) == (400, -1021)
    await rest.admin("POST", "/sim/clock", {"skew_ms": 0, "speed": 6000})

    async def moved() -> bool:
        state: Any = await rest.admin("GET", "/sim/state")
        return bool(state["markets"]["BTCUSDT"]["bars"] >= 55)

    await until(moved)
    carol = {"key": "carol-key", "secret": "carol-secret", "balances": {"USDT": "1000"}, "taker_bps": 2.5}
    await rest.admin("POST", "/sim/accounts", carol)
    rest.spec = msgspec.convert(carol, AccountSpec)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "900"}
    bought: Any = (await rest("POST", "/api/v3/order", **order))[1]
    fill = bought["fills"][0]
    assert Decimal(fill["commission"]) == (Decimal(fill["qty"]) * Decimal("0.00025")).quantize(
        Decimal("1e-8"), "ROUND_DOWN"
    )
    async with rest.session.post(rest.url + "/sim/accounts", json=carol) as response:
        assert response.status == 400


@pytest.mark.anyio
async def test_faults_do_what_they_say_to_an_order(rest: RestClient, sim: Simulator) -> None:
    """Lost before, lost after, a gateway page before and after, a torn body: the log tells which order exists."""

    async def order(name: str, where: str, fault: dict[str, object]) -> object:
        await rest.admin("POST", "/sim/faults", {"where": where, "fault": fault, "match": "POST /api/v3/order"})
        try:
            return (await rest("POST", "/api/v3/order", **ORDER, newClientOrderId=name))[0]
        except (aiohttp.ClientError, ValueError) as error:
            return type(error).__name__

    assert await order("lost", "request", {"type": "drop"}) == "ServerDisconnectedError"
    assert await order("lost-reply", "reply", {"type": "drop"}) == "ServerDisconnectedError"
    assert await order("page", "request", {"type": "http_error", "status": 503}) == "JSONDecodeError"
    assert await order("page-after", "reply", {"type": "http_error", "status": 502}) == "JSONDecodeError"
    assert await order("torn", "reply", {"type": "partial_body", "size": 30}) == "ClientPayloadError"
    assert await order("short", "reply", {"type": "partial_body", "size": 30, "valid": True}) == "JSONDecodeError"
    assert await order("limited", "request", {"type": "rate_limited", "status": 418}) == 418
    assert await order("late", "request", {"type": "latency", "ms": 30}) == 200
    assert sim.log_path is not None
    truth = read(sim.log_path)
    assert set(truth.by_client_id()) == {"lost-reply", "page-after", "torn", "short", "late"}
    assert len(truth.injected) == 8
    assert await rest.admin("DELETE", "/sim/faults") == {"lifted": 8}
