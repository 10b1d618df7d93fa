"""The daemon's life: start-up in order, the tasks that keep it, and a stop that loses nothing."""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import anyio
import anyio.abc
import anyio.to_thread
import structlog

from algobot import latch, paths
from algobot.config import Config
from algobot.errors import AlgobotError
from algobot.model import ACTIVE, AccountId, BotMode, BotState
from daemon.announcer import KEPT, Announcer
from daemon.assembly import Adapters, Assembly, Keyed, keyed_accounts, prepare_state_dir
from daemon.control import ControlServer, open_socket
from daemon.desk import Desk
from daemon.face import Identity
from daemon.gateway import Halts
from daemon.guarded import Guarded
from daemon.hub import Hub
from daemon.locks import Lock, state_lock
from daemon.logs import Logs
from daemon.losses import Losses
from daemon.ports import Clock, SystemClock
from daemon.pulse import Pulse
from daemon.reload import Reloader
from daemon.roles import Roles
from daemon.rooms import Rooms
from daemon.roster import Roster
from daemon.sd_notify import Notifier
from daemon.store import OK, Store
from daemon.strategies import Strategies

DATABASE: Final = "algobot.db"
PATIENCE_S: Final = 30.0  # for accounts, venues and histories before READY is said without them
FAREWELL_S: Final = 5.0
ACCOUNT_RETRY_S: Final = 15.0
WATCHDOG_STORE_S: Final = 10.0
log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon")


class Daemon:
    """Everything one daemon is made of; `serve` is its whole life."""

    def __init__(
        self,
        config: Config,
        load: Callable[[], Config],
        logs: Logs,
        version: str,
        *,
        adapters: Adapters,
        compile_first: bool = True,
    ) -> None:
        self.config = config
        self.desk: Desk | None = None  # once there is one
        self._adapters = adapters
        self._compile_first = compile_first
        self.stopping = anyio.Event()
        self.why = ""
        self._load = load
        self._logs = logs
        self._version = version
        self._clock: Clock = SystemClock()
        self._notifier = Notifier(os.environ)
        self._hub = Hub()
        self._announcer = Announcer(self._hub)
        self._locks: list[Lock] = []
        self.state_dir = prepare_state_dir(paths.state_dir(config.daemon.state_dir))
        self.socket = paths.socket_path(config.daemon.socket, configured_state_dir=config.daemon.state_dir)

    def stop(self, why: str) -> None:
        """Begin to go down."""
        self.why = self.why or why
        self.stopping.set()

    async def serve(self) -> None:
        """Start, serve until `stop`, go down.

        Raises:
            AlgobotError: it could not start.
        """
        self._logs.connect(self._hub.publish)
        async with AsyncExitStack() as exits:
            self._locks.append(state_lock(self.state_dir).take())
            exits.callback(self._release)
            keyed = keyed_accounts(self.config, self._logs, self._locks)
            store = await Store.open(self.state_dir / DATABASE, instance=self.config.daemon.instance)
            exits.push_async_callback(_shielded, store.close)
            store.on_state = self._store_state
            halts = Halts(self.state_dir, store, self._announcer, self._clock)
            group = await exits.enter_async_context(anyio.create_task_group())
            group.start_soon(store.run, name="store")
            try:
                await halts.load()
                rooms = self._rooms(store, halts)
                roster = self.roster = Roster(rooms)
                halts.on_change = roster.halts_changed
                desk = self.desk = self._desk(rooms, roster)
                guarded = Guarded(self.state_dir, self.config, halts, self._announcer)
                desk.guard = guarded.row
                group.start_soon(guarded.run, name="guard")
                exits.push_async_callback(guarded.farewell)
                await self._live(rooms, roster, desk, halts, keyed)
            finally:
                with anyio.move_on_after(FAREWELL_S, shield=True):
                    await store.flush()
                group.cancel_scope.cancel()

    # --- what it is made of ---------------------------------------------------------------------------------------

    def _rooms(self, store: Store, halts: Halts) -> Rooms:
        folder = Path(self.config.daemon.strategies_dir) if self.config.daemon.strategies_dir else None
        return Rooms(
            store=store,
            announcer=self._announcer,
            halts=halts,
            strategies=Strategies(folder, compile_first=self._compile_first),
            clock=self._clock,
            pulse=Pulse(),
            feeds={},
            money={},
            venues={account_id: section.venue for account_id, section in self.config.accounts.items()},
            simulated=frozenset(name for name, venue in self.config.venues.items() if venue.simulated),
        )

    def _desk(self, rooms: Rooms, roster: Roster) -> Desk:
        identity = Identity(self._version, self.config.daemon.instance, os.getpid())
        return Desk(identity, rooms, roster, Reloader(roster, self.config, self._load, self._take_over))

    def _take_over(self, config: Config) -> None:
        self.config = config
        self._logs.set_level(config.daemon.log_level)

    # --- its life -------------------------------------------------------------------------------------------------

    async def _live(self, rooms: Rooms, roster: Roster, desk: Desk, halts: Halts, keyed: list[Keyed]) -> None:
        """Open the socket, start everything in order, wait for the end, go down in order."""
        roles = Roles.of_process(self.config.daemon.socket_group)
        server = ControlServer(desk, self._hub, roles)
        desk.clients = lambda: server.clients
        async with open_socket(self.socket, group_gid=roles.group_gid) as listening, anyio.create_task_group() as outer:
            outer.start_soon(server.run, listening, name="control")
            async with anyio.create_task_group() as group:
                roster.enter(group)
                group.start_soon(self._start, rooms, roster, desk, halts, keyed, group, name="start")
                await self.stopping.wait()
                await self._go_down(rooms, roster, desk)
                group.cancel_scope.cancel()
            outer.cancel_scope.cancel()

    async def _start(
        self,
        rooms: Rooms,
        roster: Roster,
        desk: Desk,
        halts: Halts,
        keyed: list[Keyed],
        group: anyio.abc.TaskGroup,
    ) -> None:
        """Bring up accounts, feeds and bots; say READY."""
        self._say("starting: compiling strategies")
        reads = rooms.store.reads
        self._announcer.recent.load(await reads.orders(limit=KEPT), await reads.fills(limit=KEPT))
        assembly = Assembly(self.config, self._adapters, rooms, roster)
        await assembly.venues()
        await assembly.accounts(halts, keyed)
        await assembly.bots()
        group.start_soon(halts.run, name="halts")
        for feed in rooms.feeds.values():
            group.start_soon(feed.run, name=f"feed {feed.venue}")
        for account_id in rooms.money:
            group.start_soon(self._keep_account, rooms, account_id, name=f"account {account_id}")
        self._say("starting: accounts, market data, bots")
        for place in roster.places():
            if await assembly.starts(place.spec):
                roster.start(place.spec.bot_id)
            else:
                group.start_soon(roster.look_up, place.spec.bot_id)
        await self._settled(roster)
        gc.collect()
        gc.freeze()
        desk.state = "ready"
        group.start_soon(rooms.pulse.run, name="pulse")
        group.start_soon(Losses(self.config.accounts, roster.rows, halts).run, name="losses")
        group.start_soon(self._remind, roster, name="remind")
        group.start_soon(self._watch, rooms, roster, name="watchdog")
        self._notifier.ready(await self._summary(rooms, roster))
        log.info("daemon.ready", socket=str(self.socket), bots=len(roster.places()))

    async def _keep_account(self, rooms: Rooms, account_id: AccountId) -> None:
        """Run an account; one whose key is refused, or that fails otherwise, is tried again, others go on."""
        while True:
            try:
                await rooms.money[account_id].run()
            except (AlgobotError, sqlite3.Error) as error:
                hint = error.hint if isinstance(error, AlgobotError) else ""
                self._announcer.alarm("account.failed", str(error), hint, account_id=account_id)
            await anyio.sleep(ACCOUNT_RETRY_S)

    async def _settled(self, roster: Roster) -> None:
        """Return once every bot that starts has come to trade, rest or wait, or when patience ends."""
        unsettled = {BotState.WARMING, BotState.RECONCILING, BotState.CREATED}
        waited_s = 0.0
        while waited_s < PATIENCE_S:
            starting = [place for place in roster.places() if not place.at_rest]
            if not any(roster.row(place.spec.bot_id).state in unsettled for place in starting):
                return
            if waited_s % 5 < 0.05:
                self._notifier.extend(30)
            await anyio.sleep(0.05)
            waited_s += 0.05
        log.warning("start.incomplete", message="some bots still wait for their account or market data")

    # --- while it lives -------------------------------------------------------------------------------------------

    async def reload(self) -> None:
        """Do what SIGHUP asks; a configuration that cannot be used changes nothing and is said."""
        if self.desk is None:
            return
        self._notifier.reloading()
        try:
            await self.desk.reload(by="SIGHUP")
        except AlgobotError as error:
            self._announcer.alarm("config.refused", error.message, error.hint)
        self._notifier.tell("READY=1")

    async def kill(self) -> None:
        """Do what SIGUSR1 asks: halt all and cancel all; while starting the latch alone, which the start obeys."""
        if self.desk is None:
            try:
                latch.close(self.state_dir, "all", "", "cancel", "SIGUSR1", "signal")
            except OSError as error:
                log.error("halt.file_failed", message=str(error))
            return
        done = await self.desk.kill(mode="cancel", reason="SIGUSR1", by="signal")
        log.warning("halt.signaled", safe=done.safe, orders_left=len(done.orders_left))

    async def _remind(self, roster: Roster) -> None:
        while True:
            await anyio.sleep(1.0)
            roster.look_again()

    async def _watch(self, rooms: Rooms, roster: Roster) -> None:
        """Feed systemd's watchdog while the loop turns and the store writes, or heals."""
        every_s = self._notifier.watchdog_s / 3 or 10.0
        while True:
            alive = rooms.store.state != OK  # it says so and heals by itself: a restart would not help
            with anyio.move_on_after(WATCHDOG_STORE_S):
                await rooms.store.flush()
                alive = True
            if alive:
                self._notifier.tell("WATCHDOG=1", f"STATUS={await self._summary(rooms, roster)}")
            await anyio.sleep(every_s)

    async def _summary(self, rooms: Rooms, roster: Roster) -> str:
        totals = await roster.totals()
        active = sum(totals.states.get(state.value, 0) for state in ACTIVE)
        halted = "ON" if rooms.halts.active() else "off"
        return f"{active} of {sum(totals.states.values())} bots active, {totals.orders_open} orders open, kill {halted}"

    def _store_state(self, state: str) -> None:
        if state == OK:
            log.warning("store.healed")
        else:
            self._announcer.alarm(
                "store.failed", state, "no new orders until it heals; check disk space and permissions"
            )

    def _say(self, status: str) -> None:
        self._notifier.status(status)
        log.info("daemon.starting", status=status)

    # --- the end --------------------------------------------------------------------------------------------------

    async def _go_down(self, rooms: Rooms, roster: Roster, desk: Desk) -> None:
        """Say so, cancel orders only where the configuration wants it, checkpoint, and say what is left."""
        desk.state = "stopping"
        self._announcer.stopping(self.why)
        self._notifier.stopping(f"stopping: {self.why}")
        log.info("daemon.stopping", why=self.why, on_stop=self.config.daemon.on_stop)
        self._notifier.extend(60)
        if self.config.daemon.on_stop == "cancel":
            for money in rooms.money.values():
                try:
                    await money.cancel_all(deadline_s=10.0)
                except AlgobotError as error:
                    log.error("stop.not_canceled", account_id=money.account_id, message=error.message)
        roster.last_words()
        left = [order.client_order_id for money in rooms.money.values() for order in money.orders()]
        held = [f"{row.bot_id} {row.position}" for row in roster.rows() if row.position and row.mode is BotMode.LIVE]
        log.info("daemon.leaves", orders=len(left), order_ids=" ".join(left[:20]), positions="; ".join(held[:20]))
        self._hub.settle()
        await anyio.sleep(0.05)  # one push to those who follow

    def _release(self) -> None:
        for lock in reversed(self._locks):
            lock.release()


async def _shielded(close: Callable[[], Awaitable[None]]) -> None:
    """Close even while everything is being canceled."""
    with anyio.move_on_after(FAREWELL_S, shield=True):
        await close()
