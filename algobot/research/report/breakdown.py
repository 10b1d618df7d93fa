"""Closed trades by what they have in common: their symbol, their side, or why they ended."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from algobot.research.trades import RoundTrip

Key = Callable[[str, RoundTrip], str]


class Share(NamedTuple):
    """The trades of one kind, in quote units."""

    name: str
    trades: int
    wins: int
    profit: float
    fees: float

    @property
    def win_fraction(self) -> float:
        """How many of them were won."""
        return self.wins / self.trades


def by_symbol(symbol: str, _: RoundTrip) -> str:
    """Return the symbol."""
    return symbol


def by_side(_: str, trip: RoundTrip) -> str:
    """Return long or short."""
    return "long" if trip.side > 0 else "short"


def by_exit(_: str, trip: RoundTrip) -> str:
    """Return why it ended."""
    return trip.exit_tag or "other"


def breakdown(trades: Sequence[tuple[str, RoundTrip]], key: Key) -> list[Share]:
    """Return closed trades by `key`, the most profitable kind first."""
    kinds: dict[str, list[RoundTrip]] = {}
    for symbol, trip in trades:
        if trip.closed:
            kinds.setdefault(key(symbol, trip), []).append(trip)
    shares = [
        Share(
            name,
            len(some),
            sum(trip.profit > 0 for trip in some),
            sum(trip.profit for trip in some),
            sum(trip.fees for trip in some),
        )
        for name, some in kinds.items()
    ]
    return sorted(shares, key=lambda one: (-one.profit, one.name))
