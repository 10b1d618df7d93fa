"""How far below its peak an equity curve was, and for how long."""

from __future__ import annotations

import numpy as np

from algobot.research.metrics.returns import Curve


def underwater(equity: Curve) -> Curve:
    """Return equity / highest equity so far - 1: 0 at a peak, negative below; the first value must be positive."""
    depth: Curve = equity / np.maximum.accumulate(equity)
    depth -= 1.0
    return depth


def deepest(below: Curve) -> float:
    """Return the deepest fall from a peak as a positive fraction; above 1 if equity fell below zero.

    Magdon-Ismail and Atiya (2004), Maximum Drawdown; empyrical `max_drawdown`, with the other sign.
    """
    return max(-float(below.min()), 0.0) if len(below) else 0.0


def longest_ns(below: Curve, times_ns: Curve) -> int:
    """Return the longest time from a peak to its recovery, or to the end."""
    if len(below) == 0:
        return 0
    at_peak = np.flatnonzero(below >= 0.0)
    ends = np.append(times_ns[at_peak[1:]], times_ns[-1])
    waits = ends - times_ns[at_peak]
    apart = np.append(np.diff(at_peak) > 1, True)  # two peaks in a row are no drawdown
    return int(waits[apart].max())


def ulcer(below: Curve) -> float:
    """Return √mean(underwater²), as a fraction.

    Martin and McCann (1989), The Investor's Guide to Fidelity Funds.
    """
    return float(np.sqrt(np.dot(below, below) / len(below))) if len(below) else 0.0
