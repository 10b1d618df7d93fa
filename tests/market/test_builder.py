from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis.strategies import integers, lists, tuples

from algobot.market.builder import BarBuilder
from algobot.model import MINUTE_NS, SECOND_NS, Bar, Side, Symbol, Trade


def a_trade(at_s: int, price: float, quantity: float = 1.0) -> Trade:
    """Return a print at `at_s`."""
    return Trade(Symbol("BTC/USDT"), price, quantity, Side.BUY, at_s * SECOND_NS, at_s * SECOND_NS)


def test_a_bar_is_out_once_a_trade_of_the_next_one_comes() -> None:
    """Open, extremes, close and volume are those of its trades."""
    builder = BarBuilder("1m")
    for at_s, price in ((0, 10.0), (20, 14.0), (40, 8.0), (59, 11.0)):
        assert builder.trade(a_trade(at_s, price)) == []
    assert builder.trade(a_trade(60, 12.0)) == [Bar(0, MINUTE_NS, 10.0, 14.0, 8.0, 11.0, 4.0)]
    assert builder.growing == Bar(MINUTE_NS, 2 * MINUTE_NS, 12.0, 12.0, 12.0, 12.0, 1.0)


def test_silent_minutes_become_flat_bars() -> None:
    """They carry the last price and no volume."""
    builder = BarBuilder("1m")
    builder.trade(a_trade(0, 10.0))
    closed = builder.trade(a_trade(150, 11.0))
    assert [(bar.open_ns // MINUTE_NS, bar.close, bar.volume) for bar in closed] == [(0, 10.0, 1.0), (1, 10.0, 0.0)]


def test_however_often_time_is_looked_at_the_bars_are_the_same() -> None:
    """A bar that time closed is followed by flat ones as one that a trade closed."""
    often, once = BarBuilder("1m"), BarBuilder("1m")
    for builder in (often, once):
        builder.trade(a_trade(0, 10.0))
    bars = [bar for second in range(200) for bar in often.close_until(second * SECOND_NS)]
    bars += often.trade(a_trade(250, 11.0))
    assert bars == once.trade(a_trade(250, 11.0))
    assert [bar.volume for bar in bars] == [1.0, 0.0, 0.0, 0.0]
    assert often.growing == once.growing


def test_a_closed_bar_never_changes() -> None:
    """What comes too late is counted, not folded in."""
    builder = BarBuilder("1m")
    builder.trade(a_trade(0, 10.0))
    assert [bar.close for bar in builder.close_until(MINUTE_NS)] == [10.0]
    assert builder.trade(a_trade(59, 99.0)) == []
    assert builder.late == 1
    assert builder.close_until(MINUTE_NS) == []


def test_a_long_silence_is_a_gap_and_not_a_thousand_flat_bars() -> None:
    """The caller sees the jump in open_ns and fetches what is missing."""
    builder = BarBuilder("1m", most_flat=3)
    builder.trade(a_trade(0, 10.0))
    closed = builder.trade(a_trade(3600, 20.0))
    assert [bar.open_ns for bar in closed] == [0]
    assert builder.growing is not None
    assert builder.growing.open_ns == 60 * MINUTE_NS


@given(lists(tuples(integers(0, 100), integers(1, 1000)), min_size=1, max_size=60))
def test_bars_tile_time_and_keep_every_trade(steps: list[tuple[int, int]]) -> None:
    """In order, each bar starts where the last ended, and no volume is lost."""
    builder, at_s, bars = BarBuilder("1m"), 0, []
    for step_s, price in steps:
        at_s += step_s
        bars += builder.trade(a_trade(at_s, float(price)))
    bars += builder.close_until((at_s // 60 + 1) * MINUTE_NS)
    assert all(later.open_ns == sooner.close_ns for sooner, later in pairwise(bars))
    assert sum(bar.volume for bar in bars) == len(steps)
    assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in bars)
