"""Streams on the wire: what is replayed is what was recorded, depth chains, private events, faults of delivery."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest
import websockets

from algobot.simulator import SimConfig, Simulator
from tests.waiting import until

from .builders import ALICE, MANUAL, RestClient, some_bars, write_bars

ORDER = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quantity": "1"}


class Listener:
    """A WebSocket client that keeps everything it hears."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self.socket = socket
        self.heard: list[Any] = []
        self.closed = False

    async def listen(self) -> None:
        """Hear until the connection ends."""
        try:
            async for message in self.socket:
                self.heard.append(json.loads(message))
        except websockets.ConnectionClosed:
            pass
        self.closed = True

    async def say(self, message: object) -> None:
        """Send one JSON message."""
        await self.socket.send(json.dumps(message))

    async def wait(self, condition: Callable[[list[Any]], bool]) -> list[Any]:
        """Return what was heard once `condition` holds for it."""
        await until(lambda: condition(self.heard))
        return self.heard


@asynccontextmanager
async def listening(sim: Simulator, path: str) -> AsyncIterator[Listener]:
    """Connect to a WebSocket path for the length of a block."""
    async with websockets.connect(sim.url.replace("http", "ws") + path) as socket:
        listener = Listener(socket)
        task = asyncio.create_task(listener.listen())
        try:
            yield listener
        finally:
            task.cancel()
            await asyncio.wait([task])


@pytest.fixture
async def sim(anyio_backend: str) -> AsyncIterator[Simulator]:
    """A venue whose market time stands still."""
    async with Simulator(MANUAL) as simulator:
        yield simulator


@pytest.fixture
async def rest(sim: Simulator) -> AsyncIterator[RestClient]:
    """Alice's client."""
    async with aiohttp.ClientSession() as session:
        yield RestClient(session, sim.url)


async def log_in(listener: Listener, number: int = 1) -> None:
    """Subscribe a WebSocket API connection to Alice's events."""
    params: dict[str, object] = {"apiKey": ALICE.key, "timestamp": int(time.time() * 1000)}
    payload = "&".join(f"{k}={params[k]}" for k in sorted(params))
    params["signature"] = hmac.new(ALICE.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()
    await listener.say({"id": number, "method": "userDataStream.subscribe.signature", "params": params})
    heard = await listener.wait(lambda heard: any(m.get("id") == number for m in heard))
    assert heard[-1]["status"] == 200, heard[-1]


@pytest.mark.anyio
@pytest.mark.parametrize("speed", [600.0, 6000.0])
async def test_a_replay_streams_exactly_the_recorded_bars(tmp_path: Path, speed: float) -> None:
    """Every closed kline has the recorded bits and time, in order, once; trading against it changes none of them."""
    bars = some_bars(60)
    path = write_bars(tmp_path / "bars.parquet", bars)
    config = SimConfig(symbols=(), data={"BTCUSDT": path}, accounts=(ALICE,), speed=speed, history=30, bars=25)
    async with Simulator(config) as sim, listening(sim, "/ws/btcusdt@kline_1m") as listener:
        async with aiohttp.ClientSession() as session:
            rest = RestClient(session, sim.url)
            first: Any = (await rest("GET", "/api/v3/klines", sign=False, symbol="BTCUSDT", interval="1m", limit=1000))[
                1
            ]
            placed = 0
            while not sim.venue.done:
                order = {**ORDER, "side": "SELL" if placed % 2 else "BUY", "quantity": "0.1"}
                assert (await rest("POST", "/api/v3/order", **order))[0] == 200
                placed += 1
                await asyncio.sleep(0.05)
            last: Any = (await rest("GET", "/api/v3/klines", sign=False, symbol="BTCUSDT", interval="1m", limit=1000))[
                1
            ]
            state: Any = await rest.admin("GET", "/sim/state")
        await listener.wait(lambda heard: any(m["k"]["x"] and m["k"]["t"] == bars[54].open_ms for m in heard))
    assert state["done"] is True
    assert placed >= 1
    closed = [m["k"] for m in listener.heard if m["k"]["x"]]
    shown = [(k["t"], *(float(k[n]) for n in "ohlcv")) for k in closed]
    recorded = [msgspec.structs.astuple(b) for b in bars]
    assert shown == recorded[55 - len(shown) : 55]
    assert len(shown) >= 20, "the connection came within the first bars"
    for kline in (m["k"] for m in listener.heard if not m["k"]["x"]):
        bar = next(b for b in bars if b.open_ms == kline["t"])
        assert bar.low <= float(kline["l"]) <= float(kline["h"]) <= bar.high
        assert float(kline["o"]) == bar.open
    rows = [(k[0], *(float(x) for x in k[1:6])) for k in last]
    assert rows == recorded[:55]
    assert [(k[0], *(float(x) for x in k[1:6])) for k in first] == recorded[: len(first)]


@pytest.mark.anyio
async def test_a_gap_in_the_data_loses_no_higher_bar(tmp_path: Path) -> None:
    """A five-minute bar whose last minutes are missing is closed when the next one begins, each exactly once."""
    bars = some_bars(40, start_ms=1_700_000_100_000)
    kept = [b for i, b in enumerate(bars) if i not in (13, 14, 22)]
    path = write_bars(tmp_path / "bars.parquet", kept)
    config = SimConfig(symbols=(), data={"BTCUSDT": path}, speed=0, history=5)
    async with Simulator(config) as sim, listening(sim, "/ws/btcusdt@kline_5m") as listener:
        await until(lambda: bool(sim.venue.hub.topics("BTCUSDT")))
        async with aiohttp.ClientSession() as session:
            for _ in range(34):
                await RestClient(session, sim.url).admin("POST", "/sim/advance", {"bars": 1})
        await listener.wait(lambda heard: any(m["k"]["x"] and m["k"]["t"] == bars[30].open_ms for m in heard))
    closed = [m["k"] for m in listener.heard if m["k"]["x"]]
    assert [k["t"] for k in closed] == [b.open_ms for b in bars[5:35:5]]
    assert float(closed[1]["c"]) == bars[12].close


@pytest.mark.anyio
async def test_only_what_is_subscribed_is_sent(sim: Simulator, rest: RestClient) -> None:
    """SUBSCRIBE, LIST_SUBSCRIPTIONS and UNSUBSCRIBE do what they say, each answered by its id."""
    async with listening(sim, "/ws/7") as listener:
        await listener.say({"method": "SUBSCRIBE", "params": ["btcusdt@trade", "btcusdt@kline_5m"], "id": 1})
        await listener.say({"method": "LIST_SUBSCRIPTIONS", "id": 2})
        heard = await listener.wait(lambda heard: len(heard) == 2)
        assert heard == [{"result": None, "id": 1}, {"result": ["btcusdt@kline_5m", "btcusdt@trade"], "id": 2}]
        await rest("POST", "/api/v3/order", **ORDER)
        heard = await listener.wait(lambda heard: len(heard) >= 4)
        assert {m["e"] for m in heard[2:]} == {"trade"}
        assert [m["t"] for m in heard[2:]] == sorted(m["t"] for m in heard[2:])
        await listener.say({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 3})
        await listener.wait(lambda heard: heard[-1] == {"result": None, "id": 3})
        await rest.admin("POST", "/sim/advance", {"bars": 1})
        await listener.wait(lambda heard: heard[-1].get("e") == "kline")
        count = len(listener.heard)
        await listener.say({"method": "DANCE", "id": 4})
        heard = await listener.wait(lambda heard: heard[-1].get("id") == 4)
        assert "error" in heard[-1]
        assert all(m.get("e") != "trade" for m in heard[count:])


@pytest.mark.anyio
async def test_a_combined_stream_names_each_message(sim: Simulator, rest: RestClient) -> None:
    """`/stream?streams=` wraps every payload with the stream it came from."""
    names = "btcusdt@bookTicker/btcusdt@kline_1m/btcusdt@depth5@100ms/!miniTicker@arr"
    async with listening(sim, f"/stream?streams={names}") as listener:
        await rest.admin("POST", "/sim/advance", {"bars": 1})
        heard = await listener.wait(lambda heard: {m["stream"] for m in heard} == set(names.split("/")))
        quote = next(m["data"] for m in heard if m["stream"] == "btcusdt@bookTicker")
        assert set(quote) == set("usbBaA")
        assert float(quote["b"]) < float(quote["a"])
        depth = next(m["data"] for m in heard if "depth5" in m["stream"])
        assert len(depth["bids"]) == len(depth["asks"]) == 5


@pytest.mark.anyio
async def test_depth_events_chain_and_lead_from_any_snapshot_to_the_book(sim: Simulator, rest: RestClient) -> None:
    """Each event begins where the last ended; snapshot plus later events is the book as it stands."""
    async with listening(sim, "/ws/btcusdt@depth@100ms") as listener:
        await rest.admin("POST", "/sim/advance", {"ms": 15_000})
        snapshot: Any = (await rest("GET", "/api/v3/depth", sign=False, symbol="BTCUSDT", limit=1000))[1]
        for _ in range(6):
            await rest.admin("POST", "/sim/advance", {"ms": 15_000})
            await rest("POST", "/api/v3/order", **ORDER)
            count = len(listener.heard)
            await listener.wait(lambda heard, count=count: len(heard) > count)  # type: ignore[misc]
        final: Any = (await rest("GET", "/api/v3/depth", sign=False, symbol="BTCUSDT", limit=1000))[1]
        events = await listener.wait(lambda heard: heard[-1]["u"] == final["lastUpdateId"])
    for before, event in itertools.pairwise(events):
        assert event["U"] == before["u"] + 1
    later = [e for e in events if e["u"] > snapshot["lastUpdateId"]]
    assert later[0]["U"] <= snapshot["lastUpdateId"] + 1
    for key, side in (("bids", "b"), ("asks", "a")):
        levels = dict(snapshot[key])
        for event in later:
            levels.update(dict(event[side]))
        standing = {p: q for p, q in levels.items() if float(q)}
        assert standing == dict(final[key])


@pytest.mark.anyio
async def test_the_owner_hears_of_his_order_before_the_answer(sim: Simulator, rest: RestClient) -> None:
    """NEW, each TRADE and the balances are on the private stream, by signature and by listen key, and nobody else's."""
    key: Any = (await rest("POST", "/api/v3/userDataStream"))[1]
    async with listening(sim, "/ws-api/v3") as signed, listening(sim, "/ws/" + key["listenKey"]) as keyed:
        await log_in(signed)
        answer: Any = (await rest("POST", "/api/v3/order", **ORDER, newClientOrderId="mine"))[1]
        await signed.wait(lambda heard: len(heard) >= 2 + len(answer["fills"]) + 1)
        events = [m["event"] for m in signed.heard if "event" in m]
        await keyed.wait(lambda heard: len(heard) >= len(events))
        assert keyed.heard == events
        reports = [e for e in events if e["e"] == "executionReport"]
        assert [r["x"] for r in reports] == ["NEW"] + ["TRADE"] * len(answer["fills"])
        assert [r["t"] for r in reports[1:]] == [f["tradeId"] for f in answer["fills"]]
        assert [r["n"] for r in reports[1:]] == [f["commission"] for f in answer["fills"]]
        assert reports[-1]["X"] == "FILLED"
        assert events[-1]["e"] == "outboundAccountPosition"
        assert {b["a"] for b in events[-1]["B"]} == {"BTC", "USDT"}
        await rest.admin("POST", "/sim/orders", {"account": "bob-key", "params": ORDER})
        await log_in(signed, 2)
        assert len([m for m in signed.heard if "event" in m]) == len(events)


@pytest.mark.anyio
async def test_orders_can_be_sent_over_the_websocket(sim: Simulator, rest: RestClient) -> None:
    """`order.place` and `order.cancel` pass the same checks as REST and answer in the frame of the WebSocket API."""

    def signed(**params: object) -> dict[str, object]:
        params |= {"apiKey": ALICE.key, "timestamp": int(time.time() * 1000)}
        payload = "&".join(f"{k}={params[k]}" for k in sorted(params))
        return {**params, "signature": hmac.new(ALICE.secret.encode(), payload.encode(), hashlib.sha256).hexdigest()}

    order = {**ORDER, "type": "LIMIT", "timeInForce": "GTC", "price": "9000"}
    mine = {"symbol": "BTCUSDT", "origClientOrderId": "w"}
    refuse = {"type": "venue_error", "code": -1007, "message": "Timeout waiting for response from backend server."}
    async with listening(sim, "/ws-api/v3") as listener:
        await listener.say({"id": "a", "method": "order.place", "params": signed(**order, newClientOrderId="w")})
        await listener.say({"id": "b", "method": "order.place", "params": signed(**order, newClientOrderId="w")})
        await listener.say({"id": "c", "method": "order.cancel", "params": signed(**mine)})
        await listener.say({"id": "d", "method": "order.cancel", "params": {**signed(**mine), "signature": "no"}})
        heard = await listener.wait(lambda heard: len(heard) == 4)
        await rest.admin("POST", "/sim/faults", {"where": "reply", "match": "order.place", "fault": refuse})
        await listener.say({"id": "e", "method": "order.place", "params": signed(**order, newClientOrderId="x")})
        heard = await listener.wait(lambda heard: len(heard) == 5)
        await rest.admin("POST", "/sim/faults", {"where": "reply", "match": "order.place", "fault": {"type": "drop"}})
        await listener.say({"id": "f", "method": "order.place", "params": signed(**order, newClientOrderId="y")})
        await until(lambda: listener.closed)
    assert heard.pop()["error"] == {"code": -1007, "msg": "Timeout waiting for response from backend server."}
    shown: Any = (await rest("GET", "/api/v3/openOrders"))[1]
    assert {o["clientOrderId"] for o in shown} == {"x", "y"}, "both were accepted, whatever the sender was told"
    assert [m["id"] for m in heard] == ["a", "b", "c", "d"]
    assert [m["status"] for m in heard] == [200, 400, 200, 400]
    assert heard[1]["error"] == {"code": -2010, "msg": "Duplicate order sent."}
    assert heard[2]["result"]["status"] == "CANCELED"
    assert heard[3]["error"]["code"] == -1022


@pytest.mark.anyio
async def test_delivery_can_be_doubled_swapped_lost_and_cut(sim: Simulator, rest: RestClient) -> None:
    """Each stream fault changes how messages arrive, never what happened."""

    async def fault(kind: str, **options: object) -> None:
        rule = {"where": "stream", "match": "btcusdt@kline_1m", "fault": {"type": kind, **options}}
        await rest.admin("DELETE", "/sim/faults")
        await rest.admin("POST", "/sim/faults", rule)

    def closes(heard: list[Any]) -> list[int]:
        return [(m["k"]["t"] - start) // 60_000 for m in heard if m["k"]["x"]]

    async with listening(sim, "/ws/btcusdt@kline_1m") as listener:
        await until(lambda: bool(sim.venue.hub.topics("BTCUSDT")))
        state: Any = await rest.admin("GET", "/sim/state")
        start = state["markets"]["BTCUSDT"]["until_ms"]

        async def close_bars(count: int, until_closed: list[int]) -> None:
            for _ in range(count):
                await rest.admin("POST", "/sim/advance", {"bars": 1})
            await listener.wait(lambda heard: closes(heard) == until_closed)

        listener.heard.clear()
        await fault("duplicate", extra=2)
        await close_bars(2, [0, 0, 0, 1])
        await fault("drop")
        await close_bars(2, [0, 0, 0, 1, 3])
        await fault("reorder", behind=1)
        await close_bars(3, [0, 0, 0, 1, 3, 5, 4, 6])
        await fault("silent")
        await rest.admin("POST", "/sim/advance", {"bars": 3})
        await asyncio.wait_for(await listener.socket.ping(), 5)
        assert closes(listener.heard)[-1] == 6
        assert not listener.closed
    async with listening(sim, "/ws/btcusdt@kline_1m") as listener:
        await until(lambda: bool(sim.venue.hub.topics("BTCUSDT")))
        await fault("cut", mid_frame=True)
        await rest.admin("POST", "/sim/advance", {"bars": 1})
        await until(lambda: listener.closed)
    await until(lambda: not sim.venue.hub.clients)


@pytest.mark.anyio
async def test_connections_can_be_silenced_and_cut_at_once(sim: Simulator, rest: RestClient) -> None:
    """By the stream they hear, without waiting for a message of theirs."""
    async with listening(sim, "/ws-api/v3") as private, listening(sim, "/ws/btcusdt@trade") as public:
        await log_in(private)
        await until(lambda: len(sim.venue.hub.clients) == 2)
        shown: Any = await rest.admin("GET", "/sim/connections")
        assert sorted(c["streams"] for c in shown) == [["btcusdt@trade"], ["user:alice-key"]]
        await rest.admin("POST", "/sim/connections", {"act": "silence", "match": "user:*"})
        await rest("POST", "/api/v3/order", **ORDER)
        await public.wait(lambda heard: len(heard) >= 1)
        assert not [m for m in private.heard if "event" in m]
        struck = await rest.admin("POST", "/sim/connections", {"act": "cut", "match": "user:*"})
        assert struck == {"connections": 1}
        await until(lambda: private.closed)
        assert not public.closed


@pytest.mark.anyio
async def test_a_client_that_does_not_read_is_cut_off(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it would have to catch up with stays bounded, and the others hear on."""
    monkeypatch.setattr("algobot.simulator.streams.QUEUE_LIMIT", 50)
    async with listening(sim, "/ws/btcusdt@trade") as good, aiohttp.ClientSession() as session:
        lazy = await session.ws_connect(sim.url + "/ws/btcusdt@trade", autoping=False)
        await until(lambda: len(sim.venue.hub.clients) == 2)
        rounds = 0
        while len(sim.venue.hub.clients) == 2:
            rounds += 1
            assert rounds < 1000, "100 MB and still not cut off"
            sim.venue.hub.publish("btcusdt@trade", b'{"e":"trade","filler":"' + b"x" * 100_000 + b'"}')
            await good.wait(lambda heard: len(heard) == rounds)  # noqa: B023
        assert rounds > 50
        assert not good.closed
        await lazy.close()
