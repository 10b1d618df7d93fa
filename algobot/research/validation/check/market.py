"""Bars to try a strategy on: quiet and wild, rising and falling, with gaps, flat stretches and bars without trades."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from algobot.kernel.records import BAR, Records
from algobot.kernel.session import Settings
from algobot.model import timeframe_ns

_HOUR_NS: Final = timeframe_ns("1h")
_START_NS: Final = 1_609_459_200 * 10**9  # a midnight: sessions and days begin where they should
_TICK: Final = 0.01
_REGIMES: Final = ((0.0, 0.6), (0.0012, 0.8), (0.0, 1.6), (-0.0012, 0.9), (0.0, 0.3))  # drift and roughness an hour
SETTINGS: Final = Settings(
    lot=1e-5,
    tick=_TICK,
    maker_fee=0.0005,
    taker_fee=0.001,
    capital=100_000.0,
    position_fraction=0.5,
    allow_short=True,
    slippage=0.0002,
)


def made_up(count: int, span_ns: int = _HOUR_NS, seed: int = 1) -> Records:
    """Return `count` bars, the same for the same seed; prices are whole ticks, as a venue's are."""
    rng = np.random.default_rng(seed)
    scale = math.sqrt(span_ns / _HOUR_NS)
    lengths = rng.integers(60, 240, count // 60 + 2)
    regime = np.repeat(rng.integers(0, len(_REGIMES), len(lengths)), lengths)[:count]
    drift, roughness = np.array(_REGIMES)[regime].T
    steps = drift * scale**2 + 0.007 * scale * roughness * rng.standard_t(4, count) / math.sqrt(2)
    steps -= 0.02 * np.maximum(0.0, np.cumsum(steps) - 2.0)  # not to infinity, however long
    steps[_flat(rng, count)] = 0.0
    close = 20_000.0 * np.exp(np.clip(np.cumsum(steps), -4.0, 4.0))
    gap = np.where(rng.random(count) < 0.1, rng.normal(0, 0.002 * scale, count), 0.0)
    gap[steps == 0.0] = 0.0
    opened = np.concatenate([[20_000.0], close[:-1]]) * np.exp(gap)
    reach = 0.004 * scale * roughness * (steps != 0.0)
    return _bars(
        rng,
        _START_NS + np.arange(count) * span_ns,
        span_ns,
        opened,
        np.maximum(opened, close) * np.exp(reach * rng.exponential(1.0, count)),
        np.minimum(opened, close) * np.exp(-reach * rng.exponential(1.0, count)),
        close,
    )


def _flat(rng: np.random.Generator, count: int) -> np.ndarray:
    """Return which bars trade at one price: a stretch of a few, now and then."""
    starts = rng.random(count) < 0.005
    return np.convolve(starts, np.ones(6), "full")[:count] > 0


def _bars(
    rng: np.random.Generator,
    open_ns: np.ndarray,
    span_ns: int,
    opened: np.ndarray,
    high: np.ndarray,
    low: np.ndarray,
    close: np.ndarray,
) -> Records:
    bars = np.zeros(len(open_ns), BAR)
    bars["open_ns"], bars["close_ns"] = open_ns, open_ns + span_ns
    prices = {"open": opened, "close": close, "high": high, "low": low}
    for name, values in prices.items():
        bars[name] = np.maximum(np.round(values / _TICK), 1.0) * _TICK
    bars["high"] = np.max([bars[name] for name in prices], axis=0)
    bars["low"] = np.min([bars[name] for name in prices], axis=0)
    volume = np.round(rng.lognormal(2.0, 1.0, len(bars)), 3)
    bars["volume"] = np.where(rng.random(len(bars)) < 0.01, 0.0, volume)
    return bars


def other_future(bars: Records, known: int, seed: int) -> Records:
    """Return a copy whose bars from `known` on are others, joined on without a jump in time."""
    changed = bars.copy()
    rest = len(bars) - known
    fresh = made_up(max(rest, 2), int(bars["close_ns"][0] - bars["open_ns"][0]), seed)[:rest]
    factor = bars["close"][known - 1] / fresh["open"][0] if known and rest else 1.0
    for name in ("open", "high", "low", "close"):
        changed[name][known:] = fresh[name] * factor
    changed["volume"][known:] = fresh["volume"]
    return changed


def nudged(bars: Records, seed: int, size: float = 2.0**-50) -> Records:
    """Return a copy with every price and volume off by a few of its last bits.

    Equal numbers are off by the same, so that what was equal stays equal and what was above stays above.
    """
    rng = np.random.default_rng(seed)
    changed = bars.copy()
    names = ("open", "high", "low", "close")
    values, where = np.unique(np.concatenate([bars[name] for name in names]), return_inverse=True)
    values = values * (1.0 + size * rng.uniform(-4.0, 4.0, len(values)))
    for name, part in zip(names, np.split(values[where], len(names)), strict=True):
        changed[name] = part
    sizes, where = np.unique(bars["volume"], return_inverse=True)
    changed["volume"] = (sizes * (1.0 + size * rng.uniform(-4.0, 4.0, len(sizes))))[where]
    return changed
