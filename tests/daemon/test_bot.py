"""A bot's life on paper: warming up, trading, gaps, weather, pauses, restarts, being seen."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from algobot.kernel.session import Session
from algobot.model import (
    BotState,
    OnRestart,
    Side,
)
from algobot.strategies import registry
from daemon import messages as m
from daemon.bot_row import row_of
from daemon.holding import settings_of
from tests.daemon.builders import a_bar, a_spec
from tests.daemon.notes import DOWN, UP, Notes, a_bot, a_memory, bars, feed
from tests.fakes.venue import BTC


def test_a_paper_bot_trades_as_the_kernel_alone_does_on_the_same_bars() -> None:
    """Its fills are the session's own, bar by bar; book and session end with the same cash."""
    spec, notes = a_spec(), Notes()
    path = bars(UP + DOWN + UP + DOWN)
    bot = a_bot(spec, notes, history=[])
    feed(bot, path)
    alone = Session(registry.load(spec.strategy), spec.params, settings_of(spec, BTC))
    expected = [fill for bar in path for fill in alone.step(bar)]
    assert len(expected) >= 4
    got = [(f.ts_event_ns, int(f.side), BTC.to_lots(f.quantity), float(f.price), float(f.fee)) for f in notes.fills]
    assert got == [(f.ts_ns, f.side, f.lots, f.price, f.fee) for f in expected]
    assert float(bot.holding.book.cash) == pytest.approx(alone.cash, abs=1e-6)
    assert bot.holding.book.trades == len(expected) // 2
    assert len({f.trade_id for f in notes.fills}) == len(expected)


@pytest.mark.parametrize("cut", range(1, 23))
def test_a_paper_bot_killed_after_any_bar_goes_on_as_if_nothing_had_happened(cut: int) -> None:
    """Restored from its last record and the ledger, the rest of the bars give the same fills, none twice."""
    spec, whole, first, second = a_spec(), Notes(), Notes(), Notes()
    path = bars(UP + DOWN + UP + DOWN)
    feed(a_bot(spec, whole, history=[]), path)
    feed(a_bot(spec, first, history=[]), path[:cut])
    checkpoint = first.records[-1][0]
    ledger = [m.FillArrived(fill, n + 1) for n, fill in enumerate(first.fills)]
    bot = a_bot(spec, second, a_memory(spec, checkpoint=checkpoint, ledger=ledger), history=[path[cut - 1]])
    assert second.asks[0] == (path[cut - 1].close_ns, 0)
    feed(bot, path[cut - 1 :])
    assert first.fills + second.fills == whole.fills
    assert bot.holding.book.fills == len(whole.fills)


def test_warming_folds_history_without_trading_and_then_trades() -> None:
    """History is asked for by the strategy's own need; no fill comes of it."""
    notes = Notes()
    bot = a_bot(a_spec(), notes)
    assert notes.asks == [(0, 4 + 5)]
    assert bot.state is BotState.WARMING
    feed(bot, bars(UP[6:], 6))
    bot.handle(m.HistoryArrived((), "no history yet: nobody answers"))
    assert row_of(bot).reason == "no history yet: nobody answers"
    bot.handle(m.HistoryArrived(tuple(bars(UP[:6]))))
    assert bot.state is BotState.RUNNING
    assert notes.fills == []
    bot.settle()
    assert [close_ns for close_ns, _, _ in notes.bars] == [a_bar(6).close_ns]
    feed(bot, bars([104.0], 7))
    assert [fill.side for fill in notes.fills] == [Side.BUY]


def test_a_gap_in_the_bars_is_filled_from_history_before_anything_is_folded() -> None:
    """Never out of order, never twice, and a paper bot trades the missed bars as a backtest would."""
    spec, notes, whole = a_spec(), Notes(), Notes()
    path = bars(UP + DOWN)
    feed(a_bot(spec, whole, history=[]), path)
    bot = a_bot(spec, notes, history=[])
    feed(bot, path[:5])
    feed(bot, path[7:9])
    assert bot.holding.session.last_bar_ns == path[4].close_ns
    assert notes.asks[-1] == (path[4].close_ns, 0)
    bot.handle(m.HistoryArrived(tuple(path[4:8])))
    feed(bot, path[6:])
    assert notes.fills == whole.fills
    assert [close_ns for close_ns, _, _ in notes.bars] == [bar.close_ns for bar in path]


def test_a_gap_the_venue_itself_has_is_accepted_after_three_looks() -> None:
    """A venue that was closed has no bars for that time; the bot goes on."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:4]))
    feed(bot, bars(UP[5:], 8))
    for _ in range(4):
        bot.handle(m.HistoryArrived(()))
    assert bot.holding.session.last_bar_ns == a_bar(9).close_ns
    assert len(notes.asks) == 1 + 4


def test_a_bar_that_is_not_a_number_never_reaches_the_fold() -> None:
    """It is refused with a line in the log, and the next bar is folded."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:5]))
    before = bot.holding.session.snapshot()
    feed(bot, [msgspec.structs.replace(a_bar(5), close=float("nan"))])
    assert bot.holding.session.snapshot() == before
    assert notes.lines == ["bar.refused"]
    feed(bot, bars([101.0], 6))
    bot.handle(m.HistoryArrived(tuple(bars([101.0, 101.0], 5))))
    assert bot.holding.session.last_bar_ns == a_bar(6).close_ns


def test_a_paused_bot_opens_nothing_and_its_pause_survives_a_restart() -> None:
    """Paused, it follows the market; its checkpoint says that it is."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:4]))
    bot.handle(m.PauseBot())
    feed(bot, bars(UP[4:], 4))
    assert notes.fills == []
    assert bot.state is BotState.PAUSED
    checkpoint = notes.records[-1][0]
    assert checkpoint.paused
    again = a_bot(a_spec(), Notes(), a_memory(a_spec(), checkpoint=checkpoint), history=[])
    assert again.state is BotState.PAUSED
    again.handle(m.ResumeBot())
    assert again.state is BotState.RUNNING


def test_weather_decides_the_state_and_what_may_be_opened() -> None:
    """Stale data, an account that is not ready, a halt: each has its word, and nothing opens."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:4]))
    bot.handle(m.FeedState(live=False, reason="no market data for 16 s"))
    assert (bot.state, bot.reason) == (BotState.DEGRADED, "no market data for 16 s")
    feed(bot, bars(UP[4:], 4))
    assert notes.fills == []
    bot.handle(m.FeedState(live=True))
    assert notes.asks[-1] == (a_bar(6).close_ns, 0)
    bot.handle(m.HistoryArrived(()))
    assert bot.state is BotState.RUNNING
    bot.handle(m.HaltChanged("halted (all): drill"))
    assert (bot.state, bot.reason) == (BotState.HALTED, "halted (all): drill")
    bot.handle(m.HaltChanged(""))
    bot.handle(m.AccountState(ready=False, reason="drift"))
    assert (bot.state, bot.reason) == (BotState.DEGRADED, "drift")


def test_closing_a_paper_position_is_one_fill_and_the_bot_goes_on() -> None:
    """Close sells what is held at the mark; stop ends the bot, its position kept unless flattened."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:4]))
    feed(bot, bars(UP[4:], 4))
    assert bot.holding.book.position > 0
    notes.price = 105.0
    bot.handle(m.CloseBot())
    assert bot.holding.book.position == 0
    assert (notes.fills[-1].price, notes.fills[-1].tag) == (Decimal("105.0"), "close")
    assert bot.state is BotState.RUNNING
    bot.handle(m.StopBot())
    assert bot.done
    assert row_of(bot).state is BotState.STOPPED


@pytest.mark.parametrize(
    ("policy", "state", "position_kept"),
    [
        (OnRestart.RESUME, BotState.RUNNING, True),
        (OnRestart.HOLD, BotState.PAUSED, True),
        (OnRestart.FLATTEN, BotState.PAUSED, False),
    ],
)
def test_after_a_restart_the_bot_does_what_its_policy_says(
    policy: OnRestart, state: BotState, *, position_kept: bool
) -> None:
    """Resume trades on, hold keeps what it has, flatten closes it."""
    spec = msgspec.structs.replace(a_spec(), on_restart=policy)
    first, notes = Notes(), Notes()
    feed(a_bot(spec, first, history=bars(UP[:4])), bars(UP[4:], 4))
    assert first.fills
    ledger = [m.FillArrived(fill, n + 1) for n, fill in enumerate(first.fills)]
    bot = a_bot(spec, notes, a_memory(spec, checkpoint=first.records[-1][0], ledger=ledger), history=bars([103.0], 7))
    assert bot.state is state
    assert (bot.holding.book.position > 0) is position_kept


def test_a_checkpoint_of_other_parameters_means_warming_up_afresh_with_the_position_from_the_ledger() -> None:
    """The session starts anew, the book and the position do not."""
    spec, first, notes = a_spec(), Notes(), Notes()
    feed(a_bot(spec, first, history=bars(UP[:4])), bars(UP[4:], 4))
    other = a_spec(params={"fast": 3, "slow": 5, "atr_period": 1})
    ledger = [m.FillArrived(fill, n + 1) for n, fill in enumerate(first.fills)]
    bot = a_bot(other, notes, a_memory(other, checkpoint=first.records[-1][0], ledger=ledger))
    assert notes.lines == ["bot.warms_afresh"]
    assert notes.asks == [(0, 10)]
    assert bot.holding.session.position_lots == BTC.to_lots(bot.holding.book.position) > 0


def test_rows_are_shown_at_most_five_times_a_second_unless_urgent() -> None:
    """A market in motion builds few rows, one that stands still none; the last one is shown with the next look."""
    notes = Notes()
    bot = a_bot(a_spec(), notes, history=bars(UP[:4]))
    notes.now += 1_000_000_000
    before = notes.shown
    for _ in range(100):
        notes.now += 10_000_000
        notes.heard_ns = notes.now
        assert bot.moved
        bot.handle(m.LookAgain())
    assert notes.shown - before == 5
    notes.now += 1_000_000_000
    bot.handle(m.LookAgain())
    assert notes.shown - before == 6
    bot.handle(m.LookAgain())
    assert not bot.moved
    assert notes.shown - before == 6
