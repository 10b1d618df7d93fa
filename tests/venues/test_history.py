"""The past of a venue, for downloads: the same bars whichever way they are asked for."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from algobot.config import VenueSection
from algobot.errors import ConfigError, NotFound, VenueReadRefused
from algobot.model import MINUTE_NS, Symbol
from algobot.simulator.config import SimConfig
from algobot.simulator.server import Simulator
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.history import CcxtHistory, adapters, history
from tests.waiting import until

pytestmark = pytest.mark.anyio
BTC = Symbol("BTC/USDT")


async def test_both_adapters_give_the_same_pages() -> None:
    """Full pages of closed bars, one after the other, from the first bar there is."""
    async with Simulator(SimConfig(speed=0.0, history=1500)) as sim:
        ours = history("sim", VenueSection(base_url=sim.url))
        unified = CcxtHistory(CcxtClient("binance", keys=None, base_url=sim.url))
        for venue in (ours, unified):
            await venue.open()
            venue.require(BTC)
        try:
            first = await ours.bars(BTC, "1m", 1)
            assert len(first) == ours.page
            assert all(later.open_ns == bar.close_ns for bar, later in pairwise(first))
            assert await unified.bars(BTC, "1m", 1) == first[: unified.page]
            assert await unified.bars(BTC, "1m", first[3].open_ns) == first[3 : 3 + unified.page]
            rest = await ours.bars(BTC, "1m", first[-1].close_ns)
            assert rest[0].open_ns == first[-1].open_ns + MINUTE_NS
            assert set(ours.timeframes) <= set(unified.timeframes)
            assert unified.requests_per_s > 1
        finally:
            await ours.close()
            await unified.close()


async def test_what_a_venue_does_not_have_is_said_before_anything_is_fetched() -> None:
    """A symbol nearly right is suggested; a timeframe it cannot make is a refusal, not an outage."""
    async with Simulator(SimConfig(speed=0.0, timeframe="1h", history=10)) as sim:
        ours = history("sim", VenueSection(base_url=sim.url))
        unified = CcxtHistory(CcxtClient("binance", keys=None, base_url=sim.url))
        try:
            for venue in (ours, unified):
                await venue.open()
                with pytest.raises(NotFound) as told:
                    venue.require(Symbol("BTC/USDX"))
                assert "BTC/USDT" in told.value.hint
                with pytest.raises(VenueReadRefused, match="interval"):
                    await venue.bars(BTC, "1m", 1)
        finally:
            await ours.close()
            await unified.close()


@pytest.mark.parametrize("kind", ["binance", "ccxt"])
async def test_a_bar_that_still_grows_is_no_past(kind) -> None:
    """Where market time is wall time the venue shows it; nobody downloads it."""
    async with Simulator(SimConfig(speed=1.0, history=50)) as sim:
        await until(lambda: sim.venue.tapes["BTCUSDT"].klines.forming is not None)
        client = CcxtClient("binance", keys=None, base_url=sim.url)
        venue = CcxtHistory(client) if kind == "ccxt" else history("sim", VenueSection(base_url=sim.url))
        await venue.open()
        try:
            bars = await venue.bars(BTC, "1m", 1)
            assert len(bars) >= 48
            assert bars[-1].close_ns <= time.time_ns()
        finally:
            await venue.close()


def test_every_venue_of_ccxt_can_be_asked() -> None:
    """Also those without streams, which bots cannot trade on."""
    import ccxt.async_support

    assert set(ccxt.async_support.exchanges) <= set(adapters())
    with pytest.raises(ConfigError, match="no venue 'binence'") as told:
        history("x", VenueSection(adapter="binence"))
    assert "'binance'" in told.value.hint


@pytest.mark.parametrize("adapter", ["bitbank", "binanceusdm"])
async def test_a_past_is_built_without_streams_and_with_perpetuals(adapter) -> None:
    """Nothing is sent: what is asked for at the opening is what the venue's class says."""
    client = CcxtClient(adapter, keys=None, base_url="http://127.0.0.1:9", past_only=True)
    await client.open()
    try:
        assert client.exchange.has["fetchOHLCV"]
        assert client.exchange.options.get("fetchMarkets", {}).get("types") != ["spot"]
    finally:
        await client.close()
