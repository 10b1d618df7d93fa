"""Bars from disk: what is read, and what is refused with file, row and remedy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from algobot.errors import DataError
from algobot.market.store import as_bar, read_bars
from algobot.model import Bar
from tests.kernel.markets import START_NS

MINUTE_MS = 60_000
START_MS = START_NS // 1_000_000


def columns(count: int = 5) -> dict[str, list]:
    """Return well-formed columns."""
    return {
        "time": [START_MS + i * MINUTE_MS for i in range(count)],
        "open": [10.0] * count,
        "high": [12.0] * count,
        "low": [9.0] * count,
        "close": [11.0] * count,
        "volume": [0.0] * count,
    }


def written(folder: Path, data: dict, name: str = "BINANCE_BTC_USDT_1m.parquet") -> Path:
    """Write columns as a Parquet file."""
    path = folder / name
    pq.write_table(pa.table(data), path)
    return path


def test_bars_come_with_times_in_nanoseconds_and_the_files_symbol(tmp_path):
    """Open time from the file, close time one step later, the symbol from the name or as given."""
    series = read_bars(written(tmp_path, columns()))
    assert (series.symbol, series.span_ns, len(series.bars)) == ("BTC/USDT", 60 * 10**9, 5)
    assert as_bar(series.bars[1]) == Bar(START_NS + 60 * 10**9, START_NS + 120 * 10**9, 10.0, 12.0, 9.0, 11.0, 0.0)
    assert read_bars(written(tmp_path, columns(), "mine.parquet")).symbol == "mine"
    assert read_bars(written(tmp_path, columns()), symbol="X/Y").symbol == "X/Y"


def test_a_part_of_the_time_can_be_asked_for(tmp_path):
    """From the first nanosecond asked for, up to but not including the last."""
    path = written(tmp_path, columns())
    start = START_NS + 60 * 10**9
    assert len(read_bars(path, start_ns=start, end_ns=start + 120 * 10**9).bars) == 2
    with pytest.raises(DataError, match="no bars in the time asked for") as told:
        read_bars(path, start_ns=start * 2)
    assert "2023-11-14T22:13" in told.value.hint


def test_gaps_are_allowed(tmp_path):
    """Venues have outages: the bar's length is the smallest step."""
    data = columns()
    data["time"][3:] = [time + 600 * MINUTE_MS for time in data["time"][3:]]
    assert read_bars(written(tmp_path, data)).span_ns == 60 * 10**9


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("open", 2, float("nan"), "row 2: open is nan"),
        ("close", 1, float("inf"), "row 1: close is inf"),
        ("high", 1, float("inf"), "row 1: high is inf"),
        ("low", 4, 0.0, "row 4: low is 0.0"),
        ("high", 0, -1.0, "row 0: high is -1.0"),
        ("volume", 3, -1.0, "row 3: volume is -1.0"),
        ("volume", 3, None, "row 3: volume is empty"),
        ("high", 2, 10.5, "row 2: high 10.5 is below open 10.0 or close 11.0"),
        ("low", 2, 10.5, "row 2: low 10.5 is above open 10.0 or close 11.0"),
        ("time", 2, START_MS + MINUTE_MS, f"row 2: time {START_MS + MINUTE_MS} comes twice"),
        ("time", 2, START_MS + 1, f"row 2: time {START_MS + 1} is before the row above it"),
        ("time", 0, START_MS * 1000, "row 0: time .* is not in milliseconds"),
        ("time", 0, START_MS // 1000, "row 0: time .* is not in milliseconds"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, column, row, value, message):
    """File, row, value, and what to do about it."""
    data = columns()
    data[column][row] = value
    path = written(tmp_path, data)
    with pytest.raises(DataError, match=message) as told:
        read_bars(path)
    assert str(path) in told.value.message
    assert told.value.hint


def test_a_file_that_is_no_bars_is_refused(tmp_path):
    """Missing, empty, not Parquet, without a column, or with words for numbers."""
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(b"PAR1 nothing of the kind")
    no_volume = columns()
    del no_volume["volume"]
    for path, message in (
        (tmp_path / "gone.parquet", "no such file"),
        (tmp_path, "a folder, not a file"),
        (broken, "not a readable Parquet file"),
        (written(tmp_path, {name: pa.array([], pa.float64()) for name in columns()}, "e.parquet"), "no bars in it"),
        (written(tmp_path, no_volume, "v.parquet"), "no column 'volume'"),
        (written(tmp_path, {**columns(), "open": ["a"] * 5}, "w.parquet"), "column open is string"),
        (
            written(tmp_path, {**columns(), "time": [float(t) for t in columns()["time"]]}, "f.parquet"),
            "column time is",
        ),
    ):
        with pytest.raises(DataError, match=message):
            read_bars(path)


def test_the_kernels_layout_is_what_comes_out(tmp_path):
    """The records go into the engine as they are."""
    bars = read_bars(written(tmp_path, columns())).bars
    assert bars.flags.c_contiguous
    assert np.isfinite(bars["close"]).all()
