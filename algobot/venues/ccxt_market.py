"""`Market` over ccxt.pro, for venues without a stream client of their own.

ccxt's bar streams do not say when a bar is closed: it is, once a newer one begins. An exchange without a bar stream
gives its trades instead, for others to build the bars from.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from algobot.errors import NotFound, VenueUnavailable
from algobot.model import Bar, BarUpdate, Instrument, Quote, Symbol, Trade, timeframe_ns
from algobot.venues import ccxt_wire as wire
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.ccxt_stream import merged
from algobot.venues.classify import Action
from algobot.venues.port import MarketEvent, Subscription
from algobot.venues.possible import require_possible

PAGE: Final = 500
Tell = Callable[[MarketEvent], Awaitable[None]]


class CcxtMarket:
    """Implements `venues.port.Market`."""

    def __init__(self, client: CcxtClient) -> None:
        self._client = client
        self._instruments: dict[Symbol, Instrument] = {}

    async def open(self) -> None:
        """As the port promises."""
        await self._client.open()
        await self._client.ask(Action.READ, "load_markets")
        self._instruments = wire.to_instruments(self._client.exchange)

    async def close(self) -> None:
        """As the port promises."""
        await self._client.close()

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises."""
        if symbol not in self._instruments:
            raise NotFound(f"symbol {symbol!r} is not traded here", hint="write it like BTC/USDT")
        return self._instruments[symbol]

    async def bars(self, symbol: Symbol, timeframe: str, *, since_ns: int = 0, limit: int = 500) -> list[Bar]:
        """As the port promises; the newest bar the venue shows is taken for unfinished."""
        if since_ns:
            return (await self._bars_from(symbol, timeframe, since_ns, limit + 1))[:-1][:limit]
        return (await self._bars_until_now(symbol, timeframe, limit + 1))[:-1][-limit:]

    async def _bars_from(self, symbol: Symbol, timeframe: str, since_ns: int, count: int) -> list[Bar]:
        """Return up to `count` bars from then on, page by page."""
        bars: list[Bar] = []
        while len(bars) < count:
            page = await self.page(symbol, timeframe, since_ns)
            new = [bar for bar in page if not bars or bar.open_ns > bars[-1].open_ns]
            if not new:
                break
            bars += new
            since_ns = new[-1].close_ns
        return bars[:count]

    async def _bars_until_now(self, symbol: Symbol, timeframe: str, count: int) -> list[Bar]:
        """Return the last `count` bars, page by page backwards from what the venue shows by itself."""
        bars = await self.page(symbol, timeframe, 0)
        while bars and len(bars) < count:
            since_ns = bars[0].open_ns - PAGE * timeframe_ns(timeframe)
            older = [bar for bar in await self.page(symbol, timeframe, since_ns) if bar.open_ns < bars[0].open_ns]
            if not older:
                break
            bars = older + bars
        return bars[-count:]

    async def page(self, symbol: Symbol, timeframe: str, since_ns: int) -> list[Bar]:
        """Return what one request gives: up to PAGE bars from then on (the last ones for 0), the growing one too."""
        since_ms = -(-since_ns // wire.MS_NS) or None
        rows = await self._client.ask(Action.READ, "fetch_ohlcv", symbol, timeframe, since_ms, PAGE)
        bars = _bars(rows, timeframe_ns(timeframe))
        try:
            for bar in bars:
                require_possible(bar)
        except ValueError as error:
            raise VenueUnavailable(f"{self._client.adapter}: {error}") from None
        return bars

    async def stream(self, subscriptions: Iterable[Subscription]) -> AsyncIterator[MarketEvent]:
        """As the port promises; ccxt does not say when a subscription holds, so `Connected` comes at once."""
        async with aclosing(merged(self._client, self._watchers(list(dict.fromkeys(subscriptions))))) as events:
            async for event in events:
                yield event

    def _watchers(self, wanted: list[Subscription]) -> list[Callable[[Tell], Awaitable[None]]]:
        """Return what must run: where there are no bars to watch, a symbol's trades once for all its timeframes."""
        bars = [one for one in wanted if one.timeframe]
        quotes = [partial(self._watch_quotes, one.symbol) for one in wanted if not one.timeframe]
        if self._can("watchOHLCV"):
            return [*quotes, *(partial(self._watch_bars, one) for one in bars)]
        return [*quotes, *(partial(self._watch_trades, symbol) for symbol in dict.fromkeys(one.symbol for one in bars))]

    def _can(self, method: str) -> bool:
        """Return whether the exchange, once open, has a method."""
        return self._client.exchange is not None and bool(self._client.exchange.has.get(method))

    async def _watch_bars(self, wanted: Subscription, tell: Tell) -> None:
        length_ns, newest = timeframe_ns(wanted.timeframe), None
        while True:
            rows = await self._client.ask(Action.READ, "watch_ohlcv", wanted.symbol, wanted.timeframe)
            now_ns = time.time_ns()
            for bar in _bars(rows, length_ns):
                if newest is not None and bar.open_ns < newest.open_ns:
                    continue
                if newest is not None and bar.open_ns > newest.open_ns:
                    await tell(BarUpdate(wanted.symbol, wanted.timeframe, newest, True, now_ns))
                newest = bar
            if newest is not None:
                await tell(BarUpdate(wanted.symbol, wanted.timeframe, newest, False, now_ns))

    async def _watch_trades(self, symbol: Symbol, tell: Tell) -> None:
        if not self._can("watchTrades"):
            raise VenueUnavailable(
                f"{self._client.adapter} streams neither bars nor trades",
                hint="trade on a venue that streams one of them",
            )
        self._client.exchange.trades.pop(symbol, None)  # what an earlier stream left unread would stand before a gap
        while True:
            rows = await self._client.ask(Action.READ, "watch_trades", symbol)
            for trade in _trades(rows, symbol, time.time_ns()):
                await tell(trade)

    async def _watch_quotes(self, symbol: Symbol, tell: Tell) -> None:
        best_only = self._can("watchBidsAsks")
        while True:
            if best_only:
                ticker = (await self._client.ask(Action.READ, "watch_bids_asks", [symbol])).get(symbol, {})
            else:
                ticker = await self._client.ask(Action.READ, "watch_ticker", symbol)
            now_ns = time.time_ns()
            if ticker.get("bid") is not None and ticker.get("ask") is not None:
                event_ns = int(ticker["timestamp"]) * wire.MS_NS if ticker.get("timestamp") else now_ns
                await tell(Quote(symbol, float(ticker["bid"]), float(ticker["ask"]), event_ns, now_ns))


def _bars(rows: Any, length_ns: int) -> list[Bar]:
    try:
        return [wire.to_bar(row, length_ns) for row in rows]
    except (TypeError, ValueError, IndexError) as error:
        raise VenueUnavailable(f"a bar cannot be read ({error})") from None


def _trades(rows: Any, symbol: Symbol, recv_ns: int) -> list[Trade]:
    """Return the prints of one answer, oldest first: some venues begin with the newest."""
    try:
        trades = [wire.to_trade(row, symbol, recv_ns) for row in rows]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise VenueUnavailable(f"a trade of {symbol} cannot be read ({type(error).__name__}: {error})") from None
    return sorted(trades, key=lambda trade: trade.ts_event_ns)
