"""What the rooms of the daemon promise each other: the clock, who is told, and the money path's public face."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from algobot.latch import Latch
from algobot.model import AccountId, Bar, BotId, BotSpec, ClientOrderId, Fill, Instrument, Order, Quote, Symbol, Trade
from algobot.protocol.requests import Reconciled
from algobot.protocol.rows import AccountRow, BalanceRow, HaltRow, PositionRow
from daemon.messages import BotControl, BotFill, GatewayMessage

Deliver = Callable[[BotId, BotFill | BotControl], None]
"""Puts a message in a bot's mailbox, in the lane of its kind; a bot that is not running is silently passed over
(its fills wait for it in the ledger). Never blocks, never raises."""

Mark = Callable[[Symbol], float]
"""The last good price of a symbol, 0.0 when there is none: collars compare with it."""


class TickFilter(Protocol):
    """Who refuses what cannot be true before a strategy sees it."""

    def quote(self, quote: Quote) -> bool:
        """Return whether the quote may pass."""
        ...

    def trade(self, trade: Trade) -> bool:
        """Return whether the trade may pass, into the bars that are built of them."""
        ...

    def bar(self, symbol: Symbol, bar: Bar) -> bool:
        """Return whether the bar may pass."""
        ...


class Clock(Protocol):
    """Two clocks: the wall for stamps, the monotonic one for durations."""

    def wall_ns(self) -> int:
        """Return UTC epoch nanoseconds."""
        ...

    def monotonic_ns(self) -> int:
        """Return nanoseconds that never go back; only differences mean something."""
        ...


class SystemClock:
    """The machine's clocks."""

    def wall_ns(self) -> int:
        """Return UTC epoch nanoseconds."""
        return time.time_ns()

    def monotonic_ns(self) -> int:
        """Return nanoseconds since some start."""
        return time.monotonic_ns()


class Publisher(Protocol):
    """Who numbers events and shows them to the world (the Hub). Never blocks, never raises."""

    def order_changed(self, order: Order) -> None:
        """Say that an order moved along its life; it is durable so."""
        ...

    def fill_recorded(self, fill: Fill) -> None:
        """Say that a fill is in the ledger."""
        ...

    def account_changed(self, row: AccountRow) -> None:
        """Say that an account's gate or reconciliation changed."""
        ...

    def positions_changed(
        self, account_id: AccountId, positions: list[PositionRow], balances: list[BalanceRow]
    ) -> None:
        """Say that an account was compared with its venue."""
        ...

    def halts_changed(self, halts: list[HaltRow]) -> None:
        """Say what is latched now; the list is whole."""
        ...

    def alarm(self, alarm: str, message: str, hint: str = "", bot_id: str = "", account_id: str = "") -> None:
        """Ask for a person; `alarm` is a `noun.verb` key."""
        ...


class Swept(msgspec.Struct, frozen=True):
    """What canceling all came to, told truthfully."""

    cancels_asked: int
    orders_left: list[ClientOrderId]  # ours, still open at the venue or not yet known to be absent
    safe: bool  # the venue showed none of ours in two looks and nothing can still arrive
    notes: list[str]


class Money(Protocol):
    """An account's gateway, as the rest of the daemon uses it (`daemon.gateway.Gateway` is one).

    `run` is the account's task: it connects, recovers, then serves until canceled; it may be run again after it ended.
    """

    @property
    def account_id(self) -> AccountId:
        """Whose account."""
        ...

    @property
    def ready(self) -> bool:
        """Whether it is reconciled and takes orders."""
        ...

    def add_bot(self, spec: BotSpec) -> None:
        """Serve a live bot: its symbol is swept, its limits hold. Call before `run` for all that are known."""
        ...

    def drop_bot(self, bot_id: BotId) -> None:
        """Serve it no longer; its orders and fills stay."""
        ...

    def tell(self, message: GatewayMessage) -> None:
        """Take a wish; the bot's own submits keep their order, its cancels go at once. Never blocks, never raises."""
        ...

    async def run(self) -> None:
        """Serve until canceled. Raises VenueAuthFailed when the key is refused; venue outages are waited out."""
        ...

    async def wait_ready(self) -> None:
        """Return once the account was reconciled in this run and takes orders."""
        ...

    def row(self) -> AccountRow:
        """Return the account as it stands."""
        ...

    def positions(self) -> list[PositionRow]:
        """Return the last comparison, one row per currency."""
        ...

    def balances(self) -> list[BalanceRow]:
        """Return what the venue last said."""
        ...

    def orders(self, bot_id: BotId | None = None) -> list[Order]:
        """Return live orders, newest first."""
        ...

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        """Return one order that is live or ended since this run began."""
        ...

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return market rules (once ready). Raises NotFound."""
        ...

    async def cancel_order(self, client_order_id: ClientOrderId, reason: str = "") -> Order:
        """Cancel one order and return it as the venue then has it. Raises NotFound, VenueError."""
        ...

    async def cancel_all(self, *, bot_id: BotId | None = None, deadline_s: float = 15.0) -> Swept:
        """Cancel all of ours until the venue shows none in two looks, or until the deadline."""
        ...

    async def reconcile(self) -> Reconciled:
        """Compare ledger and venue now."""
        ...

    async def accept_drift(self, *, reason: str, by: str = "") -> Reconciled:
        """Book the drift as external, audited, and open the gate again. Raises Refused when there is none."""
        ...


class HaltBoard(Protocol):
    """The kill switch of the whole daemon (`daemon.gateway.halts.Halts` is one): files and rows, either one halts."""

    def active(self) -> list[Latch]:
        """Return all latches, as files and rows have them now."""
        ...

    def covering(self, account_id: AccountId, bot_id: BotId) -> Latch | None:
        """Return the strictest latch over a bot, or None; looks at the files each time (microseconds)."""
        ...

    async def latch(self, scope: str, target: str, mode: str, *, reason: str, by: str) -> Latch:
        """Halt: the gate is closed when this returns, in memory, in a file and in a row. Works with the store down."""
        ...

    async def clear(self, scope: str, target: str, *, reason: str, by: str) -> None:
        """Unlatch, audited. Raises NotFound when nothing is latched there."""
        ...

    async def run(self) -> None:
        """Watch the files (a touch halts), tell the publisher and `on_change` of every change, until canceled."""
        ...
