"""Random markets, as the kernel's records and as the model's bars."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

from algobot.kernel.records import BAR
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import as_bar
from algobot.model import MINUTE_NS, Bar
from algobot.strategies import registry

OWN = Path(__file__).parent.parent / "parity" / "strategies"
START_NS = 1_700_000_000 * 10**9 // MINUTE_NS * MINUTE_NS


def random_bars(
    count: int, seed: int = 7, step: float = 0.01, start: float = 60_000.0, span_ns: int = MINUTE_NS
) -> np.ndarray:
    """Return a seeded random walk with ranges around it and gaps between a close and the next open."""
    rng = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(rng.normal(0, step, count)))
    bars = np.zeros(count, BAR)
    bars["open"] = np.concatenate([[start], close[:-1]]) * np.exp(rng.normal(0, step / 4, count))
    bars["close"] = close
    bars["high"] = np.maximum(bars["open"], close) * (1 + abs(rng.normal(0, step / 3, count)))
    bars["low"] = np.minimum(bars["open"], close) * (1 - abs(rng.normal(0, step / 3, count)))
    bars["volume"] = rng.uniform(0, 10, count)
    bars["open_ns"] = START_NS + np.arange(count) * span_ns
    bars["close_ns"] = bars["open_ns"] + span_ns
    return bars


def model_bars(bars: np.ndarray) -> list[Bar]:
    """Return records as the bars a feed sends."""
    return [as_bar(row) for row in bars]


def own_strategy(name: str, folder: Path) -> Strategy:
    """Return a strategy of the tests' own, copied to where nobody else can write."""
    folder.chmod(0o755)
    for file in OWN.glob("*.py"):
        shutil.copyfile(file, folder / file.name)
        (folder / file.name).chmod(0o644)
    return registry.load(name, folder)


def plain(**changes: object) -> Settings:
    """Return settings without fees or limits, changed as asked."""
    base = Settings(lot=0.001, tick=0.0, maker_fee=0.0, taker_fee=0.0, capital=100_000.0, position_fraction=0.2)
    return base._replace(**changes)  # type: ignore[arg-type]
