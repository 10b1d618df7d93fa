"""The account on the simulator, with the wire misbehaving."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from decimal import Decimal

import aiohttp
import anyio
import pytest

from algobot.config import AccountSection, VenueSection
from algobot.errors import (
    StreamClosed,
    VenueAuthFailed,
    VenueOrderNotFound,
    VenueRejected,
    VenueTimeout,
    VenueUnavailable,
)
from algobot.model import ClientOrderId
from algobot.simulator.config import AccountSpec, SimConfig
from algobot.simulator.server import Simulator
from algobot.venues import factory
from algobot.venues.binance_account import BinanceAccount
from algobot.venues.binance_market import BinanceMarket, endpoints
from algobot.venues.ccxt_client import CcxtClient, moved
from algobot.venues.keys import Keys
from algobot.venues.port import Connected
from tests.venues.contract import BTC, WINDOW, an_order, up_to
from tests.venues.stages import KEYS, SUBMIT
from tests.waiting import until

pytestmark = pytest.mark.anyio


class Rig:
    """A simulator with an account on it, and the means to make it misbehave."""

    def __init__(
        self, sim: Simulator, account: BinanceAccount, client: CcxtClient, http: aiohttp.ClientSession
    ) -> None:
        self.sim = sim
        self.account = account
        self.client = client
        self._http = http

    async def fault(self, where: str, match: str = SUBMIT, **fault: object) -> None:
        """Put a fault in force, once."""
        await self.tell("faults", {"where": where, "match": match, "fault": fault})

    async def tell(self, what: str, body: dict[str, object]) -> None:
        """Tell the simulator's admin endpoint."""
        async with self._http.post(f"{self.sim.url}/sim/{what}", json=body) as answer:
            assert answer.status == 200, await answer.text()


@asynccontextmanager
async def a_rig(*, keys: Keys = KEYS, page: int = 1000, request_ms: int = 1000) -> AsyncIterator[Rig]:
    """Yield a rig whose price stands at 20,000; its account is not open yet."""
    config = SimConfig(
        speed=0.0,
        start_prices={"BTCUSDT": 20_000.0},
        accounts=(AccountSpec(key=KEYS.api_key, secret=KEYS.secret, balances={"USDT": "100000"}),),
    )
    async with Simulator(config) as sim, aiohttp.ClientSession() as http:
        client = CcxtClient("binance", keys=keys, base_url=sim.url)
        market = BinanceMarket("binance", endpoints("sim", VenueSection(base_url=sim.url)))
        account = BinanceAccount(client, market, owns_market=True, check_permissions=False, page=page)
        rig = Rig(sim, account, client, http)
        try:
            await client.open()
            client.exchange.timeout = request_ms
            await rig.tell("price", {"symbol": "BTCUSDT", "price": 20_000, "hold": True})
            yield rig
        finally:
            await account.close()


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("reply", {"type": "http_error", "status": 502}),
        ("reply", {"type": "http_error", "status": 503}),
        ("reply", {"type": "partial_body", "size": 25}),
        ("reply", {"type": "partial_body", "size": 25, "valid": True}),
        ("reply", {"type": "partial_body", "size": 0, "valid": True}),
        ("reply", {"type": "drop", "hang_s": 3}),
        ("reply", {"type": "latency", "ms": 2500}),
        (
            "reply",
            {"type": "venue_error", "code": -1007, "message": "Timeout waiting for response from backend server."},
        ),
        ("reply", {"type": "venue_error", "code": -1000, "message": "An unknown error occurred."}),
        ("reply", {"type": "venue_error", "code": -2010, "message": "Account has insuff", "status": 500}),
    ],
    ids=str,
)
async def test_an_accepted_order_is_never_called_refused(where: str, fault: dict[str, object]) -> None:
    """Whatever happens to the answer, the order exists: it must come out as unknown."""
    async with a_rig() as rig:
        await rig.account.open()
        await rig.fault(where, **fault)
        with anyio.fail_after(10), pytest.raises(VenueTimeout):
            await rig.account.submit(an_order("x-1"), valid_ns=WINDOW)
        found = await rig.account.fetch_order(BTC, ClientOrderId("x-1"))
        assert found.quantity == Decimal("0.01")


async def test_an_order_that_waited_too_long_inside_the_venue_is_refused_there() -> None:
    """recvWindow is checked again when it reaches the book: that is what makes UNKNOWN end."""
    async with a_rig(request_ms=5000) as rig:
        await rig.account.open()
        await rig.fault("engine", type="latency", ms=600)
        with anyio.fail_after(10), pytest.raises(VenueRejected):
            await rig.account.submit(an_order("x-1"), valid_ns=300_000_000)
        with pytest.raises(VenueOrderNotFound):
            await rig.account.fetch_order(BTC, ClientOrderId("x-1"))


async def test_a_wrong_key_is_told_when_opening_and_never_printed() -> None:
    """The signed URL with key and signature is in ccxt's messages, and must not get into ours."""
    async with a_rig(keys=Keys("not-the-key", "not-the-secret")) as rig:
        with pytest.raises(VenueAuthFailed) as caught:
            await rig.account.open()
        said = f"{caught.value.message} {caught.value.hint} {caught.value.__cause__} {caught.value.__context__}"
        assert "-2015" in caught.value.message
        assert not any(word in said.replace("signature was", "") for word in ("not-the", "signature=", "http://"))


async def test_a_key_that_can_withdraw_is_refused() -> None:
    """A stolen key must be able to lose money only by trading."""
    spec = AccountSpec(key=KEYS.api_key, secret=KEYS.secret, balances={"USDT": "1"}, can_withdraw=True)
    async with Simulator(SimConfig(speed=0.0, accounts=(spec,))) as sim:
        account = factory.account("a", AccountSection(venue="sim"), VenueSection(base_url=sim.url), KEYS)
        with pytest.raises(VenueAuthFailed, match="withdraw"):
            await account.open()
        await account.close()


async def test_a_clock_that_jumps_is_measured_again() -> None:
    """One refusal, which is definite; the next order goes through."""
    async with a_rig() as rig:
        await rig.account.open()
        await rig.tell("clock", {"skew_ms": 60_000})
        with pytest.raises(VenueRejected, match="recvWindow"):
            await rig.account.submit(an_order("x-1"), valid_ns=WINDOW)
        await rig.account.submit(an_order("x-2"), valid_ns=WINDOW)
        assert abs(await rig.account.clock_offset_ns() - 60_000_000_000) < 1_000_000_000


async def test_every_page_of_fills_is_read() -> None:
    """By id, by time and from the beginning, with pages of three."""
    async with a_rig(page=3) as rig:
        await rig.account.open()
        for number in range(8):
            await rig.account.submit(an_order(f"x-{number}", "0.001", None), valid_ns=WINDOW)
        fills = await rig.account.fills(BTC)
        assert len(fills) == len({fill.trade_id for fill in fills}) >= 8
        assert await rig.account.fills(BTC, after=fills[1].trade_id) == fills[2:]
        assert await rig.account.fills(BTC, since_ns=fills[0].ts_event_ns) == fills
        assert await rig.account.fills(BTC, since_ns=1_600_000_000 * 10**9) == fills, "years of empty days before them"


async def test_a_strangers_order_is_seen_as_it_is() -> None:
    """Placed elsewhere on the same account, with an id of its own."""
    async with a_rig() as rig:
        await rig.account.open()
        params = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02"}
        await rig.tell("orders", {"account": "key", "params": params | {"price": "15000", "newClientOrderId": "web_1"}})
        assert [(o.client_order_id, o.quantity) for o in await rig.account.open_orders()] == [
            ("web_1", Decimal("0.02"))
        ]


async def test_the_stream_is_not_connected_before_the_venue_confirmed() -> None:
    """A venue that never answers the subscription yields no Connected."""
    async with a_rig(keys=Keys("nobody", "s")) as rig, aclosing(rig.account.stream()) as events:
        with anyio.fail_after(10), pytest.raises(StreamClosed):
            await up_to(events, lambda event: isinstance(event, Connected))


async def test_closing_the_account_ends_its_stream() -> None:
    """And what is asked afterwards is refused without a byte sent."""
    async with a_rig() as rig:
        await rig.account.open()
        async with aclosing(rig.account.stream()) as events:
            await up_to(events, lambda event: isinstance(event, Connected))
            await rig.account.close()
            with anyio.fail_after(5), pytest.raises(StreamClosed):
                await up_to(events, lambda event: False)
        with pytest.raises(VenueRejected, match="not open"):
            await rig.account.submit(an_order("x-1"), valid_ns=WINDOW)
        with pytest.raises(VenueUnavailable):
            await rig.account.balances()


async def test_an_account_closed_and_opened_again_works() -> None:
    """With a new client object, as after a stream that died silently."""
    async with a_rig() as rig:
        for name in ("x-1", "x-2"):
            await rig.account.open()
            await rig.account.submit(an_order(name), valid_ns=WINDOW)
            await rig.account.close()
        await rig.account.open()
        assert sorted(order.client_order_id for order in await rig.account.open_orders()) == ["x-1", "x-2"]


async def test_reading_the_stream_can_be_canceled_at_any_time() -> None:
    """As an actor's shutdown does; nothing is left running."""
    async with a_rig() as rig:
        await rig.account.open()

        async def read() -> None:
            async with aclosing(rig.account.stream()) as events:
                async for _ in events:
                    pass

        for pause_s in (0.0, 0.005, 0.05):
            with anyio.move_on_after(pause_s):
                await read()
        await until(lambda: not any(c.topics for c in rig.sim.venue.hub.clients), within_s=2)


async def test_accounts_of_one_venue_share_its_rules() -> None:
    """They are loaded once, even when both open at the same moment, and outlive each of them."""
    async with a_rig() as rig:
        venue = VenueSection(base_url=rig.sim.url)
        market = factory.market("sim", venue)
        accounts = [factory.account("a", AccountSection(venue="sim"), venue, KEYS, market) for _ in range(2)]
        async with anyio.create_task_group() as group:
            for account in accounts:
                group.start_soon(account.open)
        assert len({id(market.instrument(BTC)), *(id(market.instrument(BTC)) for _ in accounts)}) == 1
        await rig.fault("reply", "GET /api/v3/klines", type="latency", ms=300)
        async with anyio.create_task_group() as group:
            group.start_soon(market.bars, BTC, "1m")
            await until(lambda: rig.sim.venue.faults.rules()[0].struck > 0)
            await accounts[0].close()
        assert (await accounts[1].balances())["USDT"].free == Decimal(100_000)
        await accounts[1].close()
        await market.close()


def test_every_url_moves_and_keeps_its_path() -> None:
    """REST and WebSocket, however deep; encrypted only where the new place is."""
    urls = {
        "public": "https://api.binance.com/api/v3",
        "ws": {"ws-api": {"spot": "wss://x.com:443/ws-api/v3"}, "n": None},
    }
    assert moved(urls, "http://127.0.0.1:8900") == {
        "public": "http://127.0.0.1:8900/api/v3",
        "ws": {"ws-api": {"spot": "ws://127.0.0.1:8900/ws-api/v3"}, "n": None},
    }
    assert moved("wss://x.com/ws", "https://sim.example") == "wss://sim.example/ws"
