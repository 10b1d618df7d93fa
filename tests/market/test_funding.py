"""Funding rates from disk, checked like bars."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from algobot.errors import DataError
from algobot.market.funding import read_funding
from tests.market.bars import JAN_NS

HOURS_MS = 8 * 3_600_000


def columns() -> dict[str, list]:
    """Return well-formed columns."""
    return {"time": [JAN_NS // 10**6 + n * HOURS_MS + n for n in range(5)], "rate": [1e-4, -2e-4, 0.0, 3e-4, 1e-4]}


def written(folder, data, name="X_funding.parquet"):
    """Write columns as a Parquet file."""
    pq.write_table(pa.table(data), folder / name)
    return folder / name


def test_rates_come_with_times_in_nanoseconds(tmp_path):
    """As two arrays of one length."""
    funding = read_funding(written(tmp_path, columns()))
    assert funding.ts_ns.dtype == np.int64
    assert funding.ts_ns.tolist() == [ms * 10**6 for ms in columns()["time"]]
    assert funding.rate.tolist() == columns()["rate"]


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("rate", 2, float("nan"), "row 2: rate is nan"),
        ("rate", 1, 0.5, "row 1: rate 0.5 is no fraction"),
        ("rate", 4, None, "row 4: rate is nan"),
        ("time", 2, columns()["time"][1], "row 2: time .* comes twice"),
        ("time", 2, columns()["time"][0] + 1, "row 2: time .* is before the row above it"),
        ("time", 0, JAN_NS, "row 0: time .* is not in milliseconds"),
        ("time", 0, None, "column time is not whole milliseconds"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, column, row, value, message):
    """File, row, value, remedy."""
    data = columns()
    data[column][row] = value
    with pytest.raises(DataError, match=message) as told:
        read_funding(written(tmp_path, data))
    assert told.value.hint


def test_a_file_that_is_no_funding_is_refused(tmp_path):
    """Missing, empty, not Parquet, or bars."""
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    for path, message in (
        (tmp_path / "gone.parquet", "no such file"),
        (tmp_path, "no such file"),
        (tmp_path / "broken.parquet", "not a readable file"),
        (
            written(tmp_path, {"time": pa.array([], pa.int64()), "rate": pa.array([], pa.float64())}, "e.parquet"),
            "no rates in it",
        ),
        (written(tmp_path, {"time": columns()["time"], "close": [1.0] * 5}, "bars.parquet"), "no column 'rate'"),
        (written(tmp_path, {"time": columns()["time"], "rate": ["a"] * 5}, "words.parquet"), "not a readable file"),
    ):
        with pytest.raises(DataError, match=message):
            read_funding(path)


@pytest.mark.parametrize("name", ["BINANCEUSDM_BTC_USDT_funding", "HYPERLIQUID_BTC_USDC_funding"])
def test_real_rates_are_read_whole(real_file, name):
    """Every few hours, small."""
    funding = read_funding(real_file(name))
    assert len(funding.rate) > 4000
    assert float(np.abs(funding.rate).max()) < 0.01
