"""The search itself: ask a method, look up what is known, run the rest, keep all of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from algobot.research.search.goals import Goal
from algobot.research.search.markets import Market
from algobot.research.search.methods import Batch, Method, Worths
from algobot.research.search.study import Study
from algobot.research.tape import Tape, tape

Evaluate = Callable[[Sequence[Any]], Iterator[tuple[int, Any]]]  # as `Sweep.stream`
Open = Callable[[Tape], Evaluate]  # prepares a tape once for any number of batches


class Trial(NamedTuple):
    """One run; `worth` is None where it does not count."""

    market: Market
    params: Any
    score: Any  # of `SCORE`
    worth: tuple[float, ...] | None


class Found(NamedTuple):
    """All runs in the order they were asked for, each once."""

    trials: list[Trial]
    skipped: int  # combinations that make no sense to the strategy
    known: int  # runs the study had already


def hunt(
    markets: Sequence[Market],
    method: Callable[[], Method],
    goal: Goal,
    study: Study,
    evaluate: Open,
    *,
    trade_from_ns: int = 0,
    done: Callable[[int], None] = lambda count: None,
) -> Found:
    """Return what the method found on each market; `done` hears how many it asked for are done.

    Raises:
        DataError: a market without a bar to trade on.
        StrategyError: the strategy cannot be compiled.
    """
    trials: list[Trial] = []
    skipped = known = 0
    for market in markets:
        prepared = _Prepared(market, evaluate, trade_from_ns)
        bench = _Bench(market.label, goal, study, prepared, done)
        asking = method()
        batch = next(asking, None)
        while batch is not None:
            batch = _next(asking, bench.worths(batch))
        trials += [Trial(market, params, score, goal.worth(score)) for params, score in bench.found.items()]
        skipped, known = skipped + bench.skipped, known + bench.known
    return Found(trials, skipped, known)


def _next(asking: Method, worths: Worths) -> Batch | None:
    try:
        return asking.send(worths)
    except StopIteration:
        return None


class _Prepared:
    """A market's tape, made when something has to be run on it."""

    def __init__(self, market: Market, prepare: Open, since_ns: int) -> None:
        self._market, self._prepare, self._since_ns = market, prepare, since_ns
        self._evaluate: Evaluate | None = None

    def __call__(self, jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        if self._evaluate is None:
            self._evaluate = self._prepare(tape(self._market.series, self._since_ns))
        return self._evaluate(jobs)


class _Bench:
    """What was found on one market."""

    def __init__(self, label: str, goal: Goal, study: Study, evaluate: Evaluate, done: Callable[[int], None]) -> None:
        self._label, self._goal, self._study, self._evaluate, self._done = label, goal, study, evaluate, done
        self.found: dict[Any, Any] = {}  # in the order asked for, whichever thread was first
        self.skipped = 0
        self.known = 0

    def worths(self, batch: Batch) -> Worths:
        """Run what is not known yet and return what each is worth."""
        self.skipped += batch.count(None)
        asked = [params for params in dict.fromkeys(batch) if params is not None and params not in self.found]
        self.found |= {params: self._study.get(self._label, params) for params in asked}
        fresh = [params for params in asked if self.found[params] is None]
        self.known += len(asked) - len(fresh)
        self._done(len(batch) - len(fresh))
        if fresh:
            for at, score in self._evaluate(fresh):
                self.found[fresh[at]] = score
                self._study.add(self._label, fresh[at], score)
                self._done(1)
            self._study.flush()
        return [None if params is None else self._goal.worth(self.found[params]) for params in batch]
