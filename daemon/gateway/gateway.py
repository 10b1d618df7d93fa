"""One account's gateway: the only way to its venue, from start-up through recovery to continuous comparison.

Start-up: connect → the ledger into memory → private stream → trades, open orders → every intent in doubt resolved →
balances compared → open. What the stream says meanwhile is taken at once: in which order and how often it comes does
not matter to the intake.
"""

from __future__ import annotations

from typing import Final

import anyio

from algobot.errors import VenueAuthFailed, VenueError
from algobot.model import AccountId, BotId, BotSpec, ClientOrderId, Instrument, Order, OrderStatus, Symbol, VenueOrder
from algobot.protocol.requests import Reconciled
from algobot.protocol.rows import AccountRow, BalanceRow, PositionRow
from algobot.venues.port import Account
from daemon.gateway.book import Book
from daemon.gateway.budget import Budget
from daemon.gateway.canceler import Canceler
from daemon.gateway.context import Context
from daemon.gateway.gate import CONNECTING, READY, RECONCILING
from daemon.gateway.halts import Halts
from daemon.gateway.ids import OrderIds
from daemon.gateway.intake import Intake
from daemon.gateway.lanes import Lanes
from daemon.gateway.looks import Looks
from daemon.gateway.resolver import Resolver
from daemon.gateway.rounds import Rounds, median
from daemon.gateway.sender import Sender
from daemon.gateway.settings import GatewaySettings
from daemon.gateway.stream import PrivateStream
from daemon.messages import AccountState, GatewayMessage
from daemon.ports import Clock, Deliver, Mark, Publisher, Swept
from daemon.reconcile import Reconciler
from daemon.store import Store

LATE_FILLS_NS: Final = 86_400_000_000_000  # orders that ended within a day are kept at hand
FILLS_AT_ONCE: Final = 2000  # read back at start: others get their turn in between
CLOCK_OFF_NS: Final = 1_000_000_000


def no_mark(symbol: Symbol) -> float:
    """Return 0.0: no price is known of any symbol."""
    return 0.0


class Gateway:
    """`daemon.ports.Money` for one account."""

    def __init__(
        self,
        account: Account,
        settings: GatewaySettings,
        *,
        store: Store,
        halts: Halts,
        budget: Budget,
        publisher: Publisher,
        deliver: Deliver,
        clock: Clock,
        mark: Mark = no_mark,
    ) -> None:
        ids = OrderIds(store.instance, store.epoch, settings.account_id)
        self._on = Context(account, settings, store, halts, budget, publisher, deliver, clock, mark, ids)
        self._intake = Intake(self._on)
        self._looks = Looks(self._on, self._intake)
        self._canceler = Canceler(self._on, self._looks)
        self._sender = Sender(self._on, self._intake)
        self._resolver = Resolver(self._on, self._looks, self._sender.sending)
        self._reconciler = Reconciler(self._on, self._looks)
        self._stream = PrivateStream(self._on, self._intake, self._reconciler)
        self._lanes = Lanes(self._on, self._sender, self._canceler)
        self._rounds = Rounds(self._on, self._looks, self._resolver, self._reconciler, self._canceler)
        self._ready = anyio.Event()
        self._told: AccountRow | None = None
        self._on.gate.on_change = self._gate_changed

    # --- the face ------------------------------------------------------------------------------------------------

    @property
    def account_id(self) -> AccountId:
        """Whose account."""
        return self._on.account_id

    @property
    def ready(self) -> bool:
        """Whether it is reconciled and takes orders."""
        return self._on.gate.open

    def add_bot(self, spec: BotSpec) -> None:
        """Serve a live bot, or its changed spec; it is told how the account stands."""
        self._on.bots[spec.bot_id] = spec
        self._on.deliver(spec.bot_id, AccountState(self._on.gate.open, self._on.gate.reason))

    def drop_bot(self, bot_id: BotId) -> None:
        """Serve a bot no longer; its orders and fills stay."""
        self._on.bots.pop(bot_id, None)

    def tell(self, message: GatewayMessage) -> None:
        """Take a wish; never blocks."""
        self._lanes.tell(message)

    def row(self) -> AccountRow:
        """Return the account as it stands."""
        gate, book = self._on.gate, self._on.book
        latched = [latch for latch in self._on.halts.known if latch.scope == "all" or self._is_latched(latch.target)]
        state = "halted" if latched else gate.phase if gate.phase != READY else READY if gate.open else "degraded"
        in_flight = len(book.in_flight())
        return AccountRow(
            account_id=self.account_id,
            venue=self._on.settings.venue,
            state=state,
            reconciled=bool(self._reconciler.reconciled_ns) and not self._reconciler.drift,
            reconciled_ns=self._reconciler.reconciled_ns,
            drift=self._reconciler.drift,
            orders_open=len(book.live) - in_flight,
            orders_in_flight=in_flight,
            orders_foreign=len(book.foreign),
            latency_ns=median(list(self._sender.latencies_ns)),
            reason=latched[0].words if latched else gate.reason,
            simulated=self._on.settings.simulated,
        )

    def positions(self) -> list[PositionRow]:
        """Return the last comparison, one row per currency."""
        return self._reconciler.rows

    def balances(self) -> list[BalanceRow]:
        """Return what the venue last said."""
        return self._reconciler.balance_rows

    def orders(self, bot_id: BotId | None = None) -> list[Order]:
        """Return live orders, newest first."""
        return [order for order in reversed(self._on.book.live.values()) if bot_id in (None, order.bot_id)]

    def order(self, client_order_id: ClientOrderId) -> Order | None:
        """Return one order that is live or ended lately."""
        return self._on.book.orders.get(client_order_id)

    def instrument(self, symbol: Symbol) -> Instrument:
        """Return market rules, once connected. Raises NotFound."""
        return self._on.account.instrument(symbol)

    async def wait_ready(self) -> None:
        """Return once the account has recovered in this run and its gate is open."""
        await self._ready.wait()
        await self._on.gate.wait_open()

    async def cancel_order(self, client_order_id: ClientOrderId, reason: str = "") -> Order:
        """Cancel one order and return it as the venue then has it. Raises NotFound."""
        return await self._canceler.cancel(client_order_id, reason)

    async def cancel_all(self, *, bot_id: BotId | None = None, deadline_s: float = 15.0) -> Swept:
        """Cancel all of ours until the venue shows none in two looks, or until the deadline."""
        return await self._canceler.cancel_all(bot_id, deadline_s)

    async def reconcile(self) -> Reconciled:
        """Sweep and compare now; takes as long as a difference needs to be believed or dismissed."""
        swept = await self._rounds.sweep_all()
        outcome = await self._rounds.check_balances()
        with anyio.move_on_after(2 * self._on.cadence.settle_s):
            while outcome is None and self._reconciler.suspicious:
                await anyio.sleep(self._on.cadence.settle_s / 4)
                outcome = await self._rounds.check_balances()
        return self._reconciler.report(outcome=outcome if swept else None)

    async def accept_drift(self, *, reason: str, by: str = "") -> Reconciled:
        """Book the drift as external, audited, and open the gate again. Raises Refused, StoreError."""
        return await self._reconciler.accept(reason, by)

    # --- its life ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve until canceled.

        Raises:
            VenueAuthFailed: the key was refused.
        """
        gate = self._on.gate
        gate.problems.clear()
        gate.enter(CONNECTING)
        self._stream.reset()
        try:
            await self._connect()
            await self._load()
            gate.enter(RECONCILING)
            async with anyio.create_task_group() as tasks:
                self._wire(tasks)
                tasks.start_soon(self._lanes.run)
                tasks.start_soon(self._stream.run, self._rounds.sweep_all)
                tasks.start_soon(self._show)
                await self._stream.up.wait()
                await self._rounds.recover()
                gate.enter(READY)
                self._ready.set()
                self._rounds.start(tasks)
        finally:
            self._ready = anyio.Event() if self._ready.is_set() else self._ready
            gate.enter(CONNECTING)
            with anyio.CancelScope(shield=True):
                await self._on.account.close()

    async def _connect(self) -> None:
        delay_s = self._on.cadence.reconnect_s
        while True:
            try:
                await self._on.account.open()
                offset_ns = await self._on.account.clock_offset_ns()
            except VenueAuthFailed:
                raise
            except VenueError as error:
                self._on.gate.trouble("connect", f"the venue cannot be reached: {error.message}")
                await anyio.sleep(delay_s)
                delay_s = min(delay_s * 2, 16 * self._on.cadence.reconnect_s)
                continue
            self._on.gate.resolved("connect")
            if abs(offset_ns) > CLOCK_OFF_NS:
                told = f"our clock is {offset_ns / 1e9:+.1f} s off the venue's"
                self._on.alarm("clock.off", told, "let a time service (chrony, systemd-timesyncd) set it")
            return

    async def _load(self) -> None:
        reads, account_id = self._on.store.reads, self.account_id
        await self._on.store.flush()
        self._on.book, self._on.began_ns = Book(), self._on.clock.wall_ns()
        ended = await reads.closed_orders(account_id, self._on.began_ns - LATE_FILLS_NS)
        live = await reads.live_orders(account_id)
        self._on.book.load([*ended, *live])
        last = 0
        while rows := await reads.account_fills(account_id, after=last, limit=FILLS_AT_ONCE):
            self._on.book.load_fills((row.fill for row in rows), self._on.traded)
            last = rows[-1].ledger_seq
        await self._reconciler.load()

    def _wire(self, tasks: anyio.abc.TaskGroup) -> None:
        def halt_bot(bot_id: BotId, reason: str) -> None:
            if bot_id:
                tasks.start_soon(self._halt_bot, bot_id, reason)

        def opened(order: Order) -> None:
            if order.client_order_id in self._canceler.wanted and order.status is not OrderStatus.FILLED:
                reason = self._canceler.wanted.pop(order.client_order_id)
                tasks.start_soon(self._canceler.cancel, order.client_order_id, reason)

        def cancel_stray(seen: VenueOrder) -> None:
            tasks.start_soon(self._canceler.cancel_seen, seen)

        def banned(duration_ns: int) -> None:
            tasks.start_soon(self._banned, duration_ns)

        self._intake.halt_bot = self._resolver.halt_bot = halt_bot
        self._intake.opened = opened
        self._intake.cancel_stray = cancel_stray
        self._sender.banned = banned

    async def _halt_bot(self, bot_id: BotId, reason: str) -> None:
        await self._on.halts.latch("bot", bot_id, "halt", reason=reason, by="gateway")

    async def _banned(self, duration_ns: int) -> None:
        self._on.gate.trouble("ban", f"the venue asks to wait {duration_ns / 1e9:.0f} s")
        await anyio.sleep(duration_ns / 1e9)
        self._on.gate.resolved("ban")

    async def _show(self) -> None:
        while True:
            self._publish()
            await anyio.sleep(5 * self._on.cadence.tick_s)

    def _gate_changed(self) -> None:
        state = AccountState(self._on.gate.open, self._on.gate.reason)
        for bot_id in list(self._on.bots):
            self._on.deliver(bot_id, state)
        self._publish()

    def _publish(self) -> None:
        row = self.row()
        if row != self._told:
            self._told = row
            self._on.publisher.account_changed(row)

    def _is_latched(self, target: str) -> bool:
        return target == self.account_id
