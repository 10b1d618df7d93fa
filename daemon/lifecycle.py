"""The daemon's life: start-up in order, the tasks that keep it, and a stop that loses nothing."""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import anyio
import anyio.abc
import anyio.to_thread
import msgspec
import structlog

from algobot import paths
from algobot.config import AccountSection, Config, to_specs
from algobot.errors import AlgobotError, ConfigError
from algobot.market.ticks import TickFilter
from algobot.model import ACTIVE, AccountId, BotMode, BotSpec, BotState, OnRestart
from algobot.venues import factory
from algobot.venues.keys import Keys, load_keys
from daemon.announcer import KEPT, Announcer
from daemon.control import ControlServer, open_socket
from daemon.desk import Desk
from daemon.face import Identity
from daemon.feed import Feed
from daemon.gateway import Budget, Gateway, GatewaySettings, Halts, Priority
from daemon.hub import Hub
from daemon.locks import Lock, key_lock, state_lock
from daemon.logs import Logs
from daemon.ports import Clock, SystemClock
from daemon.pulse import Pulse
from daemon.roles import Roles
from daemon.roster import Rooms, Roster
from daemon.sd_notify import Notifier
from daemon.store import OK, Store
from daemon.strategies import Strategies

DATABASE: Final = "algobot.db"
PATIENCE_S: Final = 30.0  # for accounts, venues and histories before READY is said without them
FAREWELL_S: Final = 5.0
ACCOUNT_RETRY_S: Final = 15.0
WATCHDOG_STORE_S: Final = 10.0
log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon")


class Keyed(msgspec.Struct, frozen=True):
    """An account that may trade, with its keys."""

    account_id: AccountId
    section: AccountSection
    keys: Keys


class Daemon:
    """Everything one daemon is made of; `serve` is its whole life."""

    def __init__(self, config: Config, load: Callable[[], Config], logs: Logs, version: str) -> None:
        self.config = config
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
        self._desk_now: Desk | None = None  # once there is one
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
            keyed = self._keyed()
            store = await Store.open(self.state_dir / DATABASE, instance=self.config.daemon.instance)
            exits.push_async_callback(store.close)
            store.on_state = self._store_state
            halts = Halts(self.state_dir, store, self._announcer, self._clock)
            group = await exits.enter_async_context(anyio.create_task_group())
            group.start_soon(store.run, name="store")
            try:
                await halts.load()
                rooms = self._rooms(store, halts)
                roster = Roster(rooms)
                halts.on_change = roster.halts_changed
                desk = self._desk_now = self._desk(rooms, roster)
                await self._live(rooms, roster, desk, halts, keyed)
            finally:
                with anyio.move_on_after(FAREWELL_S, shield=True):
                    await store.flush()
                group.cancel_scope.cancel()

    # --- what it is made of ---------------------------------------------------------------------------------------

    def _keyed(self) -> list[Keyed]:
        """Return the accounts that trade real money, their keys locked against a second daemon."""
        found: list[Keyed] = []
        for account_id, section in self.config.accounts.items():
            if not section.live:
                continue
            keys = load_keys(account_id, section.key_file)
            if keys is None:
                raise ConfigError(
                    f"accounts.{account_id} is live but has no keys",
                    hint=f"algobot keys add {account_id}, or set key_file",
                )
            if keys.from_environment:
                log.warning(
                    "keys.in_environment", account_id=account_id, hint="any child process can read them: use a file"
                )
            self._logs.secrets.add(keys.api_key)
            self._logs.secrets.add(keys.secret)
            self._locks.append(key_lock(keys.api_key).take())
            found.append(Keyed(account_id, section, keys))
        return found

    def _rooms(self, store: Store, halts: Halts) -> Rooms:
        folder = Path(self.config.daemon.strategies_dir) if self.config.daemon.strategies_dir else None
        return Rooms(
            store=store,
            announcer=self._announcer,
            halts=halts,
            strategies=Strategies(folder),
            clock=self._clock,
            pulse=Pulse(),
            feeds={},
            money={},
            venues={account_id: section.venue for account_id, section in self.config.accounts.items()},
        )

    def _desk(self, rooms: Rooms, roster: Roster) -> Desk:
        identity = Identity(self._version, self.config.daemon.instance, os.getpid())
        return Desk(identity, rooms, roster, self.config, self._load)

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
        await self._recall(rooms)
        markets = await self._markets(rooms)
        await self._accounts(rooms, roster, halts, keyed, markets)
        await self._admit(rooms, roster)
        group.start_soon(halts.run, name="halts")
        for feed in rooms.feeds.values():
            group.start_soon(feed.run, name=f"feed {feed.venue}")
        for account_id in rooms.money:
            group.start_soon(self._keep_account, rooms, account_id, name=f"account {account_id}")
        self._say("starting: accounts, market data, bots")
        for place in roster.places():
            if await self._should_run(rooms, place.spec):
                roster.start(place.spec.bot_id)
        await self._settled(roster)
        gc.collect()
        gc.freeze()
        desk.state = "ready"
        group.start_soon(rooms.pulse.run, name="pulse")
        group.start_soon(self._remind, roster, name="remind")
        group.start_soon(self._watch, rooms, roster, name="watchdog")
        self._notifier.ready(self._summary(rooms, roster))
        log.info("daemon.ready", socket=str(self.socket), bots=len(roster.places()))

    async def _recall(self, rooms: Rooms) -> None:
        """Take up the newest orders and fills for views."""
        reads = rooms.store.reads
        self._announcer.recent.load(await reads.orders(limit=KEPT), await reads.fills(limit=KEPT))

    async def _markets(self, rooms: Rooms) -> dict[str, Budget]:
        """Make a feed for every venue; adapters are heavy to import, so not on the loop."""
        budgets: dict[str, Budget] = {}
        for name, section in self.config.venues.items():
            market = await anyio.to_thread.run_sync(factory.market, name, section)
            budget = budgets[name] = Budget(self._clock)

            async def pay(budget: Budget = budget) -> None:
                await budget.take(Priority.HISTORY)

            rooms.feeds[name] = Feed(name, market, TickFilter(), self._announcer.feed_changed, pay=pay)
        return budgets

    async def _accounts(
        self, rooms: Rooms, roster: Roster, halts: Halts, keyed: list[Keyed], budgets: dict[str, Budget]
    ) -> None:
        """Make a gateway for every account that trades."""
        for one in keyed:
            venue = self.config.venues[one.section.venue]
            feed = rooms.feeds[one.section.venue]
            account = await anyio.to_thread.run_sync(
                factory.account, one.account_id, one.section, venue, one.keys, feed.market
            )
            rooms.money[one.account_id] = Gateway(
                account,
                GatewaySettings(
                    account_id=one.account_id, venue=one.section.venue, base_external=one.section.base_external
                ),
                store=rooms.store,
                halts=halts,
                budget=budgets[one.section.venue],
                publisher=self._announcer,
                deliver=roster.deliver,
                clock=self._clock,
                mark=feed.mark,
            )

    async def _admit(self, rooms: Rooms, roster: Roster) -> None:
        """Take in the bots of the configuration and those that ctl added; one that cannot be used stops nobody else."""
        configured = {spec.bot_id: spec for spec in to_specs(self.config)}
        kept = {record.spec.bot_id: record for record in await rooms.store.reads.bots()}
        for bot_id, spec in configured.items():
            old = kept.get(bot_id)
            autostart = spec.autostart and (old is None or old.spec.autostart or not _same(old.spec, spec))
            await roster.admit(msgspec.structs.replace(spec, autostart=autostart), "config")
            roster.keep(roster.place(bot_id))
        for bot_id, record in kept.items():
            if bot_id in configured:
                continue
            try:
                await roster.admit(record.spec, record.origin)
            except AlgobotError as error:
                hint = error.hint or "remove it, or make it anew"
                self._announcer.alarm("bot.not_admitted", f"{bot_id}: {error.message}", hint, bot_id)

    async def _should_run(self, rooms: Rooms, spec: BotSpec) -> bool:
        """Return whether a bot starts by itself: nobody stopped it, and its policy for coming back allows it."""
        if not spec.autostart:
            return False
        return spec.on_restart is not OnRestart.STOPPED or await rooms.store.reads.checkpoint(spec.bot_id) is None

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
        if self._desk_now is None:
            return
        self._notifier.reloading()
        try:
            await self._desk_now.reload(by="SIGHUP")
        except AlgobotError as error:
            self._announcer.alarm("config.refused", error.message, error.hint)
        self._notifier.tell("READY=1")

    async def kill(self) -> None:
        """Do what SIGUSR1 asks: halt all and cancel all."""
        if self._desk_now is None:
            self.stop("SIGUSR1 while starting")
            return
        done = await self._desk_now.kill(mode="cancel", reason="SIGUSR1", by="signal")
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
                self._notifier.tell("WATCHDOG=1", f"STATUS={self._summary(rooms, roster)}")
            await anyio.sleep(every_s)

    def _summary(self, rooms: Rooms, roster: Roster) -> str:
        totals = roster.totals()
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


def prepare_state_dir(path: Path) -> Path:
    """Make the state directory, for us alone. Raises ConfigError when others could write to it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.stat()
    except OSError as error:
        hint = "set daemon.state_dir, or repair the permissions"
        raise ConfigError(f"state directory {path} cannot be used: {error.strerror}", hint=hint) from None
    if status.st_uid != os.geteuid() or status.st_mode & 0o022:
        raise ConfigError(f"state directory {path} can be written by others", hint=f"own it, and chmod 700 {path}")
    return path


def _same(old: BotSpec, new: BotSpec) -> bool:
    """Return whether a person's wish of before still speaks of this bot."""
    return msgspec.structs.replace(old, autostart=new.autostart) == new
