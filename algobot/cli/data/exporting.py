"""`algobot data export`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from algobot.cli.data import words


@click.command()
@click.argument("name", metavar="NAME|FILE")
@click.option(
    "--out", default="-", metavar="FILE", help="Ends in .csv, .parquet or .feather. [default: CSV on standard output]"
)
@click.option("--from", "since", default="", metavar="TIME", help="From here on, UTC.")
@click.option("--to", "until", default="", metavar="TIME", help="Up to here, which is left out.")
@click.option("--iso", is_flag=True, help="Times of a CSV as text; else in milliseconds.")
@words.data_dir
def export(name: str, out: str, since: str, until: str, iso: bool, data_dir: str) -> None:
    """Write bars for others: CSV, Parquet, or feather as freqtrade has it."""
    from algobot.market import exporting
    from algobot.market.library import resolve

    start_ns = words.moment_ns("--from", since) if since else 0
    end_ns = words.moment_ns("--to", until) if until else 1 << 62
    bars = resolve(name, words.library(data_dir), start_ns=start_ns, end_ns=end_ns).bars
    if out == "-":
        sys.stdout.flush()
        exporting.write_csv(bars, sys.stdout.buffer, iso=iso)
        return
    exporting.export(bars, Path(out), iso=iso)
    click.echo(f"wrote {len(bars):,} bars to {out}")
