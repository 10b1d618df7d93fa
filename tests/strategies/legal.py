"""Any legal parameters of any strategy, and markets for them."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from algobot.kernel.strategy import ParamInfo, Strategy
from algobot.model import Param
from tests.kernel.markets import random_bars

HOUR_NS = 3_600_000_000_000
MIDNIGHT_NS = 1_700_006_400_000_000_000  # UTC


def legal_params(strategy: Strategy) -> st.SearchStrategy[dict[str, Param]]:
    """Draw parameters within their bounds and not far above their defaults, so that a short history is enough."""
    whole = st.fixed_dictionaries({info.name: _values(info) for info in strategy.parameters()})
    return whole.filter(lambda values: strategy.problem is None or not strategy.problem(strategy.Params(**values)))


def _values(info: ParamInfo) -> st.SearchStrategy[Any]:
    if info.type is bool:
        return st.booleans()
    if info.type is int:
        return st.integers(int(info.low), int(min(info.high, max(info.default, info.low + 4))))
    high = min(info.high, 3 * info.default if info.default > info.low else info.low + 3)
    return st.floats(info.low, high)


def any_params(strategy: Strategy) -> st.SearchStrategy[dict[str, Param]]:
    """Draw parameters from the whole of their ranges, their ends above all."""
    draws = {}
    for info in strategy.parameters():
        if info.type is bool:
            draws[info.name] = st.booleans()
        elif info.type is int:
            draws[info.name] = st.sampled_from([int(info.low), info.default, int(info.high)])
        else:
            draws[info.name] = st.sampled_from([float(info.low), info.default, float(info.high)])
    whole: st.SearchStrategy[dict[str, Param]] = st.fixed_dictionaries(draws)
    return whole.filter(lambda values: strategy.problem is None or not strategy.problem(strategy.Params(**values)))


def hourly(count: int, seed: int, *, step: float = 0.01, start: float = 100.0) -> np.ndarray:
    """Return a random market in hourly bars from a midnight on."""
    bars = random_bars(count, seed, step=step, start=start, span_ns=HOUR_NS)
    bars["open_ns"] += MIDNIGHT_NS - bars["open_ns"][0]
    bars["close_ns"] = bars["open_ns"] + HOUR_NS
    return bars
