"""Runs to report on, made by hand or by the bench."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from algobot.kernel.session import Settings
from algobot.market.store import read_bars
from algobot.research import backtest as bench
from algobot.research.metrics import Assumptions
from algobot.research.report.record import Asked, Run, record_of, run_of
from algobot.strategies import registry
from tests.kernel.markets import random_bars

HOUR_NS = 3600 * 10**9
SETTINGS = Settings(1e-5, 0.0, 0.001, 0.001, 10_000.0, 0.5, True)


def a_file(folder: Path, name: str = "SOMEWHERE_BTC_USDT_1h", *, bars: int = 2000, seed: int = 3) -> Path:
    """Write and return a file of random hourly bars."""
    some = random_bars(bars, seed, step=0.01, span_ns=HOUR_NS)
    path = folder / f"{name}.parquet"
    values = {word: np.ascontiguousarray(some[word]) for word in ("open", "high", "low", "close", "volume")}
    pq.write_table(pa.table({"time": some["open_ns"] // 1_000_000, **values}), path)
    return path


def a_run(*paths: Path, strategy: str = "ma_crossover", **asked: object) -> tuple[Run, bench.Outcome]:
    """Return a run over these files, and what the bench said of it."""
    series = [read_bars(path) for path in paths]
    assumed = asked.get("assumed", Assumptions())
    assert isinstance(assumed, Assumptions)
    seen = {name: asked.pop(name) for name in ("ambiguous", "funding", "lacking") if name in asked}
    outcome = bench.run(registry.load(strategy), {}, series, SETTINGS, assumed=assumed)._replace(**seen)  # type: ignore[arg-type]
    record = record_of(outcome, series, SETTINGS, Asked("a-run", 1_700_000_000 * 10**9, ["algobot"], paths, **asked))  # type: ignore[arg-type]
    return run_of(outcome, record), outcome


def renamed(outcome: bench.Outcome, tag: str) -> bench.Outcome:
    """Return the outcome with this tag on every fill, trip and order."""
    fills = tuple([fill._replace(tag=tag) for fill in some] for some in outcome.fills)
    trips = tuple([trip._replace(entry_tag=tag, exit_tag=tag) for trip in some] for some in outcome.trips)
    orders = [order._replace(tag=tag) for order in outcome.orders]
    return outcome._replace(fills=fills, trips=trips, orders=orders)
