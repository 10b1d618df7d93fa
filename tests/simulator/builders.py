"""What the simulator's tests are made of: engines without a network, signed requests, files of bars."""

from __future__ import annotations

import hashlib
import hmac
import time
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pyarrow as pa
import pyarrow.parquet as pq

from algobot.simulator import AccountSpec, SimConfig, Simulator
from algobot.simulator.accounts import Account
from algobot.simulator.candles import Candle
from algobot.simulator.exchange import Exchange, Market
from algobot.simulator.journal import Journal
from algobot.simulator.orders import Fill, Order, OrderRequest
from algobot.simulator.rules import rules_for
from algobot.simulator.units import UNIT

ALICE = AccountSpec(key="alice-key", secret="alice-secret", name="alice", balances={"USDT": "1000000", "BTC": "10"})
BOB = AccountSpec(key="bob-key", secret="bob-secret", name="bob", balances={"USDT": "1000000", "BTC": "10"})
MANUAL = SimConfig(symbols=("BTCUSDT",), accounts=(ALICE, BOB), speed=0, history=50)


class Heard:
    """A sink that remembers what it was told."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str, str]] = []  # client id, execution, status
        self.prints: list[tuple[int, int, int, bool]] = []  # trade id, price, lots, buyer is maker
        self.balances = 0

    def reported(self, order: Order, execution: str, *, fill: Fill | None = None, cancel_id: str = "") -> None:
        self.reports.append((order.client_id, execution, order.status))

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        self.balances += 1

    def traded(self, market: Market, trade_id: int, price: int, lots: int, *, buyer_is_maker: bool) -> None:
        self.prints.append((trade_id, price, lots, buyer_is_maker))


class Pit:
    """An engine with one market (BTCUSDT) and two accounts, no network, no clock."""

    def __init__(self, log: Path | None = None) -> None:
        self.heard = Heard()
        self.market = Market(rules_for("BTCUSDT", price=100.0))
        self.alice = Account("alice", "a", "s")
        self.bob = Account("bob", "b", "s")
        self.exchange = Exchange({"BTCUSDT": self.market}, [self.alice, self.bob], Journal(log), self.heard)
        for account in (self.alice, self.bob):
            account.receive("USDT", 1_000_000 * UNIT)
            account.receive("BTC", 1000 * UNIT)

    def place(self, account: Account, client_id: str, side: int, lots: int, price: int = 0, tif: str = "GTC") -> Order:
        """Place a limit order (ticks), or a market order when it has no price."""
        kind = "LIMIT" if price else "MARKET"
        return self.exchange.place(account, self.market, OrderRequest(client_id, side, kind, tif, price, lots), 1)


class RestClient:
    """A bare client of the signed REST protocol: no library between the test and the wire."""

    def __init__(self, session: aiohttp.ClientSession, url: str, spec: AccountSpec = ALICE) -> None:
        self.session = session
        self.url = url
        self.spec = spec
        self.headers: dict[str, str] = {}

    async def __call__(self, method: str, path: str, *, sign: bool = True, **params: object) -> tuple[int, object]:
        """Return (status, decoded body) of one request; `timestamp` and `signature` may be given to be wrong."""
        headers = {}
        query = dict(params)
        if sign:
            query.setdefault("timestamp", int(time.time() * 1000))
            right = hmac.new(self.spec.secret.encode(), urlencode(query).encode(), hashlib.sha256).hexdigest()
            query.setdefault("signature", right)
            headers["X-MBX-APIKEY"] = self.spec.key
        target = f"{self.url}{path}?{urlencode(query)}"
        async with self.session.request(method, target, headers=headers) as response:
            self.headers = dict(response.headers)
            return response.status, await response.json(content_type=None)

    async def admin(self, method: str, path: str, body: object = None) -> object:
        """Return the answer of an admin call that must succeed."""
        async with self.session.request(method, self.url + path, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()


def some_bars(count: int, *, start_ms: int = 1_700_000_040_000, step_ms: int = 60_000) -> list[Candle]:
    """Return bars whose floats are awkward: many digits, tiny volumes, a flat bar."""
    bars = []
    price = 27_123.45
    for i in range(count):
        close = round(price + (7.31 if i % 3 else -11.17), 2)
        high, low = round(max(price, close) + 3.33, 2), round(min(price, close) - 2.22, 2)
        volume = 0.0 if i % 7 == 6 else 0.1 + i * 1e-5 + 1 / 3
        if i % 5 == 4:
            high = low = close = price
        bars.append(Candle(start_ms + i * step_ms, price, high, low, close, volume))
        price = close
    return bars


def write_bars(path: Path, bars: list[Candle]) -> Path:
    """Write bars as the market data files are."""
    names = ("open", "high", "low", "close", "volume")
    columns = {"time": [b.open_ms for b in bars], **{n: [getattr(b, n) for b in bars] for n in names}}
    pq.write_table(pa.table(columns), path)
    return path


def simulator(config: SimConfig = MANUAL) -> Simulator:
    """Return a simulator, not started."""
    return Simulator(config)
