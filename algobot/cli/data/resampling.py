"""`algobot data resample`."""

from __future__ import annotations

import json

import click

from algobot.cli.data import words
from algobot.errors import DataError


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "-t",
    "--timeframe",
    "into",
    multiple=True,
    required=True,
    metavar="TF",
    help="How long the new bars are; more than one: -t 5m,1h.",
)
@click.option("--replace", is_flag=True, help="Let them replace other numbers in the library.")
@words.data_dir
@words.as_json
def resample(name: str, into: tuple[str, ...], replace: bool, data_dir: str, as_json: bool) -> None:
    """Make longer bars of NAME's, and put them beside it in the library.

    A first or last bar that is not covered from its begin to its end is left out.
    """
    from algobot.market import keys
    from algobot.market.resampling import resample as longer
    from algobot.market.writing import open_writer

    key, library = keys.parse(name), words.library(data_dir)
    series = library.read(*key)
    rows = []
    for timeframe in words.split(into):
        target = keys.key(key.venue, key.symbol, timeframe)
        made = longer(series.bars, key.span_ns, target.span_ns)
        if len(made.bars) == 0:
            raise DataError(f"{key}: too short for a whole bar of {timeframe}", hint="fetch more")
        with open_writer(library, target) as writer:
            added = writer.add(made.bars, replace=replace)
        rows.append(
            {
                "key": str(target),
                "bars": len(made.bars),
                **added._asdict(),
                "left_out": made.left_out,
                "thin": made.thin,
            }
        )
        if not as_json:
            click.echo(f"{target}: {len(made.bars):,} bars, {added.new:,} new")
            if made.left_out:
                click.echo(
                    f"  {made.left_out:,} of {key.timeframe} left out: their first or last {timeframe} is not whole"
                )
            if made.thin:
                click.echo(f"  {made.thin:,} bars have a part missing inside, as {name} has")
    if as_json:
        click.echo(json.dumps({"schema_version": 1, "of": name, "series": rows}))
