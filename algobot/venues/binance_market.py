"""`Market` of Binance-protocol venues: REST over aiohttp, streams over websockets, no ccxt."""

from __future__ import annotations

import asyncio
import difflib
import time
from collections.abc import AsyncIterator, Iterable
from typing import Final

import msgspec

from algobot.config import VenueSection
from algobot.errors import ConfigError, NotFound
from algobot.model import Bar, Instrument, Symbol, timeframe_ns
from algobot.venues.binance_rest import BinanceRest
from algobot.venues.binance_stream import follow, names_of
from algobot.venues.port import MarketEvent, Subscription

IDLE_S: Final = 60.0  # a busy market is never silent for so long; the caller watches single streams more closely

MARGIN_NS: Final = 250_000_000  # how wrong the measured difference of the clocks may be


class Endpoints(msgspec.Struct, frozen=True):
    """Where a Binance-protocol venue answers."""

    rest: str
    stream: str


REAL: Final = {
    "binance": Endpoints("https://api.binance.com", "wss://stream.binance.com:9443/ws"),
    "binanceus": Endpoints("https://api.binance.us", "wss://stream.binance.us:9443/ws"),
}
SANDBOX: Final = {"binance": Endpoints("https://testnet.binance.vision", "wss://stream.testnet.binance.vision/ws")}


def endpoints(name: str, section: VenueSection) -> Endpoints:
    """Return where venue `name` answers: its base_url, its sandbox, or the real place.

    Raises:
        ConfigError: it has no sandbox.
    """
    if section.base_url:
        rest = section.base_url.rstrip("/")
        return Endpoints(rest, "ws" + rest.removeprefix("http") + "/ws")
    places = SANDBOX if section.sandbox else REAL
    if section.adapter not in places:
        raise ConfigError(f"venues.{name}.sandbox: {section.adapter!r} has none", hint="set sandbox = false")
    return places[section.adapter]


class BinanceMarket:
    """Implements `venues.port.Market`."""

    def __init__(self, adapter: str, endpoints: Endpoints, *, idle_s: float = IDLE_S) -> None:
        self.rest = BinanceRest(adapter, endpoints.rest)
        self._stream_url = endpoints.stream
        self._idle_s = idle_s
        self._instruments: dict[Symbol, Instrument] = {}
        self._offset_ns = 0
        self._opening = asyncio.Lock()

    async def open(self) -> None:
        """As the port promises; a second call refreshes rules and clock."""
        self._offset_ns = await self.rest.clock_offset_ns()
        self._instruments = await self.rest.instruments()

    async def close(self) -> None:
        """As the port promises."""
        await self.rest.close()

    async def ensure_open(self) -> None:
        """Open unless that was done: those who share this market load its rules once."""
        async with self._opening:
            if not self._instruments:
                await self.open()

    def instruments(self) -> dict[Symbol, Instrument]:
        """Return every instrument, by symbol."""
        return self._instruments

    def instrument(self, symbol: Symbol) -> Instrument:
        """As the port promises."""
        try:
            return self._instruments[symbol]
        except KeyError:
            near = difflib.get_close_matches(symbol.upper(), self._instruments, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "write it like BTC/USDT"
            raise NotFound(f"symbol {symbol!r} is not traded here", hint=hint) from None

    async def bars(self, symbol: Symbol, timeframe: str, *, since_ns: int = 0, limit: int = 500) -> list[Bar]:
        """As the port promises, in as many requests as it takes."""
        venue_symbol, length_ns = self.instrument(symbol).venue_symbol, timeframe_ns(timeframe)
        asked_ns = time.time_ns() + self._offset_ns
        if since_ns:
            bars = await self.rest.bars_from(venue_symbol, timeframe, length_ns, since_ns, limit + 1)
            return bars[:limit] if len(bars) > limit else without_unfinished(bars, asked_ns)
        bars = await self.rest.bars_until_now(venue_symbol, timeframe, length_ns, limit + 1)
        return without_unfinished(bars, asked_ns)[-limit:]

    async def stream(self, subscriptions: Iterable[Subscription]) -> AsyncIterator[MarketEvent]:
        """As the port promises."""
        wanted = list(subscriptions)
        venue_symbols = {entry.symbol: self.instrument(entry.symbol).venue_symbol for entry in wanted}
        async for event in follow(self._stream_url, names_of(wanted, venue_symbols), idle_s=self._idle_s):
            yield event


def without_unfinished(bars: list[Bar], asked_ns: int) -> list[Bar]:
    """Drop the newest bar unless it was over, by the venue's clock and with a margin, when the question left.

    Not when the answer came: a bar can end in between, and the answer still holds it half grown.
    """
    return bars if not bars or bars[-1].close_ns + MARGIN_NS <= asked_ns else bars[:-1]
