"""`algobot guard`: wires the guard's process together; what is heavy is loaded when there is something to cancel."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

import anyio
import anyio.abc
import anyio.to_thread
import structlog

from algobot import paths
from algobot.config import Config
from algobot.errors import ConfigError
from algobot.model import AccountId, BotId, ClientOrderId
from algobot.venues.port import Account
from daemon import logs
from daemon.guard.guard import Connect, Guard, unusable
from daemon.guard.server import GuardServer
from daemon.listen import bind, unbind
from daemon.locks import Lock
from daemon.roles import Roles
from daemon.sd_notify import Notifier

LINGER_S: Final = 30.0  # a daemon's own guard waits so long for it to come back after a crash

log: structlog.typing.FilteringBoundLogger = structlog.get_logger("guard")


def run(config: Config, *, form: logs.Form = "auto", child: bool = False) -> int:
    """Guard until a signal ends it and return the exit code; a daemon's own (`child`) ends with it.

    Raises:
        AlgobotError: it could not start: no such state directory, or another guard is there.
    """
    started = logs.start(level=config.daemon.log_level, form=form)
    try:
        anyio.run(_serve, config, started, child)
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
    finally:
        started.close()
    return 0


async def _serve(config: Config, started: logs.Logs, child: bool) -> None:  # noqa: FBT001
    state_dir = paths.state_dir(config.daemon.state_dir)
    if not state_dir.is_dir():
        raise ConfigError(f"state directory {state_dir} does not exist", hint="start `algobot daemon` once, or name it")
    place = state_dir / paths.GUARD_SOCKET
    with guard_lock(state_dir):
        listening = bind(place)
        inode = place.stat().st_ino
        guard = _guard(state_dir, config, started)
        server = GuardServer(guard, Roles.of_process(config.daemon.socket_group), config.daemon.instance)
        notifier = Notifier(os.environ)
        try:
            async with anyio.create_task_group() as tasks:
                await tasks.start(_signals, guard, tasks.cancel_scope)
                tasks.start_soon(server.run, listening)
                tasks.start_soon(_report, guard, notifier)
                if child:
                    tasks.start_soon(_end_with_daemon, guard, server, tasks.cancel_scope)
                notifier.ready("watching")
                log.info("guard.ready", socket=str(place), accounts=sum(a.live for a in config.accounts.values()))
                for problem in unusable(config):
                    log.error("guard.no_keys", message=problem, hint="it cannot cancel there until this is mended")
                await guard.run()
                tasks.cancel_scope.cancel()
        finally:
            listening.close()
            unbind(place, inode)


def guard_lock(state_dir: Path) -> Lock:
    """Return the lock that keeps two guards apart, not yet taken."""
    return Lock(state_dir / "guard.lock", f"the guard of {state_dir}", "one guard is enough; it is there")


def _guard(state_dir: Path, config: Config, started: logs.Logs) -> Guard:
    instance = config.daemon.instance

    def ours(client_order_id: ClientOrderId) -> bool:
        from daemon.gateway.ids import prefix

        return client_order_id.startswith(prefix(instance))

    def is_of(client_order_id: ClientOrderId, bot_id: BotId) -> bool:
        from daemon.gateway.ids import bot_of

        return bool(bot_of(client_order_id, [bot_id]))

    from daemon.gateway.settings import Cadence

    return Guard(
        state_dir,
        config,
        _connector(config, started),
        ours=ours,
        is_of=is_of,
        valid_s=Cadence().valid_s,
        patience_s=config.daemon.guard_patience_s,
    )


def _connector(config: Config, started: logs.Logs) -> Connect:
    """Return what makes an account's adapter, in a thread: its library takes seconds to load."""

    def make(account_id: AccountId) -> Account:
        from algobot.venues import factory
        from algobot.venues.keys import load_keys

        section = config.accounts[account_id]
        keys = load_keys(account_id, section.key_file)
        if keys is None:
            raise ConfigError(f"accounts.{account_id} is live but has no keys here", hint="name them in key_file")
        started.secrets.add(*keys.hidden)
        return factory.account(account_id, section, config.venues[section.venue], keys)

    async def connect(account_id: AccountId) -> Account:
        return await anyio.to_thread.run_sync(make, account_id)

    return connect


async def _signals(
    guard: Guard, scope: anyio.CancelScope, *, task_status: anyio.abc.TaskStatus[None] = anyio.TASK_STATUS_IGNORED
) -> None:
    """Halt all on SIGUSR1; end on SIGTERM and SIGINT."""
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP) as received:
        task_status.started()
        async for number in received:
            if number == signal.SIGUSR1:
                guard.trip("cancel", "SIGUSR1 to the guard", "signal")
            elif number != signal.SIGHUP:
                log.info("guard.stopping", why=signal.Signals(number).name)
                scope.cancel()
                return


async def _report(guard: Guard, notifier: Notifier) -> None:
    """Feed systemd's watchdog while the loop turns."""
    while True:
        words = guard.report.words or "watching"
        notifier.tell("WATCHDOG=1", f"STATUS={guard.report.state}: {words}")
        await anyio.sleep(notifier.watchdog_s / 3 or 10.0)


async def _end_with_daemon(guard: Guard, server: GuardServer, scope: anyio.CancelScope) -> None:
    """End once the daemon said goodbye and nothing is to be done, or it has been gone for `LINGER_S`."""
    alone_s = 0.0
    while True:
        await anyio.sleep(0.1)
        alone_s = 0.0 if guard.link is not None else alone_s + 0.1
        over = (server.bye.is_set() and guard.link is None) or alone_s > LINGER_S
        if over and guard.idle:
            log.info("guard.stopping", why="its daemon has ended")
            scope.cancel()
            return
