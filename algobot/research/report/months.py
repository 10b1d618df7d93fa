"""Returns by calendar month and year."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

NAMES: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Cell(NamedTuple):
    """A month or a year; `fraction` is None where equity was not positive at its start."""

    fraction: float | None
    profit: float


class Year(NamedTuple):
    """Twelve months, None where there was no bar, and all of them together."""

    year: int
    months: tuple[Cell | None, ...]
    total: Cell


def matrix(close_ns: npt.NDArray[Any], equity: npt.NDArray[Any], start_equity: float) -> list[Year]:
    """Return the years of an equity curve, oldest first; months are of UTC, and end with their last bar."""
    if len(close_ns) == 0:
        return []
    months = (close_ns - 1).astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64)  # since 1970
    ends = np.append(np.flatnonzero(months[1:] != months[:-1]), len(months) - 1)
    after = equity[ends].tolist()
    before = [start_equity, *after[:-1]]
    cells = {int(months[end]): (was, now) for end, was, now in zip(ends, before, after, strict=True)}
    found = []
    for year in range(min(cells) // 12, max(cells) // 12 + 1):
        pairs = [cells.get(year * 12 + month) for month in range(12)]
        there = [pair for pair in pairs if pair]
        if there:
            total = _cell(there[0][0], there[-1][1])
            found.append(Year(1970 + year, tuple(_cell(*pair) if pair else None for pair in pairs), total))
    return found


def _cell(was: float, now: float) -> Cell:
    return Cell(now / was - 1.0 if was > 0 else None, now - was)
