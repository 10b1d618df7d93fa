"""The published grid against its rules written down a second time, and its stops across symbols by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import records as r
from algobot.strategies import registry
from tests.kernel.markets import random_bars
from tests.published.fold import Folds, Resting, Seen
from tests.published.scripted import bars as by_hand
from tests.strategies import seed_rules as rules

SMALL = {"ema_short": 3, "ema_long": 6, "adx_period": 3, "rsi_period": 3}
HOUR_NS = 3600 * 10**9


def spoken(orders) -> tuple[int | None, list[tuple[int, float, float]]]:
    """Return the wish and the limit orders."""
    asks = [(int(ask.side), float(ask.price), float(ask.amount)) for ask in orders.asks[: orders.asked]]
    assert all(ask.kind == r.LIMIT and ask.sizing == r.QUANTITY for ask in orders.asks[: orders.asked])
    assert all((ask.reduce_only == 1) == (ask.side < 0) for ask in orders.asks[: orders.asked])
    return None if orders.wish == r.NO_WISH else int(np.sign(orders.exposure)), asks


@st.composite
def accounts(draw, close: float) -> rules.Account:
    """Return an account: flat, long or short by accident, near its peak or far below, with orders around the close."""
    equity = draw(st.sampled_from([100.0, 88.0, 70.0]))
    quantity = draw(st.sampled_from([0.0, 0.1, 0.38, 0.5, -0.05])) * equity / close
    around = st.tuples(st.sampled_from([1, -1]), st.integers(1, 12), st.sampled_from([0.0, 0.1, -0.19, 0.21]))
    resting = [(side, close * (1.0 - side * 0.01 * (i + off))) for side, i, off in draw(st.lists(around, max_size=8))]
    return rules.Account(quantity, close * draw(st.sampled_from([0.93, 0.99, 1.02])), equity, 100.0, resting)


def test_every_bar_is_decided_as_the_rules_say():
    """Wish, ladders, score and following stop, over random parameters, markets and accounts; each kind is seen."""
    strategy = registry.load("regime_grid")
    said = set()

    @settings(max_examples=20, deadline=None, derandomize=True, database=None)
    @given(st.data(), st.integers(0, 50))
    def check(data, seed):
        chosen = SMALL | {
            "max_grids": data.draw(st.integers(1, 12)),
            "adx_sideways": data.draw(st.sampled_from([0.0, 30.0, 70.0])),
            "ema_band": data.draw(st.sampled_from([0.01, 0.1])),
            "rsi_bull_max": data.draw(st.sampled_from([70.0, 100.0])),
            "high_volatility_candle": data.draw(st.sampled_from([0.005, 0.05])),
            "bull_max_grids": data.draw(st.integers(1, 10)),
            "volatility_kill": data.draw(st.sampled_from([0.02, 0.5])),
        }
        bars = random_bars(60, seed)
        folds, rule = Folds(strategy, chosen, 1), rules.RegimeGrid(strategy.params(chosen), rules.Market(bars))
        for t, bar in enumerate(bars):
            account = data.draw(accounts(float(bar["close"])))
            seen = Seen(account.quantity, account.entry, 0, account.equity, account.peak, 0.0)
            orders = folds.ask(0, bar, seen, [Resting(side, 1.0, price, 0) for side, price in account.resting])
            folds.keep()
            expected = rule.say(t, account)
            wish, asks = spoken(orders)
            assert wish == expected.wants, t
            assert asks == [pytest.approx(order, rel=1e-12) for order in expected.orders], t
            assert (orders.score, orders.ratchet) == pytest.approx((expected.score, expected.follows))
            said.add((wish, len({side for side, *_ in asks}), orders.score))

    check()
    assert {(None, 0, 0.0), (0, 0, 0.0), (0, 0, 1.5), (None, 1, 1.5), (None, 2, 1.5), (None, 2, 1.0)} <= said


def calm(count: int) -> list[tuple[float, float, float, float]]:
    """Return bars that go up and down by 1 %."""
    return [(100.0, 101.0, 99.5, 100.5 + (t % 2) * 0.2) for t in range(count)]


def test_a_wild_symbol_pauses_all_of_them_for_the_hours_given():
    """The second symbol's ATR stops the first one too; after 48 hours both go on."""
    wild = [*calm(30), (100.0, 190.0, 60.0, 101.0), *calm(6)]
    market = by_hand(calm(37), wild)
    folds = Folds(registry.load("regime_grid"), SMALL | {"volatility_kill": 0.05, "pause_hours": 48.0}, 2)
    flat = Seen(0.0, 0.0, 0, 100.0, 100.0, 100.0)
    spoke = []
    for t in range(37):
        for symbol in (0, 1):
            orders = folds.ask(symbol, market[symbol, t], flat, [])
            folds.keep()
            if symbol == 0:
                spoke.append(int(orders.asked) > 0)
            elif t == 30:
                assert spoken(orders) == (0, [])
    assert spoke[26:31] == [True] * 5
    assert spoke[31:32] == [False]
    assert folds._shared[0] > float(market[0, 31].close_ns)


def test_a_drawdown_keeps_all_symbols_out_until_95_percent_of_the_old_peak():
    """79 of 100 is a breach; 90 is not enough, 95 is."""
    market = by_hand(calm(40), calm(40))
    folds = Folds(registry.load("regime_grid"), SMALL, 2)

    def word(symbol, t, equity):
        orders = folds.ask(symbol, market[symbol, t], Seen(0.5, 100.0, 0, equity, 100.0, 50.0), [])
        folds.keep()
        return spoken(orders)[0]

    for t in range(30):
        for symbol in (0, 1):
            assert word(symbol, t, 100.0) is None
    assert [word(0, 30, 79.0), word(1, 30, 90.0), word(0, 31, 94.9), word(1, 31, 95.0), word(0, 32, 85.0)] == [
        0,
        0,
        0,
        None,
        None,
    ]


def test_the_trail_and_the_bracket_are_said_on_every_bar():
    """Two ATR below the entry, 4 % above it; a stop one ATR below the close once 3 % are won."""
    market = by_hand(calm(30))
    folds = Folds(registry.load("regime_grid"), SMALL, 1)
    for bar in market[0]:
        orders = folds.ask(0, bar, Seen(1.0, 97.0, 0, 1000.0, 1000.0, 0.0), [])
        assert (orders.brackets, orders.target_distance, orders.target_fraction) == (1, 0.0, 0.04)
        reach = orders.stop_distance / 2.0
        assert orders.ratchet == pytest.approx(bar["close"] - reach)
