"""Margin, liquidation and funding of an account that trades a multiple of what it owns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import ledger, perpetual, risk
from algobot.kernel import records as r
from algobot.kernel.session import Session
from algobot.model import MINUTE_NS, Bar
from algobot.strategies import registry
from tests.kernel.markets import plain


class Margin:
    """An account with cash and `count` symbols of equal settings; lots of 1."""

    def __init__(self, cash: float = 1000.0, count: int = 1, **rules: float) -> None:
        self.accounts, self.slots, self.rules = np.zeros(1, r.ACCOUNT), np.zeros(count, r.SLOT), np.zeros(1, r.SETTINGS)
        self.accounts["cash"] = cash
        for name, value in {"lot": 1.0, "leverage": 10.0, "maintenance_fraction": 0.01, **rules}.items():
            self.rules[name] = value

    def fill(self, side: int, lots: int, price: float, symbol: int = 0) -> None:
        ledger.apply_fill(self.accounts[0], self.slots[symbol], self.rules[0], side, lots, price, 0.0, 0)

    def liquidation(self, symbol: int = 0) -> float:
        return float(perpetual.liquidation_price(self.accounts[0], self.slots[symbol], self.rules[0]))


def test_a_long_and_a_short_end_where_equity_is_what_must_be_kept():
    """50 at 100 on 1,000: equity at p is 1000 + 50 (p - 100), and 1 % of 50 p is to be kept."""
    long, short = Margin(), Margin()
    long.fill(1, 50, 100.0)
    short.fill(-1, 50, 100.0)
    assert long.liquidation() == pytest.approx(4000 / 49.5)
    assert short.liquidation() == pytest.approx(6000 / 50.5)


def test_spot_and_positions_that_equity_covers_are_never_liquidated():
    """Without leverage, flat, or a long of no more than the cash."""
    assert Margin().liquidation() == 0.0
    spot, covered = Margin(leverage=0.0), Margin()
    spot.fill(1, 10, 100.0)
    covered.fill(1, 9, 100.0)
    assert (spot.liquidation(), covered.liquidation()) == (0.0, 0.0)


def test_margin_is_shared_so_one_position_that_gains_keeps_another_alive():
    """The same long, once beside a position that has won 500."""
    alone, helped = Margin(count=2), Margin(count=2)
    for desk in (alone, helped):
        desk.fill(1, 50, 100.0)
    helped.fill(1, 5, 100.0, symbol=1)
    perpetual.appraise(helped.accounts[0], helped.slots[1], helped.rules[0], 200.0)
    assert helped.liquidation() == pytest.approx((5000 - 1000 - 500 + 10) / 49.5)
    assert helped.liquidation() < alone.liquidation()


@settings(max_examples=60)
@given(st.sampled_from([1, -1]), st.integers(11, 99), st.floats(0.0, 0.05))
def test_at_the_liquidation_price_equity_is_exactly_what_must_be_kept(side, lots, kept):
    """For any size up to the leverage and any maintenance."""
    desk = Margin(maintenance_fraction=kept)
    desk.fill(side, lots, 100.0)
    price = desk.liquidation()
    equity = float(desk.accounts["cash"][0]) + side * lots * price
    assert equity == pytest.approx(kept * lots * price, abs=1e-6)


def test_leverage_lets_an_account_open_a_multiple_of_what_is_free():
    """1,000 at 10 x carry 100 lots of 100; what a position ties up carries nothing else, and a fee is kept back."""
    desk = Margin()
    assert risk.affordable_lots(desk.accounts[0], desk.rules[0], 100.0) == 100
    desk.fill(-1, 40, 100.0)
    assert risk.affordable_lots(desk.accounts[0], desk.rules[0], 100.0) == 60
    costly = Margin(taker_fee=0.01)
    assert risk.affordable_lots(costly.accounts[0], costly.rules[0], 100.0) == 90


def test_longs_pay_a_positive_rate_and_shorts_receive_it():
    """0.01 % of 50 lots at 200 is 1, from cash, counted in the position and in what the trade has won."""
    for side in (1, -1):
        desk = Margin()
        desk.fill(side, 50, 100.0)
        before = float(desk.accounts["cash"][0])
        paid = perpetual.pay_funding(desk.accounts[0], desk.slots[0], 0.0001, 200.0, 1.0)
        assert paid == pytest.approx(side * 1.0)
        assert before - float(desk.accounts["cash"][0]) == pytest.approx(paid)
        assert desk.slots["position"]["funding"][0] == pytest.approx(-paid)


def bars(*closes: float) -> list[Bar]:
    """Return minutes that open where the last one closed, without wicks."""
    opens = (closes[0], *closes)
    return [
        Bar(MINUTE_NS * i, MINUTE_NS * (i + 1), start, max(start, end), min(start, end), end, 1.0)
        for i, (start, end) in enumerate(zip(opens, closes, strict=False), start=1)
    ]


def levered(**changes: float) -> Session:
    """Return a bot that is long with nine times its equity once the price rises."""
    rules = {"leverage": 10.0, "position_fraction": 9.0, "max_position_fraction": 10.0, "maintenance_fraction": 0.01}
    params = {"fast": 1, "slow": 2, "atr_period": 1}
    return Session(registry.load("ma_crossover"), params, plain(capital=1000.0, **{**rules, **changes}))


def test_a_position_that_falls_to_its_margin_is_closed_by_force_in_the_bar_that_reaches_it():
    """Bought for nine times 1,000: closed where equity is 1 % of the value, never at the low of the bar."""
    session = levered(liquidation_fee=0.005)
    fills = [fill for bar in bars(98.0, 99.0, 100.0, 101.0, 80.0) for fill in session.step(bar)]
    entry, end = fills
    price = -(1000.0 - entry.lots * 0.001 * entry.price) / (entry.lots * 0.001 * 0.99)
    assert (end.tag, end.lots, end.side) == ("liquidation", entry.lots, -1)
    assert end.price == pytest.approx(price)
    assert end.fee == pytest.approx(0.005 * end.price * end.lots * 0.001)
    assert 0.0 < session.cash < 100.0


def test_a_stop_nearer_than_the_liquidation_comes_first():
    """The same fall, with a stop two true ranges below the entry's bar."""
    session = levered()
    params = {"fast": 1, "slow": 2, "atr_period": 1, "stop_atr": 2.0}
    session = Session(registry.load("ma_crossover"), params, session.settings)
    fills = [fill for bar in bars(98.0, 99.0, 100.0, 101.0, 80.0) for fill in session.step(bar)]
    assert [fill.tag for fill in fills] == ["entry", "stop"]


def test_spot_is_never_closed_by_force():
    """All of the cash in a position that falls by nine tenths."""
    session = levered(leverage=0.0, position_fraction=1.0)
    fills = [fill for bar in bars(98.0, 99.0, 100.0, 101.0, 10.0) for fill in session.step(bar)]
    assert "liquidation" not in [fill.tag for fill in fills]
