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
    from algobot.market.library import Library
    from algobot.market.store import Series
    from algobot.research.backtest import Outcome
    from algobot.research.metrics import Assumptions
    from algobot.research.report.record import Run

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
    import msgspec

    from algobot.research.metrics import Assumptions
    from algobot.research.report import files

    now = datetime.now(UTC)
    assumed = Assumptions(risk_free, trials, None, tax, not tax_each_win, tds)
    run, outcome = _played(ctx, plan(), detail, assumed, now)
    if not no_files and out is None:
        out = files.claim(RESULTS, run.record.name)
    if out is not None and not no_files:
        run = run._replace(record=msgspec.structs.replace(run.record, name=out.name))
    _tell(run, outcome, _Show(None if no_files else out, pictures, as_json))


def _played(
    ctx: click.Context, plan: Plan, detail: tuple[str, ...], assumed: Assumptions, now: datetime
) -> tuple[Run, Outcome]:
    """Return the run, and what the bench says of it; the bars themselves are let go before anything is written."""
    from algobot.research import backtest as bench
    from algobot.research.report.record import Asked, record_of, run_of
    from algobot.strategies import registry

    outcome = bench.run(
        plan.strategy,
        plan.params,
        plan.series,
        plan.settings,
        trade_from_ns=plan.since_ns,
        assumed=assumed,
        detail=_finer(detail, plan, library(ctx.params["data_dir"])),
    )
    own = plan.strategies_dir
    asked = Asked(
        _name(plan.strategy.name, plan.series, now),
        int(now.timestamp() * 1000) * 1_000_000,
        command_words(ctx, _NOT_OF_THE_RUN),
        plan.data,
        str(own.resolve()) if own and plan.strategy.name not in registry.BUILT_IN else "",
        plan.since_ns,
        plan.until_ns,
        assumed,
    )
    record = record_of(outcome, plan.series, plan.settings, asked)
    outcome = outcome._replace(closes=outcome.closes.copy())
    return run_of(outcome, record), outcome


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


def _tell(run: Run, outcome: Outcome, show: _Show) -> None:
    """Write the files and print the summary, or the metrics as JSON."""
    from concurrent.futures import ThreadPoolExecutor

    import msgspec

    from algobot.research.backtest import summary
    from algobot.research.report import files, views

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
