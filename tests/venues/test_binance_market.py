"""The market on the simulator: pages, failures, and time that runs on its own."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise

import anyio
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from algobot.config import VenueSection
from algobot.errors import NotFound, StreamClosed, VenueRateLimited, VenueUnavailable
from algobot.model import MINUTE_NS, Bar, Symbol
from algobot.simulator.config import SimConfig
from algobot.simulator.faults import Drop, HttpError, PartialBody, RateLimited, Rule, Silent
from algobot.simulator.server import Simulator
from algobot.venues.binance_market import MARGIN_NS, BinanceMarket, endpoints, without_unfinished
from algobot.venues.binance_rest import BinanceRest
from algobot.venues.port import Connected, Subscription
from tests.venues.contract import BTC, up_to
from tests.waiting import until

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def a_market(
    *, history: int = 100, speed: float = 0.0, idle_s: float = 5.0
) -> AsyncIterator[tuple[Simulator, BinanceMarket]]:
    """Yield a simulator and an open market on it."""
    async with Simulator(SimConfig(speed=speed, history=history)) as sim:
        market = BinanceMarket("binance", endpoints("sim", VenueSection(base_url=sim.url)), idle_s=idle_s)
        try:
            await market.open()
            yield sim, market
        finally:
            await market.close()


async def test_history_longer_than_a_page_is_read_whole() -> None:
    """Backwards from now and forwards from a time give the same bars, without a hole or a repeat."""
    async with a_market(history=2600) as (_, market):
        newest = await market.bars(BTC, "1m", limit=2500)
        assert len(newest) == 2500
        assert all(later.open_ns == sooner.close_ns for sooner, later in pairwise(newest))
        assert await market.bars(BTC, "1m", since_ns=newest[0].open_ns, limit=2500) == newest
        assert await market.bars(BTC, "1m", since_ns=newest[0].open_ns + 1, limit=10) == newest[1:11]


async def test_the_bar_that_still_grows_is_not_history() -> None:
    """Where market time is wall time the venue shows it, and we leave it out."""
    async with a_market(speed=1.0) as (sim, market):
        await until(lambda: sim.venue.tapes["BTCUSDT"].klines.forming is not None)
        shown = await market.rest.bars_until_now("BTCUSDT", "1m", MINUTE_NS, 5)
        assert shown[-1].close_ns > time.time_ns(), "or this shows nothing"
        bars = await market.bars(BTC, "1m", limit=4)
        assert bars[-1].open_ns in (shown[-2].open_ns, shown[-1].open_ns)  # a minute may have passed
        assert bars[-1].close_ns <= time.time_ns()
        assert (await market.bars(BTC, "1m", since_ns=bars[0].open_ns, limit=100))[-1].close_ns <= time.time_ns()


async def test_where_time_runs_on_its_own_the_newest_bar_is_kept() -> None:
    """A replay shows closed bars only; its past is over by any clock."""
    async with a_market() as (sim, market):
        before = (await market.bars(BTC, "1m", limit=1))[-1]
        sim.venue.clock.advance(60_000)
        sim.venue.advance()
        after = (await market.bars(BTC, "1m", limit=1))[-1]
        assert after.open_ns == before.open_ns + MINUTE_NS
        assert after.close_ns == sim.venue.clock.market_ms() * 1_000_000


def test_a_bar_that_ended_while_the_answer_was_under_way_is_not_trusted() -> None:
    """What counts is when the question left, and by more than the clocks may differ."""
    bars = [Bar(open_ns, open_ns + 10**9, 1.0, 1.0, 1.0, 1.0, 0.0) for open_ns in (0, 10**9)]
    assert without_unfinished(bars, 2 * 10**9 - 1) == bars[:1]
    assert without_unfinished(bars, 2 * 10**9) == bars[:1]
    assert without_unfinished(bars, 2 * 10**9 + MARGIN_NS) == bars
    assert without_unfinished([], 5) == []


@pytest.mark.parametrize(
    "fault", [HttpError(status=503), Drop(), PartialBody(size=30), PartialBody(size=30, valid=True)]
)
async def test_an_answer_that_breaks_is_evidence_of_nothing(fault: HttpError | Drop | PartialBody) -> None:
    """Never a library's own error, never half a history."""
    async with a_market() as (sim, market):
        sim.venue.faults.add(Rule(where="reply", fault=fault, match="GET /api/v3/klines", count=0))
        with anyio.fail_after(10), pytest.raises(VenueUnavailable):
            await market.bars(BTC, "1m")
        sim.venue.faults.remove(None)
        assert await market.bars(BTC, "1m", limit=3)


async def test_over_the_budget_a_read_says_how_long_to_wait() -> None:
    """The feed must not hammer on."""
    async with a_market() as (sim, market):
        sim.venue.faults.add(Rule(where="request", fault=RateLimited(status=418, retry_after_s=30), match="*klines"))
        with pytest.raises(VenueRateLimited) as caught:
            await market.bars(BTC, "1m")
        assert caught.value.retry_after_ns == 30_000_000_000


async def test_a_silent_stream_is_ended() -> None:
    """Pings are answered, data do not come."""
    async with (
        a_market(speed=60.0, idle_s=0.5) as (sim, market),
        aclosing(market.stream([Subscription(BTC)])) as events,
    ):
        await up_to(events, lambda event: isinstance(event, Connected))
        sim.venue.faults.add(Rule(where="stream", fault=Silent(), count=0))
        with pytest.raises(StreamClosed, match="nothing came"):
            await up_to(events, lambda event: False)


async def test_a_symbol_nearly_right_is_suggested() -> None:
    """A person wrote it."""
    async with a_market() as (_, market):
        with pytest.raises(NotFound) as caught:
            market.instrument(Symbol("btc/usdt"))
        assert "BTC/USDT" in caught.value.hint


async def test_a_place_where_nobody_answers_is_named() -> None:
    """With the address and what to check."""
    market = BinanceMarket("binance", endpoints("sim", VenueSection(base_url="http://127.0.0.1:9")))
    with pytest.raises(VenueUnavailable, match=r"127\.0\.0\.1:9") as caught:
        await market.open()
    assert "base_url" in caught.value.hint
    await market.close()


@pytest.mark.parametrize(
    "row",
    [
        [0, "1", "2", "0.5", "NaN", "1", 59_999],
        [0, "1", "Infinity", "0.5", "1", "1", 59_999],
        [0, "1", "2", "0.5", "3", "1", 59_999],
        [0, "0", "2", "0", "1", "1", 59_999],
        [0, "1", "2", "0.5", "1", "-1", 59_999],
        [0, "1", "2"],
        "nonsense",
    ],
    ids=str,
)
async def test_a_history_with_an_impossible_bar_is_no_history(row: object) -> None:
    """One NaN folded into an indicator would stay there for good."""

    async def klines(_: web.Request) -> web.Response:
        return web.json_response([[0, "1", "2", "0.5", "1.5", "10", 59_999], row])

    app = web.Application()
    app.add_routes([web.get("/api/v3/klines", klines)])
    async with TestServer(app, host="127.0.0.1") as server:
        rest = BinanceRest("binance", str(server.make_url("")))
        with pytest.raises(VenueUnavailable):
            await rest.bars_until_now("BTCUSDT", "1m", MINUTE_NS, 2)
        await rest.close()
