"""A daemon's face over an invented world, for clients that want something to talk to."""

from __future__ import annotations

import os
import time
from decimal import Decimal

import msgspec

from algobot.errors import NotFound, PartialFailure, Refused
from algobot.model import (
    ACTIVE,
    LIVE,
    AccountId,
    BotId,
    BotSpec,
    BotState,
    ClientOrderId,
    OrderStatus,
)
from algobot.protocol.events import BotAdded, BotRemoved
from algobot.protocol.requests import (
    PROTOCOL,
    Balances,
    Bots,
    Done,
    Fills,
    Killed,
    Logs,
    Orders,
    Positions,
    Reconciled,
    Reloaded,
    Snapshot,
)
from algobot.protocol.rows import (
    BotDetail,
    FeedRow,
    HaltRow,
    Status,
)
from daemon.face import Identity
from tests.fakes.world import FakeWorld


class FakeFace(FakeWorld):
    """The daemon as its clients see it, without a daemon behind."""

    @property
    def identity(self) -> Identity:
        """Who this pretends to be."""
        return Identity("0.1.0", "demo", os.getpid())

    # --- reads

    async def status(self) -> Status:
        """The daemon in one look."""
        counts: dict[str, int] = {}
        for row in self.rows.values():
            counts[row.state.value] = counts.get(row.state.value, 0) + 1
        return Status(
            version="0.1.0",
            protocol=PROTOCOL,
            instance="demo",
            pid=os.getpid(),
            started_ns=self.started_ns,
            now_ns=time.time_ns(),
            state="ready",
            seq=self.hub.seq,
            bots=counts,
            equity=sum(row.equity for row in self.rows.values()),
            pnl_day=sum(row.pnl_day for row in self.rows.values()),
            orders_open=sum(order.status in LIVE for order in self.all_orders.values()),
            accounts=self.accounts(),
            feeds=[FeedRow("sim", True, 3, time.time_ns())],
            halts=self.halts,
            rss_bytes=183 << 20,
            loop_lag_p99_ns=2_100_000,
            decision_p99_ns=640_000,
            clients=self.hub.followers,
        )

    async def snapshot(self) -> Snapshot:
        """Everything a screen needs."""
        return Snapshot(
            seq=self.hub.seq,
            status=await self.status(),
            bots=(await self.bots()).bots,
            orders=(await self.orders()).orders,
            fills=(await self.fills()).fills,
            positions=self._positions(),
            balances=self._balances(),
            logs=self.hub.lines(),
        )

    async def bots(self) -> Bots:
        """All bots, by name."""
        return Bots(sorted(self.rows.values(), key=lambda row: row.bot_id))

    async def bot(self, bot_id: BotId) -> BotDetail:
        """One bot with all a screen shows."""
        row = self._row(bot_id)
        return BotDetail(
            row,
            self.specs[bot_id],
            (await self.orders(bot_id=bot_id, limit=50)).orders,
            (await self.fills(bot_id=bot_id, limit=50)).fills,
            self.curves[bot_id],
            self.charts[bot_id],
            self.decided[bot_id][::-1],
        )

    async def orders(self, *, bot_id: BotId | None = None, open_only: bool = False, limit: int = 200) -> Orders:
        """Orders, newest first."""
        if bot_id is not None:
            self._row(bot_id)
        found = [
            order
            for order in reversed(self.all_orders.values())
            if bot_id in (None, order.bot_id) and (order.status in LIVE or not open_only)
        ]
        return Orders(found[:limit])

    async def fills(self, *, bot_id: BotId | None = None, limit: int = 200) -> Fills:
        """Fills, newest first."""
        if bot_id is not None:
            self._row(bot_id)
        return Fills([fill for fill in reversed(self.all_fills) if bot_id in (None, fill.bot_id)][:limit])

    async def positions(self) -> Positions:
        """Bots, external holdings, venue."""
        return Positions(self._positions())

    async def balances(self) -> Balances:
        """What the venue says."""
        return Balances(self._balances())

    async def logs(self, *, bot_id: BotId | None = None, level: str = "info", limit: int = 200) -> Logs:
        """The newest log lines."""
        return Logs(self.hub.lines(bot_id=bot_id, level=level, limit=limit))

    # --- steering

    async def add_bot(self, spec: BotSpec, *, by: str = "") -> Done:
        """Make a bot."""
        self.calls.append(("add_bot", by))
        if spec.bot_id in self.rows:
            raise Refused(f"there is a bot {spec.bot_id!r} already", hint="choose another name")
        self._put(spec)
        self.hub.publish(BotAdded(0, 0, self.rows[spec.bot_id]))
        return Done(f"{spec.bot_id} added")

    async def remove_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Forget a bot."""
        self.calls.append(("remove_bot", by))
        row = self._row(bot_id)
        if row.state in ACTIVE or row.position:
            raise Refused(f"bot {bot_id!r} is {row.state.value}", hint=f"algobot ctl stop {bot_id} --flatten")
        del self.rows[bot_id], self.specs[bot_id]
        self.hub.publish(BotRemoved(0, 0, bot_id))
        return Done(f"{bot_id} removed")

    async def start_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Start it."""
        row = self._row(bot_id)
        if row.state in ACTIVE:
            raise Refused(f"bot {bot_id!r} is {row.state.value} already")
        if self.halts:
            raise Refused(f"bot {bot_id!r} cannot start: the kill switch is latched", hint="algobot ctl unhalt")
        return self._to(bot_id, BotState.RUNNING, "start_bot", by)

    async def stop_bot(self, bot_id: BotId, *, flatten: bool = False, by: str = "") -> Done:
        """Stop it."""
        self._cancel(bot_id)
        if flatten:
            self._close(bot_id)
        return self._to(bot_id, BotState.STOPPED, "stop_bot", by)

    async def pause_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Pause it."""
        if self._row(bot_id).state not in ACTIVE:
            raise Refused(f"bot {bot_id!r} is {self._row(bot_id).state.value}", hint=f"algobot ctl start {bot_id}")
        return self._to(bot_id, BotState.PAUSED, "pause_bot", by)

    async def resume_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Resume it."""
        if self._row(bot_id).state is not BotState.PAUSED:
            raise Refused(f"bot {bot_id!r} is not paused")
        return self._to(bot_id, BotState.RUNNING, "resume_bot", by)

    async def restart_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Restart it."""
        row = self._row(bot_id)
        self.rows[bot_id] = msgspec.structs.replace(row, restarts=row.restarts + 1)
        return self._to(bot_id, BotState.RUNNING, "restart_bot", by)

    async def close_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Close its position."""
        self._row(bot_id)
        self.calls.append(("close_bot", by))
        self._close(bot_id)
        return Done(f"{bot_id} is flat")

    async def flatten(self, *, bot_id: BotId | None = None, account_id: AccountId | None = None, by: str = "") -> Done:
        """Pause, cancel, close."""
        self.calls.append(("flatten", by))
        meant = [bot_id] if bot_id else [r.bot_id for r in self.rows.values() if account_id in (None, r.account_id)]
        for one in meant:
            self._row(one)
            self._cancel(one)
            self._close(one)
            if self.rows[one].state in ACTIVE:
                self._to(one, BotState.PAUSED, "pause_bot", by)
        if self.stuck_orders:
            raise PartialFailure("1 order is left at the venue", hint="algobot ctl orders --open")
        return Done(f"{len(meant)} bots are flat")

    async def cancel_order(self, client_order_id: ClientOrderId, *, by: str = "") -> Done:
        """Cancel one order."""
        self.calls.append(("cancel_order", by))
        order = self.all_orders.get(client_order_id)
        if order is None:
            raise NotFound(f"no order {client_order_id!r}", hint="algobot ctl orders --open")
        self._move(order, OrderStatus.CANCELED)
        return Done(f"{client_order_id} canceled")

    async def reload(self, *, dry_run: bool = False, by: str = "") -> Reloaded:
        """Nothing has changed, but one field."""
        self.calls.append(("reload --dry-run" if dry_run else "reload", by))
        return Reloaded([], [], [BotId("alpha")], ["daemon.socket"])

    async def reconcile(self, *, account_id: AccountId | None = None, by: str = "") -> Reconciled:
        """Compare now."""
        self._account(account_id)
        rows = [row for row in self._positions() if account_id in (None, row.account_id)]
        return Reconciled(not any(row.drift for row in rows), rows, ["trades swept", "orders compared"])

    async def accept_drift(self, account_id: AccountId, *, reason: str, by: str = "") -> Reconciled:
        """Book the drift."""
        self.calls.append(("accept_drift", by))
        self._account(account_id)
        if not self.drift:
            raise Refused(f"account {account_id!r} has no drift to accept")
        self.external["BTC"] += self.drift
        self.drift = Decimal(0)
        return Reconciled(True, self._positions(), [f"booked as external: {reason}"])

    async def kill(
        self,
        *,
        mode: str = "cancel",
        account_id: AccountId | None = None,
        bot_id: BotId | None = None,
        reason: str = "",
        by: str = "",
    ) -> Killed:
        """Latch, and do as the mode says."""
        self.calls.append((f"kill {mode}", by))
        if bot_id is not None:
            self._row(bot_id)
        self._account(account_id)
        scope = "bot" if bot_id else "account" if account_id else "all"
        target = str(bot_id or account_id or "")
        self.halts = [h for h in self.halts if (h.scope, h.target) != (scope, target)]
        self.halts.append(HaltRow(scope, target, mode, reason, time.time_ns(), by))
        self.hub.halts_changed(list(self.halts))
        asked, meant = 0, set()
        for row in list(self.rows.values()):
            if bot_id in (None, row.bot_id) and account_id in (None, row.account_id):
                meant.add(row.bot_id)
                asked += self._cancel(row.bot_id) if mode != "halt" else 0
                if mode == "flatten":
                    self._close(row.bot_id)
                if row.state in ACTIVE:
                    self._to(row.bot_id, BotState.HALTED, "halt", by, reason=f"halted ({scope}): {reason}")
        left = [o.client_order_id for o in self.all_orders.values() if o.status in LIVE and o.bot_id in meant]
        return Killed(True, list(self.halts), asked, left, not left)

    async def unhalt(
        self, *, reason: str, account_id: AccountId | None = None, bot_id: BotId | None = None, by: str = ""
    ) -> Done:
        """Clear the latch."""
        self.calls.append(("unhalt", by))
        if self.drift:
            raise Refused("account 'sim' is not reconciled", hint="algobot ctl reconcile")
        target = str(bot_id or account_id or "")
        if not any(h.target == target for h in self.halts):
            raise NotFound(f"nothing is halted as {target or 'all'!r}")
        self.halts = [h for h in self.halts if h.target != target]
        self.hub.halts_changed(list(self.halts))
        for row in list(self.rows.values()):
            if row.state is BotState.HALTED and not self.halts:
                self._to(row.bot_id, BotState.RUNNING, "unhalt", by)
        return Done("the kill switch is clear")
