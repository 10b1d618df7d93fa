"""The same runs on a Ray cluster: bars and strategy go there once, then only parameters and scores travel."""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

import numpy as np

from algobot.errors import UsageError
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.research.search import scores
from algobot.research.search.hunt import Evaluate
from algobot.research.search.sweep import Worker
from algobot.research.tape import Tape
from algobot.strategies import registry

_PIECES: Final = 4  # tasks for each core: so that cores end about together
_MOST: Final = 64  # runs in one task: so that a study and the progress hear of them


class Work(NamedTuple):
    """What a machine of the cluster needs besides bars and parameters."""

    strategy: str
    sources: dict[str, str]  # files of a person's own strategies, by name; empty for a built-in one
    settings: Settings


class Cluster:
    """A connection to Ray; the cluster's machines have algobot installed."""

    def __init__(self, strategy: Strategy, settings: Settings, address: str, **resources: Any) -> None:
        """Prepare to connect to `address`: ray://HOST:PORT, or `local` for one that lives as long as this does.

        Raises:
            UsageError: Ray is not installed, or the address is none.
        """
        if importlib.util.find_spec("ray") is None:
            hint = "pip install 'algobot[cluster]', or leave --cluster out: threads use every core here"
            raise UsageError("--cluster needs ray, which is not installed", hint=hint)
        if address != "local" and not address.startswith("ray://"):
            raise UsageError(f"--cluster {address!r} is no address", hint="write ray://HOST:10001, or local")
        self._work = Work(strategy.name, sources(strategy), settings)
        self._address, self._resources = address, resources

    def __enter__(self) -> Cluster:
        import ray

        self._ray: Any = ray
        options = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False, **self._resources}
        if self._address == "local":
            options |= {"include_dashboard": False}
        try:
            ray.init(address=self._address, **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise UsageError(f"--cluster {self._address}: {error}", hint="is Ray running there?") from None
        self._task = ray.remote(scored)
        self._given = ray.put(self._work)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ray.shutdown()

    def evaluate(self, tape: Tape) -> Evaluate:
        """Return what runs parameter sets over this tape, as `Sweep.stream` does."""
        there = self._ray.put(tape)
        return lambda jobs: self._stream(there, jobs)

    def _stream(self, tape: Any, jobs: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        cores = int(self._ray.cluster_resources().get("CPU", 1))
        size = min(max(len(jobs) // (cores * _PIECES), 1), _MOST)
        plain = [tuple(params) for params in jobs]
        tasks = {
            self._task.remote(self._given, tape, plain[start : start + size]): start
            for start in range(0, len(plain), size)
        }
        try:
            while tasks:
                ready, _ = self._ray.wait(list(tasks))
                start = tasks.pop(ready[0])
                yield from enumerate(self._ray.get(ready[0]), start)
        finally:
            for task in tasks:
                self._ray.cancel(task)


def scored(work: Work, tape: Tape, jobs: Sequence[tuple[Any, ...]]) -> Any:
    """Return the `SCORE` of each of these parameters; runs on the cluster."""
    found = np.zeros(len(jobs), scores.SCORE)
    with _loaded(work) as strategy:
        # Ray's arrays are read-only, which to the compiler is another type: a copy saves compiling the engine again
        ours = Tape(tape.symbols, *(part.copy() for part in tape[1:]))
        worker = Worker(strategy, work.settings, ours)
        for at, job in enumerate(jobs):
            worker.score(strategy.Params(*job), found[at : at + 1])
    return found


def sources(strategy: Strategy) -> dict[str, str]:
    """Return the files that a strategy of a person's own needs, by name; none for a built-in one."""
    if strategy.name in registry.BUILT_IN:
        return {}
    return {file.name: file.read_text(encoding="utf-8") for file in Path(strategy.file).parent.glob("*.py")}


@contextmanager
def _loaded(work: Work) -> Iterator[Strategy]:
    """Yield the strategy; a person's own from files that are there as long."""
    if not work.sources:
        yield registry.load(work.strategy)
        return
    with tempfile.TemporaryDirectory(prefix="algobot-") as name:
        for file, text in work.sources.items():
            (Path(name) / file).write_text(text, encoding="utf-8")
        yield registry.load(work.strategy, Path(name))
