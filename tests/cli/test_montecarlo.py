"""`algobot montecarlo`: from a finished run's folder; the table, the file, and mistakes told plainly."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from algobot.cli.backtest import backtest
from algobot.cli.montecarlo import montecarlo
from algobot.cli.walkforward import walkforward
from algobot.errors import AlgobotError
from tests.kernel.markets import random_bars

QUICK = ("--runs", 50, "--bar-runs", 4)


def write_bars(path: Path, seed: int) -> None:
    """Write random hourly bars."""
    bars = random_bars(1500, seed, step=0.01, span_ns=3600 * 10**9)
    values = {name: np.ascontiguousarray(bars[name]) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"time": bars["open_ns"] // 1_000_000, **values}), path)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Return the folder of a finished backtest."""
    data, folder = tmp_path / "SOMEWHERE_BTC_USDT_1h.parquet", tmp_path / "run"
    write_bars(data, 3)
    words = ("--strategy", "trend_following", "--data", data, "--allow-short", "--no-pictures", "--out", folder)
    done = CliRunner().invoke(backtest, [*map(str, words), "--from", "2023-11-20"])
    assert done.exit_code == 0, done.output
    return folder


def call(*words: object) -> Result:
    """Run the command; anything but its own errors is a failure of the test."""
    result = CliRunner().invoke(montecarlo, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, AlgobotError | SystemExit):
        raise result.exception
    return result


def test_it_plays_a_run_again_in_three_ways_and_writes_the_numbers_down(run):
    """A table for each way; the file has them all, and what the run itself was on the same measure."""
    result = call(run, *QUICK)
    assert result.exit_code == 0, result.output
    for title in ("trades in another order, 50 times", "in other blocks of about", "a little off, 4 times"):
        assert title in result.output
    assert "the strategy or the engine is another" not in result.output
    told = json.loads((run / "montecarlo.json").read_text())
    shuffle, bootstrap, bars = told["spreads"]
    metrics = json.loads((run / "metrics.json").read_text())
    assert [one["method"] for one in told["spreads"]] == ["shuffle", "bootstrap", "bars"]
    assert shuffle["steps"] == metrics["trades"]
    for one in (bootstrap, bars):
        assert one["was"]["return_fraction"] == pytest.approx(metrics["return_fraction"])
        assert one["was"]["max_drawdown_fraction"] == pytest.approx(metrics["max_drawdown_fraction"])
        assert one["was"]["sharpe"] == pytest.approx(metrics["sharpe"])
    assert bars["return_quantiles"]["0.05"] < bars["return_quantiles"]["0.95"]


def test_json_is_the_file_and_a_seed_gives_the_same_again(run):
    """One object on stdout, nothing else; only what was asked for."""
    words = (run, "--method", "bootstrap", "--block", "2d", *QUICK, "--json")
    first = call(*words, "--seed", 5)
    assert json.loads(first.stdout) == json.loads((run / "montecarlo.json").read_text())
    assert json.loads(first.stdout)["spreads"][0]["block"] == 48
    assert call(*words, "--seed", 5).stdout == first.stdout
    assert call(*words, "--seed", 6).stdout != first.stdout


def test_what_a_walk_forward_earned_out_of_sample_can_be_put_together_otherwise(tmp_path):
    """Its returns as they were; its trades are of many sets of parameters, so nothing else is possible."""
    data, folder = tmp_path / "bars.parquet", tmp_path / "walk"
    write_bars(data, 3)
    words = ("--strategy", "ma_crossover", "--data", data, "-O", "fast=3,5", "--train", "20d", "--test", "10d")
    done = CliRunner().invoke(walkforward, [*map(str, words), "--out", str(folder)])
    assert done.exit_code == 0, done.output
    told = json.loads(call(folder, *QUICK, "--json").stdout)
    outside = json.loads((folder / "walkforward.json").read_text())["outside"]
    (one,) = told["spreads"]
    assert one["was"]["return_fraction"] == pytest.approx(outside["return_fraction"])
    assert one["was"]["sharpe"] == pytest.approx(outside["sharpe"])
    assert call("walk", "--results", tmp_path, *QUICK).exit_code == 0
    result = call(folder, *QUICK, "--method", "shuffle")
    assert isinstance(result.exception, AlgobotError)
    assert "shuffle is not possible with walk" in result.exception.message
    (folder / "equity.csv").write_text("time,equity\n")
    result = call(folder, *QUICK)
    assert isinstance(result.exception, AlgobotError)
    assert "not a walk that can be read" in result.exception.message


def test_bars_that_changed_since_the_run_are_refused(run, tmp_path):
    """The other ways need only the run's own files and go on working."""
    write_bars(tmp_path / "SOMEWHERE_BTC_USDT_1h.parquet", 4)
    result = call(run, *QUICK)
    assert isinstance(result.exception, AlgobotError)
    assert "its bars are no longer those of the run" in result.exception.message
    assert call(run, *QUICK, "--method", "shuffle", "--method", "bootstrap").exit_code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--block", "long"), "--block 'long' is no length"),
        (("--block", "1m"), "less than a bar"),
        (("--block", "0"), "less than a bar"),
    ],
)
def test_mistakes_are_told_with_the_value(run, words, message):
    """An `AlgobotError` for the edge to tell, never anything else."""
    result = call(run, *QUICK, *words)
    assert isinstance(result.exception, AlgobotError)
    assert message in result.exception.message


def test_a_run_that_is_not_there_is_told(tmp_path):
    """By the name it was asked for."""
    result = call("nowhere", "--results", tmp_path)
    assert isinstance(result.exception, AlgobotError)
    assert "nowhere" in result.exception.message
