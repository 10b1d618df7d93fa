"""Combinatorial purged cross-validation of a search: not one out-of-sample history but many.

Every trial runs once over the whole history. Each split chooses the trial with the best Sharpe ratio over its training
bars and takes that trial's returns over the test blocks; put together they are paths, each a whole history that the
choice never saw. A fold knows only the past, so a trial's return on a test bar is the same whoever trains.

Source: M. López de Prado, Advances in Financial Machine Learning (2018), §12.4.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from algobot.errors import UsageError
from algobot.research.validation.figures import figures, quantiles
from algobot.research.validation.overfitting import Matrix, Overfitting, overfitting
from algobot.research.validation.splits import Combinatorial

_ROOM: Final = 1 << 30  # bytes of returns held at once


class CrossValidation(msgspec.Struct, frozen=True):
    """The paths of a cross-validated search, as quantiles over paths, and the probability of overfitting."""

    trials: int
    bars: int
    groups: int
    tested: int
    purge_bars: int
    embargo_bars: int
    splits: int
    paths: int
    return_quantiles: dict[str, float] | None
    sharpe_quantiles: dict[str, float] | None
    max_drawdown_quantiles: dict[str, float] | None
    loss_share: float  # of paths that lost money
    chosen: dict[int, int]  # trial: the splits that chose it, the most often chosen first
    overfitting: Overfitting | None  # None for a single trial


class Paths(NamedTuple):
    """Returns of each path, `[path, bar]`, and the trial that each split chose."""

    returns: Matrix
    best: npt.NDArray[np.int64]


def cross_validate(
    returns: Matrix, plan: Combinatorial, periods_a_year: float, blocks: int = 16
) -> tuple[CrossValidation, Paths]:
    """Return the validation of choosing among the columns of `returns[bar, trial]`.

    Raises:
        UsageError: a plan that does not fit the bars, or more numbers than fit in memory.
    """
    found = paths(returns, plan)
    every = [figures(path, periods_a_year) for path in found.returns]
    counts = np.bincount(found.best, minlength=returns.shape[1])
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda trial: (-counts[trial], trial))
    result = CrossValidation(
        trials=returns.shape[1],
        bars=len(returns),
        groups=plan.groups,
        tested=plan.tested,
        purge_bars=plan.purge,
        embargo_bars=plan.embargo,
        splits=plan.splits,
        paths=plan.paths,
        return_quantiles=quantiles([one.return_fraction for one in every]),
        sharpe_quantiles=quantiles([one.sharpe for one in every]),
        max_drawdown_quantiles=quantiles([one.max_drawdown_fraction for one in every]),
        loss_share=float(np.mean([one.return_fraction < 0 for one in every])),
        chosen={trial: int(counts[trial]) for trial in order},
        overfitting=overfitting(returns, blocks) if returns.shape[1] > 1 else None,
    )
    return result, found


def paths(returns: Matrix, plan: Combinatorial) -> Paths:
    """Return every path: each bar's return is by a trial chosen without that bar."""
    held_at_once(*returns.shape)
    splits = plan.split(len(returns))
    squares = returns * returns
    best = np.array([_best(returns, squares, split.train) for split in splits], dtype=np.int64)
    edges = plan.edges(len(returns))
    rows = [
        np.concatenate([returns[edges[g] : edges[g + 1], best[split]] for g, split in enumerate(path)])
        for path in plan.path_table()
    ]
    return Paths(np.array(rows), best)


def held_at_once(bars: int, trials: int) -> None:
    """Return when the returns of so many trials fit in memory; ask before they are made. Raises UsageError."""
    if (size := bars * trials * 8) > _ROOM:
        raise UsageError(
            f"{trials:,} trials over {bars:,} bars take {size / 2**30:.1f} GiB",
            hint="search fewer values, or use longer bars",
        )


def _best(returns: Matrix, squares: Matrix, train: npt.NDArray[np.int64]) -> int:
    """Return the trial with the highest Sharpe ratio over the training bars; the first of equals."""
    inside = np.zeros(len(returns))
    inside[train] = 1.0
    count = len(train)
    mean = (inside @ returns) / count
    square = (inside @ squares) / count
    variance = square - mean * mean
    moved = variance > 1e-12 * square
    return int(np.where(moved, mean / np.sqrt(np.where(moved, variance, 1.0)), 0.0).argmax())
