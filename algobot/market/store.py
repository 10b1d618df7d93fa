"""Bars on disk: one Parquet file per instrument and timeframe, checked when it is read.

Columns `time` (int64, milliseconds UTC, the bar's open), `open high low close volume` (float64), in order of time. A
bar that no market can have is refused with its row; gaps are allowed, since venues have outages.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.errors import DataError
from algobot.kernel.records import BAR, Records
from algobot.model import MINUTE_NS, Bar

_MS_NS: Final = 1_000_000
_PRICES: Final = ("open", "high", "low", "close")
_COLUMNS: Final = ("time", *_PRICES, "volume")
_NAMED: Final = re.compile(r"^[A-Z]+_([A-Z0-9]+)_([A-Z0-9]+)_\d+[smhd]$")
_YEARS_NS: Final = (946_684_800 * 10**9, 4_102_444_800 * 10**9)  # 2000 to 2100: outside it is another unit

Column = npt.NDArray[Any]


class Series(NamedTuple):
    """Bars of one instrument, oldest first, as the kernel's records."""

    symbol: str
    span_ns: int  # length of one bar
    bars: Records  # of `records.BAR`


def read_bars(path: Path, *, symbol: str = "", start_ns: int = 0, end_ns: int = 1 << 62) -> Series:
    """Return the bars of `path` that open in [start_ns, end_ns).

    Without `symbol` the file's name gives it: `VENUE_BASE_QUOTE_TF.parquet` is "BASE/QUOTE".

    Raises:
        DataError: not such a file, or a bar in it is wrong; says file, row and remedy.
    """
    columns = _columns(path)
    opens = columns["time"] * _MS_NS
    _check(path, columns, opens)
    steps = np.diff(opens)
    span = int(steps.min()) if len(steps) else MINUTE_NS
    bars = np.zeros(len(opens), BAR)
    bars["open_ns"] = opens
    bars["close_ns"] = opens + span
    for name in (*_PRICES, "volume"):
        bars[name] = columns[name]
    bars = bars[(opens >= start_ns) & (opens < end_ns)]
    if len(bars) == 0:
        first, last = np.datetime64(int(opens[0]), "ns"), np.datetime64(int(opens[-1]), "ns")
        raise DataError(f"{path}: no bars in the time asked for", hint=f"it has {first} to {last}")
    return Series(symbol or _symbol_of(path), span, bars)


def as_bar(row: Any) -> Bar:
    """Return one record of `Series.bars` as the model's bar."""
    return Bar(*row.item())


def _columns(path: Path) -> dict[str, Column]:
    import pyarrow.parquet

    arrow: Any = pyarrow  # it carries no types
    if not path.is_file():
        raise DataError(f"{path}: no such file", hint="give a Parquet file with the columns " + " ".join(_COLUMNS))
    try:
        names = arrow.parquet.read_schema(path).names
        missing = [name for name in _COLUMNS if name not in names]
        if missing:
            hint = f"bars need {' '.join(_COLUMNS)}; it has {' '.join(names[:12])}"
            raise DataError(f"{path}: no column {missing[0]!r}", hint=hint)
        table = arrow.parquet.read_table(path, columns=list(_COLUMNS))
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}", hint="download it again") from error
    if table.num_rows == 0:
        raise DataError(f"{path}: no bars in it", hint="download it again")
    return {name: _column(path, name, table.column(name)) for name in _COLUMNS}


def _column(path: Path, name: str, values: Any) -> Column:
    import pyarrow

    arrow: Any = pyarrow  # it carries no types
    if values.null_count:
        row = int(np.argmax(values.is_null().to_numpy()))
        raise DataError(f"{path}: row {row}: {name} is empty", hint="remove the row or download it again")
    whole = name == "time"
    if not (arrow.types.is_integer(values.type) or (arrow.types.is_floating(values.type) and not whole)):
        want = "whole milliseconds since 1970 (int64)" if whole else "a number (double)"
        raise DataError(f"{path}: column {name} is {values.type}", hint=f"it must be {want}")
    return np.asarray(values.to_numpy()).astype(np.int64 if whole else np.float64)


def _check(path: Path, columns: dict[str, Column], opens: Column) -> None:
    """Raise for the first row that cannot be a bar."""
    times = columns["time"]
    low, high = _YEARS_NS[0] // _MS_NS, _YEARS_NS[1] // _MS_NS
    _refuse(path, (times < low) | (times > high), "time {time} is not in milliseconds since 1970", columns)
    steps = np.concatenate([[1], np.diff(opens)])
    _refuse(path, steps == 0, "time {time} comes twice", columns)
    _refuse(path, steps < 0, "time {time} is before the row above it", columns)
    for name in (*_PRICES, "volume"):
        _refuse(path, ~np.isfinite(columns[name]), name + " is {" + name + "}", columns)
    for name in _PRICES:
        _refuse(path, columns[name] <= 0, name + " is {" + name + "}", columns)
    _refuse(path, columns["volume"] < 0, "volume is {volume}", columns)
    top = np.maximum(columns["open"], columns["close"])
    bottom = np.minimum(columns["open"], columns["close"])
    _refuse(path, columns["high"] < top, "high {high} is below open {open} or close {close}", columns)
    _refuse(path, columns["low"] > bottom, "low {low} is above open {open} or close {close}", columns)


def _refuse(path: Path, wrong: Column, message: str, columns: dict[str, Column]) -> None:
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    what = message.format(**{name: values[row] for name, values in columns.items()})
    more = f" (and {int(wrong.sum()) - 1} more rows)" if wrong.sum() > 1 else ""
    hint = "sort it and drop what is double" if message.startswith("time") else "remove the row or download it again"
    raise DataError(f"{path}: row {row}: {what}{more}", hint=hint)


def _symbol_of(path: Path) -> str:
    found = _NAMED.match(path.stem)
    return f"{found[1]}/{found[2]}" if found else path.stem
