"""`algobot doctor`: one look at everything outside the program that can be wrong."""

from __future__ import annotations

import json
from typing import Final

import click

from algobot.errors import AlgobotError

_MARKS: Final = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL", "skip": "-   "}


@click.command()
@click.option("--config", "file", metavar="FILE", help="Look at this configuration.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def doctor(file: str | None, as_json: bool) -> int:
    """Look at Python, the clock, configuration, folders and modes, socket, disk, database and terminal.

    Changes nothing. Ends with 1 when something must be repaired before the daemon can run.
    """
    from algobot.cli.checks import examine

    findings = examine(file)
    failed = [finding for finding in findings if finding.status == "fail"]
    if as_json:
        rows = [{name: getattr(found, name) for name in found.__struct_fields__} for found in findings]
        click.echo(json.dumps({"schema_version": 1, "ok": not failed, "checks": rows}))
    else:
        for found in findings:
            click.echo(f"{_MARKS[found.status]}  {found.name:<10} {found.message}")
            if found.hint and found.status in ("warn", "fail"):
                click.echo(f"      {'':<10} -> {found.hint}")
    if failed and not as_json:
        click.echo(f"{len(failed)} to repair", err=True)
    return AlgobotError.exit_code if failed else 0
