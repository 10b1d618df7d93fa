"""One bot: an actor that folds its strategy over bars, owns its ledger, and never waits.

Its life: begin (from a checkpoint, or fresh) → WARMING (history is asked for and folded without trading) → RUNNING,
with PAUSED, DEGRADED and HALTED as weather over it → STOPPING → STOPPED. A bar is folded once and in order: one seen
before changes nothing, one that leaves a gap waits until the feed has filled the gap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import msgspec

from algobot.errors import DataError
from algobot.model import Bar, BotMode, BotState, Fill, OnRestart, Quote, timeframe_ns
from algobot.protocol.rows import DecisionRow
from daemon import messages as m
from daemon.bot_hands import Hands
from daemon.bot_live import LiveHands
from daemon.bot_ports import Birth, Outlets
from daemon.bot_showing import Showing
from daemon.holding import Holding
from daemon.paper import PaperHands

if TYPE_CHECKING:
    from algobot.kernel.session import Session

MARGIN_BARS: Final = 5  # fetched beyond the warm-up, for a history that ends a bar early
GAP_TRIES: Final = 3  # then the gap is taken for the venue's own
STASH_MOST: Final = 64
GUARDED: Final = (BotState.RUNNING, BotState.PAUSED, BotState.DEGRADED, BotState.HALTED)
LATE: Final = 0  # a bar that waited for history: its latency says nothing


class Bot:
    """The actor. Made anew after a fault, from the same `Birth`, whose memory it keeps up to date."""

    def __init__(self, birth: Birth, session: Session, outlets: Outlets) -> None:
        self.spec = birth.spec
        self.memory = birth.memory
        self.holding = Holding(birth.spec, birth.instrument, session)
        self.bar_ns = timeframe_ns(birth.spec.timeframe)
        self.done = False
        self.note = ""  # why it is not further, while warming
        self._warmup = birth.strategy.warmup(session.params)
        self._out = outlets
        self._hands: Hands = (
            LiveHands(self.holding, birth.memory, outlets, self._keep)
            if birth.spec.mode is BotMode.LIVE
            else PaperHands(self.holding, outlets, self._keep)
        )
        self._folded: tuple[Bar, bool] | None = None  # a bar that was decided on and is not settled yet
        self._stash: list[m.BarArrived] = []
        self._asking = False
        self._away = True  # bars until the first history is in were missed by the process, not by the stream
        self._tries = 0
        self._showing = Showing(outlets)
        self._live_before = birth.memory.weather.feed_live

    # --- the actor ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Take up where memory and checkpoint are, and ask for the bars since."""
        memory, holding = self.memory, self.holding
        first = memory.book is None
        if memory.book is not None:
            known = holding.reenter(memory.checkpoint, memory.book)
            holding.ledger_seq = memory.checkpoint.ledger_seq if memory.checkpoint else 0
        else:
            known = holding.recall(memory.checkpoint, memory.ledger)
            memory.ledger = ()
            if memory.checkpoint is not None:
                self._come_back()
        if known:
            self._out.note("info", "bot.restored", f"holding {holding.book.position} after {holding.book.fills} fills")
        elif memory.checkpoint is not None:
            self._out.note(
                "warning", "bot.warms_afresh", "its checkpoint is of another strategy, version or parameters"
            )
        self._away = first or not known
        memory.started_ns = memory.started_ns or self._out.now_ns()
        since_ns = holding.session.last_bar_ns if known else 0
        self._ask(since_ns=since_ns, count=0 if since_ns else self._warmup + MARGIN_BARS)
        self._remember()
        self._showing.show(urgent=True)

    def handle(self, message: m.BotFill | m.BotControl | m.BotMarket) -> None:
        """Handle one message."""
        self.settle()
        match message:
            case m.QuoteArrived(quote=quote):
                self._on_quote(quote)
            case m.BarArrived():
                self._on_bar(message)
            case m.FillArrived() | m.OrderMoved():
                self._on_order(message)
            case m.HistoryArrived():
                self._on_history(message)
            case m.FeedState(live=live, reason=reason):
                self._on_feed(live=live, reason=reason)
            case m.LookAgain():
                self._look_again()
            case _:
                self._on_wish(message)

    def _on_wish(self, message: m.BotControl) -> None:
        """Do what a person or another room wants."""
        match message:
            case m.AccountState(ready=ready, reason=reason):
                self._weather(account_ready=ready, account_reason=reason)
            case m.HaltChanged(reason=reason, may_reduce=may_reduce):
                self._weather(halt_reason=reason, may_reduce=may_reduce)
            case m.PauseBot():
                self._pause(self.memory.weather.pause_reason or "paused by a person")
            case m.ResumeBot():
                self.memory.closing = ""
                self._weather(paused=False, pause_reason="")
                self._keep()
            case m.CloseBot(tag=tag, pause=pause):
                self.memory.closing = tag
                if pause:
                    self._pause(f"paused by {tag}")
                self._wind_down()
            case m.StopBot(flatten=flatten):
                self.memory.stopping = True
                self.memory.closing = "stop" if flatten else ""
                self._wind_down()
            case m.SpecChanged(spec=spec):
                self.holding.change_spec(spec)
                self.spec = self.holding.spec
            case m.FeedState() | m.HistoryArrived() | m.LookAgain():
                raise AssertionError("handled before")
            case unreachable:
                assert_never(unreachable)
        self._remember()
        self._showing.show(urgent=True)

    # --- the market -----------------------------------------------------------------------------------------------

    def _on_quote(self, quote: Quote) -> None:
        """Guard the position; all else that wants a price looks it up."""
        if self.state in GUARDED:
            self._hands.protect(quote, may_reduce=self._may_reduce())
        self._out.judged(quote, self._out.now_ns() - quote.ts_recv_ns)

    def _on_bar(self, arrived: m.BarArrived) -> None:
        bar, last_ns = arrived.bar, self.holding.session.last_bar_ns
        if bar.close_ns <= last_ns:
            return
        if self._asking or (last_ns and bar.open_ns > last_ns):
            self._stash = [*self._stash[-STASH_MOST:], arrived]
            if not self._asking:
                self._ask(since_ns=last_ns, count=0)
            return
        self._trade(bar, arrived.ts_recv_ns)

    def _on_history(self, history: m.HistoryArrived) -> None:
        if history.reason:
            self.note = history.reason
            self._showing.show(urgent=True)
            return
        self._asking = False
        missed_in_process = not self._away and self.spec.mode is BotMode.PAPER
        for bar in history.bars:
            if bar.close_ns > self.holding.session.last_bar_ns:
                if missed_in_process:
                    self._trade(bar, LATE)
                else:
                    self._warm(bar)
        if self._still_missing() and self._tries < GAP_TRIES:
            self._tries += 1
            self._ask(since_ns=self.holding.session.last_bar_ns, count=0)
            return
        self._tries, self.note = 0, ""
        stash, self._stash = self._stash, []
        self._away = False
        self._keep()
        for arrived in stash:
            if arrived.bar.close_ns > self.holding.session.last_bar_ns:
                self._trade(arrived.bar, LATE)
        self._wind_down()
        self._showing.show(urgent=True)

    def _still_missing(self) -> bool:
        """Return whether bars between the last folded one and the first that waits are still unknown."""
        last_ns = self.holding.session.last_bar_ns
        waiting = [one.bar for one in self._stash if one.bar.close_ns > last_ns]
        return bool(waiting and last_ns and waiting[0].open_ns > last_ns)

    def _on_feed(self, *, live: bool, reason: str) -> None:
        came_back = live and not self.memory.weather.feed_live and self._live_before
        self._live_before = self._live_before or live
        self._weather(feed_live=live, feed_reason=reason)
        if came_back and not self._asking:
            self._ask(since_ns=self.holding.session.last_bar_ns, count=0)
        self._showing.show(urgent=True)

    def _warm(self, bar: Bar) -> None:
        """Fold a bar of the past without trading."""
        try:
            self.holding.session.warm(bar)
        except DataError as error:
            self._out.note("error", "bar.refused", error.message)
            return
        self.memory.mark = bar.close
        self.memory.record.warm(bar.close_ns, bar.close)

    def _trade(self, bar: Bar, recv_ns: int) -> None:
        """Fold a bar and do what the strategy says."""
        self.settle()
        self.memory.mark = bar.close
        if self.memory.stopping or self.memory.closing:
            self._warm(bar)
            self._wind_down()
            return
        self.memory.record.begin_day(bar.open_ns)
        try:
            acted = self._hands.fold(bar, may_open=self._may_open(), may_reduce=self._may_reduce())
        except DataError as error:
            self._out.note("error", "bar.refused", error.message)
            return
        if recv_ns:
            self._out.judged(bar, self._out.now_ns() - recv_ns)
        self._folded = (bar, acted)
        if acted:
            self.settle()
        else:
            self._out.later()

    def settle(self) -> None:
        """Do what may come a moment after the decision on a bar: remember it, say it, draw it."""
        if self._folded is None:
            return
        (bar, acted), self._folded = self._folded, None
        equity = self.holding.book.equity(bar.close)
        self.memory.record.bar(bar.close_ns, bar.close, equity)
        self._decided(bar, self._out.now_ns(), acted=acted)
        if not acted:
            self._keep()
        self._out.folded(bar.close_ns, bar.close, equity)
        self._showing.show(urgent=acted)

    def _decided(self, bar: Bar, now_ns: int, *, acted: bool) -> None:
        """Keep what was decided and why; what changed something, or changed its mind, is told to all."""
        decision = self.holding.session.decision
        record = self.memory.record
        reason = f"{decision.reason}; {self._hands.note}" if self._hands.note else decision.reason
        row = DecisionRow(now_ns, bar.close_ns, decision.word, reason)
        notable = decision.word != "keep" and (acted or decision.word != record.last_decision.decision)
        record.decided(row, notable=notable)
        if notable:
            self._out.decided(row)

    # --- orders and fills -----------------------------------------------------------------------------------------

    def _on_order(self, message: m.FillArrived | m.OrderMoved) -> None:
        if fed_up := self._hands.hear(message):
            self._pause(fed_up)
            self._out.note("error", "bot.refused_too_often", fed_up)
        self._remember()
        self._wind_down()
        self._showing.show(urgent=True)

    def _wind_down(self) -> None:
        """Go on canceling and closing, as far as the last word wants it; end once nothing is left to do."""
        memory = self.memory
        if not (memory.stopping or memory.closing):
            return
        if not self._hands.quiet(memory.closing):
            return
        if memory.closing and not self._hands.close(memory.closing, self.mark, may_reduce=self._may_reduce()):
            self._remember()
            return
        memory.closing = ""
        self._keep()
        self.done = memory.stopping
        self._showing.show(urgent=True)

    # --- what it may do -------------------------------------------------------------------------------------------

    @property
    def state(self) -> BotState:
        """Where it is."""
        weather = self.memory.weather
        if self.done:
            return BotState.STOPPED
        if self.memory.stopping:
            return BotState.STOPPING
        if weather.halt_reason:
            return BotState.HALTED
        if self._away or not self._live_before:
            return BotState.WARMING
        if self.reason and not weather.paused:
            return BotState.DEGRADED
        return BotState.PAUSED if weather.paused else BotState.RUNNING

    @property
    def reason(self) -> str:
        """Why it is not simply running, or ""."""
        weather = self.memory.weather
        if weather.halt_reason:
            return weather.halt_reason
        if self._away and self.note:
            return self.note
        if not weather.account_ready:
            return weather.account_reason or "its account takes no orders"
        if not weather.feed_live:
            return weather.feed_reason
        return self.memory.slate.unclear or weather.pause_reason

    @property
    def mark(self) -> float:
        """The last price of its market; before there is any, the close of the last bar it saw."""
        return self._out.mark() or self.memory.mark

    @property
    def data_recv_ns(self) -> int:
        """When its market was last heard of."""
        return self._out.received_ns()

    @property
    def equity(self) -> float:
        """What it owns, in quote units, at the last mark."""
        return self.holding.book.equity(self.mark)

    @property
    def open_orders(self) -> int:
        """How many of its orders may still fill."""
        return self._hands.open_orders

    @property
    def orders(self) -> int:
        """How many orders it ever had."""
        return self._hands.orders

    def _may_open(self) -> bool:
        return self.state is BotState.RUNNING

    def _may_reduce(self) -> bool:
        weather = self.memory.weather
        return weather.account_ready and (not weather.halt_reason or weather.may_reduce)

    # --- memory ---------------------------------------------------------------------------------------------------

    def _come_back(self) -> None:
        """Do what `on_restart` says, for a bot that was there before."""
        checkpoint = self.memory.checkpoint
        if checkpoint is not None and checkpoint.paused:
            self._weather(paused=True, pause_reason="paused by a person")
        if self.spec.on_restart is OnRestart.HOLD:
            self._weather(paused=True, pause_reason="on_restart = hold")
        elif self.spec.on_restart is OnRestart.FLATTEN:
            self.memory.closing = "restart"
            self._weather(paused=True, pause_reason="on_restart = flatten")

    def _pause(self, reason: str) -> None:
        self._weather(paused=True, pause_reason=reason)
        self._keep()

    def _weather(self, **changes: object) -> None:
        self.memory.weather = msgspec.structs.replace(self.memory.weather, **changes)

    def _checkpoint(self) -> m.Checkpoint:
        record = self.memory.record
        return self.holding.checkpoint(
            self._out.now_ns(),
            paused=self.memory.weather.paused,
            day_start=record.day_start,
            day_start_ns=record.day * 86_400_000_000_000,
        )

    def _remember(self) -> m.Checkpoint:
        """Let the next incarnation begin from here."""
        self.memory.checkpoint = self._checkpoint()
        self.memory.book = self.holding.book
        return self.memory.checkpoint

    def _keep(self, fills: tuple[Fill, ...] = (), intents: tuple[m.Intent, ...] = ()) -> None:
        """Remember, and make it durable: with the paper fills that led to it, or with the orders it sends."""
        checkpoint = self._remember()
        if intents:
            self._out.submit(m.Submit(intents, checkpoint))
        else:
            self._out.record(checkpoint, fills)

    def _ask(self, *, since_ns: int, count: int) -> None:
        self._asking = True
        self._out.ask_history(since_ns=since_ns, count=count or (0 if since_ns else self._warmup + MARGIN_BARS))

    @property
    def restless(self) -> bool:
        """Whether something waits for time to pass: a row to be shown, an order to be gone."""
        return self._showing.due or self.memory.stopping or bool(self.memory.closing)

    @property
    def moved(self) -> bool:
        """Whether its market did since its row was last shown."""
        return self._showing.moved

    def _look_again(self) -> None:
        self._wind_down()
        self._showing.catch_up()
