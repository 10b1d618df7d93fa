"""The kill switch of the whole daemon: latch files and rows; either one halts, memory only makes it quick."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import anyio
import anyio.to_thread
import msgspec

from algobot import latch as files
from algobot.errors import NotFound
from algobot.latch import Latch
from algobot.model import AccountId, BotId
from algobot.protocol.rows import HaltRow
from daemon.ports import Clock, Publisher
from daemon.store import AuditRow, HaltCleared, HaltRecord, Store

POLL_S: Final = 0.1
_Key = tuple[str, str]


class Halts:
    """What is latched. `load` once before anything trades."""

    def __init__(self, state_dir: Path, store: Store, publisher: Publisher, clock: Clock) -> None:
        self.on_change: Callable[[list[Latch]], None] = lambda latches: None
        self.unguarded = ""  # why nothing new may be opened though nothing is latched: a required guard is missing
        self._state_dir = state_dir
        self._store = store
        self._publisher = publisher
        self._clock = clock
        self._rows: dict[_Key, Latch] = {}
        self._told: list[Latch] = []

    async def load(self) -> list[Latch]:
        """Read the rows; return all latches. A file without a row gets one, a row without a file halts as well."""
        for row in await self._store.reads.halts():
            self._rows[row.scope, row.target] = Latch(*msgspec.structs.astuple(row))
        self._notice()
        return self.active()

    def active(self) -> list[Latch]:
        """Return all latches, as files and rows have them now, widest first."""
        merged = dict(self._rows)
        for latch in files.read(self._state_dir):
            row = merged.get((latch.scope, latch.target))
            if row is None or files.MODES.index(row.mode) <= files.MODES.index(latch.mode):
                merged[latch.scope, latch.target] = latch
        return sorted(merged.values(), key=lambda latch: (files.SCOPES.index(latch.scope), latch.target))

    @property
    def known(self) -> list[Latch]:
        """All latches as of the last look at the files, at most a poll ago."""
        return self._told

    def covering(self, account_id: AccountId, bot_id: BotId) -> Latch | None:
        """Return the strictest latch over a bot, or None; looks at the files each time."""
        found = [
            self._rows[key] for key in (("all", ""), ("account", account_id), ("bot", bot_id)) if key in self._rows
        ]
        if files.latched(self._state_dir, account_id, bot_id) is not None:
            found += [latch for latch in files.read(self._state_dir) if _covers(latch, account_id, bot_id)]
        if self.unguarded:
            found.append(Latch("all", "", "flatten", self.unguarded, 0, "daemon"))  # exits go on
        return files.strictest(found)

    async def latch(self, scope: str, target: str, mode: str, *, reason: str, by: str) -> Latch:
        """Halt: closed in memory, in a file and in a row when this returns; with the store down the row follows.

        Raises:
            ValueError: not a scope, target or mode.
        """
        wanted = Latch(scope, target, mode, reason, self._clock.wall_ns(), by)
        files.path_of(self._state_dir, scope, target)  # a wrong scope is told before anything is closed
        standing = self._rows.get((scope, target))
        if standing is None or files.MODES.index(standing.mode) < files.MODES.index(mode):
            self._rows[scope, target] = wanted
        try:
            write = partial(files.close, self._state_dir, scope, target, mode, reason, by)
            made = await anyio.to_thread.run_sync(write)  # an fsync must not keep the loop from saying that it is shut
        except OSError as error:  # the row and the memory halt all the same
            made = self._rows[scope, target]
            self._publisher.alarm("halt.file_failed", f"the latch file could not be written: {error}")
        self._keep(made, "halt")
        self._notice()
        return made

    async def clear(self, scope: str, target: str, *, reason: str, by: str) -> None:
        """Unlatch, audited; whether that is safe was asked before.

        Raises:
            NotFound: nothing is latched there.
            OSError: the file cannot be removed: it halts on.
        """
        had_file = files.clear(self._state_dir, scope, target)
        had_row = self._rows.pop((scope, target), None) is not None
        if not (had_file or had_row):
            raise NotFound(f"{scope} {target}".strip() + " is not halted", hint="`algobot ctl status` lists the halts")
        self._store.soon(HaltCleared(scope, target), self._audit("unhalt", scope, target, reason, by))
        self._notice()

    def unguard(self, reason: str) -> None:
        """Open nothing new for this reason, though nothing is latched; "" takes it back."""
        if reason != self.unguarded:
            self.unguarded = reason
            self.on_change(self._told)

    def look(self) -> list[Latch]:
        """Look at the files now, tell of what changed, and return what is latched."""
        self._notice()
        return self._told

    async def run(self) -> None:
        """Watch the files until canceled: a touched one halts, is told, and gets its row."""
        while True:
            self._notice()
            await anyio.sleep(POLL_S)

    def _notice(self) -> None:
        latches = self.active()
        for latch in latches:
            if self._rows.get((latch.scope, latch.target)) != latch:
                self._keep(latch, "halt")
        if latches == self._told:
            return
        self._told = latches
        self._publisher.halts_changed([HaltRow(*latch) for latch in latches])
        self.on_change(latches)

    def _keep(self, latch: Latch, method: str) -> None:
        key = (latch.scope, latch.target)
        if self._rows.get(key) == latch and latch in self._told:
            return
        self._rows[key] = latch
        self._store.soon(HaltRecord(*latch[:6]), self._audit(method, latch.scope, latch.target, latch.reason, latch.by))

    def _audit(self, method: str, scope: str, target: str, reason: str, by: str) -> AuditRow:
        return AuditRow(self._clock.wall_ns(), by, method, f"{scope} {target}".strip(), reason)


def _covers(latch: Latch, account_id: AccountId, bot_id: BotId) -> bool:
    targets = {"all": "", "account": account_id, "bot": bot_id}
    return targets[latch.scope] == latch.target
