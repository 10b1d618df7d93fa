"""The few numbers a piece of equity or a resampled one is judged by."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.research.metrics import drawdown
from algobot.research.metrics import returns as formulas

Curve = npt.NDArray[np.float64]
YEAR_NS: Final = 365 * 86_400 * 10**9
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


class Figures(NamedTuple):
    """Fractions; the Sharpe ratio per year of 365 days, None where nothing moved."""

    return_fraction: float
    max_drawdown_fraction: float
    sharpe: float | None
    lowest_fraction: float  # of the starting equity: the worst it ever was


def figures(returns: Curve, periods_a_year: float) -> Figures:
    """Return what equity that starts at 1 and grows by `returns` comes to; what is lost stays lost."""
    equity = np.cumprod(np.concatenate([[1.0], np.maximum(1.0 + returns, 0.0)]))
    return Figures(
        float(equity[-1] - 1.0),
        drawdown.deepest(drawdown.underwater(equity)),
        formulas.sharpe(returns, periods_a_year),
        float(equity.min()),
    )


def returns_of(curve: Curve, start: float) -> Curve:
    """Return the change of each step as a fraction, the first one from `start`; 0 once everything is lost."""
    before = np.concatenate([[start], curve[:-1]])
    return np.where(before > 0.0, curve / np.where(before > 0.0, before, 1.0) - 1.0, 0.0)


def periods_a_year(close_ns: npt.NDArray[np.int64]) -> float:
    """Return how many of these bars a year has, gaps included as they are; 0 for fewer than two bars."""
    if len(close_ns) < 2:
        return 0.0
    lasting_ns = int(close_ns[-1] - close_ns[0]) + float(np.median(np.diff(close_ns)))
    return len(close_ns) * YEAR_NS / lasting_ns


def quantiles(values: list[float | None]) -> dict[str, float] | None:
    """Return quantiles of the values that are there; None if none is."""
    known = [value for value in values if value is not None]
    return {f"{q:g}": float(np.quantile(known, q)) for q in QUANTILES} if known else None
