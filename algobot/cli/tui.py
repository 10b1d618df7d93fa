"""`algobot tui`: the screens."""

from __future__ import annotations

from pathlib import Path

import click

from algobot.paths import client_socket


@click.command()
@click.option("--socket", metavar="PATH", default="", help="The daemon's control socket.")
@click.option("--read-only", is_flag=True, help="Look, but command nothing.")
def tui(socket: str, read_only: bool) -> int:
    """Watch and steer the bots. Closing the screen stops nothing."""
    from algobot.cli.main import run_tui

    return run_tui(Path(client_socket(socket)), read_only=read_only)
