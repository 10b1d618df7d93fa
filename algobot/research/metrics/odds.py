"""How much of a result chance explains."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from algobot.research.metrics.returns import Curve, deviation

_NORMAL: Final = NormalDist()
_EULER: Final = 0.5772156649015329  # Euler–Mascheroni


def wilson(wins: int, count: int, confidence: float = 0.95) -> tuple[float, float] | None:
    """Return the interval of the true win rate; None without a trade.

    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Wilson (1927), Probable Inference, JASA 22.
    """
    if count <= 0:
        return None
    z2 = _NORMAL.inv_cdf(0.5 + confidence / 2.0) ** 2
    share = wins / count
    middle = share + z2 / (2 * count)
    reach = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count * count)))
    whole = 1.0 + z2 / count
    low, high = (middle - reach) / whole, (middle + reach) / whole
    return min(max(low, 0.0), share), max(min(high, 1.0), share)  # rounding must not push the share out


def fair_coin_p_value(wins: int, count: int) -> float | None:
    """Return the chance that a fair coin is at least as far from one half: the exact two-sided binomial test.

    min(1, 2 · P(X ≤ min(wins, count - wins))), X ~ B(count, ½). Clopper and Pearson (1934); R's `binom.test`. None
    without a trade.
    """
    if count <= 0:
        return None
    k = min(wins, count - wins)
    log_term = math.lgamma(count + 1) - math.lgamma(k + 1) - math.lgamma(count - k + 1) - count * math.log(2.0)
    total, share = 0.0, 1.0
    while k >= 0 and share > 1e-18:  # downwards from the largest term, each a fraction of the one before
        total += share
        share *= k / (count - k + 1)
        k -= 1
    log_tail = log_term + math.log(total)
    return min(1.0, 2.0 * math.exp(log_tail))


class Shape(NamedTuple):
    """What a Sharpe ratio's certainty depends on."""

    length: int
    sharpe: float  # per return, not a year
    skew: float
    kurtosis: float  # 3 for the normal distribution

    @property
    def variance(self) -> float:
        """Return the variance of the ratio found: (1 - γ₃ SR + (γ₄ - 1)/4 · SR²) / (n - 1). Mertens (2002)."""
        spread = 1.0 - self.skew * self.sharpe + (self.kurtosis - 1.0) / 4.0 * self.sharpe**2
        return spread / (self.length - 1)


def shape(returns: Curve, free: float = 0.0) -> Shape | None:
    """Return length, Sharpe ratio, skewness and kurtosis; None without variation."""
    spread = deviation(returns)
    if spread == 0.0:
        return None
    away = returns - returns.mean()
    square = away * away
    second = float(square.mean())
    skew = float(np.dot(square, away)) / len(away) / second**1.5
    kurtosis = float(np.dot(square, square)) / len(away) / second**2
    return Shape(len(returns), (float(returns.mean()) - free) / spread, skew, kurtosis)


def probabilistic_sharpe(of: Shape, benchmark: float = 0.0) -> float | None:
    """Return the chance that the true Sharpe ratio is above `benchmark` (per return).

    Φ((SR - SR*) / √variance). Bailey and López de Prado (2012), The Sharpe Ratio Efficient Frontier, J. of Risk 15(2).
    """
    return _NORMAL.cdf((of.sharpe - benchmark) / math.sqrt(of.variance)) if of.variance > 0.0 else None


def best_of_luck(trials: int, variance: float) -> float:
    """Return the Sharpe ratio the best of `trials` without skill is expected to show; `variance` is of theirs.

    √V · ((1 - γ) Φ⁻¹(1 - 1/N) + γ Φ⁻¹(1 - 1/(N e))). Bailey and López de Prado (2014), The Deflated Sharpe Ratio,
    J. of Portfolio Management 40(5). 0 for a single trial.
    """
    if trials <= 1:
        return 0.0
    upper = _NORMAL.inv_cdf(1.0 - 1.0 / trials)
    beyond = _NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - _EULER) * upper + _EULER * beyond)


def deflated_sharpe(of: Shape, trials: int, variance: float | None = None) -> float | None:
    """Return the chance that the true Sharpe ratio is above what the best of `trials` shows by luck.

    `variance` is of the trials' ratios per return; without it 1 / (n - 1), what trials without skill have. With one
    trial it is the probabilistic Sharpe ratio against 0. Source: see `best_of_luck`.
    """
    spread = 1.0 / (of.length - 1) if variance is None else variance
    return probabilistic_sharpe(of, best_of_luck(trials, spread))
