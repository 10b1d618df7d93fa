"""`algobot optimize`: many parameter sets over the same bars, the best of them, and what that is worth."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from algobot.cli.run_options import COUNT, Plan, command_words, run_options

if TYPE_CHECKING:
    from algobot.research.search.hunt import Open

RESULTS: Final = Path("results")
_LINE_S: Final = 10.0  # between two lines of progress in a log
_METHODS: Final = ("grid", "random", "tpe", "cmaes", "nsga2")
_NOT_FURTHER: Final = (
    *("top", "heat", "study", "no_files", "as_json", "write_to", "threads", "cluster"),
    *("least", "timeframes", "objectives"),
)


class _Ask(NamedTuple):
    """How to search."""

    method: str
    trials: int
    seed: int
    objectives: tuple[str, ...]
    min_trades: int
    least: int
    timeframes: str
    threads: int
    cluster: str


@click.command()
@run_options
@click.option("-O", "--optimize", "grid", multiple=True, metavar="NAME=VALUES", help="5,8,13 or 5:20:5; per parameter.")
@click.option("--method", type=click.Choice(_METHODS), default="grid", show_default=True)
@click.option(
    "--trials", type=click.IntRange(1), default=100, show_default=True, help="On each market; not for a grid."
)
@click.option("--seed", type=COUNT, default=0, show_default=True)
@click.option(
    "--objective", "objectives", multiple=True, default=("sharpe",), metavar="WORD",
    help="sharpe, calmar, sortino, return, profit_factor, win_rate, expectancy, max_drawdown; several for a trade-off.",
)  # fmt: skip
@click.option("--min-trades", type=COUNT, default=10, show_default=True, help="Runs with fewer do not count.")
@click.option("--min-combo", "least", type=COUNT, default=0, help="Try every combination of at least so many symbols.")
@click.option("--timeframes", default="", metavar="1h,4h", help="Also longer bars made of these; each is a market.")
@click.option("--threads", type=COUNT, default=0, help="0 is one for each core.")
@click.option("--cluster", default="", metavar="ADDRESS", help="Run on Ray: ray://HOST:10001, or local.")
@click.option("--top", type=click.IntRange(1), default=10, show_default=True, help="How many to show.")
@click.option("--heatmap", "heat", default="", metavar="ACROSS,DOWN", help="Which two parameters. [default: the first]")
@click.option("--study", default="", metavar="NAME", help="Where to keep it, in results/. [default: from what is run]")
@click.option("--no-files", is_flag=True, help="Keep nothing; it cannot be resumed then.")
@click.option(
    "--write-best", "write_to", type=click.Path(path_type=Path), metavar="FILE", help="Put the best into a run file."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.pass_context
def optimize(ctx: click.Context, /, run: Callable[[], Plan], grid: tuple[str, ...], **words: Any) -> None:
    """Run many parameter sets over the same bars and show the best.

    Every run is kept in results/STUDY: the same command goes on where it was cut off, and more values cost only what
    is new. The best of many is mostly the luckiest: what it is worth on bars it was not chosen on, `algobot
    walkforward` says.
    """
    ask = _Ask(**{name: words[name] for name in _Ask._fields})
    from algobot.cli.optimize_result import Show, heat_names, result, tell

    show = Show(words["top"], words["heat"], words["study"], not words["no_files"], words["write_to"], words["as_json"])
    plan = run()
    from algobot.research.search import hunt, markets, methods, study
    from algobot.research.search.goals import goal
    from algobot.research.search.space import grid_words, space

    where = space(plan.strategy, plan.params, {**plan.grid, **grid_words(grid)})
    heat_names(where, show.heat)
    aim = goal(ask.objectives, ask.min_trades)
    places = markets.markets(
        plan.series, [word.strip() for word in ask.timeframes.split(",") if word.strip()], ask.least
    )
    method = methods.chosen(
        ask.method, where, trials=ask.trials, seed=ask.seed, objectives=len(aim.objectives), markets=len(places)
    )
    identity = study.identity(plan.strategy, plan.settings, plan.series, plan.since_ns)
    folder = RESULTS / (show.study or study.name_of(identity)) if show.files else None
    total = len(places) * (int(where.size) if ask.method == "grid" else ask.trials)
    with study.Study(folder, identity) as kept, _progress(total) as done, _evaluation(plan, ask) as evaluate:
        found = hunt.hunt(places, method, aim, kept, evaluate, trade_from_ns=plan.since_ns, done=done)
    tell(result(plan, where, aim, found, folder, command_words(ctx, _NOT_FURTHER)), show)


@contextmanager
def _evaluation(plan: Plan, ask: _Ask) -> Iterator[Open]:
    """Yield what runs parameter sets: threads here, or a cluster."""
    if ask.cluster:
        from algobot.research.search.cluster import Cluster

        with Cluster(plan.strategy, plan.settings, ask.cluster) as cluster:
            yield cluster.evaluate
        return
    from algobot.research.search.sweep import Sweep

    yield lambda tape: Sweep(plan.strategy, plan.settings, tape, ask.threads).stream


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show runs done and the time it will take, on stderr: a bar for a person, now and then a line for a log."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(total)
        return
    columns = (TextColumn("runs"), BarColumn(bar_width=30), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("·"))
    with Progress(*columns, TimeRemainingColumn(), TextColumn("left"), console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda count: bar.update(task, advance=count)


def _lines(total: int) -> Callable[[int], None]:
    begun = told = time.monotonic()
    done = 0

    def tell(count: int) -> None:
        nonlocal told, done
        done += count
        now = time.monotonic()
        if now - told > _LINE_S and done < total:
            told = now
            left = (now - begun) / done * (total - done) if done else 0.0
            click.echo(f"{done:,} of {total:,} runs, {left:,.0f} s left", err=True)

    return tell
