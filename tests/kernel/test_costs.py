"""What a market order loses beside its fee."""

from __future__ import annotations

import math

import numpy as np
import pytest

from algobot.kernel import costs
from algobot.kernel import records as r


def slip(lots: int = 10, volume: float = 1000.0, **rules: float) -> float:
    """Return the slip of an order of `lots` of 1 in a bar from 90 to 110 that opens at 100."""
    setting, bar = np.zeros(1, r.SETTINGS), np.zeros(1, r.BAR)
    setting["lot"] = 1.0
    for name, value in rules.items():
        setting[name] = value
    bar["open"], bar["high"], bar["low"], bar["volume"] = 100.0, 110.0, 90.0, volume
    return float(costs.slip(setting[0], bar[0], lots))


def test_each_part_is_what_it_says_and_they_add_up():
    """Fixed; a share of half the range; linear and square root of the order's share of volume."""
    assert slip() == 0.0
    assert slip(slippage=0.001) == 0.001
    assert slip(spread_share=0.1) == pytest.approx(0.01)
    assert slip(impact_linear=0.5) == pytest.approx(0.005)
    assert slip(impact_sqrt=0.5) == pytest.approx(0.05)
    parts = {"slippage": 0.001, "spread_share": 0.1, "impact_linear": 0.5, "impact_sqrt": 0.5}
    assert slip(**parts) == pytest.approx(0.001 + 0.01 + 0.005 + 0.05)


def test_larger_orders_cost_more_and_none_more_than_the_whole_volume():
    """Monotone in size; a bar without volume counts as one the order makes up alone."""
    sizes = [slip(lots, impact_sqrt=0.1) for lots in (1, 10, 100, 1000, 10_000)]
    assert sizes == sorted(sizes)
    assert sizes[-1] == sizes[-2] == pytest.approx(0.1)
    assert slip(volume=0.0, impact_linear=0.2) == pytest.approx(0.2)


def test_a_price_is_worse_for_either_side_and_never_negative():
    """A buyer pays more, a seller gets less."""
    assert costs.slipped(100.0, 1, 0.01) == pytest.approx(101.0)
    assert costs.slipped(100.0, -1, 0.01) == pytest.approx(99.0)
    assert costs.slipped(100.0, -1, 3.0) == 0.0
    assert math.isfinite(slip(volume=1e-300, impact_sqrt=1.0))
