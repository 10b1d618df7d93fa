"""`algobot backtest`: the table, the files, and mistakes told plainly."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from algobot.cli.backtest import backtest
from algobot.errors import AlgobotError
from algobot.kernel.session import Session, Settings
from algobot.market.store import as_bar, read_bars
from algobot.research.report.stamps import iso
from algobot.strategies import registry
from tests.kernel.markets import random_bars
from tests.strategies.test_registry import MINE


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a file of random hourly bars."""
    bars = random_bars(2000, 3, step=0.01, span_ns=3600 * 10**9)
    path = tmp_path / "SOMEWHERE_BTC_USDT_1h.parquet"
    values = {name: np.ascontiguousarray(bars[name]) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"time": bars["open_ns"] // 1_000_000, **values}), path)
    return path


def table(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    return list(csv.DictReader(path.read_text().splitlines()))


def call(*words: object) -> Result:
    """Run the command; anything but its own errors is a failure of the test."""
    result = CliRunner().invoke(backtest, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, AlgobotError | SystemExit):
        raise result.exception
    return result


def test_it_prints_a_summary_and_writes_a_folder(data, tmp_path):
    """The summary names strategy and symbol; the files agree with each other."""
    out = tmp_path / "out"
    result = call("--strategy", "trend_following", "--data", data, "--out", out, "--allow-short", "--no-pictures")
    assert result.exit_code == 0, result.output
    assert "trend_following on BTC/USDT" in result.output
    tables = {"equity.csv", "fills.csv", "metrics.json", "orders.csv", "report.html", "run.json", "trades.csv"}
    assert {path.name for path in out.iterdir()} - {path.name for path in out.glob("*.png")} == tables
    metrics = json.loads((out / "metrics.json").read_text())
    trades = table(out / "trades.csv")
    equity = table(out / "equity.csv")
    fills = table(out / "fills.csv")
    closed = [row for row in trades if row["exit_time"]]
    assert metrics["trades"] == len(closed) > 10
    assert metrics["bars"] == len(equity) == 2000
    assert float(equity[-1]["equity"]) == metrics["end_equity"]
    assert sum(float(row["fee"]) for row in fills) == pytest.approx(metrics["fees"])
    assert {row["side"] for row in trades} == {"long", "short"}
    if not metrics["open_position"]:
        assert sum(float(row["profit"]) for row in trades) == pytest.approx(metrics["end_equity"] - 10_000)


def test_json_prints_the_same_metrics_as_the_file(data, tmp_path):
    """One object on stdout, nothing else."""
    out = tmp_path / "out"
    result = call(
        "--strategy",
        "ma_crossover",
        "--data",
        data,
        "--out",
        out,
        "--json",
        "-p",
        "fast=5",
        "-p",
        "slow=20",
        "--no-pictures",
    )
    assert json.loads(result.stdout) == json.loads((out / "metrics.json").read_text())
    assert json.loads(result.stdout)["params"]["fast"] == 5


def test_fills_csv_is_the_fills_of_a_paper_bot(data, tmp_path):
    """Times, sides, lots, prices, fees and tags of a session stepped over the same bars, warmed up to --from."""
    out = tmp_path / "out"
    bars = [as_bar(row) for row in read_bars(data).bars]
    since = iso(bars[500].close_ns)
    words = ("--fee", "0.0007", "--slippage", "0.0001", "--lot", "0.001", "--position", "0.4", "--capital", "5000")
    call(
        "--strategy",
        "trend_following",
        "--data",
        data,
        "--out",
        out,
        "--from",
        since,
        "--allow-short",
        *words,
        "--no-pictures",
    )
    session = Session(
        registry.load("trend_following"), {}, Settings(0.001, 0.0, 0.0007, 0.0007, 5000.0, 0.4, True, 0.0001, 1.0)
    )
    for bar in bars[:500]:
        session.warm(bar)
    expected = [
        ["BTC/USDT", iso(f.ts_ns), "buy" if f.side > 0 else "sell", str(f.lots), repr(f.price), repr(f.fee), "0", f.tag]
        for bar in bars[500:]
        for f in session.step(bar)
    ]
    assert [list(row.values()) for row in table(out / "fills.csv")] == expected
    assert len(expected) > 20


def test_two_files_share_one_account(data, tmp_path):
    """Both symbols appear; --symbol renames them."""
    result = call(
        "--strategy", "ma_crossover", "--data", data, "--data", data, "--symbol", "A", "--symbol", "B", "--no-files"
    )
    assert "ma_crossover on A, B" in result.output


def test_a_strategy_of_ones_own(data, tmp_path):
    """From --strategies-dir, with a parameter of each kind."""
    folder = tmp_path / "mine"
    folder.mkdir(mode=0o755)
    (folder / "mine.py").write_text(MINE)
    (folder / "mine.py").chmod(0o644)
    words = ("-p", "every=7", "-p", "share=0.25", "-p", "eager=yes", "--json", "--no-files")
    result = call("--strategy", "mine", "--strategies-dir", folder, "--data", data, *words)
    assert json.loads(result.stdout)["params"] == {"every": 7, "share": 0.25, "eager": True}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("--strategy", "nothing"), "no strategy named 'nothing'", "ma_crossover"),
        (("-p", "fats=5"), "no parameter 'fats'", "'fast'"),
        (("-p", "fast"), "-p 'fast' is not NAME=VALUE", "-p fast=10"),
        (("-p", "fast=x"), "parameter fast is 'x'", "a whole number"),
        (("-p", "fast=99", "-p", "slow=9"), "fast 99 is not below slow 9", ""),
        (("--from", "yesterday"), "--from 'yesterday' is not a time", "2025-07-01"),
        (("--from", "2099-01-01"), "no bar is left", ""),
        (("--to", "2001-01-01"), "no bars in the time asked for", "it has 2023"),
        (("--symbol", "A", "--symbol", "B"), "2 --symbol for 1 --data", "one for each"),
        (("--data", "gone.parquet"), "gone.parquet: no such file", "Parquet"),
    ],
)
def test_mistakes_are_told_with_the_value_and_a_remedy(data, words, message, hint):
    """An `AlgobotError` for the edge to tell, never anything else."""
    base = () if "--data" in words else ("--data", data)
    strategy = () if "--strategy" in words else ("--strategy", "ma_crossover")
    result = call(*strategy, *base, "--no-files", *words)
    assert isinstance(result.exception, AlgobotError)
    assert message in result.exception.message
    assert hint in result.exception.hint


@pytest.mark.parametrize("option", ["--capital", "--fee", "--slippage", "--lot", "--tick", "--position"])
@pytest.mark.parametrize("value", ["nan", "inf", "-1", "much"])
def test_numbers_that_are_none_are_refused(data, option, value):
    """A usage error that names the option."""
    result = call("--strategy", "ma_crossover", "--data", data, "--no-files", option, value)
    assert result.exit_code == 2
    assert option in result.output


def test_help_lists_the_strategies_there_are():
    """Each built-in one with what it does."""
    told = call("--help").stdout
    for name in registry.BUILT_IN:
        assert name in told
        assert registry.load(name).summary.split(";")[0][:30] in told


def test_real_bars_run_as_they_are(real_file):
    """Years of hourly bars of a real venue, gaps and all."""
    path = real_file("BINANCE_ETH_USDT_1h")
    result = call("--strategy", "trend_following", "--data", path, "--json", "--no-files", "--allow-short")
    metrics = json.loads(result.stdout)
    assert metrics["bars"] == 41_776
    assert metrics["trades"] > 100
