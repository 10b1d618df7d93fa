"""What a bot remembers of its course."""

from __future__ import annotations

import pytest

from daemon.bot_record import Record

MINUTE_NS = 60 * 10**9
DAY_NS = 24 * 60 * MINUTE_NS


@pytest.mark.parametrize(("bar_ns", "enough"), [(MINUTE_NS, 1440), (60 * MINUTE_NS, 30), (DAY_NS, 30)])
def test_a_sharpe_ratio_waits_until_it_says_something(bar_ns: int, enough: int) -> None:
    """A day of bars by market time, and at least thirty: minutes blown up to a year are noise."""
    record = Record(100.0)
    for number in range(enough):
        record.bar(number * bar_ns, 10.0, 100.0 + number % 3)
    assert record.sharpe(bar_ns) is None
    record.bar(enough * bar_ns, 10.0, 101.0)
    assert record.sharpe(bar_ns) is not None


def test_an_equity_that_never_moved_has_no_sharpe_ratio() -> None:
    """No division by nothing."""
    record = Record(100.0)
    for number in range(2000):
        record.bar(number * MINUTE_NS, 10.0, 100.0)
    assert record.sharpe(MINUTE_NS) is None
