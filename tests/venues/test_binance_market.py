"""The market on the simulator: pages, failures, and time that runs on its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise

import anyio
import pytest

from algobot.config import VenueSection
from algobot.errors import NotFound, StreamClosed, VenueRateLimited, VenueUnavailable
from algobot.model import MINUTE_NS, Symbol
from algobot.simulator.config import SimConfig
from algobot.simulator.faults import Drop, HttpError, PartialBody, RateLimited, Rule, Silent
from algobot.simulator.server import Simulator
from algobot.venues.binance_market import BinanceMarket, endpoints
from algobot.venues.port import Connected, Subscription
from tests.venues.contract import BTC, until

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
    """The next bar's beginning closes it, and only then it is there."""
    async with a_market() as (sim, market):
        before = (await market.bars(BTC, "1m", limit=1))[-1]
        sim.venue.clock.advance(60_000)
        sim.venue.advance()
        after = (await market.bars(BTC, "1m", limit=1))[-1]
        assert after.open_ns == before.open_ns + MINUTE_NS
        growing_ns = sim.venue.clock.market_ms() * 1_000_000
        assert after.close_ns <= growing_ns


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
        await until(events, lambda event: isinstance(event, Connected))
        sim.venue.faults.add(Rule(where="stream", fault=Silent(), count=0))
        with pytest.raises(StreamClosed, match="nothing came"):
            await until(events, lambda event: False)


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
