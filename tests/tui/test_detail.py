"""One bot's page as a fold."""

from __future__ import annotations

from decimal import Decimal

from algobot.model import AccountId, BotId, BotSpec, OrderStatus, Symbol
from algobot.protocol.events import BarClosed, BotChanged, DecisionMade, FillRecorded, OrderChanged
from algobot.protocol.rows import BotDetail, DecisionRow
from tests.tui.builders import NOON, a_bot, a_fill, an_order
from tui.detail import apply

SPEC = BotSpec(BotId("alpha"), "ma_crossover", Symbol("BTC/USDT"), "1m", AccountId("sim"), Decimal(10_000))


def a_page() -> BotDetail:
    """Alpha with one of everything."""
    decision = DecisionRow(NOON, NOON, "long", "why")
    return BotDetail(a_bot(), SPEC, [an_order()], [a_fill()], [(NOON, 1.0)], [(NOON, 2.0)], [decision])


def test_events_that_race_with_the_reply_are_not_counted_twice() -> None:
    """The page holds no seq: a fill, a bar or a decision it has already is told by its key."""
    page = a_page()
    assert apply(page, FillRecorded(5, NOON, a_fill())) is page
    assert apply(page, BarClosed(6, NOON, BotId("alpha"), NOON, 9.0, 9.0)) is page
    assert apply(page, DecisionMade(7, NOON, BotId("alpha"), DecisionRow(NOON, NOON, "flat", "no"))) is page


def test_what_other_bots_do_changes_nothing() -> None:
    """A page is about one bot."""
    page = a_page()
    assert apply(page, FillRecorded(5, NOON, a_fill(2, bot_id=BotId("bravo")))) is page
    assert apply(page, BotChanged(6, NOON, a_bot("bravo"))) is page
    assert apply(page, OrderChanged(7, NOON, an_order(2, bot_id=BotId("bravo")))) is page


def test_what_the_bot_does_comes_first() -> None:
    """Newest fills and orders on top, curves at their end; an older state of an order is ignored."""
    page = apply(a_page(), FillRecorded(5, NOON, a_fill(2)))
    page = apply(page, OrderChanged(6, NOON, an_order(2)))
    page = apply(page, OrderChanged(7, NOON, an_order(1, status=OrderStatus.FILLED, updated_ns=NOON)))
    page = apply(page, OrderChanged(8, NOON, an_order(1)))
    page = apply(page, BarClosed(9, NOON, BotId("alpha"), NOON + 1, 3.0, 4.0))
    assert [fill.trade_id for fill in page.fills] == ["2", "1"]
    assert [order.status for order in page.orders] == [OrderStatus.OPEN, OrderStatus.FILLED]
    assert page.prices[-1] == (NOON + 1, 3.0)
    assert page.equity_curve[-1] == (NOON + 1, 4.0)
