"""What a configuration becomes: locked keys, feeds, gateways, bots."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import anyio.to_thread
import msgspec
import structlog

from algobot.config import AccountSection, Config, VenueSection, to_specs
from algobot.errors import AlgobotError, ConfigError
from algobot.market.ticks import TickFilter
from algobot.model import AccountId, BotSpec, OnRestart
from algobot.venues.keys import Keys, load_keys
from algobot.venues.port import Account, Market
from daemon.feed import Feed
from daemon.gateway import Budget, Gateway, GatewaySettings, Halts, Limits, Priority
from daemon.locks import Lock, key_lock
from daemon.logs import Logs
from daemon.rooms import Rooms
from daemon.roster import Roster

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.start")


class Adapters(Protocol):
    """Where venues come from (the module `algobot.venues.factory` is one)."""

    def market(self, name: str, section: VenueSection) -> Market:
        """Return what a venue tells everybody, not yet connected."""
        ...

    def account(
        self, name: str, section: AccountSection, venue: VenueSection, keys: Keys, shared: Market | None = None
    ) -> Account:
        """Return an account, not yet connected."""
        ...


class Keyed(msgspec.Struct, frozen=True):
    """An account that may trade, with its keys."""

    account_id: AccountId
    section: AccountSection
    keys: Keys


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


def keyed_accounts(config: Config, logs: Logs, locks: list[Lock]) -> list[Keyed]:
    """Return the accounts that trade real money, each key locked against a second daemon and hidden from the log.

    Raises:
        ConfigError: an account is live but has no keys, or they cannot be read.
        LockHeld: another daemon uses the key.
    """
    found: list[Keyed] = []
    for account_id, section in config.accounts.items():
        if not section.live:
            continue
        keys = load_keys(account_id, section.key_file)
        if keys is None:
            hint = f"name a file with them: key_file in [accounts.{account_id}] of config.toml"
            raise ConfigError(f"accounts.{account_id} is live but has no keys", hint=hint)
        logs.secrets.add(*keys.hidden)
        if keys.from_environment:
            log.warning(
                "keys.in_environment", account_id=account_id, hint="any child process can read them: use a file"
            )
        locks.append(key_lock(keys.api_key).take())
        found.append(Keyed(account_id, section, keys))
    return found


class Assembly:
    """Fills the rooms from a configuration; adapters are heavy to import, so they are made off the loop."""

    def __init__(self, config: Config, adapters: Adapters, rooms: Rooms, roster: Roster) -> None:
        self._config = config
        self._adapters = adapters
        self._rooms = rooms
        self._roster = roster
        self._budgets: dict[str, Budget] = {}

    async def venues(self) -> None:
        """Make a feed and one budget of requests for every venue. Raises ConfigError."""
        for name, section in self._config.venues.items():
            market = await anyio.to_thread.run_sync(self._adapters.market, name, section)
            budget = self._budgets[name] = Budget(self._rooms.clock)

            async def pay(budget: Budget = budget) -> None:
                await budget.take(Priority.HISTORY)

            self._rooms.feeds[name] = Feed(
                name,
                market,
                TickFilter(),
                self._rooms.announcer.feed_changed,
                pay=pay,
                priced=self._rooms.pulse.quotes.add,
            )

    async def accounts(self, halts: Halts, keyed: list[Keyed]) -> None:
        """Make a gateway for every account that trades. Raises ConfigError."""
        for one in keyed:
            name = one.section.venue
            venue, feed = self._config.venues[name], self._rooms.feeds[name]
            account = await anyio.to_thread.run_sync(
                self._adapters.account, one.account_id, one.section, venue, one.keys, feed.market
            )
            self._rooms.money[one.account_id] = Gateway(
                account,
                GatewaySettings(
                    account_id=one.account_id,
                    venue=name,
                    simulated=venue.simulated,
                    base_external=one.section.base_external,
                    limits=Limits(max_order_notional=one.section.max_order_notional),
                ),
                store=self._rooms.store,
                halts=halts,
                budget=self._budgets[name],
                publisher=self._rooms.announcer,
                deliver=self._roster.deliver,
                clock=self._rooms.clock,
                mark=feed.mark,
            )

    async def bots(self) -> None:
        """Take in the bots of the configuration and those that ctl added.

        A configured bot that cannot be used is an error (the configuration can be repaired); one that ctl added, or
        that is no longer configured, is alarmed about and stops nobody else.
        """
        configured = {spec.bot_id: spec for spec in to_specs(self._config)}
        kept = {record.spec.bot_id: record for record in await self._rooms.store.reads.bots()}
        for bot_id, spec in configured.items():
            old = kept.get(bot_id)
            autostart = spec.autostart and (old is None or old.spec.autostart or not _same(old.spec, spec))
            await self._roster.admit(msgspec.structs.replace(spec, autostart=autostart), "config")
            self._roster.keep(self._roster.place(bot_id))
        for bot_id, record in kept.items():
            if bot_id in configured:
                continue
            spec = record.spec
            if record.origin == "config":
                spec = msgspec.structs.replace(spec, autostart=False)
                log.warning(
                    "bot.not_configured", bot_id=bot_id, hint="it stays stopped; `algobot ctl bots remove` forgets it"
                )
            try:
                await self._roster.admit(spec, record.origin)
            except AlgobotError as error:
                hint = error.hint or "remove it, or make it anew"
                self._rooms.announcer.alarm("bot.not_admitted", f"{bot_id}: {error.message}", hint, bot_id)

    async def starts(self, spec: BotSpec) -> bool:
        """Return whether a bot starts by itself: nobody stopped it, and its policy for coming back allows it."""
        if not spec.autostart:
            return False
        before = await self._rooms.store.reads.checkpoint(spec.bot_id)
        return spec.on_restart is not OnRestart.STOPPED or before is None


def _same(old: BotSpec, new: BotSpec) -> bool:
    """Return whether a person's wish of before still speaks of this bot."""
    return msgspec.structs.replace(old, autostart=new.autostart) == new
