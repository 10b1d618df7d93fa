"""`algobot walkforward`: does choosing parameters on the past earn anything on what came next?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from algobot.cli.bench_options import depth, in_bars, number, percent
from algobot.cli.compiling import announce
from algobot.cli.run_options import COUNT, Plan, run_options
from algobot.errors import UsageError

if TYPE_CHECKING:
    from algobot.model import Param
    from algobot.research.search.methods import Method
    from algobot.research.validation.crossval import CrossValidation
    from algobot.research.validation.splits import Combinatorial
    from algobot.research.validation.verdict import ParamStability
    from algobot.research.validation.walkforward import Part, WalkForward

_METHODS: Final = ("grid", "random", "tpe", "cmaes", "nsga2")


@click.command()
@run_options
@click.option("-O", "--optimize", "grid", multiple=True, metavar="NAME=VALUES", help="5,8,13 or 5:20:5; per parameter.")
@click.option("--method", type=click.Choice(_METHODS), default="grid", show_default=True)
@click.option(
    "--trials", type=click.IntRange(1), default=100, show_default=True, help="In each window; not for a grid."
)
@click.option("--seed", type=COUNT, default=0, show_default=True)
@click.option("--min-trades", type=COUNT, default=1, show_default=True, help="Runs with fewer do not count.")
@click.option("--objective", default="sharpe", show_default=True, help="As of `algobot optimize`, one.")
@click.option("--train", default="365d", show_default=True, metavar="LENGTH", help="To search in: bars, or time.")
@click.option("--test", default="90d", show_default=True, metavar="LENGTH", help="To trade after it.")
@click.option("--anchored", is_flag=True, help="Train on everything from the first bar, not on a rolling window.")
@click.option("--purge", default="0", metavar="LENGTH", help="Training bars left out before a test.")
@click.option(
    "--embargo", default="0", metavar="LENGTH", help="More bars left out: before a test, with --cpcv after it."
)
@click.option("--cpcv", is_flag=True, help="Also cross-validate over all combinations of blocks of time.")
@click.option("--groups", type=click.IntRange(3), default=10, show_default=True, help="Blocks for --cpcv.")
@click.option("--test-groups", type=click.IntRange(1), default=2, show_default=True, help="Of them tested at a time.")
@click.option("--blocks", type=click.IntRange(2), default=16, show_default=True, help="For the overfitting estimate.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the files. [default: results/…]")
@click.option("--no-files", is_flag=True, help="Write no files.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def walkforward(
    run: Callable[..., Plan],
    grid: tuple[str, ...],
    method: str,
    trials: int,
    seed: int,
    min_trades: int,
    objective: str,
    train: str,
    test: str,
    anchored: bool,
    purge: str,
    embargo: str,
    cpcv: bool,
    groups: int,
    test_groups: int,
    blocks: int,
    out: Path | None,
    no_files: bool,
    as_json: bool,
) -> None:
    """Search each stretch of the past, trade what was best on the bars after it, and say what that earned.

    Lengths are bars (5000) or time (90d). Every test starts flat and warmed up on the bars before it; the tests put
    end to end are one history that no search has seen. With --cpcv many such histories, and how likely the search
    only found luck. Writes walkforward.json, windows.csv and equity.csv.
    """
    plan = run(lead=False)
    from algobot.research.search import methods
    from algobot.research.search.goals import goal
    from algobot.research.search.space import grid_words, space
    from algobot.research.validation import files, splits
    from algobot.research.validation.search import Searching, longest_warmup, values_of
    from algobot.research.validation.walkforward import timeline, walk

    where = space(plan.strategy, plan.params, {**plan.grid, **grid_words(grid)})
    begin = methods.chosen(method, where, trials=trials, seed=seed, objectives=1)
    search = Searching(plan.strategy, plan.settings, begin, goal((objective,), min_trades))
    span_ns = plan.series[0].span_ns
    words = {"train": train, "test": test, "purge": purge, "embargo": embargo}
    lengths = {name: in_bars(f"--{name}", text, span_ns) for name, text in words.items()}
    windows = splits.walk_forward(len(timeline(plan.series).open_ns), **lengths, anchored=anchored)
    lead, values = longest_warmup(where), values_of(where)
    shape = splits.Combinatorial(groups, test_groups, lengths["purge"], lengths["embargo"])
    announce()
    tried = _all_of(method, begin) if cpcv else []
    crossed = _crossed(plan, tried, shape, blocks, lead) if cpcv else None
    with _progress(len(windows)) as done:
        found = walk(
            plan.strategy, plan.series, plan.settings, windows, search, values=values, lead_bars=lead, progress=done
        )
    folder = None if no_files else out or _folder(plan)
    written = files.write_walk(folder, found, crossed) if folder else []
    if as_json:
        click.echo(files.as_json(found.result, crossed).decode())
        return
    _print_walk(found.result)
    if crossed is not None:
        _print_crossed(crossed, [{name: getattr(one, name) for name in where.names} for one in tried])
    if written:
        click.echo(f"wrote {', '.join(path.name for path in written)} to {folder}")


def _folder(plan: Plan) -> Path:
    """Make a folder for the files, named after the time and what was run."""
    from algobot.research.report.files import claim

    first = plan.data[0]
    stem = re.sub(r"[^A-Za-z0-9._-]+", "_", first if ":" in first else Path(first).stem)
    return claim(Path("results"), f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-walkforward-{plan.strategy.name}-{stem}")


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show how many windows are done, on stderr and only to a person."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("windows", total=total)
        yield lambda done: bar.update(task, completed=done)


def _all_of(method: str, begin: Callable[[], Method]) -> list[Any]:
    """Return every `Params` that the method tries, which must not depend on what others were worth."""
    if method not in ("grid", "random"):
        hint = "take --method grid or random with --cpcv"
        raise UsageError(f"{method} chooses by what it found: its trials are not the same for every split", hint=hint)
    found = [params for batch in begin() for params in batch if params is not None]
    if not found:
        raise UsageError("no combination makes sense to the strategy", hint="choose other values")
    return found


def _crossed(plan: Plan, trials: list[Any], shape: Combinatorial, blocks: int, lead: int) -> CrossValidation:
    """Run every trial over the whole history and cross-validate the choice among them."""
    from algobot.research.tape import tape
    from algobot.research.validation.crossval import cross_validate, held_at_once
    from algobot.research.validation.figures import periods_a_year
    from algobot.research.validation.search import returns_by_trial
    from algobot.research.validation.walkforward import timeline

    times = timeline(plan.series)
    held_at_once(len(times.close_ns) - lead, len(trials))
    bars = tape(plan.series, int(times.close_ns[min(lead, len(times.close_ns) - 1)]))
    returns = returns_by_trial(plan.strategy, plan.settings, trials, bars)
    return cross_validate(returns, shape, periods_a_year(bars.close_ns), blocks)[0]


def _print_walk(result: WalkForward) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    title = f"{result.strategy} on {', '.join(result.symbols)}, walked forward"
    table = Table(title=title, box=SIMPLE, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("traded\nfrom", no_wrap=True)
    searched = [one.name for one in result.stability]
    for name in searched:
        table.add_column(f"\n{name}", justify="right")
    for head in ("in\nsample", "\nSharpe", "out of\nsample", "\nSharpe", "\ndrawdown", "\ntrades"):
        table.add_column(head, justify="right", no_wrap=True)
    for step in result.steps:
        chosen = (f"{step.params[name]:g}" for name in searched)
        table.add_row(_day(step.outside.start_ns), *chosen, *_cells(step.inside, step.outside))
    table.add_section()
    blank = [""] * len(searched)
    table.add_row(f"to {_day(result.outside.end_ns)}", *blank, *_cells(None, result.outside), style="bold")
    console = Console()
    console.print(table)
    facts = [
        ("profit a year", f"{percent(result.inside_annual_fraction)} in sample, "
         f"{percent(result.outside_annual_fraction)} out of sample"),
        ("efficiency", percent(result.efficiency).lstrip("+")),
        ("consistency", f"{result.consistency:.0%} of {len(result.steps)} windows"),
        ("Sharpe", f"{number(result.inside_sharpe)} in sample, {number(result.outside.sharpe)} out of sample"),
        *((f"{one.name} chosen", _wandering(one)) for one in result.stability),
    ]  # fmt: skip
    _print_facts(facts)
    word = "Doubtful" if result.verdict.word == "doubtful" else f"It {result.verdict.word}"
    console.print(f"[bold]{word}.[/] {' '.join(result.verdict.reasons)}", highlight=False)


def _cells(inside: Part | None, outside: Part) -> list[str]:
    first = [percent(inside.return_fraction), number(inside.sharpe)] if inside else ["", ""]
    drawdown = percent(-outside.max_drawdown_fraction)
    return [*first, percent(outside.return_fraction), number(outside.sharpe), drawdown, f"{outside.trades:,}"]


def _wandering(one: ParamStability) -> str:
    values = sorted(set(one.chosen))
    shown = ", ".join(f"{value:g}" for value in values)
    return f"{shown}; changed {one.changes} times, over {one.spread_fraction:.0%} of the range"


def _print_crossed(crossed: CrossValidation, trials: Sequence[Mapping[str, Param]]) -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    words = f"{crossed.paths} paths from {crossed.splits} splits, {crossed.trials} trials"
    table = Table(title=f"Cross-validated: {words}", box=SIMPLE)
    table.add_column("of all paths")
    rows = (
        ("return", crossed.return_quantiles, percent),
        ("Sharpe", crossed.sharpe_quantiles, number),
        ("drawdown", crossed.max_drawdown_quantiles, depth),
    )
    shown = ("0.05", "0.25", "0.5", "0.75", "0.95")
    for quantile in shown:
        table.add_column(f"{float(quantile):.0%}", justify="right")
    for label, known, words_of in rows:
        table.add_row(label, *(words_of(known[q]) if known else "–" for q in shown))
    Console().print(table)
    often = ", ".join(
        f"{' '.join(f'{name}={value}' for name, value in trials[trial].items())} ({count})"
        for trial, count in list(crossed.chosen.items())[:3]
    )
    facts = [("paths that lost", f"{crossed.loss_share:.0%}"), ("chosen most", often)]
    if (over := crossed.overfitting) is not None:
        slope = number(over.degradation_slope)
        facts += [
            ("overfitting", f"{over.probability:.0%} likely: the best in sample was in the worse half out of sample"),
            ("loss", f"{over.loss_probability:.0%} likely for the best in sample"),
            ("Sharpe out on in", f"slope {slope} (1 is all of it kept, 0 or less is luck)"),
        ]
    _print_facts(facts)


def _print_facts(facts: Sequence[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2))
    for label, text in facts:
        table.add_row(label, text)
    Console().print(table)


def _day(ts_ns: int) -> str:
    return datetime.fromtimestamp(ts_ns / 1e9, UTC).date().isoformat()
