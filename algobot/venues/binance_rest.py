"""The public half of Binance's spot REST API, over aiohttp: no keys, no ccxt."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping
from typing import Final, TypeVar

import aiohttp
import msgspec

from algobot.errors import VenueUnavailable
from algobot.model import Bar, Instrument, Symbol
from algobot.venues.binance_wire import MS_NS, Counted, ExchangeInfo, KlineRow, to_bar, to_instruments
from algobot.venues.classify import Action, Reply, as_error
from algobot.venues.waits import Wait

T = TypeVar("T")
TIMEOUT_S: Final = 15.0
PAGE: Final = 1000  # rows the venue gives at most


class _ServerTime(msgspec.Struct, frozen=True):
    serverTime: Counted


class BinanceRest:
    """Market rules, clock and bars. Every call raises VenueUnavailable or VenueRateLimited and nothing else."""

    def __init__(self, adapter: str, base_url: str) -> None:
        self._adapter = adapter
        self._base_url = base_url.rstrip("/")
        self.wait = Wait()  # of this address: shared with the accounts behind it
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Let go of the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def instruments(self) -> dict[Symbol, Instrument]:
        """Return every spot instrument, by unified symbol."""
        body = await self._get("/api/v3/exchangeInfo", {})
        return await asyncio.to_thread(lambda: to_instruments(self._decode(body, ExchangeInfo)))

    async def clock_offset_ns(self, samples: int = 3) -> int:
        """Return venue time minus ours, from the quickest of some round trips."""
        best_ns, offset_ns = 1 << 62, 0
        for _ in range(samples):
            sent_ns = time.time_ns()
            body = await self._get("/api/v3/time", {})
            received_ns = time.time_ns()
            if received_ns - sent_ns < best_ns:
                best_ns = received_ns - sent_ns
                venue_ns = self._decode(body, _ServerTime).serverTime * MS_NS + MS_NS // 2
                offset_ns = venue_ns - (sent_ns + received_ns) // 2
        return offset_ns

    async def bars_from(
        self, venue_symbol: str, timeframe: str, length_ns: int, since_ns: int, limit: int
    ) -> list[Bar]:
        """Return up to `limit` bars from `since_ns` on, oldest first, the unfinished one among them."""
        bars: list[Bar] = []
        start_ms = -(-since_ns // MS_NS)
        while len(bars) < limit:
            wanted = min(PAGE, limit - len(bars))
            page = await self._page(venue_symbol, timeframe, length_ns, wanted, startTime=start_ms)
            bars += page
            if len(page) < wanted:
                break
            start_ms = page[-1].open_ns // MS_NS + 1
        return bars

    async def bars_until_now(self, venue_symbol: str, timeframe: str, length_ns: int, limit: int) -> list[Bar]:
        """Return the last `limit` bars, oldest first, the unfinished one among them."""
        bars: list[Bar] = []
        end: dict[str, int] = {}
        while len(bars) < limit:
            wanted = min(PAGE, limit - len(bars))
            page = await self._page(venue_symbol, timeframe, length_ns, wanted, **end)
            bars = page + bars
            if len(page) < wanted:
                break
            end = {"endTime": page[0].open_ns // MS_NS - 1}
        return bars

    async def _page(self, venue_symbol: str, timeframe: str, length_ns: int, limit: int, **span: int) -> list[Bar]:
        params: dict[str, str | int] = {"symbol": venue_symbol, "interval": timeframe, "limit": limit, **span}
        rows = self._decode(await self._get("/api/v3/klines", params), list[KlineRow])
        try:
            bars = [to_bar(row, length_ns) for row in rows]
            if any(later.open_ns <= bar.open_ns for bar, later in itertools.pairwise(bars)):
                raise ValueError("bars are not in the order of time")
            return bars
        except ValueError as error:
            raise VenueUnavailable(f"{self._adapter}: {venue_symbol} {error}", hint="the venue must mend it") from None

    async def _get(self, path: str, params: Mapping[str, str | int]) -> bytes:
        self.wait.check(self._adapter)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        try:
            async with self._session.get(self._base_url + path, params=params) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise VenueUnavailable(
                f"{self._adapter}: {self._base_url}{path} gave no answer ({type(error).__name__})",
                hint="check the network, and base_url under [venues]",
            ) from error
        if response.status != 200:
            retry_after = response.headers.get("Retry-After", "")
            reply = Reply(response.status, body.decode(errors="replace"), retry_after)
            refusal = as_error(self._adapter, Action.READ, reply)
            self.wait.heed(refusal)
            raise refusal
        return body

    def _decode(self, body: bytes, wanted: type[T]) -> T:
        try:
            return msgspec.json.decode(body, type=wanted, strict=False)
        except msgspec.MsgspecError as error:
            raise VenueUnavailable(f"{self._adapter}: the answer cannot be read: {error}") from error
