"""`algobot data repair`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from algobot.cli.data import words

if TYPE_CHECKING:
    from algobot.market.repair import Repaired


@click.command(epilog="What was there is kept as FILE.bak, rows that were dropped beside it in FILE.dropped.csv.")
@click.argument("names", nargs=-1, required=True, metavar="NAME|FILE...")
@click.option("--fill", is_flag=True, help="Fill gaps with flat bars at the last close, without volume.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@words.data_dir
@words.as_json
def repair(names: tuple[str, ...], fill: bool, dry_run: bool, data_dir: str, as_json: bool) -> None:
    """Mend bars of the library, or a Parquet file of bars, and say what was done.

    Sorts; drops the same bar twice, impossible bars, bars off the grid and bars that are not over. A file of the
    library that cannot be read is put aside. What is missing then `algobot data fetch` gets again, and nothing else.
    """
    from algobot.market.repair import repair_file, repair_key

    library = words.library(data_dir)
    rows = []
    for name in names:
        if words.is_file(name):
            done = repair_file(Path(name).expanduser(), now_ns=time.time_ns(), fill=fill, dry_run=dry_run)
        else:
            done = repair_key(name, library, now_ns=time.time_ns(), fill=fill, dry_run=dry_run)
        rows.append(_row(done))
        if not as_json:
            _tell(done, dry_run=dry_run)
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "dry_run": dry_run, "files": rows}))


def _row(one: Repaired) -> dict[str, object]:
    changes = [{"what": change.what, "rows": change.rows} for change in one.changes]
    return {"file": str(one.path), "bars": one.bars, "changes": changes, "kept": [str(path) for path in one.kept]}


def _tell(one: Repaired, *, dry_run: bool) -> None:
    if not one.changes:
        click.echo(f"{one.path}: nothing to mend, {one.bars:,} bars")
        return
    click.echo(f"{one.path}: {'would have' if dry_run else 'has'} {one.bars:,} bars")
    for change in one.changes:
        click.echo(f"  {change.rows:,} {change.what}")
    for path in one.kept:
        click.echo(f"  kept: {path}")
