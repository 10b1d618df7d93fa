"""The bar library: what goes in comes out, whole files only, one writer."""

from __future__ import annotations

import os

import numpy as np
import pytest

from algobot.errors import DataError, UsageError
from algobot.market import keys
from algobot.market.keys import Key
from algobot.market.library import Library, resolve
from algobot.market.store import read_bars
from algobot.market.writing import Added, open_writer
from tests.market.bars import HOUR_NS, JAN_NS, MINUTE_NS, some_bars

BTC = Key("binance", "BTC/USDT", "1m")
DAY = 1440


@pytest.fixture
def library(tmp_path) -> Library:
    """An empty library."""
    return Library(tmp_path / "bars")


def filled(library: Library, key: Key, bars) -> Added:
    """Add bars to a library."""
    with open_writer(library, key) as writer:
        return writer.add(bars)


def test_what_goes_in_comes_out_bit_for_bit(library):
    """Over the ends of months, in one array that the engine takes as it is."""
    bars = some_bars(40 * DAY, without=(7, 8, 50_000))
    assert filled(library, BTC, bars) == Added(len(bars), 0, 0)
    series = library.read("binance", "BTC/USDT", "1m")
    assert (series.symbol, series.span_ns) == ("BTC/USDT", MINUTE_NS)
    assert series.bars.tobytes() == bars.tobytes()
    assert [path.name for path in library.files(BTC)] == ["2025-01.parquet", "2025-02.parquet"]
    assert (
        read_bars(library.files(BTC)[1]).bars.tobytes()
        == bars[bars["open_ns"] >= JAN_NS + 31 * DAY * MINUTE_NS].tobytes()
    )


def test_longer_bars_lie_in_files_of_a_year_and_seconds_in_files_of_a_day(library):
    """A month of daily bars would be a file of thirty rows, one of seconds of millions."""
    filled(library, Key("binance", "BTC/USDT", "4h"), some_bars(4000, span_ns=4 * HOUR_NS))
    assert [path.stem for path in library.files(Key("binance", "BTC/USDT", "4h"))] == ["2025", "2026"]
    seconds = Key("binance", "BTC/USDT", "1s")
    filled(library, seconds, some_bars(86_401, span_ns=10**9))
    assert [path.stem for path in library.files(seconds)] == ["2025-01-01", "2025-01-02"]
    assert len(library.read(*seconds, JAN_NS + 86_390 * 10**9).bars) == 11


@pytest.mark.parametrize("start", [0, 1, MINUTE_NS, 31 * DAY * MINUTE_NS - 1, 31 * DAY * MINUTE_NS])
@pytest.mark.parametrize("length", [MINUTE_NS, DAY * MINUTE_NS, 1 << 61])
def test_a_part_of_the_time_can_be_asked_for(library, start, length):
    """From the first nanosecond asked for, up to but not including the last, whichever files that touches."""
    bars = some_bars(40 * DAY)
    filled(library, BTC, bars)
    got = library.read(*BTC, JAN_NS + start, JAN_NS + start + length).bars
    opens = bars["open_ns"]
    assert got.tobytes() == bars[(opens >= JAN_NS + start) & (opens < JAN_NS + start + length)].tobytes()


def test_bars_are_added_between_those_that_are_there(library):
    """In any order; the files are the same bytes as if all had come at once."""
    bars = some_bars(40 * DAY)
    filled(library, BTC, bars[1000:2000])
    assert filled(library, BTC, bars[500:1500]) == Added(500, 500, 0)
    assert filled(library, BTC, bars) == Added(len(bars) - 1500, 1500, 0)
    other = Library(library.root.parent / "other")
    filled(other, BTC, bars)
    assert [path.read_bytes() for path in library.files(BTC)] == [path.read_bytes() for path in other.files(BTC)]


def test_other_numbers_for_a_bar_that_is_there_are_refused_unless_they_are_to_replace_it(library):
    """A closed bar does not change by accident."""
    bars = some_bars(100)
    filled(library, BTC, bars)
    mended = bars.copy()
    mended["volume"][7] = 12.0
    with pytest.raises(DataError, match="1 bars are in the library with other numbers, first at 2025-01-01T00:07:00"):
        filled(library, BTC, mended)
    assert library.read(*BTC).bars.tobytes() == bars.tobytes()
    with open_writer(library, BTC) as writer:
        assert writer.add(mended, replace=True) == Added(0, 99, 1)
    assert library.read(*BTC).bars.tobytes() == mended.tobytes()


def test_what_is_no_bar_or_off_the_grid_never_gets_in(library):
    """The library holds nothing that it would not read."""
    bars = some_bars(10)
    bars["high"][3] = 0.5
    with pytest.raises(DataError, match=r"row 3: high 0\.5 is below"):
        filled(library, BTC, bars)
    filled(library, BTC, some_bars(10))
    with pytest.raises(DataError, match="not on the grid of 1m bars"):
        filled(library, BTC, some_bars(10, start_ns=JAN_NS + HOUR_NS + 10**9))
    assert len(library.read(*BTC).bars) == 10


def test_two_writers_of_one_series_do_not_meet(library):
    """The second is told; another series is free."""
    with open_writer(library, BTC):
        with pytest.raises(DataError, match="another process is writing it"), open_writer(library, BTC):
            pass
        with open_writer(library, BTC._replace(symbol="ETH/USDT")):
            pass
    with open_writer(library, BTC):
        pass


def test_a_writer_sweeps_up_after_one_that_died(library):
    """Half a file beside its place is not read and does not stay."""
    filled(library, BTC, some_bars(10))
    half = library.root / BTC.folder / "2025-02.parquet.123.tmp"
    half.write_bytes(b"PAR1")
    assert len(library.read(*BTC).bars) == 10
    with open_writer(library, BTC):
        assert not half.exists()


def test_a_write_that_fails_leaves_what_was_there(library, monkeypatch):
    """Whole or not at all."""
    filled(library, BTC, some_bars(10))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        filled(library, BTC, some_bars(20))
    assert len(library.read(*BTC).bars) == 10
    assert not list((library.root / BTC.folder).glob("*.tmp"))


def test_the_library_says_what_it_holds(library):
    """Bars, span, what lacks, and what of it the venue does not have either."""
    filled(library, BTC, some_bars(100, without=(5, 6, 7, 50)))
    with open_writer(library, BTC) as writer:
        writer.remember_gaps([(JAN_NS + 5 * MINUTE_NS, JAN_NS + 8 * MINUTE_NS)])
    perpetual = Key("binanceusdm", "BTC/USDT:USDT", "1h")
    filled(library, perpetual, some_bars(3, span_ns=HOUR_NS))
    assert library.keys() == [BTC, perpetual]
    held = library.holding(BTC)
    assert (held.bars, held.missing, held.known) == (96, 4, 3)
    assert (held.start_ns, held.end_ns) == (JAN_NS, JAN_NS + 100 * MINUTE_NS)


def test_bars_that_are_not_there_are_told_with_what_is(library):
    """And how to get them."""
    filled(library, BTC, some_bars(10))
    with pytest.raises(DataError, match="binance:BTC/USD:1m: not in the library") as told:
        library.read("binance", "BTC/USD", "1m")
    assert "there is binance:BTC/USDT:1m" in told.value.hint
    assert "algobot data fetch binance BTC/USD -t 1m" in told.value.hint
    with pytest.raises(DataError, match="no bars in the time asked for") as told:
        library.read(*BTC, JAN_NS + HOUR_NS)
    assert "2025-01-01T00:00:00 to 2025-01-01T00:09:00" in told.value.hint


def test_a_damaged_file_is_named(library):
    """Never a number from it."""
    filled(library, BTC, some_bars(40 * DAY))
    first, second = library.files(BTC)
    content = second.read_bytes()
    second.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match=r"2025-02.parquet: not a readable Parquet file"):
        library.read(*BTC)
    second.write_bytes(first.read_bytes())
    with pytest.raises(DataError, match=r"2025-02.parquet: begins before the file above it ends"):
        library.read(*BTC)


def test_a_person_names_a_file_or_bars_of_the_library(library, tmp_path):
    """What follows --data; a file of that very name wins."""
    bars = some_bars(10)
    filled(library, BTC, bars)
    assert resolve("binance:BTC/USDT:1m", library).bars.tobytes() == bars.tobytes()
    assert resolve("binance:BTC/USDT:1m", library, symbol="X").symbol == "X"
    path = library.files(BTC)[0]
    assert len(resolve(str(path), library, start_ns=JAN_NS + 4 * MINUTE_NS).bars) == 6
    with pytest.raises(DataError, match="a folder, not a file"):
        resolve(str(tmp_path), library)
    with pytest.raises(DataError, match="no such file"):
        resolve("BTC/USDT", library)
    with pytest.raises(UsageError, match="timeframe '1x'"):
        resolve("binance:BTC/USDT:1x", library)


@pytest.mark.parametrize(
    "symbol",
    ["BTC/USDT", "BTC/USDT:USDT", "BTC/USD:BTC-251226-60000-C", "XYZ-AAPL/USDC:USDC", "AAPL", "BRK.B", "币安人生/USDT"],
)
def test_a_folder_tells_its_symbol(symbol):
    """And back."""
    key = keys.key("some-venue.x", symbol, "15m")
    assert keys.of_folder(key.folder) == key
    assert keys.parse(str(key)) == key
    assert len(key.folder.parts) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "BTC/USDT",
        "binance:BTC/USDT",
        "Binance:BTC/USDT:1h",
        "b:../../x:1h",
        "b:/x:1h",
        "b:a/b/c:1h",
        "b:A_B:1h",
        "..:BTC/USDT:1h",
        "b:BTC/USDT:1w",
        "b:BTC/USDT:0m",
        "b:..:1h",
    ],
)
def test_what_cannot_be_a_folder_is_no_key(text):
    """Nothing a person types leaves the library's root."""
    with pytest.raises(UsageError):
        keys.parse(text)


def test_a_month_ends_where_the_calendar_says(library):
    """Also before a leap day, also for the last bar of a year."""
    start = int(np.datetime64("2023-12-31T23:58", "ns").astype(np.int64))
    filled(library, BTC, some_bars(4, start_ns=start))
    assert [path.stem for path in library.files(BTC)] == ["2023-12", "2024-01"]
    assert len(library.read(*BTC, start + MINUTE_NS, start + 3 * MINUTE_NS).bars) == 2
