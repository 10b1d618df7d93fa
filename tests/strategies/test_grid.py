"""grid by hand: what rests where, what a fill changes, when it begins anew."""

from __future__ import annotations

import pytest

from algobot.errors import StrategyError
from tests.strategies.scene import Scene

LEVELS = [100.0 / 1.02**i for i in range(4)]  # the anchor and three buys
STOP = LEVELS[3] * 0.95


def a_grid(**params: float) -> Scene:
    """Return a grid of three levels of 2 % around 100, for half the equity, its orders just placed."""
    scene = Scene("grid", **{"levels": 3, "step_fraction": 0.02, "cooldown_bars": 3, **params})
    assert scene.bar(100.0) == "new grid around 100: 3 buys from 98.0392 down to 94.2322, stop 89.5206"
    return scene


def resting(scene: Scene) -> dict[str, tuple[int, float]]:
    """Return side and price of what rests, by tag."""
    return {order.tag: (order.side, round(order.price, 6)) for order in scene.session.waiting}


def prices(*levels: tuple[int, int]) -> dict[str, tuple[int, float]]:
    """Return what should rest: (side, level of the price) for each level from the first."""
    return {f"level {i}": (side, round(LEVELS[at], 6)) for i, (side, at) in enumerate(levels, 1)}


BUYS = prices((1, 1), (1, 2), (1, 3))


def test_it_rests_buys_at_even_steps_each_for_an_equal_part():
    """Three parts of half the equity."""
    scene = a_grid()
    assert resting(scene) == BUYS
    for order in scene.session.waiting:
        assert order.lots * scene.settings.lot * order.price == pytest.approx(100_000 * 0.5 / 3, rel=1e-4)


def test_a_filled_buy_gets_its_sell_a_step_higher_and_a_filled_sell_its_buy_again():
    """Down through the first level and back: one step earned, and the grid is as it was."""
    scene = a_grid()
    assert scene.bar(98.5, low=97.9).startswith("1 of 3 levels held: buys at 96.1169, sells at 100, stop 89.5206")
    assert scene.tags == ["level 1"]
    assert resting(scene) == prices((-1, 0), (1, 2), (1, 3))
    assert scene.bar(99.0, high=100.1) == "nothing held: buys at 98.0392, begins anew above 102"
    assert scene.session.position_lots == 0
    assert resting(scene) == BUYS
    assert scene.session.cash == pytest.approx(100_000 + 100_000 * 0.5 / 3 * 0.02, rel=1e-6)


def test_a_fall_through_all_levels_buys_each_and_the_way_back_sells_each_a_step_higher():
    """The lowest level is sold first."""
    scene = a_grid()
    assert scene.bar(94.0) == "all 3 levels held: sells at 96.1169, stop 89.5206"
    assert scene.tags == ["level 1", "level 2", "level 3"]
    assert resting(scene) == prices((-1, 0), (-1, 1), (-1, 2))
    scene.bar(97.0)
    assert scene.tags == ["level 3"]
    assert resting(scene) == prices((-1, 0), (-1, 1), (1, 3))
    scene.bar(101.0)
    assert (scene.side, scene.tags) == (0, ["level 1", "level 2"])
    assert scene.session.position_lots == 0


def test_it_begins_anew_when_flat_and_the_price_is_a_step_above():
    """What rests is canceled first; the new anchor is the close of the bar after."""
    scene = a_grid()
    assert scene.bar(101.9).startswith("nothing held")
    assert scene.bar(102.0).startswith("nothing held and price 102 left the grid around 100")
    assert resting(scene) == {}
    assert scene.bar(103.0).startswith("new grid around 103: 3 buys from 100.98")
    assert len(resting(scene)) == 3


def test_while_something_is_held_it_stays_where_it_is():
    """The price may be anywhere between the stop and the sells."""
    scene = a_grid()
    scene.bar(97.0)
    for close in (91.0, 95.0, 90.0):
        scene.bar(close)
        assert "new grid" not in scene.reason
    assert scene.reason.startswith("all 3 levels held")


def test_the_stop_closes_everything_and_a_pause_follows():
    """Nothing rests while it cools down; then a new grid at the close."""
    scene = a_grid()
    scene.bar(94.0)
    assert scene.session.stop_price == pytest.approx(STOP)
    assert scene.bar(89.0).startswith("nothing held and price 89 left the grid around 100")
    assert scene.tags == ["stop"]
    assert scene.side == 0
    assert resting(scene) == {}
    assert scene.bar(89.0) == "stopped: waits 2 more bars before a new grid"
    scene.bar(89.0)
    assert scene.bar(88.0).startswith("new grid around 88")


def test_opened_and_stopped_within_one_bar_is_stopped_too():
    """A crash through the whole grid."""
    scene = a_grid()
    scene.bar(85.0)
    assert scene.tags == ["level 1", "level 2", "level 3", "stop"]
    assert scene.bar(85.0).startswith("stopped: waits")


def test_orders_that_were_lost_come_back_on_the_next_bar():
    """Refused, or canceled by somebody: what does not rest is placed."""
    scene = a_grid()
    assert scene.session.cancel_waiting() == 3
    scene.bar(100.0)
    assert resting(scene) == BUYS


def test_a_part_of_the_first_level_is_held_and_sold():
    """A partial fill is no rest nobody sells."""
    scene = a_grid()
    scene.session.apply_fill(1, 50_000_000, LEVELS[1], 0.0)
    assert scene.bar(99.0).startswith("1 of 3 levels held")
    (sell,) = (order for order in scene.session.waiting if order.side < 0)
    assert (sell.tag, sell.lots, sell.reduce_only) == ("level 1", 50_000_000, True)
    assert resting(scene) == prices((-1, 0), (1, 2), (1, 3))


def test_closed_by_a_person_below_its_levels_it_begins_anew():
    """It does not buy the levels above the price again at once."""
    scene = a_grid()
    scene.bar(95.0)
    scene.session.close_now(95.0, scene.now_ns)
    assert scene.bar(95.0).startswith("nothing held and price 95 left the grid")
    assert scene.bar(95.0).startswith("new grid around 95")


def test_without_a_stop_it_holds_through_any_fall():
    """`stop_fraction = 0`."""
    scene = Scene("grid", levels=3, step_fraction=0.02, stop_fraction=0.0)
    scene.bars(100.0, 94.0, 50.0, 20.0)
    assert scene.reason == "all 3 levels held: sells at 96.1169, stop 0"
    assert scene.side == 1


def test_steps_that_reach_to_nothing_are_refused():
    """Ten levels of half the price."""
    with pytest.raises(StrategyError, match=r"10 levels of step_fraction .* reach 98% below the anchor"):
        Scene("grid", levels=10, step_fraction=0.5)
