"""donchian_breakout and opening_range_breakout by hand: what is a break, how often, and when it is over."""

from __future__ import annotations

import pytest

from tests.strategies.legal import HOUR_NS, MIDNIGHT_NS
from tests.strategies.scene import Scene


def a_channel(**params: float) -> Scene:
    """Return donchian_breakout over 3 and 2 bars, complete, after bars from 98 to 102."""
    scene = Scene("donchian_breakout", **{"entry_period": 3, "exit_period": 2, "atr_period": 1, **params})
    for _ in range(3):
        assert scene.bar(100.0, high=102.0, low=98.0) == "channels are not complete yet"
    assert scene.bar(102.0, high=102.0, low=98.0) == "no break: close 102 within 98 to 102"
    return scene


def test_a_close_above_the_bars_before_is_long_with_a_stop_from_the_entry_price():
    """The bar's own high is no part of the channel it breaks; touching the edge is no break."""
    scene = a_channel()
    assert scene.bar(103.0, low=102.0) == "close 103 above the highest high 102"
    scene.bar(103.5)
    assert scene.side == 1
    assert scene.session.stop_price == pytest.approx(103.0 - 2.0 * 1.0)


def test_a_long_position_ends_below_the_shorter_channel():
    """The lowest low of the last two bars, not of three."""
    scene = a_channel(stop_atr=0.0)
    scene.bars(103.0, 104.0, 105.0)
    assert scene.bar(103.5) == "holding: close 103.5, leaves beyond 103, stop 0"
    assert scene.bar(103.2) == "close 103.2 below the exit channel's low 103.5"
    scene.bar(103.3)
    assert (scene.side, scene.tags) == (0, ["exit"])


def test_a_break_to_the_other_side_turns_the_position_round_and_mirrors():
    """Short below the longer channel; it leaves above the highest high of two bars."""
    scene = a_channel(stop_atr=0.0)
    scene.bars(103.0, 104.0)
    assert scene.bar(97.0) == "close 97 below the lowest low 98"
    scene.bar(96.0)
    assert (scene.side, scene.tags) == (-1, ["exit", "entry"])
    scene.bar(95.0)
    assert scene.bar(98.0) == "close 98 above the exit channel's high 97"
    scene.bar(98.0)
    assert scene.side == 0


def test_stopped_out_it_needs_another_break():
    """A stop within the bar; the next close above the channel enters again."""
    scene = a_channel()
    scene.bars(103.0, 103.5)
    scene.bar(103.0, low=100.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    scene.bar(103.2)
    assert scene.side == 0
    assert scene.bar(104.0).startswith("close 104 above the highest high")


def an_opening(start_hour: int = 0, **params: float) -> Scene:
    """Return opening_range_breakout two bars into a session of 8 hours, its range being 99 to 102."""
    defaults = {"session_start_hour": start_hour, "session_hours": 8, "range_minutes": 120}
    scene = Scene("opening_range_breakout", start_ns=MIDNIGHT_NS + start_hour * HOUR_NS, **{**defaults, **params})
    assert scene.bar(100.0, high=102.0, low=99.5) == "opening range is forming: 99.5 to 102 so far"
    assert scene.bar(101.0, low=99.0) == "no break: close 101, opening range 99 to 102"
    return scene


@pytest.mark.parametrize("hour", [0, 13, 23])
def test_a_close_beyond_the_opening_range_enters_with_stop_and_target_of_its_height(hour):
    """Whenever the session starts, past midnight too; the distances count from the entry price."""
    scene = an_opening(hour)
    assert scene.bar(102.0) == "no break: close 102, opening range 99 to 102"
    assert scene.bar(103.0) == "close 103 above the opening range 99 to 102, entry 1 of 1"
    scene.bar(104.0)
    assert scene.side == 1
    assert (scene.session.stop_price, scene.session.target_price) == (103.0 - 3.0, 103.0 + 6.0)


def test_below_the_range_it_is_short():
    """Mirrored."""
    scene = an_opening()
    assert scene.bar(98.0) == "close 98 below the opening range 99 to 102, entry 1 of 1"
    scene.bar(97.5)
    assert scene.side == -1
    assert (scene.session.stop_price, scene.session.target_price) == (98.0 + 3.0, 98.0 - 6.0)


def test_it_is_flat_when_the_session_ends():
    """Said on the bar that reaches the end, filled at the open after it; then it waits for the next session."""
    scene = an_opening(stop_ranges=0.0, target_ranges=0.0)
    scene.bars(103.0, 103.0, 103.0, 103.0, 103.0)
    assert scene.side == 1
    assert scene.bar(103.0) == "session ends: flat"
    assert scene.bar(103.0) == "session is over; the next begins at 0:00 UTC"
    assert (scene.side, scene.tags) == (0, ["exit"])


def test_a_session_whose_end_has_no_bar_ends_with_the_first_bar_after_it():
    """The venue was closed: a position of yesterday is not carried through today."""
    scene = an_opening(stop_ranges=0.0, target_ranges=0.0)
    scene.bars(103.0, 103.0)
    scene.skip(30)
    assert scene.bar(103.0) == "session ends: flat"
    scene.bar(103.0)
    assert scene.side == 0


def test_no_more_entries_than_allowed_and_each_needs_a_close_within_the_range_first():
    """Stopped above the range it waits; back within and out again is the second and last entry."""
    scene = an_opening(session_hours=12, max_entries=2, stop_ranges=0.2, target_ranges=0.0)
    scene.bars(103.0, 103.0)
    said = scene.bar(103.0, low=102.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    assert said == "close 103 still beyond the opening range 99 to 102; waits for a close within it"
    scene.bar(101.0)
    assert scene.bar(102.5).endswith("entry 2 of 2")
    assert scene.bar(102.4, low=100.0) == "all 2 entries of this session are used"
    assert (scene.side, scene.tags) == (0, ["entry", "stop"])


def test_a_break_that_was_not_allowed_to_trade_uses_up_no_entry():
    """Entries are counted when they have come about."""
    scene = an_opening()
    scene.bar(103.0)
    scene.session.cancel_waiting()
    scene.bars(101.0, 101.0)
    assert scene.bar(103.0).endswith("entry 1 of 1")


def test_a_session_not_seen_from_its_start_is_left_alone_and_the_next_is_traded():
    """Half a range is none."""
    scene = Scene("opening_range_breakout", start_ns=MIDNIGHT_NS + HOUR_NS, session_hours=4, range_minutes=60)
    assert scene.bars(100.0, 101.0, 110.0) == "this session was not seen from its start; waits for the next"
    scene.skip(20)
    assert scene.bars(110.0, 111.0).startswith("close 111 above the opening range")


def test_bars_longer_than_the_range_have_none_and_say_so():
    """Daily bars never trade."""
    scene = Scene("opening_range_breakout", span_ns=24 * HOUR_NS, range_minutes=120)
    for close in (100.0, 200.0, 50.0):
        assert scene.bar(close) == "no bar lies within the first 120 minutes of the session: no opening range"
    assert scene.side == 0
