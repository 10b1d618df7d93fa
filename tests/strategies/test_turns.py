"""rsi_reversal and rsi_macd_momentum by hand: what turns, what confirms, what ends a position."""

from __future__ import annotations

import pytest

from tests.strategies.scene import Scene


def a_reversal(**params: float) -> Scene:
    """Return rsi_reversal on RSI of one bar (0 after a fall, 100 after a rise), complete and sold out at 97."""
    scene = Scene("rsi_reversal", **{"rsi_period": 1, "atr_period": 1, "max_hold_bars": 4, **params})
    assert scene.bars(99.0, 98.0) == "indicators are not complete yet"
    assert scene.bar(97.0) == "no turn: RSI 0.0, was 0.0; turns at 30 and 70"
    return scene


def test_rsi_back_above_oversold_is_long_with_a_stop_from_the_entry_price():
    """Bought at the next open; the stop is two ranges of the signal's bar below what was paid."""
    scene = a_reversal()
    assert scene.bar(98.0) == "RSI 100.0 back above 30, was 0.0"
    scene.bar(99.0, start=98.5)
    assert scene.side == 1
    assert scene.session.stop_price == pytest.approx(98.5 - 2.0 * 1.0)


def test_rsi_back_below_overbought_turns_the_position_round():
    """Long is closed and short opened at the same open."""
    scene = a_reversal(stop_atr=0.0)
    scene.bars(98.0, 99.0)
    assert scene.bar(98.0) == "RSI 0.0 back below 70, was 100.0"
    scene.bar(97.0)
    assert (scene.side, scene.tags) == (-1, ["exit", "entry"])


def test_a_turn_that_points_where_the_position_does_is_ignored():
    """RSI falls below oversold and turns up again while long: nothing is added, and time goes on counting."""
    scene = Scene("rsi_reversal", rsi_period=2, atr_period=1, stop_atr=0.0)
    assert scene.bars(100.0, 98.0, 96.0, 97.5) == "RSI 42.9 back above 30, was 0.0"
    assert scene.bar(95.0) == "holding: RSI 17.6, bar 1 of at most 48, stop 0"
    lots = scene.session.position_lots
    assert scene.bar(97.0) == "holding: RSI 57.6, bar 2 of at most 48, stop 0"
    scene.bar(97.0)
    assert scene.session.position_lots == lots > 0


def test_the_time_stop_says_how_long():
    """After four bars it asks to leave, and the fifth bar's open closes."""
    scene = a_reversal(stop_atr=0.0)
    scene.bars(98.0, 99.0, 100.0, 101.0)
    assert scene.bar(102.0) == "held for 4 bars, RSI 100.0"
    scene.bar(103.0)
    assert (scene.side, scene.tags) == (0, ["exit"])


def test_the_stop_ends_it_within_a_bar_and_the_next_turn_enters_again():
    """Stopped, it needs RSI to fall and turn once more."""
    scene = a_reversal()
    scene.bars(98.0, 99.0)
    scene.bar(98.5, low=90.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    scene.bars(98.0, 99.0, 100.0)
    assert scene.side == 1


def test_a_market_that_is_not_oversold_first_is_never_bought():
    """Rising from the start there is nothing to turn."""
    scene = Scene("rsi_reversal", rsi_period=1, atr_period=1)
    assert scene.bars(*(100.0 + i for i in range(20))).startswith("no turn")
    assert scene.side == 0


def a_momentum(**params: float) -> Scene:
    """Return rsi_macd_momentum of few bars, complete, in a market that falls by one a bar to 90."""
    defaults = {"macd_fast": 1, "macd_slow": 2, "macd_signal": 2, "rsi_period": 2, "atr_period": 1}
    scene = Scene("rsi_macd_momentum", **{**defaults, "overbought": 100.0, "oversold": 0.0, **params})
    assert scene.bars(100.0, 99.0, 98.0) == "indicators are not complete yet"
    scene.bars(97.0, 96.0, 95.0, 94.0, 93.0, 92.0, 91.0, 90.0)
    assert scene.side == 0
    return scene


def test_a_histogram_turning_up_with_rsi_above_fifty_is_long_with_stop_and_target():
    """Both distances count from the entry price, in ranges of the signal's bar."""
    scene = a_momentum(stop_atr=2.0, target_atr=3.0)
    said = scene.bar(93.0)
    assert said.startswith("MACD histogram turned up to +")
    scene.bar(93.5)
    assert scene.side == 1
    assert (scene.session.stop_price, scene.session.target_price) == (93.0 - 6.0, 93.0 + 9.0)


def test_a_turn_that_rsi_does_not_confirm_is_let_pass():
    """A small rise turns the histogram but not RSI; one that goes too far is overbought already."""
    scene = a_momentum()
    assert scene.bar(90.2).startswith("MACD histogram turned to +")
    assert "RSI" in scene.reason
    assert "does not confirm" in scene.reason
    hot = a_momentum(overbought=60.0)
    assert "does not confirm" in hot.bar(95.0)
    hot.bar(95.1)
    assert scene.side == hot.side == 0


def test_the_reverse_ends_it_whatever_rsi_says_and_turns_it_round_if_rsi_agrees():
    """Falling far enough it is short at once; falling a little it is only flat."""
    scene = a_momentum(stop_atr=0.0, target_atr=0.0)
    scene.bars(93.0, 96.0)
    assert scene.bar(90.0).startswith("MACD histogram turned down to -")
    scene.bar(89.0)
    assert scene.side == -1
    mild = a_momentum(stop_atr=0.0, target_atr=0.0)
    mild.bars(93.0, 96.0)
    assert mild.bar(96.1).startswith("MACD histogram is against the position: -")
    mild.bar(96.1)
    assert mild.side == 0


def test_stop_and_target_end_it_within_a_bar():
    """The worse of the two counts where one bar touches both."""
    for high, low, tag in ((103.0, 93.5, "target"), (94.0, 86.0, "stop"), (103.0, 86.0, "stop")):
        scene = a_momentum(stop_atr=2.0, target_atr=3.0)
        scene.bars(93.0, 93.5)
        scene.bar(94.0, high=high, low=low)
        assert (scene.side, scene.tags) == (0, [tag])
