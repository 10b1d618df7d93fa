"""Cross-validating a search: each bar of a path by a trial chosen without it."""

from __future__ import annotations

import numpy as np
import pytest

from algobot.errors import UsageError
from algobot.research.validation.crossval import cross_validate, held_at_once, paths
from algobot.research.validation.splits import Combinatorial


def test_each_path_is_made_of_the_choices_of_its_splits():
    """Worked out split by split: the best Sharpe ratio of the training bars, its returns on the test bars."""
    returns = np.random.default_rng(1).normal(0, 0.01, (607, 9))
    plan = Combinatorial(6, 2, 5, 3)
    found = paths(returns, plan)
    best = []
    for split in plan.split(607):
        inside = returns[split.train]
        best.append(int((inside.mean(axis=0) / inside.std(axis=0)).argmax()))
    assert found.best.tolist() == best
    edges = plan.edges(607)
    assert found.returns.shape == (5, 607)
    for path, row in zip(plan.path_table(), found.returns, strict=True):
        for group, split in enumerate(path):
            bars = slice(edges[group], edges[group + 1])
            assert row[bars].tolist() == returns[bars, best[split]].tolist()


def test_a_better_trial_earns_on_every_path_and_noise_on_about_half():
    """The share of losing paths, and the trial most often chosen."""
    noise = np.random.default_rng(2).normal(0, 0.01, (1200, 20))
    better = noise.copy()
    better[:, 3] += 0.003
    told, _ = cross_validate(better, Combinatorial(8, 2, 5), 365.0)
    assert told.loss_share == 0.0
    assert next(iter(told.chosen)) == 3
    assert told.overfitting is not None
    assert told.overfitting.probability < 0.02
    assert sum(told.chosen.values()) == told.splits == 28
    shares = [
        cross_validate(np.random.default_rng(seed).normal(0, 0.01, (400, 10)), Combinatorial(6, 2), 365.0)[0].loss_share
        for seed in range(40)
    ]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.15)


def test_one_trial_has_paths_but_nothing_to_overfit():
    """All paths are then the same history."""
    returns = np.random.default_rng(3).normal(0, 0.01, (300, 1))
    told, found = cross_validate(returns, Combinatorial(5, 2), 365.0)
    assert told.overfitting is None
    assert (found.returns == returns[:, 0]).all()


def test_more_than_fits_in_memory_is_refused_before_it_is_made():
    """With the size and what to do."""
    with pytest.raises(UsageError, match="GiB") as caught:
        held_at_once(1_000_000, 1000)
    assert "fewer" in caught.value.hint
