"""Walk-forward windows and combinatorial purged splits: nothing of a test is ever trained on."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import UsageError
from algobot.research.validation.splits import Combinatorial, walk_forward

with warnings.catch_warnings():  # of its own dependencies, at import
    warnings.simplefilter("ignore")
    from skfolio.model_selection import CombinatorialPurgedCV


@pytest.mark.parametrize("bars", [97, 241])
@pytest.mark.parametrize(("groups", "tested"), [(3, 2), (5, 2), (6, 2), (6, 4), (8, 3), (10, 8)])
def test_combinatorial_splits_are_skfolios(bars, groups, tested):
    """Train and test bars of every split, the number of paths and what each is made of; any purge and embargo."""
    compared = 0
    for purge, embargo in itertools.product((0, 1, 3, 7), (0, 1, 2, 5)):
        ours, theirs = (
            Combinatorial(groups, tested, purge, embargo),
            CombinatorialPurgedCV(groups, tested, purge, embargo),
        )
        if purge + embargo >= bars // groups - 1:
            with pytest.raises(ValueError, match="must be smaller"):
                next(theirs.split(np.zeros((bars, 1))))
            with pytest.raises(UsageError, match="leave nothing"):
                ours.split(bars)
            continue
        assert (ours.splits, ours.paths) == (theirs.n_splits, theirs.n_test_paths)
        assert ours.path_table().T.tolist() == theirs.recombined_paths.tolist()
        for mine, (train, tests) in zip(ours.split(bars), theirs.split(np.zeros((bars, 1))), strict=True):
            assert mine.train.tolist() == train.tolist()
            assert [test.tolist() for test in mine.tests] == [test.tolist() for test in tests]
        compared += 1
    assert compared > 0


@given(
    bars=st.integers(40, 300),
    groups=st.integers(3, 7),
    tested=st.integers(1, 6),
    purge=st.integers(0, 4),
    embargo=st.integers(0, 4),
)
@settings(max_examples=60, deadline=None)
def test_no_training_bar_lies_near_a_tested_one(bars, groups, tested, purge, embargo):
    """Within `purge` bars before a test block or `purge + embargo` after it nothing trains; all else does."""
    if tested >= groups or purge + embargo >= bars // groups - 1:
        return
    for split in Combinatorial(groups, tested, purge, embargo).split(bars):
        held_out = np.concatenate(split.tests)
        distance = np.arange(bars)[:, None] - held_out[None, :]
        near = ((distance >= -purge) & (distance <= purge + embargo)).any(axis=1)
        assert split.train.tolist() == np.flatnonzero(~near).tolist()


@pytest.mark.parametrize(("groups", "tested"), [(6, 2), (10, 2), (7, 3), (5, 1)])
def test_each_path_is_a_whole_history_and_each_test_is_used_once(groups, tested):
    """A path has every group once; over all paths, each (split, group) that is tested comes exactly once."""
    plan = Combinatorial(groups, tested)
    table = plan.path_table()
    assert table.shape == (plan.paths, groups)
    used = [(int(split), group) for row in table for group, split in enumerate(row)]
    wanted = [(at, group) for at, choice in enumerate(plan.choices()) for group in choice]
    assert sorted(used) == sorted(wanted)


@given(
    bars=st.integers(10, 2000),
    train=st.integers(1, 400),
    test=st.integers(1, 200),
    purge=st.integers(0, 20),
    embargo=st.integers(0, 20),
    anchored=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_walk_forward_tests_follow_one_another_and_training_ends_before(bars, train, test, purge, embargo, anchored):
    """Tests are contiguous and later than their training by the gap; training is long enough, or all there is."""
    try:
        windows = walk_forward(bars, train, test, purge=purge, embargo=embargo, anchored=anchored)
    except UsageError:
        assert bars - train - purge - embargo < (test + 1) // 2
        return
    assert windows[0].test_start == train + purge + embargo
    assert all(a.test_end == b.test_start for a, b in itertools.pairwise(windows))
    assert all(window.test_start - window.train_end == purge + embargo for window in windows)
    assert all(window.test_end - window.test_start == test for window in windows[:-1])
    assert (test + 1) // 2 <= windows[-1].test_end - windows[-1].test_start <= test
    assert 0 <= bars - windows[-1].test_end < (test + 1) // 2
    for window in windows:
        assert window.train_start == 0 if anchored else window.train_end - window.train_start == train


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: walk_forward(100, 0, 10), "train is 0 bars"),
        (lambda: walk_forward(100, 10, 10, purge=-1), "purge is -1 bars"),
        (lambda: walk_forward(100, 99, 10), "100 bars are too few"),
        (lambda: Combinatorial(2, 1).split(100), "2 groups"),
        (lambda: Combinatorial(5, 5).split(100), "5 test groups of 5"),
        (lambda: Combinatorial(5, 2, -1).split(100), "purge -1"),
        (lambda: Combinatorial(40, 20).split(10_000), "splits"),
    ],
)
def test_numbers_that_do_not_go_together_are_refused(call, message):
    """With what was given, and never an index out of range."""
    with pytest.raises(UsageError, match=message):
        call()
