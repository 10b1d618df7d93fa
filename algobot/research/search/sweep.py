"""Many runs of one strategy, on every core: threads, because kernels run without the interpreter's lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

import numpy as np

from algobot.kernel import records as r
from algobot.kernel.records import Records
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.research.desk import Desk
from algobot.research.metrics.measure import Span
from algobot.research.search import scores
from algobot.research.tape import Tape


class Worker:
    """What one thread needs for any number of runs over one tape: memory taken once."""

    def __init__(self, strategy: Strategy, settings: Settings, tape: Tape) -> None:
        """Raises StrategyError if the strategy cannot be compiled."""
        self._tape, self._span = tape, Span.of(tape.close_ns)
        self._lot, self._capital = float(settings.lot), float(settings.capital)
        self._desk = Desk(strategy, settings, len(tape.symbols))
        self._curve = np.zeros(max(tape.lead.shape[1], tape.bars.shape[1]))

    def score(self, params: Any, into: Records) -> None:
        """Run these `Params` and write the figures into `into[0]`."""
        bars, tallies = self._tape.bars, scores.fresh(len(self._tape.symbols))
        self._desk.open(params)
        self._desk.fold(self._tape.lead, r.FOLD, self._curve, lambda fills: None)
        due = self._tape.funding
        self._desk.fold(bars, r.PAPER, self._curve, lambda some: scores.tally(tallies, some, self._lot), funding=due)
        curve = self._curve[: bars.shape[1]]
        scores.figures(into, tallies, curve, self._capital, self._span.years, self._span.per_year)


class Sweep:
    """A strategy on one tape; every call uses the same workers' memory."""

    def __init__(self, strategy: Strategy, settings: Settings, tape: Tape, threads: int = 0) -> None:
        """Take `threads` workers, 0 is one for each core.

        Raises:
            StrategyError: the strategy cannot be compiled.
        """
        count = threads or len(os.sched_getaffinity(0))
        self._workers = [Worker(strategy, settings, tape) for _ in range(count)]

    def run(self, jobs: Sequence[Any]) -> Records:
        """Return the `SCORE` of each of these `Params`, in their order."""
        found = np.zeros(len(jobs), scores.SCORE)
        for at, row in self.stream(jobs):
            found[at] = row
        return found

    def stream(self, jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        """Yield the place of each in `jobs` and its `SCORE` as it is done; once closed it begins no more."""
        done: SimpleQueue[int | BaseException] = SimpleQueue()
        left, lock, stop = iter(range(len(jobs))), threading.Lock(), threading.Event()
        rows = np.zeros(len(jobs), scores.SCORE)

        def work(worker: Worker) -> None:
            try:
                while not stop.is_set():
                    with lock:
                        at = next(left, None)
                    if at is None:
                        return
                    worker.score(jobs[at], rows[at : at + 1])
                    done.put(at)
            except BaseException as error:
                done.put(error)

        with ThreadPoolExecutor(len(self._workers)) as pool:
            for worker in self._workers[: len(jobs)]:
                pool.submit(work, worker)
            try:
                for _ in jobs:
                    at = done.get()
                    if isinstance(at, BaseException):
                        raise at
                    yield at, rows[at]
            finally:
                stop.set()
