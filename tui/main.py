"""`algobot tui`: opens the screen, and says what goes on when it closes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from algobot import latch, paths
from algobot.model import ACTIVE
from tui.app import AlgobotApp
from tui.link import KillLine, Link


def run(socket: str | Path, *, read_only: bool = False, state_dir: str = "") -> int:
    """Show the daemon at `socket` until quit; the exit code. A daemon that is not there is waited for."""
    halt_file = latch.path_of(paths.state_dir(state_dir), "all", "")
    place = os.fspath(socket)
    app = AlgobotApp(Link(place), KillLine(place), read_only=read_only, halt_file=str(halt_file))
    app.run()
    print(farewell(app), file=sys.stderr)  # noqa: T201 - the last word belongs to the terminal
    return app.return_code or 0


def farewell(app: AlgobotApp) -> str:
    """What keeps running, and how to come back."""
    view = app.view
    if view is None:
        return "No daemon was seen. Start one: algobot daemon"
    running = sum(row.state in ACTIVE for row in view.bots.values())
    bots = "1 bot keeps" if running == 1 else f"{running} bots keep"
    return f"Detached: {bots} running in the daemon (pid {view.status.pid}). Come back: algobot tui"
