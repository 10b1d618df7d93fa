"""`algobot backtest`: a strategy over bars."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from algobot.cli.data.words import library
from algobot.cli.run_options import FRACTION, Finite, Plan, command_words, run_options
from algobot.errors import UsageError

if TYPE_CHECKING:
    from algobot.kernel.session import Settings
    from algobot.market.library import Library
    from algobot.market.store import Series
    from algobot.research.backtest import Outcome
    from algobot.research.report.record import Asked

RESULTS: Final = Path("results")
_NOT_OF_THE_RUN: Final = ("out", "no_files", "pictures", "as_json")


class _Show(NamedTuple):
    """What the caller wants of a result."""

    folder: Path | None
    pictures: bool | None  # None draws them unless that took longer than the run
    as_json: bool


class _WithStrategies(click.Command):
    """A command whose help ends with the strategies there are."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the built-in ones, in their own words."""
        from algobot.strategies import registry

        with formatter.section("Strategies"):
            formatter.write_dl([(name, registry.load(name).summary) for name in registry.BUILT_IN])
        formatter.write_text("and your own, by the names of their files, with --strategies-dir")


@click.command(cls=_WithStrategies)
@run_options
@click.option("--risk-free", type=Finite(-0.5, 1), default=0.0, metavar="F", help="Rate a year, for the ratios.")
@click.option("--trials", type=click.IntRange(1), default=1, help="Variants tried before, for the deflated Sharpe.")
@click.option("--tax", type=FRACTION, default=0.0, metavar="F", help="Of profits, for the return after tax.")
@click.option("--tax-each-win", is_flag=True, help="Losses do not lower the tax.")
@click.option("--tds", type=FRACTION, default=0.0, metavar="F", help="Of each sale, withheld against the tax.")
@click.option("--detail", multiple=True, metavar="BARS", help="Finer bars, one for each --data, that orders meet.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files. [default: results/…]")
@click.option("--no-files", is_flag=True, help="Write no files.")
@click.option("--pictures/--no-pictures", default=None, help="PNGs. [default: up to 200,000 bars]")
@click.option("--json", "as_json", is_flag=True, help="Print the metrics as one JSON object.")
@click.pass_context
def backtest(
    ctx: click.Context,
    plan: Callable[[], Plan],
    risk_free: float,
    trials: int,
    tax: float,
    tax_each_win: bool,
    tds: float,
    detail: tuple[str, ...],
    out: Path | None,
    no_files: bool,
    pictures: bool | None,
    as_json: bool,
) -> None:
    """Run a strategy over bars from a file and say what it earned.

    It decides on each closed bar and its market orders fill at the next bar's open. Several --data share one account.
    Writes a folder with report.html, tables, pictures and run.json, which says how to run it again;
    `algobot report` and `algobot compare` read it.
    """
    from algobot.research import backtest as bench
    from algobot.research.metrics import Assumptions
    from algobot.research.report import files
    from algobot.research.report.record import Asked
    from algobot.strategies import registry

    asked_for = plan()
    strategy, series, own = asked_for.strategy, asked_for.series, asked_for.strategies_dir
    assumed = Assumptions(risk_free, trials, None, tax, not tax_each_win, tds)
    outcome = bench.run(
        strategy,
        asked_for.params,
        series,
        asked_for.settings,
        trade_from_ns=asked_for.since_ns,
        assumed=assumed,
        detail=_finer(detail, asked_for, library(ctx.params["data_dir"])),
    )
    now = datetime.now(UTC)
    folder = None if no_files else out or files.claim(RESULTS, _name(strategy.name, series, now))
    asked = Asked(
        folder.name if folder else "",
        int(now.timestamp() * 1000) * 1_000_000,
        command_words(ctx, _NOT_OF_THE_RUN),
        asked_for.data,
        str(own.resolve()) if own and strategy.name not in registry.BUILT_IN else "",
        asked_for.since_ns,
        asked_for.until_ns,
        assumed,
    )
    _tell(outcome, series, asked_for.settings, asked, _Show(folder, pictures, as_json))


def _finer(names: tuple[str, ...], plan: Plan, shelf: Library) -> list[Series]:
    """Return the finer bars that the orders meet, read as the bars themselves were."""
    from algobot.market.library import resolve

    if names and len(names) != len(plan.series):
        raise UsageError(f"{len(names)} --detail for {len(plan.series)} --data", hint="give one for each, or none")
    until_ns = plan.until_ns or 1 << 62
    return [
        resolve(name, shelf, symbol=one.symbol, start_ns=plan.since_ns, end_ns=until_ns)
        for name, one in zip(names, plan.series, strict=False)
    ]


def _tell(outcome: Outcome, series: list[Series], settings: Settings, asked: Asked, show: _Show) -> None:
    """Write the files and print the summary, or the metrics as JSON."""
    from concurrent.futures import ThreadPoolExecutor

    import msgspec

    from algobot.research.backtest import summary
    from algobot.research.report import files, record, views

    run = record.run_of(outcome, record.record_of(outcome, series, settings, asked))
    notes: list[str] = []
    if show.folder:
        files.prepare(show.folder)
        with ThreadPoolExecutor(1) as pool:  # the tables are written by C, the views drawn by Python
            tables = pool.submit(files.write, show.folder, run, outcome)
            notes = views.write(show.folder, run, pictures=show.pictures)
            tables.result()
    if show.as_json:
        click.echo(msgspec.json.encode(summary(outcome, run.record.symbols)).decode())
        return
    views.show(run)
    for note in notes:
        click.echo(note, err=True)
    if show.folder:
        click.echo(f"wrote {show.folder}: report.html and {len(list(show.folder.iterdir())) - 1} more files")


def _name(strategy: str, series: list[Series], now: datetime) -> str:
    """Return a readable name for a run's folder, in order of time."""
    symbols = series[0].symbol if len(series) == 1 else f"{len(series)}_symbols"
    words = f"{now:%Y-%m-%d-%H%M%S}-{strategy}-{symbols}-{span_word(series[0].span_ns)}"
    return re.sub(r"[^A-Za-z0-9._-]+", "_", words)


def span_word(span_ns: int) -> str:
    """Return a bar's length as venues write it: 1m, 4h, 1d."""
    for unit, letter in ((86_400, "d"), (3600, "h"), (60, "m")):
        if span_ns % (unit * 10**9) == 0:
            return f"{span_ns // (unit * 10**9)}{letter}"
    return f"{span_ns / 1e9:g}s"
