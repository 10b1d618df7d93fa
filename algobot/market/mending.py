"""Mends rows into bars, in one fixed order, and says of every step what it did.

What cannot be a bar is dropped, never guessed. Only `fill` makes rows that nobody traded, and only when asked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algobot.market.checks import Limits, Mask, impossible, off_grid, out_of_time, unfinished
from algobot.market.spans import holes
from algobot.market.store import COLUMNS, MS_NS, PRICES, Columns


class Change(NamedTuple):
    """One thing that was done."""

    what: str
    rows: int


class Mended(NamedTuple):
    """Rows that are bars now, how they became that, and what was taken out."""

    columns: Columns
    changes: list[Change]
    dropped: Columns


def harmless(columns: Columns, limits: Limits) -> Mended:
    """Return the rows sorted, without exact duplicates and bars that are not over: nothing is lost by that."""
    mending = _Mending(columns)
    mending.sort()
    mending.drop("dropped: the same bar again", _again(mending.rows))
    mending.drop("dropped: not over yet", unfinished(mending.rows, limits))
    return mending.done()


def mend(columns: Columns, limits: Limits, *, fill: bool = False) -> Mended:
    """Return all that can be saved; with `fill`, gaps as flat bars at the last close, without volume.

    Of two different bars for the same time the one with more volume stays: the other was not over when it was taken.
    """
    mending = _Mending(columns)
    mending.drop("dropped: time out of range", out_of_time(mending.rows))
    mending.drop("dropped: impossible", impossible(mending.rows))
    mending.sort()
    mending.drop("dropped: the same bar again", _again(mending.rows))
    mending.drop("dropped: another bar of that time has more volume", _thinner(mending.rows))
    mending.drop("dropped: off the grid", off_grid(mending.rows, limits.span_ns))
    mending.drop("dropped: not over yet", unfinished(mending.rows, limits))
    if fill:
        mending.fill(limits.span_ns)
    return mending.done()


class _Mending:
    """Rows on their way to be bars."""

    def __init__(self, columns: Columns) -> None:
        self.rows = columns
        self._changes: list[Change] = []
        self._dropped = [_chosen(columns, np.zeros(len(columns["time"]), bool))]

    def drop(self, what: str, mask: Mask) -> None:
        """Take rows out."""
        if mask.any():
            self._dropped.append(_chosen(self.rows, mask))
            self.rows = _chosen(self.rows, ~mask)
            self._changes.append(Change(what, int(mask.sum())))

    def sort(self) -> None:
        """Put rows in order of time; equal times stay as they are."""
        disorder = int((np.diff(self.rows["time"]) < 0).sum())
        if disorder:
            order = np.argsort(self.rows["time"], kind="stable")
            self.rows = {name: self.rows[name][order] for name in COLUMNS}
            self._changes.append(Change("sorted: rows before the one above them", disorder))

    def fill(self, span_ns: int) -> None:
        """Put flat bars into every gap."""
        times = self.rows["time"]
        gaps = holes(times * MS_NS, span_ns)
        new = [np.arange(start // MS_NS, end // MS_NS, span_ns // MS_NS) for start, end in gaps]
        if not new:
            return
        added = np.concatenate(new)
        closes = self.rows["close"][np.searchsorted(times, added) - 1]
        flat: Columns = dict.fromkeys(PRICES, closes) | {"time": added, "volume": np.zeros(len(added))}
        both = {name: np.concatenate([self.rows[name], flat[name]]) for name in COLUMNS}
        order = np.argsort(both["time"], kind="stable")
        self.rows = {name: both[name][order] for name in COLUMNS}
        self._changes.append(Change("filled: flat bars without volume", len(added)))

    def done(self) -> Mended:
        """Return the outcome."""
        dropped = {name: np.concatenate([part[name] for part in self._dropped]) for name in COLUMNS}
        return Mended(self.rows, self._changes, dropped)


def _chosen(columns: Columns, mask: Mask) -> Columns:
    return {name: columns[name][mask] for name in COLUMNS}


def _again(rows: Columns) -> Mask:
    """Return which rows, in order of time, equal one above them in every column."""
    order = np.lexsort([rows[name] for name in reversed(COLUMNS)])  # by time, then by all the rest
    same = np.ones(len(order), bool)
    same[:1] = False
    for name in COLUMNS:
        values = rows[name][order]
        same[1:] &= (values[1:] == values[:-1]) | (
            (values[1:] != values[1:]) & (values[:-1] != values[:-1])
        )  # NaN, too
    mask = np.zeros(len(order), bool)
    mask[order[same]] = True
    return mask


def _thinner(rows: Columns) -> Mask:
    """Return which rows, in order of time, have a twin of the same time with more volume, or later with as much."""
    order = np.lexsort([rows["volume"], rows["time"]])
    times = rows["time"][order]
    mask = np.zeros(len(order), bool)
    mask[order[:-1]] = times[1:] == times[:-1]
    return mask
