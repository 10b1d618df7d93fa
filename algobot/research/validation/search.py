"""What a walk forward asks of a search, and the plainest one: every combination of a grid, a thread per core."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, NamedTuple, Protocol

from algobot.errors import StrategyError, UsageError
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import Param
from algobot.research import backtest
from algobot.research.backtest import Outcome

Values = Mapping[str, Sequence[Param]]  # what each parameter may be
MOST_COMBINATIONS: Final = 100_000
OBJECTIVES: Final = {  # the word of a command line: the field of Metrics, the more the better
    "sharpe": "sharpe",
    "sortino": "sortino",
    "calmar": "calmar",
    "return": "return_fraction",
    "profit_factor": "profit_factor",
    "win_rate": "win_fraction",
    "expectancy": "expectancy",
}


class Found(NamedTuple):
    """The best of a search. `score` is None where no trial could be scored: the first one stands in."""

    params: Mapping[str, Param]
    score: float | None
    tried: int


class Search(Protocol):
    """Any way to choose parameters; it may look at nothing but the bars it is given."""

    def __call__(self, series: Sequence[Series], trade_from_ns: int) -> Found:
        """Return the best parameters for trading these bars from that moment on; earlier bars only warm up."""
        ...


@dataclasses.dataclass(frozen=True)
class Grid:
    """Every combination, judged by one number of its backtest; of equal ones the earlier wins."""

    strategy: Strategy
    trials: Sequence[Mapping[str, Param]]
    settings: Settings
    objective: str = "sharpe"
    threads: int = 0  # 0 is one for each core

    def __call__(self, series: Sequence[Series], trade_from_ns: int) -> Found:
        """Return the combination with the best score."""
        scores = [score_of(outcome, self.objective) for outcome in self.outcomes(series, trade_from_ns)]
        ranked = [-math.inf if score is None else score for score in scores]
        best = ranked.index(max(ranked))
        return Found(self.trials[best], scores[best], len(scores))

    def outcomes(self, series: Sequence[Series], trade_from_ns: int = 0) -> list[Outcome]:
        """Return the backtest of every combination, in their order."""

        def one(params: Mapping[str, Param]) -> Outcome:
            return backtest.run(self.strategy, params, series, self.settings, trade_from_ns=trade_from_ns)

        first = one(self.trials[0])  # compiles, which threads should not do at once
        with ThreadPoolExecutor(self.threads or os.cpu_count()) as pool:
            return [first, *pool.map(one, self.trials[1:])]


def score_of(outcome: Outcome, objective: str) -> float | None:
    """Return what the backtest is worth by this objective, the more the better.

    Raises:
        UsageError: no such objective.
    """
    if objective not in OBJECTIVES:
        raise UsageError(f"there is no objective {objective!r}", hint=f"there are: {', '.join(OBJECTIVES)}")
    value: float | None = getattr(outcome.metrics, OBJECTIVES[objective])
    return value


def combinations(strategy: Strategy, values: Values) -> list[dict[str, Param]]:
    """Return every combination of `values` that makes sense to the strategy.

    Raises:
        StrategyError: a parameter it does not have, or a value it never takes.
        UsageError: nothing to vary, too many combinations, or none that makes sense.
    """
    lenient = dataclasses.replace(strategy, problem=None)
    checked = {name: [_value(lenient, name, one) for one in some] for name, some in values.items()}
    count = 1
    for some in checked.values():
        count *= len(some)
    if count > MOST_COMBINATIONS:
        raise UsageError(f"{count:,} combinations", hint=f"at most {MOST_COMBINATIONS:,}: take fewer values")
    every = [dict(zip(checked, row, strict=True)) for row in itertools.product(*checked.values())]
    fit = [params for params in every if _makes_sense(strategy, params)]
    if not fit:
        raise UsageError(f"none of {count:,} combinations makes sense to {strategy.name}", hint="choose other values")
    return fit


def _value(lenient: Strategy, name: str, value: Param) -> Param:
    return getattr(lenient.params({name: value}), name)  # type: ignore[no-any-return]


def _makes_sense(strategy: Strategy, params: Mapping[str, Param]) -> bool:
    try:
        strategy.params(params)
    except StrategyError:
        return False
    return True
