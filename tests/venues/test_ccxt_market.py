"""The unified market where an exchange has no bar stream: its trades, on the protocol of the simulator."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import pytest

from algobot.errors import StreamClosed, VenueUnavailable
from algobot.model import SECOND_NS, Bar, Side, Trade
from algobot.simulator.config import SimConfig
from algobot.simulator.server import Simulator
from algobot.simulator.tape import Print
from algobot.venues import ccxt_market
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.ccxt_market import CcxtMarket
from algobot.venues.port import Connected, Subscription
from daemon.bar_building import BarBuilding
from tests.venues.contract import BTC

SECONDS = [Subscription(BTC, "1s"), Subscription(BTC, "2s")]
A_PRINT: dict[str, Any] = {"price": 100.5, "amount": 0.25, "side": "sell", "timestamp": 1_700_000_000_123}


@asynccontextmanager
async def a_market(*, trades: bool) -> AsyncIterator[tuple[Simulator, CcxtMarket]]:
    """Yield a market whose exchange has no bar stream, on one-second bars in real time."""
    config = SimConfig(symbols=("BTCUSDT",), timeframe="1s", history=10)
    async with Simulator(config) as sim:
        client = CcxtClient("binance", keys=None, base_url=sim.url)
        market = CcxtMarket(client)
        try:
            await market.open()
            client.exchange.has["watchOHLCV"] = False
            client.exchange.has["watchTrades"] = trades
            yield sim, market
        finally:
            await market.close()


def fold(prints: Iterable[Print], opens_ns: int, scale: float) -> tuple[float, float, float, float]:
    """Return open, high, low and close of what the venue itself says was traded in a second."""
    prices = [p.price * scale for p in prints if opens_ns <= p.ms * 1_000_000 < opens_ns + SECOND_NS]
    return prices[0], max(prices), min(prices), prices[-1]


def corners(bar: Any) -> tuple[float, float, float, float]:
    """Return open, high, low and close."""
    return bar.open, bar.high, bar.low, bar.close


@pytest.mark.anyio
async def test_bars_built_of_the_streamed_trades_are_those_of_the_venue() -> None:
    """Every bar is the fold of the venue's own prints of its second, and of its klines where those agree.

    The simulator stamps a print with the wall's time when its loop comes to it, while klines live in market time: the
    last print of a second may carry the next one's stamp. So some built bars, not all, must equal the kline.
    """
    async with a_market(trades=True) as (sim, market):
        tape, built, equal = sim.venue.tapes["BTCUSDT"], list[Bar](), 0
        tick = float(market.instrument(BTC).tick)
        building = BarBuilding(SECONDS)
        with anyio.fail_after(30):
            async with aclosing(market.stream(SECONDS)) as events:  # type: ignore[type-var]
                async for event in events:
                    if isinstance(event, Trade):
                        built += [update.bar for update in building.trade(event) if update.timeframe == "1s"]
                    klines = {candle.open_ms * 1_000_000: candle for candle in tape.klines.base}
                    equal = sum(corners(bar) == corners(klines[bar.open_ns]) for bar in built if bar.open_ns in klines)
                    if len(built) >= 3 and equal >= 2:
                        break
        for bar in built:
            assert corners(bar) == pytest.approx(fold(tape.prints, bar.open_ns, tick), rel=1e-12)
            assert bar.volume > 0


@pytest.mark.anyio
async def test_the_trades_of_a_symbol_come_once_for_all_its_timeframes() -> None:
    """Each print once, with the side of the taker, as the venue's tape has it."""
    async with a_market(trades=True) as (sim, market):
        seen: list[Trade] = []
        with anyio.fail_after(20):
            async with aclosing(market.stream(SECONDS)) as events:  # type: ignore[type-var]
                assert isinstance(await anext(events), Connected)
                while len(seen) < 6:
                    event = await anext(events)
                    assert isinstance(event, Trade), "no quotes were asked for, and there are no bars"
                    seen.append(event)
        tape = [p for p in sim.venue.tapes["BTCUSDT"].prints if p.ms * 1_000_000 >= seen[0].ts_event_ns]
        sides = [Side.SELL if p.buyer_is_maker else Side.BUY for p in tape]
        assert [(t.ts_event_ns, t.side) for t in seen] == [
            (p.ms * 1_000_000, side) for p, side in zip(tape, sides, strict=True)
        ][: len(seen)]


@pytest.mark.anyio
async def test_an_exchange_that_streams_neither_says_so() -> None:
    """The stream ends with the reason, for the bots' owner to read."""
    async with a_market(trades=False) as (_, market):
        with anyio.fail_after(10):
            async with aclosing(market.stream(SECONDS)) as events:  # type: ignore[type-var]
                assert isinstance(await anext(events), Connected)
                with pytest.raises(StreamClosed, match="binance streams neither bars nor trades"):
                    await anext(events)


def test_a_print_is_mapped_exactly_and_the_oldest_comes_first() -> None:
    """Milliseconds become nanoseconds; the side is the taker's."""
    later = A_PRINT | {"timestamp": 1_700_000_000_124, "side": "buy"}
    assert ccxt_market._trades([later, A_PRINT], BTC, 7) == [
        Trade(BTC, 100.5, 0.25, Side.SELL, 1_700_000_000_123_000_000, 7),
        Trade(BTC, 100.5, 0.25, Side.BUY, 1_700_000_000_124_000_000, 7),
    ]


@pytest.mark.parametrize(
    "junk",
    [{"price": None}, {"amount": "many"}, {"side": None}, {"side": "both"}, {"timestamp": None}, {"timestamp": 1e999}],
)
def test_a_print_that_cannot_be_read_is_an_unusable_answer(junk: dict[str, Any]) -> None:
    """It never becomes a price."""
    with pytest.raises(VenueUnavailable, match="a trade of BTC/USDT cannot be read"):
        ccxt_market._trades([A_PRINT | junk], BTC, 7)
