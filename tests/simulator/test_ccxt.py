"""An unmodified ccxt.pro.binance with its URLs pointed here trades, queries and listens as at the real venue."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import ccxt.pro
import pytest

from algobot.simulator import SimConfig, Simulator
from algobot.simulator.truth import read
from tests.waiting import until

from .builders import ALICE, BOB


def point(urls: dict[str, Any], base: str) -> None:
    """Replace scheme and host in every nested URL; paths stay."""
    for key, value in urls.items():
        if isinstance(value, dict):
            point(value, base)
        elif isinstance(value, str) and "://" in value:
            scheme, _, rest = value.partition("://")
            host = base.replace("http", "ws", 1) if scheme.startswith("ws") else base
            urls[key] = host + "/" + rest.partition("/")[2]


@pytest.fixture
async def sim(anyio_backend: str, tmp_path: Path) -> AsyncIterator[Simulator]:
    """Two markets whose one-minute bars close every second."""
    config = SimConfig(accounts=(ALICE, BOB), speed=60, history=300, log=tmp_path / "truth.jsonl")
    async with Simulator(config) as simulator:
        yield simulator


@pytest.fixture
async def exchange(sim: Simulator) -> AsyncIterator[Any]:
    """Alice's ccxt client."""
    options = {
        "fetchMarkets": {"types": ["spot"]},
        "fetchMargins": False,
        "fetchCurrencies": False,
        "warnOnFetchOpenOrdersWithoutSymbol": False,
    }
    client = ccxt.pro.binance(
        {"apiKey": ALICE.key, "secret": ALICE.secret, "enableRateLimit": False, "options": options}
    )
    client.options["fetchOpenOrders"] = {"warnWithoutSymbol": False}
    point(client.urls["api"], sim.url)
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.anyio
async def test_ccxt_loads_the_market_rules(exchange: Any) -> None:
    """Symbols, precision and limits are those of exchangeInfo."""
    markets = await exchange.load_markets()
    assert set(markets) == {"BTC/USDT", "ETH/USDT"}
    market = markets["BTC/USDT"]
    assert market["precision"]["amount"] == 0.00001
    assert market["precision"]["price"] == 0.01
    assert market["limits"]["cost"]["min"] == 5.0
    assert abs(await exchange.fetch_time() - exchange.milliseconds()) < 1000


@pytest.mark.anyio
async def test_ccxt_reads_the_market(exchange: Any) -> None:
    """Bars of two timeframes, book, trades, tickers."""
    bars = await exchange.fetch_ohlcv("BTC/USDT", "1m", limit=200)
    assert len(bars) == 200
    assert all(b[0] - a[0] == 60_000 for a, b in itertools.pairwise(bars))
    hours = await exchange.fetch_ohlcv("BTC/USDT", "1h", since=bars[0][0] - 3_600_000)
    assert hours[0][0] % 3_600_000 == 0
    book = await exchange.fetch_order_book("BTC/USDT", 5)
    assert book["bids"][0][0] < book["asks"][0][0]
    await until(lambda: _has_trades(exchange))
    ticker = await exchange.fetch_ticker("BTC/USDT")
    assert ticker["bid"] < ticker["ask"]
    assert set(await exchange.fetch_tickers(["BTC/USDT", "ETH/USDT"])) == {"BTC/USDT", "ETH/USDT"}


async def _has_trades(exchange: Any) -> bool:
    return bool(await exchange.fetch_trades("BTC/USDT", limit=10))


@pytest.mark.anyio
async def test_ccxt_trades_and_finds_its_orders_again(exchange: Any, sim: Simulator) -> None:
    """Market and limit orders, by client id, canceled one and all; ledger and log agree to the digit."""
    bought = await exchange.create_order("BTC/USDT", "market", "buy", 0.5, params={"clientOrderId": "b-1"})
    assert (bought["status"], bought["filled"]) == ("closed", 0.5)
    low = round(bought["average"] * 0.9, 2)
    for number in range(3):
        name = {"clientOrderId": f"l-{number}", "recvWindow": 4000}
        assert (await exchange.create_order("BTC/USDT", "limit", "buy", 0.01, low, name))["status"] == "open"
    post_only = {"clientOrderId": "po", "postOnly": True}
    await exchange.create_order("BTC/USDT", "limit", "sell", 0.01, round(bought["average"] * 1.1, 2), post_only)
    assert {o["clientOrderId"] for o in await exchange.fetch_open_orders()} == {"l-0", "l-1", "l-2", "po"}
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        await exchange.create_order("BTC/USDT", "limit", "buy", 0.01, low, {"clientOrderId": "l-0"})
    with pytest.raises(ccxt.InsufficientFunds):
        await exchange.create_order("BTC/USDT", "limit", "buy", 900, low)
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.fetch_order("123456", "BTC/USDT")
    await exchange.cancel_order(None, "BTC/USDT", {"clientOrderId": "l-0"})
    assert (await exchange.fetch_order(None, "BTC/USDT", {"clientOrderId": "l-0"}))["status"] == "canceled"
    assert len(await exchange.cancel_all_orders("BTC/USDT")) == 3
    assert await exchange.fetch_open_orders("BTC/USDT") == []
    by_value = await exchange.create_order("ETH/USDT", "market", "buy", 1, None, {"quoteOrderQty": 1000})
    assert 990 < by_value["cost"] <= 1000
    immediate = {"clientOrderId": "ioc", "timeInForce": "IOC"}
    assert (await exchange.create_order("BTC/USDT", "limit", "buy", 0.01, low, immediate))["status"] == "expired"
    stop = {"clientOrderId": "stop", "triggerPrice": low}
    assert (await exchange.create_order("BTC/USDT", "limit", "sell", 0.01, low, stop))["id"]
    await exchange.cancel_order(None, "BTC/USDT", {"clientOrderId": "stop"})

    assert sim.log_path is not None
    truth = read(sim.log_path)
    orders = await exchange.fetch_orders("BTC/USDT")
    assert {o["clientOrderId"] for o in orders} == {o.client_id for o in truth.orders.values() if o.symbol == "BTCUSDT"}
    trades = await exchange.fetch_my_trades("BTC/USDT")
    true_trades = {str(t.trade_id): t for t in truth.trades.values() if t.symbol == "BTCUSDT"}
    assert {t["id"] for t in trades} == set(true_trades)
    for trade in trades:
        true = true_trades[trade["id"]]
        assert (trade["info"]["price"], trade["info"]["qty"]) == (true.price, true.quantity)
        assert (trade["info"]["commission"], trade["fee"]["currency"]) == (true.fee, "BTC")
    balance = await exchange.fetch_balance()
    for asset, amount in truth.balances()["alice"].items():
        assert Decimal(str(balance[asset]["total"])) == amount.normalize()
        assert balance[asset]["used"] == 0


@pytest.mark.anyio
async def test_ccxt_hears_the_market(exchange: Any) -> None:
    """Trades, bars, book with its chain, tickers and best quotes all arrive."""

    async def books() -> float:
        for _ in range(5):
            book = await exchange.watch_order_book("BTC/USDT")
        best: float = book["bids"][0][0]
        assert best < book["asks"][0][0]
        return best

    async with asyncio.timeout(20):
        found = await asyncio.gather(
            books(),
            exchange.watch_trades("BTC/USDT"),
            exchange.watch_ohlcv("BTC/USDT", "1m"),
            exchange.watch_ticker("ETH/USDT"),
            exchange.watch_tickers(["BTC/USDT"]),
            exchange.watch_bids_asks(["BTC/USDT"]),
        )
    assert all(found)


@pytest.mark.anyio
async def test_ccxt_hears_its_own_orders(exchange: Any, sim: Simulator) -> None:
    """Orders, trades and balances come over the signed private stream, whichever is watched first."""
    heard: dict[str, list[Any]] = {"orders": [], "trades": [], "balances": []}

    async def keep(name: str, watch: Any) -> None:
        while True:
            found = await watch()
            heard[name].extend(found if isinstance(found, list) else [found])

    await exchange.load_markets()
    tasks = [
        asyncio.create_task(keep("orders", exchange.watch_orders)),
        asyncio.create_task(keep("trades", exchange.watch_my_trades)),
        asyncio.create_task(keep("balances", exchange.watch_balance)),
    ]
    try:
        await until(lambda: any(client.topics for client in sim.venue.hub.clients))
        order = await exchange.create_order("BTC/USDT", "market", "sell", 1, params={"clientOrderId": "s-1"})
        await until(lambda: len(heard["trades"]) == len(order["trades"]) and len(heard["balances"]) >= 1)
        await until(lambda: bool(heard["orders"]) and heard["orders"][-1]["status"] == "closed")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    assert {o["clientOrderId"] for o in heard["orders"]} == {"s-1"}
    assert [t["id"] for t in heard["trades"]] == [t["id"] for t in order["trades"]]
    assert heard["balances"][-1]["BTC"]["free"] == 9.0
