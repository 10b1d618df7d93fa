"""How else it could have come: the same trades in another order, the same returns in other blocks, other bars.

Every run draws from a generator of its own, made from the seed and the run's number: the same seed gives the same
numbers on any machine and with any number of threads.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal

import msgspec
import numpy as np

from algobot.errors import UsageError
from algobot.research.validation.figures import Curve, Figures, figures, quantiles

Method = Literal["shuffle", "bootstrap", "bars"]
_MOST_STEPS: Final = 50_000  # of one resampled history; longer ones are taken in pieces of several bars


class Was(msgspec.Struct, frozen=True):
    """The original, measured as its variations are: by trade, by return or by bar."""

    return_fraction: float
    max_drawdown_fraction: float
    sharpe: float | None


class Spread(msgspec.Struct, frozen=True):
    """What one way to play it again came to, as quantiles over its runs."""

    method: Method
    runs: int
    steps: int  # trades or returns of one run, 0 for bars
    block: float  # mean length of a block in steps, 0.0 where there is none
    was: Was
    return_quantiles: dict[str, float] | None
    max_drawdown_quantiles: dict[str, float] | None
    sharpe_quantiles: dict[str, float] | None
    loss_probability: float  # ends below its start
    ruin_probability: float  # is ever below its start by the fraction that counts as ruin
    deeper_probability: float  # has a drawdown at least as deep as the original's


class MonteCarlo(msgspec.Struct, frozen=True):
    """All variations of one run."""

    seed: int
    ruin_fraction: float
    spreads: list[Spread]


def shuffled(trades: Curve, runs: int, seed: int, *, ruin_fraction: float) -> Spread:
    """Return the spread over orders of the trades; `trades` are profits as a fraction of equity before each.

    All orders end where the original does; what differs is how deep they fall on the way, counted from trade to
    trade. The Sharpe ratio does not depend on the order and is left out.
    """
    if len(trades) < 2:
        raise UsageError(f"{len(trades)} trades cannot be shuffled", hint="use a run with more trades")
    found = many(runs, seed, lambda rng: figures(rng.permutation(trades), 0.0))
    return spread("shuffle", figures(trades, 0.0), found, ruin_fraction, steps=len(trades))


def bootstrapped(
    returns: Curve, per_year: float, runs: int, seed: int, *, ruin_fraction: float, block: float = 0.0
) -> Spread:
    """Return the spread over histories put together from blocks of the returns: the stationary bootstrap.

    Blocks begin anywhere, wrap around and have geometric lengths of mean `block`; 0 chooses it (`block_length`).
    Source: D. Politis, J. Romano, The Stationary Bootstrap, JASA 89 (1994).
    """
    if len(returns) < 2:
        raise UsageError(f"{len(returns)} returns are too few to vary", hint="use a longer run")
    pieces, each = in_pieces(returns)
    mean = max(block / each, 1.0) if block else block_length(pieces)
    found = many(runs, seed, lambda rng: figures(pieces[stationary(len(pieces), mean, rng)], per_year / each))
    own = figures(pieces, per_year / each)
    return spread("bootstrap", own, found, ruin_fraction, steps=len(pieces), block=mean)


def in_pieces(returns: Curve) -> tuple[Curve, int]:
    """Return at most 50,000 returns, each over as many of the given ones as the second number says."""
    each = math.ceil(len(returns) / _MOST_STEPS)
    if each == 1:
        return returns, 1
    growth = np.add.reduceat(np.log1p(np.maximum(returns, -1.0 + 1e-15)), np.arange(0, len(returns), each))
    return np.expm1(growth), each


def stationary(count: int, block: float, rng: np.random.Generator) -> np.ndarray:
    """Return which of `count` returns come in which order."""
    fresh = rng.random(count) < 1.0 / block
    fresh[0] = True
    starts = np.flatnonzero(fresh)
    origin = rng.integers(0, count, len(starts))
    lengths = np.diff(np.append(starts, count))
    return (np.repeat(origin - starts, lengths) + np.arange(count)) % count


def block_length(returns: Curve) -> float:
    """Return the mean block of the stationary bootstrap that suits how long returns remember, at least 1.

    (2 G² / D)^⅓ n^⅓ with D = 2 g(0)² and a flat-top lag window. Sources: D. Politis, H. White, Automatic block-length
    selection for the dependent bootstrap, Econometric Reviews 23 (2004), corrected by A. Patton, D. Politis, H. White,
    ibid. 28 (2009).
    """
    n = len(returns)
    centred = returns - returns.mean()
    if n < 10 or not centred.any():
        return 1.0
    patience = max(5, int(math.log10(n)))
    most = math.ceil(math.sqrt(n)) + patience
    upper = math.ceil(min(3.0 * math.sqrt(n), n / 3.0))
    reach = min(most + patience, n - 1)
    covariance = np.array([centred[lag:] @ centred[: n - lag] for lag in range(reach + 1)]) / n
    quiet = np.abs(covariance[1:] / covariance[0]) < 2.0 * math.sqrt(math.log10(n) / n)
    runs = np.convolve(quiet, np.ones(patience), "valid") == patience
    last = int(runs.argmax()) if runs.any() else most
    window = min(2 * max(last, 1), most, reach)
    lags = np.arange(-window, window + 1)
    weights = np.minimum(1.0, 2.0 * (1.0 - np.abs(lags) / window))
    known = weights * covariance[np.abs(lags)]
    g, level = float((known * np.abs(lags)).sum()), float(known.sum())
    if level == 0.0:
        return 1.0
    return float(np.clip((g * g / (level * level)) ** (1 / 3) * n ** (1 / 3), 1.0, upper))


def many(runs: int, seed: int, one: Callable[[np.random.Generator], Figures]) -> list[Figures]:
    """Return `runs` results, each from a generator of its own, a thread per core.

    Raises:
        UsageError: no run is asked for.
    """
    if runs < 1:
        raise UsageError(f"{runs} runs", hint="ask for at least one; 1000 is usual")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, map(np.random.default_rng, np.random.SeedSequence(seed).spawn(runs))))


def spread(
    method: Method, own: Figures, found: Sequence[Figures], ruin_fraction: float, *, steps: int = 0, block: float = 0.0
) -> Spread:
    """Return the quantiles and chances of these runs beside the original."""
    deepest = own.max_drawdown_fraction
    share = [float(np.mean(are)) for are in zip(*(_chances(one, ruin_fraction, deepest) for one in found), strict=True)]
    return Spread(
        method,
        len(found),
        steps,
        block,
        Was(own.return_fraction, deepest, own.sharpe),
        quantiles([one.return_fraction for one in found]),
        quantiles([one.max_drawdown_fraction for one in found]),
        quantiles([one.sharpe for one in found]),
        *share,
    )


def _chances(one: Figures, ruin_fraction: float, deepest: float) -> tuple[bool, bool, bool]:
    ruined = one.lowest_fraction <= 1.0 - ruin_fraction
    return one.return_fraction < 0.0, ruined, one.max_drawdown_fraction >= deepest * (1.0 - 1e-12)
