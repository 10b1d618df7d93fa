"""Bars as others write them: whatever the names and units, the same bars; what may mean two things is refused."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import AlgobotError, DataError, UsageError
from algobot.market.exporting import export
from algobot.market.foreign import How, read_foreign
from algobot.market.store import COLUMNS, read_bars, to_columns
from tests.market.bars import JAN_NS, MINUTE_NS, some_bars

BARS = some_bars(5)
WANT = to_columns(BARS)
MS = WANT["time"].tolist()
BINANCE_DUMP = "".join(
    f"{row['open_ns'] // 10**6},{row['open']},{row['high']},{row['low']},{row['close']},{row['volume']},"
    f"{row['close_ns'] // 10**6 - 1},1.0,3,0.5,0.5,0\n"
    for row in BARS
)


def text(times: list, *, names: str = "time,open,high,low,close,volume", mark: str = ",") -> str:
    """Return a CSV of the bars with these times."""
    rows = [
        mark.join(str(value) for value in (time, *list(row.item())[2:])) for time, row in zip(times, BARS, strict=True)
    ]
    return "\n".join([names.replace(",", mark), *rows]) + "\n"


def written(folder: Path, content: str, name: str = "bars.csv") -> Path:
    """Write a text file."""
    path = folder / name
    path.write_text(content, "utf-8")
    return path


def same(columns) -> None:
    """Assert that columns are those of the bars."""
    for name in COLUMNS:
        np.testing.assert_array_equal(columns[name], WANT[name], name)


ISO = [f"2025-01-01T00:0{minute}:00" for minute in range(5)]


@pytest.mark.parametrize(
    "times",
    [
        MS,
        [ms // 1000 for ms in MS],
        [ms / 1000 for ms in MS],
        [ms * 1000 for ms in MS],
        [ms * 10**6 for ms in MS],
        ISO,
        [time.replace("T", " ") for time in ISO],
        [time + "Z" for time in ISO],
        [time + ".000" for time in ISO],
        [time.replace("T00", "T03") + "+03:00" for time in ISO],
        [time.removesuffix(":00").replace("T", " ") for time in ISO],
    ],
    ids=lambda times: str(times[0]),
)
def test_the_unit_of_a_time_is_found_out(tmp_path, times):
    """Numbers of four units, and text with a zone or without one, which is UTC."""
    same(read_foreign(written(tmp_path, text(times))))


def test_a_way_to_write_times_can_be_said(tmp_path):
    """Where days and months could be taken for each other."""
    times = [f"01.02.2025 00:0{minute}" for minute in range(5)]
    path = written(tmp_path, text(times))
    with pytest.raises(DataError, match=r"times like '01.02.2025 00:00' may mean several things") as told:
        read_foreign(path)
    assert "--time-format" in told.value.hint
    got = read_foreign(path, How(time_format="%d.%m.%Y %H:%M"))["time"]
    assert got[0] == MS[0] + 31 * 86_400_000
    with pytest.raises(DataError, match="not written like"):
        read_foreign(path, How(time_format="%Y"))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ([*MS[:3], MS[3] * 1000, MS[4] * 1000], "two units: row 0 has .* row 3 has"),
        ([*MS[:3], *ISO[3:]], "not every time is a number"),
        ([*ISO[:3], ISO[3] + "Z", ISO[4]], "may mean several things"),
        ([20250101 + n for n in range(5)], "no seconds, ms, us or ns"),
        ([45658 + n for n in range(5)], "no seconds, ms, us or ns"),
        ([*MS[:4], ""], "row 4: time is empty"),
        ([ms * 1000 + (n == 2) for n, ms in enumerate(MS)], "row 2: time .* no whole number of milliseconds"),
        ([*ISO[:4], ISO[4] + ".0005"], "row 4: a bar does not open within a millisecond"),
    ],
    ids=["two units", "text and numbers", "two zones", "yyyymmdd", "spreadsheet", "empty", "micro", "fraction"],
)
def test_times_that_may_mean_two_things_are_refused(tmp_path, times, message):
    """With what was found, and how to say what is meant."""
    with pytest.raises(DataError, match=message) as told:
        read_foreign(written(tmp_path, text(times)))
    assert told.value.hint


def test_a_unit_that_was_said_is_taken(tmp_path):
    """Also for times that no guess would accept; a wrong word is refused."""
    path = written(tmp_path, text([n * 60 for n in range(5)]))
    assert read_foreign(path, How(unit="s"))["time"].tolist() == [n * 60_000 for n in range(5)]
    with pytest.raises(UsageError, match="--unit minutes is none of s, ms, us, ns"):
        read_foreign(path, How(unit="minutes"))


@pytest.mark.parametrize(
    "names",
    [
        "Open Time,Open,High,Low,Close,Volume",
        "timestamp,o,h,l,c,v",
        "Date,open_price,high_price,low_price,close_price,base_volume",
        " unix , OPEN,HIGH ,low,close,vol",
    ],
)
def test_usual_names_of_columns_are_known(tmp_path, names):
    """In any spelling; quotes and spaces do not matter."""
    same(read_foreign(written(tmp_path, text(MS, names=names))))


def test_columns_can_be_named(tmp_path):
    """What is not known has to be said; what fits nothing is an error that lists what there is."""
    path = written(tmp_path, text(MS, names="when,a,b,x,d,e"))
    with pytest.raises(DataError, match="no column that is time") as told:
        read_foreign(path)
    assert "it has when, a, b, x, d, e" in told.value.hint
    same(read_foreign(path, How(dict(zip(COLUMNS, ["when", "a", "b", "x", "d", "e"], strict=True)))))
    with pytest.raises(UsageError, match="no column 'whom'"):
        read_foreign(path, How({"time": "whom"}))
    with pytest.raises(UsageError, match="--columns price=…"):
        read_foreign(path, How({"price": "a"}))


def test_two_columns_for_one_thing_are_refused(tmp_path):
    """Nobody guesses which volume is meant."""
    path = written(
        tmp_path,
        text(MS, names="time,open,high,low,Close,close").replace("\n", ",1\n").replace("close,1", "close,volume", 1),
    )
    with pytest.raises(DataError, match="'Close' and 'close' may both be close"):
        read_foreign(path)


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_any_usual_delimiter_is_found_out(tmp_path, mark):
    """And a first line of talk is passed over, and packed files are read as they are."""
    same(read_foreign(written(tmp_path, text(MS, mark=mark))))
    same(read_foreign(written(tmp_path, "https://www.example.com/data\n" + text(MS, mark=mark))))
    packed = tmp_path / "bars.csv.gz"
    packed.write_bytes(gzip.compress(text(MS, mark=mark).encode("utf-8-sig")))
    same(read_foreign(packed))


def test_where_the_comma_is_the_point_it_is_read_so(tmp_path):
    """Which only a file with semicolons can mean."""
    same(read_foreign(written(tmp_path, text(MS, mark=";").replace(".", ","))))


def test_a_venues_own_dump_without_names_is_read(tmp_path):
    """Twelve columns as Binance has them; columns can be said by their number."""
    same(read_foreign(written(tmp_path, BINANCE_DUMP)))
    assert read_foreign(written(tmp_path, BINANCE_DUMP), How({"volume": "8"}))["volume"].tolist() == [3.0] * 5


def test_freqtrades_feather_and_json_are_read(tmp_path):
    """And Parquet with timestamps, with or without a zone."""
    dates = np.array(MS, "datetime64[ms]")
    table = pa.table({"date": pa.array(dates).cast(pa.timestamp("ns", tz="UTC"))} | {n: WANT[n] for n in COLUMNS[1:]})
    pyarrow.feather.write_feather(table, tmp_path / "BTC_USDT-1m.feather")
    same(read_foreign(tmp_path / "BTC_USDT-1m.feather"))
    pq.write_table(table.set_column(0, "date", pa.array(dates)), tmp_path / "naive.parquet")
    same(read_foreign(tmp_path / "naive.parquet"))
    rows = [[ms, *list(row.item())[2:]] for ms, row in zip(MS, BARS, strict=True)]
    same(read_foreign(written(tmp_path, json.dumps(rows), "BTC_USDT-1m.json")))
    named = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    same(read_foreign(written(tmp_path, json.dumps(named), "named.json")))


def test_what_is_empty_or_no_number_is_told_apart(tmp_path):
    """An empty cell is NaN, for the checks to find; a word is an error."""
    close = str(BARS["close"][0])
    path = written(tmp_path, text(MS).replace(f",{close},", ",,", 1))
    assert np.isnan(read_foreign(path)["close"][0])
    with pytest.raises(DataError, match="column close holds what is no number"):
        read_foreign(written(tmp_path, text(MS).replace(f",{close},", ",n.a!,", 1)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.csv", None, "no such file"),
        ("empty.csv", "", "empty"),
        ("names.csv", "time,open,high,low,close,volume\n", "no bars in it"),
        ("ragged.csv", "time,open,high,low,close,volume\n1,2,3\n", "cannot be read"),
        ("twice.csv", "time,open,open,low,close,volume\n1,2,3,4,5,6\n", "two columns have the same name"),
        ("not.parquet", "PAR1", "cannot be read"),
        ("not.feather", "FEA1", "cannot be read"),
        ("not.json", '{"a": 1}', "not a JSON array of bars"),
        ("short.json", "[[1, 2, 3]]", "not every row has 6 numbers"),
        ("mixed.json", '[[1, 2, 3, 4, 5, 6], {"time": 1}]', "not every row has 6 numbers"),
        ("none.json", "[]", "no bars in it"),
        ("bars.xlsx", "x", "no kind of file that is known"),
        ("picture.csv", "\x00\x01\x02", "."),
    ],
)
def test_what_is_no_file_of_bars_is_refused(tmp_path, name, content, message):
    """Never a traceback, always a remedy."""
    path = tmp_path / name if content is None else written(tmp_path, content, name)
    with pytest.raises(DataError, match=message) as told:
        read_foreign(path)
    assert told.value.hint
    with pytest.raises(DataError, match="a folder"):
        read_foreign(tmp_path)


prices = st.floats(1e-8, 1e8, allow_nan=False).map(float)


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(
        st.tuples(prices, prices, st.floats(0, 1, allow_nan=False), st.floats(0, 1e12)), min_size=1, max_size=30
    ),
    skips=st.lists(st.integers(1, 500), min_size=30, max_size=30),
    ending=st.sampled_from([".csv", ".parquet", ".feather"]),
    iso=st.booleans(),
)
def test_what_is_exported_comes_back_bit_for_bit(tmp_path_factory, numbers, skips, ending, iso):
    """In every form, for any prices a market can have."""
    bars = some_bars(len(numbers))
    bars["open_ns"] = JAN_NS + np.cumsum(skips)[: len(numbers)] * MINUTE_NS
    bars["close_ns"] = bars["open_ns"] + MINUTE_NS
    for row, (start, end, reach, volume) in zip(bars, numbers, strict=True):
        row["open"], row["close"], row["volume"] = start, end, volume
        row["high"], row["low"] = max(start, end) * (1 + reach), min(start, end) * (1 - reach / 2)
    path = tmp_path_factory.mktemp("out") / f"bars{ending}"
    export(bars, path, iso=iso)
    got, want = read_foreign(path), to_columns(bars)
    assert all(got[name].tobytes() == want[name].tobytes() for name in COLUMNS)
    if ending == ".parquet":
        assert read_bars(path).bars["close"].tobytes() == bars["close"].tobytes()


@settings(max_examples=150, deadline=None)
@given(
    content=st.one_of(
        st.text(max_size=200),
        st.lists(st.lists(st.one_of(st.integers(), st.floats(), st.text(max_size=5)), max_size=8), max_size=6).map(
            lambda rows: "\n".join(",".join(map(str, row)) for row in rows)
        ),
    )
)
def test_no_text_whatever_makes_more_than_a_clear_error(tmp_path_factory, content):
    """Columns, or an error of ours."""
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_bytes(content.encode("utf-8", "replace"))
    with suppress(AlgobotError):
        assert set(read_foreign(path)) == set(COLUMNS)
