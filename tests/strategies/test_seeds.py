"""The published strategies against their rules written down a second time, bar by bar over random markets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import records as r
from algobot.strategies import registry
from tests.kernel.markets import random_bars
from tests.published.fold import Folds, Seen
from tests.strategies import seed_rules as rules

SHORT = st.integers(2, 12)
SIZE = st.sampled_from([0.5, 1.0, 2.5])
RULES = {
    "quick_flip": (
        rules.QuickFlip,
        {
            "range_bars": SHORT,
            "atr_period": SHORT,
            "stop_atr": SIZE,
            "target_atr": SIZE,
            "min_range_pct": st.sampled_from([0.0, 0.5, 3.0]),
            "cooldown": st.integers(0, 4),
            "body_ratio": st.sampled_from([0.0, 0.3, 0.6]),
            "enable_reversals": st.booleans(),
            "allow_shorts": st.booleans(),
        },
    ),
    "range_breakout": (
        rules.RangeBreakout,
        {
            "lookback": st.integers(1, 12),
            "atr_period": SHORT,
            "stop_atr": SIZE,
            "target_atr": SIZE,
            "cooldown": st.integers(0, 4),
            "allow_shorts": st.booleans(),
            "trend_ema": st.sampled_from([0, 5, 15]),
            "adx_period": SHORT,
            "min_adx": st.sampled_from([0.0, 20.0, 40.0]),
            "use_trailing": st.booleans(),
            "trailing_atr": SIZE,
        },
    ),
    "momentum_scalper": (
        rules.MomentumScalper,
        {
            "ema_fast": st.integers(2, 4),
            "ema_slow": st.integers(5, 12),
            "ema_trend": SHORT,
            "use_macd": st.booleans(),
            "macd_fast": st.integers(2, 4),
            "macd_slow": st.integers(5, 12),
            "macd_signal": SHORT,
            "atr_period": SHORT,
            "trailing_activation": SIZE,
            "adx_period": SHORT,
            "adx_threshold": st.sampled_from([0.0, 20.0, 40.0]),
            "max_hold_bars": st.integers(1, 8),
            "exit_on_cross": st.booleans(),
            "cooldown_bars": st.integers(0, 4),
        },
    ),
    "volatility_regime": (
        rules.VolatilityRegime,
        {
            "atr_period": SHORT,
            "volatility_lookback": SHORT,
            "compression_threshold": st.sampled_from([0.6, 0.9]),
            "expansion_threshold": st.sampled_from([1.1, 1.5]),
            "extreme_threshold": st.sampled_from([1.6, 2.5]),
            "ema_fast": st.integers(2, 4),
            "ema_slow": st.integers(5, 12),
            "adx_period": SHORT,
            "adx_threshold": st.sampled_from([0.0, 20.0]),
            "breakout_atr_multiple": SIZE,
            "trailing_activation": SIZE,
        },
    ),
}


class Desk:
    """A position that the strategy's word opens and closes at the close, and chance closes now and then."""

    def __init__(self, seed: int) -> None:
        self.chance = np.random.default_rng(seed)
        self.side, self.entry, self.closes = 0, 0.0, 0

    def take(self, wants: int | None, close: float) -> None:
        """Do what was said."""
        if self.side == 0 and wants:
            self.side, self.entry = wants, close
        elif self.side != 0 and (wants == 0 or self.chance.random() < 0.1):
            self.side, self.entry, self.closes = 0, 0.0, self.closes + 1

    def seen(self) -> Seen:
        """Return what a strategy is told."""
        return Seen(float(self.side), self.entry, self.closes, 1000.0, 1000.0, 1000.0)


def wanted(orders) -> int | None:
    """Return the side that was asked for, None for nothing."""
    return None if orders.wish == r.NO_WISH else int(np.sign(orders.exposure))


@pytest.mark.parametrize("name", RULES)
def test_every_bar_is_decided_as_the_rules_say(name):
    """Word, bracket, score and following stop, over random parameters and markets; each word is seen."""
    make, params = RULES[name]
    strategy = registry.load(name)
    said = set()

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(st.fixed_dictionaries(params), st.integers(0, 50))
    def check(chosen, seed):
        bars = random_bars(200, seed)
        folds, desk = Folds(strategy, chosen, 1), Desk(seed)
        rule = make(strategy.params(chosen), rules.Market(bars))
        for t, bar in enumerate(bars):
            orders = folds.ask(0, bar, desk.seen(), [])
            expected = rule.say(t, desk.side, desk.entry, desk.closes)
            word = wanted(orders)
            if expected is None:
                assert word is None
                continue
            assert word == expected.wants, t
            got = (orders.stop_distance, orders.target_distance, orders.score, orders.ratchet)
            assert got == pytest.approx((expected.stop, expected.target, expected.score, expected.follows), rel=1e-9)
            said.add((desk.side, word, orders.ratchet > 0.0))
            desk.take(word, float(bar["close"]))

    check()
    assert {(0, 1, False), (0, None, False), (1, None, True), (1, None, False)} <= said
