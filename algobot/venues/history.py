"""What a venue has of the past: bars page by page, and what can be asked for. For downloads, not for bots.

Any venue of ccxt will do, perpetuals and futures included; venues of Binance's protocol answer without ccxt.
"""

from __future__ import annotations

import difflib
import importlib.util
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from algobot.config import VenueSection
from algobot.errors import ConfigError, NotFound
from algobot.model import MINUTE_NS, Bar, Symbol
from algobot.venues.binance_market import BinanceMarket, endpoints
from algobot.venues.ccxt_client import CcxtClient
from algobot.venues.ccxt_market import PAGE as CCXT_PAGE
from algobot.venues.ccxt_market import CcxtMarket
from algobot.venues.factory import BINANCE_PROTOCOL

CLOCK_NS: Final = MINUTE_NS  # how far the clocks of a venue and this machine may be apart
BINANCE_TIMEFRAMES: Final = (
    *("1s", "1m", "3m", "5m", "15m", "30m"),
    *("1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d"),
)
BINANCE_REQUESTS_PER_S: Final = 20.0  # of weight 2: 2400 of the 6000 a minute, so that bots on this address go on


class BinanceHistory:
    """Bars of a venue of Binance's protocol."""

    page = 999  # the bars of one request: the venue gives 1000, one of them perhaps unfinished
    requests_per_s = BINANCE_REQUESTS_PER_S
    timeframes: tuple[str, ...] = BINANCE_TIMEFRAMES

    def __init__(self, market: BinanceMarket) -> None:
        self._market = market

    async def open(self) -> None:
        """Connect and load the markets. Raises VenueUnavailable, VenueRateLimited."""
        await self._market.open()

    async def close(self) -> None:
        """Let go of every connection; never raises."""
        await self._market.close()

    def require(self, symbol: Symbol) -> None:
        """Return when the venue has `symbol`. Raises NotFound."""
        self._market.instrument(symbol)

    async def bars(self, symbol: Symbol, timeframe: str, since_ns: int) -> list[Bar]:
        """Return one request's closed bars from then on, oldest first. Raises VenueUnavailable, VenueRateLimited."""
        return await self._market.bars(symbol, timeframe, since_ns=since_ns, limit=self.page)


class CcxtHistory:
    """Bars of any venue of ccxt."""

    page = CCXT_PAGE

    def __init__(self, client: CcxtClient) -> None:
        self._client = client
        self._market = CcxtMarket(client)

    @property
    def requests_per_s(self) -> float:
        """What the venue bears, by ccxt's account."""
        return 1000.0 / max(1.0, float(self._client.exchange.rateLimit))

    @property
    def timeframes(self) -> tuple[str, ...]:
        """What the venue has, in its own order."""
        return tuple(self._client.exchange.timeframes or ())

    async def open(self) -> None:
        """Import ccxt, connect and load the markets. Raises VenueUnavailable, VenueRateLimited."""
        await self._market.open()
        if not self._client.exchange.has.get("fetchOHLCV"):
            raise ConfigError(f"{self._client.adapter} gives no bars", hint="take another venue")

    async def close(self) -> None:
        """Let go of every connection; never raises."""
        await self._market.close()

    def require(self, symbol: Symbol) -> None:
        """Return when the venue has `symbol`. Raises NotFound."""
        markets: Iterable[str] = self._client.exchange.markets or ()
        if symbol in markets:
            return
        near = difflib.get_close_matches(symbol.upper(), list(markets), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "write it like BTC/USDT, or BTC/USDT:USDT for a perpetual"
        raise NotFound(f"symbol {symbol!r} is not traded at {self._client.adapter}", hint=hint)

    async def bars(self, symbol: Symbol, timeframe: str, since_ns: int) -> list[Bar]:
        """Return one request's closed bars from then on, oldest first. Raises VenueUnavailable, VenueRateLimited.

        The venue's clock is not known: a bar counts as over a minute after it is by ours.
        """
        over_ns = time.time_ns() - CLOCK_NS
        return [bar for bar in await self._market.page(symbol, timeframe, since_ns) if bar.close_ns <= over_ns]


def history(name: str, section: VenueSection) -> BinanceHistory | CcxtHistory:
    """Return the past of venue `name`; nothing is connected yet.

    Raises:
        ConfigError: no such adapter, or it has no sandbox.
    """
    if section.adapter in BINANCE_PROTOCOL:
        return BinanceHistory(BinanceMarket(section.adapter, endpoints(name, section)))
    known = adapters()
    if section.adapter not in known:
        near = difflib.get_close_matches(section.adapter.lower(), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else "use ccxt's id of a venue, for instance binance"
        raise ConfigError(f"there is no venue {section.adapter!r}", hint=hint)
    return CcxtHistory(
        CcxtClient(section.adapter, keys=None, base_url=section.base_url, sandbox=section.sandbox, past_only=True)
    )


def adapters() -> list[str]:
    """Return ccxt's ids of all venues, without importing ccxt."""
    found = importlib.util.find_spec("ccxt")
    places = found.submodule_search_locations if found is not None else None
    return sorted(path.stem for path in Path(places[0]).glob("*.py") if path.stem != "__init__") if places else []
