"""Bars for others: CSV, Parquet or feather."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from algobot.errors import UsageError
from algobot.kernel.records import Records
from algobot.market.store import PRICES, to_columns
from algobot.market.writing import put, write_bars

ENDINGS: Final = (".csv", ".parquet", ".feather")


def export(bars: Records, path: Path, *, iso: bool = False) -> None:
    """Write bars in the form that the file's ending names, whole or not at all.

    CSV has `time` in milliseconds, or with `iso` as text. Parquet is what `store.read_bars` reads. Feather is as
    freqtrade has it: `date` a timestamp in UTC.

    Raises:
        UsageError: another ending.
    """
    if path.suffix == ".parquet":
        write_bars(path, bars)
        return
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path}: the ending says no form", hint=f"name it {', '.join(ENDINGS)}")

    def write(place: Path) -> None:
        with place.open("wb") as file:
            if path.suffix == ".csv":
                write_csv(bars, file, iso=iso)
            else:
                _write_feather(bars, file)

    put(path, write)


def write_csv(bars: Records, file: Any, *, iso: bool = False) -> None:
    """Write bars as CSV with a line of names; every number is the shortest that reads back as itself."""
    import pyarrow.csv

    arrow: Any = pyarrow  # it carries no types
    columns: dict[str, Any] = dict(to_columns(bars))
    if iso:
        columns["time"] = np.datetime_as_string(columns["time"].astype("datetime64[ms]"), timezone="UTC").tolist()
    options = arrow.csv.WriteOptions(quoting_style="none")
    arrow.csv.write_csv(arrow.table(columns), file, options)


def _write_feather(bars: Records, file: Any) -> None:
    import pyarrow.feather

    arrow: Any = pyarrow
    columns = to_columns(bars)
    dates = arrow.array(columns["time"].astype("datetime64[ms]")).cast(arrow.timestamp("ms", tz="UTC"))
    table = arrow.table({"date": dates} | {name: columns[name] for name in (*PRICES, "volume")})
    arrow.feather.write_feather(table, file, compression="lz4")
