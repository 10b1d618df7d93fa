"""Ways to choose what to try next. Each is a generator: it yields a batch of `Params`, None for what makes no sense,
and is sent what they were worth, None for what does not count.

All are deterministic: the same seed and the same answers ask for the same again, which is how a study goes on.
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, Final

import numpy as np

from algobot.errors import UsageError
from algobot.research.search.space import MOST_RUNS, Axis, Space

Batch = list[Any | None]
Worths = list[tuple[float, ...] | None]
Method = Generator[Batch, Worths, None]
METHODS: Final = ("grid", "random", "tpe", "cmaes", "nsga2")
_BATCHES: Final = {"tpe": 16, "cmaes": 16, "nsga2": 50}  # asked for at once; more cores do not change the result
_TRIES: Final = 100  # draws for each one that is wanted, where most make no sense or came already
_WORST: Final = -1e12  # samplers that go by rank learn from it


def chosen(
    name: str, space: Space, *, trials: int, seed: int, objectives: int, markets: int = 1
) -> Callable[[], Method]:
    """Return what begins the method `name`, once for each market.

    Raises:
        UsageError: a grid too large, too few trials, or a method that cannot do it or is not installed.
    """
    if name == "grid":
        if space.size != math.inf and space.size * markets > MOST_RUNS:
            count = f"{int(space.size):,} combinations" + (f" on {markets:,} markets" if markets > 1 else "")
            hint = f"at most {MOST_RUNS:,} runs: take larger steps, or --method random --trials 1000"
            raise UsageError(f"the grid is too large: {count}", hint=hint)
        combinations = list(space.combinations())
        return lambda: grid(combinations)
    if name == "random":
        return lambda: random(space, trials, seed)
    if name == "cmaes" and objectives > 1:
        raise UsageError("CMA-ES has one objective", hint="take --method nsga2 for several")
    if name == "nsga2" and trials < 2 * _BATCHES[name]:
        hint = f"its generations are {_BATCHES[name]}: give --trials {4 * _BATCHES[name]} or more, or take tpe"
        raise UsageError(f"NSGA-II cannot learn from {trials} trials", hint=hint)
    _need(name)
    return lambda: sampled(name, space, trials, seed, objectives)


def grid(combinations: Sequence[Any | None]) -> Method:
    """Ask for every combination at once."""
    yield list(combinations)


def random(space: Space, trials: int, seed: int) -> Method:
    """Ask for `trials` combinations drawn alike, each once; for all of them if there are no more."""
    rng = np.random.default_rng(seed)
    if space.size <= trials:
        yield list(space.combinations())
        return
    found: dict[Any, None] = {}
    for _ in range(trials * _TRIES):
        params = space.params([_drawn(axis, rng) for axis in space.axes])
        if params is not None:
            found.setdefault(params)
        if len(found) == trials:
            break
    yield list(found)


def sampled(name: str, space: Space, trials: int, seed: int, objectives: int) -> Method:
    """Ask for what an Optuna sampler suggests, a batch at a time."""
    study = _optuna(name, seed, objectives)
    distributions = {axis.name: _distribution(axis) for axis in space.axes}
    left = trials
    while left > 0:
        asked = [study.ask(distributions) for _ in range(min(_BATCHES[name], left))]
        batch = [space.params([_suggested(axis, one.params[axis.name]) for axis in space.axes]) for one in asked]
        worths = yield batch
        for one, worth in zip(asked, worths, strict=True):
            _tell(study, one, worth, objectives)
        left -= len(asked)


def _drawn(axis: Axis, rng: np.random.Generator) -> Any:
    if axis.values:
        return axis.values[int(rng.integers(len(axis.values)))]
    return _short(float(rng.uniform(axis.low, axis.high)))


def _suggested(axis: Axis, value: Any) -> Any:
    return axis.values[value] if axis.values else _short(value)


def _short(value: float) -> float:
    """Return a drawn number with as many digits as anybody will read."""
    return float(f"{value:.6g}")


def _need(name: str) -> None:
    missing = [module for module in ("optuna", "cmaes") if importlib.util.find_spec(module) is None]
    if "optuna" in missing or (name == "cmaes" and missing):
        hint = "pip install 'algobot[search]'; --method grid and random need nothing"
        raise UsageError(f"--method {name} needs {missing[0]}, which is not installed", hint=hint)


def _optuna(name: str, seed: int, objectives: int) -> Any:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    makers: dict[str, Callable[[], Any]] = {
        "tpe": lambda: optuna.samplers.TPESampler(seed=seed),
        "cmaes": lambda: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
        "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed, population_size=_BATCHES["nsga2"]),
    }
    return optuna.create_study(directions=["maximize"] * objectives, sampler=makers[name]())


def _distribution(axis: Axis) -> Any:
    """Values in their order are whole numbers to a sampler: it may use that neighbours are alike."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return IntDistribution(0, len(axis.values) - 1) if axis.values else FloatDistribution(axis.low, axis.high)


def _tell(study: Any, trial: Any, worth: tuple[float, ...] | None, objectives: int) -> None:
    from optuna.trial import TrialState

    if worth is not None:
        study.tell(trial, worth)
    elif objectives == 1:
        study.tell(trial, _WORST)
    else:
        study.tell(trial, state=TrialState.FAIL)
