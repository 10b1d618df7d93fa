"""What a walk forward asks of a search, and the searches of `algobot optimize` as such; returns of every trial."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, Protocol

import numpy as np

from algobot.errors import UsageError
from algobot.kernel import records as r
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import Param
from algobot.research.desk import Desk
from algobot.research.search.goals import Goal
from algobot.research.search.methods import Batch, Method
from algobot.research.search.space import Space
from algobot.research.search.sweep import Sweep
from algobot.research.tape import Tape, tape
from algobot.research.validation.figures import returns_of
from algobot.research.validation.overfitting import Matrix

Values = Mapping[str, Sequence[Param]]  # what each parameter may be; the ends of its range if anything between


class Found(NamedTuple):
    """The best of a search. `score` is None where no trial counted: the first one stands in."""

    params: Mapping[str, Param]
    score: float | None
    tried: int


class Search(Protocol):
    """Any way to choose parameters; it may look at nothing but the bars it is given."""

    def __call__(self, series: Sequence[Series], trade_from_ns: int) -> Found:
        """Return the best parameters for trading these bars from that moment on; earlier bars only warm up."""
        ...


@dataclasses.dataclass(frozen=True)
class Searching:
    """A method of `algobot optimize`, begun anew for each training part; of equal trials the earlier wins."""

    strategy: Strategy
    settings: Settings
    method: Callable[[], Method]
    goal: Goal  # its first objective ranks
    threads: int = 0  # 0 is one for each core

    def __call__(self, series: Sequence[Series], trade_from_ns: int) -> Found:
        """Return the trial that is worth most."""
        sweep = Sweep(self.strategy, self.settings, tape(series, trade_from_ns), self.threads)
        best: tuple[float, Any] | None = None
        first, tried = None, 0
        asking = self.method()
        batch: Batch | None = next(asking, None)
        while batch is not None:
            jobs = [params for params in batch if params is not None]
            worths = iter([self.goal.worth(score) for score in sweep.run(jobs)])
            answers = [None if params is None else next(worths) for params in batch]
            for params, worth in zip(batch, answers, strict=True):
                first = params if first is None else first
                if worth is not None and (best is None or worth[0] > best[0]):
                    best = worth[0], params
            tried += len(jobs)
            batch = _answer(asking, answers)
        if first is None:
            raise UsageError(f"nothing to try makes sense to {self.strategy.name}", hint="choose other values")
        return Found(first._asdict(), None, tried) if best is None else Found(best[1]._asdict(), best[0], tried)


def _answer(asking: Method, answers: list[tuple[float, ...] | None]) -> Batch | None:
    try:
        return asking.send(answers)
    except StopIteration:
        return None


def values_of(space: Space) -> Values:
    """Return what each searched parameter may be."""
    return {axis.name: axis.values or (axis.low, axis.high) for axis in space.axes}


def longest_warmup(space: Space) -> int:
    """Return the most bars any of the searched parameters needs before it decides, by the ends of every axis."""
    ends = [sorted(values)[:: max(len(values) - 1, 1)] for values in values_of(space).values()]
    base = space.strategy.Params(**space.fixed)
    every = (base._replace(**dict(zip(space.names, row, strict=True))) for row in itertools.product(*ends))
    return max(map(space.strategy.warmup, every))


def returns_by_trial(
    strategy: Strategy, settings: Settings, trials: Sequence[Any], bars: Tape, threads: int = 0
) -> Matrix:
    """Return `[bar, trial]`: what each of these `Params` returned on each traded bar."""
    found = np.empty((len(bars.close_ns), len(trials)))
    count = min(threads or len(os.sched_getaffinity(0)), len(trials))
    desks = [Desk(strategy, settings, len(bars.symbols)) for _ in range(count)]  # compiles once, before the threads

    def work(number: int) -> None:
        curve = np.zeros(max(bars.lead.shape[1], bars.bars.shape[1]))
        for at in range(number, len(trials), count):
            desks[number].open(trials[at])
            desks[number].fold(bars.lead, r.FOLD, curve, lambda fills: None)
            desks[number].fold(bars.bars, r.PAPER, curve, lambda fills: None, funding=bars.funding)
            found[:, at] = returns_of(curve[: len(found)], settings.capital)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(work, range(count)))
    return found
