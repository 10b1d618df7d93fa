"""`algobot data import`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from algobot.cli.data import words
from algobot.errors import AlgobotError, PartialFailure, UsageError

if TYPE_CHECKING:
    from algobot.market.importing import Imported


@click.command(
    "import",
    epilog="The file's name says venue, symbol and timeframe if it is like BINANCE_BTC_USDT_1h.parquet or freqtrade's "
    "BTC_USDT-1h.feather; its times say the timeframe in any case.",
)
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--venue", default="", help="Whose bars they are.")
@click.option("--symbol", default="", metavar="BASE/QUOTE", help="Of what instrument.")
@click.option("-t", "--timeframe", default="", metavar="TF", help="How long a bar is. [default: the commonest step]")
@click.option(
    "--columns", "pairs", multiple=True, metavar="OURS=THEIRS", help="Which column is which: time=ts,close=c …"
)
@click.option("--unit", default="", help="Of times that are numbers: s, ms, us or ns. [default: found out]")
@click.option("--time-format", default="", metavar="FORMAT", help="Of times that are text, as strptime has it.")
@click.option("--repair", is_flag=True, help="Leave out rows that cannot be bars, and say how many.")
@click.option("--replace", is_flag=True, help="Let these bars replace other numbers in the library.")
@words.data_dir
@words.as_json
def import_(
    files: tuple[Path, ...],
    venue: str,
    symbol: str,
    timeframe: str,
    pairs: tuple[str, ...],
    unit: str,
    time_format: str,
    repair: bool,
    replace: bool,
    data_dir: str,
    as_json: bool,
) -> None:
    """Take bars from CSV, Parquet, feather or JSON files into the library.

    Column names and the unit of time are found out; what could mean two things is refused. A file with a row that
    cannot be a bar is not imported at all, unless with --repair.
    """
    from algobot.market.foreign import How
    from algobot.market.importing import Said, import_file

    how, said = How(_columns(pairs), unit, time_format), Said(venue, symbol, timeframe)
    library = words.library(data_dir)
    rows: list[dict[str, object]] = []
    failed: list[AlgobotError] = []
    for path in files:
        try:
            done = import_file(library, path, said, how, now_ns=time.time_ns(), repair=repair, replace=replace)
        except AlgobotError as error:
            failed.append(error)
            if len(files) > 1 and not as_json:
                click.echo(f"{error.message}\n  {error.hint}", err=True)
            continue
        rows.append(_row(path, done))
        if not as_json:
            _tell(done)
    if as_json and rows:
        click.echo(json.dumps({"schema_version": 1, "files": rows, "failed": [one.message for one in failed]}))
    if failed:
        raise (
            failed[0]
            if not rows and len(files) == 1
            else PartialFailure(f"{len(failed)} of {len(files)} files were not imported")
        )


def _columns(pairs: tuple[str, ...]) -> dict[str, str]:
    chosen = {}
    for word in words.split(pairs):
        ours, equals, theirs = word.partition("=")
        if not equals or not theirs:
            raise UsageError(f"--columns {word!r} is not OURS=THEIRS", hint="write it like --columns time=ts,close=c")
        chosen[ours.strip()] = theirs.strip()
    return chosen


def _row(path: Path, done: Imported) -> dict[str, object]:
    changes = [{"what": change.what, "rows": change.rows} for change in done.changes]
    return {"file": str(path), "key": str(done.key), **done.added._asdict(), "changes": changes}


def _tell(done: Imported) -> None:
    new, same, changed = done.added
    more = (f", {same:,} there already" if same else "") + (f", {changed:,} replaced" if changed else "")
    click.echo(f"{done.key}: {new:,} new bars{more}")
    for change in done.changes:
        click.echo(f"  {change.rows:,} {change.what}")
