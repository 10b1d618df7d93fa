"""Many runs of one strategy, on every core: threads, because kernels run without the interpreter's lock."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, NamedTuple

import numpy as np

from algobot.kernel import records as r
from algobot.kernel.records import Records
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.research.desk import Desk
from algobot.research.metrics.measure import Span
from algobot.research.search import scores
from algobot.research.tape import Tape


class Job(NamedTuple):
    """One run: which of the tapes, with which `Params`."""

    tape: int
    params: Any


class Worker:
    """What one thread needs for any number of runs: buffers taken once."""

    def __init__(self, strategy: Strategy, settings: Settings, tapes: Sequence[Tape]) -> None:
        """Raises StrategyError if the strategy cannot be compiled."""
        self._strategy, self._settings, self._tapes = strategy, settings, tapes
        self._spans = [Span.of(tape.close_ns) for tape in tapes]
        self._desks = {len(tape.symbols): Desk(strategy, settings, len(tape.symbols)) for tape in tapes}
        self._curve = np.zeros(max(max(tape.lead.shape[1], tape.bars.shape[1]) for tape in tapes))

    def score(self, job: Job, into: Records) -> None:
        """Run it and write its figures into `into[0]`."""
        tape, span = self._tapes[job.tape], self._spans[job.tape]
        desk = self._desks[len(tape.symbols)]
        lot, tallies = float(self._settings.lot), scores.fresh(len(tape.symbols))
        desk.open(job.params)
        desk.fold(tape.lead, r.FOLD, self._curve, lambda fills: None)
        desk.fold(tape.bars, r.PAPER, self._curve, lambda fills: scores.tally(tallies, fills, lot))
        curve = self._curve[: tape.bars.shape[1]]
        scores.figures(into, tallies, curve, float(self._settings.capital), span.years, span.per_year)


class Sweep:
    """A strategy on some tapes; every call of `stream` uses the same threads' memory."""

    def __init__(self, strategy: Strategy, settings: Settings, tapes: Sequence[Tape], threads: int = 0) -> None:
        """Take `threads` workers, 0 is one for each core.

        Raises:
            StrategyError: the strategy cannot be compiled.
        """
        count = threads or len(os.sched_getaffinity(0))
        self._workers = [Worker(strategy, settings, tapes) for _ in range(count)]

    def run(self, jobs: Sequence[Job]) -> Records:
        """Return the `SCORE` of each job, in their order."""
        found = np.zeros(len(jobs), scores.SCORE)
        for at, row in self.stream(jobs):
            found[at] = row
        return found

    def stream(self, jobs: Sequence[Job]) -> Iterator[tuple[int, Any]]:
        """Yield the number of each job and its `SCORE` as it is done. What is left undone when closed is not begun."""
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
