"""Closed bars on request: one fetch for all who want the same, remembered while the stream goes on unbroken."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final

import anyio
import msgspec

from algobot.errors import VenueError, VenueRateLimited
from algobot.model import Bar, Symbol
from algobot.venues.port import Market

Answer = Callable[[tuple[Bar, ...], str], None]
"""Takes the bars and "", or none and why (then it is called again once they are there)."""

Pay = Callable[[], Awaitable[None]]
"""Returns once one request may be made: the venue's budget."""

KEPT: Final = 3000  # bars remembered of one symbol and timeframe
PAGE: Final = 1000  # bars of one request
RETRY_S: Final = (0.5, 1, 2, 5, 10, 30)


async def free() -> None:
    """Let every request go at once."""


class Ask(msgspec.Struct, frozen=True):
    """Somebody wants the last `count` bars, or all since `since_ns` when that is not 0."""

    symbol: Symbol
    timeframe: str
    since_ns: int
    count: int
    answer: Answer


class _Known:
    """The bars of one symbol and timeframe, contiguous up to the newest."""

    __slots__ = ("bars", "unbroken", "whole")

    def __init__(self) -> None:
        self.bars: list[Bar] = []
        self.unbroken = False  # every bar closed since the fetch has come by the stream
        self.whole = False  # the venue has none before these


class History:
    """The memory and the queue of requests of one venue; `run` is its task."""

    def __init__(self, market: Market, pay: Pay = free) -> None:
        self._market = market
        self._pay = pay
        self._asked: OrderedDict[tuple[Symbol, str], list[Ask]] = OrderedDict()
        self._known: dict[tuple[Symbol, str], _Known] = {}
        self._live: set[tuple[Symbol, str]] = set()
        self._wake = anyio.Event()
        self.requests = 0

    def ask(self, ask: Ask) -> None:
        """Answer at once from memory, or queue; `ask.answer` is called with the bars in either case."""
        if (bars := self._recall(ask)) is not None:
            ask.answer(bars, "")
            return
        self._asked.setdefault((ask.symbol, ask.timeframe), []).append(ask)
        self._wake.set()

    def note(self, symbol: Symbol, timeframe: str, bar: Bar) -> None:
        """Remember a bar that closed on the stream; one that leaves a gap breaks the memory."""
        known = self._known.get((symbol, timeframe))
        if known is None or not known.bars or bar.open_ns < known.bars[-1].close_ns:
            return
        if bar.open_ns > known.bars[-1].close_ns:
            known.unbroken = False
            return
        known.bars.append(bar)
        if len(known.bars) > KEPT + PAGE:
            del known.bars[:PAGE]
            known.whole = False

    def connected(self, symbol: Symbol, timeframe: str) -> None:
        """The stream of these bars runs from now on: what is fetched later stays whole."""
        self._live.add((symbol, timeframe))

    def broke(self, symbol: Symbol, timeframe: str) -> None:
        """The stream of these bars ended: what is known may miss some."""
        self._live.discard((symbol, timeframe))
        if known := self._known.get((symbol, timeframe)):
            known.unbroken = False

    async def run(self) -> None:
        """Fetch what is asked for, one request after the other, until canceled."""
        while True:
            while not self._asked:
                self._wake = anyio.Event()
                await self._wake.wait()
            key = next(iter(self._asked))
            await self._serve(key)

    async def _serve(self, key: tuple[Symbol, str]) -> None:
        """Fetch one key's bars, telling those who wait why it takes longer, then answer them."""
        for attempt in range(1_000_000):
            asks = self._asked[key]
            try:
                await self._fetch(key, asks)
            except VenueError as error:
                delay_s = RETRY_S[min(attempt, len(RETRY_S) - 1)]
                if isinstance(error, VenueRateLimited):
                    delay_s = max(delay_s, error.retry_after_ns / 1e9)
                for ask in asks:
                    ask.answer((), f"no history yet: {error.message}; trying again in {delay_s:g} s")
                await anyio.sleep(delay_s)
            else:
                break
        known = self._known[key]
        slices: dict[tuple[int, int], tuple[Bar, ...]] = {}  # the bots of one symbol share what they are given
        for ask in self._asked.pop(key):
            wanted = (ask.since_ns, ask.count)
            if wanted not in slices:
                slices[wanted] = _slice(known.bars, ask)
            ask.answer(slices[wanted], "")

    async def _fetch(self, key: tuple[Symbol, str], asks: list[Ask]) -> None:
        """Bring the newest bars, as many as the longest of `asks` wants."""
        known = self._known.setdefault(key, _Known())
        live = key in self._live
        count = max([ask.count for ask in asks] + [1])
        await self._pay()
        self.requests += 1
        bars = await self._market.bars(*key, limit=min(count, PAGE))
        since_ns = min((ask.since_ns for ask in asks if ask.since_ns), default=0)
        if bars:
            length_ns = bars[-1].close_ns - bars[-1].open_ns
            wanted_ns = bars[-1].close_ns - count * length_ns
            start_ns = min(wanted_ns, since_ns) if since_ns else wanted_ns
            if start_ns < bars[0].open_ns and len(bars) >= min(count, PAGE):
                bars = await self._pages(key, start_ns, bars)
        known.whole = len(bars) < count
        known.bars = _merge(bars, [bar for bar in known.bars if bars and bar.open_ns >= bars[-1].close_ns])
        known.unbroken = live and key in self._live

    async def _pages(self, key: tuple[Symbol, str], start_ns: int, newest: list[Bar]) -> list[Bar]:
        """Return the bars from `start_ns` on, page by page, ending with `newest`."""
        bars: list[Bar] = []
        since_ns = max(start_ns, 1)
        while since_ns < newest[0].open_ns:
            await self._pay()
            self.requests += 1
            page = await self._market.bars(*key, since_ns=since_ns, limit=PAGE)
            if not page or page[-1].close_ns <= since_ns:
                break
            bars = _merge(bars, page)
            since_ns = page[-1].close_ns
        return _merge(bars, newest)

    def _recall(self, ask: Ask) -> tuple[Bar, ...] | None:
        """Return what is asked for if it is known and up to date, else None."""
        known = self._known.get((ask.symbol, ask.timeframe))
        if known is None or not known.unbroken or not known.bars:
            return None
        enough = known.bars[0].open_ns <= ask.since_ns if ask.since_ns else len(known.bars) >= ask.count
        return _slice(known.bars, ask) if enough or known.whole else None


def _slice(bars: list[Bar], ask: Ask) -> tuple[Bar, ...]:
    """Return the part of `bars` that is asked for."""
    if ask.since_ns:
        return tuple(bar for bar in bars if bar.open_ns >= ask.since_ns)
    return tuple(bars[-ask.count :]) if ask.count else ()


def _merge(older: list[Bar], newer: list[Bar]) -> list[Bar]:
    """Return both in order, each bar once."""
    last_ns = older[-1].open_ns if older else -1
    return older + [bar for bar in newer if bar.open_ns > last_ns]
