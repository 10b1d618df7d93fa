"""Funding rates on disk: `*_funding.parquet` with `time` (int64, milliseconds UTC) and `rate` (a fraction of notional).

A rate is what a long pays a short at that instant for the interval that ends there; negative is the other way round.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from algobot.errors import DataError
from algobot.market.store import MS_NS, YEARS_MS, Funding, as_numpy

_COLUMNS: Final = ("time", "rate")
_MOST: Final = 0.2  # of notional in one interval: venues cap at far less; above it is per cent, or a year's


def read_funding(path: Path) -> Funding:
    """Return the funding rates of a file.

    Raises:
        DataError: not such a file, or a row in it is wrong; says file, row and remedy.
    """
    times, rates = _columns(path)
    step = np.concatenate([[1], np.diff(times)])
    for wrong, what in (
        ((times < YEARS_MS[0]) | (times > YEARS_MS[1]), "time {} is not in milliseconds since 1970"),
        (step == 0, "time {} comes twice"),
        (step < 0, "time {} is before the row above it"),
    ):
        _refuse(path, wrong, what, times)
    _refuse(path, ~np.isfinite(rates), "rate is {}", rates)
    _refuse(path, np.abs(rates) > _MOST, "rate {} is no fraction of notional for one interval", rates)
    return Funding(times * MS_NS, rates)


def _columns(path: Path) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    import pyarrow.parquet

    arrow: Any = pyarrow  # it carries no types
    if not path.is_file():
        raise DataError(f"{path}: no such file", hint="give a Parquet file with the columns time rate")
    try:
        names = arrow.parquet.read_schema(path).names
        if missing := [name for name in _COLUMNS if name not in names]:
            raise DataError(f"{path}: no column {missing[0]!r}", hint=f"it has {' '.join(names[:12])}")
        table = arrow.parquet.read_table(path, columns=list(_COLUMNS))
        time, rate = table.column("time"), table.column("rate").cast(arrow.float64())
        time, rate = table.column("time"), table.column("rate").cast(arrow.float64())
        whole = arrow.types.is_integer(time.type) and not time.null_count
        times = as_numpy(time.cast(arrow.int64())) if whole else None
        rates = as_numpy(rate.fill_null(float("nan")))
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable file of funding rates: {error}", hint="download it again") from error
    if times is None:
        raise DataError(f"{path}: column time is not whole milliseconds", hint="it must be int64 without empty rows")
    if len(times) == 0:
        raise DataError(f"{path}: no rates in it", hint="download it again")
    return times, rates


def _refuse(path: Path, wrong: npt.NDArray[np.bool_], what: str, values: npt.NDArray[Any]) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        more = f" (and {int(wrong.sum()) - 1} more rows)" if wrong.sum() > 1 else ""
        raise DataError(
            f"{path}: row {row}: {what.format(values[row])}{more}", hint="remove the row or download it again"
        )
