"""`algobot optimize`: the table, the files, going on, writing back, and mistakes told plainly."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from algobot.cli.backtest import backtest
from algobot.cli.optimize import optimize
from algobot.errors import AlgobotError
from tests.kernel.markets import random_bars


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file of random hourly bars, in the folder where commands run."""
    monkeypatch.chdir(tmp_path)
    return bars(tmp_path, "BTC", 3)


def bars(folder: Path, coin: str, seed: int) -> Path:
    """Return a file of random hourly bars of a coin."""
    some = random_bars(1500, seed, span_ns=3600 * 10**9)
    path = folder / f"SOMEWHERE_{coin}_USDT_1h.parquet"
    values = {name: np.ascontiguousarray(some[name]) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"time": some["open_ns"] // 1_000_000, **values}), path)
    return path


BASE = ("--strategy", "ma_crossover", "-O", "fast=3:12:3", "-O", "slow=10,20")


def call(*words: object) -> Result:
    """Run the command; anything but its own errors is a failure of the test."""
    result = CliRunner().invoke(optimize, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, AlgobotError | SystemExit):
        raise result.exception
    return result


def failed(*words: object) -> AlgobotError:
    """Return the error of a call that must fail."""
    error = call(*words).exception
    assert isinstance(error, AlgobotError)
    return error


def test_it_shows_the_best_and_says_what_they_are_worth(data):
    """A table, a heatmap, the deflated Sharpe ratio, and the command that looks at other bars."""
    result = call(*BASE, "--data", data, "--top", 3)
    assert result.exit_code == 0, result.output
    text = " ".join(result.output.split())
    assert "ma_crossover on BTC/USDT: 7 runs, 1 combinations that make no sense left out" in text
    assert "sharpe on BTC/USDT: slow down, fast across" in text
    assert "deflated Sharpe" in text
    assert "In sample" in text
    assert f"algobot walkforward --strategy ma_crossover --data {data}" in text
    (folder,) = Path("results").iterdir()
    files = {path.name for path in folder.iterdir()} - {"heatmap.png"}
    assert files == {"heatmap.html", "study.jsonl", "trials.csv"}


def test_json_is_the_truth_of_a_backtest(data):
    """The best of the search is what `algobot backtest` finds with its parameters."""
    told = json.loads(call(*BASE, "--data", data, "--json", "--no-files").output)
    assert (told["runs"], told["left_out"], told["known_before"], told["study"]) == (7, 1, 0, None)
    sharpes = [one["sharpe"] for one in told["best"]]
    assert sharpes == sorted(sharpes, reverse=True)
    best = told["best"][0]
    words = [f"-p{name}={value}" for name, value in best["params"].items()]
    run = ["--strategy", "ma_crossover", "--data", str(data), *words, "--no-files", "--json"]
    ran = CliRunner().invoke(backtest, run)
    metrics = json.loads(ran.output)
    for ours, theirs in (("sharpe", "sharpe"), ("return", "return_fraction"), ("trades", "trades")):
        assert best[ours] == pytest.approx(metrics[theirs], rel=1e-9)
    assert not Path("results").exists()


def test_the_same_search_again_runs_nothing(data):
    """More values cost only what is new; another fee is another study."""
    first = json.loads(call(*BASE, "--data", data, "--json").output)
    again = json.loads(call(*BASE, "--data", data, "--json").output)
    assert again["known_before"] == 7
    assert again["best"] == first["best"]
    more = json.loads(call(*BASE, "-O", "slow=10,20,30", "--data", data, "--json").output)
    assert (more["runs"], more["known_before"], more["study"]) == (11, 7, first["study"])
    other = json.loads(call(*BASE, "--data", data, "--fee", "0.002", "--json").output)
    assert other["known_before"] == 0
    assert other["study"] != first["study"]
    error = failed(*BASE, "--data", data, "--fee", "0.002", "--study", Path(first["study"]).name)
    assert "setting maker_fee was 0.001, now 0.002" in error.message


def test_symbols_alone_and_together(data, tmp_path):
    """Every combination is a market of its own; the next command has the symbols of the best."""
    eth = bars(tmp_path, "ETH", 8)
    both = (*BASE, "--data", data, "--data", eth, "--min-combo", 1)
    told = json.loads(call(*both, "--json", "--top", 50).output)
    assert {one["market"] for one in told["best"]} == {"BTC/USDT", "ETH/USDT", "BTC/USDT+ETH/USDT"}
    best = told["best"][0]["market"].split("+")
    shown = " ".join(call(*both).output.split())
    command = shown.split("algobot walkforward")[1].split("wrote")[0]
    assert [name in command for name in ("BTC_USDT", "ETH_USDT")] == [coin in best for coin in ("BTC/USDT", "ETH/USDT")]
    frames = json.loads(call(*BASE, "--data", data, "--timeframes", "1h,4h", "--json", "--top", 50).output)
    assert {one["market"] for one in frames["best"]} <= {"BTC/USDT 1h", "BTC/USDT 4h"}
    assert frames["runs"] == 14


def test_the_best_goes_into_the_run_file(data, tmp_path):
    """Grid and settings come from the file; what is found goes back, and the file says the same run."""
    file = tmp_path / "run.toml"
    file.write_text(
        'strategy = "ma_crossover"\ndata = "SOMEWHERE_BTC_USDT_1h.parquet"\n[params]\nfast = 1  # mine\n'
        '[settings]\nfee = 0.002\n[grid]\nfast = "3:9:3"\nslow = [10, 20]\n'
    )
    file.chmod(0o644)
    told = json.loads(call("--config", file, "--write-best", file, "--json").output)
    tree = tomllib.loads(file.read_text())
    best = told["best"][0]
    assert tree["params"] == {name: best["params"][name] for name in ("fast", "slow")}
    assert "# mine" in file.read_text()
    assert tree["best"]["sharpe"] == best["sharpe"]
    assert tree["best"]["runs"] == told["runs"]
    again = json.loads(call("--config", file, "--json").output)
    assert again["known_before"] == told["runs"]


def test_a_new_run_file_runs_as_it_is(data, tmp_path):
    """`algobot backtest --config` finds the same numbers."""
    file = tmp_path / "new.toml"
    account = ("--fee", "0.002", "--maker-fee", "-0.0001", "--latency-ms", "200", "--path", "adaptive", "--allow-short")
    told = json.loads(call(*BASE, "--data", data, *account, "--write-best", file, "--json").output)
    expected = {"fee": 0.002, "maker_fee": -0.0001, "latency_ms": 200, "path": "adaptive", "allow_short": True}
    assert tomllib.loads(file.read_text())["settings"] == expected
    file.chmod(0o644)
    ran = CliRunner().invoke(backtest, ["--config", str(file), "--no-files", "--json"])
    assert json.loads(ran.output)["sharpe"] == pytest.approx(told["best"][0]["sharpe"], rel=1e-9)


@pytest.mark.parametrize("method", ["grid", "nsga2"])
def test_several_objectives_are_a_trade_off(data, method):
    """Nothing in the front is beaten by another, whatever the method."""
    pytest.importorskip("optuna")
    words = (*BASE, "--data", data, "--objective", "return", "--objective", "max_drawdown", "--method", method)
    told = json.loads(call(*words, "--json").output)
    assert told["objectives"] == ["return", "max_drawdown"]
    first = told["best"][0]
    assert not any(
        one["return"] >= first["return"] and one["max_drawdown"] < first["max_drawdown"] for one in told["best"]
    )
    assert "trade-off" in call(*words).output


@pytest.mark.parametrize("method", ["random", "tpe", "cmaes"])
def test_other_methods_find_good_ones(data, method):
    """Of a space no grid would run through."""
    pytest.importorskip("optuna")
    pytest.importorskip("cmaes")
    told = json.loads(
        call(
            *("--strategy", "ma_crossover", "-O", "fast=2:30", "-O", "slow=31:90", "-O", "stop_atr=0:5"),
            *("--data", data, "--method", method, "--trials", 40, "--json", "--min-trades", 1),
        ).output
    )
    assert 20 < told["runs"] <= 40
    assert told["best"][0]["sharpe"] >= told["best"][-1]["sharpe"]


@pytest.mark.parametrize(
    ("words", "said", "remedy"),
    [
        (("-O", "fast=3"), "none of 1 runs counts", "lower --min-trades"),
        (("-O", "fast=30,40", "-p", "slow=20"), "no combination makes sense", "refuses all 2"),
        ((), "nothing to search", "-O fast=20,…"),
        (("-O", "fast=1:499", "-O", "slow=2:500"), "the grid is too large: 249,001", "--method random"),
        (("-O", "fast=3,5", "--objective", "sharp"), "no objective 'sharp'", "did you mean sharpe?"),
        (("-O", "fast=3,5", "--min-combo", "2"), "combinations of 2 of 1", "more --data"),
        (
            ("-O", "fast=3,5", "-O", "slow=10,20", "--heatmap", "fast,x"),
            "'fast,x' is not two of fast, slow",
            "fast,slow",
        ),
        (("-O", "fast=3,5", "--cluster", "there"), "is no address", "ray://"),
        (("-O", "fast=3,5", "--from", "2040-01-01"), "no bar is left", "start earlier"),
        (("-O", "stop_atr=0:3"), "a grid cannot try every value", "stop_atr=0:3:0.3"),
    ],
)
def test_mistakes_name_the_remedy(data, words, said, remedy):
    """Before or after running, never a traceback."""
    extra = ("--min-trades", "1000") if words == ("-O", "fast=3") else ()
    if "--cluster" in words:
        pytest.importorskip("ray")
    error = failed("--strategy", "ma_crossover", "--data", data, *words, *extra)
    assert said in error.message
    assert remedy in error.hint
