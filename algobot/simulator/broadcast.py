"""Turns what the engine and the tapes do into stream messages, for those streams somebody hears."""

from __future__ import annotations

import msgspec

from algobot.simulator import wire
from algobot.simulator.accounts import Account
from algobot.simulator.book import Watcher
from algobot.simulator.candles import INTERVALS, Candle
from algobot.simulator.clock import Clock
from algobot.simulator.exchange import Market
from algobot.simulator.orders import Fill, Order
from algobot.simulator.streams import USER, Hub, Topic
from algobot.simulator.tape import Print, Tape
from algobot.simulator.units import show_float
from algobot.simulator.wire import Json

FORMING_EVERY_MS = 250


class Broadcast:
    """The engine's sink and the tapes' watch."""

    def __init__(self, hub: Hub, clock: Clock) -> None:
        self.tapes: dict[str, Tape] = {}
        self._hub = hub
        self._clock = clock
        self._encoder = msgspec.json.Encoder()
        self._spoke: dict[str, int] = {}  # stream: when it last spoke, wall ms
        self._quoted: dict[str, tuple[str, str, str, str]] = {}
        self._shown: dict[str, Candle] = {}  # kline stream: its newest bar while that is not closed
        self._watchers: dict[str, tuple[Market, Watcher]] = {}

    # --- the engine's sink -----------------------------------------------------------------------------------------

    def reported(self, order: Order, execution: str, *, fill: Fill | None = None, cancel_id: str = "") -> None:
        """Send an executionReport."""
        name = USER + order.account.key
        if self._hub.wanted(name):
            self._send(name, wire.execution_report(order, execution, fill, cancel_id, self._clock.wall_ms()))

    def balances_changed(self, account: Account, assets: tuple[str, ...]) -> None:
        """Send an outboundAccountPosition."""
        account.remember(self._clock.wall_ms())
        name = USER + account.key
        if self._hub.wanted(name):
            self._send(name, wire.account_position(account, assets, self._clock.wall_ms()))

    def traded(self, market: Market, trade_id: int, price: int, lots: int, *, buyer_is_maker: bool) -> None:
        """Put a trade on the tape and send it."""
        rules = market.rules
        trade = Print(trade_id, price, lots, buyer_is_maker, self._clock.wall_ms())
        self.tapes[rules.symbol].prints.append(trade)
        symbol = rules.symbol.lower()
        if self._hub.wanted(symbol + "@trade"):
            self._send(symbol + "@trade", wire.trade_event(rules, trade))
        if self._hub.wanted(symbol + "@aggTrade"):
            event = {"e": "aggTrade", "E": trade.ms, "s": rules.symbol, **wire.agg_trade(rules, trade)}
            self._send(symbol + "@aggTrade", event)

    def deposited(self, account: Account, asset: str, units: int) -> None:
        """Send a balanceUpdate, then the new position."""
        account.remember(self._clock.wall_ms())
        name = USER + account.key
        if self._hub.wanted(name):
            self._send(name, wire.balance_update(asset, units, self._clock.wall_ms()))
            self.balances_changed(account, (asset,))

    # --- the tapes' watch ------------------------------------------------------------------------------------------

    def bar_moved(self, tape: Tape, *, closed: Candle | None) -> None:
        """Send klines: a closed bar always, a forming one a few times a second."""
        rules = tape.market.rules
        for topic in self._hub.topics(rules.symbol):
            if topic.kind != "kline":
                continue
            interval_ms = INTERVALS[topic.interval]
            if not tape.klines.offers(interval_ms):
                continue
            self._kline(topic, tape, interval_ms)

    def _kline(self, topic: Topic, tape: Tape, interval_ms: int) -> None:
        """Send the newest bar of a kline stream, and before it the last one if a gap in the data left that open."""
        latest = tape.klines.latest(interval_ms)
        if latest is None:
            return
        candle, closed = latest
        ms = self._clock.wall_ms()
        shown = self._shown.get(topic.name)
        bars = [(candle, closed)]
        if shown is not None and shown.open_ms < candle.open_ms:
            bars[:0] = [(c, True) for c in tape.klines.fold(interval_ms)[-3:] if c.open_ms == shown.open_ms]
        elif not closed and not self._due(topic.name, FORMING_EVERY_MS, ms):
            self._shown[topic.name] = candle
            return
        for bar, whole in bars:
            self._send(
                topic.name, wire.kline_event(tape.market.rules, bar, topic.interval, interval_ms, closed=whole, ms=ms)
            )
        self._spoke[topic.name] = ms
        if closed:
            self._shown.pop(topic.name, None)
        else:
            self._shown[topic.name] = candle

    # --- the beat --------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Send what is sent at intervals: quotes that changed, depth, tickers."""
        ms = self._clock.wall_ms()
        for symbol, tape in self.tapes.items():
            for topic in self._hub.topics(symbol):
                if topic.kind == "bookTicker":
                    self._quote(topic, tape.market)
                elif topic.every_ms and self._due(topic.name, topic.every_ms, ms):
                    self._spoke[topic.name] = ms
                    self._periodic(topic, tape, ms)
        for topic in self._hub.topics(""):
            if self._due(topic.name, topic.every_ms, ms):
                self._spoke[topic.name] = ms
                full = topic.kind == "ticker"
                self._hub.publish(
                    topic.name, self._encoder.encode([self._ticker(t, ms, full=full) for t in self.tapes.values()])
                )
        for name in [n for n in self._watchers if not self._hub.wanted(n)]:
            market, watcher = self._watchers.pop(name)
            market.book.unwatch(watcher)

    def subscribed(self, topic: Topic) -> None:
        """Start recording changes for a depth stream, at once: its first message must follow any later snapshot."""
        tape = self.tapes.get(topic.symbol)
        if topic.kind == "depth" and tape is not None and topic.name not in self._watchers:
            self._watchers[topic.name] = (tape.market, tape.market.book.watch())
            self._spoke[topic.name] = self._clock.wall_ms()
        self._quoted.pop(topic.name, None)
        self._shown.pop(topic.name, None)

    def _due(self, name: str, every_ms: int, ms: int) -> bool:
        return ms - self._spoke.get(name, 0) >= every_ms

    def _quote(self, topic: Topic, market: Market) -> None:
        quote = wire.book_ticker(market)
        if self._quoted.get(topic.name) != quote:
            self._quoted[topic.name] = quote
            bid, bid_size, ask, ask_size = quote
            event: Json = {"u": market.book.update_id, "s": market.rules.symbol}
            self._send(topic.name, {**event, "b": bid, "B": bid_size, "a": ask, "A": ask_size})

    def _periodic(self, topic: Topic, tape: Tape, ms: int) -> None:
        if topic.kind == "partial":
            self._send(topic.name, wire.depth_snapshot(tape.market, topic.depth))
        elif topic.kind == "depth":
            watched = self._watchers.get(topic.name)
            if watched is not None and watched[1].changed:
                watcher = watched[1]
                self._send(topic.name, wire.depth_diff(tape.market, watcher.since, watcher.changed, ms))
                watcher.since = tape.market.book.update_id
                watcher.changed = set()
        else:
            self._send(topic.name, self._ticker(tape, ms, full=topic.kind == "ticker"))

    def _ticker(self, tape: Tape, ms: int, *, full: bool) -> Json:
        opened, high, low, last, volume, quote = wire.day_stats(tape)
        mini: Json = {
            "e": "24hrTicker" if full else "24hrMiniTicker",
            "E": ms,
            "s": tape.market.rules.symbol,
            "c": show_float(last),
            "o": show_float(opened),
            "h": show_float(high),
            "l": show_float(low),
            "v": f"{volume:.8f}",
            "q": f"{quote:.8f}",
        }
        if not full:
            return mini
        bid, bid_size, ask, ask_size = wire.book_ticker(tape.market)
        return {
            **mini,
            "p": f"{last - opened:.8f}",
            "P": f"{(last / opened - 1) * 100:.3f}",
            "w": f"{quote / volume if volume else last:.8f}",
            "x": show_float(opened),
            "Q": "0.00000000",
            "b": bid,
            "B": bid_size,
            "a": ask,
            "A": ask_size,
            "O": ms - wire.DAY_MS,
            "C": ms,
            "F": tape.prints[0].trade_id if tape.prints else -1,
            "L": tape.prints[-1].trade_id if tape.prints else -1,
            "n": len(tape.prints),
        }

    def _send(self, name: str, event: Json) -> None:
        self._hub.publish(name, self._encoder.encode(event))
