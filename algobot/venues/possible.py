"""History that cannot be true is an answer that cannot be read: no half-true bar is folded into a strategy's memory."""

from __future__ import annotations

import math

from algobot.model import Bar


def require_possible(bar: Bar) -> None:
    """Return when `bar` has finite positive prices between its low and its high, and a finite volume.

    Raises:
        ValueError: it has not; the message has the bar's time and numbers.
    """
    prices = (bar.open, bar.high, bar.low, bar.close)
    finite = all(0.0 < price < math.inf for price in prices) and 0.0 <= bar.volume < math.inf
    if not finite or bar.low != min(prices) or bar.high != max(prices):  # min and max are blind to NaN: not first
        raise ValueError(
            f"bar at {bar.open_ns} ns is impossible: open {bar.open}, high {bar.high}, low {bar.low}, "
            f"close {bar.close}, volume {bar.volume}"
        )
