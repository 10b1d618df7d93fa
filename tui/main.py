"""`algobot tui`: opens the screen, and says what goes on when it closes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
import sys
from pathlib import Path

from algobot import latch, paths
from algobot.model import ACTIVE
from tui.app import AlgobotApp
from tui.link import KillLine, Link


def run(socket: str | Path, *, read_only: bool = False, state_dir: str = "", hosted: bool = False) -> int:
    """Show the daemon at `socket` until quit; the exit code. A daemon that is not there is waited for.

    `hosted`: whoever opened it stops the bots afterwards, so nothing is said of bots that keep running.
    """
    place = os.fspath(socket)
    app = AlgobotApp(Link(place), KillLine(place), read_only=read_only, other_paths=other_paths(place, state_dir))
    asyncio.run(_show(app))
    if not hosted:
        with contextlib.suppress(OSError):  # a terminal that hung up hears nothing
            print(farewell(app), file=sys.stderr)  # noqa: T201 - the last word belongs to the terminal
    return app.return_code or 0


async def _show(app: AlgobotApp) -> None:
    """Run the app; SIGTERM and a terminal that hangs up close it as `q` does, so that the terminal is left in order."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, app.exit)
    await app.run_async()


def other_paths(socket: str, state_dir: str = "") -> tuple[str, ...]:
    """What else throws the kill switch of the daemon at `socket`, as a shell takes it.

    Where its state lies is known only if it was said, or if the socket is the usual one.
    """
    usual = socket == os.fspath(paths.client_socket())
    kill = ["algobot", "kill", *([] if usual else ["--socket", socket])]
    if not state_dir and not usual:
        return (shlex.join(kill), "touch HALT    (in the daemon's state directory)")
    halt_file = latch.path_of(paths.state_dir(state_dir), "all", "")
    if state_dir:
        kill += ["--state-dir", state_dir]
    signal = ("systemctl --user kill -s USR1 algobot",) if usual else ()
    return (shlex.join(kill), shlex.join(["touch", str(halt_file)]), *signal)


def farewell(app: AlgobotApp) -> str:
    """What keeps running, and how to come back."""
    view = app.view
    if view is None:
        return "No daemon was seen. Start one: algobot daemon"
    running = sum(row.state in ACTIVE for row in view.bots.values())
    bots = "1 bot keeps" if running == 1 else f"{running} bots keep"
    return f"Detached: {bots} running in the daemon (pid {view.status.pid}). Come back: algobot tui"
