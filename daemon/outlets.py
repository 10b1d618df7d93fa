"""A bot's words on their way to the rooms they are meant for."""

from __future__ import annotations

from typing import Final

import structlog

from algobot.model import MINUTE_NS, Bar, BotMode, Fill, Order, OrderStatus, OrderType, Quote
from algobot.protocol.rows import DecisionRow
from daemon.bot_row import row_of
from daemon.chores import Chores
from daemon.messages import Cancel, CancelBot, Checkpoint, Submit
from daemon.place import Place
from daemon.rooms import Rooms
from daemon.store import Durable, EquitySample, FillRow, OrderRow, Row

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.bot")
LEVELS: Final = {"warning": 30, "error": 40}


class RoomOutlets:
    """`bot_ports.Outlets` among the daemon's rooms."""

    __slots__ = ("_announcer", "_chores", "_clock", "_feed", "_money", "_place", "_pulse", "_sampled", "_store")

    def __init__(self, place: Place, rooms: Rooms, chores: Chores) -> None:
        spec = place.spec
        self._place = place
        self._feed = rooms.feed(spec.account_id)
        self._money = rooms.money.get(spec.account_id) if spec.mode is BotMode.LIVE else None
        self._store = rooms.store
        self._announcer = rooms.announcer
        self._clock = rooms.clock
        self._pulse = rooms.pulse
        self._chores = chores
        self._sampled = 0

    def now_ns(self) -> int:
        """As the port promises."""
        return self._clock.wall_ns()

    def monotonic_ns(self) -> int:
        """As the port promises."""
        return self._clock.monotonic_ns()

    def mark(self) -> float:
        """As the port promises."""
        return self._feed.mark(self._place.spec.symbol)

    def received_ns(self) -> int:
        """As the port promises."""
        return self._feed.received_ns(self._place.spec.symbol)

    def submit(self, message: Submit) -> None:
        """As the port promises."""
        assert self._money is not None
        self._money.tell(message)

    def cancel(self, message: Cancel | CancelBot) -> None:
        """As the port promises."""
        if self._money is not None:
            self._money.tell(message)

    def record(self, checkpoint: Checkpoint, fills: tuple[Fill, ...]) -> None:
        """As the port promises; each paper fill brings the order it filled, and is told once it is durable."""
        if not fills:
            self._store.soon(checkpoint)
            return
        orders = [paper_order(fill) for fill in fills]
        rows: list[Row] = [OrderRow(order, paper=True) for order in orders]
        rows += [FillRow(fill, paper=True) for fill in fills]

        def told(durable: Durable) -> None:
            for order, fill in zip(orders, fills, strict=True):
                if durable.seq(fill, paper=True):
                    self._announcer.order_changed(order)
                    self._announcer.fill_recorded(fill)

        self._store.soon(*rows, checkpoint, then=told)

    def ask_history(self, *, since_ns: int, count: int) -> None:
        """As the port promises."""
        self._feed.ask(self._place.spec.bot_id, since_ns=since_ns, count=count)

    def show(self, *, urgent: bool) -> None:
        """As the port promises; where nobody watches only what is urgent is said."""
        bot = self._place.bot
        if bot is not None and (urgent or self._announcer.hub.followers):
            self._announcer.bot_changed(row_of(bot, simulated=self._place.simulated))

    def decided(self, row: DecisionRow) -> None:
        """As the port promises."""
        self._announcer.decided(self._place.spec.bot_id, row)

    def folded(self, bar_close_ns: int, close: float, equity: float) -> None:
        """As the port promises; the curve is kept at most once a minute of the bars' own time."""
        bot_id = self._place.spec.bot_id
        self._announcer.bar_closed(bot_id, bar_close_ns, close, equity)
        minute = bar_close_ns // MINUTE_NS
        if minute > self._sampled:
            self._sampled = minute
            self._store.soon(EquitySample(bot_id, bar_close_ns, equity))

    def judged(self, event: Bar | Quote, latency_ns: int) -> None:
        """As the port promises."""
        (self._pulse.bars if isinstance(event, Bar) else self._pulse.quotes).add(latency_ns)

    def later(self) -> None:
        """As the port promises."""
        self._chores.add(self._place)

    def note(self, level: str, event: str, text: str) -> None:
        """As the port promises."""
        bot_id = self._place.spec.bot_id
        if level == "error":
            self._announcer.alarm(event, text, bot_id=bot_id)
        else:
            log.log(LEVELS.get(level, 20), event, bot_id=bot_id, message=text)


def paper_order(fill: Fill) -> Order:
    """Return the order that a paper fill filled."""
    return Order(
        client_order_id=fill.client_order_id,
        account_id=fill.account_id,
        bot_id=fill.bot_id,
        symbol=fill.symbol,
        side=fill.side,
        type=OrderType.LIMIT if fill.is_maker else OrderType.MARKET,
        quantity=fill.quantity,
        status=OrderStatus.FILLED,
        created_ns=fill.ts_recv_ns,
        updated_ns=fill.ts_recv_ns,
        limit_price=fill.price if fill.is_maker else None,
        filled=fill.quantity,
        tag=fill.tag,
    )
