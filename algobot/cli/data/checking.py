"""`algobot data check`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from algobot.cli.data import words
from algobot.errors import AlgobotError, UsageError

if TYPE_CHECKING:
    from algobot.market.checks import Finding
    from algobot.market.library import Library


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
    library = words.library(data_dir)
    chosen = names or tuple(str(key) for key in library.keys())  # noqa: SIM118
    if not chosen:
        raise UsageError(f"{library.root}: empty", hint="name a file, or `algobot data fetch` something first")
    reports = {name: _report(name, library, sigma, gaps_ok=gaps_ok, alone=len(chosen) == 1) for name in chosen}
    if as_json:
        _print_json(reports)
    else:
        _print(reports)
    if wrong := sum(not report.ok for report in reports.values()):
        told = f"{wrong} of {len(reports)} have something wrong; `algobot data repair` mends what can be mended"
        click.echo(told, err=True)
        click.get_current_context().exit(1)


class _Report(NamedTuple):
    """What was found in one series."""

    rows: int
    found: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(one.wrong for one in self.found)


def _report(name: str, library: Library, sigma: float, *, gaps_ok: bool, alone: bool) -> _Report:
    """Check one series; one that cannot be read is a finding, unless nothing else was asked for."""
    from algobot.market.checks import Finding, Limits, findings
    from algobot.market.loose import load

    try:
        loose = load(name, library)
    except AlgobotError as error:
        if alone:
            raise
        return _Report(0, [Finding("cannot be read", True, 1, error.message)])
    found = findings(loose.columns, Limits(loose.span_ns, time.time_ns(), loose.known, sigma))
    if gaps_ok:
        found = [one._replace(wrong=one.wrong and one.kind != "missing bars") for one in found]
    return _Report(len(loose.columns["time"]), found)


def _print_json(reports: dict[str, _Report]) -> None:
    rows = [
        {"name": name, "rows": report.rows, "ok": report.ok, "findings": [one._asdict() for one in report.found]}
        for name, report in reports.items()
    ]
    click.echo(json.dumps({"schema_version": 1, "ok": all(row["ok"] for row in rows), "checked": rows}))


def _print(reports: dict[str, _Report]) -> None:
    for name, report in reports.items():
        shown = Path(name).name if words.is_file(name) else name
        click.echo(f"{'ok' if report.ok else 'WRONG':<5} {shown}: {report.rows:,} rows")
        for one in report.found:
            click.echo(f"      {'✖' if one.wrong else '·'} {one.rows:>9,} {one.kind:<24} {one.first}")
