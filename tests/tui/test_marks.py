"""Fills on the price chart."""

from __future__ import annotations

from msgspec.structs import replace

from algobot.protocol.rows import DecisionRow
from tests.tui.builders import NOON, SECOND, a_fill
from tests.tui.test_detail import a_page
from tui.marks import fill_marks

YEAR = 365 * 86_400 * SECOND


def test_a_fill_lies_at_its_own_time() -> None:
    """Where the market's time is the clock's."""
    page = replace(a_page(), fills=[a_fill(ts_event_ns=NOON + 7)])
    assert [(mark.ts_ns, mark.value, mark.buy) for mark in fill_marks(page)] == [(NOON + 7, 64000.10, True)]
    assert fill_marks(replace(page, decisions=[]))[0].ts_ns == NOON + 7


def test_in_a_replayed_market_a_fill_lies_at_the_bar_that_caused_it() -> None:
    """The venue's clock says noon, the bars are a year old: the decisions know both."""
    decisions = [
        DecisionRow(NOON + 20 * SECOND, NOON - YEAR + 600 * SECOND, "flat", ""),
        DecisionRow(NOON + 10 * SECOND, NOON - YEAR, "long", ""),
    ]
    fills = [
        a_fill(2, ts_event_ns=NOON + 21 * SECOND),
        a_fill(1, ts_event_ns=NOON + 10 * SECOND),
        a_fill(0, ts_event_ns=NOON),
    ]
    page = replace(a_page(), decisions=decisions, fills=fills)
    assert [mark.ts_ns for mark in fill_marks(page)] == [NOON - YEAR + 600 * SECOND, NOON - YEAR]
