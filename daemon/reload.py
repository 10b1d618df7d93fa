"""Reading the configuration again: validate, compare, then all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable

import anyio.to_thread
import msgspec
import structlog

from algobot.config import Config, diff
from algobot.config.diff import LIVE_SETTINGS, ConfigDiff
from algobot.errors import Refused
from algobot.protocol.requests import Reloaded
from daemon.roster import Roster

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("daemon.reload")


class Reloader:
    """Knows the configuration that is in force; `on_change` is told of every new one."""

    def __init__(
        self, roster: Roster, config: Config, load: Callable[[], Config], on_change: Callable[[Config], None]
    ) -> None:
        self._roster = roster
        self._config = config
        self._load = load
        self._on_change = on_change

    async def reload(self, *, dry_run: bool) -> Reloaded:
        """Apply what can change while running and name what cannot.

        Raises:
            ConfigError: the file cannot be used; nothing changed.
            Refused: a bot that is taken out still holds something; nothing changed.
        """
        wanted = await anyio.to_thread.run_sync(self._load)
        change = diff(self._config, wanted)
        await self._check(change)
        live = [one for one in change.changed if one.live]
        told = Reloaded(
            added=[spec.bot_id for spec in change.added],
            removed=list(change.removed),
            changed=[*(one.new.bot_id for one in live), *change.settings],
            restart_needed=list(change.restart_needed),
        )
        if dry_run:
            return told
        for spec in change.added:
            await self._roster.admit(spec, "config")
            self._roster.keep(self._roster.place(spec.bot_id))
            if spec.autostart:
                self._roster.start(spec.bot_id)
        for bot_id in change.removed:
            await self._roster.halt_task(bot_id)
            self._roster.forget(bot_id)
        for one in live:
            self._roster.change(one.new)
        self._config = _in_force(self._config, wanted, change)
        self._on_change(self._config)
        log.info("config.reloaded", added=len(told.added), removed=len(told.removed), changed=len(told.changed))
        return told

    async def _check(self, change: ConfigDiff) -> None:
        """Refuse what could not be applied, before anything is."""
        for spec in change.added:
            if any(place.spec.bot_id == spec.bot_id for place in self._roster.places()):
                raise Refused(f"there is a bot {spec.bot_id!r} already", hint="it was added by ctl; remove it first")
            await self._roster.check(spec)
        for bot_id in change.removed:
            row = self._roster.row(bot_id)
            if row.position or row.orders_open:
                what = f"holds {row.position}" if row.position else f"has {row.orders_open} open orders"
                hint = f"algobot ctl stop {bot_id} --flatten, then reload"
                raise Refused(f"{bot_id} is taken out of the configuration but {what}", hint=hint)


def _in_force(old: Config, wanted: Config, change: ConfigDiff) -> Config:
    """Return what holds now: what needs a restart is still as it was, and the next reload names it again."""
    bots = dict(wanted.bots)
    for one in change.changed:
        if not one.live:
            bots[one.old.bot_id] = old.bots[one.old.bot_id]
    settings = {field: getattr(wanted.daemon, field) for field in LIVE_SETTINGS}
    return Config(msgspec.structs.replace(old.daemon, **settings), old.venues, old.accounts, bots)
