"""Round trips: what a position earned from its first fill to the one that ended it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from algobot.kernel.session import SimFill


class RoundTrip(NamedTuple):
    """One position from flat to flat; one that is still open has no exit yet (`exit_ns` 0)."""

    side: int  # +1 long, -1 short
    lots: int  # entered in all
    entry_ns: int
    entry_price: float  # average
    entry_tag: str
    exit_ns: int
    exit_price: float  # average, 0.0 while open
    exit_tag: str
    fees: float
    profit: float  # closed part, after all fees
    bought: float  # notional of its purchases, in quote
    sold: float  # and of its sales

    @property
    def closed(self) -> bool:
        """Whether the position has ended."""
        return self.exit_ns != 0

    @property
    def profit_fraction(self) -> float:
        """Profit over what was put in; the notional of a short's sales."""
        put_in = self.bought if self.side > 0 else self.sold
        return self.profit / put_in if put_in > 0 else 0.0


class _Open:
    """A position being followed."""

    def __init__(self, fill: SimFill) -> None:
        self.first = fill
        self.held = 0
        self.entered = 0
        self.left = 0
        self.entry = 0.0  # average prices
        self.exit = 0.0
        self.fees = 0.0

    def add(self, fill: SimFill, lots: int, fee: float) -> None:
        if fill.side == self.first.side:
            self.entered += lots
            self.entry += (fill.price - self.entry) * lots / self.entered
        else:
            self.left += lots
            self.exit += (fill.price - self.exit) * lots / self.left
        self.held = self.entered - self.left
        self.fees += fee

    def trip(self, lot: float, last: SimFill | None) -> RoundTrip:
        gain = self.left * lot * (self.exit - self.entry) * self.first.side - self.fees
        into, out = self.entered * lot * self.entry, self.left * lot * self.exit
        bought, sold = (into, out) if self.first.side > 0 else (out, into)
        return RoundTrip(
            self.first.side,
            self.entered,
            self.first.ts_ns,
            self.entry,
            self.first.tag,
            last.ts_ns if last else 0,
            self.exit if last else 0.0,
            last.tag if last else "",
            self.fees,
            gain,
            bought,
            sold,
        )


def round_trips(fills: Iterable[SimFill], lot: float) -> list[RoundTrip]:
    """Return the positions these fills of one symbol made, in order; the last may be open.

    A fill that turns a position around ends one and begins the next, its fee shared by lots.
    """
    trips: list[RoundTrip] = []
    now: _Open | None = None
    for fill in fills:
        lots = fill.lots
        if now is not None and fill.side != now.first.side and lots >= now.held:
            closing = now.held
            now.add(fill, closing, fill.fee * closing / fill.lots)
            trips.append(now.trip(lot, fill))
            now, lots = None, lots - closing
        if lots > 0:
            if now is None:
                now = _Open(fill)
            now.add(fill, lots, fill.fee * lots / fill.lots)
    if now is not None:
        trips.append(now.trip(lot, None))
    return trips
