"""The figures of the published table, by the formulas that made them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

DAYS = 365


class Row(NamedTuple):
    """One row, as printed: percentages where it says so."""

    sharpe: float
    calmar: float
    return_pct: float
    post_tax_pct: float
    win_pct: float
    trades: int
    drawdown_pct: float
    profit_factor: float

    def printed(self) -> tuple[str, ...]:
        """Return the cells with as many digits as were published."""
        return tuple(str(value) if isinstance(value, int) else f"{value:.2f}" for value in self)


def score(curve: Sequence[float], nets: Sequence[float], capital: float, days: int, tax_rate: float = 0.30) -> Row:
    """Return the row of an equity curve (one value a bar) and what its trades earned.

    The original annualises every bar as if it were a day and taxes the sum of the trades, not the equity's gain.
    """
    equity = np.asarray(curve)
    returns = equity[1:] / equity[:-1] - 1.0
    deviation = float(np.std(returns, ddof=1))
    sharpe = (float(np.mean(returns)) - 0.05 / DAYS) / deviation * math.sqrt(DAYS) if deviation > 0.0 else 0.0
    total = float(equity[-1]) / capital - 1.0
    peaks = np.maximum.accumulate(np.concatenate([[capital], equity]))[1:]
    drawdown = float(np.max((peaks - equity) / peaks))
    calmar = ((1.0 + total) ** (DAYS / days) - 1.0) / drawdown if drawdown > 0.0 else 0.0
    wins = [net for net in nets if net > 0.0]
    lost = -sum(net for net in nets if net < 0.0)
    taxed = (float(equity[-1]) - capital - tax_rate * max(0.0, sum(nets))) / capital
    return Row(
        sharpe,
        calmar,
        100.0 * total,
        100.0 * taxed,
        100.0 * len(wins) / len(nets) if nets else 0.0,
        len(nets),
        100.0 * drawdown,
        sum(wins) / lost if lost > 0.0 else math.inf,
    )
