"""Builds bars from trades, for venues that send no bars.

A bar is handed out once: when a trade of a later bar arrives, or when `close_until` says that time has passed. Spans
without a trade make flat bars at the last price, with no volume, as venues do. What comes late for a bar that is out
already is counted and dropped: a closed bar never changes.
"""

from __future__ import annotations

import msgspec

from algobot.model import Bar, Trade, timeframe_ns


class BarBuilder:
    """One symbol, one timeframe; bars start at whole multiples of it since the epoch."""

    def __init__(self, timeframe: str, *, most_flat: int = 1000) -> None:
        self.late = 0  # trades that came after their bar was out
        self._length_ns = timeframe_ns(timeframe)
        self._most_flat = most_flat  # a longer silence is a gap to be fetched, not to be drawn flat
        self._growing: Bar | None = None
        self._newest: Bar | None = None  # that is out; what flat bars follow
        self._out_until_ns = 0

    @property
    def growing(self) -> Bar | None:
        """The bar so far."""
        return self._growing

    def trade(self, trade: Trade) -> list[Bar]:
        """Take a trade in; return the bars that it closes, oldest first."""
        price = trade.price
        return self._take(trade.ts_event_ns, Bar(0, 0, price, price, price, price, trade.quantity))

    def close_until(self, now_ns: int) -> list[Bar]:
        """Return the bars that are over at `now_ns`, flat ones among them, oldest first."""
        closed: list[Bar] = []
        if self._growing is not None and self._growing.close_ns <= now_ns:
            closed.append(self._growing)
            self._newest, self._growing = self._growing, None
        if self._growing is None and self._newest is not None:
            silent = (now_ns - self._newest.close_ns) // self._length_ns
            if silent <= self._most_flat:
                closed += [self._flat(self._newest, number) for number in range(silent)]
            if closed:
                self._newest, self._out_until_ns = closed[-1], closed[-1].close_ns
            if silent > self._most_flat:
                self._newest = None
        return closed

    def _take(self, at_ns: int, part: Bar) -> list[Bar]:
        if at_ns < self._out_until_ns:
            self.late += 1
            return []
        open_ns = at_ns // self._length_ns * self._length_ns
        if self._growing is not None and at_ns < self._growing.open_ns:
            self.late += 1
            return []
        closed = self.close_until(open_ns)
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

    def _flat(self, after: Bar, number: int) -> Bar:
        """Return the `number`-th silent bar after one."""
        open_ns, price = after.close_ns + number * self._length_ns, after.close
        return Bar(open_ns, open_ns + self._length_ns, price, price, price, price, 0.0)
