"""How likely a search found luck: the probability of backtest overfitting, by symmetric cross-validation.

Source: D. Bailey, J. Borwein, M. López de Prado, Q. J. Zhu, The Probability of Backtest Overfitting, Journal of
Computational Finance 20 (4), 2016: CSCV is §2.2, what is made of it §3.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from algobot.errors import UsageError

Matrix = npt.NDArray[np.float64]
_MOST_BLOCKS: Final = 18  # 48,620 halves
_ROOM: Final = 4_000_000  # numbers worked on at a time


class Overfitting(msgspec.Struct, frozen=True):
    """What symmetric cross-validation says of choosing the best of many trials by its Sharpe ratio.

    Sharpe ratios are per bar. `logits` are of the rank, out of sample, of what was best in sample: below zero it was
    in the worse half.
    """

    trials: int
    bars: int
    blocks: int
    halves: int  # ways to take half of the blocks
    probability: float  # that the best in sample is below the median out of sample
    logit_quantiles: dict[str, float]
    loss_probability: float  # that the best in sample loses money out of sample
    degradation_slope: float | None  # of the out-of-sample Sharpe on the in-sample one
    degradation_intercept: float | None
    mean_in_sample: float
    mean_out_of_sample: float


class Halves(msgspec.Struct, frozen=True):
    """For each way to halve the history: the best trial in sample, its two ratios and the logit of its rank."""

    best: npt.NDArray[np.int64]
    inside: Matrix
    outside: Matrix
    logits: Matrix


def overfitting(returns: Matrix, blocks: int = 16) -> Overfitting:
    """Return the estimate for `returns[bar, trial]`, one column for each trial of the search, also the bad ones.

    The history is cut into `blocks` equal blocks; the first bars that fill none are left out.

    Raises:
        UsageError: fewer than two trials, an odd number of blocks, or too few bars for them.
    """
    found = halves(returns, blocks)
    slope, intercept = _line(found.inside, found.outside)
    return Overfitting(
        trials=returns.shape[1],
        bars=len(returns) // blocks * blocks,
        blocks=blocks,
        halves=len(found.best),
        probability=float((found.logits <= 0.0).mean()),
        logit_quantiles={f"{q:g}": float(np.quantile(found.logits, q)) for q in (0.05, 0.25, 0.5, 0.75, 0.95)},
        loss_probability=float((found.outside < 0.0).mean()),
        degradation_slope=slope,
        degradation_intercept=intercept,
        mean_in_sample=float(found.inside.mean()),
        mean_out_of_sample=float(found.outside.mean()),
    )


def halves(returns: Matrix, blocks: int = 16) -> Halves:
    """Return the choice and its outcome for every way to take half of the blocks as the sample."""
    _check(returns, blocks)
    sums, squares, size = _block_sums(returns, blocks)
    rows = list(itertools.combinations(range(blocks), blocks // 2))
    member = np.zeros((len(rows), blocks))
    member[np.arange(len(rows))[:, None], np.array(rows)] = 1.0
    count = size * (blocks // 2)
    parts = [
        _chosen(chunk @ sums, chunk @ squares, (1 - chunk) @ sums, (1 - chunk) @ squares, count)
        for chunk in np.array_split(member, max(1, member.shape[0] * returns.shape[1] // _ROOM))
    ]
    best, inside, outside, logits = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Halves(best, inside, outside, logits)


def _check(returns: Matrix, blocks: int) -> None:
    if returns.ndim != 2 or returns.shape[1] < 2:
        raise UsageError("one trial cannot be overfitted", hint="search over at least two sets of parameters")
    if blocks % 2 or not 2 <= blocks <= _MOST_BLOCKS:
        raise UsageError(f"{blocks} blocks", hint=f"take an even number from 2 to {_MOST_BLOCKS}")
    if len(returns) < 2 * blocks:
        raise UsageError(f"{len(returns)} bars are too few for {blocks} blocks", hint="use more data or fewer blocks")
    if not np.isfinite(returns).all():
        raise UsageError("a trial's returns are not all numbers", hint="leave out trials that lost everything")


def _block_sums(returns: Matrix, blocks: int) -> tuple[Matrix, Matrix, int]:
    """Return the sums and sums of squares of each block and trial, and the bars of a block."""
    size = len(returns) // blocks
    kept = returns[len(returns) - size * blocks :].reshape(blocks, size, -1)
    return kept.sum(axis=1), np.einsum("bst,bst->bt", kept, kept), size


def _chosen(sums: Matrix, squares: Matrix, other: Matrix, other_squares: Matrix, count: int) -> tuple[Any, ...]:
    inside, outside = _sharpe(sums, squares, count), _sharpe(other, other_squares, count)
    best = inside.argmax(axis=1)
    here = np.arange(len(best))
    own = outside[here, best]
    below = (outside < own[:, None]).sum(axis=1)
    equal = (outside == own[:, None]).sum(axis=1)
    rank = (below + (equal + 1) / 2) / (outside.shape[1] + 1)  # ties share their mean rank
    return best, inside[here, best], own, np.log(rank / (1.0 - rank))


def _sharpe(sums: Matrix, squares: Matrix, count: int) -> Matrix:
    """Return mean over deviation; 0 where nothing moved."""
    mean = sums / count
    variance = (squares - sums * mean) / (count - 1)
    moved = variance > 1e-12 * squares / count
    return np.where(moved, mean / np.sqrt(np.where(moved, variance, 1.0)), 0.0)


def _line(x: Matrix, y: Matrix) -> tuple[float | None, float | None]:
    """Return slope and intercept of the least-squares line, None where x does not vary."""
    spread = ((x - x.mean()) ** 2).sum()
    if spread <= 1e-24 * max(1.0, float((x**2).sum())):
        return None, None
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    return slope, float(y.mean() - slope * x.mean())
