"""dca by hand: when it buys, when it stops buying, when it sells."""

from __future__ import annotations

import pytest

from tests.strategies.scene import Scene


def a_plan(**params: float) -> Scene:
    """Return a plan that buys for a tenth of equity every third bar."""
    return Scene("dca", **{"every_bars": 3, "buy_fraction": 0.1, "take_profit_fraction": 0.0, **params})


def worth(scene: Scene) -> float:
    """Return what the position is worth, as a fraction of the capital."""
    return scene.session.position_lots * scene.settings.lot * scene.last / scene.settings.capital


def test_it_buys_the_same_part_of_equity_every_so_many_bars():
    """On bars 3, 6, 9, filled at the opens after them."""
    scene = a_plan()
    said = [scene.bar(100.0) for _ in range(10)]
    assert said[0] == "nothing held; next purchase in 2 bars"
    assert [i + 1 for i, reason in enumerate(said) if reason.startswith("planned")] == [3, 6, 9]
    assert said[8] == "planned purchase 3, every 3 bars"
    assert worth(scene) == pytest.approx(0.3, abs=1e-4)
    assert scene.tags == ["planned"]


def test_it_sells_all_at_a_profit_on_the_average_and_goes_on_buying():
    """Bought at 100 and at 90, sold a tenth above 94.7."""
    scene = a_plan(take_profit_fraction=0.1)
    scene.bars(100.0, 100.0, 100.0, 100.0)
    assert scene.session.target_price == pytest.approx(110.0)
    scene.bars(90.0, 90.0, 90.0)
    average = scene.session.average_price
    assert 94.0 < average < 95.0
    assert scene.session.target_price == pytest.approx(1.1 * average)
    scene.bar(100.0, high=105.0)
    assert (scene.side, scene.tags) == (0, ["target"])
    assert scene.fills[0].price == pytest.approx(1.1 * average)
    assert scene.bar(100.0) == "planned purchase 1, every 3 bars"


def test_a_dip_below_the_last_purchase_buys_more_each_time():
    """A tenth below 100, then a tenth below that; not while nothing is held."""
    scene = a_plan(every_bars=6, dip_fraction=0.1, dip_buy_fraction=0.05)
    assert scene.bars(100.0, 80.0, 70.0).startswith("nothing held")
    assert scene.bars(100.0, 100.0, 100.0).startswith("planned purchase 1")
    scene.bar(100.0)
    assert scene.bar(90.0) == "purchase 2 on a dip: close 90 is 10.00% below the last at 100"
    assert scene.bar(89.0).endswith("next purchase in 3 bars")
    assert scene.tags == ["dip"]
    assert scene.bar(80.0).startswith("purchase 3 on a dip: close 80 is 11.11% below the last at 90")


def test_it_stops_buying_at_its_caps():
    """So many purchases, or so much of equity."""
    few = a_plan(max_buys=2)
    said = [few.bar(100.0) for _ in range(12)]
    assert said[8] == "no purchase: all 2 are made"
    assert worth(few) == pytest.approx(0.2, abs=1e-4)
    much = a_plan(max_invested_fraction=0.25)
    said = [much.bar(100.0) for _ in range(12)]
    assert said[8] == "no purchase: 20.0% of equity is invested, at most 25.0%"
    assert worth(much) == pytest.approx(0.2, abs=1e-4)


def test_the_stop_is_counted_from_the_average_and_the_count_begins_anew():
    """A fifth below what was paid; after it the first purchase is number 1 again."""
    scene = a_plan(stop_fraction=0.2)
    scene.bars(100.0, 100.0, 100.0, 100.0)
    assert scene.session.stop_price == pytest.approx(80.0)
    scene.bar(79.0)
    assert (scene.side, scene.tags) == (0, ["stop"])
    assert scene.bar(79.0) == "planned purchase 1, every 3 bars"


def test_a_purchase_that_did_not_come_about_is_not_counted():
    """Folding history, or refused: the next one is number 1."""
    scene = a_plan(max_buys=1)
    for _ in range(4):
        scene.bars(100.0, 100.0)
        assert scene.bar(100.0) == "planned purchase 1, every 3 bars"
        scene.session.cancel_waiting()
