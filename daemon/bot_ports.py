"""What a bot is given, and whom it talks to. All of it is told, never awaited: a bot's handlers do not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import msgspec

from algobot.model import Bar, BotSpec, Fill, Instrument, Quote
from algobot.protocol.rows import DecisionRow
from daemon.account_book import Book
from daemon.bot_record import Record
from daemon.messages import Cancel, CancelBot, Checkpoint, FillArrived, Submit
from daemon.order_slate import Slate

if TYPE_CHECKING:
    from algobot.kernel.strategy import Strategy


class Weather(msgspec.Struct, frozen=True):
    """What the world last told a bot about itself: it must survive the bot's own faults."""

    account_ready: bool = True
    account_reason: str = ""
    feed_live: bool = False
    feed_reason: str = "connecting"
    halt_reason: str = ""
    may_reduce: bool = True  # while halted: whether exits are let through
    paused: bool = False
    pause_reason: str = ""


class Memory(msgspec.Struct):
    """What outlives one incarnation of a bot within this process; the next one begins from it."""

    weather: Weather
    record: Record
    checkpoint: Checkpoint | None = None
    ledger: tuple[FillArrived, ...] = ()  # every fill there was when the daemon started it; empty once it began
    book: Book | None = None  # belongs to `checkpoint`; None before the first incarnation
    mark: float = 0.0  # the close of the last bar it saw
    slate: Slate = Slate()
    orders: int = 0  # ever sent
    restarts: int = 0
    started_ns: int = 0
    stopping: bool = False
    closing: str = ""  # why the position is being closed


class Birth(msgspec.Struct, frozen=True):
    """All that a bot is made of."""

    spec: BotSpec
    instrument: Instrument
    strategy: Strategy
    memory: Memory


class Outlets(Protocol):
    """Where a bot's words go."""

    def now_ns(self) -> int:
        """Return the wall clock."""
        ...

    def monotonic_ns(self) -> int:
        """Return the clock for durations."""
        ...

    def mark(self) -> float:
        """Return the last good price of its market, 0.0 while there is none; quotes are not told one by one."""
        ...

    def received_ns(self) -> int:
        """Return when its market was last heard of, 0 is never."""
        ...

    def submit(self, message: Submit) -> None:
        """Ask the account's gateway for orders."""
        ...

    def cancel(self, message: Cancel | CancelBot) -> None:
        """Ask the account's gateway to cancel."""
        ...

    def record(self, checkpoint: Checkpoint, fills: tuple[Fill, ...]) -> None:
        """Make a checkpoint and the paper fills that led to it durable in one transaction, soon."""
        ...

    def ask_history(self, *, since_ns: int, count: int) -> None:
        """Ask the feed for closed bars: they come as `HistoryArrived`."""
        ...

    def show(self, *, urgent: bool) -> None:
        """The bot's row changed; urgent is what a person waits for (a state, a fill)."""
        ...

    def decided(self, row: DecisionRow) -> None:
        """The bot decided something other than to keep."""
        ...

    def folded(self, bar_close_ns: int, close: float, equity: float) -> None:
        """The bot folded a bar and traded on it."""
        ...

    def judged(self, event: Bar | Quote, latency_ns: int) -> None:
        """The bot decided on a bar or a quote, so long after it was received."""
        ...

    def later(self) -> None:
        """Let the bot `settle` when there is time: other bots decide first."""
        ...

    def note(self, level: str, event: str, text: str) -> None:
        """Write a line to the bot's log; "error" also alarms."""
        ...
