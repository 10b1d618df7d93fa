"""What holds for any orders on any market, however the engine is set."""

from __future__ import annotations

import functools
import itertools
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import records as r
from algobot.kernel.session import Session, Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import MINUTE_NS
from algobot.research.backtest import Outcome, run
from algobot.strategies import registry
from tests.kernel.markets import model_bars, own_strategy, plain, random_bars

SEEDS = st.integers(0, 1_000_000)
LIMITS = st.builds(
    plain,
    allow_short=st.booleans(),
    capital=st.just(1e6),
    maker_fee=st.sampled_from([0.0, -0.0001]),
    taker_fee=st.sampled_from([0.0, 0.001]),
    path=st.sampled_from(["worst", "ohlc", "adaptive"]),
    participation_fraction=st.sampled_from([0.0, 0.0, 0.05, 0.5]),
    latency_ns=st.sampled_from([0, 0, 1, 100 * 10**9]),
    sell_next_day=st.booleans(),
)


@functools.cache
def scribbler() -> Strategy:
    """Return the strategy that asks for anything."""
    return own_strategy("scribbler", Path(tempfile.mkdtemp()))


def market(seed: int, count: int = 250, span_ns: int = MINUTE_NS) -> np.ndarray:
    """Return bars with ranges of a few percent."""
    return random_bars(count, seed, step=0.02, start=100.0, span_ns=span_ns)


def outcome(seed: int, limits: Settings, count: int = 250, **more: object) -> Outcome:
    """Return a run of the scribbler over random bars."""
    return run(scribbler(), {"seed": seed, "calm": 1}, [Series("X", 60, market(seed, count))], limits, **more)


@given(SEEDS, LIMITS)
@settings(max_examples=60, deadline=None)
def test_money_and_fills_obey_the_bar_they_came_from(seed, limits):
    """Every fill is in its bar's range, within the volume's share; cash and positions add up after each bar."""
    session = Session(scribbler(), {"seed": seed, "calm": 1}, limits)
    cash, lots, bought = limits.capital, 0, {}
    for bar in model_bars(market(seed)):
        day = bar.open_ns // 86_400_000_000_000
        traded = 0
        for fill in session.step(bar):
            assert bar.low * (1 - 1e-12) <= fill.price <= bar.high * (1 + 1e-12)
            assert fill.lots > 0
            traded += fill.lots
            cash -= fill.side * fill.lots * limits.lot * fill.price + fill.fee
            if fill.side > 0:
                bought[day] = bought.get(day, 0) + min(fill.lots, max(lots + fill.lots, 0))
            elif limits.sell_next_day and lots > 0 and bought.get(day, 0):
                assert lots - fill.lots >= bought[day]
            lots += fill.side * fill.lots
        if limits.participation_fraction > 0.0:
            assert traded <= limits.participation_fraction * bar.volume / limits.lot + 1e-6
        assert session.position_lots == lots
        assert session.cash == pytest.approx(cash, abs=1e-6)
        assert session.last_equity == pytest.approx(cash + lots * limits.lot * bar.close, abs=1e-6)
        law = limits.capital + session.realised - session.fees - lots * limits.lot * session.average_price
        assert session.cash == pytest.approx(law, abs=1e-5)


@given(SEEDS, LIMITS)
@settings(max_examples=60, deadline=None)
def test_orders_keep_their_promises(seed, limits):
    """Pairs never both fill, all-or-none is all or none, reduce-only never turns around, posted orders make."""
    done = outcome(seed, limits)
    held = 0
    for fill in done.fills[0]:
        after = held + fill.side * fill.lots
        if fill.tag == "reduces":
            assert abs(after) < abs(held)
            assert held * after >= 0
        if fill.tag == "posted":
            assert fill.is_maker
        held = after
    pairs = [order for order in done.orders if order.tag == "pair"]
    for first, second in itertools.pairwise(pairs):
        if first.placed_ns == second.placed_ns:
            assert min(first.filled_lots, second.filled_lots) == 0
    for order in done.orders:
        assert order.filled_lots <= order.lots
        if order.tag == "whole":
            assert order.filled_lots in (0, order.lots)
            assert order.status != "open" or limits.latency_ns > 0 or order.placed_ns == done.close_ns[-1]


@given(SEEDS, LIMITS)
@settings(max_examples=40, deadline=None)
def test_no_order_fills_before_it_is_at_the_venue(seed, limits):
    """An order asked for at a close takes part in no bar that opened before the close and the latency."""
    placed_ns = [0, *(order.placed_ns for order in outcome(seed, limits).orders)]
    session = Session(scribbler(), {"seed": seed, "calm": 1}, limits)
    for bar in model_bars(market(seed)):
        for fill in session.step(bar):
            if fill.order and fill.tag not in r.TAGS[r.STOPPED :]:
                assert bar.open_ns >= placed_ns[fill.order] + limits.latency_ns


@given(SEEDS, LIMITS)
@settings(max_examples=40, deadline=None)
def test_the_journal_tells_every_fill_and_leaves_no_order_out(seed, limits):
    """Fills by order number add up to the journal's; orders are numbered without a gap; the rest is open."""
    done = outcome(seed, limits)
    filled: dict[int, int] = {}
    for fill in done.fills[0]:
        filled[fill.order] = filled.get(fill.order, 0) + fill.lots
    filled.pop(0, None)
    told = [order.filled_lots for order in done.orders if order.filled_lots]
    assert sorted(filled.values()) == sorted(told)
    assert {order.status for order in done.orders} <= {"filled", "canceled", "expired", "rejected", "open"}
    for order in done.orders:
        assert order.reason or order.status in ("filled", "expired", "open")


@given(SEEDS, LIMITS)
@settings(max_examples=25, deadline=None)
def test_bars_as_their_own_detail_change_nothing(seed, limits):
    """Matching against finer bars that are the bars themselves is matching against the bars."""
    bars = Series("X", 60, market(seed))
    with_detail = run(scribbler(), {"seed": seed}, [bars], limits, detail=[bars])
    without = run(scribbler(), {"seed": seed}, [bars], limits)
    assert with_detail.fills == without.fills
    assert with_detail.orders == without.orders
    assert with_detail.ambiguous == without.ambiguous
    assert with_detail.curve.tolist() == without.curve.tolist()


def coarse(bars: np.ndarray, count: int) -> np.ndarray:
    """Return each `count` bars as one."""
    rows = bars.reshape(-1, count)
    found = rows[:, 0].copy()
    found["close_ns"], found["close"] = rows[:, -1]["close_ns"], rows[:, -1]["close"]
    found["high"], found["low"] = rows["high"].max(axis=1), rows["low"].min(axis=1)
    found["volume"] = rows["volume"].sum(axis=1)
    return found


def test_finer_bars_tell_which_came_first():
    """Decisions stay on the hours, fills come at minutes; what was ambiguous mostly is not any more."""
    fine = random_bars(60 * 400, 5, step=0.004, start=100.0)
    hours = Series("X", 3600, coarse(fine, 60))
    limits = plain(allow_short=True, capital=1e6)
    params = {"seed": 3, "calm": 1}
    rough, exact = (
        run(scribbler(), params, [hours], limits),
        run(scribbler(), params, [hours], limits, detail=[Series("X", 60, fine)]),
    )
    assert rough.ambiguous > 20
    assert exact.ambiguous < rough.ambiguous / 4
    assert any(fill.ts_ns % (60 * MINUTE_NS) for fill in exact.fills[0])
    assert not any((fill.ts_ns - int(hours.bars["open_ns"][0])) % (60 * MINUTE_NS) for fill in rough.fills[0])


def test_fees_fall_with_what_was_traded_in_thirty_days():
    """The plain fee first, the tier's from its notional on, the plain one again after a month without trades."""
    limits = plain(
        capital=1e6, lot=1.0, maker_fee=0.01, taker_fee=0.02, fee_tiers=((1500.0, 0.001, 0.002), (1e9, 0, 0))
    )
    session = Session(scribbler(), {}, limits)
    day_ns = 86_400_000_000_000
    rates = []
    for day in (0, 1, 2, 20, 60):
        session.set_position(10)
        fill = session.close_now(100.0, day * day_ns)
        assert fill is not None
        rates.append(round(fill.fee / (fill.lots * fill.price), 6))
    assert rates == [0.02, 0.02, 0.002, 0.002, 0.02]


def test_a_wish_that_could_not_be_filled_yet_is_not_asked_for_again():
    """With a thousandth of the volume an entry takes many bars: one order at a time, and an exit ends the entry."""
    bars = Series("X", 60, random_bars(600, 4, step=0.01))
    limits = plain(capital=1e6, participation_fraction=0.001)
    done = run(registry.load("ma_crossover"), {"fast": 5, "slow": 15}, [bars], limits)
    tags = [order.tag for order in done.orders]
    assert len(tags) > 10
    assert not [1 for one, two in itertools.pairwise(tags) if one == two == "exit"]
    assert "rejected" not in {order.status for order in done.orders}
    assert len(tags) < 120
