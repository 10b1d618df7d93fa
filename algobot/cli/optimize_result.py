"""What `algobot optimize` tells and writes once the search is over."""

from __future__ import annotations

import importlib.util
import itertools
import math
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from algobot.cli.run_options import SETTINGS, Plan
from algobot.errors import UsageError
from algobot.research.search import heatmap, tables, verdict
from algobot.research.search.best import write_best
from algobot.research.search.goals import OBJECTIVES, Goal, pareto, ranking
from algobot.research.search.hunt import Found, Trial
from algobot.research.search.space import Space

if TYPE_CHECKING:
    from algobot.research.metrics import Metrics


class Show(NamedTuple):
    """What the caller wants of a result."""

    top: int
    heat: str
    study: str
    files: bool
    write_to: Path | None
    as_json: bool


class Result(NamedTuple):
    """A finished search."""

    plan: Plan
    space: Space
    goal: Goal
    found: Found
    ranked: list[Trial]  # those that count, best first
    folder: Path | None
    command: list[str]  # without what only a search has

    @property
    def markets(self) -> int:
        """How many there are."""
        return len({trial.market.label for trial in self.found.trials})


def result(plan: Plan, space: Space, goal: Goal, found: Found, folder: Path | None, command: list[str]) -> Result:
    """Return the search with its runs ranked."""
    order = ranking([trial.worth for trial in found.trials])
    return Result(plan, space, goal, found, [found.trials[at] for at in order], folder, command)


def tell(of: Result, show: Show) -> None:
    """Write the files and print what was found, or one JSON object.

    Raises:
        UsageError: nothing makes sense, or nothing counts.
    """
    if not of.found.trials:
        hint = f"{of.plan.strategy.name} refuses all {of.found.skipped:,} combinations: choose other values"
        raise UsageError("no combination makes sense to the strategy", hint=hint)
    if of.folder is not None:
        left = [trial for trial in of.found.trials if trial.worth is None]
        tables.write(of.folder / "trials.csv", [*of.ranked, *left], of.plan.strategy.Params._fields)
    if not of.ranked:
        most = max(int(trial.score["trades"]) for trial in of.found.trials)
        hint = f"the most trades of one run are {most:,}: lower --min-trades, or give more bars"
        raise UsageError(f"none of {len(of.found.trials):,} runs counts", hint=hint)
    best = of.ranked[0]
    plan = of.plan
    metrics = verdict.again(plan.strategy, plan.settings, best, of.found.trials, plan.since_ns).metrics
    shown = _heatmap(of, show.heat)
    if of.folder is not None:
        _write(of, shown)
    if show.write_to is not None:
        _write_best(of, metrics, show.write_to)
    if show.as_json:
        _print_json(of, metrics, show.top)
    else:
        _print(of, metrics, shown, show)


def heat_names(space: Space, words: str) -> tuple[str, str] | None:
    """Return the two parameters of the heatmap: those asked for, or the first two; None with fewer.

    Raises:
        UsageError: they are not two that are searched.
    """
    names = [name.strip() for name in words.split(",")] if words else list(space.names[:2])
    if words and (len(set(names)) != 2 or not set(names) <= set(space.names)):
        raise UsageError(f"--heatmap {words!r} is not two of {', '.join(space.names)}", hint="like fast,slow")
    if len(names) < 2 or (not words and any(not axis.values for axis in space.axes[:2])):
        return None
    return names[0], names[1]


def _heatmap(of: Result, words: str) -> heatmap.Heatmap | None:
    names = heat_names(of.space, words)
    label = of.ranked[0].market.label
    trials = [trial for trial in of.found.trials if trial.market.label == label]
    return heatmap.heatmap(trials, of.goal.objectives[0], *names) if names else None


def _write(of: Result, shown: heatmap.Heatmap | None) -> None:
    if shown is None or of.folder is None:
        return
    (of.folder / "heatmap.html").write_text(heatmap.page(shown), encoding="utf-8")
    if importlib.util.find_spec("matplotlib"):
        heatmap.picture(shown, of.folder / "heatmap.png")


def _write_best(of: Result, metrics: Metrics, path: Path) -> None:
    best = of.ranked[0]
    found = {
        "date": datetime.now(UTC).date(),
        "market": best.market.label,
        "runs": len(of.found.trials),
        **{name: _score(best, name) for name in OBJECTIVES if _score(best, name) is not None},
        "trades": int(best.score["trades"]),
        "deflated_sharpe": metrics.deflated_sharpe,
    }
    chosen = dict(of.plan.params) | {name: getattr(best.params, name) for name in of.space.names}
    write_best(path, chosen, {name: value for name, value in found.items() if value is not None}, _as_file(of, path))


def _as_file(of: Result, path: Path) -> dict[str, Any]:
    """Return what a new run file begins with: the same run."""
    folder = path.resolve().parent
    data = [str(Path(text).resolve()) if Path(text).exists() else text for text in of.plan.data]
    near = [str(Path(text).relative_to(folder)) if Path(text).is_relative_to(folder) else text for text in data]
    settings = {}
    for setting in SETTINGS:
        value, usual = getattr(of.plan.settings, setting.fields[-1]), setting.default
        if usual is None:
            usual = of.plan.settings._field_defaults.get(setting.fields[-1], of.plan.settings.taker_fee)
        if value != usual:
            settings[setting.name] = value // setting.unit if setting.unit else value
    moments = {"from": of.plan.since_ns, "to": of.plan.until_ns}
    times = {name: datetime.fromtimestamp(ns / 1e9, UTC).isoformat() for name, ns in moments.items() if ns}
    return {"strategy": of.plan.strategy.name, "data": near, **times, "settings": settings}


def _print(of: Result, metrics: Metrics, shown: heatmap.Heatmap | None, show: Show) -> None:
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    front = len(pareto([trial.worth or () for trial in of.ranked])) if len(of.goal.objectives) > 1 else 0
    best = of.ranked[: max(show.top, min(front, 30))] if front else of.ranked[: show.top]
    title = f"{of.plan.strategy.name} on {_where(of)}: {_counts(of)}"
    console.print(tables.table(title, best, of.space.names, of.goal.objectives, console.width, markets=of.markets > 1))
    if front:
        console.print(f"the first {front:,} are the trade-off: none of them is beaten in every objective\n")
    if shown is not None and shown.cells.shape[0] <= console.height * 2:
        console.print(heatmap.terminal(shown, console.width))
        console.print()
    _print_worth(console, of, metrics)
    if of.folder is not None:
        console.print(f"wrote {', '.join(sorted(path.name for path in of.folder.iterdir()))} to {of.folder}")
    if show.write_to is not None:
        console.print(f"wrote the best parameters to {show.write_to}")


def _print_worth(console: Any, of: Result, metrics: Metrics) -> None:
    if metrics.deflated_sharpe is not None:
        chance = f"{metrics.deflated_sharpe:.0%}" if metrics.deflated_sharpe >= 0.005 else "< 1%"
        console.print(
            f"[bold]deflated Sharpe {chance}[/]: the chance that the best of {len(of.found.trials):,} runs is not "
            "just the luckiest of them"
        )
    console.print("[yellow]In sample:[/] chosen by looking at these very bars. What such a choice earns on later ones:")
    console.print(f"  {shlex.join(_further(of))}", soft_wrap=True)
    best, given = of.ranked[0].market.series[0].span_ns, of.plan.series[0].span_ns
    if best != given:
        console.print(f"  on bars of {of.ranked[0].market.label.split()[-1]}: `algobot data resample` makes them")


def _where(of: Result) -> str:
    labels = list(dict.fromkeys(trial.market.label for trial in of.found.trials))
    return labels[0] if len(labels) == 1 else f"{len(labels):,} markets"


def _counts(of: Result) -> str:
    words = [f"{len(of.found.trials):,} runs"]
    if of.found.known:
        words.append(f"{of.found.known:,} known before")
    if of.found.skipped:
        words.append(f"{of.found.skipped:,} combinations that make no sense left out")
    if few := len(of.found.trials) - len(of.ranked):
        words.append(f"{few:,} do not count (under {of.goal.min_trades} trades, or no {of.goal.objectives[0]})")
    return ", ".join(words)


def _print_json(of: Result, metrics: Metrics, top: int) -> None:
    import msgspec

    plain = {
        "schema_version": 1,
        "strategy": of.plan.strategy.name,
        "objectives": of.goal.objectives,
        "runs": len(of.found.trials),
        "known_before": of.found.known,
        "left_out": of.found.skipped,
        "counted": len(of.ranked),
        "deflated_sharpe": metrics.deflated_sharpe,
        "study": str(of.folder) if of.folder else None,
        "best": [_plain(trial) for trial in of.ranked[:top]],
    }
    click.echo(msgspec.json.encode(plain).decode())


def _plain(trial: Trial) -> Mapping[str, Any]:
    scores = {name: _score(trial, name) for name in OBJECTIVES}
    params = trial.params._asdict()
    return {"market": trial.market.label, "params": params, **scores, "trades": int(trial.score["trades"])}


def _score(trial: Trial, objective: str) -> float | None:
    value = float(trial.score[OBJECTIVES[objective][0]])
    return value if math.isfinite(value) else None


def _further(of: Result) -> list[str]:
    """Return the command that walks the same search forward on the symbols of the best."""
    names = {one.symbol for one in of.ranked[0].market.series}
    chosen = [(one.symbol, text) for one, text in zip(of.plan.series, of.plan.data, strict=True) if one.symbol in names]
    objective = of.goal.objectives[0]
    words = [of.command[0], "walkforward", *of.command[2:]]
    words += [] if objective == "sharpe" else ["--objective", objective]
    if len(chosen) == len(of.plan.data):
        return words
    named = "--symbol" in words
    kept = [word for before, word in itertools.pairwise(["", *words]) if not {before, word} & {"--data", "--symbol"}]
    for symbol, text in chosen:
        kept += ["--data", text, *(["--symbol", symbol] if named else [])]
    return kept
