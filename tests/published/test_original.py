"""The original's conventions, one by one, on bars small enough to check by hand.

Everything costs nothing here except where a test is about costs: 100 in cash buys 1 unit at 100.
"""

from __future__ import annotations

import pytest

from tests.published import original
from tests.published.conventions import Conventions
from tests.published.original import Account, Original
from tests.published.scripted import bars, both, enter, follow, leave, rest, scripted, still

FREE = Account(
    capital=1000.0, risk_per_trade=1.0, heat=10.0, max_position=0.1, max_drawdown=0.9, warning=0.8, critical=0.85
)
HOW = Conventions()


@pytest.fixture(autouse=True)
def without_costs(request, monkeypatch):
    """Let no fee and no slippage blur the sums, except where a test asks for them."""
    if "costs" not in request.keywords:
        monkeypatch.setattr(original, "FEE", 0.0)
        monkeypatch.setattr(original, "SLIPPAGE", 0.0)


def played(script, *rows, account=FREE, how=HOW, **bracket):
    """Return a run's engine and result."""
    engine = Original(scripted(script, **bracket), {}, account, bars(*rows), how)
    return engine, engine.run()


def only(result):
    """Return the only trade that was of something."""
    (trade,) = (trade for trade in result.trades if trade.quantity > 0.0)
    return trade


def test_a_market_order_fills_at_the_close_that_decided_it():
    """0.1 of 1000 at the close of 100 is one unit; the mark of that bar does not know it yet."""
    _, result = played({0: enter, 2: leave}, [still(), still(110.0), still(115.0)])
    trade = only(result)
    assert (trade.entry, trade.exit, trade.quantity, trade.net) == (100.0, 115.0, 1.0, 15.0)
    assert result.curve == [1000.0, 1010.0, 1015.0]


def test_costs_are_slippage_on_the_price_and_a_fee_on_the_value(monkeypatch):
    """Bought at 101 and sold at 99 with a fee of 2 % on each side."""
    monkeypatch.setattr(original, "FEE", 0.02)
    monkeypatch.setattr(original, "SLIPPAGE", 0.01)
    _, result = played({0: enter, 1: leave}, [still(), still(), still()])
    trade = only(result)
    assert (trade.entry, trade.exit) == (101.0, 99.0)
    assert trade.net == pytest.approx(99.0 - 101.0 - 0.02 * (99.0 + 101.0))
    assert result.curve[-1] == pytest.approx(1000.0 + trade.net)


def test_only_a_close_stops_but_it_fills_at_the_stop():
    """A low of 80 does nothing; a close of 85 sells at 90, or at 85 with the convention off."""
    row = [still(), (100.0, 100.0, 80.0, 95.0), (95.0, 95.0, 85.0, 85.0)]
    _, result = played({0: enter}, row)
    assert [(trade.left, trade.exit) for trade in result.trades] == [(2, 90.0)]
    _, result = played({0: enter}, row, how=HOW._replace(stop_fills_at_its_price=False))
    assert [(trade.left, trade.exit) for trade in result.trades] == [(2, 85.0)]


def test_a_stop_gapped_through_fills_at_the_open():
    """The open of 88 is worse than the stop at 90."""
    _, result = played({0: enter}, [still(), (88.0, 89.0, 80.0, 82.0)])
    assert result.trades[0].exit == 88.0


def test_a_target_fills_at_the_open_before_it():
    """The high of 125 reaches 120, which fills at the open of 105; with the convention off at 120."""
    row = [still(), (105.0, 125.0, 105.0, 110.0)]
    _, result = played({0: enter}, row)
    assert result.trades[0].exit == 105.0
    _, result = played({0: enter}, row, how=HOW._replace(target_fills_at_the_open=False))
    assert result.trades[0].exit == 120.0


def test_a_target_goes_before_a_stop_of_the_same_bar():
    """The high reaches 120 and the close 85 is below the stop: it is the target."""
    _, result = played({0: enter}, [still(), (121.0, 122.0, 85.0, 85.0)])
    assert result.trades[0].exit == 120.0


def test_a_limit_order_may_reach_its_target_with_the_high_of_the_bar_that_filled_it():
    """Bought at the low of 90, sold at the open of 105 of the same bar: a price before the entry."""
    row = [still(), (105.0, 115.0, 89.0, 100.0), still()]
    _, result = played({0: rest((1, 0.0, 90.0))}, row)
    trade = only(result)
    assert (trade.entered, trade.left, trade.entry, trade.exit) == (1, 1, 90.0, 105.0)
    assert result.same_bar == 1
    _, result = played({0: rest((1, 0.0, 90.0))}, row, how=HOW._replace(target_within_the_entry_bar=False))
    assert (result.same_bar, result.trades[0].exit) == (0, 100.0)


def test_a_limit_order_rests_from_the_next_bar_on_for_ever_and_fills_at_its_limit():
    """The bar that placed it does not fill it; one that opens beyond it still pays the limit."""
    _, result = played({0: rest((1, 0.0, 90.0))}, [(100.0, 100.0, 80.0, 100.0), *[still()] * 40, still(85.0), still()])
    trade = only(result)
    assert (trade.entered, trade.entry) == (41, 90.0)


def test_limit_orders_need_no_cash_and_each_has_the_full_risk_size():
    """Twelve rungs of one unit at 95: the eleventh overdraws the account."""
    _, result = played({0: rest(*[(1, 0.0, 95.0)] * 12)}, [still(), still(95.0)], stop=1.0)
    assert result.overdrawn == 2
    assert result.trades[0].quantity == pytest.approx(12.0)


def test_market_buys_need_cash_for_value_and_fee():
    """Two symbols of 60 % each: the second is dropped."""
    account = FREE._replace(max_position=0.6)
    _, result = played({0: enter}, [still(), still()], [still(), still()], account=account)
    assert (len(result.trades), result.dropped) == (1, 1)


def test_with_a_position_the_strategys_own_quantity_counts():
    """The second order is for 3 units and gets them."""
    script = {0: enter, 1: rest((1, 3.0, 99.0))}
    _, result = played(script, [still(), still(), still(99.0), still()])
    assert (result.trades[0].quantity, result.trades[0].entry) == (4.0, 99.25)


def test_levels_come_from_the_first_entry_and_later_fills_do_not_move_them():
    """Averaged down to 97.5 the target stays at 120, computed from 100."""
    script = {0: enter, 1: rest((1, 1.0, 95.0))}
    row = [still(), still(), still(95.0), (118.0, 119.0, 117.0, 118.0), (118.0, 121.0, 118.0, 118.0)]
    _, result = played(script, row)
    assert (result.trades[0].left, result.trades[0].exit, result.trades[0].entry) == (4, 118.0, 97.5)


def test_a_position_after_a_strategys_exit_inherits_the_old_first_entry():
    """Its bracket is the one of the old bar; with the convention off it is its own."""

    def wide(_, orders):
        orders.stop_distance = 30.0

    script = {0: both(enter, wide), 1: leave, 2: enter}
    row = [still(), still(), still(), still(80.0), still(75.0)]
    _, result = played(script, row)
    assert [(trade.entered, trade.left) for trade in result.trades] == [(0, 1), (0, 4)]
    _, result = played(script, row, how=HOW._replace(keeps_records=False))
    assert [(trade.entered, trade.left) for trade in result.trades] == [(0, 1), (2, 3)]


def test_a_record_of_nothing_ends_as_a_losing_trade_of_nothing():
    """After a strategy's exit the record stays and is closed with the backtest."""
    _, result = played({0: enter, 1: leave}, [still(), still(), still()])
    assert [trade.net for trade in result.trades] == [0.0, 0.0]
    assert result.trades[1].quantity == 0.0


def test_after_a_stop_the_record_is_gone():
    """Nothing is left to close at the end."""
    _, result = played({0: enter}, [still(), still(85.0), still()])
    assert len(result.trades) == 1


def test_a_stop_that_follows_replaces_the_first_one_even_below_it_and_never_moves_down():
    """Said at 80: a close of 85 is not below that. Said at 70 it stays at 80, and a close of 78 stops."""
    script = {0: enter, 1: follow(80.0), 2: follow(70.0)}
    row = [still(), (90.0, 90.0, 85.0, 85.0), (85.0, 85.0, 78.0, 78.0)]
    _, result = played(script, row)
    assert [(trade.left, trade.exit) for trade in result.trades] == [(2, 80.0)]


def test_a_strategy_is_not_asked_on_the_bar_of_a_stop_but_its_indicators_see_it():
    """Five bars seen, four asked; what it wrote for the other symbols is forgotten too."""
    engine, _ = played({0: enter}, [still(), still(), still(85.0), still(), still()])
    state = engine._folds._states[0]
    assert (state["seen"], state["memory"]["asked"]) == (5, 4)
    assert engine._folds._shared[0] == 4


def test_more_sold_than_held_opens_a_short_that_is_marked_as_an_asset():
    """One unit held, three sold at 110: two short, worth +220 in the mark, or -220 with the convention off."""
    script = {0: enter, 1: rest((-1, 3.0, 110.0))}
    row = [still(), still(), (110.0, 110.0, 110.0, 110.0)]
    _, result = played(script, row)
    assert [(trade.side, trade.quantity, trade.net) for trade in result.trades] == [(1, 1.0, 10.0), (-1, 2.0, 0.0)]
    assert result.curve[-1] == 1000.0 - 100.0 + 330.0 + 220.0
    _, result = played(script, row, how=HOW._replace(shorts_are_assets=False))
    assert result.curve[-1] == 1000.0 - 100.0 + 330.0 - 220.0


def test_a_short_has_its_stop_above_and_its_target_below():
    """Short from 110 with a stop at 120: a close of 125 buys at 120."""
    script = {0: enter, 1: rest((-1, 3.0, 110.0))}
    _, result = played(script, [still(), still(), still(110.0), (115.0, 125.0, 115.0, 125.0)])
    assert [(trade.side, trade.left, trade.exit) for trade in result.trades] == [(1, 2, 110.0), (-1, 3, 120.0)]


def test_partial_sales_are_in_the_equity_but_make_no_trade():
    """Two sold at 110 of four bought at 100: one trade, of the two that remain."""
    account = FREE._replace(max_position=0.4)
    _, result = played(
        {0: enter, 1: rest((-1, 2.0, 110.0)), 3: leave}, [still(), still(), *[still(110.0)] * 3], account=account
    )
    assert [(trade.quantity, trade.net) for trade in result.trades] == [(2.0, 20.0), (0.0, 0.0)]
    assert result.curve[-1] == 1040.0


def test_a_strategy_sees_cash_and_the_symbols_before_it_only():
    """With two positions at 120 the first sees 920, the second 1040; the peak is of earlier bars."""
    seen = []

    def look(position, _):
        seen.append((float(position.equity), float(position.peak)))

    row = [still(), still(120.0), still(120.0)]
    played({0: enter, 1: look, 2: look}, row, row, goal=50.0)
    assert seen == [(920.0, 1000.0), (1040.0, 1000.0), (920.0, 1040.0), (1040.0, 1040.0)]
    seen.clear()
    played({0: enter, 1: look}, row, row, goal=50.0, how=HOW._replace(partial_equity=False))
    assert seen == [(1040.0, 1000.0), (1040.0, 1000.0)]


@pytest.mark.parametrize(
    ("account", "quantity"),
    [
        (FREE, 1.0),  # the cap of 10 % of 1000
        (FREE._replace(risk_per_trade=0.005), 0.5),  # 5 at risk over a stop 10 away
        (FREE._replace(risk_per_trade=0.02, heat=0.005), 0.5),
        (FREE._replace(max_positions=0), 0.0),
    ],
)
def test_an_entry_is_sized_by_risk_capped_by_position_and_heat(account, quantity):
    """The distance of the stop decides, within the caps."""
    _, result = played({0: enter}, [still(), still()], account=account)
    assert sum(trade.quantity for trade in result.trades) == pytest.approx(quantity)


@pytest.mark.parametrize(("fallen", "quantity"), [(0.05, 1.0), (0.10, 0.5), (0.20, 0.25), (0.30, 0.0), (0.31, 0.0)])
def test_drawdown_cuts_an_entry_in_steps_and_then_halts_it(fallen, quantity):
    """Half from a tenth on, a quarter from a fifth on, nothing from three tenths on."""
    account = FREE._replace(
        risk_per_trade=0.01, max_position=10.0, warning=0.1, critical=0.2, max_drawdown=0.3, max_losses=9
    )
    engine = Original(scripted({0: enter}), {}, account, bars([still(), still()]))
    engine._capital = 1000.0
    engine._peak = 1000.0 / (1.0 - fallen) * (1.0 - 1e-12 if fallen == 0.05 else 1.0 + 1e-12)
    assert sum(trade.quantity for trade in engine.run().trades) == pytest.approx(quantity)


def test_losses_in_a_row_cut_an_entry_until_a_win():
    """Three stops, then three quarters of the size; after a win the full size."""
    account = FREE._replace(risk_per_trade=0.001, max_position=10.0, max_losses=3, losses_multiplier=0.75)
    script = dict.fromkeys((0, 2, 4, 6, 8), enter)
    down = [still(), still(90.0)]
    _, result = played(script, [*down, *down, *down, still(), still(120.0), still(), still()], account=account)
    risked = [trade.quantity * 10.0 for trade in result.trades]
    assert risked[:3] == pytest.approx([1.0, 0.999, 0.998001], rel=1e-6)
    assert risked[3] == pytest.approx(0.75 * 0.997, rel=1e-4)
    assert risked[4] == pytest.approx(0.9985, rel=1e-3)


def test_what_rounding_leaves_is_a_position_with_the_fee_of_its_fill(monkeypatch):
    """0.1 + 0.2 is more than 0.3: after selling them one by one a short of 5e-17 remains, and its fee is a loss."""
    monkeypatch.setattr(original, "FEE", 0.01)
    engine = Original(scripted({}), {}, FREE, bars([still()]))
    book = engine._book
    for side, quantity in ((1, 0.1), (1, 0.2), (-1, 0.1 + 0.2)):
        change = book.fill(0, original.Deal(side, quantity, 100.0, quantity, 0))
    assert change.turned
    assert 0.0 < book.held[0].quantity < 1e-16
    assert book.held[0].side == -1
    assert book.held[0].fills[0][1] == pytest.approx(0.3)
