"""How an objective changes with two parameters."""

from __future__ import annotations

import importlib.util
import math
import re
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from algobot.errors import UsageError
from algobot.market.store import Series
from algobot.research.search import heatmap, tables
from algobot.research.search.hunt import Trial
from algobot.research.search.markets import Market
from algobot.research.search.scores import SCORE
from algobot.strategies import registry
from tests.kernel.markets import random_bars

CROSS = registry.load("ma_crossover")
PLACE = Market("<BTC>", (Series("<BTC>", 1, random_bars(2)),))


def trial(fast: int, slow: int, sharpe: float, drawdown: float = 0.1, stop: float = 0.0) -> Trial:
    """Return a run with these figures; nan does not count."""
    score = np.zeros(1, SCORE)[0]
    score["sharpe"], score["max_drawdown_fraction"], score["trades"] = sharpe, drawdown, 12
    params = CROSS.params({"fast": fast, "slow": slow, "stop_atr": stop})
    return Trial(PLACE, params, score, None if math.isnan(sharpe) else (sharpe,))


TRIALS = [trial(3, 10, 1.0), trial(3, 20, -1.0), trial(5, 10, 0.5), trial(5, 10, 0.7, 0.4, 2.0), trial(5, 20, math.nan)]


def test_a_cell_is_the_best_over_all_other_parameters():
    """And empty where nothing counts; less drawdown is better."""
    found = heatmap.heatmap(TRIALS, "sharpe", "fast", "slow")
    assert found.columns == ("fast", (3, 5))
    assert found.rows == ("slow", (10, 20))
    np.testing.assert_array_equal(found.cells, [[1.0, 0.7], [-1.0, math.nan]])
    assert [found.text(0, 0), found.text(1, 1)] == ["1.00", "·"]
    drawdowns = heatmap.heatmap(TRIALS, "max_drawdown", "fast", "slow")
    assert drawdowns.cells[0, 1] == 0.1
    assert drawdowns.text(0, 1) == "10%"


def test_the_best_is_green_and_the_worst_is_red():
    """For drawdowns the other way round; nothing has no colour."""
    found = heatmap.heatmap(TRIALS, "sharpe", "fast", "slow")
    best, worst = found.colour(0, 0), found.colour(1, 0)
    assert best is not None
    assert worst is not None
    assert best[1] > best[0]
    assert worst[0] > worst[1]
    assert found.colour(1, 1) is None
    deep = heatmap.heatmap([trial(3, 10, 1.0, 0.1), trial(5, 10, 1.0, 0.6)], "max_drawdown", "fast", "slow")
    shallow, deepest = deep.colour(0, 0), deep.colour(0, 1)
    assert shallow is not None
    assert deepest is not None
    assert shallow[1] > shallow[0]
    assert deepest[0] > deepest[1]


def printed(what: object, width: int) -> str:
    """Return what a terminal of that width shows."""
    console = Console(width=width, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115
    console.print(what)
    console.file.close()
    return console.export_text()


def test_a_terminal_shows_numbers_where_they_fit():
    """Else coloured blocks; never a line too long."""
    found = heatmap.heatmap(TRIALS, "sharpe", "fast", "slow")
    assert re.search(r"10 +1\.00 +0\.70", printed(heatmap.terminal(found, 80), 80))
    many = heatmap.heatmap([trial(fast, 400, fast / 9) for fast in range(1, 40)], "sharpe", "fast", "slow")
    shown = printed(heatmap.terminal(many, 90), 90)
    assert "0.11" not in shown
    assert max(map(len, shown.splitlines())) <= 90


def test_the_page_stands_alone():
    """Nothing from elsewhere, and names are harmless."""
    page = heatmap.page(heatmap.heatmap(TRIALS, "sharpe", "fast", "slow"))
    assert "http" not in page
    assert "<BTC>" not in page
    assert "&lt;BTC&gt;" in page
    assert page.count("<td") == 4


def test_nothing_to_show_is_said():
    """No run that counts, or more values than a screen has."""
    with pytest.raises(UsageError, match="no run counts"):
        heatmap.heatmap([trial(3, 10, math.nan)], "sharpe", "fast", "slow")
    with pytest.raises(UsageError, match="401 × 1"):
        heatmap.heatmap([trial(1, slow, 1.0) for slow in range(2, 403)], "sharpe", "slow", "fast")


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="the extra `charts` is not installed")
def test_the_picture_is_one(tmp_path):
    """A PNG."""
    heatmap.picture(heatmap.heatmap(TRIALS, "sharpe", "fast", "slow"), tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("width", [40, 80, 120])
def test_a_table_has_the_columns_that_fit(width):
    """The objectives and what was searched always; no figure is cut."""
    shown = printed(tables.table("t", TRIALS[:3], ("fast", "slow"), ("sharpe",), width, markets=False), width)
    assert "sharpe" in shown
    assert "…" not in shown
    assert ("sortino" in shown) == (width >= 80)


def test_the_file_has_every_run(tmp_path):
    """What is no number is empty, what does not count says so."""
    tables.write(tmp_path / "trials.csv", TRIALS, CROSS.Params._fields)
    lines = (tmp_path / "trials.csv").read_text().splitlines()
    assert lines[0].startswith("place,market,fast,slow,stop_atr,target_atr,atr_period,sharpe,calmar,")
    assert lines[1].startswith("1,<BTC>,3,10,0.0,0.0,14,1.0,")
    assert [line.rsplit(",", 1)[1] for line in lines[1:]] == ["yes"] * 4 + ["no"]
    assert ",14,,0.0," in lines[5]
