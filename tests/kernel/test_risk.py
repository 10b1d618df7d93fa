"""The rules cut what opens and never what closes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from algobot.kernel import ledger, risk
from algobot.kernel import records as r
from algobot.kernel.session import Session
from algobot.model import Bar
from algobot.strategies import registry
from tests.kernel.markets import plain


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


def entry(account: dict | None = None, slot: dict | None = None, score: float = 1.0, **rules: float) -> tuple:
    """Return the lots of a whole long entry at 100 and the refusal, for an account of 10,000 with lots of 1."""
    accounts, slots, setting = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    values = {"cash": 10_000.0, "equity": 10_000.0, "peak": 10_000.0, "day_start": 10_000.0, "may_open": 1}
    for name, value in {**values, **(account or {})}.items():
        accounts[name] = value
    for name, value in (slot or {}).items():
        slots[name] = value
    for name, value in {"lot": 1.0, "position_fraction": 0.5, **rules}.items():
        setting[name] = value
    slots["orders"]["score"] = score
    return int(risk.entry_lots(accounts[0], slots[0], setting[0], 1, 1.0, 100.0)), int(slots["refusal"][0])


def test_an_entry_is_sized_by_what_its_stop_may_lose_and_the_share_of_equity_is_the_most():
    """1 % of 10,000 over a distance of 5 is 20 units; over a distance of 1 it would be 100, and 50 is the most."""
    assert entry(slot={"plan_stop_distance": 5.0}, risk_per_trade_fraction=0.01) == (20, risk.NONE)
    assert entry(slot={"plan_stop": 95.0}, risk_per_trade_fraction=0.01) == (20, risk.NONE)
    assert entry(slot={"plan_trail": 5.0}, risk_per_trade_fraction=0.01) == (20, risk.NONE)
    assert entry(slot={"plan_stop_distance": 1.0}, risk_per_trade_fraction=0.01) == (50, risk.NONE)
    assert entry(risk_per_trade_fraction=0.01) == (0, risk.NO_STOP)
    assert entry(slot={"plan_stop": 101.0}, risk_per_trade_fraction=0.01) == (0, risk.NO_STOP)


STEPS = {
    "warning_drawdown_fraction": 0.10,
    "warning_multiplier": 0.5,
    "critical_drawdown_fraction": 0.15,
    "critical_multiplier": 0.25,
    "max_losses": 3,
    "losses_multiplier": 0.5,
}


@pytest.mark.parametrize(
    ("equity", "losses", "left"),
    [
        (9001.0, 2, 1.0),
        (9000.0, 0, 0.5),
        (8501.0, 0, 0.5),
        (8500.0, 0, 0.25),
        (10_000.0, 3, 0.5),
        (9000.0, 4, 0.25),
    ],
)
def test_falling_and_losing_make_entries_smaller_in_steps(equity, losses, left):
    """Each step multiplies what opens, by value and by risk alike; drawdown and losses multiply each other."""
    account = {"equity": equity, "losses": losses}
    assert entry(account, **STEPS)[0] == int(equity * 0.5 * left / 100)
    by_risk = entry(account, {"plan_stop_distance": 5.0}, risk_per_trade_fraction=0.02, **STEPS)
    assert by_risk[0] == int(equity * 0.02 * left / 5)


def test_the_strategys_score_weighs_an_entry():
    """Half a score is half the size; none opens nothing."""
    assert [entry(score=score)[0] for score in (1.0, 0.5, 0.0, -1.0)] == [50, 25, 0, 0]


def test_nothing_opens_past_the_most_positions_but_a_position_may_grow():
    """Counted are symbols with a position or an entry on its way; the symbol's own does not block itself."""
    full = {"committed": 3}
    assert allowed(0, 1, 5, account=full, max_positions=3) == (0, risk.POSITIONS)
    assert allowed(0, 1, 5, account={"committed": 2}, max_positions=3) == (5, risk.NONE)


def test_heat_cuts_an_entry_to_what_may_still_be_lost():
    """Open positions may lose 250 and an entry on its way 100 of 500: 150 over a distance of 50 is 3 lots."""
    accounts, slots, rules = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    for name, value in {"cash": 1e5, "equity": 10_000.0, "heat": 250.0, "planned": 100.0, "may_open": 1}.items():
        accounts[name] = value
    rules["lot"], rules["max_heat_fraction"] = 1.0, 0.05
    slots["plan_stop_distance"] = 50.0
    assert risk.allowed_lots(accounts[0], slots[0], rules[0], 0, 1, 9, 100.0) == 3
    assert (slots["refusal"][0], accounts["planned"][0], accounts["committed"][0]) == (risk.HEAT, 250.0, 1)
    assert risk.allowed_lots(accounts[0], slots[0], rules[0], 0, 1, 9, 100.0) == 0


def losing_fold(bars: list[tuple[float, float]], **rules: float) -> list[int]:
    """Return the lots after each bar of a bot that always wants to be long, stopped 1 below its entry."""
    accounts, slots, setting = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    accounts["cash"] = accounts["equity"] = accounts["peak"] = 10_000.0
    accounts["may_open"] = 1
    for name, value in {"lot": 1.0, "position_fraction": 0.5, **rules}.items():
        setting[name] = value
    held = []
    for price, exit_price in bars:
        slot = slots[0]
        if slot.cooling > 0:
            slot.cooling -= 1
        if risk.allowed_lots(accounts[0], slot, setting[0], 0, 1, 1, price) == 1:
            ledger.apply_fill(accounts[0], slot, setting[0], 1, 1, price, 0.0, 0)
            held.append(1)
            ledger.apply_fill(accounts[0], slot, setting[0], -1, 1, exit_price, 0.0, 0)
        else:
            held.append(0)
    return held


def test_after_a_loss_a_symbol_cools_down_and_after_a_win_it_does_not():
    """Two bars pass after the close of a losing position before the next may open."""
    bars = [(100.0, 99.0)] * 4 + [(100.0, 101.0)] * 4
    assert losing_fold(bars, cooldown_bars=2) == [1, 0, 1, 0, 1, 1, 1, 1]
    assert losing_fold(bars, cooldown_bars=0) == [1] * 8


def test_losses_in_a_row_are_counted_until_a_win_and_fees_decide():
    """A trade that gained less than its fees is a loss; heat and positions held go back to nothing."""
    accounts, slots, setting = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    setting["lot"] = 1.0
    slots["plan_stop_distance"] = 5.0
    counted = []
    for entry_price, exit_price, fee in ((100, 99, 0), (100, 101, 1), (100, 101, 0), (100, 90, 0)):
        ledger.apply_fill(accounts[0], slots[0], setting[0], 1, 2, float(entry_price), float(fee), 0)
        assert (accounts["held"][0], accounts["heat"][0]) == (1, 10.0)
        ledger.apply_fill(accounts[0], slots[0], setting[0], -1, 2, float(exit_price), float(fee), 0)
        assert (accounts["held"][0], accounts["heat"][0]) == (0, 0.0)
        counted.append(int(accounts["losses"][0]))
    assert counted == [1, 2, 0, 1]
    assert slots["position"]["closes"][0] == 4


def test_what_is_at_risk_grows_with_a_position_and_goes_with_its_parts():
    """Bought in two fills, sold in two: each time heat is what the stop of what is held may lose."""
    accounts, slots, setting = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    setting["lot"], slots["plan_stop_distance"] = 1.0, 5.0
    seen = []
    for side, lots in ((1, 4), (1, 4), (-1, 6), (-1, 2)):
        ledger.apply_fill(accounts[0], slots[0], setting[0], side, lots, 100.0, 0.0, 0)
        seen.append(float(accounts["heat"][0]))
    assert seen == [20.0, 40.0, 10.0, 0.0]
    assert slots["position"]["risk"][0] == 0.0


def test_turning_around_leaves_only_the_new_sides_risk():
    """Long 4, then 6 sold: short 2 with a stop 5 above."""
    accounts, slots, setting = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    setting["lot"], slots["plan_stop_distance"] = 1.0, 5.0
    ledger.apply_fill(accounts[0], slots[0], setting[0], 1, 4, 100.0, 0.0, 0)
    ledger.apply_fill(accounts[0], slots[0], setting[0], -1, 6, 100.0, 0.0, 0)
    assert (accounts["heat"][0], slots["position"]["risk"][0], accounts["held"][0]) == (10.0, 10.0, 1)


def test_a_way_out_is_never_said_to_lack_a_stop():
    """Sized by risk it enters with a stop; leaving needs no size, so nothing is refused."""
    params = {"fast": 1, "slow": 2, "atr_period": 1, "stop_atr": 9.0}
    session = Session(registry.load("ma_crossover"), params, plain(risk_per_trade_fraction=0.01, lot=0.001))
    opens = (100.0, 98.0, 99.0, 100.0, 101.0)
    for i, (start, end) in enumerate(itertools.pairwise((*opens, 99.5))):
        session.step(Bar(i * 60, i * 60 + 60, start, max(start, end), min(start, end), end, 1.0))
    assert session.position_lots > 0
    assert (session.decision.word, session.waiting[0].tag) == ("flat", "exit")
    assert "no stop" not in session.decision.reason


def test_what_is_on_its_way_is_counted_from_what_waits_now():
    """A resting entry and a market order on its way count; exits do not; and what was canceled is gone at once."""
    accounts, slots, setting = np.zeros(1, r.ACCOUNT), np.zeros(1, r.SLOT), np.zeros(1, r.SETTINGS)
    setting["lot"], setting["max_heat_fraction"] = 1.0, 0.1
    slots["plan_stop_distance"], slots["pending"], slots["position"]["lots"] = 5.0, 2, 1
    for kind, side, lots, reduces in ((r.LIMIT, 1, 3, 0), (r.LIMIT, -1, 7, 0), (r.STOP, 1, 9, 1), (r.MARKET, 1, 2, 0)):
        order = slots[0].orders.waiting[slots[0].orders.waits]
        order.kind, order.side, order.lots, order.reduce_only, order.price = kind, side, lots, reduces, 100.0
        slots[0].orders.waits += 1
    planned = []
    for waits in (4, 0):
        slots[0].orders.waits = waits
        risk.clear_commitments(accounts[0])
        risk.count_commitment(accounts[0], slots[0], setting[0])
        planned.append(float(accounts["planned"][0]))
    assert planned == [25.0, 10.0]
