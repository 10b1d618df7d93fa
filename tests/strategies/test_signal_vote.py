"""signal_vote by hand: what each signal votes for, how many it takes, and how few end it."""

from __future__ import annotations

import pytest

from algobot.errors import StrategyError
from tests.strategies.scene import Scene

SIGNALS = ("trend", "momentum", "strength", "breakout", "reversion", "volume")
QUICK = {
    "fast": 1,
    "slow": 2,
    "rsi_period": 2,
    "adx_period": 2,
    "channel_period": 3,
    "zscore_period": 4,
    "zscore_least": 1.2,
    "volume_period": 3,
    "atr_period": 1,
    "stop_atr": 0.0,
    "cooldown_bars": 0,
}


def a_vote(*signals: str, enter: int = 1, stay: int = 1, **params: float) -> Scene:
    """Return a vote among these signals, complete, after bars that stood still at 100."""
    weights = {f"{signal}_weight": int(signal in signals) for signal in SIGNALS}
    scene = Scene("signal_vote", **{**QUICK, **weights, "enter_votes": enter, "stay_votes": stay, **params})
    for _ in range(3):
        assert scene.bar(100.0, high=100.5, low=99.5) == "indicators are not complete yet"
    for _ in range(3):
        scene.bar(100.0, high=100.5, low=99.5)
    return scene


def votes(scene: Scene) -> dict[str, float]:
    """Return the last votes by signal."""
    return scene.session.decision.values


@pytest.mark.parametrize("way", [1, -1])
@pytest.mark.parametrize("signal", ["trend", "momentum", "strength", "breakout"])
def test_signals_that_follow_vote_the_way_the_price_goes(signal, way):
    """Three steps one way are enough for each of them."""
    scene = a_vote(signal, enter=1)
    scene.bars(*(100.0 + way * step for step in (1.0, 2.0, 3.0)))
    assert votes(scene)[signal] == way
    assert sum(abs(vote) for vote in votes(scene).values()) == 1
    scene.bar(100.0 + 4.0 * way)
    assert scene.side == way


@pytest.mark.parametrize("way", [1, -1])
def test_reversion_votes_against_a_close_far_from_its_mean(way):
    """1.73 deviations above the mean of four bars is a vote for short."""
    scene = a_vote("reversion")
    said = scene.bar(100.0 + 5.0 * way)
    assert said.startswith("enough votes for " + ("short" if way > 0 else "long"))
    assert votes(scene)["reversion"] == -way


@pytest.mark.parametrize(("close", "volume", "vote"), [(101.0, 40.0, 1), (99.0, 40.0, -1), (101.0, 12.0, 0)])
def test_volume_votes_the_way_of_a_busy_bar(close, volume, vote):
    """Twice the mean is busy, a little more than it is not."""
    scene = a_vote("volume")
    scene.bar(close, volume=volume)
    assert votes(scene)["volume"] == vote


def test_a_breakout_is_remembered_until_the_other_side_breaks():
    """Back within the channel it still votes."""
    scene = a_vote("breakout")
    scene.bars(103.0, 101.0, 101.0, 101.0)
    assert votes(scene)["breakout"] == 1
    scene.bar(90.0)
    assert votes(scene)["breakout"] == -1


def test_fewer_votes_than_needed_do_not_enter():
    """Trend alone is one of two; with a busy bar they are two."""
    scene = a_vote("trend", "volume", enter=2)
    assert scene.bar(101.0).startswith("too few votes to enter: trend +1")
    assert scene.bar(102.0, volume=40.0).startswith("enough votes for long")
    scene.bar(103.0)
    assert scene.side == 1


def test_it_stays_while_enough_agree_and_leaves_when_fewer_do():
    """Entered with two votes, it stays with one and leaves with none."""
    scene = a_vote("trend", "volume", enter=2)
    scene.bar(102.0, volume=40.0)
    assert scene.bar(103.0).startswith("enough votes to stay: trend +1")
    assert scene.bar(103.0).startswith("too few votes to stay: trend +0")
    scene.bar(103.0)
    assert (scene.side, scene.tags) == (0, ["exit"])


def test_enough_votes_for_the_other_side_turn_it_round():
    """Closed and opened at the same open."""
    scene = a_vote("trend")
    scene.bars(101.0, 102.0)
    assert scene.bar(99.0).startswith("enough votes for short")
    scene.bar(98.0)
    assert (scene.side, scene.tags) == (-1, ["exit", "entry"])


def test_as_many_against_as_for_enter_nothing():
    """Trend votes for long, reversion for short."""
    scene = a_vote("trend", "reversion")
    scene.bar(105.0)
    assert (votes(scene)["trend"], votes(scene)["reversion"]) == (1, -1)
    assert scene.reason.startswith("too few votes to enter")
    scene.bar(105.0)
    assert scene.side == 0


def test_weights_count_and_a_signal_without_weight_is_silent():
    """One signal of weight 3 is enough for three votes."""
    scene = a_vote("trend", enter=3, trend_weight=3)
    assert scene.bar(101.0).startswith("enough votes for long: trend +3, momentum +0")


def test_after_a_position_it_pauses():
    """The stop a range below; then so many bars without an entry, however many votes there are."""
    scene = a_vote("trend", stop_atr=1.0, cooldown_bars=3)
    scene.bars(101.0, 102.0)
    assert scene.session.stop_price > 0.0
    scene.bar(103.0, low=90.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    assert scene.reason.startswith("cooling down")
    assert scene.bar(104.0).startswith("cooling down")
    assert scene.bar(105.0).startswith("enough votes for long")


def test_votes_that_could_never_be_reached_are_refused():
    """And so is staying with more than entering."""
    with pytest.raises(StrategyError, match="nothing could ever enter"):
        a_vote("trend", enter=2)
    with pytest.raises(StrategyError, match="stay_votes 2 is above enter_votes 1"):
        a_vote("trend", "volume", stay=2)
