"""What is true of every built-in strategy, whatever its parameters and whatever the market does."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from algobot.kernel.session import Session
from algobot.model import Param
from algobot.strategies import registry
from tests.kernel.markets import model_bars, plain
from tests.strategies.legal import HOUR_NS, any_params, hourly, legal_params

KINDS = ("walk", "still", "jump", "no volume", "away")


def odd_market(seed: int, kinds: list[str]) -> np.ndarray:
    """Return hourly bars in stretches of 30, each of its own kind: wild, standing still, jumping, silent, missing."""
    bars = hourly(30 * len(kinds), seed, step=0.02)
    rng = np.random.default_rng(seed)
    for number, kind in enumerate(kinds):
        part = bars[30 * number : 30 * number + 30]
        if kind == "still":
            for name in ("open", "high", "low", "close"):
                part[name] = part["open"][0]
        elif kind == "jump":
            by = rng.choice([0.4, 0.9, 1.2, 2.5])
            for name in ("open", "high", "low", "close"):
                bars[name][30 * number :] *= by
        elif kind == "no volume":
            part["volume"] = 0.0
        elif kind == "away":
            hours = int(rng.integers(1, 100))
            for name in ("open_ns", "close_ns"):
                bars[name][30 * number :] += hours * HOUR_NS
    return bars


def survives(name: str, params: dict[str, Param], bars: np.ndarray, *, short: bool) -> None:
    """Run it and look at every bar: what is asked, what is held, what is said."""
    session = Session(registry.load(name), params, plain(allow_short=short, lot=1e-6, taker_fee=0.001))
    peak = session.cash
    for bar in model_bars(bars):
        fills = session.step(bar)
        assert all(math.isfinite(fill.price) and fill.price > 0.0 and fill.lots > 0 for fill in fills)
        for order in session.waiting:
            assert order.lots > 0
            assert math.isfinite(order.price)
            assert order.side in (1, -1)
        decision = session.decision
        assert decision.reason
        if decision.word in ("long", "short"):
            assert all(map(math.isfinite, decision.values.values())), decision
        assert math.isfinite(session.last_equity)
        for level in (session.stop_price, session.target_price):
            assert math.isfinite(level)
            assert level >= 0.0
        peak = max(peak, session.last_equity)
        cost = abs(session.position_lots) * session.settings.lot * session.average_price
        assert cost <= peak * (1.0 + 1e-9), "it holds more than it ever owned"
        assert short or session.position_lots >= 0


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_no_market_and_no_parameters_make_it_ask_for_what_cannot_be(name):
    """Prices and sizes are numbers, what is held is paid for, every bar has its reason."""
    strategy = registry.load(name)
    params = st.one_of(legal_params(strategy), any_params(strategy))
    kinds = st.lists(st.sampled_from(KINDS), min_size=3, max_size=6)

    @given(params, st.integers(0, 1_000_000), kinds, st.booleans())
    @settings(max_examples=25, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def run(params: dict[str, Param], seed: int, kinds: list[str], short: bool) -> None:
        survives(name, params, odd_market(seed, kinds), short=short)

    run()


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_after_its_warm_up_it_decides(name):
    """With the bars it asks for, no indicator is incomplete; with defaults and with any parameters."""
    strategy = registry.load(name)

    @given(legal_params(strategy), st.integers(0, 23))
    @settings(max_examples=10, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    def run(params: dict[str, Param], start: int) -> None:
        session = Session(strategy, params, plain())
        needed = strategy.warmup(session.params)
        for bar in model_bars(hourly(needed + start + 1, 1))[start:]:
            session.warm(bar)
        assert "not complete" not in session.decision.reason

    run()
