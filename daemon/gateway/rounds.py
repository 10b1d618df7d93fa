"""What an account does again and again: recover once, then look at orders, trades, balances and latches."""

from __future__ import annotations

import statistics
from typing import Final

import anyio
import anyio.abc

from algobot.errors import StoreError
from algobot.latch import Latch
from algobot.model import BotId, OrderStatus
from daemon.gateway.canceler import Canceler
from daemon.gateway.context import Context
from daemon.gateway.looks import Looks
from daemon.gateway.resolver import Resolver
from daemon.reconcile import Reconciler
from daemon.store import OK

VENUE: Final = "venue"
STORE: Final = "store"
FAILURES: Final = 3  # of a round in a row before the gate closes
SWEEP_DEADLINE_S: Final = 120.0


class Rounds:
    """The recurring work of one account."""

    def __init__(
        self, context: Context, looks: Looks, resolver: Resolver, reconciler: Reconciler, canceler: Canceler
    ) -> None:
        self._on = context
        self._looks = looks
        self._resolver = resolver
        self._reconciler = reconciler
        self._canceler = canceler
        self._failures = 0
        self._obeyed: set[Latch] = set()

    async def recover(self) -> None:
        """Bring the ledger up to the venue; returns once nothing is in doubt and the balances were compared."""
        self._resolver.begin()
        pause_s = self._on.cadence.recovery_every_s
        while not await self.sweep_all():  # noqa: ASYNC110 - a venue does not say when it answers again
            await anyio.sleep(pause_s)
        while self._in_doubt():
            await self._resolver.look(older_s=0.0)
            await self._resolver.catch_up()
            if self._in_doubt():
                await anyio.sleep(pause_s)
        while await self.check_balances() is None:  # noqa: ASYNC110 - nor when its balances are settled
            await anyio.sleep(pause_s)

    async def sweep_all(self) -> bool:
        """Look at all trades and all open orders; return whether every answer came."""
        trades = await self._looks.trades(self._on.symbols())
        return await self._looks.open_orders() and trades

    async def check_balances(self) -> bool | None:
        """Compare balances once; a disk that takes no writes proves nothing."""
        try:
            return await self._reconciler.check()
        except StoreError:
            return None

    def start(self, tasks: anyio.abc.TaskGroup) -> None:
        """Begin all rounds, each a task of its own."""
        tasks.start_soon(self._in_flight)
        tasks.start_soon(self._lagging)
        tasks.start_soon(self._orders)
        tasks.start_soon(self._trades)
        tasks.start_soon(self._balances)
        tasks.start_soon(self._latches, tasks)

    def _in_doubt(self) -> bool:
        doubtful = any(order.status is not OrderStatus.UNRESOLVED for order in self._on.book.in_flight())
        return doubtful or bool(self._on.book.lagging)

    async def _in_flight(self) -> None:
        while True:
            await anyio.sleep(self._on.cadence.inflight_every_s)
            await self._resolver.look(older_s=self._on.cadence.inflight_after_s)

    async def _lagging(self) -> None:
        while True:
            await anyio.sleep(self._on.cadence.lag_s)
            await self._resolver.catch_up()

    async def _orders(self) -> None:
        while True:
            await anyio.sleep(self._on.cadence.orders_every_s)
            self._judge(ok=await self._looks.open_orders())
            if self._on.store.state == OK:  # what is let go of must be in the ledger
                self._on.book.forget_ended()

    async def _trades(self) -> None:
        while True:
            await anyio.sleep(self._on.cadence.trades_every_s)
            within_ns = int(self._on.cadence.trades_every_s * 2e9)
            await self._looks.trades(self._on.book.active_symbols(self._on.clock.monotonic_ns(), within_ns))

    async def _balances(self) -> None:
        while True:
            soon = self._reconciler.suspicious
            await anyio.sleep(self._on.cadence.settle_s / 2 if soon else self._on.cadence.balances_every_s)
            await self.check_balances()

    async def _latches(self, tasks: anyio.abc.TaskGroup) -> None:
        """Cancel what a newly closed latch covers, whoever closed it; keep the gate's view of the store."""
        while True:
            for latch in self._on.halts.known:
                if latch not in self._obeyed and latch.mode != "halt" and self._is_mine(latch):
                    tasks.start_soon(self._obey, latch)
                    self._obeyed.add(latch)
            state = self._on.store.state
            if state == OK:
                self._on.gate.resolved(STORE)
            else:
                self._on.gate.trouble(STORE, state)
            await anyio.sleep(self._on.cadence.tick_s)

    def _is_mine(self, latch: Latch) -> bool:
        if latch.scope == "bot":
            return any(bot_id == latch.target for bot_id in self._on.bots)
        return latch.scope == "all" or latch.target == self._on.account_id

    async def _obey(self, latch: Latch) -> None:
        bot_id = BotId(latch.target) if latch.scope == "bot" else None
        swept = await self._canceler.cancel_all(bot_id, SWEEP_DEADLINE_S)
        if not swept.safe:
            left = ", ".join(swept.orders_left) or "unknown"
            self._on.alarm("halt.incomplete", f"orders may be left after the halt: {left}", "look at the venue itself")

    def _judge(self, *, ok: bool) -> None:
        self._failures = 0 if ok else self._failures + 1
        if ok:
            self._on.gate.resolved(VENUE)
        elif self._failures >= FAILURES:
            self._on.gate.trouble(VENUE, "the venue does not answer")


def median(values: list[int]) -> int:
    """Return the middle one, 0 when there is none."""
    return int(statistics.median(values)) if values else 0
