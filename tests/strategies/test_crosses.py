"""turtle and supertrend by hand: only the turn trades, and what happens after a stop."""

from __future__ import annotations

import pytest

from tests.strategies.scene import Scene


def a_turtle(**params: float) -> Scene:
    """Return a turtle of 1 and 3 bars on the bar after its averages are complete, falling."""
    scene = Scene("turtle", **{"fast": 1, "slow": 3, "atr_period": 1, **params})
    assert scene.bars(104.0, 102.0) == "averages are not complete yet"
    assert scene.bar(100.0) == "no cross: fast SMA 100 stays below slow SMA 102"
    return scene


def test_turtle_joins_no_trend_that_was_there_before_it():
    """Below from the first complete bar on, it stays flat until the cross."""
    scene = a_turtle()
    scene.bars(99.0, 98.0)
    assert scene.side == 0


def test_turtle_is_long_after_a_cross_up_and_short_after_one_down():
    """The cross is told with both averages, and trades at the next open."""
    scene = a_turtle()
    assert scene.bar(106.0) == "fast SMA 106 crossed above slow SMA 102.667"
    scene.bar(107.0)
    assert (scene.side, scene.tags) == (1, ["entry"])
    assert scene.bar(95.0) == "fast SMA 95 crossed below slow SMA 102.667"
    scene.bar(94.0)
    assert (scene.side, scene.tags) == (-1, ["exit", "entry"])


def test_turtle_takes_equal_averages_for_no_cross():
    """Touching is not crossing: from above to equal and back above nothing happens."""
    scene = a_turtle()
    scene.bars(106.0, 104.0)
    assert scene.bar(105.0) == "no cross: fast SMA 105 stays above slow SMA 105"
    assert scene.bar(107.0) == "no cross: fast SMA 107 stays above slow SMA 105.333"
    assert scene.side == 1


def test_turtle_stopped_out_waits_for_the_next_cross():
    """The stop lies two ATR from the entry; after it, rising on is no reason to enter again."""
    scene = a_turtle(stop_atr=0.5)
    scene.bar(106.0)  # its true range is 6
    scene.bar(107.0)
    assert scene.session.stop_price == pytest.approx(106.0 - 3.0)
    scene.bar(108.0, low=102.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    scene.bars(109.0, 110.0, 111.0)
    assert scene.side == 0
    scene.bars(90.0, 89.0)
    assert scene.side == -1


def test_turtle_asks_again_for_an_exit_that_did_not_come_about():
    """A live bot whose exit was refused is asked the same on the next bar."""
    scene = a_turtle()
    scene.bars(106.0, 107.0, 95.0)
    assert scene.session.cancel_waiting() == 2
    assert "crossed below" in scene.bar(94.0)
    scene.bar(93.0)
    assert scene.side == -1


def a_supertrend(**params: float | bool) -> Scene:
    """Return a SuperTrend of one bar's range, complete and falling at 94."""
    scene = Scene("supertrend", **{"atr_period": 1, "width": 1.0, **params})
    assert scene.bar(100.0) == "the line is not complete yet"
    scene.bars(98.0, 96.0)
    assert scene.bar(94.0) == "waits for a turn: line is falling at 97, close 94"
    return scene


def test_supertrend_enters_on_the_turn_with_its_stop_on_the_line():
    """Long when the line turns to rising; the stop is the line of that bar."""
    scene = a_supertrend()
    said = scene.bar(100.0)
    assert said == "line turned to rising: close 100, line now below at 93"
    scene.bar(101.0)
    assert scene.side == 1
    assert scene.session.stop_price >= 93.0


def test_supertrend_moves_its_stop_only_towards_the_price():
    """The line of each bar is the stop, and it never falls while long."""
    scene = a_supertrend()
    scene.bar(100.0)
    stops = []
    for close in (101.0, 102.0, 102.5, 102.2, 103.0, 104.0):
        scene.bar(close)
        stops.append(scene.session.stop_price)
    assert stops == sorted(stops)
    assert stops[-1] > stops[0] > 0.0
    assert scene.reason == f"following the line: close 104, line {stops[-1]:.6g}"


def test_supertrend_touched_within_a_bar_is_out_until_the_next_turn():
    """A low through the line stops; a close back above it is no turn, so nothing is bought again."""
    scene = a_supertrend()
    scene.bars(100.0, 101.0, 102.0, 103.0)
    low = scene.session.stop_price - 0.01
    said = scene.bar(103.5, low=low)
    assert (scene.side, scene.tags) == (0, ["stop"])
    assert said.startswith("waits for a turn: line is rising")
    scene.bars(104.0, 105.0)
    assert scene.side == 0


def test_supertrend_without_its_stop_waits_for_the_close():
    """`stop_on_line = false`: only a close beyond the line turns it round."""
    scene = a_supertrend(stop_on_line=False)
    scene.bars(100.0, 101.0, 102.0)
    scene.bar(103.0, low=95.0)
    assert scene.session.stop_price == 0.0
    assert scene.side == 1
    while scene.side == 1 and scene.last > 50.0:
        scene.bar(scene.last - 4.0)
    assert scene.side == -1
