"""`algobot audit`: is the ledger what was written, and does it add up?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from algobot import paths
from algobot.errors import AlgobotError, UsageError
from algobot.text import safe_text

DATABASE: Final = "algobot.db"


@click.group()
def audit() -> None:
    """Prove that the ledger is whole."""


@audit.command()
@click.option("--state-dir", metavar="DIR", help="The daemon's state directory; its database is meant.")
@click.option("--database", metavar="FILE", help="This file instead, e.g. a backup.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def verify(state_dir: str | None, database: str | None, as_json: bool) -> int:
    """Walk the ledger's hash chain and check everything that must agree with something else.

    Pages and indexes, schema, every row's hash, fills unique, orders against their events and fills, checkpoints
    against the ledger. Only reads, and may be run while the daemon works. Ends with 1 when anything is wrong.
    """
    from algobot.cli.main import audit_database

    if state_dir and database:
        raise UsageError("--state-dir and --database both name a database", hint="give one of them")
    file = paths.expand(database) if database else database_in(state_dir)
    found = audit_database(file)
    if as_json:
        import msgspec

        click.echo(json.dumps(msgspec.to_builtins(found)))
        return 0 if found.sound else AlgobotError.exit_code
    rows = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in found.rows.items())
    click.echo(f"{file}: schema {found.database_version}, instance {found.instance or '(none)'}")
    click.echo(f"{rows}; read in {found.seconds:.1f} s")
    for flaw in found.flaws:
        click.echo(f"FAIL  {flaw.check:<10} {safe_text(flaw.place)} {safe_text(flaw.problem)}")
        if flaw.affects:
            click.echo(f"                 affects {safe_text(flaw.affects)}")
    if found.sound:
        click.echo(f"sound; the ledger ends at {found.head}")
        return 0
    more = " and more" if found.flaws_cut else ""
    click.echo(
        f"{len(found.flaws)} flaws{more}: restore a backup (`algobot restore FILE`), see docs/recovery.md", err=True
    )
    return AlgobotError.exit_code


def database_in(state_dir: str | None) -> Path:
    """Return the database of a state directory, or of the one the configuration names."""
    return paths.client_state_dir(state_dir or "") / DATABASE
