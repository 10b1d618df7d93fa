"""`algobot backup` and `algobot restore`: copies of the database, and the way back."""

from __future__ import annotations

import getpass
import json

import click

from algobot import paths
from algobot.cli.audit import database_in


@click.command()
@click.option("--to", "folder", metavar="DIR", help="Where the copy goes.  [default: backups beside the database]")
@click.option("--keep", type=click.IntRange(min=1), default=7, show_default=True, help="How many copies stay there.")
@click.option("--state-dir", metavar="DIR", help="The daemon's state directory.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def backup(folder: str | None, keep: int, state_dir: str | None, as_json: bool) -> None:
    """Copy the database, also while the daemon works, and read the copy back whole.

    The copy is one file, named by time and epoch, readable by you alone. When it is not sound no older one is removed.
    """
    from algobot.cli.main import back_up_database

    made = back_up_database(database_in(state_dir), paths.expand(folder) if folder else None, keep=keep)
    if as_json:
        import msgspec

        click.echo(json.dumps({"schema_version": 1, **msgspec.to_builtins(made)}))
        return
    click.echo(made.path)
    state = "sound" if made.audit.sound else "but see `algobot audit verify`: sums in it disagree"
    click.echo(f"{made.audit.rows['fills']:,} fills, {state}; {len(made.kept)} kept there", err=True)


@click.command()
@click.argument("file")
@click.option("--state-dir", metavar="DIR", help="The daemon's state directory.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def restore(file: str, state_dir: str | None, as_json: bool) -> None:
    """Put the backup FILE in the place of the database; stop the daemon first.

    FILE is checked whole before anything is touched, and the present database is kept aside. What is halted stays
    halted. At the next start the reconciler asks the venues for what the backup does not know.
    """
    from algobot.cli.main import restore_database

    target = database_in(state_dir).parent
    done = restore_database(paths.expand(file), target, by=getpass.getuser())
    if as_json:
        import msgspec

        click.echo(json.dumps({"schema_version": 1, **msgspec.to_builtins(done)}))
        return
    click.echo(f"restored {done.backup}: {done.fills:,} fills")
    if done.aside:
        click.echo(f"the database before it is in {done.aside}")
    for halt in done.halts:
        click.echo(f"halted: {halt}")
    click.echo("Next: algobot daemon; then `algobot ctl reconcile`", err=True)
