"""Bars from others' files into the library: however they are written, the same bars, or nothing."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import AlgobotError, DataError, UsageError
from algobot.market.foreign import How
from algobot.market.importing import Said, import_file
from algobot.market.library import Library
from tests.market.bars import JAN_NS, MINUTE_NS, some_bars

NOW = JAN_NS + 365 * 86_400 * 10**9
PER = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
BTC = Said("binance", "BTC/USDT")


def lines(bars, per: int = 10**6) -> list[str]:
    """Return the rows of a CSV."""
    return [",".join(str(value) for value in (row["open_ns"] // per, *list(row.item())[2:])) for row in bars]


@settings(max_examples=60, deadline=None)
@given(
    without=st.sets(st.integers(0, 59), max_size=20),
    unit=st.sampled_from(list(PER)),
    seed=st.integers(0, 1000),
    again=st.lists(st.integers(0, 39), max_size=10),
    order=st.permutations(["time", "open", "high", "low", "close", "volume", "extra"]),
)
def test_order_repeats_units_and_columns_do_not_matter(tmp_path_factory, without, unit, seed, again, order):
    """Shuffled rows, some of them twice, columns in any order, times of any unit: the same bars."""
    folder = tmp_path_factory.mktemp("import")
    bars = some_bars(60, without=tuple(without))
    rows = lines(bars, PER[unit])
    rows += [rows[number % len(rows)] for number in again]
    random.Random(seed).shuffle(rows)
    at = {name: number for number, name in enumerate(["time", "open", "high", "low", "close", "volume"])}
    table = [",".join([*row.split(","), "9"][at.get(name, 6)] for name in order) for row in rows]
    path = folder / "bars.csv"
    path.write_text("\n".join([",".join(order), *table]) + "\n")
    library = Library(folder / "bars")
    done = import_file(library, path, BTC._replace(timeframe="1m"), How(), now_ns=NOW)
    assert done.added.new == len(bars)
    assert library.read("binance", "BTC/USDT", "1m").bars.tobytes() == bars.tobytes()
    assert import_file(library, path, BTC._replace(timeframe="1m"), How(), now_ns=NOW).added == (0, len(bars), 0)


@settings(max_examples=40, deadline=None)
@given(row=st.integers(0, 29), column=st.integers(1, 5), value=st.sampled_from(["", "nan", "-1", "inf", "x"]))
def test_one_wrong_cell_refuses_the_whole_file(tmp_path_factory, row, column, value):
    """With its row; or, with repair, without that row only."""
    folder = tmp_path_factory.mktemp("import")
    rows = [line.split(",") for line in lines(some_bars(30))]
    rows[row][column] = value
    path = folder / "bars.csv"
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(map(",".join, rows)) + "\n")
    library = Library(folder / "bars")
    with pytest.raises(DataError):
        import_file(library, path, BTC, How(), now_ns=NOW)
    assert library.keys() == []
    if value == "x":
        return  # a word is no number, and no row's fault
    done = import_file(library, path, BTC, How(), now_ns=NOW, repair=True)
    assert (done.added.new, [change.rows for change in done.changes]) == (29, [1])
    assert library.read("binance", "BTC/USDT", "1m").bars.tobytes() == some_bars(30, without=(row,)).tobytes()


def test_the_bar_that_still_grows_is_left_out(tmp_path):
    """As every download of a person ends with one."""
    now_ns = time.time_ns()
    bars = some_bars(10, start_ns=(now_ns // MINUTE_NS - 9) * MINUTE_NS)
    path = tmp_path / "bars.csv"
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(lines(bars)) + "\n")
    done = import_file(Library(tmp_path), path, BTC, How(), now_ns=now_ns)
    assert (done.added.new, done.changes) == (9, [("dropped: not over yet", 1)])


@pytest.mark.parametrize(
    ("name", "said", "key"),
    [
        ("BINANCE_BTC_USDT_1m.csv", Said(), "binance:BTC/USDT:1m"),
        ("BINANCE_BTC_USDT_1m.csv", Said("x", "A/B"), "x:A/B:1m"),
        ("ETH_BTC-1m.csv", Said("okx"), "okx:ETH/BTC:1m"),
        ("ETH_USDT_USDT-1m-futures.csv", Said("okx"), "okx:ETH/USDT:USDT:1m"),
        ("some.bars.csv", Said("x", "AAPL"), "x:AAPL:1m"),
    ],
)
def test_a_name_says_what_nobody_else_says(tmp_path, name, said, key):
    """What a person says counts more."""
    path = tmp_path / name
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(lines(some_bars(5))) + "\n")
    assert str(import_file(Library(tmp_path), path, said, How(), now_ns=NOW).key) == key


def test_one_bar_does_not_say_how_long_it_is(tmp_path):
    """And no bar at all is nothing."""
    path = tmp_path / "one.csv"
    path.write_text("time,open,high,low,close,volume\n" + lines(some_bars(1))[0] + "\n")
    with pytest.raises(UsageError, match="how long its bars are is not known"):
        import_file(Library(tmp_path), path, BTC, How(), now_ns=NOW)
    assert import_file(Library(tmp_path), path, BTC._replace(timeframe="5m"), How(), now_ns=NOW).added.new == 1
    with pytest.raises(AlgobotError, match="no bar is left"):
        import_file(Library(tmp_path), path, BTC._replace(timeframe="1m"), How(), now_ns=JAN_NS)


def test_real_files_are_imported_whole(tmp_path, real_file):
    """A venue with gaps and one without, minutes and days."""
    for name, count in (("BINANCE_BTC_USDT_1d", 3068), ("BINANCE_BTC_USDT_1h", 73_500), ("COINDCX_DOGE_INR_4h", 999)):
        done = import_file(Library(tmp_path), real_file(name), Said(), How(), now_ns=time.time_ns())
        assert (done.added.new, done.changes) == (count, [])
