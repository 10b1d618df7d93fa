"""`algobot strategy`: list, show, check."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from algobot.cli.strategy import param_words, strategy
from algobot.errors import AlgobotError
from algobot.strategies import registry
from tests.research.validation.check.plants import plant


def call(*words: object) -> Result:
    """Run the command; anything but its own errors is a failure of the test."""
    result = CliRunner().invoke(strategy, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, AlgobotError | SystemExit):
        raise result.exception
    return result


def test_list_names_every_strategy_with_its_summary(tmp_path):
    """The built-in ones, one's own, and what is wrong with one that cannot be loaded."""
    plant("anchored", tmp_path)
    (tmp_path / "broken.py").write_text("1 +\n")
    (tmp_path / "broken.py").chmod(0o644)
    told = json.loads(call("list", "--json", "--strategies-dir", tmp_path).stdout)
    assert told.keys() == {*registry.BUILT_IN, "anchored", "broken"}
    assert told["ma_crossover"] == registry.load("ma_crossover").summary
    assert told["anchored"].startswith("PLANTED: compares")
    assert "broken.py:1: SyntaxError" in told["broken"]
    assert "ma_crossover" in call("list").output


def test_show_has_every_parameter_with_its_unit_range_and_default():
    """As the file declares them; the reasons are its words."""
    told = json.loads(call("show", "ma_crossover", "--json").stdout)
    assert told["params"]["fast"] == {"type": "int", "default": 20, "low": 1.0, "high": 500.0, "unit": "bars"}
    assert told["warmup_bars"] == 50
    assert "fast SMA {fast:.6g} above slow SMA {slow:.6g}" in told["reasons"].values()
    output = call("show", "ma_crossover").output
    for name in registry.load("ma_crossover").Params._fields:
        assert name in output


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_what_a_comment_says_of_a_parameter_is_found(name):
    """At least the first one has its unit beside it."""
    found = registry.load(name)
    assert param_words(found).keys() <= set(found.Params._fields)
    assert param_words(found)


def test_check_passes_a_sound_one_and_says_what_was_looked_at():
    """Exit code 0, each check in a line."""
    result = call("check", "ma_crossover")
    assert result.exit_code == 0, result.output
    for check in ("interpreted", "compiled", "future", "warm-up", "determinism", "float stability", "parameters"):
        assert f"ok  {check}" in result.output


def test_check_of_a_file_fails_with_exit_code_1_and_the_finding_in_json(tmp_path):
    """One object per strategy."""
    result = call("check", plant("raises", tmp_path), "--json")
    assert result.exit_code == 1
    (told,) = json.loads(result.stdout)
    assert told["passed"] is False
    assert told["findings"][0]["check"] == "interpreted"
    assert "ValueError: math domain error" in told["findings"][0]["says"]


def test_a_file_that_cannot_be_loaded_is_a_failed_check(tmp_path):
    """With file and line; the others are still checked."""
    file = tmp_path / "broken.py"
    tmp_path.chmod(0o755)
    file.write_text("def on_bar(\n")
    file.chmod(0o644)
    result = call("check", file)
    assert result.exit_code == 1
    assert "loads" in result.output
    assert "SyntaxError" in result.output


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        (("check",), "no strategy to check", "--all"),
        (("check", "nothing"), "no strategy named 'nothing'", "ma_crossover"),
        (("check", "gone.py"), "gone.py: no such file", ".py"),
        (("check", "ma_crossover", "--data", "gone.parquet"), "gone.parquet: no such file", ""),
        (("show", "nothing"), "no strategy named 'nothing'", "ma_crossover"),
    ],
)
def test_mistakes_are_told_with_the_value_and_a_remedy(words, message, hint):
    """An `AlgobotError` for the edge to tell, never anything else."""
    result = call(*words)
    assert isinstance(result.exception, AlgobotError)
    assert message in result.exception.message
    assert hint in result.exception.hint


def test_real_bars_can_be_checked_on(real_file: object) -> None:
    """Years of hourly bars of a real venue."""
    path: Path = real_file("BINANCE_ETH_USDT_1h")  # type: ignore[operator]
    result = call("check", "trend_following", "--data", path)
    assert result.exit_code == 0, result.output
