"""Many points made few without losing a peak: what one column of pixels shows is its first, lowest, highest, last."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

COLUMNS: Final = 720  # of pixels in a chart

Values = npt.NDArray[Any]


class Columns:
    """Times cut into at most `count` columns of equal length; those without a value are left out."""

    def __init__(self, times_ns: Values, count: int = COLUMNS) -> None:
        """Take at least one time, in order."""
        self.start, self.end = int(times_ns[0]), int(times_ns[-1])
        marks = np.linspace(self.start, self.end + 1, count + 1)[:-1]
        self.first = np.unique(np.searchsorted(times_ns, marks))
        self.first = self.first[self.first < len(times_ns)]
        self.last = np.append(self.first[1:], len(times_ns)) - 1
        self.times_ns = times_ns[self.last]
        self._of = times_ns

    def lasts(self, values: Values) -> Values:
        """Return the last value of each column."""
        found: Values = values[self.last]
        return found

    def points(self, values: Values) -> tuple[Values, Values]:
        """Return indices and values worth drawing, in order: each column's first, lowest, highest and last."""
        if len(values) <= 4 * len(self.first):
            at = np.flatnonzero(~np.isnan(values))
            return at, values[at]
        at = np.unique(np.concatenate([self.first, self.last, self._extremes(values, -1), self._extremes(values, 1)]))
        at = at[~np.isnan(values[at])]
        return at, values[at]

    def _extremes(self, values: Values, sign: int) -> Values:
        """Return the index of the lowest (-1) or highest (+1) value of each column."""
        folded = (np.fmax if sign > 0 else np.fmin).reduceat(values, self.first)
        hits = np.flatnonzero(values == np.repeat(folded, np.diff(np.append(self.first, len(values)))))
        columns = np.searchsorted(self.first, hits, side="right") - 1
        found: Values = hits[np.unique(columns, return_index=True)[1]]
        return found
