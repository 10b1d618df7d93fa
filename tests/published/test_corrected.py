"""The real engine's results of the published rows, as docs/strategies.md tells them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.published.__main__ import paths, real_cells
from tests.published.corrected import before, corrected, settings_of
from tests.published.table import TABLE

DOCS = (Path(__file__).parents[2] / "docs" / "strategies.md").read_text()


@pytest.mark.parametrize("name", TABLE)
def test_the_docs_tell_the_published_row_and_what_the_real_engine_makes_of_it(name):
    """Both lines of the table, digit by digit; the published one needs no data."""
    entry = TABLE[name]
    label = f"| {entry.strategy} {entry.span} | published | "
    assert label + " | ".join(entry.published.printed()) + " |" in DOCS
    if not all(path.is_file() for path in paths(entry)):
        pytest.skip("no seed/table_a: set ALGOBOT_DATA_DIR")
    cells = [*real_cells(corrected(entry).metrics)]
    cells[2] = f"**{cells[2]}**"
    line = DOCS.split(label)[1].splitlines()[1]
    assert line.startswith("| | **real** | " + " | ".join(cells) + " |")


@pytest.mark.parametrize("name", TABLE)
def test_the_docs_tell_the_years_before(name):
    """Digit by digit, with the symbols there were."""
    entry = TABLE[name]
    series, outcome = before(entry)
    if outcome is None:
        pytest.skip("no BINANCE_*_USDT bars before the published ones: set ALGOBOT_DATA_DIR")
    cells = [f"{entry.strategy} {entry.span}", " ".join(one.symbol for one in series), *real_cells(outcome.metrics)]
    assert "| " + " | ".join(cells) + " |" in DOCS


def test_a_row_runs_under_its_own_risk_settings():
    """What the original calls by other names."""
    settings = settings_of(TABLE["momentum_scalper"].account)
    assert (settings.position_fraction, settings.max_drawdown_fraction, settings.max_losses) == (0.25, 0.25, 5)
    assert (settings.warning_multiplier, settings.critical_multiplier) == (0.70, 0.50)
