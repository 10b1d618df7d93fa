"""`algobot paths`."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import click

from algobot import paths as places


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def paths(as_json: bool) -> None:
    """Say where things are, before a configuration moves them."""
    found = {
        "config": places.config_path(),
        "system_config": places.SYSTEM_CONFIG,
        "keys": places.key_dir(),
        "state": places.state_dir(),
        "cache": places.cache_dir(),
        "bars": places.bars_dir(),
        "socket": places.client_socket(),
    }
    if as_json:
        rows = {name: {"path": str(path), "exists": path.exists()} for name, path in found.items()}
        click.echo(json.dumps({"schema_version": 1, "paths": rows}))
        return
    for name, path in found.items():
        click.echo(f"{name:<14} {path}  {_state(path)}".rstrip())


def _state(path: Path) -> str:
    try:
        info = path.stat()
    except OSError:
        return "(not there yet)"
    return f"({stat.filemode(info.st_mode)})"
