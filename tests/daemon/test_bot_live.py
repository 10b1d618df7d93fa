"""A live bot: its orders and fills, what is unknown or refused, stops, winding down, a life after a fault."""

from __future__ import annotations

from decimal import Decimal

import pytest

from algobot.kernel.session import Session
from algobot.model import (
    BotId,
    BotMode,
    BotState,
    OrderStatus,
    Quote,
    Side,
    Symbol,
)
from algobot.strategies import registry
from daemon import messages as m
from daemon.bot import Bot
from daemon.bot_ports import Birth
from daemon.holding import settings_of
from tests.daemon.builders import a_bar, a_fill, a_spec
from tests.daemon.notes import DOWN, UP, Notes, a_bot, a_memory, an_order, bars, feed, fill_whole
from tests.fakes.venue import BTC

LIVE = a_spec(mode=BotMode.LIVE)


def test_a_live_bot_sends_its_decision_with_the_checkpoint_and_books_the_fill() -> None:
    """One intent, durable with the bar it was decided on; the fill makes position and cash exact."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    feed(bot, bars(UP[4:5], 4))
    (submit,) = notes.submits
    (intent,) = submit.intents
    assert (intent.side, intent.tag, intent.reduce_only) == (Side.BUY, "entry", False)
    assert submit.checkpoint is not None
    assert submit.checkpoint.bar_close_ns == a_bar(4).close_ns
    feed(bot, bars(UP[5:], 5))
    assert len(notes.intents) == 1, "what is on its way is not asked for again"
    fill_whole(bot, intent, 1, "101.5")
    assert bot.holding.book.position == intent.quantity
    assert bot.holding.book.cash == Decimal(10_000) - intent.quantity * Decimal("101.5") - Decimal("0.5")
    assert bot.open_orders == 0
    feed(bot, bars(DOWN, 7))
    assert (notes.intents[-1].side, notes.intents[-1].quantity) == (Side.SELL, intent.quantity)
    assert notes.intents[-1].reduce_only
    assert len(notes.intents) == 2


def test_a_fill_told_twice_or_already_in_the_checkpoint_is_booked_once() -> None:
    """The ledger's number decides."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    feed(bot, bars(UP[4:5], 4))
    fill_whole(bot, notes.intents[0], 1)
    arrived = m.FillArrived(a_fill(Side.BUY, "1", "100", client_order_id="order-1"), 1)
    bot.handle(arrived)
    assert bot.holding.book.fills == 1
    feed(bot, bars(UP[5:6], 5))
    checkpoint = notes.records[-1][0]
    fills = [m.FillArrived(a_fill(Side.BUY, str(notes.intents[0].quantity), "100", fee="0.5"), 1)]
    again = a_bot(LIVE, Notes(), a_memory(LIVE, checkpoint=checkpoint, ledger=fills), history=[])
    assert again.holding.book == bot.holding.book
    assert again.holding.session.cash == pytest.approx(bot.holding.session.cash)
    later = [*fills, m.FillArrived(a_fill(Side.SELL, str(notes.intents[0].quantity), "110", trade_id="2"), 2)]
    flat = a_bot(LIVE, Notes(), a_memory(LIVE, checkpoint=checkpoint, ledger=later), history=[])
    assert flat.holding.session.position_lots == 0
    assert flat.holding.book.position == 0


def test_an_order_of_unknown_fate_degrades_the_bot_and_counts_as_open() -> None:
    """Nothing is opened while a submit may or may not exist; what it would buy counts as bought."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    feed(bot, bars(UP[4:5], 4))
    bot.handle(m.OrderMoved(an_order(notes.intents[0], 1, OrderStatus.UNKNOWN)))
    assert bot.state is BotState.DEGRADED
    assert "unknown" in bot.reason
    feed(bot, bars(UP[5:], 5))
    assert len(notes.intents) == 1
    bot.handle(m.OrderMoved(an_order(notes.intents[0], 1, OrderStatus.NEVER_ACCEPTED)))
    assert bot.state is BotState.RUNNING
    feed(bot, bars([104.0], 7))
    assert len(notes.intents) == 2


def test_five_refusals_in_a_minute_pause_the_bot() -> None:
    """A bot the venue refuses again and again stops asking."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    for n in range(5):
        feed(bot, bars([101.0 + n], 4 + n))
        bot.handle(m.OrderMoved(an_order(notes.intents[n], n, OrderStatus.REJECTED, reason="insufficient balance")))
    assert bot.state is BotState.PAUSED
    assert "insufficient balance" in bot.reason
    feed(bot, bars([110.0], 9))
    assert len(notes.intents) == 5


def test_a_stop_reached_by_a_quote_sends_one_exit_and_waits_for_its_answer() -> None:
    """The exit goes out once, is not repeated while pending, and is tried again after a refusal and a pause."""
    spec = a_spec(strategy="trend_following", mode=BotMode.LIVE, params={})
    notes = Notes()
    bot = a_bot(spec, notes, history=bars([100.0] * 5))
    bot.handle(m.FillArrived(a_fill(Side.BUY, "1", "100"), 1))
    bot.holding.session._slots["position"]["stop"] = 95.0
    quote = m.QuoteArrived(Quote(Symbol("BTC/USDT"), 94.0, 94.5, 1, 1))
    bot.handle(quote)
    bot.handle(quote)
    assert [(i.side, i.tag, i.reduce_only) for i in notes.intents] == [(Side.SELL, "stop", True)]
    bot.handle(m.OrderMoved(an_order(notes.intents[0], 9, OrderStatus.REJECTED, reason="no")))
    bot.handle(quote)
    assert len(notes.intents) == 1
    notes.now += 1_000_000_000
    bot.handle(quote)
    assert len(notes.intents) == 2
    bot.handle(m.HaltChanged("halted (all): drill"))
    bot.handle(m.OrderMoved(an_order(notes.intents[1], 10, OrderStatus.REJECTED, reason="halted")))
    notes.now += 60_000_000_000
    bot.handle(quote)
    assert len(notes.intents) == 2
    bot.handle(m.HaltChanged("halted (all): drill", may_reduce=True))
    bot.handle(quote)
    assert len(notes.intents) == 3


def test_stopping_cancels_then_flattens_then_ends() -> None:
    """Each step waits for the one before: no close while something may still fill."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    feed(bot, bars(UP[4:5], 4))
    entry = notes.intents[0]
    bot.handle(m.OrderMoved(an_order(entry, 1, OrderStatus.OPEN)))
    bot.handle(m.StopBot(flatten=True))
    assert notes.cancels == [m.CancelBot(BotId("b"), "stop")]
    assert (bot.done, bot.state) == (False, BotState.STOPPING)
    bot.handle(m.FillArrived(a_fill(Side.BUY, "0.5", "100", client_order_id="order-1"), 1))
    bot.handle(m.OrderMoved(an_order(entry, 1, OrderStatus.CANCELED, filled="0.5")))
    assert (notes.intents[-1].side, notes.intents[-1].quantity) == (Side.SELL, Decimal("0.5"))
    bot.handle(m.OrderMoved(an_order(notes.intents[-1], 2, OrderStatus.OPEN)))
    assert len(notes.cancels) == 1, "the closing order is not canceled"
    fill = a_fill(Side.SELL, "0.50000", "100", trade_id="2", client_order_id="order-2")
    bot.handle(m.FillArrived(fill, 2))
    assert not bot.done
    bot.handle(m.OrderMoved(an_order(notes.intents[-1], 2, OrderStatus.FILLED, filled="0.5")))
    assert bot.done


def test_what_is_too_small_to_sell_stays_and_does_not_keep_a_stop_from_ending() -> None:
    """What fell below the venue's least is kept and said."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    bot.handle(m.FillArrived(a_fill(Side.BUY, "0.06", "100"), 1))
    notes.price = 50.0
    bot.handle(m.StopBot(flatten=True))
    assert bot.done
    assert notes.lines == ["position.too_small"]
    assert notes.intents == []


def test_a_fee_in_the_base_asset_leaves_the_bot_selling_only_what_it_has() -> None:
    """The session's lots follow the exact book."""
    notes = Notes()
    bot = a_bot(LIVE, notes, history=bars(UP[:4]))
    fill = a_fill(Side.BUY, "1", "100", fee="0.0010000001", fee_currency="BTC")
    bot.handle(m.FillArrived(fill, 1))
    assert bot.holding.session.position_lots == 99_899
    bot.handle(m.CloseBot())
    assert notes.intents[-1].quantity == Decimal("0.99899")


def test_a_decision_is_settled_before_anything_else_is_handled() -> None:
    """What may come later after a bar never comes after the next message."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:4]))
    bot.handle(m.BarArrived(a_bar(4), 1))
    assert notes.bars == []
    bot.handle(m.PauseBot())
    assert [close_ns for close_ns, _, _ in notes.bars] == [a_bar(4).close_ns]
    assert notes.records[-2][0].bar_close_ns == a_bar(4).close_ns


def test_a_bot_made_anew_after_a_fault_begins_where_the_last_message_left_it() -> None:
    """Book, session, pending orders and weather are those of the moment before the fault."""
    notes = Notes()
    memory = a_memory(LIVE)
    bot = a_bot(LIVE, notes, memory, history=bars(UP[:4]))
    feed(bot, bars(UP[4:5], 4))
    bot.handle(m.OrderMoved(an_order(notes.intents[0], 1, OrderStatus.OPEN)))
    half = a_fill(Side.BUY, str(notes.intents[0].quantity / 2), "100", client_order_id="order-1")
    bot.handle(m.FillArrived(half, 7))
    strategy = registry.load(LIVE.strategy)
    twin = Bot(Birth(LIVE, BTC, strategy, memory), Session(strategy, LIVE.params, settings_of(LIVE, BTC)), notes)
    notes.bot = twin
    twin.begin()
    assert twin.holding.book == bot.holding.book
    assert twin.holding.session.snapshot() == bot.holding.session.snapshot()
    assert twin.open_orders == 1
    assert twin.mark == bot.mark
    assert notes.asks[-1] == (a_bar(4).close_ns, 0)
    twin.handle(m.FillArrived(half, 7))
    assert twin.holding.book.fills == 1
    twin.handle(m.HistoryArrived(()))
    feed(twin, bars(UP[5:], 5))
    assert len(notes.intents) == 1


def test_a_grid_of_a_live_bot_places_only_what_does_not_rest_yet() -> None:
    """On its way, resting, or filled and not booked: none of it is asked for twice; a fill brings its sell."""
    notes = Notes()
    params = {"levels": 3, "step_fraction": 0.02, "stop_fraction": 0.0}
    bot = a_bot(a_spec(mode=BotMode.LIVE, strategy="grid", params=params), notes, history=bars([100.0]))
    feed(bot, bars([100.0], 1))
    assert [intent.tag for intent in notes.intents] == ["level 1", "level 2", "level 3"]
    feed(bot, bars([100.0], 2))
    for number, intent in enumerate(notes.intents, 1):
        bot.handle(m.OrderMoved(an_order(intent, number, OrderStatus.OPEN)))
    feed(bot, bars([99.0], 3))
    first = notes.intents[0]
    bot.handle(m.OrderMoved(an_order(first, 1, OrderStatus.FILLED, filled=str(first.quantity))))
    feed(bot, bars([99.0], 4))
    assert len(notes.intents) == 3
    assert first.limit_price is not None
    bot.handle(
        m.FillArrived(a_fill(Side.BUY, str(first.quantity), str(first.limit_price), client_order_id="order-1"), 1)
    )
    feed(bot, bars([99.0], 5))
    assert len(notes.intents) == 4
    sell = notes.intents[3]
    assert (sell.side, sell.tag, sell.quantity, sell.limit_price) == (Side.SELL, "level 1", first.quantity, 100)
    assert sell.reduce_only
    assert notes.cancels == []
