"""A run's folder: complete, read back equal, and honest about what is damaged."""

from __future__ import annotations

import csv
import json
import math
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.errors import DataError, NotFound
from algobot.research.metrics import Assumptions
from algobot.research.orders import OrderRow
from algobot.research.report import files, html, tables
from algobot.research.report.record import Run, cautions, run_of
from algobot.research.report.stamps import from_iso, iso, isos
from tests.research.runs import a_file, a_run, renamed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a run of two symbols, written down."""
    root = tmp_path_factory.mktemp("run")
    paths = a_file(root, "X_BTC_USDT_1h"), a_file(root, "X_ETH_USDT_1h", bars=1500, seed=4)
    run, outcome = a_run(*paths, assumed=Assumptions(0.02, 7, None, 0.3), ambiguous=12, funding=-3.5)
    files.prepare(root / "run")
    files.write(root / "run", run, outcome)
    return root / "run"


def rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_reads_back_as_it_was(tmp_path):
    """Record, metrics, curves to the bit, trades to the millisecond."""
    path = a_file(tmp_path)
    run, outcome = a_run(path)
    files.prepare(tmp_path / "run")
    files.write(tmp_path / "run", run, outcome)
    back = files.read(tmp_path / "run")
    assert (back.record, back.metrics) == (run.record, run.metrics)
    for ours, theirs in zip(back[2:6], run[2:6], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(back.trades) == len(run.trades) > 20
    for (symbol, trip), (name, other) in zip(back.trades, run.trades, strict=True):
        assert symbol == name
        assert trip[:10] == other[:10]
        assert trip[10:] == pytest.approx(other[10:], rel=1e-9)


def test_a_symbol_without_a_bar_reads_back_as_nothing(folder):
    """Two symbols of different length: the closes of the shorter are empty, not zero and not the text nan."""
    run = files.read(folder)
    assert np.isnan(run.closes).any()
    assert "nan" not in (folder / "equity.csv").read_text()
    assert not np.isnan(run.hold).any()


def test_the_page_made_from_the_files_is_the_page_made_from_the_run(tmp_path):
    """Nothing that the page shows is missing from the folder."""
    run, outcome = a_run(a_file(tmp_path))
    files.prepare(tmp_path / "run")
    files.write(tmp_path / "run", run, outcome)
    assert html.page(files.read(tmp_path / "run")) == html.page(run)


def test_the_record_says_how_to_run_it_again(folder):
    """Version, strategy with its source, data with its hash, every setting and assumption."""
    record = json.loads((folder / "run.json").read_text())
    assert record["schema_version"] == 1
    assert record["strategy"] == "ma_crossover"
    assert "source" in record["layout"]
    assert record["params"] == {"fast": 20, "slow": 50, "stop_atr": 0.0, "target_atr": 0.0, "atr_period": 14}
    assert record["settings"]["taker_fee"] == 0.001
    assert (record["assumptions"]["trials"], record["assumptions"]["tax_fraction"]) == (7, 0.3)
    assert [file["symbol"] for file in record["data"]] == ["BTC/USDT", "ETH/USDT"]
    assert all(len(file["sha256"]) == 64 and Path(file["path"]).is_file() for file in record["data"])
    assert record["warnings"][0].startswith("12 bars (0.60%) were ambiguous")
    assert record["warnings"][1] == "funding paid: 3.50; equity has it, the trades' profits do not"


def test_the_tables_agree_with_each_other(folder):
    """Every fill is an order's; fees of trades are those of fills; the curve ends where the metrics do."""
    metrics = json.loads((folder / "metrics.json").read_text())
    trades, fills, orders = (rows(folder / f"{name}.csv") for name in ("trades", "fills", "orders"))
    equity = rows(folder / "equity.csv")
    assert [row["filled_lots"] for row in orders] == [row["lots"] for row in fills]
    assert sum(float(row["fees"]) for row in trades) == pytest.approx(sum(float(row["fee"]) for row in fills))
    assert metrics["trades"] == sum(bool(row["exit_time"]) for row in trades)
    assert float(equity[-1]["equity"]) == metrics["end_equity"]
    assert min(float(row["drawdown"]) for row in equity) == pytest.approx(-metrics["max_drawdown_fraction"], abs=1e-6)
    assert [row["entry_time"] for row in trades] == sorted(row["entry_time"] for row in trades)
    assert {row["symbol"] for row in trades} == {"BTC/USDT", "ETH/USDT"}


@pytest.mark.parametrize("text", ["=1+1", "+A1", "-2", "@x", "a,b", 'a"b', "\tx"])
def test_text_from_outside_is_no_formula_and_reads_back(tmp_path, text):
    """A tag of somebody's strategy in a spreadsheet is text, whatever it looks like."""
    run, outcome = a_run(a_file(tmp_path))
    outcome = renamed(outcome, text)
    files.prepare(tmp_path / "run")
    files.write(tmp_path / "run", run_of(outcome, run.record), outcome)
    for name, column in (("trades", "entry_tag"), ("fills", "tag"), ("orders", "tag")):
        cell = rows(tmp_path / "run" / f"{name}.csv")[0][column]
        assert cell.lstrip("'") == text
        assert cell[0] not in "=+-@\t"
    assert files.read(tmp_path / "run").trades[0][1].entry_tag == text


def test_orders_are_written_as_they_are_given(tmp_path):
    """A refused one, a resting one, one that is filled in part."""
    some = [
        OrderRow("A", 10**18, "limit", 1, 5, 99.5, "entry", "rejected", 0, 0.0, 10**18, "no cash"),
        OrderRow("A", 2 * 10**18, "market", -1, 5, 0.0, "exit", "filled", 3, 98.25, 2 * 10**18),
    ]
    tables.write_orders(tmp_path / "orders.csv", some)
    one, two = rows(tmp_path / "orders.csv")
    assert (one["price"], one["status"], one["average_price"], one["reason"]) == ("99.5", "rejected", "", "no cash")
    assert (two["side"], two["price"], two["filled_lots"], two["average_price"]) == ("sell", "", "3", "98.25")


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 4_102_444_800_000), max_size=30))
def test_many_times_are_written_like_one(ms):
    """Any times to the millisecond, in any order, 0 for none; and they read back."""
    ns = [one * 1_000_000 for one in ms]
    assert isos(ns) == [iso(one) for one in ns]
    assert [from_iso(word) for word in isos(ns)] == ns


def test_a_folder_of_ones_own_each_time(tmp_path):
    """The second of the same name gets a number, and nothing is overwritten."""
    made = [files.claim(tmp_path / "results", "x") for _ in range(3)]
    assert [path.name for path in made] == ["x", "x-2", "x-3"]
    assert all(path.is_dir() for path in made)


def test_what_an_earlier_run_left_is_gone_and_other_files_stay(folder, tmp_path):
    """No picture of one run beside the tables of another."""
    shutil.copytree(folder, tmp_path / "run")
    for name in ("price.png", "report.html", "notes.txt"):
        (tmp_path / "run" / name).write_text("mine")
    files.prepare(tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_run_is_found_by_path_by_name_and_as_the_last(folder, tmp_path):
    """And a name that is nearly right is asked about."""
    root = tmp_path / "results"
    for name in ("first-run", "second-run"):
        shutil.copytree(folder, root / name)
    (root / "first-run" / "run.json").touch()
    assert files.find(str(root / "first-run"), root) == root / "first-run"
    assert files.find("second-run", root) == root / "second-run"
    assert files.find("", root).name == "first-run"
    with pytest.raises(NotFound) as told:
        files.find("secnd-run", root)
    assert "second-run" in told.value.hint
    with pytest.raises(NotFound, match="holds no run"):
        files.find(str(tmp_path), root)
    with pytest.raises(NotFound, match="there is no run in"):
        files.find("", tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("name", "spoil", "message"),
    [
        ("metrics.json", lambda text: text[:-20], "metrics.json: damaged"),
        ("metrics.json", lambda text: text.replace('"sharpe"', '"blunt"'), "sharpe"),
        ("run.json", lambda text: text.replace('"schema_version": 1', '"schema_version": 99'), "schema version 99"),
        ("run.json", lambda _: "[]", "run.json: damaged"),
        ("trades.csv", lambda text: text.replace("entry_price", "price", 1), "no column 'entry_price'"),
        ("trades.csv", lambda text: text.replace("long", "wide"), "trades.csv: damaged"),
        ("trades.csv", lambda text: "\n".join(text.splitlines()[:-3]) + "\n", "not of one run"),
        ("equity.csv", lambda text: "\n".join(text.splitlines()[:-1]) + "\n", "not of one run"),
        ("equity.csv", lambda text: text.replace("equity", "wealth", 1), "no column"),
        ("equity.csv", lambda text: text[: len(text) // 2] + "x,y\n", "equity.csv: damaged"),
        ("equity.csv", lambda _: "", "equity.csv: damaged"),
    ],
)
def test_a_damaged_file_is_named(folder, tmp_path, name, spoil, message):
    """A `DataError` that says which file and what to do."""
    shutil.copytree(folder, tmp_path / "run")
    path = tmp_path / "run" / name
    path.write_text(spoil(path.read_text()))
    with pytest.raises(DataError) as told:
        files.read(tmp_path / "run")
    assert message in told.value.message
    assert told.value.hint


@pytest.mark.parametrize("name", ["metrics.json", "trades.csv", "equity.csv"])
def test_a_missing_file_is_named(folder, tmp_path, name):
    """It was there once."""
    shutil.copytree(folder, tmp_path / "run")
    (tmp_path / "run" / name).unlink()
    with pytest.raises(DataError, match=f"{name}: the file is gone"):
        files.read(tmp_path / "run")


def test_what_should_make_one_doubt_is_said(tmp_path):
    """Few trades, few days, no fees, holes, a lost account; and nothing of it where there is no reason."""
    run, _ = a_run(a_file(tmp_path))
    m, data = run.metrics, run.record.data
    fees = {"taker_fee": 0.001}
    fine = msgspec.structs.replace(m, trades=100, days=400.0, open_position=False)
    assert cautions(fine, data, fees) == []
    assert "only 5 closed trades" in cautions(msgspec.structs.replace(fine, trades=5), data, fees)[0]
    assert "only 20 days" in cautions(msgspec.structs.replace(fine, days=20.0), data, fees)[0]
    assert "still open" in cautions(msgspec.structs.replace(fine, open_position=True), data, fees)[0]
    assert "was lost" in cautions(msgspec.structs.replace(fine, max_drawdown_fraction=1.0), data, fees)[0]
    assert "refunded" in cautions(msgspec.structs.replace(fine, tds=5.0, tax=4.0), data, fees)[0]
    assert cautions(fine, data, {}) == ["no fees were assumed"]
    holes = [msgspec.structs.replace(data[0], missing_bars=1234)]
    assert cautions(fine, holes, fees) == ["BTC/USDT: 1,234 bars are missing from the data"]


def test_a_run_that_never_traded_is_written_and_read(tmp_path):
    """Empty tables are tables."""
    run, outcome = a_run(a_file(tmp_path, bars=30))
    assert run.metrics.trades == 0
    files.prepare(tmp_path / "run")
    files.write(tmp_path / "run", run, outcome)
    back: Run = files.read(tmp_path / "run")
    assert back.trades == []
    assert math.isclose(back.equity[-1], 10_000.0)
    assert "It never traded." in html.page(back)
