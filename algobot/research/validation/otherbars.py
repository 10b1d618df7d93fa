"""A strategy on bars that are a little off: what hangs on exact prices does not survive it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from algobot.kernel.records import Records
from algobot.kernel.session import Settings
from algobot.kernel.strategy import Strategy
from algobot.market.store import Series
from algobot.model import Param
from algobot.research import backtest
from algobot.research.validation.figures import Figures, figures, periods_a_year, returns_of
from algobot.research.validation.montecarlo import Spread, many, spread

_PRICES: Final = ("open", "high", "low", "close")


def on_other_bars(
    strategy: Strategy,
    params: Mapping[str, Param],
    series: Sequence[Series],
    settings: Settings,
    *,
    trade_from_ns: int,
    noise: float,
    runs: int,
    seed: int,
    ruin_fraction: float,
) -> Spread:
    """Return the spread over backtests on perturbed bars: every price off by about `noise` of its bar's range."""

    def one(rng: np.random.Generator) -> Figures:
        return played([part._replace(bars=perturbed(part.bars, rng, noise, settings.tick)) for part in series])

    def played(bars: Sequence[Series]) -> Figures:
        outcome = backtest.run(strategy, params, bars, settings, trade_from_ns=trade_from_ns)
        return figures(returns_of(outcome.curve, settings.capital), periods_a_year(outcome.close_ns))

    own = played(series)  # compiles, which threads should not do at once
    return spread("bars", own, many(runs, seed, one), ruin_fraction)


def perturbed(bars: Records, rng: np.random.Generator, noise: float, tick: float = 0.0) -> Records:
    """Return a copy with every close, high and low moved by a normal fraction `noise` of the bar's own range.

    Gaps between a close and the next open stay as they were; high and low go on enclosing the others; volume varies
    by the same fraction. Times and which bars there are stay. Prices are whole ticks if `tick` is not 0.
    """
    size = noise * np.log(bars["high"] / bars["low"])
    moves = np.exp(size[:, np.newaxis] * rng.standard_normal((len(bars), 3)))
    changed = bars.copy()
    close = bars["close"] * moves[:, 0]
    opened = bars["open"] * np.concatenate([[1.0], moves[:-1, 0]])
    prices = {"open": opened, "close": close, "high": bars["high"] * moves[:, 1], "low": bars["low"] * moves[:, 2]}
    if tick > 0.0:
        prices = {name: np.maximum(np.round(values / tick), 1.0) * tick for name, values in prices.items()}
    prices["high"] = np.max(list(prices.values()), axis=0)
    prices["low"] = np.min(list(prices.values()), axis=0)
    for name in _PRICES:
        changed[name] = prices[name]
    changed["volume"] = bars["volume"] * np.exp(noise * rng.standard_normal(len(bars)))
    return changed
