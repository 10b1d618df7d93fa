"""`algobot version`."""

from __future__ import annotations

import json
import platform

import click

from algobot.version import VERSION


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def version(as_json: bool) -> None:
    """Print the version."""
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "version": VERSION, "python": platform.python_version()}))
    else:
        click.echo(f"algobot {VERSION}")
