"""adx_multi_timeframe by hand: two timeframes, and four exits in their order."""

from __future__ import annotations

import pytest

from tests.strategies.legal import HOUR_NS, MIDNIGHT_NS
from tests.strategies.scene import Scene

QUICK = {"trend_hours": 2, "adx_period": 2, "ma_fast": 2, "ma_slow": 3, "atr_period": 1, "stop_atr": 0.0}


def a_scene(way: int = 1, **params: float) -> Scene:
    """Return a market that has gone one way for eight hours: the fourth higher bar has just closed, an entry is due."""
    scene = Scene("adx_multi_timeframe", **{**QUICK, **params})
    for hour in range(7):
        assert scene.bar(100.0 + way * hour) == "indicators are not complete yet"
    scene.bar(100.0 + way * 7)
    return scene


def test_trend_and_alignment_together_enter():
    """At the first moment both are known and agree, with the numbers of both timeframes."""
    scene = a_scene()
    assert scene.reason == "long: ADX 100.0, +DI 100.0 above -DI 0.0; fast SMA 106.5 above slow 106"
    scene.bar(108.0)
    assert scene.side == 1


def test_downwards_everything_is_mirrored():
    """Short in a falling market."""
    scene = a_scene(-1)
    assert scene.reason == "short: ADX 100.0, -DI 100.0 above +DI 0.0; fast SMA 93.5 below slow 94"
    scene.bar(92.0)
    assert scene.side == -1


def test_without_alignment_a_trend_is_not_joined_until_it_comes():
    """The hourly averages have the last word on when."""
    scene = Scene("adx_multi_timeframe", **QUICK)
    scene.bars(*(100.0 + hour for hour in range(7)))
    assert scene.bar(104.0).startswith("trend without alignment: close 104, fast SMA 105, slow 105")
    scene.bar(105.0)
    assert scene.side == 0
    assert scene.bars(108.0, 109.0).startswith("holding")


def test_the_higher_bar_counts_only_once_it_has_closed():
    """A crash in the first half of a higher bar breaks the alignment; the trend ends with the second half."""
    scene = a_scene()
    assert scene.bar(60.0).startswith("exit: alignment is broken")
    assert scene.bar(59.0).startswith("no higher trend") or "-DI" in scene.reason


def test_a_trend_that_ends_comes_before_a_broken_alignment_and_the_longest_hold():
    """All three are true on the bar: the trend is the reason."""
    scene = a_scene(max_hold_bars=2)
    scene.bar(108.0)
    said = scene.bar(60.0)
    assert scene.side == 1
    assert said.startswith("exit: the higher trend has ended: ADX")
    scene.bar(60.0)
    assert (scene.side, scene.tags) == (0, ["exit"])


def test_a_broken_alignment_comes_before_the_longest_hold():
    """Both are true on the bar: the alignment is the reason."""
    scene = a_scene(max_hold_bars=1)
    assert scene.bar(100.0).startswith("exit: alignment is broken: fast SMA 103.5, slow 104.333")


def test_the_stop_comes_before_all_of_them():
    """Within the bar, before the strategy is asked."""
    scene = a_scene(stop_atr=2.0, max_hold_bars=2)
    scene.bar(108.0)
    assert scene.session.stop_price == pytest.approx(107.0 - 2.0 * 1.0)
    said = scene.bar(60.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    assert not said.startswith("exit")


def test_after_the_longest_hold_it_waits_until_the_alignment_breaks():
    """One entry per alignment; after a break and a new alignment it enters again."""
    scene = a_scene(max_hold_bars=2)
    scene.bar(108.0)
    assert scene.bar(109.0) == "exit: held for 2 entry bars"
    assert scene.bar(110.0).startswith("this alignment was traded; waits until it breaks")
    scene.bars(111.0, 112.0)
    assert scene.side == 0
    scene.bars(109.0, 108.5)
    assert scene.bars(114.0, 115.0).startswith(("long", "holding"))


def test_stopped_out_it_waits_for_the_alignment_to_break_too():
    """A low through the stop while the averages go on rising."""
    scene = a_scene(stop_atr=1.0)
    scene.bar(108.0)
    said = scene.bar(109.0, low=105.9)
    assert (scene.side, scene.tags) == (0, ["stop"])
    assert said.startswith("this alignment was traded")


def test_on_finer_bars_it_decides_when_an_entry_bar_closes():
    """Half an hour at a time: every other bar it only watches."""
    scene = Scene("adx_multi_timeframe", span_ns=HOUR_NS // 2, **QUICK)
    said = [scene.bar(100.0 + half / 2) for half in range(20)]
    assert set(said[::2]) == {"between two entry bars: decides at the next one's close"}
    assert said[15].startswith("long: ADX 100.0")


def test_a_higher_bar_that_began_before_the_first_bar_is_not_judged():
    """Started in the midst of a higher bar, it takes an hour longer."""
    scene = Scene("adx_multi_timeframe", start_ns=MIDNIGHT_NS + HOUR_NS, **QUICK)
    said = [scene.bar(100.0 + hour) for hour in range(10)]
    assert said[7] == "indicators are not complete yet"
    assert said[8].startswith("long")
