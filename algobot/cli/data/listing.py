"""`algobot data list`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from algobot.cli.data import words

if TYPE_CHECKING:
    from algobot.market.library import Holding


@click.command("list")
@click.argument("pattern", default="", metavar="[TEXT]")
@words.data_dir
@words.as_json
def list_(pattern: str, data_dir: str, as_json: bool) -> None:
    """Say what the library holds; TEXT limits it to names with that in them."""
    library = words.library(data_dir)
    held = [library.holding(key) for key in library.keys() if pattern.lower() in str(key).lower()]  # noqa: SIM118
    if as_json:
        rows = [
            {
                "key": str(one.key),
                **one.key._asdict(),
                "bars": one.bars,
                "start_ns": one.start_ns,
                "end_ns": one.end_ns,
                "missing": one.missing,
                "known_missing": one.known,
                "bytes": one.size_bytes,
            }
            for one in held
        ]
        click.echo(json.dumps({"schema_version": 1, "folder": str(library.root), "series": rows}))
        return
    if not held:
        what = f"nothing with {pattern!r} in its name" if pattern else "empty"
        click.echo(f"{library.root}: {what}", err=True)
        click.echo("Next: algobot data fetch binance BTC/USDT -t 1h --from 2024-01-01", err=True)
        return
    _print(library.root.as_posix(), held)


def _print(folder: str, held: list[Holding]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    from algobot.market.store import when

    table = Table(
        box=SIMPLE, pad_edge=False, collapse_padding=True, caption=f"{len(held)} in {folder}", caption_justify="left"
    )
    table.add_column("name", no_wrap=True, overflow="fold")
    for name in ("bars", "from", "to", "missing", "size"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in held:
        lacking = f"{one.missing - one.known:,}" + (f" + {one.known:,} known" if one.known else "")
        first, last = when(one.start_ns)[:10], when(one.end_ns - 1)[:10]
        table.add_row(str(one.key), f"{one.bars:,}", first, last, lacking, words.size(one.size_bytes))
    Console().print(table)
