"""What backtest, optimize and walkforward are told: options, a run file, and the mistakes in either."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from algobot.cli.run_options import Plan, Tiers, command_words, run_options
from algobot.errors import AlgobotError, ConfigError, DataError, UsageError
from tests.kernel.markets import random_bars


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a file of random hourly bars."""
    bars = random_bars(300, span_ns=3600 * 10**9)
    path = tmp_path / "SOMEWHERE_BTC_USDT_1h.parquet"
    values = {name: np.ascontiguousarray(bars[name]) for name in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"time": bars["open_ns"] // 1_000_000, **values}), path)
    return path


def planned(*words: object) -> Plan:
    """Return what a command with these words is told; its errors are raised."""
    return _run(words).return_value


def _run(words: tuple[object, ...]) -> Result:
    @click.command()
    @run_options
    @click.option("--out")
    def probe(plan: Callable[[], Plan], out: str) -> Any:
        return plan()

    result = CliRunner().invoke(probe, [str(word) for word in words], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result


def run_file(folder: Path, text: str) -> Path:
    """Return a run file with this text."""
    path = folder / "run.toml"
    path.write_text(text)
    path.chmod(0o644)
    return path


FULL = """
strategy = "ma_crossover"
data = "SOMEWHERE_BTC_USDT_1h.parquet"   # from the folder of this file
symbols = ["OURS"]
from = 2023-11-16

[params]
fast = 7

[settings]
capital = 500
fee = 0.002
maker_fee = -0.0001
allow_short = true

[grid]
slow = [10, 20]
"""


def test_options_become_a_plan(data):
    """Bars, parameters and settings arrive in the engine's own terms; one fee is both fees."""
    plan = planned("--strategy", "ma_crossover", "--data", data, "-p", "fast=5", "--fee", "0.002", "--position", "2")
    assert plan.strategy.name == "ma_crossover"
    assert plan.params == {"fast": 5}
    assert [one.symbol for one in plan.series] == ["BTC/USDT"]
    assert plan.settings.maker_fee == plan.settings.taker_fee == 0.002
    assert plan.settings.max_position_fraction == 2.0, "a position that is asked for is allowed"
    assert plan.settings.capital == 10_000


def test_a_run_file_says_the_same(data, tmp_path):
    """Bars are found from the file's own folder; what it does not say has the option's default."""
    plan = planned("--config", run_file(tmp_path, FULL))
    assert (plan.strategy.name, plan.params, plan.grid) == ("ma_crossover", {"fast": 7}, {"slow": [10, 20]})
    assert [(one.symbol, len(one.bars)) for one in plan.series] == [("OURS", 300)]
    s = plan.settings
    assert (s.capital, s.taker_fee, s.maker_fee, s.allow_short, s.position_fraction) == (500, 0.002, -0.0001, True, 0.2)
    assert plan.since_ns == 1_700_092_800 * 10**9


def test_options_overrule_the_run_file(data, tmp_path):
    """Also where the option says what would have been the default."""
    file = run_file(tmp_path, FULL)
    plan = planned(
        "--config", file, "--capital", "10000", "-p", "slow=30", "--symbol", "X", "--strategy", "ma_crossover"
    )
    assert plan.settings.capital == 10_000
    assert plan.settings.taker_fee == 0.002
    assert plan.params == {"fast": 7, "slow": 30}
    assert plan.series[0].symbol == "X"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("strateggy = 'x'", 1, "did you mean strategy?"),
        ("[setings]", 1, "did you mean settings?"),
        ("[settings]\ncapital = 5\nfees = 0.1", 3, "did you mean fee?"),
        ("[settings]\nfee = 1.5", 2, "1.5 is not in the range 0<=x<1"),
        ("[settings]\nfee = nan", 2, "not a finite number"),
        ("[settings]\nfee = '0.1'", 2, "it must be a number"),
        ("[settings]\nallow_short = 1", 2, "it must be true or false"),
        ("strategy = 'ma_crossover'\ndata = 5", 2, "it must be a text or a list of texts"),
        ("from = 12", 1, "it must be a date or time"),
        ("grid = 3", 1, "it must be a table"),
        ("strategy = ", 1, "not valid TOML"),
        ("strategy='ma_crossover'\ndata='x'\n[params]\nslov = 3", 4, "did you mean 'slow'?"),
        ("strategy='ma_crossover'\ndata='x'\n[params]\nslow = 'a'", 4, "it wants a whole number"),
        ("strategy='ma_crossover'\ndata='x'\n[params]\nslow = 10_000", 4, "it must be from 2 to 500"),
    ],
)
def test_a_mistake_in_the_file_names_its_line_and_the_remedy(tmp_path, text, line, words):
    """Unknown keys come with the nearest one there is."""
    file = run_file(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        planned("--config", file)
    told = f"{caught.value.message} {caught.value.hint}"
    assert f"{file}:{line}" in told
    assert words in told
    assert caught.value.exit_code == 2


def test_what_lacks_is_said(data, tmp_path):
    """Neither strategy nor bars, a missing file, a time that is none, names that do not match."""
    for words, said in (
        ((), "no strategy"),
        (("--strategy", "ma_crossover"), "no bars"),
        (("--strategy", "ma_crossover", "--data", data, "--from", "yesterday"), "--from 'yesterday' is not a time"),
        (("--strategy", "ma_crossover", "--data", data, "--symbol", "A", "--symbol", "B"), "2 --symbol for 1 --data"),
        (("--strategy", "ma_crossover", "--data", data, "-p", "fast"), "is not NAME=VALUE"),
    ):
        with pytest.raises(UsageError, match=said):
            planned(*words)
    with pytest.raises(AlgobotError, match="no such file"):
        planned("--config", tmp_path / "none.toml")
    with pytest.raises(DataError, match="not in the library"):
        planned("--strategy", "ma_crossover", "--data", "binance:BTC/USDT:1h", "--data-dir", tmp_path)


def test_the_words_of_a_command_ask_for_the_same_again(data):
    """Defaults are left out, and what was not to be repeated."""
    said: list[list[str]] = []

    @click.command()
    @run_options
    @click.option("--out")
    @click.pass_context
    def probe(ctx: click.Context, plan: Callable[[], Plan], out: str) -> None:
        said.append(command_words(ctx, ("out",)))

    given = ["--strategy", "x", "--data", str(data), "--allow-short", "--fee", "0.001", "--out", "y"]
    CliRunner().invoke(probe, given, standalone_mode=False)
    assert said == [["algobot", "probe", "--strategy", "x", "--data", str(data), "--allow-short"]]


@pytest.mark.parametrize("text", ["x", "1:2", "5:0.1:0.1,3:0.1:0.1", "nan:0:0", "-1:0:0", ""])
def test_fee_tiers_that_are_none_are_refused(text):
    """Words, too few numbers, steps that do not rise, and numbers that are none."""
    with pytest.raises(click.BadParameter):
        Tiers().convert(text, None, None)


def test_fee_tiers_are_rows_of_numbers():
    """Notional, maker and taker of each step."""
    assert Tiers().convert("0:0.001:0.002,1e6:0:0.001", None, None) == ((0.0, 0.001, 0.002), (1e6, 0.0, 0.001))
