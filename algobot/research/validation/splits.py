"""Which bars train and which test: walk-forward windows and combinatorial purged cross-validation.

Pure index arithmetic. **Purge** takes away training bars that touch a test part (a trade begun there may end inside
it); **embargo** takes away further training bars after a test part, since what happened in it still echoes there.

Sources: R. Pardo, The Evaluation and Optimization of Trading Strategies (2008), for walk-forward windows; M. López de
Prado, Advances in Financial Machine Learning (2018), §7.4 and §12.3-12.4, for purge, embargo and combinatorial splits.
"""

from __future__ import annotations

import itertools
import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.errors import UsageError

Indices = npt.NDArray[np.int64]
MOST_SPLITS: Final = 100_000


class Window(NamedTuple):
    """One step of a walk forward, as positions of bars; ends are not included."""

    train_start: int
    train_end: int
    test_start: int
    test_end: int


def walk_forward(
    bars: int, train: int, test: int, *, purge: int = 0, embargo: int = 0, anchored: bool = False
) -> list[Window]:
    """Return the windows whose test parts follow one another without a gap, in order of time.

    A training part ends `purge + embargo` bars before its test part: no training follows a test here, so the two are
    one gap. It is `train` bars long, or reaches back to the first bar if `anchored`. The last test part may be
    shorter, but never by more than half.

    Raises:
        UsageError: a length that is not positive, a gap below zero, or not one window fits.
    """
    for name, value, least in (("train", train, 1), ("test", test, 1), ("purge", purge, 0), ("embargo", embargo, 0)):
        if value < least:
            raise UsageError(f"{name} is {value} bars", hint=f"it must be at least {least}")
    gap = purge + embargo
    first = train + gap
    if bars - first < (test + 1) // 2:
        raise UsageError(
            f"{bars} bars are too few for {train} to train, {gap} between and {test} to test",
            hint="use more data, or shorter windows",
        )
    starts = [at for at in range(first, bars, test) if bars - at >= (test + 1) // 2]
    return [Window(0 if anchored else at - gap - train, at - gap, at, min(at + test, bars)) for at in starts]


class Split(NamedTuple):
    """One split of a combinatorial cross-validation: positions of bars."""

    train: Indices  # ascending, without what was purged or embargoed
    tests: tuple[Indices, ...]  # the bars of each test group, in order of time
    groups: tuple[int, ...]  # which groups those are


class Combinatorial(NamedTuple):
    """Every choice of `tested` of `groups` blocks of time as the test part, the others as training.

    The blocks have `bars // groups` bars, the last one the rest too. From the training part go `purge` bars before
    each test block and `purge + embargo` bars after it.
    """

    groups: int = 10
    tested: int = 2
    purge: int = 0
    embargo: int = 0

    @property
    def splits(self) -> int:
        """How many splits there are."""
        return math.comb(self.groups, self.tested)

    @property
    def paths(self) -> int:
        """How many whole histories can be put together from the test blocks of all splits."""
        return self.splits * self.tested // self.groups

    def choices(self) -> list[tuple[int, ...]]:
        """Return the tested groups of each split."""
        return list(itertools.combinations(range(self.groups), self.tested))

    def edges(self, bars: int) -> Indices:
        """Return where the blocks begin, and at last where the last one ends."""
        size = bars // self.groups
        return np.append(np.arange(self.groups) * size, bars)

    def split(self, bars: int) -> list[Split]:
        """Return all splits of a history of `bars` bars.

        Raises:
            UsageError: numbers that do not go together, or purge and embargo that eat up whole blocks.
        """
        self._check(bars)
        edges = self.edges(bars)
        blocks = [np.arange(start, end) for start, end in itertools.pairwise(edges)]
        return [
            Split(np.flatnonzero(self._training(edges, choice)), tuple(blocks[g] for g in choice), choice)
            for choice in self.choices()
        ]

    def path_table(self) -> Indices:
        """Return `[path, group]`: the split whose test of that group belongs to that path.

        Path p takes each group from the p-th split that tests it, so that every test is used exactly once.
        """
        choices = self.choices()
        rows = [[at for at, choice in enumerate(choices) if group in choice] for group in range(self.groups)]
        return np.array(rows, dtype=np.int64).T

    def _training(self, edges: Indices, choice: tuple[int, ...]) -> npt.NDArray[np.bool_]:
        free = np.ones(int(edges[-1]), dtype=np.bool_)
        for group in choice:
            before, after = self.purge, self.purge + self.embargo
            if group - 1 in choice:
                before = 0
            if group + 1 in choice:
                after = 0
            free[max(int(edges[group]) - before, 0) : int(edges[group + 1]) + after] = False
        return free

    def _check(self, bars: int) -> None:
        if self.groups < 3:
            raise UsageError(f"{self.groups} groups", hint="take 3 or more; 6 to 16 are usual")
        if not 1 <= self.tested < self.groups:
            raise UsageError(f"{self.tested} test groups of {self.groups}", hint="take at least one, and leave one")
        if self.purge < 0 or self.embargo < 0:
            raise UsageError(f"purge {self.purge}, embargo {self.embargo}", hint="neither can be below zero")
        if self.splits > MOST_SPLITS:
            raise UsageError(f"{self.splits:,} splits", hint=f"fewer groups: at most {MOST_SPLITS:,} splits")
        size = bars // self.groups
        if self.purge + self.embargo >= size - 1:
            raise UsageError(
                f"purge {self.purge} and embargo {self.embargo} bars leave nothing of groups of {size} bars",
                hint="fewer groups, more data, or a shorter purge",
            )
