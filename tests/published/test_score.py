"""The figures as they were published, and the bars as they were read."""

from __future__ import annotations

import pytest

from tests.published import bars
from tests.published.score import score

HEAD = "datetime,open,high,low,close,volume\n"


def test_the_figures_of_a_small_curve():
    """Up 10 %, down 10 %, up 20 %, over a year; two trades won 20 and one lost 5."""
    row = score([110.0, 99.0, 118.8], [15.0, 5.0, -5.0], 100.0, 365)
    assert row.return_pct == pytest.approx(18.8)
    assert row.drawdown_pct == pytest.approx(10.0)
    assert row.calmar == pytest.approx(1.88)
    assert row.post_tax_pct == pytest.approx(18.8 - 0.3 * 15.0)
    assert (row.trades, row.win_pct, row.profit_factor) == (3, pytest.approx(200 / 3), 4.0)
    spread = 0.15 * 2**0.5  # of -0.1 and 0.2
    assert row.sharpe == pytest.approx((0.05 - 0.05 / 365) / spread * 365**0.5)


def test_a_loss_before_any_gain_counts_from_the_capital_and_pays_no_tax():
    """The peak is at least what it began with."""
    row = score([90.0, 94.0, 95.0], [-5.0], 100.0, 365)
    assert (row.drawdown_pct, row.post_tax_pct) == (pytest.approx(10.0), pytest.approx(-5.0))
    assert (row.win_pct, row.profit_factor) == (0.0, 0.0)


def test_rows_that_are_no_bars_are_skipped_and_symbols_are_cut_to_their_common_time(tmp_path, monkeypatch):
    """A close above the high and a low of 0 are left out; then bars stand side by side by their number."""
    monkeypatch.setattr(bars, "FOLDER", tmp_path)
    good, bad, dead = "1,3,1,2,5", "1,3,1,4,5", "1,3,0,2,5"
    rows = {
        "A": [f"2022-01-0{day} 00:00:00,{good}" for day in range(1, 7)],
        "B": [
            f"2022-01-0{day} 00:00:00,{text}" for day, text in ((2, good), (3, bad), (4, good), (5, dead), (6, good))
        ],
    }
    for symbol, lines in rows.items():
        (tmp_path / f"{symbol}INR_1d.csv").write_text(HEAD + "\n".join(lines) + "\n")
    found = bars.aligned(("B", "A"), "1d")
    days = (found["open_ns"] // bars.SPANS_NS["1d"] - 18992).tolist()
    assert days == [[2, 3, 4], [2, 4, 6]]
    assert found[0, 0].item()[2:] == (1.0, 3.0, 1.0, 2.0, 5.0)
