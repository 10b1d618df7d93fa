"""What is wrong in bars is found, counted and placed; what is mended is said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import DataError
from algobot.market.checks import Limits, findings, serious
from algobot.market.keys import Key
from algobot.market.library import Library
from algobot.market.loose import load
from algobot.market.mending import harmless, mend
from algobot.market.repair import repair_file, repair_key
from algobot.market.spans import Spans
from algobot.market.store import COLUMNS, Columns, check, read_bars, to_columns
from algobot.market.writing import open_writer, write_bars
from tests.market.bars import JAN_NS, MINUTE_NS, some_bars

NOW = JAN_NS + 10**9 * 86_400 * 30
LIMITS = Limits(MINUTE_NS, NOW)
BTC = Key("binance", "BTC/USDT", "1m")


def rows(count: int = 100, **more: tuple[int, ...]) -> Columns:
    """Return sound rows."""
    return {name: values.copy() for name, values in to_columns(some_bars(count, **more)).items()}


def taken(columns: Columns, numbers: list[int]) -> Columns:
    """Return some rows, in that order."""
    return {name: values[numbers] for name, values in columns.items()}


def kinds(columns: Columns, limits: Limits = LIMITS) -> dict[str, int]:
    """Return what is found, and how often."""
    return {one.kind: one.rows for one in findings(columns, limits)}


def test_sound_bars_have_only_what_is_worth_a_look() -> None:
    """Nothing wrong; bars without volume are told."""
    found = findings(rows(80), LIMITS._replace(sigmas=1000.0))
    assert [(one.kind, one.wrong, one.rows) for one in found] == [("zero volume", False, 1)]


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("close", np.nan, "impossible bar"),
        ("close", np.inf, "impossible bar"),
        ("open", 0.0, "impossible bar"),
        ("low", -1.0, "impossible bar"),
        ("high", 0.5, "impossible bar"),
        ("low", 1e9, "impossible bar"),
        ("volume", -1.0, "impossible bar"),
        ("volume", np.nan, "impossible bar"),
        ("time", 0, "time out of range"),
        ("time", JAN_NS, "time out of range"),
        ("time", NOW // 10**6, "not over yet"),
        ("time", NOW // 10**6 - 59_999, "not over yet"),
        ("time", JAN_NS // 10**6 + 50 * 60_000 + 1, "off the grid"),
    ],
)
def test_a_fault_is_found_once_and_named_with_its_row(column, value, kind):
    """Each kind by itself, at its row."""
    columns = rows()
    columns[column][50] = value
    found = {one.kind: one for one in findings(columns, LIMITS) if one.wrong}
    assert found[kind].rows == 1
    assert found[kind].first.startswith("row 50, ")


def test_a_bar_is_over_at_its_end() -> None:
    """Not one millisecond before."""
    columns = rows(1)
    columns["time"][0] = NOW // 10**6 - 60_000
    assert "not over yet" not in kinds(columns)


def test_disorder_and_duplicates_are_told_apart() -> None:
    """The same bar twice is harmless, another bar for the same time is not."""
    columns = taken(rows(), [0, 2, 1, 3, 3, 4, 4])
    columns["close"][6] += 0.25
    found = kinds(columns)
    assert (found["out of order"], found["duplicate"], found["contradicting duplicate"]) == (1, 1, 1)
    fault = serious(columns, LIMITS)
    assert fault is not None
    assert (fault.kind, fault.first.split(",")[0]) == ("contradicting duplicate", "row 6")
    assert serious(taken(columns, [0, 2, 1, 3, 4]), LIMITS) is None


def test_gaps_are_counted_and_those_of_the_venue_are_no_fault() -> None:
    """The longest is named; what the venue lacks is only told."""
    columns = rows(100, without=(10, 11, 50))
    assert kinds(columns)["missing bars"] == 3
    found = findings(columns, LIMITS)
    assert found[0].first == "2 gaps, the longest 2 bars from 2025-01-01T00:10:00"
    known = Spans([(JAN_NS + 10 * MINUTE_NS, JAN_NS + 12 * MINUTE_NS)])
    found = findings(columns, LIMITS._replace(known=known))
    told = {one.kind: (one.rows, one.wrong) for one in found}
    assert told["missing bars"] == (1, True)
    assert told["missing at the venue, too"] == (2, False)


def test_a_jump_and_a_wick_beyond_so_many_sigmas_are_worth_a_look() -> None:
    """Several at once do not hide each other, and a quiet market is held against its own quiet."""
    columns = rows(2000)
    steps = np.random.default_rng(1).normal(0, 0.001, 2000)
    columns["close"] = 100 * np.exp(np.cumsum(steps))
    columns["open"] = np.concatenate([[100.0], columns["close"][:-1]])
    columns["high"] = np.maximum(columns["open"], columns["close"])
    columns["low"] = np.minimum(columns["open"], columns["close"])
    assert "beyond 20 sigma" not in kinds(columns)
    for row in (500, 900, 1300):
        columns["high"][row] *= 1.5
    assert kinds(columns)["beyond 20 sigma"] == 3
    assert kinds(columns, LIMITS._replace(sigmas=1000.0)) == kinds(columns, LIMITS._replace(sigmas=2000.0))
    assert not any(one.wrong for one in findings(columns, LIMITS))


def test_no_rows_at_all_are_no_surprise() -> None:
    """Nothing to say about nothing, and all of them may be wrong."""
    assert findings(taken(rows(), []), LIMITS) == []
    columns = rows(3)
    columns["close"][:] = np.nan
    assert kinds(columns) == {"impossible bar": 3}


def test_mending_says_what_it_did_and_what_it_took_out() -> None:
    """In one order; of two bars for one time the one with more volume stays."""
    columns = taken(rows(), [0, 2, 1, 3, 3, 4, 4, 5, 6, 7])
    columns["volume"][6] += 5.0
    columns["close"][7] = np.nan
    columns["time"][8] += 500
    mended = mend(columns, LIMITS)
    assert {change.what: change.rows for change in mended.changes} == {
        "dropped: impossible": 1,
        "sorted: rows before the one above them": 1,
        "dropped: the same bar again": 1,
        "dropped: another bar of that time has more volume": 1,
        "dropped: off the grid": 1,
    }
    check("it", mended.columns)
    want = taken(rows(), [0, 1, 2, 3, 4, 7])
    want["volume"][4] += 5.0
    assert all(np.array_equal(mended.columns[name], want[name]) for name in COLUMNS)
    assert len(mended.dropped["time"]) == 4


def test_gaps_are_filled_flat_only_when_asked() -> None:
    """At the close before, without volume."""
    columns = rows(20, without=(5, 6, 12))
    assert len(mend(columns, LIMITS).columns["time"]) == 17
    mended = mend(columns, LIMITS, fill=True)
    assert [(change.what, change.rows) for change in mended.changes] == [("filled: flat bars without volume", 3)]
    whole = rows(20)
    got = mended.columns
    assert np.array_equal(got["time"], whole["time"])
    assert {got[name][5] for name in ("open", "high", "low", "close")} == {whole["close"][4]}
    assert {got[name][6] for name in ("open", "high", "low", "close")} == {whole["close"][4]}
    assert got["volume"][[5, 6, 12]].tolist() == [0, 0, 0]


wild = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.floats(1.0, 2.0))
wild_rows = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 30).map(lambda n: JAN_NS // 10**6 + n * 60_000), st.integers(-(2**40), 2**45)),
        wild,
        wild,
        wild,
        wild,
        wild,
    ),
    max_size=25,
)


@settings(max_examples=200, deadline=None)
@given(wild_rows, st.booleans())
def test_whatever_goes_in_only_bars_come_out_and_every_row_is_accounted_for(table, fill):
    """What is left passes the check of the store and has nothing wrong; mending it again changes nothing."""
    times = np.array([row[0] for row in table], np.int64)
    columns: Columns = {"time": times} | {
        name: np.array([row[at] for row in table], np.float64) for at, name in enumerate(COLUMNS) if at
    }
    with np.errstate(all="ignore"):
        mended = mend(columns, LIMITS, fill=fill and len(table) > 0 and times.max(initial=0) < NOW // 10**6)
        again = mend(mended.columns, LIMITS)
    filled = sum(change.rows for change in mended.changes if change.what.startswith("filled"))
    assert len(mended.columns["time"]) + len(mended.dropped["time"]) == len(table) + filled
    assert again.changes == []
    if len(mended.columns["time"]):
        check("it", mended.columns)
        left = {one.kind for one in findings(mended.columns, LIMITS) if one.wrong}
        assert left <= {"missing bars"}
    gentle = harmless(columns, LIMITS)
    assert len(gentle.columns["time"]) + len(gentle.dropped["time"]) == len(table)


def test_a_file_is_mended_in_place_and_what_was_there_is_kept(tmp_path):
    """The first original stays, also after a second repair; dropped rows lie beside it."""
    path = tmp_path / "BINANCE_BTC_USDT_1m.parquet"
    bars = some_bars(50)
    write_bars(path, bars)
    untouched = path.read_bytes()
    assert repair_file(path, now_ns=NOW).changes == []
    assert path.read_bytes() == untouched
    bars["close"][7] = -1.0
    write_bars(path, bars[::-1])
    broken = path.read_bytes()
    assert repair_file(path, now_ns=NOW, dry_run=True).bars == 49
    assert path.read_bytes() == broken
    done = repair_file(path, now_ns=NOW)
    assert [kept.name for kept in done.kept] == [path.name + ".bak", path.name + ".dropped.csv"]
    assert done.kept[0].read_bytes() == broken
    assert "-1" in done.kept[1].read_text()
    assert read_bars(path).bars.tobytes() == some_bars(50, without=(7,)).tobytes()
    repair_file(path, now_ns=NOW, fill=True)
    assert done.kept[0].read_bytes() == broken
    assert len(read_bars(path).bars) == 50


def test_what_cannot_be_mended_is_left_as_it_is(tmp_path):
    """No row is a bar, or it is no Parquet file."""
    path = tmp_path / "BINANCE_BTC_USDT_1m.parquet"
    bars = some_bars(5)
    bars["open"] = np.nan
    write_bars(path, bars)
    before = path.read_bytes()
    with pytest.raises(DataError, match="not one row can be a bar"):
        repair_file(path, now_ns=NOW)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob("*.bak"))
    with pytest.raises(DataError, match="only Parquet files"):
        repair_file(tmp_path / "x.csv", now_ns=NOW)


def test_a_damaged_library_is_mended_and_can_be_read(tmp_path):
    """A broken file is put aside, bars in the wrong month's file find theirs, the rest is kept bit for bit."""
    library, now_ns = Library(tmp_path), NOW + 10**9 * 86_400 * 365
    bars = some_bars(70 * 1440)
    with open_writer(library, BTC) as writer:
        writer.add(bars)
    january, february, march = library.files(BTC)
    january.write_bytes(january.read_bytes()[:-100])
    march.write_bytes(february.read_bytes())
    with pytest.raises(DataError):
        library.read(*BTC)
    done = repair_key(str(BTC), library, now_ns=now_ns)
    assert {change.what for change in done.changes} == {
        "put aside: a file that cannot be read",
        "sorted: rows before the one above them",
        "dropped: the same bar again",
    }
    opens = bars["open_ns"]
    want = bars[(opens >= JAN_NS + 31 * 1440 * MINUTE_NS) & (opens < JAN_NS + 59 * 1440 * MINUTE_NS)]
    assert library.read(*BTC).bars.tobytes() == want.tobytes()
    assert sorted(path.name for path in done.kept) == ["1m.dropped.csv", "2025-01.parquet.bak", "2025-03.parquet.bak"]
    assert repair_key(str(BTC), library, now_ns=now_ns).changes == []


def test_one_time_of_another_unit_is_a_fault_of_its_row(tmp_path):
    """Of a file of ours; nobody refuses to look at the other rows."""
    path = tmp_path / "BINANCE_BTC_USDT_1m.parquet"
    bars = some_bars(50)
    bars["open_ns"][20] //= 1000
    write_bars(path, bars)
    loose = load(str(path), Library(tmp_path))
    found = findings(loose.columns, LIMITS)
    assert (found[0].kind, found[0].rows, found[0].first[:8]) == ("time out of range", 1, "row 20, ")
    assert repair_file(path, now_ns=NOW).bars == 49
