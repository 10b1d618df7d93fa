"""Bars from one Parquet file, checked as they are read.

Columns `time` (int64, milliseconds UTC, the bar's open), `open high low close volume` (float64), in order of time. A
bar that no market can have is refused with its row; gaps are allowed, since venues have outages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from algobot.errors import DataError
from algobot.kernel.records import BAR, Records
from algobot.model import MINUTE_NS, Bar

MS_NS: Final = 1_000_000
FOREVER_NS: Final = 1 << 62
PRICES: Final = ("open", "high", "low", "close")
COLUMNS: Final = ("time", *PRICES, "volume")
_NAMED: Final = re.compile(r"^[A-Z]+_([A-Z0-9]+)_([A-Z0-9]+)_\d+[smhd]$")
YEARS_MS: Final = (946_684_800_000, 4_102_444_800_000)  # 2000 to 2100: outside it is another unit
_PIECE: Final = 16384  # rows read at once
_BUFFER_BYTES: Final = 1 << 18
_BLOCK: Final = 8192  # rows handled at once: they stay in the processor's cache

Column = npt.NDArray[Any]
Columns = dict[str, Column]  # by the names of COLUMNS, of equal length


class Funding(NamedTuple):
    """Rates of one perpetual, oldest first."""

    ts_ns: npt.NDArray[np.int64]
    rate: npt.NDArray[np.float64]  # a fraction of notional; longs pay a positive one


class Series(NamedTuple):
    """Bars of one instrument, oldest first, as the kernel's records."""

    symbol: str
    span_ns: int  # length of one bar
    bars: Records  # of `records.BAR`
    funding: Funding | None = None  # of a perpetual


def read_bars(path: Path, *, symbol: str = "", start_ns: int = 0, end_ns: int = FOREVER_NS) -> Series:
    """Return the bars of `path` that open in [start_ns, end_ns).

    Without `symbol` the file's name gives it: `VENUE_BASE_QUOTE_TF.parquet` is "BASE/QUOTE".

    Raises:
        DataError: not such a file, or a bar in it is wrong; says file, row and remedy.
    """
    bars = _streamed(path)
    if bars is None:
        columns = read_columns(path)
        check(path, columns)
        bars = to_records([columns], 0)
    opens = bars["open_ns"]
    span_ns = int(np.diff(opens).min()) if len(opens) > 1 else MINUTE_NS
    np.add(opens, span_ns, out=bars["close_ns"])
    first, stop = np.searchsorted(opens, [start_ns, end_ns])
    if first >= stop:
        hint = f"it has {when(int(opens[0]))} to {when(int(opens[-1]))}"
        raise DataError(f"{path}: no bars in the time asked for", hint=hint)
    return Series(symbol or _symbol_of(path), span_ns, bars[first:stop])


def as_bar(row: Any) -> Bar:
    """Return one record of `Series.bars` as the model's bar."""
    return Bar(*row.item())


def when(ns: int) -> str:
    """Return a time as a person reads it: UTC, to the second."""
    return str(np.datetime64(ns // 10**9, "s"))


def read_columns(path: Path, wanted: Sequence[str] = COLUMNS) -> Columns:
    """Return columns of a Parquet file of bars as they stand, none of its rows judged. Raises DataError."""
    import pyarrow.parquet

    arrow: Any = pyarrow  # it carries no types
    if path.is_dir():
        raise DataError(
            f"{path}: a folder, not a file of bars", hint="name a file, or bars of the library like binance:BTC/USDT:1h"
        )
    if not path.is_file():
        raise DataError(f"{path}: no such file", hint="give a Parquet file with the columns " + " ".join(COLUMNS))
    try:
        with arrow.parquet.ParquetFile(path) as file:
            names = file.schema_arrow.names
            missing = [name for name in COLUMNS if name not in names]
            if missing:
                hint = f"bars need {' '.join(COLUMNS)}; it has {' '.join(names[:12])}; see `algobot data import`"
                raise DataError(f"{path}: no column {missing[0]!r}", hint=hint)
            table = file.read(columns=list(wanted))
    except (arrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {error}", hint="download it again") from error
    if table.num_rows == 0:
        raise DataError(f"{path}: no bars in it", hint="download it again")
    return {name: _column(path, name, table.column(name)) for name in wanted}


def read_opens(path: Path) -> Column:
    """Return when the bars of a Parquet file open, in nanoseconds. Raises DataError."""
    return np.asarray(read_columns(path, ("time",))["time"] * MS_NS)


def to_records(parts: list[Columns], span_ns: int) -> Records:
    """Return the rows of all parts, one after the other, as `records.BAR`; each bar is `span_ns` long."""
    bars = np.empty(sum(len(part["time"]) for part in parts), BAR)
    done = 0
    for part in parts:
        count = len(part["time"])
        for start in range(0, count, _BLOCK):
            rows = slice(start, min(start + _BLOCK, count))
            block = bars[done + rows.start : done + rows.stop]
            opens = part["time"][rows] * MS_NS
            block["open_ns"], block["close_ns"] = opens, opens + span_ns
            for name in (*PRICES, "volume"):
                block[name] = part[name][rows]
        done += count
    return bars


def _streamed(path: Path) -> Records | None:
    """Return the bars of a file, read and checked piece by piece so that they are in memory once; without closes yet.

    None for a file in which anything at all is unusual: reading it whole tells what.
    """
    import pyarrow.parquet

    arrow: Any = pyarrow
    if not path.is_file():
        return None
    try:
        with arrow.parquet.ParquetFile(path, buffer_size=_BUFFER_BYTES, pre_buffer=False) as file:
            kinds = {field.name: field.type for field in file.schema_arrow}
            wanted = {name: arrow.float64() for name in COLUMNS} | {"time": arrow.int64()}
            if any(kinds.get(name) != kind for name, kind in wanted.items()):
                return None
            bars = np.empty(file.metadata.num_rows, BAR)
            done, last = 0, 0
            for batch in file.iter_batches(_PIECE, columns=list(COLUMNS), use_threads=False):
                if any(column.null_count for column in batch.columns):
                    return None
                piece = {name: np.from_dlpack(batch.column(name)) for name in COLUMNS}
                if not _sound(piece) or piece["time"][0] <= last:
                    return None
                rows = bars[done : done + batch.num_rows]
                np.multiply(piece["time"], MS_NS, out=rows["open_ns"])
                for name in COLUMNS[1:]:
                    rows[name] = piece[name]
                done, last = done + batch.num_rows, piece["time"][-1]
    except (arrow.ArrowException, OSError):
        return None
    arrow.default_memory_pool().release_unused()
    return bars if done else None


def to_columns(bars: Records) -> Columns:
    """Return records as the columns of a file."""
    return {"time": bars["open_ns"] // MS_NS} | {name: np.ascontiguousarray(bars[name]) for name in COLUMNS[1:]}


def check(path: Path | str, columns: Columns) -> None:
    """Return when every row can be a bar and each is later than the one above it.

    Raises:
        DataError: for the first row that is not; says row, value and remedy.
    """
    if _sound(columns):
        return
    low, high = YEARS_MS
    times = columns["time"]
    _refuse(path, (times < low) | (times > high), "time {time} is not in milliseconds since 1970", columns)
    steps = np.concatenate([[1], np.diff(times)])
    _refuse(path, steps == 0, "time {time} comes twice", columns)
    _refuse(path, steps < 0, "time {time} is before the row above it", columns)
    for name in (*PRICES, "volume"):
        _refuse(path, ~np.isfinite(columns[name]), name + " is {" + name + "}", columns)
    for name in PRICES:
        _refuse(path, columns[name] <= 0, name + " is {" + name + "}", columns)
    _refuse(path, columns["volume"] < 0, "volume is {volume}", columns)
    top = np.maximum(columns["open"], columns["close"])
    bottom = np.minimum(columns["open"], columns["close"])
    _refuse(path, columns["high"] < top, "high {high} is below open {open} or close {close}", columns)
    _refuse(path, columns["low"] > bottom, "low {low} is above open {open} or close {close}", columns)


def _sound(columns: Columns) -> bool:
    """Return whether `check` has nothing to say, quickly; every comparison with NaN is false, so none passes."""
    times = columns["time"]
    if times.min() < YEARS_MS[0] or times.max() > YEARS_MS[1] or not (times[1:] > times[:-1]).all():
        return False
    for start in range(0, len(times), _BLOCK):
        o, h, l, c, v = (columns[name][start : start + _BLOCK] for name in COLUMNS[1:])  # noqa: E741
        inside = (l <= o) & (l <= c) & (o <= h) & (c <= h)
        if not (inside & (l > 0) & (h < np.inf) & (v >= 0) & (v < np.inf)).all():
            return False
    return True


def _column(path: Path, name: str, values: Any) -> Column:
    import pyarrow

    arrow: Any = pyarrow  # it carries no types
    if values.null_count:
        raise DataError(
            f"{path}: row {first_empty(values)}: {name} is empty", hint="remove the row or download it again"
        )
    whole = name == "time"
    if not (arrow.types.is_integer(values.type) or (arrow.types.is_floating(values.type) and not whole)):
        want = "whole milliseconds since 1970 (int64)" if whole else "a number (double)"
        raise DataError(f"{path}: column {name} is {values.type}", hint=f"it must be {want}; see `algobot data import`")
    return as_numpy(values).astype(np.int64 if whole else np.float64, copy=False)


def as_numpy(values: Any) -> Column:
    """Return a column of numbers without empty rows; pyarrow's own way would import pandas where it is installed."""
    parts = [np.from_dlpack(chunk) for chunk in values.chunks if len(chunk)]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, np.float64)


def first_empty(values: Any) -> int:
    """Return the first empty row of a column that has one."""
    return next(row for row, value in enumerate(values) if not value.is_valid)


def _refuse(path: Path | str, wrong: Column, message: str, columns: Columns) -> None:
    if not wrong.any():
        return
    row = int(np.argmax(wrong))
    what = message.format(**{name: values[row] for name, values in columns.items()})
    more = f" (and {int(wrong.sum()) - 1} more rows)" if wrong.sum() > 1 else ""
    unit = "`algobot data import` takes times of other units; `algobot data repair` drops single rows"
    mend = "`algobot data repair` mends what can be mended"
    raise DataError(f"{path}: row {row}: {what}{more}", hint=unit if "milliseconds" in message else mend)


def _symbol_of(path: Path) -> str:
    found = _NAMED.match(path.stem)
    return f"{found[1]}/{found[2]}" if found else path.stem
