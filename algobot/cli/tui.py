"""`algobot tui`: the screens."""

from __future__ import annotations

import click

from algobot.paths import client_socket, client_state_dir


@click.command()
@click.option("--socket", metavar="PATH", default="", help="The daemon's control socket.")
@click.option("--state-dir", metavar="DIR", default="", help="The daemon's state: where its halt latch lies.")
@click.option("--read-only", is_flag=True, help="Look, but command nothing.")
@click.option("--hosted", is_flag=True, hidden=True, help="Whoever opened it stops the daemon afterwards.")
def tui(socket: str, state_dir: str, read_only: bool, hosted: bool) -> int:
    """Watch and steer the bots. Closing the screen stops nothing."""
    from algobot.cli.main import run_tui

    return run_tui(client_socket(socket), read_only=read_only, state_dir=client_state_dir(state_dir), hosted=hosted)
