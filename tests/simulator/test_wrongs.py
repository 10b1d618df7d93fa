"""What a client of a wrong venue sees: lags, lies, bans, wrong numbers, a wrong clock, a closed market."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest

from algobot.simulator import Simulator
from algobot.simulator.truth import read
from tests.waiting import until

from .builders import ALICE, MANUAL, RestClient
from .test_streams import listening, log_in

LIMIT = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.5", "price": "50000"}
MARKET = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}


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


async def arm(
    rest: RestClient, where: str, match: str, kind: str, *, nth: int = 1, count: int = 1, **options: object
) -> None:
    """Put one rule in force."""
    rule = {"where": where, "match": match, "nth": nth, "count": count, "fault": {"type": kind, **options}}
    await rest.admin("POST", "/sim/faults", rule)


async def open_ids(rest: RestClient) -> list[str]:
    """Return the client ids of the open orders, as the venue answers."""
    shown: Any = (await rest("GET", "/api/v3/openOrders", symbol="BTCUSDT"))[1]
    return [order["clientOrderId"] for order in shown]


@pytest.mark.anyio
async def test_reads_can_lag_behind(rest: RestClient) -> None:
    """An order, its fills and the balances are answered as they were before it came; nothing happened to them."""
    before: Any = (await rest("GET", "/api/v3/account"))[1]
    await rest("POST", "/api/v3/order", **LIMIT, newClientOrderId="rests")
    await rest("POST", "/api/v3/order", **MARKET, newClientOrderId="taken")
    await arm(rest, "engine", "GET *", "lag", count=0, seconds=3600)
    assert (await rest("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="rests"))[0] == 400
    assert await open_ids(rest) == []
    assert (await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT"))[1] == []
    assert (await rest("GET", "/api/v3/allOrders", symbol="BTCUSDT"))[1] == []
    lagging: Any = (await rest("GET", "/api/v3/account"))[1]
    assert lagging["balances"] == before["balances"]
    await rest.admin("DELETE", "/sim/faults")
    assert await open_ids(rest) == ["rests"]
    assert (await rest("GET", "/api/v3/account"))[1] != before


@pytest.mark.anyio
async def test_a_lagging_read_shows_an_order_before_it_filled(rest: RestClient, sim: Simulator) -> None:
    """Between its creation and its fill an order was open, and is shown so."""
    await rest("POST", "/api/v3/order", **LIMIT, newClientOrderId="mine")
    blotter = next(iter(sim.venue.exchange._blotters.values()))
    blotter.orders[0].created_ms -= 10_000
    await rest.admin("POST", "/sim/price", {"symbol": "BTCUSDT", "price": 49_000, "hold": True})
    query = {"symbol": "BTCUSDT", "origClientOrderId": "mine"}
    now: Any = (await rest("GET", "/api/v3/order", **query))[1]
    assert now["status"] == "FILLED"
    await arm(rest, "engine", "GET /api/v3/order", "lag", seconds=5)
    then: Any = (await rest("GET", "/api/v3/order", **query))[1]
    assert (then["status"], float(then["executedQty"])) == ("NEW", 0.0)


@pytest.mark.anyio
async def test_a_cancel_can_lie(rest: RestClient) -> None:
    """It says CANCELED, and the order rests on."""
    await rest("POST", "/api/v3/order", **LIMIT, newClientOrderId="mine")
    await arm(rest, "engine", "DELETE *", "no_effect")
    status, said = await rest("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert status == 200
    assert isinstance(said, dict)
    assert said["status"] == "CANCELED"
    assert await open_ids(rest) == ["mine"]
    await rest("DELETE", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert await open_ids(rest) == []


@pytest.mark.anyio
async def test_open_orders_can_be_empty_for_no_reason(rest: RestClient) -> None:
    """Every other answer is an empty list."""
    await rest("POST", "/api/v3/order", **LIMIT, newClientOrderId="mine")
    rule = {"where": "engine", "match": "GET /api/v3/openOrders", "every": 2, "count": 0, "fault": {"type": "empty"}}
    await rest.admin("POST", "/sim/faults", rule)
    assert [await open_ids(rest) for _ in range(4)] == [[], ["mine"], [], ["mine"]]


@pytest.mark.anyio
async def test_a_request_can_arrive_twice(rest: RestClient, sim: Simulator) -> None:
    """The venue takes a market order both times: nothing but the sender's own id could tell."""
    await arm(rest, "request", "POST /api/v3/order", "duplicate")
    status, _ = await rest("POST", "/api/v3/order", **MARKET, newClientOrderId="twice")
    await arm(rest, "request", "POST /api/v3/order", "duplicate")
    refused, body = await rest("POST", "/api/v3/order", **LIMIT, newClientOrderId="once")
    assert (status, refused) == (200, 400)
    assert isinstance(body, dict)
    assert body["code"] == -2010
    assert sim.log_path is not None
    accepted = read(sim.log_path).by_client_id("alice")
    assert {name: len(orders) for name, orders in accepted.items()} == {"twice": 2, "once": 1}


@pytest.mark.anyio
async def test_who_asks_within_the_wait_is_banned_and_counted(rest: RestClient, sim: Simulator) -> None:
    """429 with Retry-After, then 418 for every request, each in the journal; later all is well."""
    await arm(rest, "request", "GET /api/v3/ping", "rate_limited", retry_after_s=1, ban_s=2)
    assert (await rest("GET", "/api/v3/ping", sign=False))[0] == 429
    assert rest.headers["Retry-After"] == "1"
    first, body = await rest("GET", "/api/v3/account")
    assert first == 418
    assert isinstance(body, dict)
    assert "banned until" in body["msg"]
    async with listening(sim, "/ws-api/v3") as listener:
        await listener.say({"id": 1, "method": "ping"})
        assert (await listener.wait(bool))[0]["status"] == 418
    assert sim.log_path is not None
    broken = read(sim.log_path).broken_bans
    assert [ban.request for ban in broken] == ["GET /api/v3/account", "ping"]
    assert all(ban.since_ms <= ban.ms < ban.until_ms for ban in broken)

    async def free() -> bool:
        budget = next(iter(sim.venue.weights.values()))
        return not budget.shut_until_ms(sim.venue.clock.wall_ms())

    await until(free)
    assert (await rest("GET", "/api/v3/ping", sign=False))[0] == 200


@pytest.mark.anyio
@pytest.mark.parametrize(("value", "shown"), [("NaN", "NaN"), ("0", "0"), ("-1", "-1"), ("9e99", "9e99")])
async def test_any_field_of_an_answer_can_be_wrong(rest: RestClient, sim: Simulator, value: str, shown: str) -> None:
    """Text stays text; a bare number becomes a bare value."""
    await arm(rest, "reply", "GET /api/v3/account", "garble", field="balances.*.free", value=value)
    account: Any = (await rest("GET", "/api/v3/account"))[1]
    assert {row["free"] for row in account["balances"]} == {shown}
    await arm(rest, "reply", "GET /api/v3/klines", "garble", field="*.4", value=value)
    rows: Any = (await rest("GET", "/api/v3/klines", sign=False, symbol="BTCUSDT", interval="1m", limit=3))[1]
    assert [row[4] for row in rows] == [shown] * 3
    await arm(rest, "reply", "GET /api/v3/time", "garble", field="serverTime", value=value)
    async with rest.session.get(sim.url + "/api/v3/time") as response:
        assert await response.text() == '{"serverTime":' + value + "}"


@pytest.mark.anyio
async def test_a_stream_message_can_be_wrong_or_cut_short(sim: Simulator, rest: RestClient) -> None:
    """A garbled field, then half a message in a whole frame."""
    async with aiohttp.ClientSession() as session, session.ws_connect(sim.url + "/ws/btcusdt@kline_1m") as socket:
        await until(lambda: bool(sim.venue.hub.topics("BTCUSDT")))
        await arm(rest, "stream", "btcusdt@kline_1m", "garble", field="k.c", value="-5")
        await arm(rest, "stream", "btcusdt@kline_1m", "partial_body", size=11)
        for _ in range(2):
            await rest.admin("POST", "/sim/advance", {"bars": 1})
        assert json.loads(await socket.receive_str())["k"]["c"] == "-5"
        assert await socket.receive_str() == '{"e":"kline'


@pytest.mark.anyio
async def test_an_order_s_report_can_be_wrong(sim: Simulator, rest: RestClient) -> None:
    """The private stream lies about the price of a fill; the journal does not."""
    async with listening(sim, "/ws-api/v3") as listener:
        await log_in(listener)
        await arm(rest, "stream", "user:*", "garble", count=0, field="L", value="NaN")
        await rest("POST", "/api/v3/order", **MARKET)
        heard = await listener.wait(lambda heard: any(m.get("event", {}).get("x") == "TRADE" for m in heard))
        assert {m["event"]["L"] for m in heard if "event" in m and "L" in m["event"]} == {"NaN"}


@pytest.mark.anyio
async def test_a_gap_shows_in_the_update_ids(sim: Simulator, rest: RestClient) -> None:
    """A lost depth event leaves its numbers missing in the one that follows."""
    book = sim.venue.markets["BTCUSDT"].book
    ends = []
    async with listening(sim, "/ws/btcusdt@depth@100ms") as listener:
        await until(lambda: bool(sim.venue.hub.topics("BTCUSDT")))
        await arm(rest, "stream", "btcusdt@depth*", "drop", nth=2)
        for sent in (1, 2, 3):
            await rest("POST", "/api/v3/order", **MARKET)
            ends.append(book.update_id)
            await until(lambda sent=sent: sim.venue.faults.rules()[0].seen == sent)  # type: ignore[misc]
        first, third = await listener.wait(lambda heard: len(heard) == 2)
    assert (first["u"], third["U"], third["u"]) == (ends[0], ends[1] + 1, ends[2])
    assert third["U"] > first["u"] + 1


@pytest.mark.anyio
async def test_the_clock_can_drift(rest: RestClient, sim: Simulator) -> None:
    """A clock a second ahead each second is soon further off than a timestamp may be; setting the skew mends it."""
    await rest.admin("POST", "/sim/clock", {"drift_ppm": 1_000_000})
    await until(lambda: sim.venue.clock.skew_ms > 100)
    told: Any = (await rest("GET", "/api/v3/time", sign=False))[1]
    assert told["serverTime"] - time.time() * 1000 > 90
    sim.venue.clock.set_wall(skew_ms=-6000, drift_ppm=0)
    status, body = await rest("GET", "/api/v3/account")
    assert (status, isinstance(body, dict) and body["code"]) == (400, -1021)
    await rest.admin("POST", "/sim/clock", {"skew_ms": 0})
    assert (await rest("GET", "/api/v3/account"))[0] == 200


@pytest.mark.anyio
async def test_a_market_can_stop_and_be_delisted(rest: RestClient, sim: Simulator) -> None:
    """Stopped, it takes no orders and keeps those it has; delisted, they end and its name is unknown."""

    async def names() -> dict[str, str]:
        said: Any = (await rest("GET", "/api/v3/exchangeInfo", sign=False))[1]
        return {entry["symbol"]: entry["status"] for entry in said["symbols"]}

    await rest("POST", "/api/v3/order", **LIMIT, newClientOrderId="mine")
    await rest.admin("POST", "/sim/market", {"symbol": "BTCUSDT", "status": "BREAK"})
    status, body = await rest("POST", "/api/v3/order", **LIMIT)
    assert (status, body) == (400, {"code": -2010, "msg": "Market is closed."})
    assert await open_ids(rest) == ["mine"]
    assert await names() == {"BTCUSDT": "BREAK"}
    await rest.admin("POST", "/sim/market", {"symbol": "BTCUSDT", "status": "DELISTED"})
    assert (await rest("GET", "/api/v3/openOrders"))[1] == []
    assert await names() == {}
    status, body = await rest("GET", "/api/v3/myTrades", symbol="BTCUSDT")
    assert (status, isinstance(body, dict) and body["code"]) == (400, -1121)
    await rest.admin("POST", "/sim/market", {"symbol": "BTCUSDT", "status": "TRADING"})
    query: Any = (await rest("GET", "/api/v3/order", symbol="BTCUSDT", origClientOrderId="mine"))[1]
    assert query["status"] == "EXPIRED"


@pytest.mark.anyio
async def test_maintenance_closes_everything_for_a_while(rest: RestClient, sim: Simulator) -> None:
    """Connections break, requests and new connections get a gateway's page, nothing trades; then it is over."""
    async with listening(sim, "/ws/btcusdt@trade") as listener:
        await until(lambda: bool(sim.venue.hub.clients))
        await rest.admin("POST", "/sim/maintenance", {"seconds": 0.5})
        await until(lambda: listener.closed)
    async with rest.session.get(sim.url + "/api/v3/ping") as response:
        assert (response.status, response.content_type) == (503, "text/html")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await rest.session.ws_connect(sim.url + "/ws/btcusdt@trade")

    async def open_again() -> bool:
        async with rest.session.get(sim.url + "/api/v3/ping") as response:
            return response.status == 200

    await until(open_again)


@pytest.mark.anyio
async def test_a_fee_is_taken_in_what_was_bought(rest: RestClient) -> None:
    """A buyer gets a little less than he ordered, unless his account pays in the quote currency."""
    bought: Any = (await rest("POST", "/api/v3/order", **MARKET))[1]
    assert {fill["commissionAsset"] for fill in bought["fills"]} == {"BTC"}
    carol = {"key": "carol", "secret": "secret", "balances": {"USDT": "100000"}, "fee_in_quote": True}
    await rest.admin("POST", "/sim/accounts", carol)
    rest.spec = msgspec.structs.replace(ALICE, key="carol", secret="secret")
    bought = (await rest("POST", "/api/v3/order", **MARKET))[1]
    assert {fill["commissionAsset"] for fill in bought["fills"]} == {"USDT"}
