"""The guard: a small process that makes the stop true when the daemon cannot.

It looks at the latch files twenty times a second. On a latch it asks the daemon whether its gate is closed, ends it by
SIGKILL if half a second brings no answer (safe: recovery takes over), cancels our orders itself and reports SAFE only
once each venue has shown none. A daemon whose loop answers no more is halted in the same way.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import anyio
import anyio.abc
import msgspec
import structlog

from algobot import latch as files
from algobot.config import Config
from algobot.errors import AlgobotError
from algobot.latch import Latch
from algobot.model import AccountId
from algobot.venues.port import Account
from daemon.guard import target
from daemon.guard.link import Link
from daemon.guard.report import ACTING, HALTED, NOT_SAFE, SAFE, WATCHING, GuardStatus, Report, Swept
from daemon.guard.sweep import IsOf, Ours, Sweep
from daemon.guard.target import Target

POLL_S: Final = 0.05
ANSWER_S: Final = 0.5
BEAT_S: Final = 0.25
LONGEST_STEP_S: Final = 0.5  # more between two looks is our own sleep, not the daemon's silence

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("guard")
Connect = Callable[[AccountId], Awaitable[Account]]
_Key = tuple[str, str, str, bool]


class Guard:
    """One state directory's guard; `run` is its life."""

    def __init__(
        self,
        state_dir: Path,
        config: Config,
        connect: Connect,
        *,
        ours: Ours,
        is_of: IsOf,
        valid_s: float,
        patience_s: float = 0.0,
    ) -> None:
        self.report = Report()
        self.settled = anyio.Event()  # the job on hand has ended, or there is none
        self.settled.set()
        self.woken = anyio.Event()
        self.link: Link | None = None  # the daemon, once attached
        self._looked = anyio.Event()
        self._state_dir = state_dir
        self._config = config
        self._connect = connect
        self._ours = ours
        self._is_of = is_of
        self._valid_s = valid_s
        self._patience_s = patience_s
        self._latches: list[Latch] = []
        self._told: set[_Key] = set()
        self._sweeps: dict[AccountId, Sweep] = {}
        self._running: set[AccountId] = set()
        self._closed_s: float | None = None
        self._began_s = 0.0
        self._silent_s = 0.0
        self._tasks: anyio.abc.TaskGroup | None = None

    # --- what others see ------------------------------------------------------------------------------------------

    def status(self) -> GuardStatus:
        """Return the guard in one look."""
        found = target.holder(self._state_dir)
        daemon = "gone" if found is None else "unattached"
        if found is not None and self.link is not None and self.link.target == found:
            daemon = "silent" if self._silent_s > ANSWER_S else "alive"
        pid = 0 if found is None else found.pid
        return GuardStatus(os.getpid(), self._config.daemon.instance, daemon, pid, self.report)

    async def wake(self, wait_s: float) -> None:
        """Look at the latches now; return once what they ask for is done, or after `wait_s`."""
        self._looked = anyio.Event()
        self.woken.set()
        with anyio.move_on_after(wait_s):
            await self._looked.wait()
            await self.settled.wait()

    def owns(self, process: Target) -> bool:
        """Return whether a process is the daemon of this state directory."""
        return target.holder(self._state_dir) == process

    def attached(self, link: Link) -> None:
        """Take a daemon as the one to watch; it proved to own the lock."""
        self.link, self._silent_s = link, 0.0
        log.info("guard.attached", daemon_pid=link.target.pid)
        self.woken.set()

    def detached(self, link: Link) -> None:
        """Its connection has ended."""
        if self.link is link:
            self.link = None
            log.info("guard.detached", daemon_pid=link.target.pid, clean=link.said_bye)

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return not self._running and self.report.state in (WATCHING, HALTED, SAFE)

    def trip(self, mode: str, reason: str, by: str) -> None:
        """Latch everything; the next look at the files does the rest."""
        log.error("guard.tripped", reason=reason, by=by)
        try:
            files.close(self._state_dir, "all", "", mode, reason, by)
        except OSError as error:
            log.error("guard.latch_failed", message=str(error))
        self.woken.set()

    # --- its life -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Watch until the state directory is gone or it is canceled."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._beat)
            before_s = time.monotonic()
            while self._state_dir.is_dir():
                looked = self._looked
                await self._look()
                looked.set()
                now_s = time.monotonic()
                self._listen(min(now_s - before_s, LONGEST_STEP_S))
                before_s = now_s
                self.woken = anyio.Event()
                with anyio.move_on_after(POLL_S):
                    await self.woken.wait()
            log.warning("guard.homeless", message="the state directory is gone", state_dir=str(self._state_dir))
            tasks.cancel_scope.cancel()

    async def _look(self) -> None:
        """See what is latched; begin, change or end the job."""
        latches = files.read(self._state_dir)
        keys = {(one.scope, one.target, one.mode, one.foreign) for one in latches}
        if keys == self._told:
            return
        grown = keys - self._told
        self._latches, self._told = latches, keys
        if not latches:
            log.warning("guard.released")
            self._closed_s, self.report = None, Report()
            self._direct()
            self.settled.set()
            return
        if grown:
            await self._close_gate()
        self._direct()
        self._sum_up()

    # --- the gate -------------------------------------------------------------------------------------------------

    async def _close_gate(self) -> None:
        """Return once the daemon said that its gate is closed, or is no more."""
        self.settled = anyio.Event() if self.settled.is_set() else self.settled
        self._began_s = time.monotonic()
        self.report = Report(ACTING)
        log.warning("guard.latched", latches="; ".join(one.words for one in self._latches))
        with anyio.move_on_after(ANSWER_S):
            while (found := target.holder(self._state_dir)) is not None:
                link = self.link
                wanted = [(one.scope, one.target) for one in self._latches]
                if link is not None and link.target == found and await link.ask(self.report, wanted):
                    return self._closed("the daemon closed its gate")
                await anyio.sleep(0.02)
            return self._closed("no daemon runs")
        assert found is not None
        await self._end(found)

    async def _end(self, found: Target) -> None:
        log.error("guard.killing", daemon_pid=found.pid, message=f"no answer in {ANSWER_S:g} s")
        while not await target.end(found):
            log.error("guard.kill_failed", daemon_pid=found.pid)
        self._closed(f"the daemon (pid {found.pid}) did not answer and was killed")

    def _closed(self, how: str) -> None:
        self._closed_s = time.monotonic()
        gate_ms = round((self._closed_s - self._began_s) * 1e3, 1)
        self.report = Report(ACTING, True, f"{how} ({gate_ms:.0f} ms)", gate_ms, time.time_ns())
        log.warning("guard.gate_closed", how=how, took_ms=gate_ms)

    # --- the orders -----------------------------------------------------------------------------------------------

    def _direct(self) -> None:
        """Tell every account's sweep what covers it, and start those that have something to do."""
        for account_id, section in self._config.accounts.items():
            if not section.live:
                continue
            latches = [one for one in self._latches if one.mode != "halt" and self._is_over(one, account_id)]
            sweep = self._sweeps.get(account_id)
            if sweep is None:
                if not latches:
                    continue
                sweep = self._sweeps[account_id] = self._new(account_id)
            sweep.want(latches, self._closed_s)
            if latches and account_id not in self._running and self._tasks is not None:
                self._running.add(account_id)
                self._tasks.start_soon(self._sweep, sweep)
            elif not latches and account_id not in self._running:
                del self._sweeps[account_id]

    def _new(self, account_id: AccountId) -> Sweep:
        return Sweep(
            account_id,
            lambda: self._connect(account_id),
            ours=self._ours,
            is_of=self._is_of,
            on_change=lambda swept: self._sum_up(),
            valid_s=self._valid_s,
        )

    async def _sweep(self, sweep: Sweep) -> None:
        try:
            await sweep.run()
        finally:
            self._running.discard(sweep.account_id)
        self._sum_up()

    def _is_over(self, latch: Latch, account_id: AccountId) -> bool:
        if latch.scope == "bot":
            bot = self._config.bots.get(latch.target)
            return bot is None or bot.account == account_id  # one that ctl added may trade on any
        return latch.scope == "all" or latch.target == account_id

    def _sum_up(self) -> None:
        """Make the report what is true now, and say when that is the end of it."""
        if not self._latches or not self.report.gate_closed:
            return
        swept: list[Swept] = [one.swept for one in self._sweeps.values()]
        canceling = any(one.mode != "halt" for one in self._latches)
        done = all(one.safe for one in swept)
        state = (SAFE if canceling else HALTED) if done else NOT_SAFE
        before = self.report
        took_s = before.took_s or (round(time.monotonic() - self._began_s, 2) if done else 0.0)
        self.report = msgspec.structs.replace(before, state=state, took_s=took_s if done else 0.0, accounts=swept)
        if not done or before.state == state:
            return
        log.warning("guard.safe" if state == SAFE else "guard.halted", took_s=took_s, report=self.report.words)
        self.settled.set()

    # --- the daemon's pulse ---------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        """Let the daemon see us, and see whether its loop turns."""
        while True:
            link = self.link
            if link is not None:
                with anyio.move_on_after(BEAT_S):
                    await link.ask(self.report, [])
            await anyio.sleep(BEAT_S)

    def _listen(self, step_s: float) -> None:
        """Count the silence of a daemon that is attached and alive; beyond patience it trips the switch."""
        link = self.link
        if link is None:
            self._silent_s = 0.0
            return
        self._silent_s = 0.0 if link.heard else self._silent_s + step_s
        link.heard = False
        if self._patience_s and self._silent_s > self._patience_s and not self._told:
            self.trip("cancel", f"the daemon's loop has not answered for {self._silent_s:.0f} s", "guard")


def unusable(config: Config) -> list[str]:
    """Return the live accounts whose keys cannot be read now, with the reason: told at the start, not in need."""
    from algobot.venues.keys import load_keys

    found: list[str] = []
    for account_id, section in config.accounts.items():
        if section.live:
            try:
                if load_keys(account_id, section.key_file) is None:
                    found.append(f"account {account_id} has no keys here")
            except AlgobotError as error:
                found.append(error.message)
    return found
