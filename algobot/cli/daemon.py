"""`algobot daemon`: the process that hosts the bots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from algobot.config import Config


@click.command()
@click.option("--config", "file", metavar="FILE", help="Read this file alone, not the ones `algobot paths` names.")
@click.option("--state-dir", metavar="DIR", help="Database, locks and halt latch.")
@click.option("--socket", metavar="PATH", help="Where `tui` and `ctl` connect.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is worth a line.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "json", "pretty"]),
    default="auto",
    show_default=True,
    help="auto: pretty on a terminal, JSON lines otherwise.",
)
def daemon(
    file: str | None,
    state_dir: str | None,
    socket: str | None,
    log_level: str | None,
    log_format: Literal["auto", "json", "pretty"],
) -> int:
    """Run the daemon until SIGTERM or Ctrl-C.

    Stopping it leaves open orders and positions as they are, unless the configuration's `on_stop` says otherwise.
    SIGHUP or `algobot ctl reload` reads the configuration again.
    """
    from algobot.cli.main import run_daemon
    from algobot.config import load_with_origins
    from algobot.config.strategies import check_strategies

    given = {"state_dir": state_dir, "socket": socket, "log_level": log_level}
    flags: dict[tuple[str, tuple[str, ...]], str] = {
        (f"--{name.replace('_', '-')}", ("daemon", name)): value for name, value in given.items() if value is not None
    }

    def read() -> Config:
        loaded = load_with_origins(file, flags=flags)
        check_strategies(loaded.config, loaded.where)
        return loaded.config

    return run_daemon(read, form=log_format)
