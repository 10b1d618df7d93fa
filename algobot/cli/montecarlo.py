"""`algobot montecarlo`: how else a finished run could have come."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from algobot.cli.bench_options import depth, in_bars, number, percent
from algobot.cli.data.words import data_dir, library
from algobot.cli.run_options import FRACTION, Finite
from algobot.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from algobot.research.report.record import Run
    from algobot.research.validation.figures import Curve
    from algobot.research.validation.montecarlo import MonteCarlo, Spread

_METHODS: Final = ("shuffle", "bootstrap", "bars")
_TITLES: Final = {
    "shuffle": "its {steps:,} trades in another order",
    "bootstrap": "its returns in other blocks of about {block:.0f}",
    "bars": "bars that are a little off",
}
_SHOWN: Final = ("0.05", "0.25", "0.5", "0.75", "0.95")
FILE: Final = "montecarlo.json"


class _How(NamedTuple):
    """How it is to be varied, as a person said it."""

    runs: int
    bar_runs: int
    seed: int
    block: str
    noise: float
    ruin: float
    data_dir: str


@click.command()
@click.argument("run", default="")
@click.option("--results", type=click.Path(path_type=Path), default=Path("results"), show_default=True)
@click.option("--method", "methods", multiple=True, type=click.Choice(_METHODS), help="Only this one. [default: all]")
@click.option("--runs", type=click.IntRange(1, 1_000_000), default=1000, show_default=True)
@click.option("--bar-runs", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Backtests for bars.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="The same seed, the same numbers.")
@click.option("--block", default="", metavar="LENGTH", help="Mean block: bars or time. [default: by the returns]")
@click.option("--noise", type=Finite(0, 10), default=0.1, show_default=True, help="For bars, of each bar's range.")
@click.option("--ruin", type=FRACTION, default=0.5, show_default=True, metavar="F", help="A loss that counts as ruin.")
@data_dir
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def montecarlo(
    run: str,
    results: Path,
    methods: tuple[str, ...],
    runs: int,
    bar_runs: int,
    seed: int,
    block: str,
    noise: float,
    ruin: float,
    data_dir: str,
    as_json: bool,
) -> None:
    """Say how else a finished run could have come: quantiles of what it earns, how deep it falls, and ruin.

    RUN is a folder of `algobot backtest`, or the name of one in --results; without it the last one made is taken.
    Of a folder of `algobot walkforward` the out-of-sample returns can be put together otherwise.
    "shuffle" puts its trades in another order, "bootstrap" its returns in other blocks, "bars" runs the strategy
    again on bars whose prices are a little off. Writes montecarlo.json beside the run's other files.
    """
    import msgspec

    folder, found = _found(run, results)
    possible = [method for method in _METHODS if found.can(method)]
    for method in methods:
        if method not in possible:
            raise UsageError(f"{method} is not possible with {folder.name}", hint=f"possible: {', '.join(possible)}")
    wanted = [method for method in possible if not methods or method in methods]
    how = _How(runs, bar_runs, seed, block, noise, ruin, data_dir)
    result = _varied(found, wanted, how)
    body = msgspec.json.encode({"schema_version": 1, **msgspec.to_builtins(result)})
    (folder / FILE).write_bytes(msgspec.json.format(body, indent=2) + b"\n")
    if as_json:
        click.echo(body.decode())
        return
    _print(found.name, result)
    click.echo(f"wrote {folder / FILE}")


class _Played(NamedTuple):
    """A run as far as it can be played again; a walk forward has no trades and no single set of parameters."""

    name: str
    returns: Curve
    close_ns: npt.NDArray[np.int64]
    run: Run | None

    def can(self, method: str) -> bool:
        """Whether this can be varied so."""
        if self.run is None:
            return method == "bootstrap"
        if method == "bars":  # it knows the bars alone
            return not {"--funding", "--detail"} & set(self.run.record.command)
        return sum(trip.closed for _, trip in self.run.trades) > 1 if method == "shuffle" else True


def _found(word: str, results: Path) -> tuple[Path, _Played]:
    """Return the folder of a backtest or of a walk forward, and what is in it."""
    from algobot.research.report import files
    from algobot.research.validation.figures import returns_of
    from algobot.research.validation.files import WALK, read_walk

    for folder in (Path(word), results / word) if word else ():
        if (folder / WALK).is_file():
            close_ns, returns = read_walk(folder)
            return folder, _Played(folder.name, returns, close_ns, None)
    folder = files.find(word, results)
    run = files.read(folder)
    return folder, _Played(run.record.name, returns_of(run.equity, run.metrics.start_equity), run.close_ns, run)


def _varied(found: _Played, wanted: list[str], how: _How) -> MonteCarlo:
    from algobot.research.validation import montecarlo as mc
    from algobot.research.validation.figures import periods_a_year

    spreads = []
    for method in wanted:
        if method == "bootstrap":
            per_year, block = periods_a_year(found.close_ns), _block(found, how.block)
            more = {"ruin_fraction": how.ruin, "block": block}
            spreads.append(mc.bootstrapped(found.returns, per_year, how.runs, how.seed, **more))
            continue
        assert found.run is not None
        if method == "shuffle":
            spreads.append(mc.shuffled(_trades(found.run), how.runs, how.seed, ruin_fraction=how.ruin))
        else:
            spreads.append(_on_other_bars(found.run, how))
    return mc.MonteCarlo(how.seed, how.ruin, spreads)


def _block(found: _Played, text: str) -> int:
    """Return a block's mean length in bars, 0 for what suits the returns."""
    if not text:
        return 0
    import numpy as np

    bars = in_bars("--block", text, int(np.median(np.diff(found.close_ns))))
    if bars < 1:
        raise UsageError(f"--block {text!r} is less than a bar", hint="take a longer one")
    return bars


def _trades(found: Run) -> Curve:
    """Return the closed trades' profits as fractions of the equity that those before them had left."""
    import numpy as np

    closed = sorted((trip for _, trip in found.trades if trip.closed), key=lambda trip: trip.exit_ns)
    profits = np.array([trip.profit for trip in closed])
    before = found.metrics.start_equity + np.concatenate([[0.0], np.cumsum(profits)[:-1]])
    if not (before > 0).all():
        raise DataError("the account was lost: its trades are no fractions of anything", hint="look at another run")
    return profits / before


def _on_other_bars(found: Run, how: _How) -> Spread:
    """Read the run's bars again and run its strategy on perturbed ones."""
    from algobot.kernel.session import Settings
    from algobot.market.library import resolve
    from algobot.research import backtest
    from algobot.research.report.stamps import from_iso
    from algobot.research.tape import fingerprint
    from algobot.research.validation.otherbars import on_other_bars
    from algobot.strategies import registry

    record = found.record
    strategy = registry.load(record.strategy, Path(record.strategies_dir) if record.strategies_dir else None)
    shelf, end_ns = library(how.data_dir), from_iso(record.until) or 1 << 62
    series = [resolve(file.path, shelf, symbol=file.symbol, end_ns=end_ns) for file in record.data]
    for one, file in zip(series, record.data, strict=True):
        if fingerprint(one) != file.sha256:
            hint = "run the backtest again, or choose another --method"
            raise DataError(f"{file.path}: its bars are no longer those of the run", hint=hint)
    settings, since_ns = Settings(**record.settings), from_iso(record.trade_from)
    again = backtest.run(strategy, record.params, series, settings, trade_from_ns=since_ns)
    if again.curve.tolist() != found.equity.tolist():
        click.echo("note: the strategy or the engine is another than when the run was made", err=True)
    return on_other_bars(
        strategy, record.params, series, settings,
        trade_from_ns=since_ns, noise=how.noise, runs=how.bar_runs, seed=how.seed, ruin_fraction=how.ruin,
    )  # fmt: skip


def _print(name: str, result: MonteCarlo) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{name}[/], played again", highlight=False)
    for one in result.spreads:
        title = _TITLES[one.method].format(steps=one.steps, block=one.block)
        table = Table(title=f"{title}, {one.runs:,} times", box=SIMPLE, pad_edge=False, title_justify="left")
        for head in ("", "it was", *(f"{float(q):.0%}" for q in _SHOWN)):
            table.add_column(head, justify="right" if head else "left", min_width=8, no_wrap=True)
        for label, own, known, words in (
            ("return", one.was.return_fraction, one.return_quantiles, percent),
            ("drawdown", one.was.max_drawdown_fraction, one.max_drawdown_quantiles, depth),
            ("Sharpe", one.was.sharpe, one.sharpe_quantiles, number),
        ):
            if known is not None:
                table.add_row(label, words(own), *(words(known[q]) for q in _SHOWN))
        console.print(table, highlight=False)
        chances = (
            f"lost {one.loss_probability:.1%}",
            f"fell at least as deep {one.deeper_probability:.1%}",
            f"ruined (-{result.ruin_fraction:.0%}) {one.ruin_probability:.1%}",
        )
        console.print(" · ".join(chances), highlight=False)
