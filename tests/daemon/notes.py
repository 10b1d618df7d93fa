"""A bot alone: outlets that write everything down, and builders of what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from algobot.kernel.session import Session
from algobot.model import (
    Bar,
    BotSpec,
    ClientOrderId,
    Fill,
    Order,
    OrderStatus,
)
from algobot.protocol.rows import DecisionRow
from algobot.strategies import registry
from daemon import messages as m
from daemon.bot import Bot
from daemon.bot_ports import Birth, Memory, Weather
from daemon.bot_record import Record
from daemon.bot_row import row_of
from daemon.holding import settings_of
from tests.daemon.builders import START_NS, a_bar, a_fill
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
