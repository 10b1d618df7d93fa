"""`algobot report` and `algobot compare`: finished backtests, from their folders."""

from __future__ import annotations

from pathlib import Path

import click

from algobot.errors import UsageError

_RESULTS = click.option(
    "--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True, help="Where runs are."
)


@click.command()
@click.argument("run", default="")
@_RESULTS
@click.option("--no-pictures", is_flag=True, help="Leave out the PNGs.")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as one JSON object and write nothing.")
def report(run: str, results: Path, no_pictures: bool, as_json: bool) -> None:
    """Show a finished backtest again and write its report anew, from its own files.

    RUN is a folder, or the name of one in --results; without it the last one made is taken.
    """
    from algobot.research.report import files, views

    folder = files.find(run, results)
    if as_json:
        click.echo(files.metrics_json(folder))
        return
    found = files.read(folder)
    views.show(found)
    for note in views.write(folder, found, pictures=not no_pictures):
        click.echo(note, err=True)
    click.echo(f"wrote {folder / 'report.html'}")


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@_RESULTS
@click.option("--json", "as_json", is_flag=True, help="Print the comparison as one JSON object.")
def compare(runs: tuple[str, ...], results: Path, as_json: bool) -> None:
    """Show backtests side by side: the best of each metric, and what was set differently.

    RUN is a folder, or the name of one in --results.
    """
    if len(runs) < 2:
        raise UsageError("one run cannot be compared", hint="name two or more; `algobot report` shows one")
    import msgspec
    from rich.console import Console

    from algobot.research.report import compare as comparing
    from algobot.research.report import files

    found = [files.read(files.find(run, results)) for run in runs]
    result = comparing.compare(found)
    if as_json:
        click.echo(msgspec.json.encode(comparing.as_json(found, result)).decode())
        return
    comparing.show(Console(highlight=False), found, result)
