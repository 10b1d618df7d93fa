"""`algobot daemon`: wires the process together; the only place where adapters, rooms and the world meet.

What a command does to the database without a daemon is let out here, too: this is the one door of the room.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Callable
from typing import Final

import anyio
import anyio.abc

from algobot.config import Config, load
from algobot.errors import AlgobotError
from algobot.venues import factory
from algobot.version import VERSION
from daemon import logs
from daemon.lifecycle import Daemon
from daemon.store.audit import Audit, audit
from daemon.store.restore import Backup, Restored, back_up, restore

__all__ = ["Audit", "Backup", "Restored", "audit", "back_up", "main", "restore", "run"]
SWITCH_S: Final = 0.0005  # the store's thread gives the interpreter back so soon; Python's 5 ms are 20 bars late


def run(read: Callable[[], Config], *, form: logs.Form = "auto") -> int:
    """Run the daemon until a signal ends it and return its exit code; `read` is called again on each reload.

    Raises:
        AlgobotError: it could not start; the message says why and what to do.
    """
    config = read()
    sys.setswitchinterval(SWITCH_S)
    started = logs.start(level=config.daemon.log_level, form=form)
    try:
        anyio.run(_serve, config, read, started)
    except BaseExceptionGroup as group:
        raise _first(group) from None
    finally:
        started.close()
    return 0


async def _serve(config: Config, read: Callable[[], Config], started: logs.Logs) -> None:
    daemon = Daemon(config, read, started, VERSION, adapters=factory)
    async with anyio.create_task_group() as group:
        await group.start(_listen, daemon)
        await daemon.serve()
        group.cancel_scope.cancel()


async def _listen(daemon: Daemon, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """Do what signals ask for: stop, reload, halt."""
    wanted = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
    with anyio.open_signal_receiver(*wanted) as received:
        task_status.started()
        async with anyio.create_task_group() as group:
            async for number in received:
                if number == signal.SIGHUP:
                    group.start_soon(daemon.reload)
                elif number == signal.SIGUSR1:
                    group.start_soon(daemon.kill)
                else:
                    daemon.stop(signal.Signals(number).name)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error a person should see: ours if there is one, else the first."""
    found: BaseException = group
    while isinstance(found, BaseExceptionGroup):
        ours = found.subgroup(AlgobotError)
        found = (ours or found).exceptions[0]
    return found


def main() -> int:
    """Run as `python -m daemon.main --config FILE`."""
    parser = argparse.ArgumentParser(prog="python -m daemon.main", description="Run the daemon that hosts the bots.")
    parser.add_argument("--config", metavar="FILE")
    file = parser.parse_args().config
    try:
        return run(lambda: load(file))
    except AlgobotError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
