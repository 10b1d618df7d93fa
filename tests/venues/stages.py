"""The stages of the contract: the fake in memory, and real adapters on the simulator."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from algobot.config import AccountSection, VenueSection
from algobot.model import MINUTE_NS, Bar
from algobot.simulator.config import AccountSpec, SimConfig
from algobot.simulator.server import Simulator
from algobot.venues import factory
from algobot.venues.ccxt_account import CcxtAccount
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.ccxt_market import CcxtMarket
from algobot.venues.keys import Keys
from algobot.venues.port import Account, Market
from tests.fakes.venue import Answer, FakeVenue
from tests.waiting import until

KEYS = Keys("key", "secret")
SUBMIT = "POST /api/v3/order"


class FakeStage:
    """The fake, told directly."""

    def __init__(self) -> None:
        self.venue = FakeVenue()
        self.account: Account = self.venue.account()
        self.market: Market = self.venue.market()
        self._minute = time.time_ns() // MINUTE_NS - 20

    async def move(self, price: float) -> None:
        """As the stage promises."""
        self.venue.quote("BTC/USDT", price - 0.01, price + 0.01)

    async def pass_minutes(self, count: int) -> None:
        """As the stage promises."""
        for _ in range(count):
            open_ns = self._minute * MINUTE_NS
            self._minute += 1
            self.venue.bar("BTC/USDT", "1m", Bar(open_ns, open_ns + MINUTE_NS, 1.0, 1.0, 1.0, 1.0, 0.0))

    async def lose(self, what: str) -> None:
        """As the stage promises."""
        self.venue.submit_answers.append(Answer.LOSE_REPLY if what == "reply" else Answer.LOSE_REQUEST)

    async def limit_rate(self) -> None:
        """As the stage promises."""
        self.venue.retry_after_ns = 7_000_000_000
        self.venue.submit_answers.append(Answer.RATE_LIMIT)

    async def cut(self) -> None:
        """As the stage promises."""
        self.venue.cut()

    async def streaming(self) -> None:
        """As the stage promises."""
        assert self.venue.private

    async def go_down(self) -> None:
        """As the stage promises."""
        self.venue.down = True


class SimulatorStage:
    """The simulator, told through its admin endpoint."""

    def __init__(self, sim: Simulator, session: aiohttp.ClientSession, account: Account, market: Market) -> None:
        self.account = account
        self.market = market
        self._sim = sim
        self._session = session

    async def move(self, price: float) -> None:
        """As the stage promises."""
        await self.tell("price", {"symbol": "BTCUSDT", "price": price, "hold": True})

    async def pass_minutes(self, count: int) -> None:
        """As the stage promises."""
        await self.tell("advance", {"bars": count})

    async def lose(self, what: str) -> None:
        """As the stage promises."""
        await self.tell("faults", {"where": what, "fault": {"type": "drop"}, "match": SUBMIT})

    async def limit_rate(self) -> None:
        """As the stage promises."""
        fault = {"type": "rate_limited", "retry_after_s": 7}
        await self.tell("faults", {"where": "request", "fault": fault, "match": SUBMIT})

    async def cut(self) -> None:
        """As the stage promises."""
        for client in list(self._sim.venue.hub.clients):
            client.cut()

    async def streaming(self) -> None:
        """As the stage promises."""
        clients = self._sim.venue.hub.clients
        await until(lambda: any(name.startswith("user:") for client in clients for name in client.topics))

    async def go_down(self) -> None:
        """As the stage promises."""
        await self._sim.stop()

    async def tell(self, what: str, body: dict[str, object]) -> None:
        """Tell the simulator's admin endpoint."""
        async with self._session.post(f"{self._sim.url}/sim/{what}", json=body) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def on_simulator(kind: str) -> AsyncIterator[SimulatorStage]:
    """Yield a stage with the adapters of `kind`: "binance", or "ccxt" for the unified ones on the same protocol."""
    balances = {"USDT": "100000", "BTC": "1"}
    config = SimConfig(
        speed=0.0,
        start_prices={"BTCUSDT": 20_000.0, "ETHUSDT": 1_000.0},
        accounts=(AccountSpec(key=KEYS.api_key, secret=KEYS.secret, balances=balances),),
    )
    async with Simulator(config) as sim, aiohttp.ClientSession() as session:
        venue = VenueSection(base_url=sim.url)
        if kind == "binance":
            market = factory.market("sim", venue)
            account = factory.account("main", AccountSection(venue="sim"), venue, KEYS, market)
        else:
            market = CcxtMarket(CcxtClient("binance", keys=None, base_url=sim.url))
            account = CcxtAccount(CcxtClient("binance", keys=KEYS, base_url=sim.url))
        stage = SimulatorStage(sim, session, account, market)
        try:
            await market.open()
            await account.open()
            await stage.move(20_000)
            yield stage
        finally:
            await account.close()
            await market.close()


@asynccontextmanager
async def on_fake(kind: str) -> AsyncIterator[FakeStage]:
    """Yield a stage on the fake."""
    del kind
    stage = FakeStage()
    await stage.move(20_000)
    await stage.pass_minutes(10)
    yield stage


STAGES = {"fake": on_fake, "binance": on_simulator, "ccxt": on_simulator}
