"""The daemon's face: what clients may ask, answered from memory; what they want done, done through the rooms."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Literal

import anyio
import msgspec

from algobot.errors import DeadlineExceeded, Halted, PartialFailure, Refused
from algobot.model import AccountId, BotId, BotSpec, ClientOrderId
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
from algobot.protocol.rows import BotDetail, GuardRow, Status
from daemon import messages as m
from daemon.emergency import Emergency
from daemon.face import Identity
from daemon.place import Place
from daemon.pulse import rss_bytes
from daemon.reload import Reloader
from daemon.rooms import Rooms
from daemon.roster import Roster
from daemon.store import AuditRow

STOP_S: Final = 15.0
CLOSE_S: Final = 25.0  # a lost answer alone takes ten to be resolved; clients wait thirty
HEARD_S: Final = 2.0
DURABLE_S: Final = 3.0
IN_SNAPSHOT: Final = 200
GOES_ON: Final = "it goes on by itself; look again with `algobot ctl bots show`"


class Desk:
    """`daemon.face.Face`."""

    def __init__(self, identity: Identity, rooms: Rooms, roster: Roster, reloader: Reloader) -> None:
        self._identity = identity
        self._rooms = rooms
        self._roster = roster
        self._reloader = reloader
        self._emergency = Emergency(rooms, roster)
        self._started_ns = time.time_ns()
        self.state: Literal["starting", "ready", "stopping"] = "starting"
        self.clients: Callable[[], int] = lambda: 0
        self.guard: Callable[[], GuardRow] = GuardRow

    @property
    def identity(self) -> Identity:
        """Who this daemon is."""
        return self._identity

    # --- looks ----------------------------------------------------------------------------------------------------

    async def status(self) -> Status:
        """Return the daemon in one look."""
        rooms, totals = self._rooms, await self._roster.totals()
        return Status(
            version=self._identity.version,
            protocol=PROTOCOL,
            instance=self._identity.instance,
            pid=self._identity.pid,
            started_ns=self._started_ns,
            now_ns=rooms.clock.wall_ns(),
            state=self.state,
            seq=rooms.announcer.hub.seq,
            bots=totals.states,
            equity=totals.equity,
            pnl_day=totals.pnl_day,
            orders_open=totals.orders_open,
            accounts=[money.row() for money in rooms.money.values()],
            feeds=[feed.row() for feed in rooms.feeds.values()],
            halts=self._emergency.halts(),
            store=rooms.store.state,
            rss_bytes=rss_bytes(),
            loop_lag_p99_ns=rooms.pulse.loop_lag.p(0.99),
            decision_p99_ns=rooms.pulse.bars.p(0.99, rooms.pulse.quotes),
            bar_p99_ns=rooms.pulse.bars.p(0.99),
            quote_p99_ns=rooms.pulse.quotes.p(0.99),
            clients=self.clients(),
            guard=self.guard(),
        )

    async def snapshot(self) -> Snapshot:
        """Return everything a screen needs, consistent at its `seq`."""
        hub, recent = self._rooms.announcer.hub, self._rooms.announcer.recent
        seq = hub.settle()
        status = await self.status()
        open_orders = recent.orders(open_only=True, limit=IN_SNAPSHOT)
        known = {order.client_order_id for order in open_orders}
        closed = [order for order in recent.orders(limit=IN_SNAPSHOT) if order.client_order_id not in known]
        return Snapshot(
            seq=seq,
            status=status,
            bots=self._roster.rows(),
            orders=open_orders + closed,
            fills=recent.fills(limit=IN_SNAPSHOT),
            positions=(await self.positions()).positions,
            balances=(await self.balances()).balances,
            logs=hub.lines(limit=IN_SNAPSHOT),
        )

    async def bots(self) -> Bots:
        """Return all bots, by name."""
        return Bots(self._roster.rows())

    async def bot(self, bot_id: BotId) -> BotDetail:
        """Return one bot with all a screen shows of it."""
        detail = self._roster.detail(bot_id)
        orders = (await self.orders(bot_id=bot_id, limit=100)).orders
        fills = (await self.fills(bot_id=bot_id, limit=100)).fills
        return msgspec.structs.replace(detail, orders=orders, fills=fills)

    async def orders(self, *, bot_id: BotId | None = None, open_only: bool = False, limit: int = 200) -> Orders:
        """Return orders, newest first; those no longer in memory are read back."""
        if bot_id is not None:
            self._roster.place(bot_id)
        recent = self._rooms.announcer.recent
        found = recent.orders(bot_id=bot_id, open_only=open_only, limit=limit)
        if len(found) < limit and not recent.whole:
            found = await self._rooms.store.reads.orders(bot_id, open_only=open_only, limit=limit)
        return Orders(found)

    async def fills(self, *, bot_id: BotId | None = None, limit: int = 200) -> Fills:
        """Return fills, newest first; those no longer in memory are read back."""
        if bot_id is not None:
            self._roster.place(bot_id)
        recent = self._rooms.announcer.recent
        found = recent.fills(bot_id=bot_id, limit=limit)
        if len(found) < limit and not recent.whole:
            found = await self._rooms.store.reads.fills(bot_id, limit=limit)
        return Fills(found)

    async def positions(self) -> Positions:
        """Return bots, external holdings and the venue, side by side."""
        return Positions([row for money in self._rooms.money.values() for row in money.positions()])

    async def balances(self) -> Balances:
        """Return what the venues say."""
        return Balances([row for money in self._rooms.money.values() for row in money.balances()])

    async def logs(self, *, bot_id: BotId | None = None, level: str = "info", limit: int = 200) -> Logs:
        """Return the newest log lines, oldest first."""
        return Logs(self._rooms.announcer.hub.lines(bot_id=bot_id, level=level, limit=limit))

    # --- bots -----------------------------------------------------------------------------------------------------

    async def add_bot(self, spec: BotSpec, *, by: str = "") -> Done:
        """Make a bot, and start it when `spec.autostart`."""
        self._be_up()
        await self._roster.admit(spec, "ctl")
        self._roster.keep(self._roster.place(spec.bot_id))
        await self._durably(by, "bot.add", spec.bot_id)
        if not spec.autostart:
            return Done(f"{spec.bot_id} is there, stopped")
        self._roster.start(spec.bot_id)
        return Done(f"{spec.bot_id} is starting")

    async def remove_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Forget a stopped, flat bot."""
        self._be_up()
        origin = self._roster.place(bot_id).origin
        self._roster.forget(bot_id)
        await self._durably(by, "bot.remove", bot_id)
        left = "; it is still in config.toml and comes back with the next start" if origin == "config" else ""
        return Done(f"{bot_id} is gone; its orders and fills stay in the ledger{left}")

    async def start_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Start a bot that is stopped, or release one from quarantine."""
        self._be_up()
        if not self._roster.start(bot_id):
            return Done(f"{bot_id} is {self._roster.row(bot_id).state.value} already")
        self._wish(bot_id, autostart=True)
        await self._durably(by, "bot.start", bot_id)
        return Done(f"{bot_id} is starting")

    async def stop_bot(self, bot_id: BotId, *, flatten: bool = False, by: str = "") -> Done:
        """Stop one bot once its orders are canceled (and its position closed)."""
        self._be_up()
        place = self._roster.place(bot_id)
        self._wish(bot_id, autostart=False)
        self._audit(by, "bot.stop", f"{bot_id} flatten={flatten}")
        if place.at_rest:
            return Done(f"{bot_id} is {self._roster.row(bot_id).state.value} already")
        if not place.joined:
            await self._roster.halt_task(bot_id)
            return Done(f"{bot_id} is stopped; it had not begun to run")
        place.mailbox.tell_control(m.StopBot(flatten))
        with anyio.move_on_after(STOP_S):
            await place.ended.wait()
            return Done(f"{bot_id} is stopped{self._holds(bot_id)}")
        raise DeadlineExceeded(f"{bot_id} is still stopping: {self._why(place)}", hint=GOES_ON)

    async def pause_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Open nothing new; exits go on."""
        await self._tell_running(bot_id, m.PauseBot())
        await self._durably(by, "bot.pause", bot_id)
        return Done(f"{bot_id} opens nothing new{self._holds(bot_id)}")

    async def resume_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Trade again after a pause."""
        await self._tell_running(bot_id, m.ResumeBot())
        await self._durably(by, "bot.resume", bot_id)
        reason = self._roster.row(bot_id).reason
        return Done(f"{bot_id} is no longer paused, but: {reason}" if reason else f"{bot_id} trades again")

    async def restart_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Stop the bot's task and start it again from its checkpoint; its orders stay."""
        self._be_up()
        await self._roster.halt_task(bot_id)
        self._roster.start(bot_id)
        self._audit(by, "bot.restart", bot_id)
        return Done(f"{bot_id} is starting again from its checkpoint")

    async def close_bot(self, bot_id: BotId, *, by: str = "") -> Done:
        """Close the bot's position at market; the bot keeps running."""
        self._may_close(self._roster.place(bot_id))
        await self._tell_running(bot_id, m.CloseBot())
        self._audit(by, "bot.close", bot_id)
        left = await self._emergency.wait_closed([self._roster.place(bot_id)], within_s=CLOSE_S)
        if left:
            why = self._why(self._roster.place(bot_id))
            raise DeadlineExceeded(f"{bot_id} still holds {self._roster.row(bot_id).position}: {why}", hint=GOES_ON)
        return Done(f"{bot_id} closed its position{self._holds(bot_id)}")

    async def flatten(self, *, bot_id: BotId | None = None, account_id: AccountId | None = None, by: str = "") -> Done:
        """Pause, cancel all orders and close positions."""
        self._be_up()
        places = self._emergency.covered(bot_id, account_id)
        for place in places:
            self._may_close(place)
        self._audit(by, "flatten", bot_id or account_id or "all")
        for place in places:
            self._roster.deliver(place.spec.bot_id, m.CloseBot(tag="flatten", pause=True))
        left = await self._emergency.wait_closed(places, within_s=CLOSE_S)
        if left:
            raise PartialFailure(f"not flat: {'; '.join(left)}", hint="start what is stopped, look at the reasons")
        return Done(f"{len(places)} bots hold nothing and are paused")

    # --- orders, accounts, the daemon -----------------------------------------------------------------------------

    async def cancel_order(self, client_order_id: ClientOrderId, *, by: str = "") -> Done:
        """Cancel one order of ours."""
        self._audit(by, "order.cancel", client_order_id)
        money = self._emergency.money_of_order(client_order_id)
        order = await money.cancel_order(client_order_id, f"asked by {by}" if by else "asked")
        return Done(f"{client_order_id} is {order.status.value}")

    async def reload(self, *, dry_run: bool = False, by: str = "") -> Reloaded:
        """Read the configuration again and apply all of it or nothing."""
        self._be_up()
        done = await self._reloader.reload(dry_run=dry_run)
        if not dry_run:
            self._audit(by, "daemon.reload", f"+{len(done.added)} -{len(done.removed)} ~{len(done.changed)}")
        return done

    async def reconcile(self, *, account_id: AccountId | None = None, by: str = "") -> Reconciled:
        """Compare ledger and venue now."""
        return await self._emergency.reconcile(account_id)

    async def accept_drift(self, account_id: AccountId, *, reason: str, by: str = "") -> Reconciled:
        """Book an account's drift as external, audited, and open its gate again."""
        return await self._emergency.money(account_id).accept_drift(reason=reason, by=by)

    async def kill(
        self,
        *,
        mode: Literal["halt", "cancel", "flatten"] = "cancel",
        account_id: AccountId | None = None,
        bot_id: BotId | None = None,
        reason: str = "",
        by: str = "",
    ) -> Killed:
        """Latch the kill switch and say truthfully what was done."""
        return await self._emergency.kill(mode, account_id=account_id, bot_id=bot_id, reason=reason, by=by)

    async def unhalt(
        self, *, reason: str, account_id: AccountId | None = None, bot_id: BotId | None = None, by: str = ""
    ) -> Done:
        """Clear the latch after a clean reconciliation."""
        return await self._emergency.unhalt(account_id=account_id, bot_id=bot_id, reason=reason, by=by)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _be_up(self) -> None:
        if self.state != "ready":
            raise Refused(f"the daemon is {self.state}", hint="wait until `algobot ctl status` says ready")

    def _may_close(self, place: Place) -> None:
        """Raise Halted at once where the latch lets no exit through: waiting would not help."""
        latch = self._rooms.halts.covering(place.spec.account_id, place.spec.bot_id)
        if latch is not None and latch.mode != "flatten" and self._roster.holds(place.spec.bot_id):
            hint = "`algobot kill --mode flatten` closes positions; or clear it: algobot ctl unhalt --reason …"
            raise Halted(f"{place.spec.bot_id} cannot close its position: {latch.words}", hint=hint)

    async def _tell_running(self, bot_id: BotId, message: m.PauseBot | m.ResumeBot | m.CloseBot) -> None:
        """Tell a bot, and return once it has heard."""
        self._be_up()
        place = self._roster.place(bot_id)
        if place.at_rest:
            state = self._roster.row(bot_id).state.value
            raise Refused(f"{bot_id} is {state}", hint=f"start it first: algobot ctl start {bot_id}")
        self._roster.deliver(bot_id, message)
        with anyio.move_on_after(HEARD_S):
            while place.joined and place.mailbox.unheard:  # noqa: ASYNC110 - whatever was told before is handled too
                await anyio.sleep(0.005)

    def _wish(self, bot_id: BotId, *, autostart: bool) -> None:
        """Remember over a restart whether a person wants the bot to run."""
        place = self._roster.place(bot_id)
        place.spec = msgspec.structs.replace(place.spec, autostart=autostart)
        self._roster.keep(place)

    def _holds(self, bot_id: BotId) -> str:
        position = self._roster.row(bot_id).position
        return f"; it holds {position}" if position else ""

    def _why(self, place: Place) -> str:
        row = self._roster.row(place.spec.bot_id)
        waits = f"{row.orders_open} orders are open" if row.orders_open else "it waits for a price to close at"
        return row.reason or waits

    async def _durably(self, by: str, method: str, params: str) -> None:
        """Audit, and return once all that was done is on disk; a disk that takes nothing is told, it goes on."""
        self._audit(by, method, params)
        with anyio.move_on_after(DURABLE_S):
            await self._rooms.store.flush()
            return
        raise PartialFailure(
            f"{method} {params} is done but not on disk: {self._rooms.store.state}",
            hint="it would not survive a crash now; the database heals by itself once it can be written",
        )

    def _audit(self, by: str, method: str, params: str) -> None:
        self._rooms.store.soon(AuditRow(self._rooms.clock.wall_ns(), by, method, params, ""))
