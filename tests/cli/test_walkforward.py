"""`algobot walkforward`: the table, the files, and mistakes told plainly."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from algobot.cli.walkforward import walkforward
from algobot.errors import AlgobotError
from tests.kernel.markets import random_bars


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a file of 100 days of random hourly bars."""
    bars = random_bars(2400, 3, step=0.01, span_ns=3600 * 10**9)
    path = tmp_path / "SOMEWHERE_BTC_USDT_1h.parquet"
    values = {name: np.ascontiguousarray(bars[name]) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"time": bars["open_ns"] // 1_000_000, **values}), path)
    return path


BASE = ("--strategy", "ma_crossover", "--train", "40d", "--test", "240", "-O", "fast=3,5", "-O", "slow=10,20")


def call(*words: object) -> Result:
    """Run the command; anything but its own errors is a failure of the test."""
    result = CliRunner().invoke(walkforward, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, AlgobotError | SystemExit):
        raise result.exception
    return result


def test_it_prints_each_window_and_a_verdict_and_writes_three_files(data, tmp_path):
    """The files agree with each other and with the table."""
    out = tmp_path / "out"
    result = call(*BASE, "--data", data, "--out", out, "--cpcv", "--groups", 6)
    assert result.exit_code == 0, result.output
    assert "ma_crossover on BTC/USDT, walked forward" in result.output
    assert "5 paths from 15 splits, 4 trials" in result.output
    assert "of 6 windows earned something" in " ".join(result.output.split())
    told = json.loads((out / "walkforward.json").read_text())
    windows = list(csv.DictReader((out / "windows.csv").read_text().splitlines()))
    equity = list(csv.DictReader((out / "equity.csv").read_text().splitlines()))
    assert len(windows) == len(told["steps"]) == 6
    assert [float(row["outside_return"]) for row in windows] == [
        step["outside"]["return_fraction"] for step in told["steps"]
    ]
    assert len(equity) == told["outside"]["bars"] == 6 * 240
    assert float(equity[-1]["equity"]) == pytest.approx(10_000 * (1 + told["outside"]["return_fraction"]))
    assert told["cross_validation"]["paths"] == 5
    assert 0 <= told["cross_validation"]["overfitting"]["probability"] <= 1


def test_json_prints_the_same_as_the_file(data, tmp_path):
    """One object on stdout, nothing else; fixed parameters stay fixed."""
    out = tmp_path / "out"
    result = call(*BASE, "--data", data, "--out", out, "--json", "-p", "stop_atr=2", "--anchored", "--purge", "1d")
    told = json.loads(result.stdout)
    assert told == json.loads((out / "walkforward.json").read_text())
    assert {step["params"]["stop_atr"] for step in told["steps"]} == {2.0}
    first = told["steps"][0]
    assert first["outside"]["start_ns"] - first["inside"]["end_ns"] == 24 * 3600 * 10**9
    assert len({step["inside"]["start_ns"] for step in told["steps"]}) == 1


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("-O", "fast"), "-O 'fast' is not NAME=VALUES", "fast=5,8,13"),
        (("-O", "fats=1,2"), "no parameter 'fats'", "'fast'"),
        (("-O", "fast=x,2"), "fast: 'x' is not a whole number", "fast=5,8,13"),
        (("--cpcv", "--method", "tpe"), "tpe chooses by what it found", "grid or random"),
        (("-O", "fast=0,2"), "fast is 0", "from 1"),
        (("--train", "long"), "--train 'long' is no length", "90d"),
        (("--train", "900d"), "2400 bars are too few", "shorter windows"),
        (("--objective", "luck"), "no objective 'luck'", "sharpe"),
        (("--cpcv", "--groups", "600"), "splits", "groups"),
        (("--cpcv", "--blocks", "7"), "7 blocks", "even"),
    ],
)
def test_mistakes_are_told_with_the_value_and_a_remedy(data, words, message, hint):
    """An `AlgobotError` for the edge to tell, never anything else."""
    result = call(*BASE, "--data", data, "--no-files", *words)
    assert isinstance(result.exception, AlgobotError)
    assert message in result.exception.message
    assert hint in result.exception.hint


def test_nothing_to_search_is_a_mistake(data):
    """It says how to give values."""
    result = call("--strategy", "ma_crossover", "--data", data)
    assert isinstance(result.exception, AlgobotError)
    assert "nothing to search" in result.exception.message
