"""`algobot data check`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from algobot.cli.data import words
from algobot.errors import AlgobotError, UsageError

if TYPE_CHECKING:
    from algobot.market.checks import Finding


@click.command(
    epilog="Exit code 1 when something is wrong. What is only worth a look (zero volume, outliers, gaps that the venue "
    "has itself) is told and counts as sound."
)
@click.argument("names", nargs=-1, metavar="[NAME|FILE...]")
@click.option(
    "--sigma", default=20.0, show_default=True, type=click.FloatRange(1.0), help="How far a jump is worth a look."
)
@click.option("--gaps-ok", is_flag=True, help="Take missing bars for no fault.")
@words.data_dir
@words.as_json
def check(names: tuple[str, ...], sigma: float, gaps_ok: bool, data_dir: str, as_json: bool) -> None:
    """Look for what is wrong in bars of the library (all of it without a NAME) or in a file.

    Gaps, duplicates, disorder, impossible bars, times to come, bars off the grid; zero volume and outliers.
    """
    from algobot.market.checks import Finding, Limits, findings
    from algobot.market.loose import load

    library = words.library(data_dir)
    chosen = names or tuple(str(key) for key in library.keys())  # noqa: SIM118
    if not chosen:
        raise UsageError(f"{library.root}: empty", hint="name a file, or `algobot data fetch` something first")
    reports: dict[str, tuple[int, list[Finding]]] = {}
    for name in chosen:
        try:
            loose = load(name, library)
            found = findings(loose.columns, Limits(loose.span_ns, time.time_ns(), loose.known, sigma))
            reports[name] = (
                len(loose.columns["time"]),
                [one._replace(wrong=one.wrong and not (gaps_ok and one.kind == "missing bars")) for one in found],
            )
        except AlgobotError as error:
            if len(chosen) == 1:
                raise
            reports[name] = 0, [Finding("cannot be read", True, 1, error.message)]
    wrong = sum(any(one.wrong for one in found) for _, found in reports.values())
    if as_json:
        _print_json(reports)
    else:
        _print(reports)
    if wrong:
        click.echo(
            f"{wrong} of {len(reports)} have something wrong; `algobot data repair` mends what can be mended", err=True
        )
        sys.exit(1)


def _print_json(reports: dict[str, tuple[int, list[Finding]]]) -> None:
    rows = [
        {
            "name": name,
            "rows": rows,
            "ok": not any(one.wrong for one in found),
            "findings": [one._asdict() for one in found],
        }
        for name, (rows, found) in reports.items()
    ]
    click.echo(json.dumps({"schema_version": 1, "ok": all(row["ok"] for row in rows), "checked": rows}))


def _print(reports: dict[str, tuple[int, list[Finding]]]) -> None:
    for name, (rows, found) in reports.items():
        shown = Path(name).name if words.is_file(name) else name
        word = "WRONG" if any(one.wrong for one in found) else "ok"
        click.echo(f"{word:<5} {shown}: {rows:,} rows")
        for one in found:
            click.echo(f"      {'✖' if one.wrong else '·'} {one.rows:>9,} {one.kind:<24} {one.first}")
