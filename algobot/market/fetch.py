"""Download of bars into the library: only what lacks, page by page, resumable after any end.

Law: what is asked for, less the bars that are there, less where the venue is known to have none. So a second run asks
for nothing that is over, and one that was killed goes on where its last file ends. A bar is written once it is closed
and never again. Where a page skips time and a later bar follows, the venue has nothing there: that is remembered. A
silence at the end is not: nothing proves that it will last.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Final, NamedTuple, Protocol

import numpy as np

from algobot.errors import VenueUnavailable
from algobot.kernel.records import BAR
from algobot.market.budget import PATIENCE, Budget, Patience, patiently
from algobot.market.keys import Key
from algobot.market.library import Library
from algobot.market.spans import Spans, covered
from algobot.market.store import read_opens
from algobot.market.writing import Writer, open_writer
from algobot.model import Bar, Symbol, timeframe_ns

FLUSH_BARS: Final = 20_000  # the most that an end at the wrong moment makes us ask for again
DAY: Final = "1d"


class History(Protocol):
    """A venue's past. The adapters are in `algobot.venues.history`."""

    @property
    def page(self) -> int:
        """The bars of one request: how far it reaches at least, where some answer with an empty page."""
        ...

    @property
    def timeframes(self) -> tuple[str, ...]:
        """What bars there are."""
        ...

    async def bars(self, symbol: Symbol, timeframe: str, since_ns: int) -> list[Bar]:
        """Return one request's closed bars from then on, oldest first. Raises VenueUnavailable, VenueRateLimited."""
        ...


class Progress(NamedTuple):
    """How far the download of one key is."""

    key: Key
    done_ns: int  # of the time that lacked
    total_ns: int
    new: int  # bars so far
    waits: str = ""  # why it stands still


class Fetched(NamedTuple):
    """What one download did."""

    key: Key
    new: int
    requests: int
    gaps: Spans  # found now; the venue has no bars there


Tell = Callable[[Progress], None]


class Fetcher:
    """Downloads from one venue; all its requests share one budget."""

    def __init__(
        self,
        venue: History,
        library: Library,
        budget: Budget,
        tell: Tell,
        patience: Patience = PATIENCE,
        *,
        flush_bars: int = FLUSH_BARS,
    ) -> None:
        self._library, self._budget, self._tell, self._patience = library, budget, tell, patience
        self.venue, self.flush_bars = venue, flush_bars

    async def fetch(self, key: Key, start_ns: int, end_ns: int, *, ask_again: bool = False) -> Fetched:
        """Bring the bars of a key that open in [start_ns, end_ns) into the library; these must be over.

        With `ask_again` also those that the venue is known to lack.

        Raises:
            DataError: another process writes them, or what is there is damaged.
            VenueError: the venue gives no usable answer; what came before is in the library.
        """
        with open_writer(self._library, key) as writer:
            return await _Download(self, writer, start_ns, end_ns, ask_again=ask_again).run()

    async def ask(self, key: Key, timeframe: str, since_ns: int, tell: Callable[[str], None]) -> list[Bar]:
        """Return one page of closed bars from then on, trying again for as long as that makes sense."""

        async def page() -> list[Bar]:
            return _in_order(await self.venue.bars(Symbol(key.symbol), timeframe, since_ns), since_ns)

        return await patiently(page, self._budget, self._patience, tell)

    def tell(self, progress: Progress) -> None:
        """Say how far it is."""
        self._tell(progress)


class _Download:
    """One key's way from what lacks to what is written."""

    def __init__(self, fetcher: Fetcher, writer: Writer, start_ns: int, end_ns: int, *, ask_again: bool) -> None:
        self._fetcher, self._writer, self._key = fetcher, writer, writer.key
        self._end_ns = end_ns
        self._lacking = lacking(writer.library, self._key, start_ns, end_ns, ask_again=ask_again)
        self._buffer: list[Bar] = []
        self._found: list[tuple[int, int]] = []  # gaps, not yet written
        self._gaps: list[tuple[int, int]] = []
        self._new = self._requests = self._done_ns = 0

    async def run(self) -> Fetched:
        """Fetch all that lacks; what came is written also when this ends early."""
        try:
            for start_ns, end_ns in self._lacking:
                await self._span(start_ns, end_ns)
        finally:
            self._flush()
        return Fetched(self._key, self._new, self._requests, Spans(self._gaps))

    async def _span(self, start_ns: int, end_ns: int) -> None:
        """Fetch one span from its start to its end."""
        before_ns, at_ns, silent_ns = self._done_ns, start_ns, start_ns  # nothing came since `silent_ns`
        while at_ns < end_ns:
            self._say()
            page = await self._ask(self._key.timeframe, at_ns) or await self._ask(self._key.timeframe, at_ns)
            if page:
                at_ns = silent_ns = self._take(page, silent_ns, end_ns)
            else:  # said twice: there is nothing here
                at_ns = await self._next_bars_ns(at_ns, end_ns)
            self._done_ns = before_ns + min(at_ns, end_ns) - start_ns
            if len(self._buffer) >= self._fetcher.flush_bars:
                self._flush()
        if silent_ns < end_ns < self._end_ns:  # the library's own next bar proves it
            self._gap(silent_ns, end_ns)
        self._say()

    def _take(self, page: list[Bar], silent_ns: int, end_ns: int) -> int:
        """Keep what of a page lies before `end_ns` and where it skips time; return how far that reaches."""
        self._gap(silent_ns, min(page[0].open_ns, end_ns))
        for bar, later in pairwise(page):
            self._gap(bar.close_ns, min(later.open_ns, end_ns))
        inside = [bar for bar in page if bar.open_ns < end_ns]
        self._buffer += inside
        self._new += len(inside)
        return page[-1].close_ns

    def _gap(self, start_ns: int, end_ns: int) -> None:
        if end_ns - start_ns >= self._key.span_ns:
            self._found.append((start_ns, end_ns))
            self._gaps.append((start_ns, end_ns))

    async def _next_bars_ns(self, at_ns: int, end_ns: int) -> int:
        """Return from where to go on after an empty page: where the next day with bars begins, else the end.

        Some venues answer with nothing when the page's own time is empty, whatever comes later.
        """
        window_ns = self._fetcher.venue.page * self._key.span_ns
        day_ns = timeframe_ns(DAY)
        if end_ns - at_ns <= window_ns or self._key.span_ns >= day_ns or DAY not in self._fetcher.venue.timeframes:
            return at_ns + window_ns
        days_ns = at_ns // day_ns * day_ns
        while days_ns < end_ns:
            days = await self._ask(DAY, days_ns)
            later = [day.open_ns for day in days if day.close_ns > at_ns]
            if later:
                return later[0] if later[0] > at_ns else at_ns + window_ns
            days_ns = days[-1].close_ns if days else days_ns + self._fetcher.venue.page * day_ns
        today_ns = (end_ns - 1) // day_ns * day_ns  # a day that is not over is not among the days
        return today_ns if today_ns > at_ns else end_ns

    async def _ask(self, timeframe: str, since_ns: int) -> list[Bar]:
        self._requests += 1
        return await self._fetcher.ask(self._key, timeframe, since_ns, self._say)

    def _say(self, waits: str = "") -> None:
        self._fetcher.tell(Progress(self._key, self._done_ns, self._lacking.length_ns, self._new, waits))

    def _flush(self) -> None:
        """Write what came: the bars first, so that a gap is never remembered before the bars that prove it."""
        if self._buffer:
            bars = np.zeros(len(self._buffer), BAR)
            for name in BAR.names or ():
                bars[name] = [getattr(bar, name) for bar in self._buffer]
            self._writer.add(bars)
        if self._found:
            self._writer.remember_gaps(self._found)
        self._buffer, self._found = [], []


def lacking(library: Library, key: Key, start_ns: int, end_ns: int, *, ask_again: bool = False) -> Spans:
    """Return what of [start_ns, end_ns) is neither in the library nor, unless `ask_again`, known to be nowhere."""
    span_ns = key.span_ns
    start_ns, end_ns = -(-start_ns // span_ns) * span_ns, -(-end_ns // span_ns) * span_ns
    there = [part for path in library.files(key) for part in covered(read_opens(path), span_ns)]
    have = Spans(there) if ask_again else Spans(there).plus(library.known_gaps(key))
    left = Spans([(start_ns, end_ns)]).without(have)
    return Spans((start, end) for start, end in left if end - start >= span_ns)


def _in_order(bars: list[Bar], since_ns: int) -> list[Bar]:
    """Return a page's bars, oldest first and each once, from `since_ns` on.

    Raises:
        VenueUnavailable: two of them contradict each other.
    """
    ordered: list[Bar] = []
    for bar in sorted(bars, key=lambda bar: bar.open_ns):
        if ordered and bar.open_ns == ordered[-1].open_ns:
            if bar != ordered[-1]:
                raise VenueUnavailable(f"the venue gives two different bars for {bar.open_ns} ns")
        elif bar.open_ns >= since_ns:
            ordered.append(bar)
    return ordered
