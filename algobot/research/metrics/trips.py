"""What the round trips say: wins, losses, streaks, time, tax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from algobot.research.metrics.record import Assumptions
from algobot.research.metrics.returns import Curve
from algobot.research.trades import RoundTrip


class Tax(NamedTuple):
    """What is owed, and what was withheld on the way, in quote units."""

    owed: float
    withheld: float


def longest_run(flags: Curve) -> int:
    """Return the length of the longest run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0))


def time_in_market(trips: Sequence[RoundTrip], end_ns: int, lasting_ns: int) -> float:
    """Return the share of time with any position, positions held together counted once."""
    inside, reached = 0, 0
    for start, end in sorted((trip.entry_ns, trip.exit_ns or end_ns) for trip in trips):
        inside += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return min(inside / lasting_ns, 1.0) if lasting_ns > 0 else 0.0


def mean_exposure(held: Curve, closes: Curve, equity: Curve) -> float | None:
    """Return the mean of Σ|position · close| / equity.

    `held` is the position of each symbol after each bar in base units, `closes` their prices, nan where there is none.
    None if equity was ever not positive.
    """
    if len(equity) == 0 or not (equity > 0).all():
        return None
    value = np.zeros(len(equity))
    for lots, prices in zip(held, closes, strict=True):  # one at a time: a million bars are 8 MB each
        worth = np.abs(lots * prices)
        value += np.nan_to_num(worth, copy=False)
    value /= equity
    return float(value.mean())


def tax(profits: Curve, sold: float, assumed: Assumptions) -> Tax:
    """Return a flat tax on closed trips' profits, and what is withheld of `sold`, all sales' notional.

    rate · max(Σ profit, 0), or rate · Σ max(profit, 0) where losses do not count.
    """
    gains = max(float(profits.sum()), 0.0) if assumed.tax_offsets_losses else float(np.maximum(profits, 0.0).sum())
    return Tax(assumed.tax_fraction * gains, assumed.tds_fraction * sold)
