"""The published table, row by row, from the bars it was made of."""

from __future__ import annotations

import pytest

from tests.published.bars import path_of
from tests.published.reproduce import reproduced, row
from tests.published.table import TABLE


@pytest.mark.parametrize("name", TABLE)
def test_a_row_comes_out_as_published_to_the_last_digit(name):
    """All eight figures, and for two rows what is known of how they came about."""
    entry = TABLE[name]
    for symbol in entry.symbols:
        if not path_of(symbol, entry.span).is_file():
            pytest.skip(f"no seed/table_a/{path_of(symbol, entry.span).name}: set ALGOBOT_DATA_DIR")
    result = reproduced(entry)
    assert row(entry, result).printed() == entry.published.printed()
    if name == "momentum_scalper":
        assert result.dropped == 360
    if name == "regime_grid":
        assert (result.overdrawn, result.same_bar) == (49, 27)
