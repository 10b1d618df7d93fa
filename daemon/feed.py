"""The market data of one venue: one set of streams for all bots, filtered once, fanned out, watched for silence.

Bots join and leave at run time. Those that join together share one strand (one stream of the venue's `Market`): one
that ends, or says nothing at all for a while, is rebuilt with backoff. Its bots are told at once that their data is
stale, and when it is live again, whereupon each asks for what it missed; `daemon.history` fetches that once for all.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from random import SystemRandom
from typing import Final, cast

import anyio
import anyio.abc
import anyio.lowlevel
import msgspec

from algobot.errors import VenueError
from algobot.market.ticks import bar_fault
from algobot.model import Bar, BarUpdate, BotId, Instrument, Quote, Symbol, Trade
from algobot.protocol.rows import FeedRow
from algobot.venues.port import Connected, Market, MarketEvent, Subscription
from daemon.bar_building import BarBuilding
from daemon.history import Ask, History, Pay, free
from daemon.mailbox import Mailbox
from daemon.messages import BarArrived, BotControl, BotFill, BotMarket, FeedState, HistoryArrived, QuoteArrived
from daemon.ports import TickFilter
from daemon.strand import Strand

BotMailbox = Mailbox[BotFill, BotControl, BotMarket]
GATHER_S: Final = 0.05  # bots that join within it share a strand
STRANDS_MOST: Final = 8  # beyond it all are rebuilt as one
BREATH: Final = 64  # events in a row after which others may run


def unmeasured(age_ns: int, bots: int) -> None:
    """Nobody measures."""


class FeedPolicy(msgspec.Struct, frozen=True):
    """How patient a feed is."""

    stale_s: float = 15.0  # a symbol without any event for so long is stale
    look_s: float = 1.0  # how often the watchdog looks
    backoff_s: float = 0.25
    backoff_most_s: float = 15.0


class _Listener(msgspec.Struct):
    """A bot that has joined."""

    bot_id: BotId
    symbol: Symbol
    timeframe: str
    mailbox: BotMailbox
    quotes: bool  # whether it is told each of them


class _Topic:
    """What is known of one symbol: who listens, the last price, the last sign of life."""

    __slots__ = ("bars", "last_recv_ns", "listeners", "live", "mark", "quotes", "reason", "seen_s", "symbol")

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.listeners: dict[BotId, _Listener] = {}
        self.bars: dict[str, dict[BotId, BotMailbox]] = {}  # by timeframe
        self.quotes: dict[BotId, BotMailbox] = {}  # of those who must act on them
        self.mark = 0.0
        self.live = False
        self.reason = "connecting"
        self.seen_s = 0.0
        self.last_recv_ns = 0


class Feed:
    """One venue's market data; `run` is its task."""

    def __init__(
        self,
        venue: str,
        market: Market,
        sane: TickFilter,
        show: Callable[[FeedRow], None],
        *,
        policy: FeedPolicy | None = None,
        pay: Pay = free,
        priced: Callable[[int, int], None] = unmeasured,
    ) -> None:
        self.venue = venue
        self.history = History(market, pay)
        self.market = market
        self._sane = sane
        self._show = show
        self._priced = priced  # told how old a quote was when its price was there for so many bots to see
        self._policy = policy or FeedPolicy()
        self._jitter = SystemRandom().random
        self._topics: dict[Symbol, _Topic] = {}
        self._joined: dict[BotId, _Listener] = {}
        self._strands: list[Strand] = []
        self._new: set[Subscription] = set()
        self._wake = anyio.Event()
        self._reconnects = 0
        self._rejected = 0
        self._quotes = 0
        self._bars = 0
        self._last_recv_ns = 0
        self._reason = "connecting"
        self._called = anyio.Event()
        self._opened = anyio.Event()

    # --- who listens ---------------------------------------------------------------------------------------------

    def join(self, bot_id: BotId, symbol: Symbol, timeframe: str, mailbox: BotMailbox, *, quotes: bool) -> None:
        """Send a bot its timeframe's bars from now on, and each quote if it must act on them; `mark` is for all.

        It is told at once whether they are live.
        """
        self.leave(bot_id)
        self._called.set()
        listener = _Listener(bot_id, symbol, timeframe, mailbox, quotes)
        self._joined[bot_id] = listener
        topic = self._topics.setdefault(symbol, _Topic(symbol))
        topic.listeners[bot_id] = listener
        topic.bars.setdefault(timeframe, {})[bot_id] = mailbox
        if quotes:
            topic.quotes[bot_id] = mailbox
        carried = {subscription for strand in self._strands for subscription in strand.subscriptions} | self._new
        wanted = {Subscription(symbol), Subscription(symbol, timeframe)} - carried
        if wanted:
            self._new |= wanted
            self._wake.set()
        mailbox.tell_control(FeedState(live=topic.live and not wanted, reason=topic.reason))

    def leave(self, bot_id: BotId) -> None:
        """Send a bot nothing more; what nobody wants is dropped with the next reconnect."""
        listener = self._joined.pop(bot_id, None)
        if listener is not None:
            topic = self._topics[listener.symbol]
            topic.listeners.pop(bot_id, None)
            topic.bars[listener.timeframe].pop(bot_id, None)
            topic.quotes.pop(bot_id, None)

    def ask(self, bot_id: BotId, *, since_ns: int = 0, count: int = 0) -> None:
        """Get a bot the bars from `since_ns` on, or the last `count`, as `HistoryArrived` in its control lane."""
        listener = self._joined[bot_id]

        def answer(bars: tuple[Bar, ...], reason: str) -> None:
            sane = tuple(bar for bar in bars if not bar_fault(bar))  # the past is judged bar by bar, for each alike
            listener.mailbox.tell_control(HistoryArrived(sane, reason))

        self.history.ask(Ask(listener.symbol, listener.timeframe, since_ns, count, answer))

    async def instrument(self, symbol: Symbol) -> Instrument:
        """Return the market rules of `symbol` once the venue has answered. Raises NotFound."""
        self._called.set()
        await self._opened.wait()
        return self.market.instrument(symbol)

    def mark(self, symbol: Symbol) -> float:
        """Return the last good price of `symbol`, 0.0 when there is none."""
        topic = self._topics.get(symbol)
        return topic.mark if topic is not None else 0.0

    def received_ns(self, symbol: Symbol) -> int:
        """Return when the last event of `symbol` came, our wall clock; 0 is never."""
        topic = self._topics.get(symbol)
        return topic.last_recv_ns if topic is not None else 0

    def row(self) -> FeedRow:
        """Return the feed as it stands."""
        connected = bool(self._strands) and all(strand.connected for strand in self._strands)
        return FeedRow(
            venue=self.venue,
            connected=connected,
            subscriptions=sum(len(strand.subscriptions) for strand in self._strands) + len(self._new),
            last_recv_ns=self._last_recv_ns,
            reconnects=self._reconnects,
            rejected_ticks=self._rejected,
            quotes=self._quotes,
            bars=self._bars,
            reason="" if connected else self._reason,
        )

    # --- its tasks -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Once a bot wants it open the market, then stream, watch and fetch until canceled; outages are waited out."""
        await self._called.wait()
        await self._open()
        async with anyio.create_task_group() as group:
            group.start_soon(self.history.run)
            group.start_soon(self._watch)
            while True:
                while not self._new:
                    self._wake = anyio.Event()
                    await self._wake.wait()
                await anyio.sleep(GATHER_S)
                self._spin(group)

    async def _open(self) -> None:
        """Open the market, again and again until it answers."""
        delay_s = self._policy.backoff_s
        while True:
            try:
                await self.market.open()
            except VenueError as error:
                self._reason = f"{error.message}; trying again in {delay_s:.1f} s"
                for topic in self._topics.values():
                    self._set_live(topic, live=False, reason=self._reason)
                self._show(self.row())
                await anyio.sleep(delay_s)
                delay_s = min(self._policy.backoff_most_s, delay_s * 2)
            else:
                self._opened.set()
                return

    def _spin(self, group: anyio.abc.TaskGroup) -> None:
        """Start a strand for what has been asked for, or one for all when there are too many."""
        if len(self._strands) >= STRANDS_MOST:
            old, self._strands = self._strands, []
            for strand in old:
                self._new |= strand.subscriptions
                strand.scope.cancel()
                self._broke(strand, "market streams are joined into one")
        strand = Strand(self._new)
        self._new = set()
        self._strands.append(strand)
        group.start_soon(self._keep, strand)

    async def _keep(self, strand: Strand) -> None:
        """Keep one strand streaming, rebuilding it whenever it ends."""
        delay_s = self._policy.backoff_s
        with strand.scope:
            while strand.subscriptions:
                started_s = time.monotonic()
                reason = await self._one_connection(strand)
                if time.monotonic() - started_s > self._policy.backoff_most_s:
                    delay_s = self._policy.backoff_s
                self._broke(strand, f"market stream: {reason}")
                await anyio.sleep(delay_s * (0.5 + 0.5 * self._jitter()))
                delay_s = min(self._policy.backoff_most_s, delay_s * 2)
                strand.subscriptions = {s for s in strand.subscriptions if self._wanted(s)}
        if strand in self._strands:
            self._strands.remove(strand)

    async def _one_connection(self, strand: Strand) -> str:
        """Stream until the connection ends or is given up, and return why."""
        try:
            with anyio.CancelScope() as strand.life:
                stream = cast("AsyncGenerator[MarketEvent, None]", self.market.stream(strand.subscriptions))
                async with aclosing(stream) as events:
                    async for event in events:
                        strand.seen_s = time.monotonic()
                        strand.events += 1
                        if self._take(strand, event) or strand.events % BREATH == 0:
                            await anyio.lowlevel.checkpoint()  # its bots act before those of the next symbol wake
                return "it ended"
        except VenueError as error:
            return error.message
        return f"silent for {self._policy.stale_s:g} s"

    def _wanted(self, subscription: Subscription) -> bool:
        topic = self._topics.get(subscription.symbol)
        if topic is None:
            return False
        return bool(topic.bars.get(subscription.timeframe) if subscription.timeframe else topic.listeners)

    async def _watch(self) -> None:
        """Look for silence: of a symbol (its bots are told) and of a whole strand (it is rebuilt)."""
        while True:
            await anyio.sleep(self._policy.look_s)
            now_s = time.monotonic()
            for symbol, topic in self._topics.items():
                if topic.live and topic.listeners and now_s - topic.seen_s > self._policy.stale_s:
                    reason = f"no market data of {symbol} for {now_s - topic.seen_s:.0f} s"
                    self._set_live(topic, live=False, reason=reason)
            for strand in self._strands:
                if strand.connected and now_s - strand.seen_s > self._policy.stale_s:
                    strand.life.cancel()
                elif strand.connected:
                    self._hand_out(strand.building.overdue(time.time_ns()))
            self._show(self.row())

    # --- what arrives --------------------------------------------------------------------------------------------

    def _take(self, strand: Strand, event: MarketEvent) -> bool:
        """Filter one event and fan it out; True when it woke bots."""
        match event:
            case Quote():
                return self._take_quote(event)
            case BarUpdate():
                return self._take_bar(event)
            case Trade():
                return self._take_trade(strand, event)
            case Connected():
                self._connected(strand)
                return True

    def _take_quote(self, quote: Quote) -> bool:
        topic = self._topics.get(quote.symbol)
        if topic is None:
            return False
        if not self._sane.quote(quote):
            self._rejected += 1
            return False
        self._quotes += 1
        topic.mark = (quote.bid + quote.ask) / 2
        self._seen(topic, quote.ts_recv_ns)
        self._priced(time.time_ns() - quote.ts_recv_ns, len(topic.listeners) - len(topic.quotes))
        if topic.quotes:
            message = QuoteArrived(quote)
            for mailbox in topic.quotes.values():
                mailbox.tell_market(message)
        return bool(topic.quotes)

    def _take_bar(self, update: BarUpdate) -> bool:
        topic = self._topics.get(update.symbol)
        if topic is None:
            return False
        if not self._sane.bar(update.symbol, update.bar):
            self._rejected += 1
            return False
        topic.mark = update.bar.close
        self._seen(topic, update.ts_recv_ns)
        return self._hand_out([update] if update.closed else [])

    def _take_trade(self, strand: Strand, trade: Trade) -> bool:
        topic = self._topics.get(trade.symbol)
        if topic is None:
            return False
        if not self._sane.trade(trade):
            self._rejected += 1
            return False
        topic.mark = trade.price
        self._seen(topic, trade.ts_recv_ns)
        return self._hand_out(strand.building.trade(trade))  # built of what was judged: not judged again

    def _hand_out(self, closed: list[BarUpdate]) -> bool:
        """Remember closed bars and tell their bots; True when there are any."""
        woke = False
        for update in closed:
            self._bars += 1
            self.history.note(update.symbol, update.timeframe, update.bar)
            message = BarArrived(update.bar, update.ts_recv_ns)
            for mailbox in self._topics[update.symbol].bars.get(update.timeframe, {}).values():
                mailbox.tell_market(message)
                woke = True
        return woke

    def _seen(self, topic: _Topic, recv_ns: int) -> None:
        topic.seen_s = time.monotonic()
        topic.last_recv_ns = self._last_recv_ns = recv_ns
        if not topic.live and self._whole(topic):
            self._set_live(topic, live=True, reason="")

    def _connected(self, strand: Strand) -> None:
        strand.connected = True
        strand.building = BarBuilding(strand.subscriptions)
        now_s = time.monotonic()
        for subscription in strand.subscriptions:
            if subscription.timeframe:
                self.history.connected(subscription.symbol, subscription.timeframe)
            if topic := self._topics.get(subscription.symbol):
                topic.seen_s = now_s
                if self._whole(topic):
                    self._set_live(topic, live=True, reason="")
        self._show(self.row())

    def _whole(self, topic: _Topic) -> bool:
        """Return whether every strand that carries a symbol is connected."""
        return all(strand.connected for strand in self._strands if topic.symbol in strand.symbols)

    def _broke(self, strand: Strand, reason: str) -> None:
        """Tell every bot of the strand that its data is stale from now on."""
        strand.connected = False
        self._reconnects += 1
        self._reason = reason
        for subscription in strand.subscriptions:
            if subscription.timeframe:
                self.history.broke(subscription.symbol, subscription.timeframe)
            if topic := self._topics.get(subscription.symbol):
                self._set_live(topic, live=False, reason=reason)
        self._show(self.row())

    def _set_live(self, topic: _Topic, *, live: bool, reason: str) -> None:
        if topic.live != live or topic.reason != reason:
            topic.live, topic.reason = live, reason
            for listener in topic.listeners.values():
                listener.mailbox.tell_control(FeedState(live=live, reason=reason))
