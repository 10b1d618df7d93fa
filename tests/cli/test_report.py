"""`algobot report` and `algobot compare`, from `algobot backtest` on."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from algobot.cli.app import app
from algobot.errors import AlgobotError
from tests.research.runs import a_file


def call(*words: object) -> Result:
    """Run a command; anything but its own errors is a failure of the test."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, AlgobotError | SystemExit):
        raise result.exception
    return result


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of its own with a file of bars."""
    monkeypatch.chdir(tmp_path)
    return a_file(tmp_path)


def backtest(*words: object) -> Path:
    """Run a backtest and return its folder."""
    data = next(Path().glob("*.parquet"))
    result = call("backtest", "--strategy", "ma_crossover", "--data", data, "--no-pictures", *words)
    assert result.exit_code == 0, result.output
    return max(Path("results").iterdir(), key=lambda path: path.stat().st_mtime_ns)


def test_a_backtest_gets_a_readable_folder_of_its_own(place):
    """Time, strategy, symbol and bar's length; the second does not touch the first."""
    one, two = backtest(), backtest()
    assert one != two
    for folder in (one, two):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}-ma_crossover-BTC_USDT-1h(-\d)?", folder.name)
    assert json.loads((one / "run.json").read_text())["name"] == one.name


def test_the_command_in_the_record_runs_it_again(place):
    """The same words give the same metrics."""
    words = (
        "-p",
        "fast=5",
        "-p",
        "slow=30",
        "--allow-short",
        "--fee",
        "0.0007",
        "--from",
        "2023-12-01",
        "--tax",
        "0.3",
    )
    one = backtest(*words)
    command = json.loads((one / "run.json").read_text())["command"]
    assert command[:2] == ["algobot", "backtest"]
    again = call(*command[1:], "--json", "--no-files")
    assert json.loads(again.stdout) == json.loads((one / "metrics.json").read_text())


def test_without_files_nothing_is_written(place):
    """Not even the folder for them."""
    call("backtest", "--strategy", "ma_crossover", "--data", place, "--no-files")
    assert not Path("results").exists()


def test_report_prints_the_summary_and_writes_the_page_again(place):
    """By name, by path, or the last one; the page is the one the backtest wrote."""
    folder = backtest()
    page = (folder / "report.html").read_bytes()
    for word in (folder.name, str(folder), ""):
        (folder / "report.html").unlink()
        result = call("report", *([word] if word else []), "--no-pictures")
        assert result.exit_code == 0
        assert "ma_crossover on BTC/USDT" in result.output
        assert (folder / "report.html").read_bytes() == page


def test_report_as_json_is_what_the_backtest_said(place):
    """One object, and nothing is written."""
    folder = backtest()
    (folder / "report.html").unlink()
    assert json.loads(call("report", "--json").stdout) == json.loads((folder / "metrics.json").read_text())
    assert not (folder / "report.html").exists()


def test_compare_shows_runs_side_by_side(place):
    """A letter each, and what was set differently."""
    one, two = backtest("-p", "fast=5"), backtest("-p", "fast=10")
    result = call("compare", one, two)
    assert result.exit_code == 0
    assert "params.fast" in result.output
    data = json.loads(call("compare", one.name, two.name, "--json").stdout)
    assert data["differences"] == [{"name": "params.fast", "values": [5, 10]}]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("report", "nothing"), 5, "nothing is no run"),
        (("report",), 5, "there is no run in results"),
        (("compare", "one"), 2, "one run cannot be compared"),
        (("compare", "one", "two"), 5, "one is no run"),
        (("report", "."), 5, ". holds no run"),
    ],
)
def test_mistakes_are_told(place, words, code, message):
    """What is wrong and what to do about it."""
    error = call(*words).exception
    assert isinstance(error, AlgobotError)
    assert (error.exit_code, error.message, bool(error.hint)) == (code, message, True)


def test_a_damaged_run_is_told_in_every_form(place):
    """Also where only the metrics are asked for."""
    folder = backtest()
    (folder / "metrics.json").write_text("{")
    for words in (("report",), ("report", "--json"), ("compare", folder, folder)):
        error = call(*words).exception
        assert isinstance(error, AlgobotError)
        assert "metrics.json: damaged" in error.message


def test_without_matplotlib_the_pictures_are_left_out_and_it_is_said(place, monkeypatch):
    """It is an extra; the rest of the report does not need it."""
    folder = backtest()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    result = call("report", folder)
    assert result.exit_code == 0
    assert "no PNGs: they need matplotlib" in result.output
    assert list(folder.glob("*.png")) == []
    monkeypatch.undo()
