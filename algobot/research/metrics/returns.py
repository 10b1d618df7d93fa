"""Ratios of a series of returns. Arrays in, a number or None out; `per_year` is how many returns a year has."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Curve = npt.NDArray[Any]

YEAR_NS: Final = 365 * 86_400 * 10**9
DAY_NS: Final = 86_400 * 10**9
_LOST: Final = 1e-12
_TAIL: Final = 0.05
_LEAST_FOR_TAIL: Final = 20  # 1 / _TAIL: fewer have no worst twentieth
_MOST_EXPONENT: Final = 50.0  # e^50: beyond it a rate is no information


def simple_returns(equity: Curve) -> Curve:
    """Return equity[t] / equity[t-1] - 1; empty if equity was ever lost before the last value.

    Lost is zero, below it, or less than a trillionth of the highest: a return on that is no information.
    """
    if len(equity) < 2 or not equity[:-1].min() > _LOST * np.abs(equity).max():
        return np.zeros(0)
    returns: Curve = np.diff(equity)
    returns /= equity[:-1]
    return returns


def day_ends(close_ns: Curve) -> Curve:
    """Return the index of the last bar of each UTC day; a bar that closes at midnight ends the day before."""
    if len(close_ns) == 0:
        return np.zeros(0, np.int64)
    days = (close_ns - 1) // DAY_NS
    return np.append(np.flatnonzero(days[1:] != days[:-1]), len(days) - 1)


def compound_rate(total: float, years: float) -> float | None:
    """Return the yearly rate that compounds to `total`: (1 + total)^(1 / years) - 1.

    CAGR; empyrical `annual_return`. None after a total loss, or if it is beyond e^50.
    """
    if years <= 0.0 or not total > -1.0:
        return None
    exponent = math.log1p(total) / years
    return math.expm1(exponent) if exponent < _MOST_EXPONENT else None


def rate_per_bar(yearly: float, per_year: float) -> float:
    """Return what a yearly rate is for each of `per_year` returns, compounding."""
    return math.expm1(math.log1p(yearly) / per_year) if per_year > 0 and yearly else 0.0


def deviation(returns: Curve) -> float:
    """Return the sample standard deviation (n - 1); 0.0 where it is nothing but rounding."""
    if len(returns) < 2:
        return 0.0
    found = float(returns.std(ddof=1))
    return found if found > 1e-12 * max(abs(float(returns.mean())), 1e-3) else 0.0


def volatility(returns: Curve, per_year: float) -> float | None:
    """Return std(r) · √per_year. empyrical `annual_volatility`."""
    return deviation(returns) * math.sqrt(per_year) if len(returns) > 1 and per_year > 0 else None


def sharpe(returns: Curve, per_year: float, free: float = 0.0) -> float | None:
    """Return mean(r - free) / std(r) · √per_year, `free` per return.

    Sharpe (1994), The Sharpe Ratio; empyrical `sharpe_ratio`. None without variation.
    """
    spread = deviation(returns)
    if spread == 0.0 or per_year <= 0:
        return None
    return (float(returns.mean()) - free) / spread * math.sqrt(per_year)


def sortino(returns: Curve, per_year: float, free: float = 0.0) -> float | None:
    """Return mean(r - free) / √mean(min(r - free, 0)²) · √per_year.

    Sortino and Price (1994), Performance Measurement in a Downside Risk Framework; empyrical `sortino_ratio`. None if
    no return is below `free`.
    """
    if len(returns) < 2 or per_year <= 0:
        return None
    below = np.minimum(returns - free, 0.0)
    downside = math.sqrt(float(np.dot(below, below)) / len(below))
    return (float(returns.mean()) - free) / downside * math.sqrt(per_year) if downside > 1e-15 else None


def omega(returns: Curve, free: float = 0.0) -> float | None:
    """Return Σ max(r - free, 0) / Σ max(free - r, 0).

    Keating and Shadwick (2002), A Universal Performance Measure; empyrical `omega_ratio`. None without a loss.
    """
    over = returns - free
    losses = -float(np.minimum(over, 0.0).sum())
    return float(np.maximum(over, 0.0).sum()) / losses if losses > 1e-15 and len(returns) > 1 else None


def value_at_risk(returns: Curve) -> float | None:
    """Return the loss that one return in twenty exceeds: minus the 5th percentile, linearly interpolated.

    Historical simulation, Jorion (2006), Value at Risk; empyrical `value_at_risk`. None for fewer than 20 returns.
    """
    return -float(np.percentile(returns, 100 * _TAIL)) if len(returns) >= _LEAST_FOR_TAIL else None


def expected_shortfall(returns: Curve) -> float | None:
    """Return the mean loss of the worst twentieth: minus the mean of the ⌊0.05 (n - 1)⌋ + 1 lowest returns.

    Rockafellar and Uryasev (2002), Conditional Value-at-Risk; empyrical `conditional_value_at_risk`. None for fewer
    than 20 returns.
    """
    if len(returns) < _LEAST_FOR_TAIL:
        return None
    last = int((len(returns) - 1) * _TAIL)
    return -float(np.partition(returns, last)[: last + 1].mean())


def alpha_beta(returns: Curve, market: Curve, per_year: float, free: float = 0.0) -> tuple[float | None, float | None]:
    """Return (1 + mean(r - free - β (m - free)))^per_year - 1, and β = cov(r, m) / var(m).

    Jensen (1968), The Performance of Mutual Funds; empyrical `alpha_beta`. None if the market did not move.
    """
    if len(returns) < 2 or len(market) != len(returns):
        return None, None
    spread = market - market.mean()
    variance = float(np.dot(spread, spread))
    if variance <= 1e-30:
        return None, None
    beta = float(np.dot(spread, returns - returns.mean())) / variance
    mean = float(returns.mean()) - free - beta * (float(market.mean()) - free)
    return compound_rate(mean, 1.0 / per_year) if per_year > 0 else None, beta
