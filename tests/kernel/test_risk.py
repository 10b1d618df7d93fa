"""The rules cut what opens and never what closes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import records as r
from algobot.kernel import risk


def allowed(
    held: int, side: int, lots: int, price: float = 100.0, account: dict | None = None, **limits: float
) -> tuple:
    """Return the lots allowed and the reason for a cut, for an account of 10,000 with lots of 1."""
    accounts, slots, rules = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    values = {"cash": 10_000.0, "equity": 10_000.0, "peak": 10_000.0, "day_start": 10_000.0, "may_open": 1}
    for name, value in {**values, **(account or {})}.items():
        accounts[name] = value
    for name, value in {"lot": 1.0, "allow_short": 1, **limits}.items():
        rules[name] = value
    got = risk.allowed_lots(accounts[0], slots[0], rules[0], held, side, lots, price)
    return int(got), int(slots["refusal"][0])


@pytest.mark.parametrize(
    ("account", "limits", "why"),
    [
        ({"may_open": 0}, {}, risk.NOT_OPENING),
        ({"equity": 8000.0}, {"max_drawdown_fraction": 0.2}, risk.DRAWDOWN),
        ({"equity": 9500.0}, {"max_daily_loss_fraction": 0.05}, risk.DAILY_LOSS),
    ],
)
def test_a_blocked_account_closes_but_does_not_open(account, limits, why):
    """Entries are refused with the reason; exits of any size pass; a turn-around is cut to its closing part."""
    assert allowed(0, 1, 5, account=account, **limits) == (0, why)
    assert allowed(5, -1, 5, account=account, **limits) == (5, risk.NONE)
    assert allowed(5, -1, 9, account=account, **limits) == (5, why)
    assert allowed(-5, 1, 9, account=account, **limits) == (5, why)


def test_limits_that_are_not_reached_do_nothing():
    """Just inside each limit the order passes whole."""
    near = {"equity": 9501.0}
    assert allowed(0, 1, 5, account=near, max_daily_loss_fraction=0.05, max_drawdown_fraction=0.2) == (5, risk.NONE)


def test_short_means_flat_where_shorts_are_not_allowed():
    """Selling more than is held is cut to what is held."""
    assert allowed(0, -1, 5, allow_short=0) == (0, risk.NO_SHORTS)
    assert allowed(3, -1, 5, allow_short=0) == (3, risk.NO_SHORTS)
    assert allowed(0, -1, 5) == (5, risk.NONE)


def test_position_and_order_are_cut_to_their_caps():
    """A fifth of 10,000 at 100 is 20 lots; what is held counts; an order of 500 is 5 lots."""
    assert allowed(0, 1, 50, max_position_fraction=0.2) == (20, risk.POSITION_CAP)
    assert allowed(15, 1, 50, max_position_fraction=0.2) == (5, risk.POSITION_CAP)
    assert allowed(25, 1, 50, max_position_fraction=0.2) == (0, risk.POSITION_CAP)
    assert allowed(-5, 1, 50, max_position_fraction=0.2) == (25, risk.POSITION_CAP)
    assert allowed(0, 1, 50, max_order_notional=500.0) == (5, risk.ORDER_CAP)
    assert allowed(50, -1, 50, max_order_notional=500.0) == (50, risk.NONE)


def test_a_buy_is_cut_to_what_cash_pays_with_fee_and_slippage():
    """10,000 buys 98 at 100 when each costs 101.5."""
    assert allowed(0, 1, 500, taker_fee=0.005, slippage=0.01) == (98, risk.CASH)


@given(
    held=st.integers(-1000, 1000),
    side=st.sampled_from([1, -1]),
    lots=st.integers(0, 10**9),
    price=st.floats(1e-6, 1e7),
    equity=st.floats(-1e6, 1e9),
    cash=st.floats(-1e6, 1e9),
    fractions=st.tuples(*[st.floats(0, 2)] * 3),
    order=st.floats(0, 1e6),
    short=st.integers(0, 1),
)
@settings(max_examples=300, deadline=None)
def test_never_more_than_asked_and_never_less_than_closes(
    held, side, lots, price, equity, cash, fractions, order, short
):
    """For any numbers the answer lies between the closing part and the whole."""
    limits = dict(
        zip(("max_position_fraction", "max_drawdown_fraction", "max_daily_loss_fraction"), fractions, strict=True)
    )
    account = {"equity": equity, "cash": cash}
    got, why = allowed(held, side, lots, price, account, max_order_notional=order, allow_short=short, **limits)
    closes = min(lots, abs(held)) if held * side < 0 else 0
    assert closes <= got <= lots
    assert (got < lots) <= (why != risk.NONE)


@pytest.mark.parametrize(("notional", "price", "lot"), [(float("nan"), 1.0, 1.0), (1.0, 0.0, 1.0), (-5.0, 1.0, 1.0)])
def test_sizes_that_make_no_sense_are_zero(notional, price, lot):
    """Never a negative or an undefined size."""
    assert risk.whole_lots(notional, price, lot) == 0


def test_a_size_beyond_all_measure_is_bounded():
    """A price near zero does not overflow the count."""
    assert risk.whole_lots(1e308, 1e-300, 1e-8) <= 2**63 - 1
