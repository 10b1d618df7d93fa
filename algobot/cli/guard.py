"""`algobot guard`: the process that stops trading when the daemon cannot."""

from __future__ import annotations

import sys
from typing import Literal

import click


@click.command()
@click.option("--config", "file", metavar="FILE", help="Read this file alone, not the ones `algobot paths` names.")
@click.option("--state-dir", metavar="DIR", help="Where the halt latch lies.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="What is worth a line.")
@click.option(
    "--log-format",
    type=click.Choice(["auto", "json", "pretty"]),
    default="auto",
    show_default=True,
    help="auto: pretty on a terminal, JSON lines otherwise.",
)
@click.option("--child", is_flag=True, hidden=True)  # started by a daemon: its configuration comes as JSON on stdin
def guard(
    *,
    file: str | None,
    state_dir: str | None,
    log_level: str | None,
    log_format: Literal["auto", "json", "pretty"],
    child: bool,
) -> int:
    """Watch the halt latch beside the daemon, and make a stop true when the daemon cannot.

    On a latch it has the daemon close its gate, ends one that does not answer, cancels our orders itself and says SAFE
    once the venue shows none. It changes nothing else. A daemon without a systemd unit starts its own.
    """
    import msgspec

    from algobot.cli.main import run_guard
    from algobot.config import Config, load_with_origins

    if child:
        return run_guard(msgspec.json.decode(sys.stdin.buffer.read(), type=Config), form=log_format, child=True)
    given = {"state_dir": state_dir, "log_level": log_level}
    flags: dict[tuple[str, tuple[str, ...]], str] = {
        (f"--{name.replace('_', '-')}", ("daemon", name)): value for name, value in given.items() if value is not None
    }
    return run_guard(load_with_origins(file, flags=flags).config, form=log_format)
