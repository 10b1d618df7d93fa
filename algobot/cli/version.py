"""`algobot version`."""

from __future__ import annotations

import json
import platform
from importlib import metadata

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def version(as_json: bool) -> None:
    """Print the version."""
    own = installed()
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "version": own, "python": platform.python_version()}))
    else:
        click.echo(f"algobot {own}")


def installed() -> str:
    """Return the installed version, "0+unknown" in a tree that was never installed."""
    try:
        return metadata.version("algobot")
    except metadata.PackageNotFoundError:
        return "0+unknown"
