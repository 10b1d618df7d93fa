"""The summary in a terminal and runs side by side."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from rich.console import Console

from algobot.research.metrics import Metrics
from algobot.research.report import compare, terminal, words
from algobot.research.report.breakdown import breakdown, by_exit, by_side, by_symbol
from algobot.research.report.record import Run
from tests.research.runs import a_file, a_run


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return two files of bars, the second of half the length."""
    root = tmp_path_factory.mktemp("bars")
    return a_file(root, bars=6000), a_file(root, "X_ETH_USDT_1h", bars=3000, seed=4)


@pytest.fixture(scope="module")
def run(paths: tuple[Path, Path]) -> Run:
    """Return a run over the first."""
    return a_run(paths[0], ambiguous=12)[0]


def told(run: Run, *, width: int = 80, colour: bool = False) -> str:
    """Return what the terminal shows."""
    out = io.StringIO()
    terminal.show(Console(file=out, width=width, force_terminal=colour, highlight=False), run)
    return out.getvalue()


def changed(run: Run, **values: object) -> Run:
    """Return the run with other metrics."""
    return run._replace(metrics=msgspec.structs.replace(run.metrics, **values))


def test_the_summary_fits_eighty_columns_and_needs_no_colour(run):
    """Every label whole, every value beside it, the months below, no escape codes."""
    text = told(run)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "ma_crossover on BTC/USDT" in text
    for label in ("total return", "Sortino", "deepest drawdown", "shortfall 95 %, day", "mean holding time", "fees"):
        assert label in text
    assert words.signed(run.metrics.return_fraction) in text
    assert "Jan" in text
    assert "! 12 bars (0.20%) were ambiguous: which of two fills came first is an" in text


def test_months_have_one_decimal_until_they_are_wide(run):
    """Less than ten per cent with a decimal, more without; years with one; no negative zero."""
    months = ["2024-01", "2024-02", "2024-03", "2024-04"]
    times = np.array([f"{month}-15" for month in months], "datetime64[ns]").astype(np.int64)
    some = run._replace(close_ns=times, equity=np.array([10_950.0, 12_264.0, 12_263.999, 6_131.9995]))
    [line] = [line for line in told(some).splitlines() if line.startswith("2024 ")]
    assert line.split() == ["2024", "9.5", "12", "0.0", "-50", *"········", "-38.7"]


def test_colour_says_gain_and_loss(run):
    """Green and red, for those who see them; the words are the same."""
    text = told(changed(run, return_fraction=0.5, cagr_fraction=-0.5), colour=True)
    assert re.search(r"\x1b\[32m *\+50\.00%", text)
    assert re.search(r"\x1b\[31m *-50\.00%", text)


def test_what_is_assumed_by_nobody_is_not_told(run):
    """Tax appears once there is one."""
    assert "TDS" not in told(run)
    taxed = run._replace(
        record=msgspec.structs.replace(run.record, assumptions={"tax_fraction": 0.3, "tds_fraction": 0.01})
    )
    assert "after tax" in told(taxed)
    assert "TDS withheld" in told(taxed)


def test_every_metric_has_a_line_and_every_line_a_metric():
    """Nothing measured is hidden, nothing shown is not measured."""
    shown = [line.field for _, lines in words.GROUPS for line in lines]
    told_elsewhere = {"bars", "days", "start_equity", "open_position"}
    assert len(shown) == len(set(shown))
    assert set(shown) | told_elsewhere == set(Metrics.__struct_fields__)


def test_every_metric_is_in_the_documentation_and_nothing_else_is():
    """The table of docs/metrics.md names each field once."""
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")
    table = [line.split("|")[1] for line in text.splitlines() if re.match(r"\| `\w+`[,` \w]* \|", line)]
    named = [name for cell in table for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(named) == sorted(Metrics.__struct_fields__)


def test_metrics_that_are_none_are_a_dash(run):
    """In the summary as in the page."""
    nothing = {name: None for name, kind in Metrics.__annotations__.items() if "None" in str(kind)}
    text = told(changed(run, **nothing))
    assert "–" in text
    assert "None" not in text


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (words.signed, 0.12345, "+12.35%"),
        (words.signed, -0.000001, "+0.00%"),
        (words.signed, 1234.5, "+123,450%"),
        (words.number, -0.001, "0.00"),
        (words.number, 1234567.891, "1,234,567.89"),
        (words.chance, 0.00001, "< 0.0001"),
        (words.chance, 0.5, "0.5000"),
        (words.days, 3.25, "3.2 days"),
        (words.days, 0.25, "6.0 hours"),
        (words.days, 0.01, "14.4 minutes"),
        (words.days, 0.0, "0.0 days"),
    ],
)
def test_numbers_are_written_as_people_read_them(write, value, text):
    """No negative zero, no digits that say nothing."""
    assert write(value) == text


def test_trades_by_kind_add_up_to_all_of_them(run, paths):
    """By symbol, by side and by reason; the most profitable first; open ones are left out."""
    both = a_run(*paths, strategy="trend_following")[0]
    closed = [trip for _, trip in both.trades if trip.closed]
    for key in (by_symbol, by_side, by_exit):
        shares = breakdown(both.trades, key)
        assert sum(one.trades for one in shares) == len(closed)
        assert sum(one.profit for one in shares) == pytest.approx(sum(trip.profit for trip in closed))
        assert sum(one.wins for one in shares) == sum(trip.profit > 0 for trip in closed)
        assert [one.profit for one in shares] == sorted((one.profit for one in shares), reverse=True)
    assert {one.name for one in breakdown(both.trades, by_symbol)} == {"BTC/USDT", "ETH/USDT"}
    assert {one.name for one in breakdown(both.trades, by_side)} == {"long", "short"}
    assert "Symbols" in told(both)
    assert max(map(len, told(both).splitlines())) <= 80
    assert "Symbols" not in told(run)


def test_a_run_beside_itself_has_no_best_and_no_difference(run):
    """Nothing is better than its like."""
    found = compare.compare([run, run])
    assert [row.best for row in found.rows if row.best] == []
    assert (found.differences, found.notes) == ([], [])


def test_the_best_of_each_metric_is_marked(run):
    """Higher or lower as the metric is; not where there is no better; equal ones share."""
    runs = [
        changed(run, sharpe=s, max_drawdown_fraction=d, trades=t, sortino=None)
        for s, d, t in ((1, 0.3, 5), (2, 0.1, 9), (2, 0.2, 7))
    ]
    best = {row.line.field: row.best for row in compare.compare(runs).rows}
    assert (best["sharpe"], best["max_drawdown_fraction"]) == ((1, 2), (1,))
    assert (best["trades"], best["sortino"]) == ((), ())


def test_what_was_set_differently_is_named(run, paths):
    """Strategy, parameters, settings, assumptions and data; and what makes it unfair."""
    other = a_run(paths[1], strategy="trend_following")[0]
    settings = {**other.record.settings, "taker_fee": 0.002}
    other = other._replace(record=msgspec.structs.replace(other.record, settings=settings))
    found = compare.compare([run, changed(other, start_equity=5_000.0)])
    named = {one.name: one.values for one in found.differences}
    assert named["strategy"] == ("ma_crossover", "trend_following")
    assert named["params.fast"] == (20, None)
    assert named["settings.taker_fee"] == (0.001, 0.002)
    assert named["symbols"] == ("BTC/USDT", "ETH/USDT")
    assert "settings.lot" not in named
    assert "data" in named
    assert ["different spans" in found.notes[0], "symbols" in found.notes[1], "capital" in found.notes[2]] == [True] * 3
    best = {row.line.field: row.best for row in found.rows}
    assert best["end_equity"] == ()
    assert best["return_fraction"] != ()


def test_the_comparison_is_a_table_and_json(run):
    """The same for a person and for a program."""
    runs = [changed(run, sharpe=1.0), changed(run, sharpe=2.0)]
    found = compare.compare(runs)
    out = io.StringIO()
    compare.show(Console(file=out, width=80), runs, found)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    [line] = [line for line in text.splitlines() if line.split()[:2] == ["Sharpe", "1.00"]]
    assert line.split() == ["Sharpe", "1.00", "2.00", "*"]
    assert "All settings are the same." in text
    data = json.loads(msgspec.json.encode(compare.as_json(runs, found)))
    assert (data["schema_version"], data["best"]) == (1, {"sharpe": [1]})
    assert [one["metrics"]["sharpe"] for one in data["runs"]] == [1.0, 2.0]


def test_many_runs_are_shown_in_tables_that_fit(run):
    """Seven runs on eighty columns: every value of each is there, whole, and one best among all."""
    runs = [changed(run, sharpe=place + 0.25) for place in range(7)]
    out = io.StringIO()
    compare.show(Console(file=out, width=80), runs, compare.compare(runs))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    lines = [line.split()[1:] for line in text.splitlines() if re.match(r" +Sharpe +\d", line)]
    assert len(lines) == 3
    assert [word for line in lines for word in line] == [*(f"{place}.25" for place in range(7)), "*"]
    assert "…" not in text


def test_a_run_without_bars_is_told(run):
    """Nothing to show, and no error."""
    none = run._replace(close_ns=run.close_ns[:0], equity=np.zeros(0), trades=[])
    assert "ma_crossover" in told(none)
