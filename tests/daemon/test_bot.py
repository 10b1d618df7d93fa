"""A bot's life: warming up, trading, gaps, faults, weather, winding down; live and paper."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest

from algobot.kernel.session import Session
from algobot.model import (
    Bar,
    BotId,
    BotMode,
    BotSpec,
    BotState,
    ClientOrderId,
    Fill,
    OnRestart,
    Order,
    OrderStatus,
    Quote,
    Side,
    Symbol,
)
from algobot.protocol.rows import DecisionRow
from algobot.strategies import registry
from daemon import messages as m
from daemon.bot import Bot
from daemon.bot_ports import Birth, Memory, Weather
from daemon.bot_record import Record
from daemon.bot_row import row_of
from daemon.holding import settings_of
from tests.daemon.builders import START_NS, a_bar, a_fill, a_spec
from tests.fakes.venue import BTC

UP = [100.0, 100.0, 100.0, 100.0, 101.0, 102.0, 103.0]
DOWN = [103.0, 101.0, 99.0, 97.0, 95.0]


class Notes:
    """Outlets that write everything down; its clocks are the test's."""

    def __init__(self) -> None:
        self.now = START_NS
        self.submits: list[m.Submit] = []
        self.cancels: list[m.Cancel | m.CancelBot] = []
        self.records: list[tuple[m.Checkpoint, tuple[Fill, ...]]] = []
        self.asks: list[tuple[int, int]] = []
        self.decisions: list[DecisionRow] = []
        self.bars: list[tuple[int, float, float]] = []
        self.lines: list[str] = []
        self.price = 0.0
        self.heard_ns = 0
        self.shown = 0
        self.bot: Bot | None = None  # whose words these are

    def now_ns(self) -> int:
        """Return the test's time."""
        return self.now

    def monotonic_ns(self) -> int:
        """Return the test's time."""
        return self.now

    def mark(self) -> float:
        """Return the test's price."""
        return self.price

    def received_ns(self) -> int:
        """Return when the test last moved the market."""
        return self.heard_ns

    def submit(self, message: m.Submit) -> None:
        """Note."""
        self.submits.append(message)

    def cancel(self, message: m.Cancel | m.CancelBot) -> None:
        """Note."""
        self.cancels.append(message)

    def record(self, checkpoint: m.Checkpoint, fills: tuple[Fill, ...]) -> None:
        """Note."""
        self.records.append((checkpoint, fills))

    def ask_history(self, *, since_ns: int, count: int) -> None:
        """Note."""
        self.asks.append((since_ns, count))

    def show(self, *, urgent: bool) -> None:
        """Build the row, as the daemon does."""
        assert self.bot is not None
        row_of(self.bot)
        self.shown += 1

    def decided(self, row: DecisionRow) -> None:
        """Note."""
        self.decisions.append(row)

    def folded(self, bar_close_ns: int, close: float, equity: float) -> None:
        """Note."""
        self.bars.append((bar_close_ns, close, equity))

    def later(self) -> None:
        """Leave it to the next message, or to the test."""

    def judged(self, event: object, latency_ns: int) -> None:
        """Nothing to note."""

    def note(self, level: str, event: str, text: str) -> None:
        """Note."""
        self.lines.append(event)

    @property
    def fills(self) -> list[Fill]:
        """Every paper fill recorded."""
        return [fill for _, fills in self.records for fill in fills]

    @property
    def intents(self) -> list[m.Intent]:
        """Every intent submitted."""
        return [intent for submit in self.submits for intent in submit.intents]


def a_memory(spec: BotSpec, *, checkpoint: m.Checkpoint | None = None, ledger: Sequence[m.FillArrived] = ()) -> Memory:
    """Return what the daemon would start the bot with."""
    return Memory(weather=Weather(), record=Record(float(spec.capital)), checkpoint=checkpoint, ledger=tuple(ledger))


def a_bot(
    spec: BotSpec,
    notes: Notes,
    memory: Memory | None = None,
    *,
    history: Sequence[Bar] | None = None,
    live: bool = True,
) -> Bot:
    """Return a bot that has begun; with `history` it is warm."""
    strategy = registry.load(spec.strategy)
    birth = Birth(spec, BTC, strategy, memory or a_memory(spec))
    bot = Bot(birth, Session(strategy, spec.params, settings_of(spec, BTC)), notes)
    notes.bot = bot
    bot.begin()
    bot.handle(m.FeedState(live=live))
    if history is not None:
        bot.handle(m.HistoryArrived(tuple(history)))
    return bot


def bars(closes: Sequence[float], start: int = 0) -> list[Bar]:
    """Return minute bars with these closes."""
    return [a_bar(start + n, close) for n, close in enumerate(closes)]


def feed(bot: Bot, some: Sequence[Bar]) -> None:
    """Let these bars close on the stream."""
    for bar in some:
        bot.handle(m.BarArrived(bar, bar.close_ns))
    bot.settle()


def an_order(intent: m.Intent, number: int, status: OrderStatus, *, filled: str = "0", reason: str = "") -> Order:
    """Return the order a gateway makes of an intent."""
    return Order(
        client_order_id=ClientOrderId(f"order-{number}"),
        account_id=intent.account_id,
        bot_id=intent.bot_id,
        symbol=intent.symbol,
        side=intent.side,
        type=intent.type,
        quantity=intent.quantity,
        status=status,
        created_ns=1,
        updated_ns=1,
        filled=Decimal(filled),
        tag=intent.tag,
        reason=reason,
    )


def fill_whole(bot: Bot, intent: m.Intent, number: int, price: str = "100") -> None:
    """Accept and fill an intent whole, as a gateway tells it."""
    bot.handle(m.OrderMoved(an_order(intent, number, OrderStatus.INTENT)))
    bot.handle(m.OrderMoved(an_order(intent, number, OrderStatus.FILLED, filled=str(intent.quantity))))
    fill = a_fill(
        intent.side, str(intent.quantity), price, trade_id=str(number), client_order_id=f"order-{number}", fee="0.5"
    )
    bot.handle(m.FillArrived(fill, number))


LIVE = a_spec(mode=BotMode.LIVE)


# --- paper ---------------------------------------------------------------------------------------------------------


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


# --- live ----------------------------------------------------------------------------------------------------------


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


# --- faults --------------------------------------------------------------------------------------------------------


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
