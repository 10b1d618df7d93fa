"""Builds bars from trades or from smaller closed bars, for venues that send no closed bars of the length wanted.

A bar is handed out once: when something of a later bar arrives, or when `close_until` says that time has passed. Spans
without a trade make flat bars at the last price, with no volume, as venues do. What comes late for a bar that is out
already is counted and dropped: a closed bar never changes.
"""

from __future__ import annotations

import msgspec

from algobot.model import Bar, Trade, timeframe_ns


class BarBuilder:
    """One symbol, one timeframe; bars start at whole multiples of it since the epoch."""

    def __init__(self, timeframe: str, *, most_flat: int = 1000) -> None:
        self.late = 0  # trades and bars that came after their bar was out
        self._length_ns = timeframe_ns(timeframe)
        self._most_flat = most_flat  # a longer silence is a gap to be fetched, not to be drawn flat
        self._growing: Bar | None = None
        self._out_until_ns = 0

    @property
    def growing(self) -> Bar | None:
        """The bar so far."""
        return self._growing

    def trade(self, trade: Trade) -> list[Bar]:
        """Take a trade in; return the bars that it closes, oldest first."""
        price = trade.price
        return self._take(trade.ts_event_ns, Bar(0, 0, price, price, price, price, trade.quantity))

    def bar(self, bar: Bar) -> list[Bar]:
        """Take a smaller closed bar in; return the bars that it closes or completes, oldest first."""
        closed = self._take(bar.open_ns, bar)
        growing = self._growing
        if growing is not None and bar.close_ns >= growing.close_ns:
            closed += self.close_until(growing.close_ns)
        return closed

    def close_until(self, now_ns: int) -> list[Bar]:
        """Return the bars that are over at `now_ns`, flat ones among them, oldest first."""
        closed: list[Bar] = []
        while self._growing is not None and self._growing.close_ns <= now_ns:
            done = self._growing
            closed.append(done)
            self._out_until_ns = done.close_ns
            flat_left = (now_ns - done.close_ns) // self._length_ns <= self._most_flat
            more = flat_left and done.close_ns + self._length_ns <= now_ns
            self._growing = self._flat(done) if more else None
        return closed

    def _take(self, at_ns: int, part: Bar) -> list[Bar]:
        if at_ns < self._out_until_ns:
            self.late += 1
            return []
        open_ns = at_ns // self._length_ns * self._length_ns
        last = self._growing
        if last is not None and at_ns < last.open_ns:
            self.late += 1
            return []
        closed = self.close_until(open_ns) if last is not None else []
        growing = self._growing
        if growing is None:
            self._growing = msgspec.structs.replace(part, open_ns=open_ns, close_ns=open_ns + self._length_ns)
        else:
            self._growing = msgspec.structs.replace(
                growing,
                high=max(growing.high, part.high),
                low=min(growing.low, part.low),
                close=part.close,
                volume=growing.volume + part.volume,
            )
        return closed

    def _flat(self, before: Bar) -> Bar:
        price = before.close
        return Bar(before.close_ns, before.close_ns + self._length_ns, price, price, price, price, 0.0)
